//! Daemons under test: started, killed, frozen, asked for their numbers.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The one place that waits for time to pass and not for a condition.
pub(crate) fn rest(time: Duration) {
    std::thread::park_timeout(time);
}

pub(crate) fn signal(pid: u32, signal: &str) {
    let arguments = [format!("-{signal}"), pid.to_string()];
    Command::new("kill").args(arguments).status().unwrap();
}

/// A running daemon; dropped, it is gone.
pub(crate) struct Daemon {
    pub(crate) name: String,
    child: Child,
    admin: u16,
    log: PathBuf,
    pub(crate) peak_kib: u64,
}

impl Daemon {
    /// Starts `expressd run` with a config that has `ADMIN` for its admin port.
    pub(crate) fn start(
        directory: &Path,
        name: &str,
        config: &str,
        mutant: Option<&str>,
    ) -> Daemon {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let admin = listener.local_addr().unwrap().port();
        drop(listener);
        let path = directory.join(format!("{name}.yaml"));
        fs::write(&path, config.replace("ADMIN", &admin.to_string())).unwrap();
        let log = directory.join(format!("{name}.log"));
        let output = File::create(&log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_expressd"));
        command
            .arg("run")
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        if let Some(mutant) = mutant {
            command.env("EXPRESSD_MUTANT", mutant);
        }
        Daemon {
            name: name.to_string(),
            child: command.spawn().unwrap(),
            admin,
            log,
            peak_kib: 0,
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Whether it had begun to take part in its group.
    pub(crate) fn has_subscribed(&self) -> bool {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.contains("subscribed")
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end; `None` when it does not come.
    pub(crate) fn wait(&mut self, patience: Duration) -> Option<(ExitStatus, Duration)> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if let Some(status) = self.ended() {
                return Some((status, begun.elapsed()));
            }
            rest(Duration::from_millis(10));
        }
        None
    }

    /// Notes how much memory it has had at most.
    pub(crate) fn weigh(&mut self) {
        self.peak_kib = self.peak_kib.max(self.status_kib("VmHWM"));
    }

    /// Resident memory.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.status_kib("VmRSS")
    }

    fn status_kib(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        kib.unwrap_or(0)
    }

    fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.admin))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    pub(crate) fn is_ready(&self) -> bool {
        let answer = self.get("/readyz").unwrap_or_default();
        answer.starts_with("HTTP/1.1 200")
    }

    /// The sum of a metric.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Waits until executions are under way and results are not committed yet, for a while: the worst moment to die.
    pub(crate) fn wait_until_busy(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            let in_flight = self.metric("expressd_in_flight_executions");
            if in_flight > 0.0 && self.metric("expressd_window_used_ratio") > 0.0 {
                return true;
            }
            rest(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
