//! How the process ends.

use std::process::ExitCode;

/// Exit codes; what each means to whoever started the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything drained and committed; the command succeeded.
    Done,
    /// The command ran and the answer is no: an execution failed.
    No,
    /// Usage.
    Usage,
    /// The deadline was hit, executions were cancelled; nothing is lost.
    Deadline,
    /// Fatal at run time: fencing, authorization, halted.
    Fatal,
    /// The Kafka client did not close in time.
    Watchdog,
    /// A definition or the config is invalid.
    Invalid,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Deadline => 3,
            Exit::Fatal => 4,
            Exit::Watchdog => 5,
            Exit::Invalid => 65,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
