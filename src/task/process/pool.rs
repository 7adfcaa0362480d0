//! The queue of calls and the workers that take them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::{error, info};

use super::config::ProcessConfig;
use super::protocol::CallLine;
use super::worker::{self, Ended};
use crate::engine::TaskReply;

/// Pauses before a worker that died is started anew.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// A call that waits for a worker.
pub(super) struct Job {
    pub(super) line: CallLine,
    /// Closed when nobody waits any more.
    pub(super) reply: oneshot::Sender<TaskReply>,
}

/// Calls on their way to whichever worker is free.
pub(super) type Queue = Arc<tokio::sync::Mutex<mpsc::Receiver<Job>>>;

/// Worker processes of one command. Dropping it ends them.
pub(super) struct Pool {
    jobs: mpsc::Sender<Job>,
    queue: Queue,
    settings: Arc<Settings>,
    /// Empty until the first call: checking a config starts nothing.
    workers: Mutex<JoinSet<()>>,
}

/// What all workers of a pool share.
pub(super) struct Settings {
    program: String,
    arguments: Vec<String>,
    directory: PathBuf,
    environment: BTreeMap<String, String>,
    workers: usize,
    /// Calls that a worker has at the same time.
    pub(super) calls: usize,
    pub(super) line_bytes: usize,
    pub(super) grace: Duration,
}

impl Pool {
    pub(super) fn new(config: &ProcessConfig, base: &Path) -> Pool {
        let (jobs, queue) = mpsc::channel(config.queue);
        let mut command = config.command.iter().cloned();
        let program = command.next().unwrap_or_default();
        Pool {
            jobs,
            queue: Arc::new(tokio::sync::Mutex::new(queue)),
            settings: Arc::new(Settings {
                program,
                arguments: command.collect(),
                directory: base.join(config.directory.as_deref().unwrap_or(Path::new(""))),
                environment: config.environment.clone(),
                workers: config.workers,
                calls: config.calls,
                line_bytes: config.line_bytes.bytes(),
                grace: config.grace.0,
            }),
            workers: Mutex::default(),
        }
    }

    /// Calls a worker. Dropping the future tells the worker.
    pub(super) async fn call(&self, line: CallLine) -> TaskReply {
        self.start();
        let (reply, answer) = oneshot::channel();
        if self.jobs.try_send(Job { line, reply }).is_err() {
            return TaskReply::Error {
                error: Some("Lambda.TooManyRequestsException".to_string()),
                cause: Some(format!(
                    "{} calls wait for a worker",
                    self.jobs.max_capacity()
                )),
            };
        }
        answer.await.unwrap_or_else(|_| lost("the worker is gone"))
    }

    /// Starts the workers, unless they run.
    fn start(&self) {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if workers.is_empty() {
            for number in 0..self.settings.workers {
                workers.spawn(keep(
                    number,
                    Arc::clone(&self.queue),
                    Arc::clone(&self.settings),
                ));
            }
        }
    }
}

/// Keeps one worker alive.
async fn keep(number: usize, queue: Queue, settings: Arc<Settings>) {
    let mut pause = FIRST_PAUSE;
    let program = &settings.program;
    loop {
        let reason = match settings.spawn() {
            Err(error) => error.to_string(),
            Ok(child) => {
                info!(program, number, pid = child.id(), "worker started");
                let Ended { reason, useful } = worker::serve(child, &queue, &settings).await;
                if useful {
                    pause = FIRST_PAUSE;
                }
                reason
            }
        };
        error!(
            program,
            number,
            reason,
            ?pause,
            "worker ended, will start another"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

impl Settings {
    fn spawn(&self) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(&self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // An interrupt at the terminal is ours: what is under way is drained first.
            .process_group(0)
            .kill_on_drop(true);
        if !self.directory.as_os_str().is_empty() {
            command.current_dir(&self.directory);
        }
        command.spawn()
    }
}

/// The worker was lost with the call.
pub(super) fn lost(reason: &str) -> TaskReply {
    TaskReply::Error {
        error: Some("Lambda.Unknown".to_string()),
        cause: Some(reason.to_string()),
    }
}
