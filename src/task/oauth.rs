//! Tokens by OAuth 2.0's client credentials grant (RFC 6749, 4.4): fetched, kept while they are good, fetched anew when an
//! endpoint does not take one any more.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::warn;

use super::client::{Client, ClientConfig, Failure, Resolver, TimeoutsConfig};
use super::http_invoke::form;
use super::secret::SecretSource;
use super::{KeyProblem, Secret};
use crate::units::HumanDuration;

/// Where tokens come from and who asks for them.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OauthConfig {
    /// The token endpoint. It is asked by POST.
    pub token_url: String,
    /// Who we are there.
    pub client_id: String,
    /// Our password there.
    pub client_secret: Secret,
    /// How the two are sent.
    #[serde(default)]
    pub client_in: ClientIn,
    /// `scope` of the tokens.
    #[serde(default)]
    pub scope: Option<String>,
    /// Further members of the form, for instance `audience`.
    #[serde(default)]
    pub parameters: BTreeMap<String, Secret>,
}

/// Where a token endpoint looks for the client's name and password.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ClientIn {
    /// In the `Authorization` header, by the basic scheme.
    #[default]
    Header,
    /// In the form, as `client_id` and `client_secret`.
    Body,
}

/// The tokens of one client.
pub(super) struct Tokens {
    uri: Uri,
    client: Client,
    client_id: String,
    secret: SecretSource,
    client_in: ClientIn,
    form: Vec<(String, SecretSource)>,
    last: Mutex<Last>,
    /// One call asks; the others wait for what it gets.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Last {
    token: Option<Token>,
    /// When one was replaced because it was refused.
    replaced: Option<Instant>,
    /// Why there is none, and until when nobody asks again.
    failure: Option<(Failure, Instant)>,
}

struct Token {
    /// `Bearer …`
    header: HeaderValue,
    /// When it is replaced; one whose life is not told is good until it is refused.
    renew: Option<Instant>,
}

/// How long before its end a token is replaced, at most: a tenth of its life where that is less.
const EARLY: Duration = Duration::from_secs(60);
/// How long a refusal is believed.
const FAILURE_LIFE: Duration = Duration::from_secs(2);
/// How often tokens are replaced because they are refused, at most.
const REFUSAL_PAUSE: Duration = Duration::from_secs(5);
/// The longest life that is believed, in seconds.
const LONGEST: u64 = 86_400;

impl Tokens {
    /// Reads the secrets; relative paths start at `base`. Asks nobody. `binding` says whom its connections trust.
    pub(super) fn new(
        config: &OauthConfig,
        binding: &ClientConfig,
        base: &Path,
    ) -> Result<Tokens, Vec<KeyProblem>> {
        let mut problems = Vec::new();
        let uri = config.token_url.parse::<Uri>().ok();
        let uri = uri.filter(|uri| {
            let known = matches!(uri.scheme_str(), Some("http" | "https"));
            known
                && uri
                    .authority()
                    .is_some_and(|host| !host.as_str().contains('@'))
        });
        if uri.is_none() {
            let problem = "is not a URL of http or https without credentials".to_string();
            problems.push(("token_url".to_string(), problem));
        }
        let mut open = |key: String, secret: &Secret| {
            let opened = secret.open(base);
            opened.map_err(|problem| problems.push((key, problem))).ok()
        };
        let secret = open("client_secret".to_string(), &config.client_secret);
        let mut form = Vec::new();
        let scope = config.scope.clone().map(Secret::Text);
        let scope = scope.as_ref().map(|scope| ("scope", scope));
        let more = config
            .parameters
            .iter()
            .map(|(name, secret)| (name.as_str(), secret));
        for (name, secret) in more.chain(scope) {
            let source = open(format!("parameters/{name}"), secret);
            form.extend(source.map(|source| (name.to_string(), source)));
        }
        let https = config.token_url.starts_with("https:");
        let client = Client::new(&client_config(binding), https, Resolver::open());
        let client = client.map_err(|found| problems.extend(found));
        match (uri, secret, client, problems.is_empty()) {
            (Some(uri), Some(secret), Ok(client), true) => Ok(Tokens {
                uri,
                client,
                client_id: config.client_id.clone(),
                secret,
                client_in: config.client_in,
                form,
                last: Mutex::default(),
                asking: tokio::sync::Mutex::default(),
            }),
            _ => Err(problems),
        }
    }

    /// Sends a request with a token. A token that is refused is replaced, once.
    pub(super) async fn send(
        &self,
        client: &Client,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Failure> {
        let mut again = request.clone();
        let token = self.get(None).await?;
        request.headers_mut().insert(AUTHORIZATION, token.clone());
        let response = client.send(request).await?;
        if response.status() != StatusCode::UNAUTHORIZED || !self.may_replace(&token) {
            return Ok(response);
        }
        let token = self.get(Some(&token)).await?;
        again.headers_mut().insert(AUTHORIZATION, token);
        client.send(again).await
    }

    /// Whether it helps to look for another token than the one that was refused: an endpoint that refuses all of them must
    /// not make each call ask for one.
    fn may_replace(&self, refused: &HeaderValue) -> bool {
        let mut last = self.last();
        if last
            .token
            .as_ref()
            .is_none_or(|token| token.header != *refused)
        {
            return true;
        }
        let now = Instant::now();
        let too_often = last.replaced.is_some_and(|at| now < at + REFUSAL_PAUSE);
        if !too_often {
            last.replaced = Some(now);
        }
        !too_often
    }

    /// A token that is good as far as is known, and not the one that was refused.
    async fn get(&self, refused: Option<&HeaderValue>) -> Result<HeaderValue, Failure> {
        if let Some(known) = self.known(refused) {
            return known;
        }
        let _asking = self.asking.lock().await;
        if let Some(known) = self.known(refused) {
            return known;
        }
        let asked = self.ask().await;
        if let Err(failure) = &asked {
            warn!(?failure, "no token of OAuth");
        }
        let mut last = self.last();
        match asked {
            Ok(token) => {
                let header = token.header.clone();
                last.token = Some(token);
                last.failure = None;
                Ok(header)
            }
            Err(failure) => {
                last.failure = Some((failure.clone(), Instant::now() + FAILURE_LIFE));
                Err(failure)
            }
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        // Each change of it is one of whole values.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, refused: Option<&HeaderValue>) -> Option<Result<HeaderValue, Failure>> {
        let last = self.last();
        let now = Instant::now();
        let good = |token: &&Token| {
            token.renew.is_none_or(|renew| now < renew) && refused != Some(&token.header)
        };
        if let Some(token) = last.token.as_ref().filter(good) {
            return Some(Ok(token.header.clone()));
        }
        let failure = last.failure.as_ref();
        let (failure, _) = failure.filter(|(_, until)| now < *until)?;
        Some(Err(failure.clone()))
    }

    async fn ask(&self) -> Result<Token, Failure> {
        let mut members = vec![("grant_type".to_string(), "client_credentials".to_string())];
        let words = self
            .form
            .iter()
            .map(|(name, word)| (name.clone(), word.word().to_string()));
        members.extend(words);
        let (id, secret) = (&self.client_id, self.secret.word());
        let mut request = Request::post(self.uri.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match self.client_in {
            ClientIn::Body => members.extend([
                ("client_id".to_string(), id.clone()),
                ("client_secret".to_string(), secret.to_string()),
            ]),
            ClientIn::Header => {
                let pair = format!("{}:{}", form::encoded(id), form::encoded(&secret));
                let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
                request = request.header(AUTHORIZATION, basic);
            }
        }
        let request = request.body(Full::from(form::query(&members)));
        let request = request.map_err(|_| self.failed("cannot be asked"))?;
        let asked = Instant::now();
        let response = self.client.send(request).await?;
        let status = response.status();
        if !status.is_success() {
            #[derive(Deserialize)]
            struct Refusal {
                error: String,
            }
            // A description might repeat what was sent: it is not told.
            let refusal = serde_json::from_slice::<Refusal>(response.body());
            let why =
                refusal.map_or_else(|_| String::new(), |refusal| format!(": {}", refusal.error));
            return Err(self.failed(&format!("answered {status}{why}")));
        }
        self.token(response.body(), asked)
            .ok_or_else(|| self.failed("answered no token of the bearer type"))
    }

    fn token(&self, answer: &Bytes, asked: Instant) -> Option<Token> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            token_type: Option<String>,
            expires_in: Option<f64>,
        }
        let answer: Answer = serde_json::from_slice(answer).ok()?;
        let bearer = answer
            .token_type
            .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        let header = HeaderValue::try_from(format!("Bearer {}", answer.access_token));
        let mut header = header.ok().filter(|_| bearer)?;
        header.set_sensitive(true);
        let life = answer.expires_in.map(|seconds| {
            let life = Duration::from_secs((seconds.max(0.0) as u64).min(LONGEST));
            life - (life / 10).min(EARLY)
        });
        Some(Token {
            header,
            renew: life.map(|life| asked + life),
        })
    }

    fn failed(&self, what: &str) -> Failure {
        let host = self.uri.authority().map_or("", |host| host.as_str());
        Failure::Connection(format!("the token endpoint {host} {what}"))
    }
}

fn client_config(binding: &ClientConfig) -> ClientConfig {
    ClientConfig {
        timeouts: TimeoutsConfig {
            connect: HumanDuration::from_secs(5),
            first_byte: HumanDuration::from_secs(10),
            idle: HumanDuration::from_secs(5),
            total: HumanDuration::from_secs(15),
        },
        tls: binding.tls.clone(),
        ..ClientConfig::default()
    }
}

#[cfg(test)]
mod tests;
