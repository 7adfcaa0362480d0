use std::collections::HashMap;

use super::*;
use crate::task::testing::{Do, Seen, Server};

fn environment(variables: &[(&str, &str)]) -> Environment {
    let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    let variables: HashMap<_, _> = variables.iter().map(owned).collect();
    Arc::new(move |name| variables.get(name).cloned())
}

/// `id secret token` of what is found.
async fn found(source: CredentialsSource, variables: &[(&str, &str)]) -> Result<String, String> {
    let provider = Provider::new(source, None, environment(variables));
    let credentials = provider.get(0).await?.unwrap();
    Ok(say(&credentials))
}

fn say(credentials: &Credentials) -> String {
    let token = credentials.session_token.as_deref().unwrap_or("-");
    format!(
        "{} {} {token}",
        credentials.access_key_id, credentials.secret_access_key
    )
}

#[tokio::test]
async fn the_environment_comes_first() {
    let keys = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "s")];
    assert_eq!(
        found(CredentialsSource::Auto, &keys).await.unwrap(),
        "id s -"
    );
    let with_token = [keys.as_slice(), &[("AWS_SESSION_TOKEN", "t")]].concat();
    assert_eq!(
        found(CredentialsSource::Auto, &with_token).await.unwrap(),
        "id s t"
    );
    let none = found(CredentialsSource::Environment, &keys[..1]).await;
    assert!(none.unwrap_err().contains("the environment has no"));
}

#[tokio::test]
async fn profiles_are_read_from_both_files() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join(".aws");
    std::fs::create_dir(&dir).unwrap();
    let file = "# keys\n[default]\naws_access_key_id = id1\naws_secret_access_key=s=1\n\n[other]\naws_access_key_id = x\n";
    std::fs::write(dir.join("credentials"), file).unwrap();
    let file = "[default]\nregion = x\n[profile other]\naws_access_key_id = id2\naws_secret_access_key = s2\naws_session_token = t2\n";
    std::fs::write(dir.join("config"), file).unwrap();
    let home = ("HOME", home.path().to_str().unwrap());
    let source = CredentialsSource::Profile;
    assert_eq!(found(source, &[home]).await.unwrap(), "id1 s=1 -");
    assert_eq!(
        found(source, &[home, ("AWS_PROFILE", "other")])
            .await
            .unwrap(),
        "id2 s2 t2"
    );
    let nobody = found(source, &[home, ("AWS_PROFILE", "nobody")]).await;
    assert!(
        nobody
            .unwrap_err()
            .contains("no file of AWS has keys for the profile \"nobody\"")
    );
}

/// Keys that expire an hour after the epoch, from both kinds of endpoint.
fn act(request: &Seen) -> Do {
    const KEYS: &str = r#"{"Code":"Success","AccessKeyId":"id","SecretAccessKey":"s","Token":"t","Expiration":"1970-01-01T01:00:00Z"}"#;
    let token = request.header("x-aws-ec2-metadata-token");
    match request.line.as_str() {
        "GET /container" if request.header("authorization") == Some("who") => {
            Do::answer("200 OK", KEYS)
        }
        "PUT /latest/api/token" => Do::answer("200 OK", "secret-token"),
        "GET /latest/meta-data/iam/security-credentials/" if token == Some("secret-token") => {
            Do::answer("200 OK", "the-role\n")
        }
        "GET /latest/meta-data/iam/security-credentials/the-role"
            if token == Some("secret-token") =>
        {
            Do::answer("200 OK", KEYS)
        }
        _ => Do::answer("401 Unauthorized", ""),
    }
}

#[tokio::test]
async fn containers_and_instances_ask_their_endpoints() {
    let server = Server::start(act).await;
    let url = server.url("/container");
    let container = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "who"),
    ];
    let source = CredentialsSource::Container;
    assert_eq!(found(source, &container).await.unwrap(), "id s t");
    let refused = found(source, &container[..1]).await.unwrap_err();
    assert!(refused.ends_with("401 Unauthorized"), "{refused}");
    let elsewhere = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/")];
    let refused = found(source, &elsewhere).await.unwrap_err();
    assert!(refused.contains("not one that is asked"), "{refused}");

    let endpoint = server.url("");
    let instance = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str())];
    assert_eq!(
        found(CredentialsSource::Instance, &instance).await.unwrap(),
        "id s t"
    );
    let disabled = [instance[0], ("AWS_EC2_METADATA_DISABLED", "true")];
    assert!(found(CredentialsSource::Instance, &disabled).await.is_err());
}

#[tokio::test]
async fn keys_are_renewed_before_they_expire_and_failures_are_not_repeated_at_once() {
    let server = Server::start(act).await;
    let endpoint = server.url("");
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str())];
    let provider = Provider::new(CredentialsSource::Instance, None, environment(&variables));
    let asked = || server.seen().len();
    let hour = 3_600_000;
    for (now, want) in [
        (0, 3),
        (hour - EARLY - 1, 3),
        (hour - EARLY, 6),
        (hour - 1, 9),
    ] {
        provider.get(now).await.unwrap();
        assert_eq!(asked(), want, "at {now}");
    }
    drop(server);
    // What is still good is used while there is nothing newer.
    let provider = Provider::new(CredentialsSource::Instance, None, environment(&variables));
    let nothing = provider.get(0).await.err().unwrap();
    assert!(
        nothing.contains("unable to load AWS credentials"),
        "{nothing}"
    );
    assert_eq!(provider.get(FAILURE_LIFE - 1).await.err(), Some(nothing));
}

#[tokio::test]
async fn without_a_source_nothing_is_signed() {
    let provider = Provider::new(CredentialsSource::None, None, environment(&[]));
    assert!(provider.get(0).await.unwrap().is_none());
}
