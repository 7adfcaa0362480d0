//! Who we are to AWS: keys, found where AWS's own tools look for them, and renewed before they expire.

mod profile;
mod remote;
mod sts;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing::warn;

use self::profile::{Files, Way};
use self::remote::Remote;
use self::sts::{Role, Sts};

/// Reads the environment.
pub(super) type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where the keys come from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CredentialsSource {
    /// The first of the others that has any, in their order.
    #[default]
    Auto,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    Environment,
    /// The files that AWS's command line writes: keys, and roles that are taken with them.
    Profile,
    /// A role that is taken with the token in a file, as EKS gives them to service accounts: `AWS_ROLE_ARN`,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`.
    WebIdentity,
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
    /// Whose services are asked.
    region: String,
    environment: Environment,
    remote: Remote,
    last: Mutex<Last>,
    /// One call looks for newer keys.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
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
/// Roles that are taken one with the other.
const MOST_ROLES: usize = 5;

impl Provider {
    pub(super) fn new(
        source: CredentialsSource,
        profile: Option<String>,
        region: &str,
        environment: Environment,
    ) -> Provider {
        Provider {
            source,
            profile,
            region: region.to_string(),
            remote: Remote::new(),
            environment,
            last: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
        }
    }

    /// Keys that are good at `now`; none where requests are not to be signed. One call looks for newer ones; the others use
    /// those that are good still, and wait only where there are none.
    pub(super) async fn get(&self, now: i64) -> Result<Option<Arc<Credentials>>, String> {
        if self.source == CredentialsSource::None {
            return Ok(None);
        }
        let known = self.known(now);
        if let Known::Settled(answer) = known {
            return answer.map(Some);
        }
        let _looking = match (known, self.looking.try_lock()) {
            (_, Ok(looking)) => looking,
            (Known::Good(good), Err(_)) => return Ok(Some(good)),
            (_, Err(_)) => self.looking.lock().await,
        };
        let known = self.known(now);
        if let Known::Settled(answer) = known {
            return answer.map(Some);
        }
        let found = self.find(now).await.map(Arc::new);
        if let Err(error) = &found {
            warn!(error, "no credentials for AWS");
        }
        let mut last = self.last();
        match (found, known) {
            (Ok(found), _) => {
                last.credentials = Some(Arc::clone(&found));
                last.failure = None;
                Ok(Some(found))
            }
            (Err(error), known) => {
                last.failure = Some((error.clone(), now + FAILURE_LIFE));
                match known {
                    Known::Good(good) => Ok(Some(good)),
                    _ => Err(error),
                }
            }
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        // Each change of it is one of whole values.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known without looking.
    fn known(&self, now: i64) -> Known {
        let Last {
            credentials,
            failure,
        } = self.last().clone();
        let failure = failure.filter(|(_, until)| now < *until);
        match (credentials.filter(|known| now < known.expires), failure) {
            (Some(good), failure) if now < good.renew || failure.is_some() => {
                Known::Settled(Ok(good))
            }
            (Some(good), _) => Known::Good(good),
            (None, Some((why, _))) => Known::Settled(Err(why)),
            (None, None) => Known::Nothing,
        }
    }

    async fn find(&self, now: i64) -> Result<Credentials, String> {
        use CredentialsSource::{Auto, Container, Environment, Instance, Profile, WebIdentity};
        let sources = match self.source {
            Auto => [Environment, Profile, WebIdentity, Container, Instance].as_slice(),
            ref one => std::slice::from_ref(one),
        };
        let mut problems = Vec::new();
        for source in sources {
            let found = match source {
                Profile => self.of_profile(now).await,
                WebIdentity => self.of_web_identity().await,
                other => self.of_source(*other).await,
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

    async fn of_source(&self, source: CredentialsSource) -> Result<Credentials, String> {
        match source {
            CredentialsSource::Environment => from_environment(&*self.environment),
            CredentialsSource::Container => self.remote.container(&*self.environment).await,
            _ => self.remote.instance(&*self.environment).await,
        }
    }

    /// Down to keys, then up again by the roles that are taken with them.
    async fn of_profile(&self, now: i64) -> Result<Credentials, String> {
        let files = Files::read(&*self.environment);
        let mut name = profile::name(self.profile.as_deref(), &*self.environment);
        let mut own_keys = false;
        let mut roles = Vec::new();
        let mut keys = loop {
            match files.way(&name, own_keys, now)? {
                Way::Keys(keys) => break keys,
                Way::OfSource(role, source) => {
                    roles.push(role);
                    break self.of_source(source).await?;
                }
                Way::OfToken(role, file) => break self.of_token(&role, &file).await?,
                Way::OfProfile(role, profile) => {
                    roles.push(role);
                    own_keys = profile == name;
                    name = profile;
                }
            }
            if roles.len() > MOST_ROLES {
                return Err(format!(
                    "profiles of AWS take more than {MOST_ROLES} roles one after the other"
                ));
            }
        };
        for role in roles.iter().rev() {
            keys = self.sts().with_keys(role, &keys, now).await?;
        }
        Ok(keys)
    }

    async fn of_web_identity(&self) -> Result<Credentials, String> {
        let variable = |name: &str| (self.environment)(name).filter(|value| !value.is_empty());
        let (Some(role), Some(file)) = (
            variable("AWS_ROLE_ARN"),
            variable("AWS_WEB_IDENTITY_TOKEN_FILE"),
        ) else {
            return Err(
                "the environment has no AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE".to_string(),
            );
        };
        let role = Role::new(role, variable("AWS_ROLE_SESSION_NAME"));
        self.of_token(&role, Path::new(&file)).await
    }

    /// The token in the file changes from time to time.
    async fn of_token(&self, role: &Role, file: &Path) -> Result<Credentials, String> {
        let token = std::fs::read_to_string(file);
        let token = token.map_err(|error| format!("{}: {error}", file.display()))?;
        self.sts().with_token(role, &token).await
    }

    fn sts(&self) -> Sts<'_> {
        Sts {
            remote: &self.remote,
            region: &self.region,
            variables: &*self.environment,
        }
    }
}

/// What is known of keys.
enum Known {
    /// There is no need to look.
    Settled(Result<Arc<Credentials>, String>),
    /// These are good, but not for long.
    Good(Arc<Credentials>),
    Nothing,
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
