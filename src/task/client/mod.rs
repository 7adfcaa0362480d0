//! The HTTP client of the tasks that call out: pooled connections, TLS, bounds of time and size. Knows requests and
//! responses, not what they mean to a task.

mod config;
mod connector;
mod failure;
mod resolver;
mod tls;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::http::uri::Authority;
use hyper::{Request, Response};
use hyper_util::client::legacy::{Client as Pool, Error as PoolError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

pub use config::{ClientConfig, HttpVersion, ResponseSize, TimeoutsConfig, TlsConfig};
pub(crate) use failure::Failure;
pub(crate) use resolver::{Addresses, Resolver};

use self::connector::Connector;
use super::KeyProblem;
use crate::telemetry::{ExchangeLimit, ExchangeMetrics};

/// Sends requests one by one over pooled connections. Follows no redirects.
///
/// Dropping the future of a request closes its connection, or resets its stream where the connection is HTTP/2.
pub(crate) struct Client {
    pool: Pool<Connector, Full<Bytes>>,
    timeouts: Timeouts,
    /// Bytes of a response's body.
    response: usize,
    metrics: Arc<ExchangeMetrics>,
}

#[derive(Clone, Copy)]
struct Timeouts {
    first_byte: Duration,
    idle: Duration,
    total: Duration,
}

/// Connections that nothing is sent on are closed sooner than servers and what stands between usually close theirs.
const POOL_IDLE: Duration = Duration::from_secs(20);
/// How often a silent HTTP/2 connection is asked whether it is alive, and how long it has for the answer.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes that the head of a response may have.
const HEAD: usize = 64 << 10;

impl Client {
    /// Reads the certificates that the config names. `https` says whether they will be needed.
    pub(crate) fn new(
        config: &ClientConfig,
        https: bool,
        resolver: Resolver,
    ) -> Result<Client, Vec<KeyProblem>> {
        config.check()?;
        let tls = tls::config(&config.tls, https)?;
        let connector = Connector::new(config, tls, resolver);
        let mut builder = Pool::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .http1_max_buf_size(HEAD)
            .http2_max_header_list_size(HEAD as u32)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_only(config.version == HttpVersion::Http2);
        let TimeoutsConfig {
            first_byte,
            idle,
            total,
            ..
        } = config.timeouts;
        Ok(Client {
            pool: builder.build(connector),
            timeouts: Timeouts {
                first_byte: first_byte.0,
                idle: idle.0,
                total: total.0,
            },
            response: config.response.bytes(),
            metrics: Arc::default(),
        })
    }

    /// The limits that its exchanges met.
    pub(crate) fn metrics(&self) -> Arc<ExchangeMetrics> {
        Arc::clone(&self.metrics)
    }

    /// Sends a request and reads the whole response, whatever its status.
    pub(crate) fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Bytes>, Failure>> + Send {
        let authority = request.uri().authority().cloned();
        // Not inside: the future would keep room for the request, which is the pool's now.
        let head = self.pool.request(request);
        async move {
            let authority = authority.as_ref().map_or("", Authority::as_str);
            let end = Instant::now() + self.timeouts.total;
            let answer = self.within(ExchangeLimit::FirstByte, self.timeouts.first_byte, end);
            let head = answer.of(head).await?;
            let (head, body) = head
                .map_err(|error| self.failed(authority, &error))?
                .into_parts();
            let body = self.whole(body, authority, end).await?;
            Ok(Response::from_parts(head, body))
        }
    }

    fn failed(&self, authority: &str, error: &PoolError) -> Failure {
        if connector::was_too_slow(error) {
            self.metrics.met(ExchangeLimit::Connect);
        }
        Failure::request(authority, error)
    }

    /// The body of a response, which has come at `end`.
    async fn whole(
        &self,
        mut body: Incoming,
        authority: &str,
        end: Instant,
    ) -> Result<Bytes, Failure> {
        let mut pieces = Pieces::default();
        loop {
            let piece = self.within(ExchangeLimit::Idle, self.timeouts.idle, end);
            let Some(frame) = piece.of(body.frame()).await? else {
                return Ok(pieces.whole());
            };
            let frame = frame.map_err(|error| Failure::body(authority, &error))?;
            if let Ok(data) = frame.into_data() {
                if pieces.len + data.len() > self.response {
                    self.metrics.met(ExchangeLimit::Response);
                    return Err(Failure::TooLarge(self.response));
                }
                pieces.add(data);
            }
        }
    }

    /// The limit of a part of an exchange that begins now, or that of the whole where it is nearer: one timer for both.
    fn within(&self, part: ExchangeLimit, limit: Duration, end: Instant) -> Limit<'_> {
        let at = Instant::now() + limit;
        let (which, limit, at) = match at < end {
            true => (part, limit, at),
            false => (ExchangeLimit::Total, self.timeouts.total, end),
        };
        Limit {
            which,
            limit,
            at,
            metrics: &self.metrics,
        }
    }
}

/// When something has to be there.
struct Limit<'a> {
    which: ExchangeLimit,
    limit: Duration,
    at: Instant,
    metrics: &'a ExchangeMetrics,
}

impl Limit<'_> {
    async fn of<T>(self, part: impl Future<Output = T>) -> Result<T, Failure> {
        let part = timeout_at(self.at, part).await;
        part.map_err(|_| {
            self.metrics.met(self.which);
            let name = match self.which {
                ExchangeLimit::FirstByte => "first byte",
                ExchangeLimit::Idle => "idle",
                _ => "total",
            };
            Failure::late(name, self.limit)
        })
    }
}

/// The body so far. Most responses come in one piece, which is not copied.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    rest: Vec<u8>,
    len: usize,
}

impl Pieces {
    fn add(&mut self, data: Bytes) {
        self.len += data.len();
        if self.first.is_empty() {
            self.first = data;
        } else {
            if self.rest.is_empty() {
                self.rest.extend_from_slice(&self.first);
            }
            self.rest.extend_from_slice(&data);
        }
    }

    fn whole(self) -> Bytes {
        match self.rest.is_empty() {
            true => self.first,
            false => self.rest.into(),
        }
    }
}

#[cfg(test)]
mod tests;
