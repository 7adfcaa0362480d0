//! AWS Signature Version 4, in the `Authorization` header.

use std::fmt::Write;

use hyper::header::AUTHORIZATION;
use jiff::Timestamp;
use ring::hmac::{HMAC_SHA256, Key, Tag};
use sha2::{Digest, Sha256};

use super::credentials::Credentials;

/// What is signed of a request.
pub(super) struct ToSign<'a> {
    pub(super) method: &'a str,
    /// Encoded: what goes over the wire, its percent signs encoded once more.
    pub(super) path: &'a str,
    /// Names and values, not encoded.
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
}

/// Where a signature counts.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Adds what says who sends a request, and when: milliseconds since the epoch. Names of headers are in lower case, `host` is
/// among them, and all of them are signed.
pub(super) fn sign(
    request: &ToSign<'_>,
    headers: &mut Vec<(&'static str, String)>,
    credentials: &Credentials,
    scope: Scope<'_>,
    now: i64,
) {
    let time = Timestamp::from_millisecond(now).unwrap_or_default();
    let time = time.strftime("%Y%m%dT%H%M%SZ").to_string();
    headers.push(("x-amz-date", time.clone()));
    if let Some(token) = &credentials.session_token {
        headers.push(("x-amz-security-token", token.clone()));
    }
    let signed = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let authorization = authorization(request, signed.collect(), credentials, scope, &time);
    headers.push((AUTHORIZATION.as_str(), authorization));
}

/// The value of `Authorization`. `time` is `20150830T123600Z`, the value of `x-amz-date`.
fn authorization(
    request: &ToSign<'_>,
    mut headers: Vec<(&str, &str)>,
    credentials: &Credentials,
    scope: Scope<'_>,
    time: &str,
) -> String {
    headers.sort_unstable();
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    let signed_headers = names.join(";");
    let canonical = canonical_request(request, &headers, &signed_headers);
    let date = &time[..8];
    let Scope { region, service } = scope;
    let place = format!("{date}/{region}/{service}/aws4_request");
    let hash = hex(&Sha256::digest(canonical));
    let text = format!("{ALGORITHM}\n{time}\n{place}\n{hash}");

    let secret = format!("AWS4{}", credentials.secret_access_key);
    let mut key = secret.into_bytes();
    for part in [date, region, service, "aws4_request"] {
        key = hmac(&key, part).as_ref().to_vec();
    }
    let signature = hex(hmac(&key, &text).as_ref());
    let id = &credentials.access_key_id;
    format!(
        "{ALGORITHM} Credential={id}/{place}, SignedHeaders={signed_headers}, Signature={signature}"
    )
}

fn canonical_request(
    request: &ToSign<'_>,
    headers: &[(&str, &str)],
    signed_headers: &str,
) -> String {
    let mut query: Vec<_> = request
        .query
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name, ""), encoded(value, "")))
        .collect();
    query.sort_unstable();
    let mut text = format!(
        "{}\n{}\n{}\n",
        request.method,
        request.path,
        query.join("&")
    );
    for (name, value) in headers {
        let words: Vec<_> = value.split_ascii_whitespace().collect();
        let _ = writeln!(text, "{name}:{}", words.join(" "));
    }
    let _ = write!(
        text,
        "\n{signed_headers}\n{}",
        hex(&Sha256::digest(request.body))
    );
    text
}

/// Percent-encoded as AWS wants it; the characters of `also` stay as they are.
pub(super) fn encoded(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric()
            || b"-._~".contains(&byte)
            || also.as_bytes().contains(&byte)
        {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn hmac(key: &[u8], text: &str) -> Tag {
    ring::hmac::sign(&Key::new(HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One case of AWS's published test suite: all are signed at the same time for `us-east-1/service`.
    #[track_caller]
    fn check(
        case: &str,
        request: (&str, &str, &[(&str, &str)]),
        headers: &[(&str, &str)],
        body: &str,
        want: &str,
    ) {
        let (method, path, query) = request;
        let time = "20150830T123600Z";
        let base = [("host", "example.amazonaws.com"), ("x-amz-date", time)];
        let headers = [&base, headers].concat();
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_string(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_string(),
            session_token: None,
            renew: i64::MAX,
            expires: i64::MAX,
        };
        let scope = Scope {
            region: "us-east-1",
            service: "service",
        };
        let path = encoded(path, "/");
        let request = ToSign {
            method,
            path: &path,
            query,
            body: body.as_bytes(),
        };
        let found = authorization(&request, headers, &credentials, scope, time);
        assert_eq!(found.rsplit('=').next(), Some(want), "{case}: {found}");
    }

    #[test]
    fn signatures_are_those_of_the_published_test_suite() {
        check(
            "get-vanilla",
            ("GET", "/", &[]),
            &[],
            "",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        );
        check(
            "get-vanilla-query-order-key-case",
            ("GET", "/", &[("Param2", "value2"), ("Param1", "value1")]),
            &[],
            "",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        );
        check(
            "get-utf8",
            ("GET", "/\u{1234}", &[]),
            &[],
            "",
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        );
        check(
            "get-header-value-order",
            ("GET", "/", &[]),
            &[("my-header1", "value4,value1,value3,value2")],
            "",
            "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
        );
        check(
            "get-header-value-trim",
            ("GET", "/", &[]),
            &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            "",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        );
        check(
            "post-vanilla",
            ("POST", "/", &[]),
            &[],
            "",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        );
        check(
            "post-vanilla-query",
            ("POST", "/", &[("Param1", "value1")]),
            &[],
            "",
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        );
        check(
            "post-header-key-sort",
            ("POST", "/", &[]),
            &[("my-header1", "value1")],
            "",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        );
        check(
            "post-x-www-form-urlencoded",
            ("POST", "/", &[]),
            &[("content-type", "application/x-www-form-urlencoded")],
            "Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        );
    }
}
