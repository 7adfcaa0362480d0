//! What a config says of a `lambda` binding.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::client::{ClientConfig, HttpVersion, ResponseSize, TimeoutsConfig, TlsConfig};
use super::super::gate::{BreakerConfig, GateConfig};
use super::CredentialsSource;
use crate::units::ByteSize;
use crate::units::HumanDuration;

/// Tasks answered by Lambda functions, or by whatever speaks Lambda's Invoke API.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LambdaConfig {
    /// Address of the API; default: AWS's own in the region.
    pub endpoint: Option<String>,
    /// Region that is called and signed for; default: that of the function's ARN, else `AWS_REGION`,
    /// `AWS_DEFAULT_REGION`, else us-east-1.
    pub region: Option<String>,
    /// Where the keys come from that sign requests.
    pub credentials: CredentialsSource,
    /// Profile in AWS's files; default: `AWS_PROFILE`, else default.
    pub profile: Option<String>,
    /// Calls under way at the same time. More of them wait.
    pub concurrency: usize,
    /// Calls begun in a second; default: as many as come. More of them wait.
    pub rate: Option<u32>,
    /// What happens when the API is down.
    pub breaker: BreakerConfig,
    /// How long an exchange may take. The head of a response comes when the function has ended.
    pub timeouts: TimeoutsConfig,
    /// Bytes of an answer; a larger one is `States.DataLimitExceeded`.
    pub response: ResponseSize,
    /// Version of HTTP.
    pub version: HttpVersion,
    /// Certificates.
    pub tls: TlsConfig,
}

impl LambdaConfig {
    pub(super) fn gate(&self) -> GateConfig {
        GateConfig {
            concurrency: self.concurrency,
            rate: self.rate,
            breaker: self.breaker.clone(),
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

impl Default for LambdaConfig {
    fn default() -> LambdaConfig {
        let GateConfig {
            concurrency,
            rate,
            breaker,
        } = GateConfig::default();
        LambdaConfig {
            endpoint: None,
            region: None,
            credentials: CredentialsSource::Auto,
            profile: None,
            concurrency,
            rate,
            breaker,
            timeouts: TimeoutsConfig {
                first_byte: HumanDuration::from_secs(300),
                ..TimeoutsConfig::default()
            },
            response: ResponseSize(ByteSize::mib(1)),
            version: HttpVersion::Auto,
            tls: TlsConfig::default(),
        }
    }
}
