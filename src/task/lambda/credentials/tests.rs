use std::collections::HashMap;

use super::*;
use crate::task::testing::{Do, Seen, Server};

fn environment(variables: &[(&str, &str)]) -> Environment {
    let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    let variables: HashMap<_, _> = variables.iter().map(owned).collect();
    Arc::new(move |name| variables.get(name).cloned())
}

fn provider(source: CredentialsSource, variables: &[(&str, &str)]) -> Provider {
    Provider::new(source, None, "eu-central-1", environment(variables))
}

/// `id secret token` of what is found.
async fn found(source: CredentialsSource, variables: &[(&str, &str)]) -> Result<String, String> {
    let provider = provider(source, variables);
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
    let provider = self::provider(CredentialsSource::Instance, &variables);
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
    let provider = self::provider(CredentialsSource::Instance, &variables);
    let nothing = provider.get(0).await.err().unwrap();
    assert!(
        nothing.contains("unable to load AWS credentials"),
        "{nothing}"
    );
    assert_eq!(provider.get(FAILURE_LIFE - 1).await.err(), Some(nothing));
}

#[tokio::test]
async fn without_a_source_nothing_is_signed() {
    let provider = provider(CredentialsSource::None, &[]);
    assert!(provider.get(0).await.unwrap().is_none());
}

/// STS: the keys of a role are named after it and after whoever took it, and are good for an hour.
fn sts(request: &Seen) -> Do {
    let member = |name: &str| {
        let mut members = request
            .body
            .split('&')
            .filter_map(|member| member.split_once('='));
        let found = members.find(|(known, _)| *known == name);
        found.map_or_else(String::new, |(_, value)| value.to_string())
    };
    let action = member("Action");
    let by = match (action.as_str(), request.header("authorization")) {
        ("AssumeRoleWithWebIdentity", None) if member("WebIdentityToken") == "t0ken" => "token",
        ("AssumeRole", Some(signed)) => {
            assert!(signed.contains(
                "/eu-central-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date"
            ));
            signed.split(['=', '/']).nth(1).unwrap()
        }
        _ => {
            return Do::answer(
                "400 Bad Request",
                "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>not &lt;you&gt;</Message></Error></ErrorResponse>",
            );
        }
    };
    let (role, session) = (member("RoleArn"), member("RoleSessionName"));
    let role = role.rsplit("%2F").next().unwrap();
    Do::answer(
        "200 OK",
        &format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
             <AccessKeyId>{role}-by-{by}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>{session}{}</SessionToken><Expiration>1970-01-01T01:00:00Z</Expiration>\
             </Credentials></{action}Result></{action}Response>",
            member("ExternalId")
        ),
    )
}

const ROLE: (&str, &str) = ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/lambda");

#[tokio::test]
async fn a_service_account_takes_its_role_with_its_token() {
    let server = Server::start(sts).await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "t0ken\n").unwrap();
    let endpoint = server.url("");
    let file = (
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        token.path().to_str().unwrap(),
    );
    let variables = [("AWS_ENDPOINT_URL_STS", endpoint.as_str()), ROLE, file];
    for source in [CredentialsSource::Auto, CredentialsSource::WebIdentity] {
        let disabled = [
            variables.as_slice(),
            &[("AWS_EC2_METADATA_DISABLED", "true")],
        ]
        .concat();
        assert_eq!(
            found(source, &disabled).await.unwrap(),
            "lambda-by-token s expressd"
        );
    }
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /");
    assert!(seen[0].body.starts_with(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam"
    ));
    std::fs::write(token.path(), "old").unwrap();
    let refused = found(CredentialsSource::WebIdentity, &variables)
        .await
        .unwrap_err();
    assert!(
        refused.ends_with("InvalidIdentityToken: not <you>"),
        "{refused}"
    );
    let without = found(CredentialsSource::WebIdentity, &variables[..2])
        .await
        .unwrap_err();
    assert!(without.contains("AWS_WEB_IDENTITY_TOKEN_FILE"), "{without}");
}

#[tokio::test]
async fn profiles_take_roles_with_the_keys_of_others() {
    let server = Server::start(sts).await;
    let (home, endpoint) = (tempfile::tempdir().unwrap(), server.url(""));
    let dir = home.path().join(".aws");
    std::fs::create_dir(&dir).unwrap();
    let keys = "[base]\naws_access_key_id = base\naws_secret_access_key = s\n\
                [self]\naws_access_key_id = self\naws_secret_access_key = s\n";
    std::fs::write(dir.join("credentials"), keys).unwrap();
    let token = dir.join("token");
    std::fs::write(&token, "t0ken").unwrap();
    let role = "role_arn = arn:aws:iam::111122223333:role";
    let config = format!(
        "[profile one]\n{role}/one\nsource_profile = base\nexternal_id = -x\nrole_session_name = me\n\
         [profile two]\n{role}/two\nsource_profile = one\n\
         [profile self]\n{role}/own\nsource_profile = self\n\
         [profile given]\n{role}/given\ncredential_source = Environment\n\
         [profile eks]\n{role}/eks\nweb_identity_token_file = {}\n\
         [profile round]\n{role}/round\nsource_profile = about\n\
         [profile about]\n{role}/about\nsource_profile = round\n\
         [profile lost]\n{role}/lost\n\
         [profile phone]\n{role}/phone\nmfa_serial = x\nsource_profile = base\n",
        token.display()
    );
    std::fs::write(dir.join("config"), config).unwrap();
    for (profile, want) in [
        ("one", "one-by-base s me-x"),
        ("two", "two-by-one-by-base s expressd"),
        ("self", "own-by-self s expressd"),
        ("given", "given-by-id s expressd"),
        ("eks", "eks-by-token s expressd"),
        ("round", "more than 5 roles"),
        ("lost", "no source of keys"),
        ("phone", "second factor"),
    ] {
        let variables = [
            ("HOME", home.path().to_str().unwrap()),
            ("AWS_PROFILE", profile),
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
        ];
        let found = found(CredentialsSource::Profile, &variables).await;
        let found = found.unwrap_or_else(|error| error);
        assert!(found.contains(want), "{profile}: {found}");
    }
}

#[tokio::test]
async fn one_call_looks_for_newer_keys_while_the_others_go_on() {
    let server = Server::start(act).await;
    let endpoint = server.url("");
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str())];
    let provider = Arc::new(provider(CredentialsSource::Instance, &variables));
    let all_at = |now| {
        let ask = |_| {
            let provider = Arc::clone(&provider);
            tokio::spawn(async move { say(&provider.get(now).await.unwrap().unwrap()) })
        };
        (0..20).map(ask).collect::<Vec<_>>()
    };
    for (now, asked) in [(0, 3), (3_600_000 - EARLY, 6)] {
        for answer in all_at(now) {
            assert_eq!(answer.await.unwrap(), "id s t");
        }
        assert_eq!(server.seen().len(), asked, "at {now}");
    }
}
