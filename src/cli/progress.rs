//! A bar that fills, for whoever watches.

use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Progress of one thing after the other; silent where stderr is no terminal.
pub(super) struct Bar {
    bar: ProgressBar,
    what: Mutex<String>,
}

impl Bar {
    /// A bar that is seen, unless it is `hidden`.
    pub(super) fn new(hidden: bool) -> Bar {
        let target = match hidden || !stderr().is_terminal() {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        let style = ProgressStyle::with_template("{msg:12} {bar:40} {pos}/{len} {per_sec} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Bar {
            bar,
            what: Mutex::default(),
        }
    }

    /// So much of it is done; something new begins anew.
    pub(super) fn show(&self, what: &str, done: u64, of: u64) {
        let mut shown = self.what.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown != what {
            *shown = what.to_string();
            self.bar.reset();
            self.bar.set_message(what.to_string());
        }
        self.bar.set_length(of);
        self.bar.set_position(done);
    }

    /// Takes it off the screen.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
