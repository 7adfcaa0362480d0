//! Where people watch: lines that stay, and one live line at the bottom.

use std::io::Write;

/// Writes to a terminal or to a file; errors are nobody's loss.
pub struct Screen {
    out: Box<dyn Write + Send>,
    /// On a terminal the live line is written over; elsewhere every one stays.
    terminal: bool,
}

const CLEAR: &str = "\r\x1b[K";

impl Screen {
    /// Shows on `out`.
    pub fn new(out: Box<dyn Write + Send>, terminal: bool) -> Screen {
        Screen { out, terminal }
    }

    /// A line that stays.
    pub(super) fn line(&mut self, line: &str) {
        let clear = if self.terminal { CLEAR } else { "" };
        let _ = writeln!(self.out, "{clear}{line}");
    }

    /// The live line.
    pub(super) fn live(&mut self, line: &str) {
        if self.terminal {
            let _ = write!(self.out, "{CLEAR}{line}");
            let _ = self.out.flush();
        } else {
            self.line(line);
        }
    }
}
