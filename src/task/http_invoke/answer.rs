//! What a response means to an HTTP Task.

use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value as Json};

use super::super::client::Failure;
use super::super::function_error::{error, is_json, too_large};
use crate::engine::TaskReply;
use crate::error_name;

/// No connection, a broken one, or no answer in time.
pub(super) const SOCKET: &str = "States.Http.Socket";

pub(super) fn reply(exchange: Result<Response<Bytes>, Failure>) -> TaskReply {
    let response = match exchange {
        Ok(response) => response,
        Err(Failure::Connection(cause) | Failure::Late(cause)) => return error(SOCKET, cause),
        Err(Failure::Refused(cause)) => return error(error_name::PERMISSIONS, cause),
        Err(Failure::TooLarge(_)) => return too_large("http"),
    };
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    if !status.is_success() {
        let name = format!("States.Http.StatusCode.{}", status.as_u16());
        return error(&name, reason.to_string());
    }
    let (head, body) = response.into_parts();
    let mut json = b"{\"Headers\":".to_vec();
    json.extend_from_slice(Json::from(headers(&head.headers)).to_string().as_bytes());
    json.extend_from_slice(b",\"ResponseBody\":");
    if speaks_json(&head.headers) && is_json(&body) {
        // In the endpoint's spelling.
        json.extend_from_slice(&body);
    } else {
        let text = Json::from(String::from_utf8_lossy(&body));
        json.extend_from_slice(text.to_string().as_bytes());
    }
    let (status, reason) = (status.as_u16(), Json::from(reason));
    json.extend_from_slice(
        format!(",\"StatusCode\":{status},\"StatusText\":{reason}}}").as_bytes(),
    );
    TaskReply::Result(json)
}

fn speaks_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    content_type.is_none_or(|value| {
        let value = value.to_str().unwrap_or_default();
        value.to_ascii_lowercase().contains("json")
    })
}

fn headers(headers: &HeaderMap) -> Map<String, Json> {
    let values = |name| headers.get_all(name).iter();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers
        .keys()
        .map(|name| {
            let values: Vec<_> = values(name).map(|value| text(value.as_bytes())).collect();
            (name.to_string(), values.into())
        })
        .collect()
}
