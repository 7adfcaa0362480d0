//! What a state, scope or plan does besides computing.

use std::fmt;

/// Effects of a piece of a plan, those of everything inside it included. None set: it is pure and runs to its end at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// It may have to wait: a Task, a Wait, a Retry.
    pub waits: bool,
    /// It reads the wall clock: a timestamp to wait for, `$$.State.EnteredTime`.
    pub reads_clock: bool,
    /// It draws random numbers: `States.UUID`, `States.MathRandom`, jitter.
    pub draws_random: bool,
    /// It reads the context object.
    pub reads_context: bool,
}

impl Effects {
    /// It runs to its end without waiting.
    pub fn is_pure(self) -> bool {
        !self.waits
    }

    /// Both together.
    pub fn and(self, other: Effects) -> Effects {
        Effects {
            waits: self.waits || other.waits,
            reads_clock: self.reads_clock || other.reads_clock,
            draws_random: self.draws_random || other.draws_random,
            reads_context: self.reads_context || other.reads_context,
        }
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.waits { "waits" } else { "pure" })?;
        for (set, text) in [
            (self.reads_clock, "reads the clock"),
            (self.draws_random, "draws random numbers"),
            (self.reads_context, "reads the context object"),
        ] {
            if set {
                write!(f, ", {text}")?;
            }
        }
        Ok(())
    }
}
