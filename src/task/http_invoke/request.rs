//! From the input of an HTTP Task to a request.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};
use serde_json::Value as Json;

use super::connection::Connection;
use super::form::{ArrayFormat, form, query, text};

/// A field of the input that cannot be used.
pub(super) type WrongField = &'static str;

const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"];
/// Longest address, with its query.
const URL_LENGTH: usize = 8_192;

/// Headers that belong to the connection, or that say who passed a request on.
const RESERVED: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "max-forwards",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];
const RESERVED_PREFIXES: &[&str] = &["proxy-", "x-amz-", "x-amzn-", "x-forwarded-", "x-real-"];

/// The ARN that names the connection.
pub(super) fn connection_arn(input: &Json) -> Option<&str> {
    let spelled = |parent: &str| input[parent]["ConnectionArn"].as_str();
    spelled("Authentication").or_else(|| spelled("InvocationConfig"))
}

/// The request, without a look at where it goes.
pub(super) fn request(
    input: &Json,
    connection: &Connection,
    idempotency_key: HeaderValue,
) -> Result<Request<Full<Bytes>>, WrongField> {
    let method = input["Method"]
        .as_str()
        .filter(|name| METHODS.contains(name));
    let method: Method = method.and_then(|name| name.parse().ok()).ok_or("Method")?;
    let uri = uri(input, connection)?;
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if matches!(method, Method::POST | Method::PATCH) {
        headers.insert("idempotency-key", idempotency_key);
    }
    add_headers(&input["Headers"], &mut headers)?;
    let body = body(input, connection, &mut headers)?;
    connection.add_headers(&mut headers);
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

const AGENT: &str = concat!("expressd/", env!("CARGO_PKG_VERSION"));

fn uri(input: &Json, connection: &Connection) -> Result<Uri, WrongField> {
    let endpoint = input["ApiEndpoint"].as_str().ok_or("ApiEndpoint")?;
    let endpoint = endpoint.split('#').next().unwrap_or_default();
    let mut pairs = Vec::new();
    match &input["QueryParameters"] {
        Json::Null => {}
        Json::Object(members) => {
            for (name, value) in members {
                match value {
                    Json::Array(values) => {
                        pairs.extend(values.iter().map(|value| (name.clone(), text(value))));
                    }
                    Json::Object(_) => return Err("QueryParameters"),
                    value => pairs.push((name.clone(), text(value))),
                }
            }
        }
        _ => return Err("QueryParameters"),
    }
    connection.add_query(&mut pairs);
    let mut url = endpoint.to_string();
    if !pairs.is_empty() {
        url.push(if endpoint.contains('?') { '&' } else { '?' });
        url.push_str(&query(&pairs));
    }
    let uri = (url.len() <= URL_LENGTH).then(|| url.parse::<Uri>().ok());
    uri.flatten().ok_or("ApiEndpoint")
}

fn add_headers(given: &Json, headers: &mut HeaderMap) -> Result<(), WrongField> {
    const FIELD: WrongField = "Headers";
    let members = match given {
        Json::Null => return Ok(()),
        Json::Object(members) => members,
        _ => return Err(FIELD),
    };
    for (name, values) in members {
        let lower = name.to_ascii_lowercase();
        let reserved = RESERVED.contains(&lower.as_str())
            || RESERVED_PREFIXES
                .iter()
                .any(|prefix| lower.starts_with(prefix));
        if reserved {
            return Err(FIELD);
        }
        let name = HeaderName::try_from(lower).map_err(|_| FIELD)?;
        headers.remove(&name);
        let values = match values {
            Json::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            if value.is_object() || value.is_array() {
                return Err(FIELD);
            }
            let value = HeaderValue::try_from(text(value)).map_err(|_| FIELD)?;
            headers.append(&name, value);
        }
    }
    Ok(())
}

fn body(
    input: &Json,
    connection: &Connection,
    headers: &mut HeaderMap,
) -> Result<Bytes, WrongField> {
    let mut body = input["RequestBody"].clone();
    if body.is_null() && connection.has_members() {
        body = Json::Object(serde_json::Map::new());
    }
    connection.add_members(&mut body);
    if body.is_null() {
        return Ok(Bytes::new());
    }
    let transform = &input["Transform"];
    let encoding = match &transform["RequestBodyEncoding"] {
        Json::Null => "NONE",
        encoding => encoding.as_str().ok_or("Transform")?,
    };
    let arrays = match &transform["RequestEncodingOptions"]["ArrayFormat"] {
        Json::Null => Some(ArrayFormat::Indices),
        format => format.as_str().and_then(ArrayFormat::new),
    };
    let json = HeaderValue::from_static("application/json");
    let content_type = headers.entry(CONTENT_TYPE).or_insert(json);
    let content_type = content_type.to_str().unwrap_or_default();
    match encoding {
        "URL_ENCODED" if content_type.starts_with("application/x-www-form-urlencoded") => {
            let form = form(&body, arrays.ok_or("Transform")?);
            Ok(form.ok_or("RequestBody")?.into())
        }
        "NONE" => Ok(match body {
            Json::String(text) if !content_type.contains("json") => text.into(),
            body => body.to_string().into(),
        }),
        _ => Err("Transform"),
    }
}
