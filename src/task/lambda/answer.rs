//! What a response of Lambda's Invoke API means to a task.

use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::super::client::Failure;
use super::super::function_error::{error, error_type, is_json, too_large};
use super::super::gate::Health;
use super::super::lambda_error;
use crate::engine::TaskReply;
use crate::error_name;

/// How the result looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The function's own answer.
    Bare {
        /// The function's ARN.
        arn: String,
    },
    /// AWS's envelope around it.
    Envelope,
}

impl Shape {
    pub(super) fn reply(&self, exchange: Result<Response<Bytes>, Failure>) -> (TaskReply, Health) {
        let response = match exchange {
            Ok(response) => response,
            Err(Failure::Connection(cause) | Failure::Refused(cause)) => {
                return (error(lambda_error::SDK_CLIENT, cause), Health::Down);
            }
            Err(Failure::Late(cause)) => return (error(error_name::TIMEOUT, cause), Health::Down),
            Err(Failure::TooLarge(_)) => {
                let service = match self {
                    Shape::Bare { arn } => arn,
                    Shape::Envelope => "lambda",
                };
                return (too_large(service), Health::Up);
            }
        };
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            return refused(head.status, &head.headers, &body);
        }
        if head.headers.contains_key("x-amz-function-error") {
            return (function_error(&body), Health::Up);
        }
        let body = match body.is_empty() {
            true => Bytes::from_static(b"null"),
            false => body,
        };
        let reply = match self {
            Shape::Bare { .. } => TaskReply::Result(body.into()),
            Shape::Envelope if !is_json(&body) => error(
                error_name::LAMBDA_UNKNOWN,
                "the function's answer is not JSON".to_string(),
            ),
            Shape::Envelope => TaskReply::Result(enveloped(head.status, &head.headers, &body)),
        };
        (reply, Health::Up)
    }
}

/// The function ran and failed.
fn function_error(body: &[u8]) -> TaskReply {
    let payload = String::from_utf8_lossy(body).into_owned();
    match error_type(body) {
        Some(name) => error(&name, payload),
        None => {
            let cause = format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
            );
            error(error_name::LAMBDA_UNKNOWN, cause)
        }
    }
}

/// Lambda did not run the function.
fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> (TaskReply, Health) {
    let body: Json = serde_json::from_slice(body).unwrap_or_default();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let code = header("x-amzn-errortype").or_else(|| body["__type"].as_str());
    // `prefix#Name` in bodies, `Name:http://…` in headers.
    let code = code.and_then(|code| code.rsplit('#').next()?.split(':').next());
    let code = code.filter(|code| !code.is_empty());
    let name = match code {
        Some(code) if code.ends_with("Exception") => format!("Lambda.{code}"),
        Some(code) => format!("Lambda.{code}Exception"),
        None => by_status(status).to_string(),
    };
    let message = body["Message"]
        .as_str()
        .or_else(|| body["message"].as_str());
    let cause = format!(
        "{} (Service: AWSLambda; Status Code: {}; Error Code: {}; Request ID: {}; Proxy: null)",
        message.unwrap_or("null"),
        status.as_u16(),
        code.unwrap_or("null"),
        header("x-amzn-requestid").unwrap_or("null"),
    );
    let health = match status.is_server_error() {
        true => Health::Down,
        false => Health::Up,
    };
    (error(&name, cause), health)
}

fn by_status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::TOO_MANY_REQUESTS => lambda_error::TOO_MANY_REQUESTS,
        StatusCode::NOT_FOUND => lambda_error::RESOURCE_NOT_FOUND,
        status if status.is_server_error() => lambda_error::SERVICE,
        _ => lambda_error::AWS_LAMBDA,
    }
}

/// Headers as Lambda spells them; ours come in lower case.
const SPELLINGS: &[&str] = &[
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "X-Amz-Executed-Version",
    "X-Amz-Log-Result",
    "X-Amzn-Trace-Id",
    "x-amzn-Remapped-Content-Length",
    "x-amzn-RequestId",
];

fn enveloped(status: StatusCode, headers: &HeaderMap, payload: &[u8]) -> Vec<u8> {
    let header = |name: &str| headers.get(name).map(text);
    let mut before = Map::new();
    if let Some(version) = header("x-amz-executed-version") {
        before.insert("ExecutedVersion".to_string(), version.into());
    }
    if let Some(log) = header("x-amz-log-result") {
        before.insert("LogResult".to_string(), log.into());
    }
    let mut all = Map::new();
    let mut last = Vec::new();
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(text).collect();
        let name = spelled(name);
        last.push((name.clone(), values.last().cloned()));
        all.insert(name, values.into());
    }
    last.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    let last: Map<String, Json> = last
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    let after = json!({
        "SdkHttpMetadata": {
            "AllHttpHeaders": all,
            "HttpHeaders": last,
            "HttpStatusCode": status.as_u16(),
        },
        "SdkResponseMetadata": { "RequestId": header("x-amzn-requestid").unwrap_or_default() },
        "StatusCode": status.as_u16(),
    });
    // The payload stays in the function's spelling.
    let mut json = Json::from(before).to_string().into_bytes();
    json.pop();
    if json.len() > 1 {
        json.push(b',');
    }
    json.extend_from_slice(b"\"Payload\":");
    json.extend_from_slice(payload);
    json.push(b',');
    json.extend_from_slice(&after.to_string().as_bytes()[1..]);
    json
}

fn spelled(name: &HeaderName) -> String {
    let known = SPELLINGS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name.as_str()));
    known.map_or_else(|| name.to_string(), |known| (*known).to_string())
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
