//! A config for showing: as it was written, with its references to the environment and without its secrets.

use serde_json::Value as Json;

use super::env;

/// Parts of names whose values are nobody's business.
const SECRET: &[&str] = &[
    "secret",
    "password",
    "token",
    "credential",
    "auth",
    "api_key",
    "bearer",
    "sasl",
    "ssl.key",
    "pem",
    "environment",
    "headers",
];
/// Ends of names below them that say nothing: files, names of people and of mechanisms.
const HARMLESS: &[&str] = &["file", "location", "username", "mechanism", "mechanisms"];
const HIDDEN: &str = "***";
/// One plain word in every format.
const REFERENCE: &str = "env.";

/// The config as JSON. Values from the environment are not looked up; `${NAME}` is shown as `env.NAME`.
pub(super) fn redacted(text: &str, toml: bool) -> Json {
    let Ok(text) = env::expand(text, toml, |name| Some(format!("{REFERENCE}{name}"))) else {
        return Json::Null;
    };
    let read = match toml {
        true => toml::from_str(&text).ok(),
        false => serde_saphyr::from_str(&text).ok(),
    };
    let mut config = read.unwrap_or(Json::Null);
    hide(&mut config, false);
    config
}

fn hide(value: &mut Json, secret: bool) {
    match value {
        Json::Object(members) => {
            for (name, member) in members {
                let name = name.to_ascii_lowercase();
                let is_secret = SECRET.iter().any(|part| name.contains(part));
                let is_harmless = HARMLESS.iter().any(|end| name.ends_with(end));
                hide(member, (secret || is_secret) && !is_harmless);
            }
        }
        Json::Array(elements) => elements
            .iter_mut()
            .for_each(|element| hide(element, secret)),
        Json::String(text) if is_reference(text) => {}
        Json::String(text) if secret => *text = HIDDEN.to_string(),
        Json::String(text) => hide_user(text),
        Json::Number(_) if secret => *value = Json::String(HIDDEN.to_string()),
        _ => {}
    }
}

fn is_reference(text: &str) -> bool {
    text.strip_prefix(REFERENCE).is_some_and(|name| {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !name.is_empty() && name.bytes().all(word)
    })
}

/// `https://user:word@host` shows its host only.
fn hide_user(text: &mut String) {
    let Some((scheme, rest)) = text.split_once("://") else {
        return;
    };
    let host = rest.split('/').next().unwrap_or_default();
    if let Some(at) = host.rfind('@') {
        *text = format!("{scheme}://{HIDDEN}{}", &rest[at..]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_and_references_are_not_looked_up() {
        let text = "
identity: { secret: abc, region: eu-west-1 }
admin:
  token: ${TOKEN}
  listen: 127.0.0.1:${PORT:-9464}
kafka:
  broker: ${BROKERS:?set it}
  properties:
    sasl.password: hunter2
    sasl.mechanism: PLAIN
    ssl.key.pem: '-----BEGIN'
    ssl.ca.location: /etc/ca
    linger.ms: 5
tasks:
  - http:
      url: https://me:word@host/path
      headers: { X-Key: abc }
      auth: { basic: { username: me, password: { file: /run/p } } }
    process: { environment: { DB: postgres, PIN: 17 } }
";
        let want = json!({
            "identity": {"secret": "***", "region": "eu-west-1"},
            "admin": {"token": "env.TOKEN", "listen": "127.0.0.1:env.PORT"},
            "kafka": {"broker": "env.BROKERS", "properties": {
                "sasl.password": "***",
                "sasl.mechanism": "PLAIN",
                "ssl.key.pem": "***",
                "ssl.ca.location": "/etc/ca",
                "linger.ms": 5,
            }},
            "tasks": [{
                "http": {
                    "url": "https://***@host/path",
                    "headers": {"X-Key": "***"},
                    "auth": {"basic": {"username": "me", "password": {"file": "/run/p"}}},
                },
                "process": {"environment": {"DB": "***", "PIN": "***"}},
            }],
        });
        assert_eq!(redacted(text, false), want);
    }
}
