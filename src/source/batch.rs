//! Records on their way to the workers.

use std::sync::Arc;

use crate::kafka::{OwnedRecord, Record};

use super::{Partition, SlotId};

/// Records in the memory they came in: messages of the client, a block of a file.
pub trait Records: Send + Sync {
    /// How many.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The record at `index`, which is in range.
    fn record(&self, index: usize) -> Record<'_>;
}

/// Consecutive records of one partition, each with a slot in its window; one job.
pub struct Batch {
    partition: Arc<Partition>,
    first: SlotId,
    records: Box<dyn Records>,
    suspect: bool,
}

/// Takes the batches of a source. Called on the source's own thread: it hands them on and returns.
pub type Intake = Box<dyn FnMut(Batch) + Send>;

impl Batch {
    /// A batch whose records stand in the slots from `first` on.
    pub fn new(partition: Arc<Partition>, first: SlotId, records: Box<dyn Records>) -> Batch {
        Batch {
            partition,
            first,
            records,
            suspect: false,
        }
    }

    /// The same batch, not to be run: the process has ended each time its record ran.
    pub fn set_aside(self) -> Batch {
        Batch {
            suspect: true,
            ..self
        }
    }

    /// Whether its records are set aside without running.
    pub fn is_set_aside(&self) -> bool {
        self.suspect
    }

    /// A batch of one record that owns its bytes.
    pub fn single(partition: Arc<Partition>, slot: SlotId, record: OwnedRecord) -> Batch {
        Batch::new(partition, slot, Box::new(Single(record)))
    }

    /// The assignment it belongs to.
    pub fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record at `index`, which is in range.
    pub fn record(&self, index: usize) -> Record<'_> {
        self.records.record(index)
    }

    /// The window's slot of a record.
    pub fn slot(&self, index: usize) -> SlotId {
        SlotId(self.first.0 + index as u64)
    }
}

struct Single(OwnedRecord);

impl Records for Single {
    fn len(&self) -> usize {
        1
    }

    fn record(&self, _: usize) -> Record<'_> {
        self.0.as_record()
    }
}
