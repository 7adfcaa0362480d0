//! One worker process from its start to its end.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStderr};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{info, warn};

use super::lines::{Line, Lines};
use super::pool::{Job, Queue, Settings, lost};
use super::protocol::{self, Said};
use crate::engine::TaskReply;

/// How a worker ended.
pub(super) struct Ended {
    pub(super) reason: String,
    /// It had answered something.
    pub(super) useful: bool,
}

/// Longest line of a worker's own log.
const LOG_BYTES: usize = 8 * 1_024;

/// Calls that a worker has, by id.
#[derive(Default)]
struct Open {
    calls: BTreeMap<u64, OpenCall>,
    next: u64,
}

struct OpenCall {
    reply: oneshot::Sender<TaskReply>,
    /// When the worker must be done with it: nobody waits any more.
    kill_at: Option<Instant>,
}

/// Passes calls and answers on until the process ends, or has to be ended.
pub(super) async fn serve(mut child: Child, queue: &Queue, settings: &Settings) -> Ended {
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        unreachable!("all three were asked for")
    };
    let mut answers = Lines::new(stdout, settings.line_bytes);
    let mut log = Some(Lines::new(stderr, LOG_BYTES));
    let mut open = Open::default();
    // At most a line for each open call, and one more to cancel it.
    let mut outgoing = Vec::new();
    let mut useful = false;
    let (reason, error) = loop {
        let (has_room, kill_at) = (open.calls.len() < settings.calls, open.kill_at());
        // Every arm can be dropped half-way: a job that is not taken stays in the queue, bytes in their buffers.
        tokio::select! {
            job = next(queue), if has_room => match job {
                Some(job) => open.begin(job, &mut outgoing),
                None => std::future::pending().await,
            },
            written = stdin.write(&outgoing), if !outgoing.is_empty() => match written {
                Ok(n) => drop(outgoing.drain(..n)),
                Err(error) => break (format!("it does not read its calls: {error}"), None),
            },
            line = answers.next() => match line {
                Ok(Line::Whole(line)) => useful |= open.answer(&line),
                Ok(Line::TooLong) => {
                    let limit = settings.line_bytes;
                    break (format!("it answered more than {limit} bytes"), Some("States.DataLimitExceeded"));
                }
                Ok(Line::End) => break (how_it_ended(&mut child).await, None),
                Err(error) => break (error.to_string(), None),
            },
            line = log_line(&mut log), if log.is_some() => match line {
                Some(line) => info!(target: "worker", pid = child.id(), "{line}"),
                None => log = None,
            },
            id = open.cancelled() => {
                protocol::write_cancel(id, &mut outgoing);
                open.wait_until(id, Instant::now() + settings.grace);
            }
            () = sleep_until(kill_at) => {
                break ("it went on with a call that was cancelled".to_string(), None);
            }
        }
    };
    // It may have ended already.
    let _ = child.kill().await;
    open.fail(&reason, error);
    Ended { reason, useful }
}

async fn next(queue: &Queue) -> Option<Job> {
    queue.lock().await.recv().await
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The worker's own log, line by line; none when there is no more of it.
async fn log_line(log: &mut Option<Lines<ChildStderr>>) -> Option<String> {
    match log.as_mut()?.next().await {
        Ok(Line::Whole(line)) => Some(String::from_utf8_lossy(&line).into_owned()),
        _ => None,
    }
}

async fn how_it_ended(child: &mut Child) -> String {
    // Whoever closes its output is done, whether it has ended or not.
    let wait = tokio::time::timeout(std::time::Duration::from_secs(1), child.wait());
    match wait.await {
        Ok(Ok(status)) => format!("the worker ended: {status}"),
        _ => "the worker closed its output".to_string(),
    }
}

impl Open {
    fn begin(&mut self, job: Job, outgoing: &mut Vec<u8>) {
        // Cancelled while it waited for its turn.
        if job.reply.is_closed() {
            return;
        }
        let id = self.next;
        self.next += 1;
        job.line.write(id, outgoing);
        let call = OpenCall {
            reply: job.reply,
            kill_at: None,
        };
        self.calls.insert(id, call);
    }

    /// Passes an answer on; says whether it was one.
    fn answer(&mut self, line: &[u8]) -> bool {
        let said = protocol::read(line);
        let Some((Said { reply, .. }, call)) =
            said.and_then(|said| self.calls.remove(&said.id).map(|call| (said, call)))
        else {
            warn!(
                bytes = line.len(),
                "a worker wrote a line that answers no call"
            );
            return false;
        };
        // A cancelled call has nobody to hear it.
        let _ = call.reply.send(reply);
        true
    }

    /// The next call that nobody waits for any more.
    async fn cancelled(&mut self) -> u64 {
        poll_fn(|context| {
            for (id, call) in &mut self.calls {
                if call.kill_at.is_none() && call.reply.poll_closed(context).is_ready() {
                    return Poll::Ready(*id);
                }
            }
            Poll::Pending
        })
        .await
    }

    fn wait_until(&mut self, id: u64, kill_at: Instant) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.kill_at = Some(kill_at);
        }
    }

    fn kill_at(&self) -> Option<Instant> {
        self.calls.values().filter_map(|call| call.kill_at).min()
    }

    fn fail(&mut self, reason: &str, error: Option<&str>) {
        for (_, call) in std::mem::take(&mut self.calls) {
            let _ = call.reply.send(match error {
                None => lost(reason),
                Some(error) => TaskReply::Error {
                    error: Some(error.to_string()),
                    cause: Some(reason.to_string()),
                },
            });
        }
    }
}
