//! The real binary under a config, and its ends: asked, killed, of itself.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

/// A running `expressd run CONFIG`. Dropping it kills it; when the test is failing, its log is printed.
pub(crate) struct Daemon {
    pid: u32,
    /// None once its end is known.
    exited: Option<Receiver<ExitStatus>>,
    log: PathBuf,
}

impl Daemon {
    /// Starts the daemon; its output goes to `NAME.log` beside the config.
    pub(crate) fn start(config: &Path, name: &str) -> Daemon {
        let log = config.with_file_name(format!("{name}.log"));
        let output = File::create(&log).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_expressd"))
            .arg("run")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let pid = child.id();
        let (exited_to, exited) = channel();
        std::thread::spawn(move || exited_to.send(child.wait().unwrap()));
        Daemon {
            pid,
            exited: Some(exited),
            log,
        }
    }

    /// Its process.
    #[allow(dead_code)] // Not every test looks at it.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// SIGTERM; waits until everything is drained and committed and gives the exit code.
    #[track_caller]
    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.signal("TERM");
        self.end(Duration::from_secs(45)).code()
    }

    /// Waits for its own end; gives the exit code and what it wrote.
    #[track_caller]
    #[allow(dead_code)] // Not every test's daemon ends by itself.
    pub(crate) fn wait(mut self, patience: Duration) -> (Option<i32>, String) {
        let status = self.end(patience);
        (status.code(), self.log())
    }

    /// SIGKILL: no time to do anything.
    #[track_caller]
    pub(crate) fn kill(mut self) {
        self.signal("KILL");
        self.end(Duration::from_secs(10));
    }

    #[track_caller]
    fn end(&mut self, patience: Duration) -> ExitStatus {
        let exited = self.exited.as_ref();
        let status = exited.and_then(|exited| exited.recv_timeout(patience).ok());
        let status = status.expect("the daemon ends in time");
        self.exited = None;
        status
    }

    /// What the daemon wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let arguments = [format!("-{signal}"), self.pid.to_string()];
        let sent = Command::new("kill").args(arguments).status().unwrap();
        assert!(
            sent.success(),
            "the daemon was gone before SIG{signal}:\n{}",
            self.log()
        );
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("---- {}\n{}", self.log.display(), self.log());
        }
        let exited = self.exited.as_ref();
        if exited.is_some_and(|exited| exited.try_recv() == Err(TryRecvError::Empty)) {
            Command::new("kill")
                .args(["-KILL", &self.pid.to_string()])
                .status()
                .ok();
        }
    }
}
