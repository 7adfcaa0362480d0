//! Tasks answered by Lambda functions: of AWS, or of anything that speaks the Invoke API.

mod answer;
mod config;
mod credentials;
mod invocation;
mod sign;

use std::path::Path;
use std::sync::Arc;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};

use self::answer::Shape;
use self::credentials::{Environment, Provider};
use self::invocation::Invocation;
use self::sign::{Scope, ToSign, encoded, sign};
use super::client::{Client, Failure, Resolver};
use super::gate::Gate;
use super::{Answer, Call, Handler, Integration, KeyProblem, Pass, Site};
use crate::engine::TaskReply;
use crate::telemetry::{BreakerMetrics, ExchangeMetrics};

pub use config::LambdaConfig;
pub use credentials::CredentialsSource;

/// The Invoke API of one place.
pub struct Lambda {
    endpoint: Option<String>,
    region: Option<String>,
    /// Where neither the config nor the function says it.
    default_region: String,
    api: Arc<Api>,
}

/// What all Task states of a binding share.
struct Api {
    client: Client,
    gate: Arc<Gate>,
    provider: Provider,
}

/// The API bound to one Task state.
struct Bound {
    target: Arc<Target>,
    shape: Shape,
    api: Arc<Api>,
}

/// Where requests go.
struct Target {
    /// Without a slash at its end.
    endpoint: String,
    /// Host, and port where it is not the scheme's own.
    host: String,
    region: String,
}

impl Lambda {
    /// Reads the files that the config names; relative paths start at `base`. Calls nothing.
    pub fn new(config: &LambdaConfig, base: &Path) -> Result<Lambda, Vec<KeyProblem>> {
        Lambda::with(config, base, Arc::new(|name| std::env::var(name).ok()))
    }

    fn with(
        config: &LambdaConfig,
        base: &Path,
        environment: Environment,
    ) -> Result<Lambda, Vec<KeyProblem>> {
        let mut problems = config.gate().check();
        let endpoint = config
            .endpoint
            .as_deref()
            .map(|url| url.trim_end_matches('/'));
        if let Some(url) = endpoint
            && Target::new(url, "").is_none()
        {
            let message =
                format!("{url} is not a URL of http or https without credentials and path");
            problems.push(("endpoint".to_string(), message));
        }
        if config
            .region
            .as_deref()
            .is_some_and(|region| !is_region(region))
        {
            let message = "is not the name of a region".to_string();
            problems.push(("region".to_string(), message));
        }
        let https = endpoint.is_none_or(|url| url.starts_with("https:"));
        let client = Client::new(&config.client(base), https, Resolver::open());
        let client = client.map_err(|found| problems.extend(found));
        let (Ok(client), true) = (client, problems.is_empty()) else {
            return Err(problems);
        };
        let region = |name| environment(name).filter(|region| is_region(region));
        let default_region = region("AWS_REGION").or_else(|| region("AWS_DEFAULT_REGION"));
        let default_region = default_region.unwrap_or_else(|| "us-east-1".to_string());
        let provider = Provider::new(
            config.credentials,
            config.profile.clone(),
            config.region.as_deref().unwrap_or(&default_region),
            environment,
        );
        let name = endpoint.unwrap_or("AWS Lambda");
        Ok(Lambda {
            endpoint: endpoint.map(str::to_string),
            region: config.region.clone(),
            default_region,
            api: Arc::new(Api {
                client,
                gate: Gate::new(name, &config.gate()),
                provider,
            }),
        })
    }
}

/// Letters, digits and hyphens: it becomes a part of a host's name.
fn is_region(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

impl Integration for Lambda {
    fn bind(&self, site: &Site<'_>) -> Option<Arc<dyn Handler>> {
        let of_arn = region_of(site.function_name.unwrap_or(site.resource));
        let shape = match site.is_lambda_invoke() {
            true => Shape::Envelope,
            false => {
                region_of(site.resource)?;
                let arn = site.resource.to_string();
                Shape::Bare { arn }
            }
        };
        let region = self
            .region
            .as_deref()
            .or(of_arn)
            .unwrap_or(&self.default_region);
        let aws = || format!("https://lambda.{region}.{}", domain(region));
        let endpoint = self.endpoint.clone().unwrap_or_else(aws);
        Some(Arc::new(Bound {
            target: Arc::new(Target::new(&endpoint, region)?),
            shape,
            api: Arc::clone(&self.api),
        }))
    }
}

/// Where AWS's services of a region are.
fn domain(region: &str) -> &'static str {
    match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    }
}

/// The region in a function's ARN; none where the text is none.
fn region_of(arn: &str) -> Option<&str> {
    let mut fields = arn.split(':');
    let is_lambda = fields.next() == Some("arn") && fields.nth(1) == Some("lambda");
    fields
        .next()
        .filter(|region| is_lambda && is_region(region))
}

impl Handler for Bound {
    fn call(&self, call: Call<'_>) -> Answer {
        match self.invocation(&call) {
            // What cannot be sent need not queue.
            Err(reply) => Answer::Now(reply),
            Ok(invocation) => match self.api.gate.enter(call.timeout) {
                Ok(pass) => self.send(invocation, call.wall, pass),
                Err(queue) => Answer::Queued(queue),
            },
        }
    }

    fn begin(&self, call: Call<'_>, pass: Pass) -> Answer {
        match self.invocation(&call) {
            Err(reply) => Answer::Now(reply),
            Ok(invocation) => self.send(invocation, call.wall, pass),
        }
    }

    fn breaker(&self) -> Option<Arc<BreakerMetrics>> {
        Some(self.api.gate.metrics())
    }

    fn exchanges(&self) -> Option<Arc<ExchangeMetrics>> {
        Some(self.api.client.metrics())
    }
}

impl Bound {
    fn invocation(&self, call: &Call<'_>) -> Result<Invocation, TaskReply> {
        match &self.shape {
            Shape::Bare { arn } => Ok(Invocation::of_function(arn, call)),
            Shape::Envelope => Invocation::of_parameters(call),
        }
    }

    fn send(&self, invocation: Invocation, now: i64, mut pass: Pass) -> Answer {
        let (api, target) = (Arc::clone(&self.api), Arc::clone(&self.target));
        let shape = self.shape.clone();
        Answer::Later(Box::pin(async move {
            pass.begin();
            let exchange = api.invoke(&target, invocation, now).await;
            pass.ended(shape.reply(exchange))
        }))
    }
}

impl Api {
    async fn invoke(
        &self,
        target: &Target,
        invocation: Invocation,
        now: i64,
    ) -> Result<hyper::Response<Bytes>, Failure> {
        let credentials = self.provider.get(now).await.map_err(Failure::Connection)?;
        let path = format!(
            "/2015-03-31/functions/{}/invocations",
            encoded(&invocation.function, "")
        );
        let qualifier = invocation.qualifier.as_deref();
        let query: Vec<_> = qualifier
            .map(|qualifier| ("Qualifier", qualifier))
            .into_iter()
            .collect();
        let mut uri = format!("{}{path}", target.endpoint);
        if let Some(qualifier) = qualifier {
            uri.push_str(&format!("?Qualifier={}", encoded(qualifier, "")));
        }
        let Invocation {
            mut headers, body, ..
        } = invocation;
        headers.push((CONTENT_TYPE.as_str(), "application/json".to_string()));
        headers.push((HOST.as_str(), target.host.clone()));
        if let Some(credentials) = credentials {
            let request = ToSign {
                method: "POST",
                path: &encoded(&path, "/"),
                query: &query,
                body: &body,
            };
            let scope = Scope {
                region: &target.region,
                service: "lambda",
            };
            sign(&request, &mut headers, &credentials, scope, now);
        }
        let mut request = Request::post(uri);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let agent = concat!("expressd/", env!("CARGO_PKG_VERSION"));
        let request = request.header(USER_AGENT, agent).body(Full::from(body));
        let request = request.map_err(|error| Failure::Connection(error.to_string()))?;
        self.client.send(request).await
    }
}

impl Target {
    fn new(endpoint: &str, region: &str) -> Option<Target> {
        let uri: hyper::Uri = endpoint.parse().ok()?;
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        let authority = uri.authority()?.as_str();
        let default_port = match uri.scheme_str() {
            Some("https") => ":443",
            _ => ":80",
        };
        let bare = uri.path() == "/" && uri.query().is_none() && !authority.contains('@');
        (known && bare).then(|| Target {
            endpoint: endpoint.to_string(),
            host: authority
                .strip_suffix(default_port)
                .unwrap_or(authority)
                .to_string(),
            region: region.to_string(),
        })
    }
}

#[cfg(test)]
mod tests;
