use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::task::testing::{Do, Seen, Server};

/// Tokens are numbered over all tests; the endpoint says how long one lives.
static ISSUED: AtomicUsize = AtomicUsize::new(0);

fn act(request: &Seen) -> Do {
    let member = |name: &str| {
        let mut members = request
            .body
            .split('&')
            .filter_map(|member| member.split_once('='));
        members
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_string())
    };
    match request.line.as_str() {
        "POST /token" => {
            assert_eq!(member("grant_type").as_deref(), Some("client_credentials"));
            // me:p%26ss, or the same in the form
            let basic = request.header("authorization") == Some("Basic bWU6cCUyNnNz");
            let form = member("client_id").as_deref() == Some("me")
                && member("client_secret").as_deref() == Some("p%26ss");
            if !basic && !form {
                return Do::answer(
                    "401 Unauthorized",
                    r#"{"error":"invalid_client","error_description":"p&ss"}"#,
                );
            }
            let number = ISSUED.fetch_add(1, Ordering::Relaxed);
            let life = member("life").unwrap_or_else(|| "3600".to_string());
            let kind = member("kind").unwrap_or_else(|| "bearer".to_string());
            let answer = format!(
                r#"{{"access_token":"t{number}","token_type":"{kind}","expires_in":{life}}}"#
            );
            Do::answer("200 OK", &answer)
        }
        "POST /ok" => Do::answer(
            "200 OK",
            request.header("authorization").unwrap_or_default(),
        ),
        // Refuses the first token that it is shown, whichever that is.
        "POST /first"
            if request.body == "1" && request.header("authorization") == Some("Bearer old") =>
        {
            Do::answer("401 Unauthorized", "")
        }
        "POST /first" => Do::answer("200 OK", ""),
        "POST /never" => Do::answer("401 Unauthorized", "no"),
        line => panic!("{line}"),
    }
}

fn tokens(server: &Server, more: serde_json::Value) -> Tokens {
    let mut config = json!({
        "token_url": server.url("/token"), "client_id": "me", "client_secret": "p&ss",
    });
    config
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let config: OauthConfig = serde_json::from_value(config).unwrap();
    let printed = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
    assert!(!printed.contains("p&ss"), "{printed}");
    Tokens::new(&config, &ClientConfig::default(), Path::new(""))
        .ok()
        .unwrap()
}

fn client() -> Client {
    Client::new(&ClientConfig::default(), false, Resolver::open())
        .ok()
        .unwrap()
}

async fn send(tokens: &Tokens, url: &str) -> Result<String, Failure> {
    let request = Request::post(url).body(Full::from("1")).unwrap();
    let response = tokens.send(&client(), request).await?;
    let body = String::from_utf8_lossy(response.body()).into_owned();
    Ok(format!("{} {body}", response.status().as_u16()))
}

fn asked(server: &Server) -> usize {
    server
        .seen()
        .iter()
        .filter(|seen| seen.line == "POST /token")
        .count()
}

#[tokio::test]
async fn a_token_is_fetched_once_and_used_while_it_is_good() {
    let server = Server::start(act).await;
    let scoped = json!({ "scope": "a b", "parameters": { "audience": "x" } });
    let tokens = Arc::new(tokens(&server, scoped));
    let calls = (0..10).map(|_| {
        let (tokens, url) = (Arc::clone(&tokens), server.url("/ok"));
        tokio::spawn(async move { send(&tokens, &url).await.unwrap() })
    });
    let mut answers = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        answers.push(call.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].starts_with("200 Bearer t"), "{answers:?}");
    assert_eq!(asked(&server), 1);
    let form = "grant_type=client_credentials&audience=x&scope=a%20b";
    assert_eq!(server.seen()[0].body, form);
}

#[tokio::test]
async fn a_token_whose_life_is_over_or_that_is_refused_is_replaced() {
    let server = Server::start(act).await;
    let short = tokens(
        &server,
        json!({ "parameters": { "life": "0" }, "client_in": "body" }),
    );
    for n in 1..=3 {
        send(&short, &server.url("/ok")).await.unwrap();
        assert_eq!(asked(&server), n);
    }
    let long = tokens(&server, json!({}));
    long.last().token = Some(Token {
        header: HeaderValue::from_static("Bearer old"),
        renew: None,
    });
    assert_eq!(send(&long, &server.url("/first")).await.unwrap(), "200 ");
    assert_eq!(asked(&server), 4);
    // An endpoint that takes no token at all does not make every call ask for one.
    for _ in 0..3 {
        assert_eq!(send(&long, &server.url("/never")).await.unwrap(), "401 no");
        assert_eq!(asked(&server), 4);
    }
}

#[tokio::test]
async fn what_goes_wrong_is_said_without_the_secret_and_believed_for_a_while() {
    let server = Server::start(act).await;
    for (more, want) in [
        (
            json!({ "client_id": "you" }),
            "answered 401 Unauthorized: invalid_client",
        ),
        (
            json!({ "parameters": { "kind": "mac" } }),
            "answered no token of the bearer type",
        ),
        (
            json!({ "parameters": { "life": "\"x" } }),
            "answered no token",
        ),
    ] {
        let (tokens, before) = (tokens(&server, more), asked(&server));
        for _ in 0..3 {
            let Err(Failure::Connection(cause)) = send(&tokens, &server.url("/ok")).await else {
                panic!("there is no token");
            };
            assert!(cause.contains(want) && !cause.contains("ss"), "{cause}");
        }
        assert_eq!(asked(&server), before + 1);
    }
}

#[test]
fn everything_wrong_with_a_config_is_said() {
    let config = json!({ "token_url": "ftp://x/", "client_id": "me", "client_secret": { "file": "/nowhere" } });
    let config: OauthConfig = serde_json::from_value(config).unwrap();
    let problems = Tokens::new(&config, &ClientConfig::default(), Path::new(""))
        .err()
        .unwrap();
    let keys: Vec<_> = problems.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["token_url", "client_secret"]);
}
