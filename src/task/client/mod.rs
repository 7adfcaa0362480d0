//! The HTTP client of the tasks that call out: pooled connections, TLS, bounds of time and size. Knows requests and
//! responses, not what they mean to a task.

mod config;
mod connector;
mod failure;
mod resolver;
mod tls;

use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout, timeout_at};

pub use config::{ClientConfig, HttpVersion, ResponseSize, TimeoutsConfig, TlsConfig};
pub(crate) use failure::Failure;
pub(crate) use resolver::{Addresses, Resolver};

use self::connector::Connector;
use super::KeyProblem;

/// Sends requests one by one over pooled connections. Follows no redirects.
///
/// Dropping the future of a request closes its connection, or resets its stream where the connection is HTTP/2.
pub(crate) struct Client {
    pool: Pool<Connector, Full<Bytes>>,
    timeouts: Timeouts,
    /// Bytes of a response's body.
    response: usize,
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
        })
    }

    /// Sends a request and reads the whole response, whatever its status.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Failure> {
        let authority = authority(request.uri());
        let deadline = Instant::now() + self.timeouts.total;
        let exchange = async {
            let answer = timeout(self.timeouts.first_byte, self.pool.request(request)).await;
            let answer =
                answer.map_err(|_| Failure::late("first byte", self.timeouts.first_byte))?;
            let (head, body) = answer
                .map_err(|error| Failure::request(&authority, &error))?
                .into_parts();
            let body = self.read(body, &authority).await?;
            Ok(Response::from_parts(head, body))
        };
        timeout_at(deadline, exchange)
            .await
            .unwrap_or_else(|_| Err(Failure::late("total", self.timeouts.total)))
    }

    async fn read(&self, mut body: Incoming, authority: &str) -> Result<Bytes, Failure> {
        let mut pieces = Pieces::default();
        loop {
            let frame = timeout(self.timeouts.idle, body.frame()).await;
            let Some(frame) = frame.map_err(|_| Failure::late("idle", self.timeouts.idle))? else {
                return Ok(pieces.whole());
            };
            let frame = frame.map_err(|error| Failure::body(authority, &error))?;
            if let Ok(data) = frame.into_data() {
                if pieces.len + data.len() > self.response {
                    return Err(Failure::TooLarge(self.response));
                }
                pieces.add(data);
            }
        }
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

/// Host and port, for messages.
fn authority(uri: &Uri) -> String {
    uri.authority().map(ToString::to_string).unwrap_or_default()
}
