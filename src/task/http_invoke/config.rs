//! What a config says of an `http_invoke` binding.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Secret;
use super::super::auth::AuthConfig;
use super::super::client::{ClientConfig, HttpVersion, ResponseSize, TimeoutsConfig, TlsConfig};
use super::super::gate::{BreakerAction, BreakerConfig, GateConfig};
use crate::units::HumanDuration;

/// Answers `arn:aws:states:::http:invoke`: HTTP requests that the definition, and so perhaps an event, puts together.
/// Addresses inside one's own networks are refused unless `networks` allows them.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpInvokeConfig {
    /// What stands for EventBridge's connections, by pattern over `ConnectionArn`; the first that matches counts.
    pub connections: Vec<ConnectionConfig>,
    /// Patterns over the hosts that may be called; default: all.
    pub hosts: Vec<String>,
    /// Networks that may be called although they are not the internet: `10.1.0.0/16`.
    pub networks: Vec<String>,
    /// Whether `http:` may be called beside `https:`.
    pub plain_http: bool,
    /// Calls under way at the same time. More of them wait.
    pub concurrency: usize,
    /// Calls begun in a second; default: as many as come. More of them wait.
    pub rate: Option<u32>,
    /// How long an exchange may take.
    pub timeouts: TimeoutsConfig,
    /// Bytes of an answer; a larger one is `States.DataLimitExceeded`.
    pub response: ResponseSize,
    /// Version of HTTP.
    pub version: HttpVersion,
    /// Certificates.
    pub tls: TlsConfig,
}

/// What is added to the requests of a connection. It wins over what the definition says.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionConfig {
    /// Pattern over `ConnectionArn`.
    pub arn: String,
    /// Credentials.
    #[serde(default)]
    pub auth: Option<AuthConfig>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// Query parameters.
    #[serde(default)]
    pub query: BTreeMap<String, Secret>,
    /// Members of the body, where it is an object.
    #[serde(default)]
    pub body: BTreeMap<String, Secret>,
}

impl HttpInvokeConfig {
    /// Without a breaker: the endpoints are many, and one that is down says nothing about the others.
    pub(super) fn gate(&self) -> GateConfig {
        GateConfig {
            concurrency: self.concurrency,
            rate: self.rate,
            breaker: BreakerConfig {
                action: BreakerAction::Off,
                ..BreakerConfig::default()
            },
        }
    }

    pub(super) fn client(&self, base: &Path) -> ClientConfig {
        ClientConfig {
            timeouts: self.timeouts,
            response: self.response,
            version: self.version,
            tls: self.tls.at(base),
        }
    }
}

impl Default for HttpInvokeConfig {
    fn default() -> HttpInvokeConfig {
        HttpInvokeConfig {
            connections: Vec::new(),
            hosts: Vec::new(),
            networks: Vec::new(),
            plain_http: false,
            concurrency: GateConfig::default().concurrency,
            rate: None,
            // AWS gives an HTTP Task 60 seconds.
            timeouts: TimeoutsConfig {
                total: HumanDuration::from_secs(60),
                ..TimeoutsConfig::default()
            },
            response: ResponseSize::default(),
            version: HttpVersion::Auto,
            tls: TlsConfig::default(),
        }
    }
}
