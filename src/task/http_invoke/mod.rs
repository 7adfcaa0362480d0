//! `arn:aws:states:::http:invoke`: requests that the definition puts together, and what guards one's own networks from
//! them.

mod address;
mod answer;
mod config;
mod connection;
pub(super) mod form;
mod request;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Uri};
use serde_json::Value as Json;

use self::address::{Guard, Network};
use self::connection::Connection;
use super::client::{Addresses, Client, Failure, Resolver};
use super::function_error::{error, wrong_parameters};
use super::gate::{Gate, Health};
use super::header_value;
use super::{Answer, Call, Glob, Handler, Integration, KeyProblem, Pass, Site};
use crate::engine::TaskReply;
use crate::error_name;
use crate::telemetry::ExchangeMetrics;

pub use config::{ConnectionConfig, HttpInvokeConfig};

/// Answers HTTP Tasks.
pub struct HttpInvoke(Arc<Caller>);

struct Caller {
    client: Client,
    gate: Arc<Gate>,
    guard: Arc<Guard>,
    connections: Vec<Arc<Connection>>,
    hosts: Vec<Glob>,
    plain_http: bool,
}

impl HttpInvoke {
    /// Reads the files that the config names; relative paths start at `base`. Calls nothing.
    pub fn new(config: &HttpInvokeConfig, base: &Path) -> Result<HttpInvoke, Vec<KeyProblem>> {
        let mut problems = config.gate().check();
        let mut guard = Guard::default();
        for (index, network) in config.networks.iter().enumerate() {
            match network.parse::<Network>() {
                Ok(network) => guard.networks.push(network),
                Err(problem) => problems.push((format!("networks/{index}"), problem)),
            }
        }
        let guard = Arc::new(guard);
        let addresses: Arc<dyn Addresses> = Arc::clone(&guard) as Arc<dyn Addresses>;
        let connecting = config.client(base);
        let client = Client::new(&connecting, true, Resolver::guarded(addresses));
        let client = client.map_err(|found| problems.extend(found));
        let mut connections = Vec::new();
        for (index, connection) in config.connections.iter().enumerate() {
            match Connection::new(connection, &connecting, base) {
                Ok(connection) => connections.push(Arc::new(connection)),
                Err(found) => problems.extend(
                    found
                        .into_iter()
                        .map(|(key, problem)| (format!("connections/{index}/{key}"), problem)),
                ),
            }
        }
        let (Ok(client), true) = (client, problems.is_empty()) else {
            return Err(problems);
        };
        Ok(HttpInvoke(Arc::new(Caller {
            client,
            gate: Gate::new("http:invoke", &config.gate()),
            guard,
            connections,
            hosts: config.hosts.iter().map(|host| Glob::new(host)).collect(),
            plain_http: config.plain_http,
        })))
    }
}

impl Integration for HttpInvoke {
    fn bind(&self, site: &Site<'_>) -> Option<Arc<dyn Handler>> {
        let mine = site.resource.ends_with(":states:::http:invoke");
        mine.then(|| Arc::new(HttpInvoke(Arc::clone(&self.0))) as Arc<dyn Handler>)
    }
}

impl Handler for HttpInvoke {
    fn call(&self, call: Call<'_>) -> Answer {
        match self.0.request(&call) {
            // What cannot be sent need not queue.
            Err(reply) => Answer::Now(reply),
            Ok(request) => match self.0.gate.enter(call.timeout) {
                Ok(pass) => self.send(request, pass),
                Err(queue) => Answer::Queued(queue),
            },
        }
    }

    fn begin(&self, call: Call<'_>, pass: Pass) -> Answer {
        match self.0.request(&call) {
            Err(reply) => Answer::Now(reply),
            Ok(request) => self.send(request, pass),
        }
    }

    fn exchanges(&self) -> Option<Arc<ExchangeMetrics>> {
        Some(self.0.client.metrics())
    }
}

impl HttpInvoke {
    fn send(&self, request: Prepared, mut pass: Pass) -> Answer {
        let (caller, (request, connection)) = (Arc::clone(&self.0), request);
        Answer::Later(Box::pin(async move {
            pass.begin();
            let exchange = connection.send(&caller.client, request).await;
            pass.ended((answer::reply(exchange), Health::Up))
        }))
    }
}

/// A request and the connection that it uses.
type Prepared = (Request<Full<Bytes>>, Arc<Connection>);

impl Caller {
    fn request(&self, call: &Call<'_>) -> Result<Prepared, TaskReply> {
        let text = call.arena.to_json(call.input);
        // A body that is nested deeper than serde_json reads is not one that AWS takes.
        let input: Json =
            serde_json::from_str(&text).map_err(|_| wrong_parameters(&text, "RequestBody"))?;
        let arn = request::connection_arn(&input)
            .ok_or_else(|| wrong_parameters(&text, "Authentication"))?;
        let connection = self.connections.iter().find(|known| known.answers(arn));
        let connection = connection.ok_or_else(|| {
            let cause = format!("the config has no connection for {arn}");
            error(error_name::RUNTIME, cause)
        })?;
        let key = header_value(&call.idempotency_key());
        let request = request::request(&input, connection, key)
            .map_err(|field| wrong_parameters(&text, field))?;
        match self.may_call(request.uri()) {
            Ok(()) => Ok((request, Arc::clone(connection))),
            Err(Refusal::NoAddress) => Err(wrong_parameters(&text, "ApiEndpoint")),
            Err(Refusal::Forbidden(cause)) => Err(answer::reply(Err(Failure::Refused(cause)))),
        }
    }

    /// What can be said before the host's name is looked up. The resolver says the rest.
    fn may_call(&self, uri: &Uri) -> Result<(), Refusal> {
        let known = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => self.plain_http,
            _ => false,
        };
        let authority = uri.authority().ok_or(Refusal::NoAddress)?;
        let host = authority.host();
        if !known || authority.as_str().contains('@') || !is_host(host) {
            return Err(Refusal::NoAddress);
        }
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host);
        if !self.hosts.is_empty() && !self.hosts.iter().any(|pattern| pattern.matches(host)) {
            let cause = format!("{host} is not among the hosts that may be called");
            return Err(Refusal::Forbidden(cause));
        }
        // The connector asks no resolver about what is an address already.
        match host.parse::<IpAddr>() {
            Ok(address) if !self.guard.allow(address) => {
                let cause = format!("{host} is inside a network that must not be called");
                Err(Refusal::Forbidden(cause))
            }
            _ => Ok(()),
        }
    }
}

/// Why an address is not called.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// It is not one.
    NoAddress,
    /// The config does not allow it: in words.
    Forbidden(String),
}

/// A name of letters, digits, hyphens, underscores and dots, or an address of version 6 between brackets.
fn is_host(text: &str) -> bool {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !text.is_empty() && text.len() <= 253 && text.chars().all(allowed)
        }
    }
}

#[cfg(test)]
mod tests;
