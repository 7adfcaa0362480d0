//! Who we are to AWS: keys, found where AWS's own tools look for them, and renewed before they expire.

mod profile;
mod remote;

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tracing::warn;

use self::remote::Remote;

/// Reads the environment.
pub(super) type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where the keys come from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum CredentialsSource {
    /// The first of the others that has any, in their order.
    #[default]
    Auto,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    Environment,
    /// The files that AWS's command line writes.
    Profile,
    /// The container's endpoint, as ECS and EKS have it.
    Container,
    /// The instance's metadata, version 2.
    Instance,
    /// None: requests are not signed.
    None,
}

/// Keys that sign requests. Times are milliseconds since the epoch.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: Option<String>,
    /// When to look for newer ones.
    pub(super) renew: i64,
    /// When they are good no more.
    pub(super) expires: i64,
}

/// Finds keys and keeps them as long as they are good.
pub(super) struct Provider {
    source: CredentialsSource,
    profile: Option<String>,
    environment: Environment,
    remote: Remote,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    credentials: Option<Arc<Credentials>>,
    /// Why there are none, and until when nobody looks again.
    failure: Option<(String, i64)>,
}

/// How long before they expire keys are renewed.
const EARLY: i64 = 5 * 60_000;
/// How long keys from a file are used before it is read again.
const FILE_LIFE: i64 = 5 * 60_000;
/// How long a failed search is believed.
const FAILURE_LIFE: i64 = 5_000;

impl Provider {
    pub(super) fn new(
        source: CredentialsSource,
        profile: Option<String>,
        environment: Environment,
    ) -> Provider {
        Provider {
            source,
            profile,
            remote: Remote::new(),
            environment,
            last: Mutex::default(),
        }
    }

    /// Keys that are good at `now`; none where requests are not to be signed. One call looks for them while the others
    /// wait.
    pub(super) async fn get(&self, now: i64) -> Result<Option<Arc<Credentials>>, String> {
        if self.source == CredentialsSource::None {
            return Ok(None);
        }
        let mut last = self.last.lock().await;
        let good = last.credentials.clone().filter(|known| now < known.expires);
        if let Some(known) = &good
            && now < known.renew
        {
            return Ok(good);
        }
        if let Some((failure, until)) = &last.failure
            && now < *until
        {
            return good.map(Some).ok_or_else(|| failure.clone());
        }
        match self.find(now).await {
            Ok(found) => {
                let found = Arc::new(found);
                last.credentials = Some(Arc::clone(&found));
                last.failure = None;
                Ok(Some(found))
            }
            Err(error) => {
                warn!(error, "no credentials for AWS");
                last.failure = Some((error.clone(), now + FAILURE_LIFE));
                good.map(Some).ok_or(error)
            }
        }
    }

    async fn find(&self, now: i64) -> Result<Credentials, String> {
        use CredentialsSource::{Auto, Container, Environment, Instance, Profile};
        let sources = match self.source {
            Auto => [Environment, Profile, Container, Instance].as_slice(),
            ref one => std::slice::from_ref(one),
        };
        let mut problems = Vec::new();
        for source in sources {
            let found = match source {
                Environment => from_environment(&*self.environment),
                Profile => profile::read(self.profile.as_deref(), &*self.environment, now),
                Container => self.remote.container(&*self.environment).await,
                _ => self.remote.instance(&*self.environment).await,
            };
            match found {
                Ok(found) => return Ok(found),
                Err(problem) => problems.push(problem),
            }
        }
        Err(format!(
            "unable to load AWS credentials: {}",
            problems.join("; ")
        ))
    }
}

fn from_environment(environment: &dyn Fn(&str) -> Option<String>) -> Result<Credentials, String> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    match (
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
    ) {
        (Some(access_key_id), Some(secret_access_key)) => Ok(Credentials {
            access_key_id,
            secret_access_key,
            session_token: variable("AWS_SESSION_TOKEN"),
            renew: i64::MAX,
            expires: i64::MAX,
        }),
        _ => Err("the environment has no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_string()),
    }
}

/// What the endpoints of containers and instances answer.
fn from_json(text: &[u8]) -> Result<Credentials, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        access_key_id: String,
        secret_access_key: String,
        token: Option<String>,
        expiration: Option<String>,
    }
    // The text may hold a key: it is not told.
    let answer: Answer =
        serde_json::from_slice(text).map_err(|_| "the answer holds no credentials".to_string())?;
    let expires = match answer.expiration.map(|at| at.parse::<Timestamp>()) {
        None => i64::MAX,
        Some(Ok(at)) => at.as_millisecond(),
        Some(Err(_)) => {
            return Err("the answer does not say when its credentials expire".to_string());
        }
    };
    Ok(Credentials {
        access_key_id: answer.access_key_id,
        secret_access_key: answer.secret_access_key,
        session_token: answer.token,
        renew: expires.saturating_sub(EARLY),
        expires,
    })
}

#[cfg(test)]
mod tests;
