//! The endpoints from which containers and instances get their keys.

use std::sync::OnceLock;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Builder;
use hyper::{Method, Request, Response, Uri};

use super::{Credentials, from_json};
use crate::task::client::{Client, ClientConfig, Failure, Resolver, TimeoutsConfig};
use crate::units::HumanDuration;

/// Asks them.
pub(super) struct Remote {
    plain: Client,
    /// Made when it is needed: it reads the system's certificates.
    tls: OnceLock<Result<Client, String>>,
}

const CONTAINER: &str = "http://169.254.170.2";
const INSTANCE: &str = "http://169.254.169.254";
/// Hosts of `AWS_CONTAINER_CREDENTIALS_FULL_URI` that may be asked without TLS: this machine, ECS and EKS.
const CONTAINER_HOSTS: &[&str] = &[
    "127.0.0.1",
    "localhost",
    "[::1]",
    "169.254.170.2",
    "169.254.170.23",
    "[fd00:ec2::23]",
];

type Variables<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

impl Remote {
    pub(super) fn new() -> Remote {
        let plain = client(false, 1).expect("plain HTTP with these timeouts is possible");
        Remote {
            plain,
            tls: OnceLock::new(),
        }
    }

    fn client(&self, uri: &Uri) -> Result<&Client, String> {
        if uri.scheme_str() != Some("https") {
            return Ok(&self.plain);
        }
        // Services on the internet take longer than what is at hand.
        let tls = self.tls.get_or_init(|| client(true, 3));
        tls.as_ref().map_err(Clone::clone)
    }

    /// As ECS, and EKS with pod identities, have it.
    pub(super) async fn container(&self, variables: Variables<'_>) -> Result<Credentials, String> {
        let variable = |name: &str| variables(name).filter(|value| !value.is_empty());
        let uri = match variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            Some(path) => format!("{CONTAINER}{path}"),
            None => variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                .ok_or("the environment names no endpoint of a container")?,
        };
        let uri: Uri = uri
            .parse()
            .map_err(|_| "the container's endpoint is no URL")?;
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() != Some("https") && !CONTAINER_HOSTS.contains(&host) {
            return Err(
                "the container's endpoint is not one that is asked without TLS".to_string(),
            );
        }
        let mut request = Request::get(uri);
        let from_file = || {
            let path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")?;
            std::fs::read_to_string(path).ok()
        };
        if let Some(token) = from_file().or_else(|| variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
            request = request.header(AUTHORIZATION, token.trim());
        }
        from_json(&self.ask(request).await?)
    }

    /// As EC2 has it: a token first, then the name of the role, then its keys.
    pub(super) async fn instance(&self, variables: Variables<'_>) -> Result<Credentials, String> {
        let disabled = variables("AWS_EC2_METADATA_DISABLED");
        if disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Err("the instance's metadata is disabled".to_string());
        }
        let endpoint = variables("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let endpoint = endpoint.filter(|value| !value.is_empty());
        let endpoint = endpoint.unwrap_or_else(|| INSTANCE.to_string());
        let endpoint = endpoint.trim_end_matches('/');
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("{endpoint}/latest/api/token"))
            .header("x-aws-ec2-metadata-token-ttl-seconds", "21600");
        let token = self.ask(request).await?;
        let roles = format!("{endpoint}/latest/meta-data/iam/security-credentials/");
        let get = |uri: &str| Request::get(uri).header("x-aws-ec2-metadata-token", &*token);
        let role = self.ask(get(&roles)).await?;
        let role = String::from_utf8_lossy(&role);
        let role = role.lines().next().unwrap_or_default().trim();
        from_json(&self.ask(get(&format!("{roles}{role}"))).await?)
    }

    async fn ask(&self, request: Builder) -> Result<Bytes, String> {
        let uri = request.uri_ref().map(Uri::to_string).unwrap_or_default();
        let response = self.send(request, Full::default()).await?;
        match response.status().is_success() {
            true => Ok(response.into_body()),
            false => Err(format!("{uri}: {}", response.status())),
        }
    }

    /// A response, whatever its status.
    pub(super) async fn send(
        &self,
        request: Builder,
        body: Full<Bytes>,
    ) -> Result<Response<Bytes>, String> {
        let request = request.body(body).map_err(|error| error.to_string())?;
        let uri = request.uri().clone();
        match self.client(&uri)?.send(request).await {
            Ok(response) => Ok(response),
            Err(Failure::Connection(why) | Failure::Refused(why) | Failure::Late(why)) => {
                Err(format!("{uri}: {why}"))
            }
            Err(Failure::TooLarge(_)) => Err(format!("{uri}: the answer is too large")),
        }
    }
}

/// A client that waits so many seconds for a connection, and not much longer for an answer.
fn client(https: bool, seconds: u64) -> Result<Client, String> {
    let config = ClientConfig {
        timeouts: TimeoutsConfig {
            connect: HumanDuration::from_secs(seconds),
            first_byte: HumanDuration::from_secs(2 * seconds),
            idle: HumanDuration::from_secs(seconds),
            total: HumanDuration::from_secs(5 * seconds),
        },
        ..ClientConfig::default()
    };
    Client::new(&config, https, Resolver::open()).map_err(|problems| {
        let words = problems.into_iter().map(|(_, problem)| problem);
        words.collect::<Vec<_>>().join("; ")
    })
}
