//! A bar that fills, for whoever watches.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const WIDTH: u64 = 30;
const EVERY: Duration = Duration::from_millis(100);

/// Progress towards a known number; silent where stderr is no terminal.
pub(super) struct Bar {
    total: u64,
    done: u64,
    shown: Option<Instant>,
    visible: bool,
}

impl Bar {
    pub(super) fn new(total: u64) -> Bar {
        Bar {
            total,
            done: 0,
            shown: None,
            visible: io::stderr().is_terminal(),
        }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        let now = Instant::now();
        let stale = self.shown.is_none_or(|shown| now - shown >= EVERY);
        if self.visible && stale {
            self.shown = Some(now);
            let _ = write!(io::stderr(), "\r{}", line(self.done, self.total));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = writeln!(io::stderr(), "\r{}", line(self.done, self.total));
        }
    }
}

fn line(done: u64, total: u64) -> String {
    let total = total.max(done).max(1);
    let filled = (done * WIDTH / total) as usize;
    let (full, empty) = ("#".repeat(filled), ".".repeat(WIDTH as usize - filled));
    format!("[{full}{empty}] {}% {done}/{total}", done * 100 / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills() {
        assert_eq!(line(0, 0), format!("[{}] 0% 0/1", ".".repeat(30)));
        let half = format!("[{}{}] 50% 5/10", "#".repeat(15), ".".repeat(15));
        assert_eq!(line(5, 10), half);
        assert_eq!(line(12, 10), format!("[{}] 100% 12/12", "#".repeat(30)));
    }
}
