//! Sending, and sending again in the same order.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::kafka::{DeliveryFailure, delivery_failure};
use crate::mutants::{self, Mutant};
use crate::runtime::pause;
use crate::sink::record::truncate;
use crate::sink::{Kind, OwnedPublication, Publication, Receipt};
use crate::telemetry::PipelineMetrics;

use super::config::{KafkaSinkConfig, OnDeadLetterError};
use super::context::{Reports, Sent, Undelivered};
use super::held::{Held, Hold};
use super::limits::{AskLargest, Limits};
use super::outlet::{MakeOutlet, Outlet};

/// Backoff between attempts at one outcome.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LAST_BACKOFF: Duration = Duration::from_secs(10);
/// The client's queue is full for as long as it takes to send some of it.
const QUEUE_FULL_BACKOFF: Duration = Duration::from_millis(5);
/// Between two looks at what is kept back, and at reports that nobody is waiting for.
const BUSY_WAIT: Duration = Duration::from_millis(1);
/// For a report, which ends the wait.
const IDLE_WAIT: Duration = Duration::from_millis(5);
/// Between two questions for what the topics take.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Hands publications to the client, from any thread, and takes its reports, on one.
///
/// Order: what one thread publishes after another publication has returned arrives after it, or again after it. A
/// delivery that fails therefore stops the hand-over; when all reports are there, what failed is sent again in its order,
/// before anything newer. A delivery that failed for lack of time takes the whole client with it: behind the back of a
/// client that still had newer ones in its queues nothing could be put in order. What a topic may find too large goes when
/// nothing else is under way, and what comes after it waits for its report.
pub(crate) struct Sender<R: Receipt> {
    make: MakeOutlet<R>,
    output: Option<String>,
    dead_letters: Option<String>,
    retries: Vec<String>,
    on_dead_letter_error: OnDeadLetterError,
    limits: Limits,
    ask: AskLargest,
    /// Something else was refused for its size than what was known to be too large.
    surprised: AtomicBool,
    producer: ArcSwap<Box<dyn Outlet<R>>>,
    /// Bytes of its batches, at most.
    batch: AtomicUsize,
    /// Of the next publication.
    number: AtomicU64,
    /// Whether publications have to be kept back; changed together with `held`.
    holding: AtomicBool,
    held: Mutex<Held<R>>,
    halted: Mutex<Option<String>>,
    closed: AtomicBool,
    metrics: Arc<PipelineMetrics>,
}

/// What the serving thread keeps between two turns.
pub(crate) struct Serving<R> {
    reports: Reports<R>,
    /// Before the next attempt at a new producer.
    backoff: Duration,
    /// When the topics were asked again what they take.
    asked: Option<Instant>,
}

impl<R> Default for Serving<R> {
    fn default() -> Serving<R> {
        Serving {
            reports: Reports::default(),
            backoff: FIRST_BACKOFF,
            asked: None,
        }
    }
}

impl<R: Receipt> Sender<R> {
    pub(crate) fn new(
        config: &KafkaSinkConfig,
        make: MakeOutlet<R>,
        ask: AskLargest,
        metrics: Arc<PipelineMetrics>,
    ) -> KafkaResult<Sender<R>> {
        let producer = make(usize::MAX)?;
        Ok(Sender {
            make,
            output: config.output_topic().map(str::to_string),
            dead_letters: config.dead_letters.clone(),
            retries: config.retries.clone(),
            on_dead_letter_error: config.on_dead_letter_error,
            limits: Limits::new(config.retries.len()),
            ask,
            surprised: AtomicBool::new(false),
            producer: ArcSwap::from_pointee(producer),
            batch: AtomicUsize::new(usize::MAX),
            number: AtomicU64::new(0),
            holding: AtomicBool::new(false),
            held: Mutex::new(Held::new()),
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
            Kind::Retry(topic) => self.retries.get(usize::from(topic)).map(String::as_str),
        }
    }

    /// All topics that are written to.
    pub(super) fn topics(&self) -> impl Iterator<Item = &str> {
        let named = self.output.iter().chain(&self.dead_letters);
        named.chain(&self.retries).map(String::as_str)
    }

    /// Asks what the topics take. Blocks.
    pub(crate) fn learn(&self) {
        let retries = (0..).map(Kind::Retry).take(self.retries.len());
        let kinds = [Kind::Result, Kind::DeadLetter].into_iter().chain(retries);
        let topics: Vec<_> = kinds
            .filter_map(|kind| Some((kind, self.topic(kind)?)))
            .collect();
        let names: Vec<_> = topics.iter().map(|(_, topic)| *topic).collect();
        for ((kind, topic), answer) in topics.iter().zip((self.ask)(&names)) {
            match answer {
                Ok(bytes) => self.limits.set(*kind, bytes),
                Err(reason) => info!(
                    topic,
                    reason,
                    "what this topic takes is not known: a record that is too large for it may come behind younger ones"
                ),
            }
        }
    }

    /// Hands a publication to the client, or keeps it to hand it over later.
    pub(super) fn publish(&self, publication: &Publication<'_>, receipt: R) {
        let sent = Box::new(Sent {
            receipt,
            kind: publication.kind,
            number: self.number.fetch_add(1, Ordering::Relaxed),
            attempt: 0,
            alone: self.goes_alone(publication),
            body: Vec::new(),
        });
        if sent.alone {
            return self.keep(publication.to_owned(), sent, Duration::ZERO, false);
        }
        if self.holding.load(Ordering::Acquire) && !mutants::is(Mutant::Overtake) {
            let mut held = self.held();
            // Looked at again under the lock: only there it is settled.
            if held.is_holding() {
                held.keep(publication.to_owned(), sent);
                return;
            }
        }
        if let Err((code, sent)) = self.send(publication, sent) {
            let publication = publication.to_owned();
            self.undelivered(Undelivered {
                publication,
                sent,
                code,
            });
        }
    }

    /// Whether its topic may refuse it for its size, and what is in a batch with it.
    fn goes_alone(&self, publication: &Publication<'_>) -> bool {
        !self.limits.takes(publication) && !mutants::is(Mutant::LargeTogether)
    }

    fn send(
        &self,
        publication: &Publication<'_>,
        sent: Box<Sent<R>>,
    ) -> Result<(), (RDKafkaErrorCode, Box<Sent<R>>)> {
        let Some(topic) = self.topic(publication.kind) else {
            unreachable!("the pipeline asks before it publishes");
        };
        let sent = self.producer.load().send(topic, publication, sent);
        sent.map_err(|(code, mut sent)| {
            // What the client itself refuses has met no other.
            sent.alone |= code == RDKafkaErrorCode::MessageSizeTooLarge;
            (code, sent)
        })
    }

    /// Decides what becomes of a publication that was not delivered; says whether the client has to be replaced.
    fn undelivered(&self, undelivered: Undelivered<R>) -> bool {
        let Undelivered {
            publication,
            mut sent,
            code,
        } = undelivered;
        let failure = delivery_failure(code);
        if forgets(code, failure) {
            R::acknowledged(&mut vec![sent.receipt]);
            return false;
        }
        let (delay, all_reported) = match (code, failure) {
            (RDKafkaErrorCode::QueueFull, _) => (QUEUE_FULL_BACKOFF, false),
            (RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight, _) => {
                (Duration::ZERO, true)
            }
            (_, DeliveryFailure::TooLarge) => {
                self.too_large(publication, sent, code);
                return false;
            }
            (_, DeliveryFailure::Refused) if self.gives_up(publication.kind) => {
                self.give_up(*sent, code);
                return false;
            }
            (_, DeliveryFailure::Refused) => {
                self.halt(format!("{:?}: {code}", publication.kind));
                (LAST_BACKOFF, true)
            }
            (_, DeliveryFailure::Resend | DeliveryFailure::ProducerBroken) => {
                let backoff = FIRST_BACKOFF * 2_u32.saturating_pow(sent.attempt.min(16));
                sent.attempt += 1;
                (backoff.min(LAST_BACKOFF), true)
            }
        };
        self.keep(publication, sent, delay, all_reported);
        failure != DeliveryFailure::Refused && all_reported && !delay.is_zero()
    }

    /// A result becomes a dead letter, a dead letter is cut, and one that was cut waits for an operator. But the broker
    /// refuses whole requests: at first each of its publications gets one of its own.
    fn too_large(
        &self,
        mut publication: OwnedPublication,
        mut sent: Box<Sent<R>>,
        code: RDKafkaErrorCode,
    ) {
        if !sent.alone {
            sent.alone = true;
            self.surprised.store(true, Ordering::Relaxed);
            return self.keep(publication, sent, Duration::ZERO, false);
        }
        if code != RDKafkaErrorCode::InvalidRecord {
            self.limits.refused(&publication.borrow());
        }
        let cut = publication
            .headers
            .iter()
            .any(|header| header.name == "expressd.truncated");
        let delay = match publication.kind {
            Kind::Result | Kind::Retry(_) if self.dead_letters.is_some() => {
                let bytes = publication.value.as_ref().map_or(0, Vec::len);
                let cause = format!("the output of {bytes} bytes was refused: {code}");
                publication = sent.receipt.output_too_large(&cause);
                sent.kind = publication.kind;
                Duration::ZERO
            }
            Kind::DeadLetter if !cut => {
                let value = publication.value.take().unwrap_or_default();
                publication.value = Some(truncate(&value, &mut publication.headers).to_vec());
                Duration::ZERO
            }
            kind if self.gives_up(kind) => return self.give_up(*sent, code),
            kind => {
                self.halt(format!("{kind:?}: {code}"));
                LAST_BACKOFF
            }
        };
        sent.alone = self.goes_alone(&publication.borrow());
        self.keep(publication, sent, delay, false);
    }

    fn gives_up(&self, kind: Kind) -> bool {
        kind == Kind::DeadLetter && self.on_dead_letter_error == OnDeadLetterError::Discard
    }

    fn give_up(&self, mut sent: Sent<R>, code: RDKafkaErrorCode) {
        error!(error = %code, "a dead letter is refused for good and given up, as the config says");
        sent.receipt.given_up();
        R::acknowledged(&mut vec![sent.receipt]);
    }

    /// Keeps a publication, and everything after it, back.
    fn keep(
        &self,
        publication: OwnedPublication,
        sent: Box<Sent<R>>,
        delay: Duration,
        all_reported: bool,
    ) {
        let mut held = self.held();
        held.keep(publication, sent);
        held.hold(Hold {
            due: Instant::now() + delay,
            all_reported,
        });
        self.holding.store(true, Ordering::Release);
    }

    fn held(&self) -> MutexGuard<'_, Held<R>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves reports until the sink is closed.
    pub(super) fn serve(&self) {
        let mut serving = Serving::default();
        while !self.closed.load(Ordering::Relaxed) {
            let holding = self.holding.load(Ordering::Relaxed);
            let wait = if holding { BUSY_WAIT } else { IDLE_WAIT };
            self.producer.load_full().take(&mut serving.reports, wait);
            self.turn(&mut serving);
        }
    }

    /// Takes the reports that are there and hands over what was kept back, as far as that may be.
    pub(crate) fn turn(&self, serving: &mut Serving<R>) {
        let producer = self.producer.load_full();
        let out_of_order = self.settle_all(&**producer, &mut serving.reports);
        let broken = producer.broken();
        if let Some(reason) = &broken {
            error!(reason, "producer is broken, making a new one");
        }
        let must_go = out_of_order || broken.is_some();
        if self.surprised.swap(false, Ordering::Relaxed)
            && serving.asked.is_none_or(|at| at.elapsed() >= ASK_AGAIN)
        {
            serving.asked = Some(Instant::now());
            self.learn();
        }
        if must_go || self.limits.batch() < self.batch.load(Ordering::Relaxed) {
            self.replace(&producer, must_go, serving);
        }
        self.release();
    }

    /// Takes all reports that are there and passes them on; says whether the client has to be replaced.
    fn settle_all(&self, producer: &dyn Outlet<R>, reports: &mut Reports<R>) -> bool {
        let mut replace = false;
        loop {
            producer.take(reports, Duration::ZERO);
            if reports.delivered.is_empty() && reports.failed.is_empty() {
                return replace;
            }
            replace |= self.settle(reports);
        }
    }

    fn settle(&self, reports: &mut Reports<R>) -> bool {
        if !reports.delivered.is_empty() {
            R::acknowledged(&mut reports.delivered);
            if reports.failed.is_empty() {
                self.go_on();
            }
        }
        let n_failed = reports.failed.len();
        if let Some(first) = reports.failed.first()
            && delivery_failure(first.code) != DeliveryFailure::TooLarge
        {
            warn!(error = %first.code, outcomes = n_failed, "outcomes not delivered, will retry");
        }
        let mut broken = false;
        for undelivered in reports.failed.drain(..) {
            broken |= self.undelivered(undelivered);
        }
        broken
    }

    /// Hands over what was kept back, as far as that may be.
    fn release(&self) {
        if !self.holding.load(Ordering::Relaxed) {
            return;
        }
        loop {
            // Under the lock, so that nothing newer overtakes it.
            let mut held = self.held();
            let open = self.producer.load().in_flight();
            let Some((publication, sent)) = held.next(Instant::now(), open) else {
                self.holding.store(held.is_holding(), Ordering::Release);
                return;
            };
            self.metrics.resent(1);
            let refused = self.send(&publication.borrow(), sent);
            drop(held);
            if let Err((code, sent)) = refused {
                self.undelivered(Undelivered {
                    publication,
                    sent,
                    code,
                });
            }
        }
    }

    /// A new producer takes over. What has no report from a bad one is sent again; a good one is waited for.
    fn replace(&self, old: &Arc<Box<dyn Outlet<R>>>, is_bad: bool, serving: &mut Serving<R>) {
        self.held().hold(Hold {
            due: Instant::now(),
            all_reported: true,
        });
        self.holding.store(true, Ordering::Release);
        let batch = self.limits.batch();
        match (self.make)(batch) {
            Ok(producer) => {
                self.producer.store(Arc::new(producer));
                self.batch.store(batch, Ordering::Relaxed);
                if is_bad && mutants::is(Mutant::ForgetBroken) {
                    return;
                }
                // A report that is dropped with its producer would leave a slot open for ever; and whoever was about to
                // hand something to it still holds it.
                let mut is_bad = is_bad;
                loop {
                    if is_bad || old.broken().is_some() {
                        old.purge();
                    }
                    is_bad |= self.settle_all(&***old, &mut serving.reports);
                    let left = old.in_flight() > 0 || Arc::strong_count(old) > 1;
                    if !left || self.closed.load(Ordering::Relaxed) {
                        break;
                    }
                    pause(BUSY_WAIT);
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

/// Never, but for mutants.
fn forgets(code: RDKafkaErrorCode, failure: DeliveryFailure) -> bool {
    match (code, failure) {
        (RDKafkaErrorCode::QueueFull, _) => mutants::is(Mutant::DropOnFullQueue),
        (_, DeliveryFailure::TooLarge) => mutants::is(Mutant::DropTooLarge),
        _ => mutants::is(Mutant::DropUndelivered),
    }
}
