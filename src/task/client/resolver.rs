//! From a host's name to its addresses, and which of them may be called.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

/// Says which addresses may be called.
pub(crate) trait Addresses: Send + Sync {
    /// Whether this one may.
    fn allow(&self, address: IpAddr) -> bool;
}

/// Looks names up as the system does, and passes on only the addresses that may be called. Connections are made to what
/// it returns, so that a name cannot point elsewhere between a check and a call.
#[derive(Clone)]
pub(crate) struct Resolver {
    system: GaiResolver,
    guard: Option<Arc<dyn Addresses>>,
}

/// None of a host's addresses may be called.
#[derive(Debug, thiserror::Error)]
#[error("{host} is inside a network that must not be called")]
pub(super) struct Refused {
    host: String,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Resolver {
    /// Every address may be called.
    pub(crate) fn open() -> Resolver {
        Resolver {
            system: GaiResolver::new(),
            guard: None,
        }
    }

    /// Only those that the guard allows.
    pub(crate) fn guarded(guard: Arc<dyn Addresses>) -> Resolver {
        Resolver {
            system: GaiResolver::new(),
            guard: Some(guard),
        }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.system.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let host = name.to_string();
        let (looking_up, guard) = (self.system.call(name), self.guard.clone());
        Box::pin(async move {
            let mut found: Vec<SocketAddr> = looking_up.await?.collect();
            if let Some(guard) = guard {
                found.retain(|address| guard.allow(address.ip()));
                if found.is_empty() {
                    return Err(Refused { host }.into());
                }
            }
            Ok(found.into_iter())
        })
    }
}
