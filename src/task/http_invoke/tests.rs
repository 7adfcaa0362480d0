use serde_json::json;

use super::super::testing::{Do, Seen, Server, answer_of, with_call};
use super::*;

fn act(request: &Seen) -> Do {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    let typed = |content_type: &str, body: &str| {
        let headers = vec![
            ("Content-Type", content_type.to_string()),
            ("X-A", "1".into()),
        ];
        Do::Answer("200 OK", headers, body.to_string())
    };
    match path.split('?').next().unwrap_or_default() {
        "/json" => typed("application/json", r#"{"a": 1.50}"#),
        "/text" => typed("text/plain", "12"),
        "/broken" => typed("application/json", "{"),
        "/bad" => Do::answer("400 Bad Request", "why"),
        "/moved" => Do::Answer(
            "301 Moved Permanently",
            vec![("Location", "/json".into())],
            String::new(),
        ),
        "/reset" => Do::Close,
        path => panic!("{path}"),
    }
}

/// A binding that may call the tests' server.
fn invoke(more: Json) -> HttpInvoke {
    let mut config = json!({
        "plain_http": true,
        "networks": ["127.0.0.0/8"],
        "connections": [
            { "arn": "*connection/keyed/*", "auth": { "api_key": { "value": "k3y" } }, "headers": { "X-B": "2" },
              "query": { "k": "s&t" }, "body": { "secret": "s" } },
            { "arn": "*connection/plain*" },
        ],
    });
    config
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    HttpInvoke::new(&serde_json::from_value(config).unwrap(), Path::new(""))
        .ok()
        .unwrap()
}

async fn call(invoke: &HttpInvoke, input: &Json) -> String {
    answer_of(with_call("Pay", &input.to_string(), |call| {
        invoke.call(call)
    }))
    .await
}

const PLAIN: &str = "arn:aws:events:us-east-1:111122223333:connection/plain/1";
const KEYED: &str = "arn:aws:events:us-east-1:111122223333:connection/keyed/1";

fn input(url: &str, more: Json) -> Json {
    let mut input = json!({
        "ApiEndpoint": url, "Method": "POST", "Authentication": { "ConnectionArn": PLAIN },
    });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    input
}

#[tokio::test]
async fn responses_become_results_and_errors() {
    let server = Server::start(act).await;
    let invoke = invoke(json!({}));
    let headers = |kind: &str, length: usize| {
        format!(r#"{{"content-length":["{length}"],"content-type":["{kind}"],"x-a":["1"]}}"#)
    };
    let result = |kind: &str, length, body: &str| {
        let headers = headers(kind, length);
        format!(
            r#"{{"Headers":{headers},"ResponseBody":{body},"StatusCode":200,"StatusText":"OK"}}"#
        )
    };
    for (path, want) in [
        ("/json", result("application/json", 11, r#"{"a": 1.50}"#)),
        ("/text", result("text/plain", 2, "\"12\"")),
        ("/broken", result("application/json", 1, "\"{\"")),
        (
            "/bad",
            "States.Http.StatusCode.400: Bad Request".to_string(),
        ),
        (
            "/moved",
            "States.Http.StatusCode.301: Moved Permanently".to_string(),
        ),
    ] {
        let found = call(&invoke, &input(&server.url(path), json!({}))).await;
        assert_eq!(found, want, "{path}");
    }
    let found = call(&invoke, &input(&server.url("/reset"), json!({}))).await;
    assert!(found.starts_with("States.Http.Socket: "), "{found}");
}

#[tokio::test]
async fn requests_are_what_the_definition_says_and_the_connection_adds() {
    let server = Server::start(act).await;
    let invoke = invoke(json!({}));
    let more = json!({
        "Method": "PATCH",
        "InvocationConfig": { "ConnectionArn": KEYED },
        "Authentication": null,
        "QueryParameters": { "tag": ["a b", "c"], "n": 1, "k": "mine" },
        "Headers": { "X-A": ["1", "2"], "x-b": "mine" },
        "RequestBody": { "a": 1.50, "secret": "mine" },
    });
    call(&invoke, &input(&server.url("/json?x=y"), more)).await;
    let form = json!({
        "Headers": { "Content-Type": "application/x-www-form-urlencoded" },
        "RequestBody": { "a": ["x", "y"] },
        "Transform": {
            "RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": { "ArrayFormat": "BRACKETS" },
        },
    });
    call(&invoke, &input(&server.url("/json#f"), form)).await;
    call(
        &invoke,
        &input(&server.url("/json"), json!({ "Method": "GET" })),
    )
    .await;
    let seen = server.seen();
    assert_eq!(seen[0].line, "PATCH /json?x=y&tag=a%20b&tag=c&n=1&k=s%26t");
    assert_eq!(seen[0].body, r#"{"a":1.5,"secret":"s"}"#);
    let all = |name: &str| {
        let headers = seen[0].headers.iter().filter(|(known, _)| known == name);
        headers.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(all("x-a"), ["1", "2"]);
    assert_eq!(all("x-b"), ["2"]);
    assert_eq!(all("x-api-key"), ["k3y"]);
    assert_eq!(all("content-type"), ["application/json"]);
    assert_eq!(all("idempotency-key"), ["p/t-0-7::Pay:0"]);
    assert_eq!(
        (seen[1].line.as_str(), seen[1].body.as_str()),
        ("POST /json", "a[]=x&a[]=y")
    );
    assert_eq!(
        (seen[2].line.as_str(), seen[2].body.as_str()),
        ("GET /json", "")
    );
    assert_eq!(seen[2].header("idempotency-key"), None);
}

#[tokio::test]
async fn parameters_that_cannot_be_used_are_named() {
    let server = Server::start(act).await;
    let invoke = invoke(json!({}));
    let url = server.url("/json");
    for (more, field) in [
        (json!({ "Method": "TRACE" }), "Method"),
        (json!({ "Method": null }), "Method"),
        (json!({ "ApiEndpoint": 7 }), "ApiEndpoint"),
        (
            json!({ "ApiEndpoint": "ftp://example.com/" }),
            "ApiEndpoint",
        ),
        (json!({ "ApiEndpoint": "/json" }), "ApiEndpoint"),
        (json!({ "Authentication": {} }), "Authentication"),
        (json!({ "QueryParameters": [] }), "QueryParameters"),
        (json!({ "QueryParameters": { "a": {} } }), "QueryParameters"),
        (json!({ "Headers": [] }), "Headers"),
        (json!({ "Headers": { "Host": "x" } }), "Headers"),
        (json!({ "Headers": { "X-Amz-Date": "x" } }), "Headers"),
        (
            json!({ "Headers": { "Transfer-Encoding": "chunked" } }),
            "Headers",
        ),
        (json!({ "Headers": { "a": "b\r\nc: d" } }), "Headers"),
        (json!({ "Headers": { "a": {} } }), "Headers"),
        (
            json!({ "RequestBody": {}, "Transform": { "RequestBodyEncoding": "ROT13" } }),
            "Transform",
        ),
        (
            json!({ "RequestBody": {}, "Transform": { "RequestBodyEncoding": "URL_ENCODED" } }),
            "Transform",
        ),
    ] {
        let found = call(&invoke, &input(&url, more)).await;
        let end = format!("[The value of the field '{field}' has an invalid format]");
        assert!(
            found.starts_with("States.Runtime: ") && found.ends_with(&end),
            "{found}"
        );
    }
    let stranger = json!({ "Authentication": { "ConnectionArn": "arn:x" } });
    let found = call(&invoke, &input(&url, stranger)).await;
    assert_eq!(
        found,
        "States.Runtime: the config has no connection for arn:x"
    );
    assert!(server.seen().is_empty());
}

/// Spellings of addresses that are not the internet, and what is said of them: `p` that they must not be called, `e` that
/// they are no addresses.
const INSIDE: &[(char, &str)] = &[
    ('p', "127.0.0.1"),
    ('p', "127.1"),
    ('p', "127.0.1"),
    ('p', "127.255.255.254"),
    ('p', "2130706433"),
    ('p', "0x7f000001"),
    ('p', "0x7f.0.0.1"),
    ('p', "0177.0.0.1"),
    ('p', "017700000001"),
    ('p', "0x7f.1"),
    ('p', "0"),
    ('p', "0.0.0.0"),
    ('p', "0.1.2.3"),
    ('p', "localhost"),
    ('p', "LOCALHOST"),
    ('p', "10.0.0.1"),
    ('p', "10.255.255.255"),
    ('p', "10.1"),
    ('p', "012.0.0.1"),
    ('p', "167772161"),
    ('p', "100.64.0.1"),
    ('p', "100.127.255.255"),
    ('p', "172.16.0.1"),
    ('p', "172.31.255.255"),
    ('p', "0xac100001"),
    ('p', "192.168.0.1"),
    ('p', "192.168.1"),
    ('p', "3232235521"),
    ('p', "192.0.0.1"),
    ('p', "192.0.2.1"),
    ('p', "192.88.99.1"),
    ('p', "198.18.0.1"),
    ('p', "198.19.255.255"),
    ('p', "198.51.100.7"),
    ('p', "203.0.113.9"),
    ('p', "169.254.169.254"),
    ('p', "2852039166"),
    ('p', "0xa9fea9fe"),
    ('p', "0251.0376.0251.0376"),
    ('p', "169.254.170.2"),
    ('p', "224.0.0.1"),
    ('p', "239.255.255.255"),
    ('p', "240.0.0.1"),
    ('p', "255.255.255.255"),
    ('p', "[::]"),
    ('p', "[::1]"),
    ('p', "[0:0:0:0:0:0:0:1]"),
    ('p', "[0000:0000:0000:0000:0000:0000:0000:0001]"),
    ('p', "[::ffff:127.0.0.1]"),
    ('p', "[::ffff:7f00:1]"),
    ('p', "[0:0:0:0:0:ffff:10.0.0.1]"),
    ('p', "[::ffff:169.254.169.254]"),
    ('p', "[::127.0.0.1]"),
    ('p', "[::ffff:0:127.0.0.1]"),
    ('p', "[64:ff9b::7f00:1]"),
    ('p', "[64:ff9b::169.254.169.254]"),
    ('p', "[64:ff9b:1::a00:1]"),
    ('p', "[2002:7f00:1::]"),
    ('p', "[2002:a9fe:a9fe::1]"),
    ('p', "[2001::1]"),
    ('p', "[2001:db8::1]"),
    ('p', "[3fff::1]"),
    ('p', "[2606:4700::5efe:10.0.0.1]"),
    ('p', "[fc00::1]"),
    ('p', "[fd00:ec2::254]"),
    ('p', "[fd12:3456::1]"),
    ('p', "[fe80::1]"),
    ('p', "[fec0::1]"),
    ('p', "[ff02::1]"),
    ('p', "[100::1]"),
    ('p', "[5f00::1]"),
    ('e', "[fe80::1%25eth0]"),
    ('e', "[fe80::1%eth0]"),
    ('e', "[::1"),
    ('e', "[127.0.0.1]"),
    ('e', "me@127.0.0.1"),
    ('e', "example.com@127.0.0.1"),
    ('e', "me:pw@127.0.0.1"),
    ('e', "127%2e0%2e0%2e1"),
    ('e', "%31%32%37.0.0.1"),
    ('e', "127\u{3002}0\u{3002}0\u{3002}1"),
    ('e', "\u{ff11}27.0.0.1"),
    ('e', "\u{2460}27.0.0.1"),
    ('e', "127.0.0.1\\@example.com"),
    ('e', "127.0.0.1 "),
    ('e', ""),
    ('e', "loc\u{ad}alhost"),
    ('e', "local\thost"),
];

#[tokio::test]
async fn addresses_inside_are_not_called_however_they_are_spelled() {
    assert!(INSIDE.len() >= 60);
    let server = Server::start(act).await;
    let invoke = invoke(json!({ "networks": [] }));
    let port = server.address.port();
    for (kind, host) in INSIDE {
        for url in [
            format!("http://{host}:{port}/json"),
            format!("https://{host}/json"),
        ] {
            let found = call(&invoke, &input(&url, json!({}))).await;
            let want = match kind {
                'p' => "is inside a network that must not be called",
                _ => "[The value of the field 'ApiEndpoint' has an invalid format]",
            };
            // TLS knows no names such as 127.1, and says so before anybody looks them up.
            let no_name = url.starts_with("https") && found.ends_with("invalid dns name");
            assert!(found.ends_with(want) || no_name, "{url}: {found}");
        }
    }
    server.connections(0, 0).await;
}

#[test]
fn the_internet_may_be_called() {
    let invoke = invoke(json!({ "networks": [], "plain_http": false }));
    let may = |url: &str| invoke.0.may_call(&url.parse().unwrap());
    for host in [
        "example.com",
        "a_b.example-1.com",
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "192.167.255.255",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "11.0.0.1",
        "[2606:4700:4700::1111]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::8.8.8.8]",
        "[2002:808:808::1]",
        "[2001:200::1]",
    ] {
        assert_eq!(may(&format!("https://{host}/")), Ok(()), "{host}");
        assert_eq!(may(&format!("https://{host}:8443/a?b")), Ok(()), "{host}");
        assert_eq!(
            may(&format!("http://{host}/")),
            Err(Refusal::NoAddress),
            "{host}"
        );
    }
}

#[test]
fn a_config_can_allow_networks_and_only_some_hosts() {
    let invoke = invoke(json!({
        "networks": ["10.1.0.0/16", "fd00:1::/32", "192.168.7.7"], "hosts": ["*.example.com", "10.*", "192.*", "fd*"],
    }));
    for (host, allowed) in [
        ("api.example.com", true),
        ("API.Example.COM.", true),
        ("example.com", false),
        ("example.com.evil.org", false),
        ("10.1.2.3", true),
        ("10.2.2.3", false),
        ("192.168.7.7", true),
        ("192.168.7.8", false),
        ("[fd00:1::5]", true),
        ("[fd00:2::5]", false),
    ] {
        let found = invoke
            .0
            .may_call(&format!("https://{host}/").parse().unwrap());
        assert_eq!(found.is_ok(), allowed, "{host}: {found:?}");
    }
}

#[test]
fn everything_wrong_with_a_config_is_said() {
    let config = json!({
        "networks": ["10.0.0.0/33", "x"], "concurrency": 0,
        "connections": [{ "arn": "*", "query": { "k": { "file": "/nowhere" } }, "headers": { "Host": "x" } }],
    });
    let problems = HttpInvoke::new(&serde_json::from_value(config).unwrap(), Path::new(""));
    let problems = problems.err().unwrap();
    let keys: Vec<_> = problems.iter().map(|(key, _)| key.as_str()).collect();
    let want = [
        "concurrency",
        "networks/0",
        "networks/1",
        "connections/0/headers/Host",
        "connections/0/query/k",
    ];
    assert_eq!(keys, want);
}
