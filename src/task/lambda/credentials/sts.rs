//! AWS's Security Token Service: keys of a role, for whoever may take it.

use http_body_util::Full;
use hyper::Request;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST};
use jiff::Timestamp;

use super::remote::Remote;
use super::{Credentials, EARLY};
use crate::task::lambda::Target;
use crate::task::lambda::sign::{Scope, ToSign, encoded, sign};

/// A role and how it is taken.
pub(super) struct Role {
    arn: String,
    session: String,
    pub(super) external_id: Option<String>,
    /// Seconds.
    pub(super) duration: Option<String>,
}

type Variables<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

impl Role {
    pub(super) fn new(arn: String, session: Option<String>) -> Role {
        Role {
            arn,
            session: session.unwrap_or_else(|| "expressd".to_string()),
            external_id: None,
            duration: None,
        }
    }

    fn form(&self, action: &str, more: &[(&str, &str)]) -> String {
        let given = [
            ("ExternalId", self.external_id.as_deref()),
            ("DurationSeconds", self.duration.as_deref()),
        ];
        let given = given
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)));
        let fixed = [
            ("Action", action),
            ("Version", "2011-06-15"),
            ("RoleArn", &self.arn),
            ("RoleSessionName", &self.session),
        ];
        let members = fixed.into_iter().chain(given).chain(more.iter().copied());
        let members = members.map(|(name, value)| format!("{name}={}", encoded(value, "")));
        members.collect::<Vec<_>>().join("&")
    }
}

/// The service in one region.
pub(super) struct Sts<'a> {
    pub(super) remote: &'a Remote,
    pub(super) region: &'a str,
    pub(super) variables: Variables<'a>,
}

impl Sts<'_> {
    /// With the token of somebody else whom the role trusts. The request is not signed.
    pub(super) async fn with_token(&self, role: &Role, token: &str) -> Result<Credentials, String> {
        let action = "AssumeRoleWithWebIdentity";
        let form = role.form(action, &[("WebIdentityToken", token.trim())]);
        self.ask(form, None, 0).await
    }

    /// With keys.
    pub(super) async fn with_keys(
        &self,
        role: &Role,
        keys: &Credentials,
        now: i64,
    ) -> Result<Credentials, String> {
        self.ask(role.form("AssumeRole", &[]), Some(keys), now)
            .await
    }

    async fn ask(
        &self,
        form: String,
        keys: Option<&Credentials>,
        now: i64,
    ) -> Result<Credentials, String> {
        let target = self.target()?;
        let mut headers = vec![
            (HOST.as_str(), target.host.clone()),
            (CONTENT_TYPE.as_str(), FORM.to_string()),
        ];
        if let Some(keys) = keys {
            let request = ToSign {
                method: "POST",
                path: "/",
                query: &[],
                body: form.as_bytes(),
            };
            let scope = Scope {
                region: &target.region,
                service: "sts",
            };
            sign(&request, &mut headers, keys, scope, now);
        }
        let mut request = Request::post(format!("{}/", target.endpoint)).header(ACCEPT, "text/xml");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = self.remote.send(request, Full::from(form)).await?;
        let status = answer.status();
        let text = String::from_utf8_lossy(answer.body());
        match status.is_success() {
            true => credentials(&text),
            false => {
                let code = element(&text, "Code").unwrap_or_else(|| status.to_string());
                let message = element(&text, "Message").unwrap_or_default();
                Err(format!("{}: {code}: {message}", target.endpoint))
            }
        }
    }

    fn target(&self) -> Result<Target, String> {
        let variable = |name: &str| (self.variables)(name).filter(|value| !value.is_empty());
        let endpoint = variable("AWS_ENDPOINT_URL_STS").or_else(|| variable("AWS_ENDPOINT_URL"));
        let region = self.region;
        let endpoint = endpoint.unwrap_or_else(|| {
            let domain = crate::task::lambda::domain(region);
            format!("https://sts.{region}.{domain}")
        });
        Target::new(endpoint.trim_end_matches('/'), region)
            .ok_or_else(|| format!("{endpoint} is not an endpoint of STS"))
    }
}

fn credentials(answer: &str) -> Result<Credentials, String> {
    let expires = element(answer, "Expiration").and_then(|at| at.parse::<Timestamp>().ok());
    let found = (
        element(answer, "AccessKeyId"),
        element(answer, "SecretAccessKey"),
        element(answer, "SessionToken"),
        expires,
    );
    let (Some(access_key_id), Some(secret_access_key), session_token @ Some(_), Some(expires)) =
        found
    else {
        // The text may hold a key: it is not told.
        return Err("the answer of STS holds no credentials".to_string());
    };
    let expires = expires.as_millisecond();
    Ok(Credentials {
        access_key_id,
        secret_access_key,
        session_token,
        renew: expires.saturating_sub(EARLY),
        expires,
    })
}

/// The text of the first element of this name; those that are asked for have no attributes and nothing inside.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let mut text = text.trim().to_string();
    for (escape, plain) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(escape, plain);
    }
    Some(text)
}
