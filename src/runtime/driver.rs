//! Does the waiting for one execution: its task calls, its timers, its cancellation.

use std::mem::take;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinError, JoinSet};

use super::cancel::CancelToken;
use super::clock::Clock;
use super::cpu_pool::CpuPool;
use super::run::{Open, Run, result};
use super::{Ended, Waiting};
use crate::engine::CallId;
use crate::engine::Progress;
use crate::engine::TaskReply;
use crate::error_name;
use crate::telemetry::OpenCall;

/// What a driver needs of the runtime.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) pool: Arc<CpuPool>,
    pub(super) clock: Arc<Clock>,
    /// Task calls under way, over all executions.
    pub(super) concurrency: Arc<Semaphore>,
}

/// Drives an execution to its end and calls `finish` on a worker of the CPU pool.
pub(super) fn drive<F>(
    waiting: Waiting,
    tools: Tools,
    cancel: CancelToken,
    finish: F,
) -> impl Future<Output = ()> + Send
where
    F: FnOnce(Ended) + Send + 'static,
{
    // Before the first poll, because a runtime that goes down drops futures it has never polled.
    let driven = Driven {
        run: Some(waiting.run),
        finish: Some(finish),
        clock: Arc::clone(&tools.clock),
    };
    go_on(driven, tools, cancel)
}

async fn go_on<F>(mut driven: Driven<F>, tools: Tools, cancel: CancelToken)
where
    F: FnOnce(Ended) + Send + 'static,
{
    let mut calls = Calls::new(Arc::clone(&tools.concurrency));
    loop {
        let run = driven.run();
        for id in take(&mut run.cancelled) {
            calls.cancel(id);
        }
        for (id, call, counted) in take(&mut run.calls) {
            calls.open(id, call, counted);
        }
        let alone = calls.is_empty();
        // The engine always has the execution's own deadline; without one an execution would wait for ever.
        let Some(wake_at) = run.wake_at() else {
            return driven.abort(&tools.pool);
        };
        // All three can be dropped half-way: a reply that is not taken stays in the set.
        tokio::select! {
            biased;
            () = cancel.cancelled() => return driven.abort(&tools.pool),
            (id, reply) = calls.next(), if !alone => {
                driven.run().execution.reply(id, reply);
                while let Some((id, reply)) = calls.try_next() {
                    driven.run().execution.reply(id, reply);
                }
            }
            () = tools.clock.sleep_until(wake_at, alone) => {}
        }
        let (pool, clock) = (Arc::clone(&tools.pool), Arc::clone(&tools.clock));
        let advanced = tools.pool.run(move || {
            let progress = driven.run().go_on(&clock, &*pool);
            match progress {
                Progress::Waiting => Some(driven),
                Progress::Done => {
                    driven.finish();
                    None
                }
            }
        });
        match advanced.await {
            Ok(Some(waiting)) => driven = waiting,
            // It is over, or the pool was shut down and the drop guard has ended it.
            Ok(None) | Err(_) => return,
        }
    }
}

/// An execution on its way. Wherever it is dropped, `finish` is called: with its outcome, or else as aborted.
struct Driven<F: FnOnce(Ended)> {
    run: Option<Box<Run>>,
    finish: Option<F>,
    clock: Arc<Clock>,
}

impl<F: FnOnce(Ended)> Driven<F> {
    fn run(&mut self) -> &mut Run {
        self.run.as_mut().expect("the run leaves only at its end")
    }

    fn finish(mut self) {
        if let (Some(run), Some(finish)) = (self.run.take(), self.finish.take()) {
            finish(Ended::new(run));
        }
    }
}

impl<F: FnOnce(Ended) + Send + 'static> Driven<F> {
    /// On the pool, because `finish` prints and hands on.
    fn abort(self, pool: &CpuPool) {
        pool.spawn(move || drop(self));
    }
}

impl<F: FnOnce(Ended)> Drop for Driven<F> {
    fn drop(&mut self) {
        if let (Some(mut run), Some(finish)) = (self.run.take(), self.finish.take()) {
            run.abort(&self.clock);
            finish(Ended::new(run));
        }
    }
}

/// The task calls of one execution that are under way. Dropping it cancels them.
struct Calls {
    set: JoinSet<(CallId, TaskReply)>,
    open: Vec<(CallId, AbortHandle)>,
    concurrency: Arc<Semaphore>,
}

impl Calls {
    fn new(concurrency: Arc<Semaphore>) -> Calls {
        Calls {
            set: JoinSet::new(),
            open: Vec::new(),
            concurrency,
        }
    }

    fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    fn open(&mut self, id: CallId, call: Open, counted: OpenCall) {
        let concurrency = Arc::clone(&self.concurrency);
        let handle = self.set.spawn(async move {
            let reply = match call {
                Open::Ready(reply) => reply,
                Open::Queued(queue) => queue.await,
            };
            // Fails only if the semaphore is closed, which nobody does.
            let _permit = concurrency.acquire_owned().await;
            let reply = reply.await;
            counted.answered(result(&reply));
            (id, reply)
        });
        self.open.push((id, handle));
    }

    fn cancel(&mut self, id: CallId) {
        if let Some(at) = self.open.iter().position(|(open, _)| *open == id) {
            self.open.swap_remove(at).1.abort();
        }
    }

    /// The next reply; never comes when no call is under way.
    async fn next(&mut self) -> (CallId, TaskReply) {
        loop {
            match self.set.join_next().await {
                Some(ended) => {
                    if let Some(reply) = self.reply(ended) {
                        return reply;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    fn try_next(&mut self) -> Option<(CallId, TaskReply)> {
        loop {
            let ended = self.set.try_join_next()?;
            if let Some(reply) = self.reply(ended) {
                return Some(reply);
            }
        }
    }

    /// The reply of a call that ended; none when it was cancelled.
    fn reply(
        &mut self,
        ended: Result<(CallId, TaskReply), JoinError>,
    ) -> Option<(CallId, TaskReply)> {
        match ended {
            Ok((id, reply)) => {
                self.open.retain(|(open, _)| *open != id);
                Some((id, reply))
            }
            Err(error) => {
                let is_this = |(_, handle): &(CallId, AbortHandle)| handle.id() == error.id();
                let at = self.open.iter().position(is_this)?;
                let (id, _) = self.open.swap_remove(at);
                let reply = TaskReply::Error {
                    error: Some(error_name::INTERNAL_ERROR.to_string()),
                    cause: Some("the task's handler panicked".to_string()),
                };
                Some((id, reply))
            }
        }
    }
}
