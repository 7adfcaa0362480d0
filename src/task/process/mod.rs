//! Tasks answered by worker processes: any language, one JSON line for each call. Knows nothing of what workers do.
//!
//! A worker reads calls from its standard input and writes answers to its standard output, in any order:
//!
//! ```json
//! {"id":7,"function":"Charge","state":"ProcessPayment","resource":"arn:…","execution":"orders/t-0-42","key":"…","attempt":0,"timeout":30000,"input":{…}}
//! {"cancel":7}
//! ```
//! ```json
//! {"id":7,"result":{…}}
//! {"id":7,"error":"PaymentFailedException","cause":"the issuer refused the card"}
//! ```
//!
//! It ends when its input ends. One that dies is started anew, after a pause that doubles up to ten seconds.

mod config;
mod lines;
mod pool;
mod protocol;
mod worker;

pub use config::ProcessConfig;

use std::path::Path;
use std::sync::Arc;

use super::envelope;
use super::{Answer, Call, Handler, Integration, Site};
use crate::engine::TaskReply;

use pool::Pool;
use protocol::Target;

/// A pool of worker processes. They are started by the first call.
pub struct Process {
    pool: Arc<Pool>,
}

/// The pool bound to one Task state.
struct Bound {
    pool: Arc<Pool>,
    target: Target,
}

impl Process {
    /// A pool; relative paths start at `base`.
    pub fn new(config: &ProcessConfig, base: &Path) -> Process {
        Process {
            pool: Arc::new(Pool::new(config, base)),
        }
    }
}

impl Integration for Process {
    fn bind(&self, site: &Site<'_>) -> Option<Arc<dyn Handler>> {
        Some(Arc::new(Bound {
            pool: Arc::clone(&self.pool),
            target: Target::new(site),
        }))
    }
}

impl Handler for Bound {
    fn call(&self, call: Call<'_>) -> Answer {
        let input = match self.target.envelope {
            true => envelope::payload(&call),
            false => call.input,
        };
        let line = self.target.line(&call, input);
        let (pool, envelope) = (Arc::clone(&self.pool), self.target.envelope);
        Answer::Later(Box::pin(async move {
            match pool.call(line).await {
                TaskReply::Result(result) if envelope => {
                    TaskReply::Result(envelope::in_envelope(&result))
                }
                reply => reply,
            }
        }))
    }
}

#[cfg(test)]
mod tests;
