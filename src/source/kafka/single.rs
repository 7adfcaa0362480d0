//! A batch of one record that was copied.

use crate::kafka::{OwnedRecord, Record};
use crate::source::Records;

/// One record.
pub(super) struct Single(pub(super) OwnedRecord);

impl Records for Single {
    fn len(&self) -> usize {
        1
    }

    fn record(&self, _: usize) -> Record<'_> {
        self.0.as_record()
    }
}
