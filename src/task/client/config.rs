//! How a client connects, and how long and how large an exchange may be.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::KeyProblem;
use crate::units::ByteSize;
use crate::units::HumanDuration;

/// Connections of a binding that calls out over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientConfig {
    /// How long an exchange may take.
    pub timeouts: TimeoutsConfig,
    /// Bytes of a response's body; a larger one is `States.DataLimitExceeded`.
    pub response: ResponseSize,
    /// Version of HTTP.
    pub version: HttpVersion,
    /// Certificates.
    pub tls: TlsConfig,
}

/// How long the parts of an exchange may take.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct TimeoutsConfig {
    /// Until there is a connection, with name lookup and TLS handshake.
    pub connect: HumanDuration,
    /// From the beginning until the head of the response is there.
    pub first_byte: HumanDuration,
    /// Between two pieces of the response's body.
    pub idle: HumanDuration,
    /// The whole exchange.
    pub total: HumanDuration,
}

/// The version of HTTP that is spoken.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum HttpVersion {
    /// What the server prefers, over TLS; HTTP/1.1 otherwise.
    #[default]
    Auto,
    /// HTTP/1.1
    Http1,
    /// HTTP/2, also without TLS.
    Http2,
}

/// Whom a client trusts and who it says it is.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// Whether the certificate authorities of the system are trusted.
    pub system_roots: bool,
    /// PEM file with further certificate authorities.
    pub ca: Option<PathBuf>,
    /// PEM file with the client's certificate and those between it and its authority.
    pub certificate: Option<PathBuf>,
    /// PEM file with the key of `certificate`.
    pub key: Option<PathBuf>,
}

/// The size a response may have.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(transparent)]
pub struct ResponseSize(pub ByteSize);

const MAX_RESPONSE: ByteSize = ByteSize::mib(16);

impl ClientConfig {
    /// Everything that is out of bounds.
    pub(super) fn check(&self) -> Result<(), Vec<KeyProblem>> {
        let TimeoutsConfig {
            connect,
            first_byte,
            idle,
            total,
        } = self.timeouts;
        let mut problems = Vec::new();
        let timeouts = [
            ("connect", connect),
            ("first_byte", first_byte),
            ("idle", idle),
            ("total", total),
        ];
        for (name, timeout) in timeouts {
            if timeout.0.is_zero() {
                let message = "must be longer than nothing".to_string();
                problems.push((format!("timeouts/{name}"), message));
            }
        }
        if self.response.0.0 == 0 || self.response.0 > MAX_RESPONSE {
            let message = format!("must be between 1B and {MAX_RESPONSE}");
            problems.push(("response".to_string(), message));
        }
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            let message = "certificate and key need each other".to_string();
            problems.push(("tls".to_string(), message));
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(problems),
        }
    }
}

impl TlsConfig {
    /// The same with paths that start at `base`.
    pub(crate) fn at(&self, base: &Path) -> TlsConfig {
        let at = |path: &Option<PathBuf>| path.as_ref().map(|path| base.join(path));
        TlsConfig {
            system_roots: self.system_roots,
            ca: at(&self.ca),
            certificate: at(&self.certificate),
            key: at(&self.key),
        }
    }
}

impl ResponseSize {
    pub(super) fn bytes(self) -> usize {
        self.0.bytes()
    }
}

impl Default for TimeoutsConfig {
    fn default() -> TimeoutsConfig {
        TimeoutsConfig {
            connect: HumanDuration::from_secs(5),
            first_byte: HumanDuration::from_secs(60),
            idle: HumanDuration::from_secs(30),
            total: HumanDuration::from_secs(300),
        }
    }
}

impl Default for ResponseSize {
    fn default() -> ResponseSize {
        ResponseSize(ByteSize::mib(1))
    }
}

impl Default for TlsConfig {
    fn default() -> TlsConfig {
        TlsConfig {
            system_roots: true,
            ca: None,
            certificate: None,
            key: None,
        }
    }
}
