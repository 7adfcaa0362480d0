//! What is published for a record.

use crate::kafka::HeaderBuffer;

/// Which topic (or file) it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The output of a succeeded execution.
    Result,
    /// The record itself, with the reason in its headers.
    DeadLetter,
    /// The record itself, to run again: index of the retry topic.
    Retry(u16),
}

/// The outcome of a record as it is published.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// Where to.
    pub kind: Kind,
    /// The key of the input record.
    pub key: Option<&'a [u8]>,
    /// JSON of a result; the record's own value in a dead letter.
    pub value: Option<&'a [u8]>,
    /// The timestamp of the input record, milliseconds since the epoch.
    pub timestamp: Option<i64>,
    /// Headers.
    pub headers: &'a HeaderBuffer,
}

/// A publication that waits, and owns its bytes.
#[derive(Clone, Debug)]
pub struct OwnedPublication {
    /// Where to.
    pub kind: Kind,
    /// The key of the input record.
    pub key: Option<Vec<u8>>,
    /// JSON of a result; the record's own value in a dead letter.
    pub value: Option<Vec<u8>>,
    /// The timestamp of the input record, milliseconds since the epoch.
    pub timestamp: Option<i64>,
    /// Headers.
    pub headers: HeaderBuffer,
}

impl OwnedPublication {
    /// Borrowed.
    pub fn borrow(&self) -> Publication<'_> {
        Publication {
            kind: self.kind,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            timestamp: self.timestamp,
            headers: &self.headers,
        }
    }
}

impl Publication<'_> {
    /// Copied.
    pub fn to_owned(&self) -> OwnedPublication {
        OwnedPublication {
            kind: self.kind,
            key: self.key.map(<[u8]>::to_vec),
            value: self.value.map(<[u8]>::to_vec),
            timestamp: self.timestamp,
            headers: self.headers.clone(),
        }
    }
}

/// What waits for a publication to be safe: the slot of its record.
pub trait Receipt: Send + Sync + Sized + 'static {
    /// The publications are safe. Takes all receipts out of the list, which is used again.
    fn acknowledged(receipts: &mut Vec<Self>);

    /// The sink can never take the result because of its size or form: the dead letter that takes its place.
    fn output_too_large(&mut self, cause: &str) -> OwnedPublication;

    /// The sink can never take the dead letter, and the config gives it up: it counts as acknowledged.
    fn given_up(&mut self) {}
}
