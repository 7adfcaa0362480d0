//! Producers of a simulated world.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;

use crate::kafka::TopicError;
use crate::kafka::simulation::{Answer, MemberId, Universe};
use crate::sink::{OwnedPublication, Publication, Receipt};

use super::context::{Reports, Sent, Undelivered};
use super::limits::AskLargest;
use super::outlet::{MakeOutlet, Outlet};

/// Makes producers of a member.
pub(crate) fn producers<R: Receipt>(universe: Arc<Universe>, member: MemberId) -> MakeOutlet<R> {
    Box::new(move |_| {
        let universe = Arc::clone(&universe);
        let producer = universe.world().new_producer(member);
        Ok(Box::new(Simulated {
            universe,
            producer,
            open: Mutex::default(),
        }))
    })
}

/// Asks for what the topics take.
pub(crate) fn largest(universe: Arc<Universe>) -> AskLargest {
    Box::new(move |topics| {
        let largest = |topic: &&str| universe.world().largest(topic).ok_or_else(String::new);
        topics.iter().map(largest).collect()
    })
}

/// What has no report yet, by number.
type Open<R> = BTreeMap<u64, (OwnedPublication, Box<Sent<R>>)>;

struct Simulated<R> {
    universe: Arc<Universe>,
    producer: usize,
    open: Mutex<Open<R>>,
}

impl<R> Simulated<R> {
    fn open(&self) -> MutexGuard<'_, Open<R>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(topic: &str, publication: &Publication<'_>) -> Answer {
    let text = |name: &str| {
        let mut headers = publication.headers.iter();
        let header = headers.find(|header| header.name == name)?;
        Some(String::from_utf8_lossy(header.value?).into_owned())
    };
    let number = |name: &str| text(name).and_then(|text| text.parse().ok()).unwrap_or(-1);
    Answer {
        dead: topic == "dead",
        partition: i32::try_from(number("expressd.source.partition")).unwrap_or(-1),
        offset: number("expressd.source.offset"),
        key: publication.key.map(<[u8]>::to_vec),
        value: publication.value.map(<[u8]>::to_vec),
        execution: text("expressd.execution").unwrap_or_default(),
        error: text("expressd.error"),
    }
}

impl<R: Receipt> Outlet<R> for Simulated<R> {
    fn send(
        &self,
        topic: &str,
        publication: &Publication<'_>,
        sent: Box<Sent<R>>,
    ) -> Result<(), (RDKafkaErrorCode, Box<Sent<R>>)> {
        let taken = self
            .universe
            .world()
            .send(self.producer, answer(topic, publication));
        match taken {
            Ok(number) => {
                let kept = (publication.to_owned(), sent);
                self.open().insert(number, kept);
                Ok(())
            }
            Err(code) => Err((code, sent)),
        }
    }

    fn take(&self, reports: &mut Reports<R>, _: Duration) {
        for (number, report) in self.universe.world().reports(self.producer) {
            let Some((publication, sent)) = self.open().remove(&number) else {
                continue;
            };
            match report {
                Ok(()) => reports.delivered.push(sent.receipt),
                Err(code) => reports.failed.push(Undelivered {
                    publication,
                    sent,
                    code,
                }),
            }
        }
    }

    fn in_flight(&self) -> usize {
        self.universe.world().in_flight(self.producer)
    }

    fn broken(&self) -> Option<String> {
        let broken = self.universe.world().is_broken(self.producer);
        broken.then(|| "as the seed wants it".to_string())
    }

    fn purge(&self) {
        self.universe.world().purge(self.producer);
    }

    fn verify(&self, _: &str) -> Result<(), TopicError> {
        Ok(())
    }
}
