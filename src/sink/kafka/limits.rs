//! What the topics take. A broker refuses a batch that is larger than its topic's `max.message.bytes`, and all of it: what
//! was in it beside the one that is too large would come behind younger records of its keys. So no batch is made larger than
//! that, and a publication that may be too large by itself goes alone.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sink::{Kind, Publication};

/// Asks the cluster for the largest batch of each topic, bytes; or why it does not say.
pub(crate) type AskLargest = Box<dyn Fn(&[&str]) -> Vec<Result<usize, String>> + Send + Sync>;

/// A batch around its records, a record around its key and value, a header around its name and value: at most.
const BATCH_OVERHEAD: usize = 128;
const HEADER_OVERHEAD: usize = 10;
/// Of what a topic takes one part of so many is left free: brokers that compress again may make a batch larger.
const SPARE: usize = 64;

/// The largest batch of each topic, bytes; `usize::MAX` as long as nobody has said.
pub(super) struct Limits {
    results: AtomicUsize,
    dead_letters: AtomicUsize,
    retries: Vec<AtomicUsize>,
}

impl Limits {
    pub(super) fn new(retries: usize) -> Limits {
        let unknown = || AtomicUsize::new(usize::MAX);
        Limits {
            results: unknown(),
            dead_letters: unknown(),
            retries: (0..retries).map(|_| unknown()).collect(),
        }
    }

    fn of(&self, kind: Kind) -> Option<&AtomicUsize> {
        match kind {
            Kind::Result => Some(&self.results),
            Kind::DeadLetter => Some(&self.dead_letters),
            Kind::Retry(topic) => self.retries.get(usize::from(topic)),
        }
    }

    /// The topic has said what it takes.
    pub(super) fn set(&self, kind: Kind, bytes: usize) {
        if let Some(limit) = self.of(kind) {
            limit.store(bytes - bytes / SPARE, Ordering::Relaxed);
        }
    }

    /// The topic has refused this one, although it was alone.
    pub(super) fn refused(&self, publication: &Publication<'_>) {
        if let Some(limit) = self.of(publication.kind) {
            limit.fetch_min(bytes(publication) - 1, Ordering::Relaxed);
        }
    }

    /// Whether the topic takes it for certain. Larger ones may be taken, too: they are compressed.
    pub(super) fn takes(&self, publication: &Publication<'_>) -> bool {
        let limit = self.of(publication.kind);
        limit.is_none_or(|limit| bytes(publication) <= limit.load(Ordering::Relaxed))
    }

    /// The largest batch that every topic takes.
    pub(super) fn batch(&self) -> usize {
        let all = self.retries.iter();
        let all = all.chain([&self.results, &self.dead_letters]);
        let all = all.map(|limit| limit.load(Ordering::Relaxed));
        all.min().unwrap_or(usize::MAX)
    }
}

/// What it is as a batch of its own that no compression makes smaller; never less.
fn bytes(publication: &Publication<'_>) -> usize {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = publication.headers.bytes() + publication.headers.len() * HEADER_OVERHEAD;
    length(publication.key) + length(publication.value) + headers + BATCH_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::HeaderBuffer;

    fn takes(limits: &Limits, kind: Kind, length: usize) -> bool {
        let value = vec![b'x'; length];
        let headers = HeaderBuffer::new();
        let publication = Publication {
            kind,
            key: None,
            value: Some(&value),
            timestamp: None,
            headers: &headers,
        };
        limits.takes(&publication)
    }

    #[test]
    fn each_topic_has_its_own_limit_and_batches_keep_the_smallest() {
        let limits = Limits::new(1);
        assert!(takes(&limits, Kind::Result, 1 << 20) && limits.batch() == usize::MAX);
        limits.set(Kind::Result, 6_400);
        limits.set(Kind::Retry(0), 64_000);
        assert_eq!(limits.batch(), 6_300);
        assert!(takes(&limits, Kind::Result, 6_000));
        assert!(!takes(&limits, Kind::Result, 6_300));
        assert!(takes(&limits, Kind::Retry(0), 6_300));
        assert!(takes(&limits, Kind::DeadLetter, 64_000));
    }

    #[test]
    fn what_is_refused_alone_tells_what_the_topic_takes() {
        let limits = Limits::new(0);
        let headers = HeaderBuffer::new();
        limits.refused(&Publication {
            kind: Kind::Result,
            key: None,
            value: Some(&[b'x'; 5_000]),
            timestamp: None,
            headers: &headers,
        });
        assert!(!takes(&limits, Kind::Result, 5_000));
        assert!(takes(&limits, Kind::Result, 4_999));
        assert!(takes(&limits, Kind::DeadLetter, 5_000));
    }
}
