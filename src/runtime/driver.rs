//! Does the waiting for one execution: its task calls, its timers, its cancellation.

use std::future::poll_fn;
use std::mem::{replace, take};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Semaphore;

use super::calls::{Calls, Came};
use super::cancel::CancelToken;
use super::clock::Clock;
use super::cpu_pool::CpuPool;
use super::run::{Open, Run};
use super::{Ended, Waiting};
use crate::engine::Progress;

/// What a driver needs of the runtime.
pub(super) struct Tools {
    pub(super) pool: Arc<CpuPool>,
    pub(super) clock: Clock,
    /// Task calls under way, over all executions.
    pub(super) concurrency: Arc<Semaphore>,
}

/// Drives an execution to its end and calls `finish` on a worker of the CPU pool.
pub(super) fn drive<F>(
    waiting: Box<Waiting>,
    tools: Arc<Tools>,
    cancel: CancelToken,
    finish: F,
) -> impl Future<Output = ()> + Send
where
    F: FnOnce(Ended) + Send + 'static,
{
    // Before the first poll, because a runtime that goes down drops futures it has never polled.
    let driven = Driven {
        waiting: Some(waiting),
        run: None,
        finish: Some(finish),
        tools,
    };
    go_on(driven, cancel)
}

async fn go_on<F>(mut driven: Driven<F>, cancel: CancelToken)
where
    F: FnOnce(Ended) + Send + 'static,
{
    let tools = Arc::clone(&driven.tools);
    let Tools { pool, clock, .. } = &*tools;
    let mut calls = Calls::new(Arc::clone(&tools.concurrency));
    let mut cancelled = pin!(cancel.cancelled());
    let mut is_watched = false;
    let mut timer = pin!(clock.timer());
    loop {
        let waiting = driven.waiting();
        for id in take(&mut waiting.cancelled) {
            calls.cancel(id);
        }
        for (id, call, counted) in take(&mut waiting.calls) {
            calls.open(id, call, counted);
        }
        // The engine always has the execution's own deadline; without one an execution would wait for ever.
        let Some(wake_at) = waiting.wake_at else {
            return driven.abort(pool);
        };
        let woken = poll_fn(|cx| {
            // A task is woken by one waker all its life: once it is known there, it need not be told again.
            if cancel.is_cancelled()
                || !replace(&mut is_watched, true) && cancelled.as_mut().poll(cx).is_ready()
            {
                return Poll::Ready(Woken::Cancelled);
            }
            let alone = calls.is_empty();
            let mut answered = false;
            while let Poll::Ready((id, came)) = calls.poll(cx) {
                match came {
                    Came::Reply(reply) => {
                        driven.run().answered(id, reply);
                        answered = true;
                    }
                    Came::Turn(pass, counted) => {
                        let reply = driven.run().begin(id, pass, clock);
                        calls.open(id, Open::Ready(reply), counted);
                    }
                }
            }
            match answered {
                true => Poll::Ready(Woken::ToGoOn),
                false => {
                    driven.waiting();
                    let due = clock.poll_until(timer.as_mut(), wake_at, alone, cx);
                    due.map(|()| Woken::ToGoOn)
                }
            }
        });
        if let Woken::Cancelled = woken.await {
            return driven.abort(pool);
        }
        let mut progress = None;
        if driven.run().is_short() {
            progress = driven.run().go_on_briefly(clock, &**pool);
        }
        match progress {
            Some(Progress::Waiting) => {}
            Some(Progress::Done) => return pool.spawn(move || driven.finish()),
            None => {
                let tools = Arc::clone(&tools);
                let go_on = move |run: &mut Run| run.go_on(&tools.clock, &*tools.pool);
                let advanced = pool.run(move || match go_on(driven.run()) {
                    Progress::Waiting => {
                        driven.waiting();
                        Some(driven)
                    }
                    Progress::Done => {
                        driven.finish();
                        None
                    }
                });
                match advanced.await {
                    Ok(Some(waiting)) => driven = waiting,
                    // It is over, or the pool was shut down and the drop guard has ended it.
                    Ok(None) | Err(_) => return,
                }
            }
        }
    }
}

/// Why an execution does not wait any more.
enum Woken {
    Cancelled,
    /// A call was answered, or its time has come.
    ToGoOn,
}

/// An execution on its way. Wherever it is dropped, `finish` is called: with its outcome, or else as aborted.
struct Driven<F: FnOnce(Ended)> {
    /// One of the two is there, until its end.
    waiting: Option<Box<Waiting>>,
    run: Option<Box<Run>>,
    finish: Option<F>,
    tools: Arc<Tools>,
}

const GONE: &str = "an execution leaves only at its end";

impl<F: FnOnce(Ended)> Driven<F> {
    /// The execution, running from now on.
    fn run(&mut self) -> &mut Run {
        if let Some(waiting) = self.waiting.take() {
            self.run = Some(waiting.resume());
        }
        self.run.as_mut().expect(GONE)
    }

    /// The execution, waiting from now on.
    fn waiting(&mut self) -> &mut Waiting {
        if let Some(run) = self.run.take() {
            self.waiting = Some(run.suspend());
        }
        self.waiting.as_mut().expect(GONE)
    }

    fn finish(mut self) {
        if let (Some(run), Some(finish)) = (self.take_run(), self.finish.take()) {
            finish(Ended::new(run));
        }
    }

    fn take_run(&mut self) -> Option<Box<Run>> {
        let resumed = self.waiting.take().map(|waiting| waiting.resume());
        resumed.or(self.run.take())
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
        if let (Some(mut run), Some(finish)) = (self.take_run(), self.finish.take()) {
            run.abort(&self.tools.clock);
            finish(Ended::new(run));
        }
    }
}
