//! Large events, read by two workers.

use super::FanOut;
use super::fan_out::Buffers;
use super::fork::ForkJob;
use super::run::Run;
use crate::value::{ParseError, ParseLimits, Value};

/// Bytes of an event below which its second half does not pay for waking a worker.
// Measured: 64 KiB take 65 µs to read, and a worker that sleeps 10 to 20 µs to wake.
const LARGE: usize = 64 << 10;

impl Run {
    /// Reads the event; a large one together with a worker that is idle.
    pub(super) fn read_event(
        &mut self,
        event: &[u8],
        limits: ParseLimits,
        fan_out: &dyn FanOut,
    ) -> Result<Value, ParseError> {
        if event.len() < LARGE || fan_out.idle_workers() == 0 {
            return self.arena.parse(event, limits);
        }
        fan_out.expect_jobs();
        let mut helper = Buffers::of(fan_out);
        let tables = &mut helper.run.arena;
        let read = self
            .arena
            .parse_in_two(event, limits, tables, |first, second| {
                let (mut first, mut second) = (|| first.read(), || second.read());
                fan_out.join(&mut [ForkJob::piece(&mut first), ForkJob::piece(&mut second)]);
            });
        helper.give_back();
        read
    }
}
