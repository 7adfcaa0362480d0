//! Sending, and sending again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::kafka::{DeliveryFailure, delivery_failure};
use crate::runtime::pause;
use crate::sink::record::truncate;
use crate::sink::{Kind, OwnedPublication, Publication, Receipt};
use crate::telemetry::PipelineMetrics;

use super::config::KafkaSinkConfig;
use super::context::{Reports, Undelivered};
use super::outlet::{MakeOutlet, Outlet};

/// Backoff between attempts at one outcome.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LAST_BACKOFF: Duration = Duration::from_secs(10);
/// The client's queue is full for as long as it takes to send some of it.
const QUEUE_FULL_BACKOFF: Duration = Duration::from_millis(5);
/// Waits of the thread, with publications on the way and without.
const BUSY_WAIT: Duration = Duration::from_millis(1);
const IDLE_WAIT: Duration = Duration::from_millis(5);

/// Hands publications to the client, from any thread, and takes its reports, on one.
pub(crate) struct Sender<R: Receipt> {
    make: MakeOutlet<R>,
    output: Option<String>,
    dead_letters: Option<String>,
    producer: ArcSwap<Box<dyn Outlet<R>>>,
    /// To be sent again. Each belongs to a slot of a window, which is what bounds it.
    waiting: Mutex<Waiting<R>>,
    halted: Mutex<Option<String>>,
    closed: AtomicBool,
    metrics: Arc<PipelineMetrics>,
}

/// What the serving thread keeps between two turns.
pub(crate) struct Serving<R> {
    reports: Reports<R>,
    /// Before the next attempt at a new producer.
    backoff: Duration,
}

impl<R> Default for Serving<R> {
    fn default() -> Serving<R> {
        Serving {
            reports: Reports::default(),
            backoff: FIRST_BACKOFF,
        }
    }
}

struct Waiting<R> {
    /// By due time; the number keeps those of the same instant apart and in order.
    queue: BinaryHeap<Reverse<Resend<R>>>,
    next: u64,
}

struct Resend<R> {
    due: Instant,
    number: u64,
    attempt: u32,
    publication: OwnedPublication,
    receipt: Box<R>,
}

impl<R: Receipt> Sender<R> {
    pub(crate) fn new(
        config: &KafkaSinkConfig,
        make: MakeOutlet<R>,
        metrics: Arc<PipelineMetrics>,
    ) -> KafkaResult<Sender<R>> {
        let producer = make()?;
        Ok(Sender {
            make,
            output: config.output_topic().map(str::to_string),
            dead_letters: config.dead_letters.clone(),
            producer: ArcSwap::from_pointee(producer),
            waiting: Mutex::new(Waiting {
                queue: BinaryHeap::new(),
                next: 0,
            }),
            halted: Mutex::new(None),
            closed: AtomicBool::new(false),
            metrics,
        })
    }

    pub(super) fn producer(&self) -> Arc<Box<dyn Outlet<R>>> {
        self.producer.load_full()
    }

    /// The topic for publications of this kind.
    pub(super) fn topic(&self, kind: Kind) -> Option<&str> {
        match kind {
            Kind::Result => self.output.as_deref(),
            Kind::DeadLetter => self.dead_letters.as_deref(),
        }
    }

    /// Hands a publication to the client, or keeps it to try again.
    pub(super) fn publish(&self, publication: &Publication<'_>, receipt: Box<R>, attempt: u32) {
        let Some(topic) = self.topic(publication.kind) else {
            unreachable!("the pipeline asks before it publishes");
        };
        let sent = self.producer.load().send(topic, publication, receipt);
        if let Err((code, receipt)) = sent {
            let undelivered = Undelivered {
                publication: publication.to_owned(),
                receipt,
                code,
            };
            self.undelivered(undelivered, attempt);
        }
    }

    /// Decides what becomes of a publication that was not delivered.
    fn undelivered(&self, undelivered: Undelivered<R>, attempt: u32) {
        let Undelivered {
            publication,
            receipt,
            code,
        } = undelivered;
        let delay = match (code, delivery_failure(code)) {
            (RDKafkaErrorCode::QueueFull, _) => QUEUE_FULL_BACKOFF,
            (RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight, _) => Duration::ZERO,
            (_, DeliveryFailure::TooLarge) => return self.too_large(publication, receipt, code),
            (_, DeliveryFailure::Refused) => {
                self.halt(format!("{:?}: {code}", publication.kind));
                LAST_BACKOFF
            }
            (_, DeliveryFailure::Resend | DeliveryFailure::ProducerBroken) => {
                (FIRST_BACKOFF * 2_u32.saturating_pow(attempt.min(16))).min(LAST_BACKOFF)
            }
        };
        self.resend_after(delay, publication, receipt, attempt + 1);
    }

    /// A result becomes a dead letter, a dead letter is cut, and one that was cut waits for an operator.
    fn too_large(
        &self,
        mut publication: OwnedPublication,
        mut receipt: Box<R>,
        code: RDKafkaErrorCode,
    ) {
        let cut = publication
            .headers
            .iter()
            .any(|header| header.name == "expressd.truncated");
        let delay = match publication.kind {
            Kind::Result if self.dead_letters.is_some() => {
                let bytes = publication.value.as_ref().map_or(0, Vec::len);
                let cause = format!("the output of {bytes} bytes was refused: {code}");
                publication = receipt.output_too_large(&cause);
                Duration::ZERO
            }
            Kind::DeadLetter if !cut => {
                let value = publication.value.take().unwrap_or_default();
                publication.value = Some(truncate(&value, &mut publication.headers).to_vec());
                Duration::ZERO
            }
            kind => {
                self.halt(format!("{kind:?}: {code}"));
                LAST_BACKOFF
            }
        };
        self.resend_after(delay, publication, receipt, 0);
    }

    fn resend_after(
        &self,
        delay: Duration,
        publication: OwnedPublication,
        receipt: Box<R>,
        attempt: u32,
    ) {
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        waiting.queue.push(Reverse(Resend {
            due: Instant::now() + delay,
            number,
            attempt,
            publication,
            receipt,
        }));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<R>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves reports until the sink is closed.
    pub(super) fn serve(&self) {
        let mut serving = Serving::default();
        while !self.closed.load(Ordering::Relaxed) {
            let busy = self.producer.load().in_flight() > 0 || !self.waiting().queue.is_empty();
            // Not the client's own wait: for the last millisecond before its timeout it spins.
            pause(if busy { BUSY_WAIT } else { IDLE_WAIT });
            self.turn(&mut serving);
        }
    }

    /// Takes the reports that are there and sends what is due.
    pub(crate) fn turn(&self, serving: &mut Serving<R>) {
        let producer = self.producer.load_full();
        self.settle_all(&producer, &mut serving.reports);
        self.resend_due();
        if let Some(reason) = producer.broken() {
            self.replace(&producer, &reason, serving);
        }
    }

    /// Takes all reports that are there and passes them on.
    fn settle_all(&self, producer: &Arc<Box<dyn Outlet<R>>>, reports: &mut Reports<R>) {
        while self.settle(producer, reports) {}
    }

    /// Passes on what the client has reported; says whether there was anything.
    fn settle(&self, producer: &Arc<Box<dyn Outlet<R>>>, reports: &mut Reports<R>) -> bool {
        producer.swap(reports);
        let any = !reports.delivered.is_empty() || !reports.failed.is_empty();
        if !reports.delivered.is_empty() {
            R::acknowledged(&mut reports.delivered);
            if reports.failed.is_empty() {
                self.go_on();
            }
        }
        for undelivered in reports.failed.drain(..) {
            if delivery_failure(undelivered.code) != DeliveryFailure::TooLarge {
                warn!(error = %undelivered.code, "outcome not delivered, will retry");
            }
            self.undelivered(undelivered, 1);
        }
        any
    }

    fn resend_due(&self) {
        loop {
            let due = {
                let mut waiting = self.waiting();
                let is_due = waiting
                    .queue
                    .peek()
                    .is_some_and(|Reverse(first)| first.due <= Instant::now());
                if !is_due {
                    return;
                }
                waiting.queue.pop()
            };
            if let Some(Reverse(resend)) = due {
                self.metrics.resent(1);
                self.publish(&resend.publication.borrow(), resend.receipt, resend.attempt);
            }
        }
    }

    /// Idempotence is broken: a new producer takes over, and what has no report is sent again.
    fn replace(&self, broken: &Arc<Box<dyn Outlet<R>>>, reason: &str, serving: &mut Serving<R>) {
        error!(reason, "producer is broken, making a new one");
        match (self.make)() {
            Ok(producer) => {
                self.producer.store(Arc::new(producer));
                broken.purge();
                // A report that is dropped with its producer would leave a slot open for ever.
                while broken.in_flight() > 0 && !self.closed.load(Ordering::Relaxed) {
                    pause(BUSY_WAIT);
                    self.settle_all(broken, &mut serving.reports);
                }
                serving.backoff = FIRST_BACKOFF;
            }
            Err(error) => {
                error!(%error, "no new producer, will retry");
                pause(serving.backoff);
                serving.backoff = (serving.backoff * 2).min(LAST_BACKOFF);
            }
        }
    }

    fn halt(&self, reason: String) {
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        if halted.as_ref() != Some(&reason) {
            error!(reason, "outcomes are refused, an operator has to act");
        }
        *halted = Some(reason);
    }

    fn go_on(&self) {
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        if halted.take().is_some() {
            info!("outcomes are taken again");
        }
    }

    pub(super) fn halted(&self) -> Option<String> {
        let halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        halted.clone()
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

impl<R> PartialEq for Resend<R> {
    fn eq(&self, other: &Resend<R>) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<R> Eq for Resend<R> {}

impl<R> PartialOrd for Resend<R> {
    fn partial_cmp(&self, other: &Resend<R>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> Ord for Resend<R> {
    fn cmp(&self, other: &Resend<R>) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}
