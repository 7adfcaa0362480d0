//! Names and ids of executions, the same for every delivery of a record.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::expr::ExecutionInfo;

/// Longest `$$.Execution.Name` that AWS allows.
const NAME_LENGTH: usize = 80;
/// What is kept of the front of a name that is too long.
const KEPT: usize = 47;

/// The `identity` section of a config: who executions say they are.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityConfig {
    /// Region in ARNs.
    pub region: String,
    /// Account in ARNs, twelve digits.
    pub account: String,
    /// Role in `$$.Execution.RoleArn`.
    pub role: String,
    /// Stands before every execution's name; to be changed when a topic is deleted and made again, because its offsets
    /// and with them the ids would repeat.
    pub namespace: String,
    /// Mixed into the seed of `States.UUID` and `States.MathRandom`; without it their values can be predicted from a
    /// record's coordinates.
    pub secret: Option<String>,
    /// `$$.Execution.StartTime`: `wall` is now, `record` the record's timestamp, the same for every delivery.
    pub start_time: StartTime,
}

/// Where `$$.Execution.StartTime` comes from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum StartTime {
    /// Our own clock.
    #[default]
    Wall,
    /// The record's timestamp, where it has one.
    Record,
}

impl Default for IdentityConfig {
    fn default() -> IdentityConfig {
        IdentityConfig {
            region: "us-east-1".to_string(),
            account: "000000000000".to_string(),
            role: "expressd".to_string(),
            namespace: String::new(),
            secret: None,
            start_time: StartTime::Wall,
        }
    }
}

/// Makes the names of one pipeline's executions.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    config: IdentityConfig,
    pipeline: String,
}

impl Naming {
    pub(super) fn new(config: &IdentityConfig, pipeline: &str) -> Naming {
        Naming {
            config: config.clone(),
            pipeline: pipeline.to_string(),
        }
    }

    pub(super) fn pipeline(&self) -> &str {
        &self.pipeline
    }

    pub(super) fn start_time(&self) -> StartTime {
        self.config.start_time
    }

    /// What is the same for all executions.
    pub(super) fn info(&self) -> ExecutionInfo {
        let IdentityConfig {
            region,
            account,
            role,
            ..
        } = &self.config;
        let pipeline = &self.pipeline;
        ExecutionInfo {
            role_arn: format!("arn:aws:iam::{account}:role/{role}"),
            redrive_count: Some(0),
            state_machine_id: format!("arn:aws:states:{region}:{account}:stateMachine:{pipeline}"),
            state_machine_name: pipeline.clone(),
            ..ExecutionInfo::default()
        }
    }

    /// `{pipeline}/{name}`, with the namespace before the name where there is one.
    pub(super) fn write_id(&self, name: &str, id: &mut String) {
        id.clear();
        id.push_str(&self.pipeline);
        id.push('/');
        if !self.config.namespace.is_empty() {
            id.push_str(&self.config.namespace);
            id.push('-');
        }
        id.push_str(name);
    }

    /// `$$.Execution.Name` and `$$.Execution.Id` of the execution with this id.
    pub(super) fn write_info(&self, id: &str, info: &mut ExecutionInfo) {
        let name = &id[self.pipeline.len() + 1..];
        info.name.clear();
        write_name(name, &mut info.name);
        info.id.clear();
        let uuid = Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes());
        let IdentityConfig {
            region, account, ..
        } = &self.config;
        write!(
            info.id,
            "arn:aws:states:{region}:{account}:express:{}:{}:{uuid}",
            self.pipeline, info.name
        )
        .expect("a String takes everything");
    }

    /// Seed of the execution's random numbers.
    pub(super) fn seed(&self, id: &str) -> u64 {
        let secret = self.config.secret.as_deref().unwrap_or_default();
        // The length keeps (secret, id) pairs apart that would read the same one after the other.
        let digest = Sha256::new()
            .chain_update((secret.len() as u64).to_le_bytes())
            .chain_update(secret)
            .chain_update(id)
            .finalize();
        let first = digest.first_chunk().expect("a SHA-256 has 32 bytes");
        u64::from_le_bytes(*first)
    }
}

/// A name of `{topic}-{partition}-{offset}` that is too long for AWS loses the end of its topic for a hash of it.
fn write_name(name: &str, out: &mut String) {
    if name.chars().count() <= NAME_LENGTH {
        out.push_str(name);
        return;
    }
    let coordinates = name
        .rmatch_indices('-')
        .nth(1)
        .map_or(name.len(), |(at, _)| at);
    let (topic, coordinates) = name.split_at(coordinates);
    out.extend(topic.chars().take(KEPT));
    out.push('-');
    for byte in &Sha256::digest(topic)[..4] {
        write!(out, "{byte:02x}").expect("a String takes everything");
    }
    out.extend(coordinates.chars().take(NAME_LENGTH - KEPT - 9));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming(namespace: &str, secret: Option<&str>) -> Naming {
        let config = IdentityConfig {
            namespace: namespace.to_string(),
            secret: secret.map(str::to_string),
            ..IdentityConfig::default()
        };
        Naming::new(&config, "orders")
    }

    fn names(naming: &Naming, name: &str) -> (String, ExecutionInfo) {
        let (mut id, mut info) = (String::new(), naming.info());
        naming.write_id(name, &mut id);
        naming.write_info(&id, &mut info);
        (id, info)
    }

    #[test]
    fn ids_follow_from_the_coordinates() {
        let (id, info) = names(&naming("", None), "eu-orders-3-1047");
        assert_eq!(id, "orders/eu-orders-3-1047");
        assert_eq!(info.name, "eu-orders-3-1047");
        assert_eq!(
            info.id,
            "arn:aws:states:us-east-1:000000000000:express:orders:eu-orders-3-1047:\
             f62bce22-8268-5f4d-ade6-5577058b0aaa"
        );
        assert_eq!(
            info.state_machine_id,
            "arn:aws:states:us-east-1:000000000000:stateMachine:orders"
        );
        let (id, info) = names(&naming("v2", None), "eu-orders-3-1047");
        assert_eq!(id, "orders/v2-eu-orders-3-1047");
        assert_eq!(info.name, "v2-eu-orders-3-1047");
    }

    #[test]
    fn long_names_keep_their_coordinates() {
        let naming = naming("", None);
        let (_, kept) = names(&naming, &format!("{}-3-1047", "t".repeat(73)));
        assert_eq!(kept.name.len(), 80);
        assert!(kept.name.ends_with("ttt-3-1047"));
        let (_, cut) = names(&naming, &format!("{}-31-1047", "t".repeat(73)));
        assert!(cut.name.starts_with(&format!("{}-", "t".repeat(47))));
        assert!(cut.name.ends_with("-31-1047"));
        assert_eq!(cut.name.len(), 47 + 1 + 8 + "-31-1047".len());
    }

    #[test]
    fn the_seed_depends_on_id_and_secret() {
        let (none, a, b) = (
            naming("", None),
            naming("", Some("a")),
            naming("", Some("b")),
        );
        assert_eq!(a.seed("x"), a.seed("x"));
        let seeds = [none.seed("x"), a.seed("x"), b.seed("x"), a.seed("y")];
        for (index, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..index].contains(seed));
        }
    }
}
