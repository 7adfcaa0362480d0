//! The task calls of one execution that are under way.

use std::future::Future;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinSet};

use super::run::{Open, broken_handler, result};
use crate::engine::CallId;
use crate::engine::TaskReply;
use crate::task::Pass;
use crate::task::Queue;
use crate::task::Reply;
use crate::telemetry::OpenCall;

/// What came of a call, or of its queueing.
pub(super) enum Came {
    Reply(TaskReply),
    /// Its turn has come; its reply is still to be opened.
    Turn(Pass, OpenCall),
}

/// The calls of one execution. Dropping it cancels them.
///
/// Most executions have one call at a time. It is polled with the execution itself and costs no task of its own; further
/// ones, those of branches and iterations, have a task each.
pub(super) struct Calls {
    concurrency: Arc<Semaphore>,
    first: Option<UnderWay>,
    others: Option<Box<Others>>,
}

#[derive(Default)]
struct Others {
    set: JoinSet<(CallId, Came)>,
    handles: Vec<(CallId, AbortHandle)>,
}

impl Calls {
    pub(super) fn new(concurrency: Arc<Semaphore>) -> Calls {
        Calls {
            concurrency,
            first: None,
            others: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none() && self.others.is_none()
    }

    pub(super) fn open(&mut self, id: CallId, call: Open, counted: OpenCall) {
        let call = UnderWay {
            id,
            stage: Stage::new(call, &self.concurrency),
            counted: Some(counted),
        };
        if self.first.is_none() {
            self.first = Some(call);
        } else {
            let others = self.others.get_or_insert_default();
            others.handles.push((id, others.set.spawn(call)));
        }
    }

    pub(super) fn cancel(&mut self, id: CallId) {
        if self.first.as_ref().is_some_and(|first| first.id == id) {
            self.first = None;
        } else if let Some(others) = &mut self.others
            && let Some(at) = others.handles.iter().position(|(open, _)| *open == id)
        {
            others.handles.swap_remove(at).1.abort();
            self.forget_others();
        }
    }

    /// What comes next. Pending, too, when no call is under way.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(CallId, Came)> {
        if let Some(first) = &mut self.first
            && let Poll::Ready(came) = Pin::new(first).poll(cx)
        {
            self.first = None;
            return Poll::Ready(came);
        }
        while let Some(others) = &mut self.others {
            match ready!(others.set.poll_join_next(cx)) {
                Some(Ok((id, came))) => {
                    others.handles.retain(|(open, _)| *open != id);
                    self.forget_others();
                    return Poll::Ready((id, came));
                }
                // One that was cancelled: nobody waits for it.
                Some(Err(_)) => {}
                None => self.others = None,
            }
        }
        Poll::Pending
    }

    /// The cancelled ones that are left need nobody to wait for them.
    fn forget_others(&mut self) {
        if self
            .others
            .as_ref()
            .is_some_and(|others| others.handles.is_empty())
        {
            self.others = None;
        }
    }
}

/// A call until its turn, or until its reply.
struct UnderWay {
    id: CallId,
    stage: Stage,
    /// Until something came of it.
    counted: Option<OpenCall>,
}

enum Stage {
    /// It queues at its handler.
    Queued(Queue),
    /// The runtime has no room for it.
    NoRoom(
        Reply,
        Pin<Box<dyn Future<Output = OwnedSemaphorePermit> + Send>>,
    ),
    /// It takes room until it is dropped.
    Open {
        reply: Reply,
        _room: OwnedSemaphorePermit,
    },
    Over,
}

impl Stage {
    fn new(call: Open, concurrency: &Arc<Semaphore>) -> Stage {
        let reply = match call {
            Open::Ready(reply) => reply,
            Open::Queued(queue) => return Stage::Queued(queue),
        };
        match Arc::clone(concurrency).try_acquire_owned() {
            Ok(_room) => Stage::Open { reply, _room },
            Err(_) => {
                let room = Arc::clone(concurrency).acquire_owned();
                let room = async { room.await.expect("nobody closes the semaphore") };
                Stage::NoRoom(reply, Box::pin(room))
            }
        }
    }

    /// Goes on, until it is the call's turn or its reply is there.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<TaskReply, Pass>> {
        loop {
            let came = match self {
                Stage::Queued(queue) => match ready!(queue.as_mut().poll(cx)) {
                    Ok(pass) => Err(pass),
                    Err(refusal) => Ok(refusal),
                },
                Stage::NoRoom(_, room) => {
                    let _room = ready!(room.as_mut().poll(cx));
                    if let Stage::NoRoom(reply, _) = replace(self, Stage::Over) {
                        *self = Stage::Open { reply, _room };
                    }
                    continue;
                }
                Stage::Open { reply, .. } => Ok(ready!(reply.as_mut().poll(cx))),
                Stage::Over => return Poll::Pending,
            };
            *self = Stage::Over;
            return Poll::Ready(came);
        }
    }
}

impl Future for UnderWay {
    type Output = (CallId, Came);

    /// A handler that panics has answered, too.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(CallId, Came)> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.stage.poll(cx)));
        let came = match polled {
            Ok(polled) => ready!(polled),
            Err(_) => {
                self.stage = Stage::Over;
                Ok(broken_handler())
            }
        };
        let counted = self.counted.take();
        let came = match (came, counted) {
            (Err(pass), Some(counted)) => Came::Turn(pass, counted),
            (Err(_), None) => return Poll::Pending,
            (Ok(reply), counted) => {
                if let Some(counted) = counted {
                    counted.answered(result(&reply));
                }
                Came::Reply(reply)
            }
        };
        Poll::Ready((self.id, came))
    }
}
