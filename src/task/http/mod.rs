//! Tasks answered by an HTTP endpoint.

mod answer;
mod config;
mod url;

use std::path::Path;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Uri};

use self::answer::Reading;
use self::url::UrlTemplate;
use super::auth::Credentials;
use super::client::{Client, Resolver};
use super::envelope;
use super::gate::Gate;
use super::header_value;
use super::{Answer, Call, Handler, Integration, KeyProblem, Pass, Site};
use crate::plan;
use crate::telemetry::{BreakerMetrics, ExchangeMetrics};

pub use config::HttpConfig;

/// An endpoint that answers tasks.
pub struct Http {
    url: UrlTemplate,
    envelope: bool,
    endpoint: Arc<Endpoint>,
}

/// What all Task states of a binding share.
struct Endpoint {
    client: Client,
    gate: Arc<Gate>,
    credentials: Credentials,
}

/// An endpoint bound to one Task state.
struct Bound(Arc<Function>);

/// What the calls of one Task state have in common.
struct Function {
    uri: Uri,
    reading: Reading,
    endpoint: Arc<Endpoint>,
}

/// The same for every attempt and every redelivery of the record.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const EXECUTION_ID: HeaderName = HeaderName::from_static("x-expressd-execution-id");
/// Room for ours, those of a config, and what the client adds.
const HEADERS: usize = 12;
/// From 0.
const ATTEMPT: HeaderName = HeaderName::from_static("x-expressd-attempt");

impl Http {
    /// Reads the files that the config names; relative paths start at `base`. Calls nothing.
    pub fn new(config: &HttpConfig, base: &Path) -> Result<Http, Vec<KeyProblem>> {
        let mut problems = config.gate().check();
        let url = UrlTemplate::new(&config.url);
        let url = url.map_err(|problem| problems.push(("url".to_string(), problem)));
        let https = url.as_ref().is_ok_and(UrlTemplate::is_https);
        let connecting = config.client(base);
        let client = Client::new(&connecting, https, Resolver::open());
        let client = client.map_err(|found| problems.extend(found));
        let credentials =
            Credentials::new(&config.headers, config.auth.as_ref(), &connecting, base);
        let credentials = credentials.map_err(|found| problems.extend(found));
        let (Ok(url), Ok(client), Ok(credentials), true) =
            (url, client, credentials, problems.is_empty())
        else {
            return Err(problems);
        };
        Ok(Http {
            endpoint: Arc::new(Endpoint {
                client,
                gate: Gate::new(&url.for_people(), &config.gate()),
                credentials,
            }),
            url,
            envelope: config.envelope,
        })
    }
}

impl Integration for Http {
    fn bind(&self, site: &Site<'_>) -> Option<Arc<dyn Handler>> {
        let function = Arc::new(Function {
            uri: self.url.of(site)?,
            reading: Reading {
                service: plan::service(site.resource).to_string(),
                envelope: self.envelope && site.is_lambda_invoke(),
            },
            endpoint: Arc::clone(&self.endpoint),
        });
        Some(Arc::new(Bound(function)))
    }
}

impl Handler for Bound {
    fn call(&self, call: Call<'_>) -> Answer {
        match self.0.endpoint.gate.enter(call.timeout) {
            Ok(pass) => self.begin(call, pass),
            Err(queue) => Answer::Queued(queue),
        }
    }

    fn begin(&self, call: Call<'_>, mut pass: Pass) -> Answer {
        let function = Arc::clone(&self.0);
        let request = function.request(&call);
        Answer::Later(Box::pin(async move {
            let Endpoint {
                client,
                credentials,
                ..
            } = &*function.endpoint;
            pass.begin();
            let exchange = credentials.send(client, request).await;
            pass.ended(function.reading.reply(exchange))
        }))
    }

    fn breaker(&self) -> Option<Arc<BreakerMetrics>> {
        Some(self.0.endpoint.gate.metrics())
    }

    fn exchanges(&self) -> Option<Arc<ExchangeMetrics>> {
        Some(self.0.endpoint.client.metrics())
    }
}

impl Function {
    fn request(&self, call: &Call<'_>) -> Request<Full<Bytes>> {
        let input = match self.reading.envelope {
            true => envelope::payload(call),
            false => call.input,
        };
        let mut body = Vec::with_capacity(call.arena.measure(input).bytes);
        call.arena.print(input, &mut body);
        let mut request = Request::post(self.uri.clone())
            .body(Full::from(body))
            .expect("the URI was checked when it was bound");
        let headers = request.headers_mut();
        headers.reserve(HEADERS);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let agent = concat!("expressd/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        headers.insert(IDEMPOTENCY_KEY, header_value(&call.idempotency_key()));
        headers.insert(EXECUTION_ID, header_value(call.execution_id));
        headers.insert(ATTEMPT, HeaderValue::from(call.attempt));
        self.endpoint.credentials.add_to(headers);
        request
    }
}

#[cfg(test)]
mod tests;
