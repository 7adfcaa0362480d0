//! Ends a process that does not end: closing the Kafka client has hung in practice.

use std::io;
use std::thread;
use std::time::Duration;

use super::Exit;

/// Ends the process with [`Exit::Watchdog`] after `patience`, whatever else hangs. Needs no lock and no allocator.
pub(super) fn start(patience: Duration) -> io::Result<()> {
    let watch = move || {
        thread::park_timeout(patience);
        end(Exit::Watchdog)
    };
    // Nobody joins it: the process ends before it wakes up, or it ends the process.
    thread::Builder::new()
        .name("watchdog".into())
        .spawn(watch)
        .map(drop)
}

/// Ends the process at once: no destructors, no exit handlers, which could wait for what hangs.
pub(super) fn end(exit: Exit) -> ! {
    #[allow(unsafe_code)] // The one call that leaves handlers out.
    // SAFETY: _exit takes any number, touches no memory of ours and does not return.
    unsafe {
        libc::_exit(i32::from(exit.code()))
    }
}
