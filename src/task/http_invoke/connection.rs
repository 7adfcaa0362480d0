//! What the config adds to requests: in AWS an EventBridge connection does.

use std::collections::BTreeMap;
use std::path::Path;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::{Request, Response};

use super::super::auth::Credentials;
use super::super::client::{Client, ClientConfig, Failure};
use super::super::secret::SecretSource;
use super::super::{Glob, KeyProblem, Secret};
use super::ConnectionConfig;

/// A connection that can be used.
pub(super) struct Connection {
    arn: Glob,
    headers: Credentials,
    query: Vec<(String, SecretSource)>,
    body: Vec<(String, SecretSource)>,
}

impl Connection {
    /// Reads all secrets; relative paths start at `base`. `client` is how the binding connects.
    pub(super) fn new(
        config: &ConnectionConfig,
        client: &ClientConfig,
        base: &Path,
    ) -> Result<Connection, Vec<KeyProblem>> {
        let mut problems = Vec::new();
        let headers = Credentials::new(&config.headers, config.auth.as_ref(), client, base);
        let headers = headers.map_err(|found| problems.extend(found));
        let mut open = |key: &str, secrets: &BTreeMap<String, Secret>| {
            let mut sources = Vec::new();
            for (name, secret) in secrets {
                match secret.open(base) {
                    Ok(source) => sources.push((name.clone(), source)),
                    Err(problem) => problems.push((format!("{key}/{name}"), problem)),
                }
            }
            sources
        };
        let (query, body) = (open("query", &config.query), open("body", &config.body));
        match headers {
            Ok(headers) if problems.is_empty() => Ok(Connection {
                arn: Glob::new(&config.arn),
                headers,
                query,
                body,
            }),
            _ => Err(problems),
        }
    }

    pub(super) fn answers(&self, arn: &str) -> bool {
        self.arn.matches(arn)
    }

    /// Sends a request of this connection.
    pub(super) async fn send(
        &self,
        client: &Client,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Failure> {
        self.headers.send(client, request).await
    }

    pub(super) fn add_headers(&self, headers: &mut HeaderMap) {
        self.headers.add_to(headers);
    }

    /// In place of parameters of the same names.
    pub(super) fn add_query(&self, query: &mut Vec<(String, String)>) {
        query.retain(|(name, _)| !self.query.iter().any(|(own, _)| own == name));
        for (name, word) in &self.query {
            query.push((name.clone(), word.word().to_string()));
        }
    }

    /// Members for a body that is an object.
    pub(super) fn add_members(&self, body: &mut serde_json::Value) {
        if let Some(members) = body.as_object_mut() {
            for (name, word) in &self.body {
                members.insert(name.clone(), (*word.word()).into());
            }
        }
    }

    pub(super) fn has_members(&self) -> bool {
        !self.body.is_empty()
    }
}
