//! The files `~/.aws/credentials` and `~/.aws/config`. Profiles that name other ways to get keys (roles, single sign-on,
//! processes) are not followed.

use std::path::PathBuf;

use super::{Credentials, FILE_LIFE};

/// The keys of a profile: of `name`, else of `AWS_PROFILE`, else of `default`.
pub(super) fn read(
    name: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
    now: i64,
) -> Result<Credentials, String> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let name = name.map(str::to_string).or_else(|| variable("AWS_PROFILE"));
    let name = name.unwrap_or_else(|| "default".to_string());
    let path = |variable_name: &str, file: &str| {
        let at_home = || Some(PathBuf::from(variable("HOME")?).join(".aws").join(file));
        variable(variable_name).map(PathBuf::from).or_else(at_home)
    };
    let files = [
        (
            path("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            name.clone(),
        ),
        // In this file profiles have a prefix, except the default one.
        (
            path("AWS_CONFIG_FILE", "config"),
            match name.as_str() {
                "default" => name.clone(),
                name => format!("profile {name}"),
            },
        ),
    ];
    for (path, section) in files {
        let text = path.and_then(|path| std::fs::read_to_string(path).ok());
        if let Some(found) = text.and_then(|text| section_of(&text, &section, now)) {
            return Ok(found);
        }
    }
    Err(format!(
        "no file of AWS has keys for the profile \"{name}\""
    ))
}

fn section_of(text: &str, name: &str, now: i64) -> Option<Credentials> {
    let (mut id, mut secret, mut token) = (None, None, None);
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            inside = header.trim_end().strip_suffix(']').map(str::trim) == Some(name);
        } else if inside
            && !line.starts_with(['#', ';'])
            && let Some((key, value)) = line.split_once('=')
        {
            let value = Some(value.trim().to_string());
            match key.trim() {
                "aws_access_key_id" => id = value,
                "aws_secret_access_key" => secret = value,
                "aws_session_token" => token = value,
                _ => {}
            }
        }
    }
    Some(Credentials {
        access_key_id: id?,
        secret_access_key: secret?,
        session_token: token,
        renew: now.saturating_add(FILE_LIFE),
        expires: i64::MAX,
    })
}
