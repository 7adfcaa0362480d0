//! What a config says of an `http` binding.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Secret;
use super::super::auth::AuthConfig;
use super::super::client::{ClientConfig, HttpVersion, ResponseSize, TimeoutsConfig, TlsConfig};
use super::super::gate::{BreakerConfig, GateConfig};

/// Tasks answered by an HTTP endpoint: the input is sent by POST as JSON, and the result comes back as JSON.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Where the input goes. `{function}` and `{state}` in its path or query are the names in the definition; never
    /// anything of an event.
    pub url: String,
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// Credentials.
    #[serde(default)]
    pub auth: Option<AuthConfig>,
    /// Whether `arn:aws:states:::lambda:invoke` sends its `Payload` alone and gets the answer in the envelope of AWS;
    /// otherwise the input and the answer are taken as they are.
    #[serde(default = "yes")]
    pub envelope: bool,
    /// Calls under way at the same time. More of them wait.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// Calls begun in a second; default: as many as come. More of them wait.
    #[serde(default)]
    pub rate: Option<u32>,
    /// What happens when the endpoint is down.
    #[serde(default)]
    pub breaker: BreakerConfig,
    /// How long an exchange may take.
    #[serde(default)]
    pub timeouts: TimeoutsConfig,
    /// Bytes of an answer; a larger one is `States.DataLimitExceeded`.
    #[serde(default)]
    pub response: ResponseSize,
    /// Version of HTTP.
    #[serde(default)]
    pub version: HttpVersion,
    /// Certificates.
    #[serde(default)]
    pub tls: TlsConfig,
}

impl HttpConfig {
    pub(super) fn gate(&self) -> GateConfig {
        GateConfig {
            concurrency: self.concurrency,
            rate: self.rate,
            breaker: self.breaker.clone(),
        }
    }

    pub(super) fn client(&self, base: &std::path::Path) -> ClientConfig {
        ClientConfig {
            timeouts: self.timeouts,
            response: self.response,
            version: self.version,
            tls: self.tls.at(base),
        }
    }
}

fn yes() -> bool {
    true
}

fn concurrency() -> usize {
    GateConfig::default().concurrency
}
