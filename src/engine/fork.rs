//! Parts of one execution on several workers.

use super::FanOut;

/// Some pure branches or items of one execution, on their own arena.
pub struct ForkJob(std::convert::Infallible);

impl ForkJob {
    /// Runs it to its end.
    pub fn run(&mut self, _fan_out: &dyn FanOut) {
        match self.0 {}
    }
}
