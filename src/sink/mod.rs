//! Where outcomes go: Kafka or a file. A sink says of each outcome when it is safe. Knows neither sources nor executions.

pub mod dead_letter;
mod file;
mod kafka;
mod publication;
pub mod record;

pub use file::{FileSink, FileSinkConfig};
pub use kafka::{KafkaSink, KafkaSinkConfig, KafkaSinkError, OnDeadLetterError};
pub use publication::{Kind, OwnedPublication, Publication, Receipt};

/// Either kind of sink.
pub enum Sink<R: Receipt> {
    /// Topics.
    Kafka(KafkaSink<R>),
    /// Files, or standard output.
    File(FileSink<R>),
}

impl<R: Receipt> Sink<R> {
    /// Takes a publication; never blocks. `receipt` hears of it when it is safe. Only for kinds that the sink takes.
    pub fn publish(&self, publication: &Publication<'_>, receipt: R) {
        match self {
            Sink::Kafka(sink) => sink.publish(publication, receipt),
            Sink::File(sink) => sink.publish(publication, receipt),
        }
    }

    /// Whether publications of this kind are kept at all.
    pub fn takes(&self, kind: Kind) -> bool {
        match self {
            Sink::Kafka(sink) => sink.takes(kind),
            Sink::File(_) => !matches!(kind, Kind::Retry(_)),
        }
    }

    /// What is missing at start.
    pub fn missing(&self) -> Option<String> {
        match self {
            Sink::Kafka(sink) => sink.missing(),
            Sink::File(_) => None,
        }
    }

    /// Why publications do not get through at present.
    pub fn halted(&self) -> Option<String> {
        match self {
            Sink::Kafka(sink) => sink.halted(),
            Sink::File(sink) => sink.halted(),
        }
    }
}

#[cfg(test)]
pub(crate) use kafka::{Sender, Serving, largest, producers};
