use serde_json::json;

use super::super::testing::{Do, Seen, Server, answer_of, certificate, with_call};
use super::*;

/// Does what the path says.
fn act(request: &Seen) -> Do {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    match path.split('?').next().unwrap_or_default() {
        "/echo" => Do::answer("200 OK", &request.body),
        "/empty" => Do::answer("204 No Content", ""),
        "/rubbish" => Do::answer("200 OK", "<html>"),
        "/declined" => Do::answer(
            "500 Internal Server Error",
            r#"{"errorType":"CardDeclined","errorMessage":"no"}"#,
        ),
        "/busy" => Do::answer("503 Service Unavailable", "come back"),
        "/many" => Do::answer("429 Too Many Requests", ""),
        "/nobody" => Do::answer("404 Not Found", ""),
        "/bad" => Do::answer("400 Bad Request", r#"{"message":"bad"}"#),
        "/moved" => Do::Answer(
            "302 Found",
            vec![("Location", "/echo".into())],
            String::new(),
        ),
        "/reset" => Do::Close,
        "/torn" => Do::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec()),
        "/noise" => Do::Raw(b"\x00\x01\x02\r\n\r\n".to_vec()),
        "/large" => Do::answer("200 OK", &"1".repeat(3_000)),
        "/endless" => {
            let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
            bytes.resize(3_000, b'1');
            Do::Raw(bytes)
        }
        "/head" => {
            let head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "1".repeat(300_000));
            Do::Raw(head.into_bytes())
        }
        "/silent" => Do::Stall(""),
        "/drip" => Do::Stall("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        path => panic!("{path}"),
    }
}

fn config(url: &str, more: serde_json::Value) -> HttpConfig {
    let mut config = json!({
        "url": url,
        "response": "2KiB",
        "timeouts": { "connect": "10s", "first_byte": "300ms", "idle": "200ms", "total": "20s" },
    });
    let members = config.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    serde_json::from_value(config).unwrap()
}

fn bind(config: &HttpConfig, resource: &str) -> Arc<dyn Handler> {
    let site = Site {
        state: "Pay",
        resource,
        function_name: None,
    };
    let http = Http::new(config, Path::new("")).unwrap();
    http.bind(&site).unwrap()
}

async fn call(handler: &dyn Handler, input: &str) -> String {
    answer_of(with_call("Pay", input, |call| handler.call(call))).await
}

const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:pay";
const INVOKE: &str = "arn:aws:states:::lambda:invoke";

#[tokio::test]
async fn each_response_has_its_answer() {
    let server = Server::start(act).await;
    let limit = |name: &str| {
        format!(
            "States.DataLimitExceeded: The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        )
    };
    let cases = [
        ("/echo", r#"{"a":1.50}"#.to_string()),
        ("/empty", "null".to_string()),
        // The engine reads it and says what it is.
        ("/rubbish", "<html>".to_string()),
        (
            "/declined",
            r#"CardDeclined: {"errorType":"CardDeclined","errorMessage":"no"}"#.to_string(),
        ),
        (
            "/busy",
            "Lambda.ServiceException: 503 Service Unavailable: come back".to_string(),
        ),
        (
            "/many",
            "Lambda.TooManyRequestsException: 429 Too Many Requests".to_string(),
        ),
        (
            "/nobody",
            "Lambda.ResourceNotFoundException: 404 Not Found".to_string(),
        ),
        (
            "/bad",
            r#"Lambda.AWSLambdaException: 400 Bad Request: {"message":"bad"}"#.to_string(),
        ),
        ("/moved", "Lambda.AWSLambdaException: 302 Found".to_string()),
        (
            "/silent",
            "States.Timeout: the first byte timeout of 300ms passed".to_string(),
        ),
        (
            "/drip",
            "States.Timeout: the idle timeout of 200ms passed".to_string(),
        ),
        ("/large", limit(FUNCTION)),
        ("/endless", limit(FUNCTION)),
    ];
    for (path, want) in cases {
        // Only who is expected to be late is hurried.
        let more = match path {
            "/silent" | "/drip" => json!({}),
            _ => json!({ "timeouts": {} }),
        };
        let handler = bind(&config(&server.url(path), more), FUNCTION);
        assert_eq!(call(&*handler, r#"{"a":1.50}"#).await, want, "{path}");
    }
    for path in ["/reset", "/torn", "/noise", "/head"] {
        let handler = bind(&config(&server.url(path), json!({})), FUNCTION);
        let found = call(&*handler, "1").await;
        let start = format!("Lambda.SdkClientException: {}: ", server.address);
        assert!(found.starts_with(&start), "{path}: {found}");
    }
}

#[tokio::test]
async fn nobody_there_is_said() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let handler = bind(&config(&format!("http://{address}/"), json!({})), FUNCTION);
    let found = call(&*handler, "1").await;
    assert!(found.starts_with("Lambda.SdkClientException: "), "{found}");
    assert!(found.contains("Connection refused"), "{found}");
}

#[tokio::test]
async fn requests_say_what_they_belong_to() {
    let server = Server::start(act).await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "t0ken\n").unwrap();
    let more = json!({
        "headers": { "X-Team": "orders" },
        "auth": { "bearer": { "file": token.path() } },
    });
    let handler = bind(&config(&server.url("/echo?q=1"), more), FUNCTION);
    let call = with_call("Pay %é", r#"{ "a": [1, 2] }"#, |call| {
        handler.call(Call {
            attempt: 2,
            visit: 1,
            scope: "Items[17]",
            ..call
        })
    });
    answer_of(call).await;
    let request = &server.seen()[0];
    assert_eq!(request.line, "POST /echo?q=1");
    assert_eq!(request.body, r#"{"a":[1,2]}"#);
    for (name, want) in [
        ("content-type", "application/json"),
        ("idempotency-key", "p/t-0-7:Items[17]:Pay %25%C3%A9:1"),
        ("x-expressd-execution-id", "p/t-0-7"),
        ("x-expressd-attempt", "2"),
        ("x-team", "orders"),
        ("authorization", "Bearer t0ken"),
    ] {
        assert_eq!(request.header(name), Some(want), "{name}");
    }
}

#[tokio::test]
async fn credentials_come_in_their_headers() {
    let server = Server::start(act).await;
    let basic = json!({ "basic": { "username": "me", "password": "s3cret" } });
    let key = json!({ "api_key": { "value": "k3y" } });
    for (auth, header, want) in [
        (basic, "authorization", "Basic bWU6czNjcmV0"),
        (key, "x-api-key", "k3y"),
    ] {
        let config = config(&server.url("/echo"), json!({ "auth": auth }));
        let printed = format!("{config:?}");
        assert!(!printed.contains("s3cret") && !printed.contains("k3y"));
        call(&*bind(&config, FUNCTION), "1").await;
        let seen = server.seen();
        assert_eq!(seen[seen.len() - 1].header(header), Some(want));
    }
}

#[tokio::test]
async fn lambda_invoke_gets_the_payload_and_answers_in_the_envelope() {
    let server = Server::start(act).await;
    let url = server.url("/echo");
    let invoke = bind(&config(&url, json!({})), INVOKE);
    let bare = bind(&config(&url, json!({ "envelope": false })), INVOKE);
    let input = r#"{"FunctionName":"f","Payload":{"a":1}}"#;
    let enveloped = |payload: &str| {
        format!(r#"{{"ExecutedVersion":"$LATEST","Payload":{payload},"StatusCode":200}}"#)
    };
    assert_eq!(call(&*invoke, input).await, enveloped(r#"{"a":1}"#));
    assert_eq!(call(&*invoke, "{}").await, enveloped("{}"));
    assert_eq!(call(&*bare, input).await, input);
    let rubbish = bind(&config(&server.url("/rubbish"), json!({})), INVOKE);
    let want = "Lambda.Unknown: the answer is not JSON";
    assert_eq!(call(&*rubbish, "{}").await, want);
}

#[tokio::test]
async fn a_connection_is_used_again_and_a_cancelled_call_closes_its_own() {
    let server = Server::start(act).await;
    let http = Http::new(
        &config(&server.url("/{function}"), json!({})),
        Path::new(""),
    )
    .unwrap();
    let bind = |function: &str| {
        let resource = format!("arn:aws:lambda:us-east-1:111122223333:function:{function}");
        let site = Site {
            state: "Pay",
            resource: &resource,
            function_name: None,
        };
        http.bind(&site).unwrap()
    };
    for _ in 0..3 {
        call(&*bind("echo"), "1").await;
    }
    server.connections(1, 0).await;
    let silent = with_call("Pay", "1", |call| bind("silent").call(call));
    let call = tokio::spawn(answer_of(silent));
    while server.seen().len() < 4 {
        tokio::task::yield_now().await;
    }
    call.abort();
    server.connections(1, 1).await;
}

#[tokio::test]
async fn tls_knows_both_sides() {
    let server = Server::start_tls(act).await;
    let url = format!("https://localhost:{}/echo", server.address.port());
    let tls = |members: serde_json::Value| config(&url, json!({ "tls": members }));
    let known = json!({
        "ca": certificate("ca.pem"), "certificate": certificate("client.pem"), "key": certificate("client.key"),
    });
    assert_eq!(call(&*bind(&tls(known), FUNCTION), "[1]").await, "[1]");
    let nobody = tls(json!({ "ca": certificate("ca.pem") }));
    let found = call(&*bind(&nobody, FUNCTION), "[1]").await;
    assert!(found.starts_with("Lambda.SdkClientException: "), "{found}");
    let stranger = tls(json!({ "ca": certificate("client.pem") }));
    let found = call(&*bind(&stranger, FUNCTION), "[1]").await;
    assert!(found.contains("invalid peer certificate"), "{found}");
    assert_eq!(server.seen().len(), 1);
}

#[track_caller]
fn refused(config: serde_json::Value, want: &[(&str, &str)]) {
    let config: HttpConfig = serde_json::from_value(config).unwrap();
    let problems = Http::new(&config, Path::new("")).err().unwrap();
    for ((key, message), (want_key, want)) in problems.iter().zip(want) {
        assert_eq!(key, want_key);
        assert!(message.contains(want), "{message}");
    }
    assert_eq!(problems.len(), want.len(), "{problems:?}");
}

#[test]
fn everything_wrong_with_a_config_is_said() {
    refused(
        json!({
            "url": "http://{function}/", "concurrency": 0, "rate": 0, "breaker": { "share": 2, "calls": 0 },
            "headers": { "Host": "x", "a b": "x" }, "auth": { "bearer": { "file": "/nowhere/token" } },
        }),
        &[
            ("concurrency", "between 1 and"),
            ("rate", "at least 1"),
            ("breaker/calls", "at least 1"),
            ("breaker/share", "below 1"),
            ("url", "names of the definition cannot choose the host"),
            ("headers/Host", "not for a config to set"),
            ("headers/a b", "not the name of a header"),
            ("auth/bearer", "/nowhere/token"),
        ],
    );
    let files = json!({ "ca": "/nowhere/ca.pem" });
    refused(
        json!({ "url": "https://f/", "tls": files }),
        &[("tls/ca", "/nowhere/ca.pem: ")],
    );
    refused(
        json!({
            "url": "http://f/", "response": 0, "timeouts": { "idle": "0s" }, "tls": { "key": "k" },
        }),
        &[
            ("timeouts/idle", "longer than nothing"),
            ("response", "between 1B and 16MiB"),
            ("tls", "need each other"),
        ],
    );
}
