use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};

use super::super::testing::{Do, Seen, Server, answer_of, with_call};
use super::*;

/// Answers by the function's name in the path.
fn act(request: &Seen) -> Do {
    let path = request.line.split(' ').nth(1).unwrap_or_default();
    let function = path.split('/').nth(3).unwrap_or_default();
    let answer = |status, headers: &[(&'static str, &str)], body: &str| {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, value.to_string()));
        Do::Answer(status, headers.collect(), body.to_string())
    };
    let failed = [("X-Amz-Function-Error", "Unhandled")];
    let says = |name| [("x-amzn-ErrorType", name), ("x-amzn-RequestId", "r-1")];
    match function.rsplit("%3A").next().unwrap_or_default() {
        "echo" => answer(
            "200 OK",
            &[
                ("x-amzn-RequestId", "r-1"),
                ("X-Amz-Executed-Version", "$LATEST"),
                ("X-Amz-Log-Result", "bG9n"),
                ("Content-Type", "application/json"),
            ],
            &request.body,
        ),
        "quiet" => answer("202 Accepted", &[], ""),
        "rubbish" => answer("200 OK", &[], "<html>"),
        "fails" => answer(
            "200 OK",
            &failed,
            r#"{"errorMessage":"no","errorType":"Declined"}"#,
        ),
        "nameless" => answer("200 OK", &failed, r#"{"errorMessage":"no"}"#),
        "missing" => answer(
            "404 Not Found",
            &says("ResourceNotFoundException:http://internal.amazon.com/"),
            r#"{"Type":"User","Message":"Function not found: f"}"#,
        ),
        "busy" => answer(
            "429 Too Many Requests",
            &says("TooManyRequestsException"),
            r#"{"message":"Rate"}"#,
        ),
        "ill" => answer("502 Bad Gateway", &[], "oops"),
        "denied" => answer(
            "403 Forbidden",
            &[],
            r#"{"__type":"x#AccessDenied","Message":"no"}"#,
        ),
        other => panic!("{other}"),
    }
}

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "AWS_ACCESS_KEY_ID" => "AKID",
        "AWS_SECRET_ACCESS_KEY" => "secret",
        "AWS_SESSION_TOKEN" => "token",
        "AWS_REGION" => "eu-north-1",
        _ => return None,
    };
    Some(value.to_string())
}

fn bind(config: Json, site: Site<'_>) -> Option<Arc<dyn Handler>> {
    let config: LambdaConfig = serde_json::from_value(config).unwrap();
    let lambda = Lambda::with(&config, Path::new(""), Arc::new(environment));
    lambda.ok().unwrap().bind(&site)
}

fn site(resource: &str) -> Site<'_> {
    Site {
        state: "Pay",
        resource,
        function_name: None,
    }
}

const INVOKE: &str = "arn:aws:states:::lambda:invoke";

async fn call(server: &Server, resource: &str, input: &str) -> String {
    let handler = bind(json!({ "endpoint": server.url("") }), site(resource)).unwrap();
    let answer = with_call("Pay", input, |call| {
        handler.call(Call {
            wall: 1_440_938_160_000,
            ..call
        })
    });
    answer_of(answer).await
}

#[tokio::test]
async fn a_function_by_its_arn_gets_the_input_and_gives_the_result() {
    let server = Server::start(act).await;
    let arn = |name: &str| format!("arn:aws:lambda:us-west-2:111122223333:function:{name}");
    assert_eq!(
        call(&server, &arn("echo"), r#"{ "a": 1.50 }"#).await,
        r#"{"a":1.50}"#
    );
    let request = &server.seen()[0];
    assert_eq!(
        request.line,
        "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-west-2%3A111122223333%3Afunction%3Aecho/invocations"
    );
    assert_eq!(request.header("x-amz-date"), Some("20150830T123600Z"));
    assert_eq!(request.header("x-amz-security-token"), Some("token"));
    let host = server.address.to_string();
    assert_eq!(request.header("host"), Some(host.as_str()));
    let signed = request.header("authorization").unwrap();
    let start = "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-west-2/lambda/aws4_request, SignedHeaders=content-type;host;x-amz-client-context;x-amz-date;x-amz-security-token, Signature=";
    assert!(signed.starts_with(start), "{signed}");
    let context = request.header("x-amz-client-context").unwrap();
    let context: Json = serde_json::from_slice(&BASE64_STANDARD.decode(context).unwrap()).unwrap();
    let want =
        json!({ "idempotencyKey": "p/t-0-7::Pay:0", "executionId": "p/t-0-7", "attempt": 0 });
    assert_eq!(context["custom"], want);
}

#[tokio::test]
async fn failures_have_the_names_and_causes_of_aws() {
    let server = Server::start(act).await;
    let by = |code: &str, status: u16, message: &str, id: &str| {
        format!(
            "{message} (Service: AWSLambda; Status Code: {status}; Error Code: {code}; Request ID: {id}; Proxy: null)"
        )
    };
    for (function, want) in [
        ("fails", r#"Declined: {"errorMessage":"no","errorType":"Declined"}"#.to_string()),
        (
            "nameless",
            r#"Lambda.Unknown: The cause could not be determined because Lambda did not return an error type. Returned payload: {"errorMessage":"no"}"#.to_string(),
        ),
        (
            "missing",
            "Lambda.ResourceNotFoundException: ".to_string()
                + &by("ResourceNotFoundException", 404, "Function not found: f", "r-1"),
        ),
        (
            "busy",
            "Lambda.TooManyRequestsException: ".to_string()
                + &by("TooManyRequestsException", 429, "Rate", "r-1"),
        ),
        ("ill", "Lambda.ServiceException: ".to_string() + &by("null", 502, "null", "null")),
        ("denied", "Lambda.AccessDeniedException: ".to_string() + &by("AccessDenied", 403, "no", "null")),
    ] {
        let input = json!({ "FunctionName": function }).to_string();
        assert_eq!(call(&server, INVOKE, &input).await, want, "{function}");
    }
    let input = r#"{"FunctionName":"rubbish"}"#;
    let found = call(&server, INVOKE, input).await;
    assert_eq!(found, "Lambda.Unknown: the function's answer is not JSON");
}

#[tokio::test]
async fn lambda_invoke_answers_in_the_envelope() {
    let server = Server::start(act).await;
    let input = r#"{"FunctionName":"echo","Payload":{"a":0.0},"Qualifier":"$LATEST","LogType":"Tail","InvocationType":"RequestResponse","ClientContext":"e30="}"#;
    let found = call(&server, INVOKE, input).await;
    let want = concat!(
        r#"{"ExecutedVersion":"$LATEST","LogResult":"bG9n","Payload":{"a":0.0},"SdkHttpMetadata":{"AllHttpHeaders":{"#,
        r#""Content-Length":["9"],"x-amzn-RequestId":["r-1"],"X-Amz-Executed-Version":["$LATEST"],"X-Amz-Log-Result":["bG9n"],"Content-Type":["application/json"]},"#,
        r#""HttpHeaders":{"Content-Length":"9","Content-Type":"application/json","X-Amz-Executed-Version":"$LATEST","X-Amz-Log-Result":"bG9n","x-amzn-RequestId":"r-1"},"HttpStatusCode":200},"#,
        r#""SdkResponseMetadata":{"RequestId":"r-1"},"StatusCode":200}"#,
    );
    let (found, want): (Json, Json) = (
        serde_json::from_str(&found).unwrap(),
        serde_json::from_str(want).unwrap(),
    );
    assert_eq!(found, want);
    let request = &server.seen()[0];
    assert_eq!(
        request.line,
        "POST /2015-03-31/functions/echo/invocations?Qualifier=%24LATEST"
    );
    assert_eq!(request.body, r#"{"a":0.0}"#);
    for (name, want) in [
        ("x-amz-log-type", "Tail"),
        ("x-amz-invocation-type", "RequestResponse"),
        ("x-amz-client-context", "e30="),
    ] {
        assert_eq!(request.header(name), Some(want));
    }
    let quiet = call(
        &server,
        INVOKE,
        r#"{"FunctionName":"quiet","InvocationType":"Event"}"#,
    )
    .await;
    let quiet: Json = serde_json::from_str(&quiet).unwrap();
    assert_eq!(
        (&quiet["StatusCode"], &quiet["Payload"]),
        (&json!(202), &Json::Null)
    );
}

#[tokio::test]
async fn parameters_that_name_no_function_are_refused() {
    let server = Server::start(act).await;
    for (input, field) in [
        ("{}", "FunctionName"),
        ("3", "FunctionName"),
        (r#"{"FunctionName":7}"#, "FunctionName"),
        (r#"{"FunctionName":""}"#, "FunctionName"),
        (r#"{"FunctionName":"f","Qualifier":{}}"#, "Qualifier"),
        (r#"{"FunctionName":"f","LogType":"a\r\nb: c"}"#, "LogType"),
    ] {
        let want = format!(
            "States.Runtime: The Parameters '{input}' could not be used to start the Task: [The value of the field '{field}' has an invalid format]"
        );
        assert_eq!(call(&server, INVOKE, input).await, want);
    }
    assert!(server.seen().is_empty());
}

#[test]
fn only_functions_are_answered() {
    let function = "arn:aws:lambda:us-west-2:111122223333:function:f";
    for (resource, answered) in [
        (INVOKE, true),
        (function, true),
        ("arn:aws:states:::sns:publish", false),
        ("local:f", false),
    ] {
        let found = bind(
            json!({ "endpoint": "http://localhost:3001/" }),
            site(resource),
        );
        assert_eq!(found.is_some(), answered, "{resource}");
    }
}

#[test]
fn endpoints_and_regions_are_checked() {
    let check = |config: Json, want: &str| {
        let config: LambdaConfig = serde_json::from_value(config).unwrap();
        let problems = Lambda::with(&config, Path::new(""), Arc::new(environment))
            .err()
            .unwrap();
        assert_eq!(problems[0].0, want);
    };
    check(json!({ "endpoint": "lambda:3001" }), "endpoint");
    check(json!({ "endpoint": "http://me:x@localhost" }), "endpoint");
    check(json!({ "endpoint": "http://localhost/path" }), "endpoint");
    check(
        json!({ "endpoint": "http://localhost", "region": "evil.example.com/" }),
        "region",
    );
}
