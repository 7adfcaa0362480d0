//! The files `~/.aws/credentials` and `~/.aws/config`. Profiles that get their keys by single sign-on or from a process are
//! not followed.

use std::collections::HashMap;
use std::path::PathBuf;

use super::sts::Role;
use super::{Credentials, CredentialsSource, FILE_LIFE};

/// What the files say.
pub(super) struct Files {
    /// In the order in which they count: settings by profile.
    files: Vec<HashMap<String, Settings>>,
}

type Settings = HashMap<String, String>;
type Variables<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

/// How a profile comes to its keys.
pub(super) enum Way {
    /// It has them.
    Keys(Credentials),
    /// By taking a role with the keys of another profile.
    OfProfile(Role, String),
    /// By taking a role with keys from elsewhere.
    OfSource(Role, CredentialsSource),
    /// By taking a role with the token in a file.
    OfToken(Role, PathBuf),
}

/// The profile that counts: `name`, else `AWS_PROFILE`, else `default`.
pub(super) fn name(name: Option<&str>, variables: Variables<'_>) -> String {
    let named = name.map(str::to_string);
    let named = named.or_else(|| variables("AWS_PROFILE").filter(|value| !value.is_empty()));
    named.unwrap_or_else(|| "default".to_string())
}

impl Files {
    pub(super) fn read(variables: Variables<'_>) -> Files {
        let variable = |name: &str| variables(name).filter(|value| !value.is_empty());
        let path = |variable_name: &str, file: &str| {
            let at_home = || Some(PathBuf::from(variable("HOME")?).join(".aws").join(file));
            variable(variable_name).map(PathBuf::from).or_else(at_home)
        };
        let places = [
            (path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ""),
            // In this file profiles have a prefix, except the default one.
            (path("AWS_CONFIG_FILE", "config"), "profile "),
        ];
        let read = |(path, prefix): (Option<PathBuf>, &str)| {
            let text = path.and_then(|path| std::fs::read_to_string(path).ok());
            profiles(&text.unwrap_or_default(), prefix)
        };
        Files {
            files: places.into_iter().map(read).collect(),
        }
    }

    /// How this profile comes to its keys. With `own_keys` only keys in the file count: a role may be taken with the keys
    /// of its own profile.
    pub(super) fn way(&self, name: &str, own_keys: bool, now: i64) -> Result<Way, String> {
        let setting = |key: &str| {
            let mut found = self
                .files
                .iter()
                .filter_map(|file| file.get(name)?.get(key));
            found.next().cloned()
        };
        let role = setting("role_arn").filter(|_| !own_keys);
        let Some(arn) = role else {
            let keys = self
                .files
                .iter()
                .find_map(|file| keys(file.get(name)?, now));
            return keys
                .map(Way::Keys)
                .ok_or_else(|| format!("no file of AWS has keys for the profile \"{name}\""));
        };
        if setting("mfa_serial").is_some() {
            return Err(format!("the profile \"{name}\" asks for a second factor"));
        }
        let mut role = Role::new(arn, setting("role_session_name"));
        role.external_id = setting("external_id");
        role.duration = setting("duration_seconds");
        if let Some(file) = setting("web_identity_token_file") {
            return Ok(Way::OfToken(role, file.into()));
        }
        if let Some(profile) = setting("source_profile") {
            return Ok(Way::OfProfile(role, profile));
        }
        let source = match setting("credential_source").as_deref() {
            Some("Environment") => CredentialsSource::Environment,
            Some("EcsContainer") => CredentialsSource::Container,
            Some("Ec2InstanceMetadata") => CredentialsSource::Instance,
            _ => {
                return Err(format!(
                    "the profile \"{name}\" has a role, but no source of keys to take it with"
                ));
            }
        };
        Ok(Way::OfSource(role, source))
    }
}

fn keys(settings: &Settings, now: i64) -> Option<Credentials> {
    let setting = |key: &str| settings.get(key).cloned();
    Some(Credentials {
        access_key_id: setting("aws_access_key_id")?,
        secret_access_key: setting("aws_secret_access_key")?,
        session_token: setting("aws_session_token"),
        renew: now.saturating_add(FILE_LIFE),
        expires: i64::MAX,
    })
}

fn profiles(text: &str, prefix: &str) -> HashMap<String, Settings> {
    let mut profiles: HashMap<String, Settings> = HashMap::new();
    let mut inside = None;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.strip_suffix(']').unwrap_or_default().trim();
            let name = match header {
                "default" => Some(header),
                header => header.strip_prefix(prefix).map(str::trim),
            };
            inside = name.map(str::to_string);
        } else if let Some(profile) = &inside
            && !line.starts_with(['#', ';'])
            && let Some((key, value)) = line.split_once('=')
        {
            let settings = profiles.entry(profile.clone()).or_default();
            settings.insert(key.trim().to_string(), value.trim().to_string());
        }
    }
    profiles
}
