//! What all sources have in their configs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::ByteSize;

use super::WindowLimits;

/// Bounds of the records of one partition that are under way.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WindowConfig {
    /// Records between the oldest one without an acknowledged outcome and the newest one taken in. At least twice the
    /// records per second times the seconds that the slowest hundredth of the executions takes.
    pub records: usize,
    /// Bytes of those records.
    pub bytes: ByteSize,
}

impl Default for WindowConfig {
    fn default() -> WindowConfig {
        WindowConfig {
            records: 10_000,
            bytes: ByteSize::mib(16),
        }
    }
}

impl WindowConfig {
    /// As the window wants them.
    pub fn limits(&self) -> WindowLimits {
        WindowLimits {
            records: self.records.max(1),
            bytes: self.bytes.bytes(),
        }
    }
}
