//! The admin port as a config says it.

use std::fmt;
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `admin` section of a config.
#[derive(Clone, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct AdminConfig {
    /// Address and port; port 0 takes a free one. Loopback unless it is changed.
    pub listen: SocketAddr,
    /// Whether there is an admin port at all.
    pub enabled: bool,
    /// Who asks for more than `/healthz` and `/readyz` has to send `Authorization: Bearer …` with this word; nobody has to
    /// where it is empty.
    #[serde(skip_serializing)]
    pub token: String,
    /// Connections at the same time; more are closed at once.
    pub connections: usize,
}

impl Default for AdminConfig {
    fn default() -> AdminConfig {
        AdminConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            enabled: true,
            token: String::new(),
            connections: 64,
        }
    }
}

impl fmt::Debug for AdminConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminConfig")
            .field("listen", &self.listen)
            .field("enabled", &self.enabled)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
