//! From an address to a connection, within a time.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig as Tls;
use tokio::net::TcpStream;
use tower_service::Service;

use super::resolver::Resolver;
use super::{ClientConfig, HttpVersion};

/// Looks names up, connects, and shakes hands, all of it within one time limit.
#[derive(Clone)]
pub(super) struct Connector {
    inner: HttpsConnector<HttpConnector<Resolver>>,
    timeout: Duration,
}

type BoxError = Box<dyn Error + Send + Sync>;

/// A connection was not there in time.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {} ms", .0.as_millis())]
struct TooSlow(Duration);

const TCP_KEEP_ALIVE: Duration = Duration::from_secs(30);

impl Connector {
    pub(super) fn new(config: &ClientConfig, tls: Tls, resolver: Resolver) -> Connector {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(TCP_KEEP_ALIVE));
        let schemes = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http();
        let inner = match config.version {
            HttpVersion::Auto => schemes.enable_all_versions().wrap_connector(tcp),
            HttpVersion::Http1 => schemes.enable_http1().wrap_connector(tcp),
            HttpVersion::Http2 => schemes.enable_http2().wrap_connector(tcp),
        };
        Connector {
            inner,
            timeout: config.timeouts.connect.0,
        }
    }
}

/// Whether a request failed because there was no connection in time.
pub(super) fn was_too_slow(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<TooSlow>() {
            return true;
        }
        next = error.source();
    }
    false
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, limit) = (self.inner.call(uri), self.timeout);
        Box::pin(async move {
            let connected = tokio::time::timeout(limit, connecting).await;
            connected.unwrap_or_else(|_| Err(TooSlow(limit).into()))
        })
    }
}
