//! Headers of requests that a config sets: who calls, and whatever else the endpoint wants to know.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::client::{Client, ClientConfig, Failure};
use super::oauth::{OauthConfig, Tokens};
use super::secret::SecretSource;
use super::{KeyProblem, Secret};

/// Credentials of requests.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthConfig {
    /// `Authorization: Bearer …`
    Bearer(Secret),
    /// `Authorization: Basic …`
    Basic(BasicConfig),
    /// A header of its own.
    ApiKey(ApiKeyConfig),
    /// `Authorization: Bearer …`, with tokens of OAuth 2.0 that are fetched with client credentials.
    Oauth(OauthConfig),
}

/// A name and its password.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct BasicConfig {
    pub username: String,
    pub password: Secret,
}

/// A key in a header.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyConfig {
    /// The header's name.
    #[serde(default = "api_key_header")]
    pub header: String,
    /// The key.
    pub value: Secret,
}

/// The headers of a config, whose words may change while we run.
pub(super) struct Credentials {
    headers: Vec<Header>,
    tokens: Option<Tokens>,
}

struct Header {
    name: HeaderName,
    scheme: Scheme,
    word: SecretSource,
}

enum Scheme {
    Plain,
    Bearer,
    Basic { username: String },
}

/// Headers that are ours or the connection's.
const RESERVED: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Credentials {
    /// Reads all words; a header is tried once, so that nothing is refused at the first event. `client` is how the binding
    /// connects.
    pub(super) fn new(
        fixed: &BTreeMap<String, Secret>,
        auth: Option<&AuthConfig>,
        client: &ClientConfig,
        base: &Path,
    ) -> Result<Credentials, Vec<KeyProblem>> {
        let (mut headers, mut tokens) = (Vec::new(), None);
        let mut problems = Vec::new();
        let mut add =
            |key: String, name: &str, scheme, word: Result<SecretSource, String>| match word
                .and_then(|word| Header::new(name, scheme, word))
            {
                Ok(header) => headers.push(header),
                Err(problem) => problems.push((key, problem)),
            };
        for (name, secret) in fixed {
            let key = format!("headers/{name}");
            add(key, name, Scheme::Plain, secret.open(base));
        }
        match auth {
            None => {}
            Some(AuthConfig::Bearer(token)) => {
                let (key, name) = ("auth/bearer".to_string(), AUTHORIZATION);
                add(key, name.as_str(), Scheme::Bearer, token.open(base));
            }
            Some(AuthConfig::Basic(BasicConfig { username, password })) => {
                let username = username.clone();
                let (key, name) = ("auth/basic".to_string(), AUTHORIZATION);
                let scheme = Scheme::Basic { username };
                add(key, name.as_str(), scheme, password.open(base));
            }
            Some(AuthConfig::ApiKey(ApiKeyConfig { header, value })) => {
                let key = "auth/api_key".to_string();
                add(key, header, Scheme::Plain, value.open(base));
            }
            Some(AuthConfig::Oauth(config)) => match Tokens::new(config, client, base) {
                Ok(found) => tokens = Some(found),
                Err(found) => problems.extend(
                    found
                        .into_iter()
                        .map(|(key, problem)| (format!("auth/oauth/{key}"), problem)),
                ),
            },
        }
        match problems.is_empty() {
            true => Ok(Credentials { headers, tokens }),
            false => Err(problems),
        }
    }

    /// Puts them into the head of a request.
    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        for header in &self.headers {
            // A word that was read again may have become none; the endpoint says what it misses.
            if let Some(value) = header.value() {
                headers.insert(header.name.clone(), value);
            }
        }
    }
}

impl Credentials {
    /// Sends a request that has them in its head, with a token where one is wanted.
    pub(super) fn send<'a>(
        &'a self,
        client: &'a Client,
        request: Request<Full<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, Failure>> + Send + 'a>> {
        match &self.tokens {
            None => Box::pin(client.send(request)),
            Some(tokens) => Box::pin(tokens.send(client, request)),
        }
    }
}

impl Header {
    fn new(name: &str, scheme: Scheme, word: SecretSource) -> Result<Header, String> {
        let lower = name.to_ascii_lowercase();
        if RESERVED.contains(&lower.as_str()) || lower.starts_with("x-expressd-") {
            return Err(format!("the header {name} is not for a config to set"));
        }
        let parsed = HeaderName::try_from(name);
        let name = parsed.map_err(|_| format!("\"{name}\" is not the name of a header"))?;
        let header = Header { name, scheme, word };
        match header.value() {
            Some(_) => Ok(header),
            None => Err("the value is not one that a header can have".to_string()),
        }
    }

    fn value(&self) -> Option<HeaderValue> {
        let word = self.word.word();
        let text = match &self.scheme {
            Scheme::Plain => word.to_string(),
            Scheme::Bearer => format!("Bearer {word}"),
            Scheme::Basic { username } => {
                let pair = format!("{username}:{word}");
                format!("Basic {}", BASE64_STANDARD.encode(pair))
            }
        };
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

fn api_key_header() -> String {
    "x-api-key".to_string()
}
