//! Lambda's Invoke API and STS as somebody else understands them: the server of the Python package `moto`, which recomputes
//! every signature with AWS's own library. Left out where there is no Python, or where the package cannot be had.
//!
//! Moto runs functions in Docker; told not to, it answers each call with what it was sent.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A test that cannot go on fails, one that is left out says so.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

/// The version that the test was written for.
const PACKAGE: &str = "moto[awslambda,server]==5.2.5";

/// Moto's server; it ends with its input.
struct Moto {
    child: Child,
    orders: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
    known: Value,
}

impl Moto {
    fn start(python: &Path) -> Moto {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lambda_moto/server.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut moto = Moto {
            orders: child.stdin.take(),
            lines: BufReader::new(child.stdout.take().unwrap()),
            child,
            known: Value::Null,
        };
        moto.known = serde_json::from_str(&moto.line()).unwrap();
        moto
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    fn order(&mut self, order: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        assert_eq!(self.line(), "done\n");
    }

    fn word(&self, name: &str) -> String {
        self.known[name].as_str().unwrap().to_string()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.child.wait();
    }
}

/// A Python that has moto, installed below `target`; none where that is not to be had.
fn python() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    let python = dir.join("bin/python");
    let ready = dir.join(format!("ready-{}", PACKAGE.rsplit('=').next().unwrap()));
    let runs = |command: &mut Command| {
        let output = command.stdin(Stdio::null()).output();
        output.is_ok_and(|output: Output| output.status.success())
    };
    if !ready.exists() {
        let made = runs(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&dir),
        );
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        let once = ["--retries", "1", "--timeout", "10", PACKAGE];
        if !made || !runs(Command::new(&python).args(pip).args(once)) {
            return None;
        }
        std::fs::write(ready, "").unwrap();
    }
    Some(python)
}

/// One Task over the binding: what comes of `{"a":1}`, or the error and the beginning of its cause.
fn call(moto: &Moto, resource: &str, credentials: &str, environment: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let catch = json!([{ "ErrorEquals": ["States.ALL"], "Next": "Told" }]);
    let definition = json!({ "StartAt": "Call", "States": {
        "Call": { "Type": "Task", "Resource": resource, "Catch": catch, "End": true },
        "Told": { "Type": "Pass", "End": true },
    }});
    let definition = write("machine.asl.json", definition.to_string());
    let role = format!(
        "[profile caller]\nrole_arn = {}\nsource_profile = user\n[profile user]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        moto.word("role"),
        moto.word("id"),
        moto.word("secret"),
    );
    let profiles = write("config", role);
    let config = json!({
        "pipelines": { "p": {
            "definition": definition,
            "tasks": [{ "lambda": {
                "endpoint": moto.word("endpoint"), "region": "eu-central-1", "credentials": credentials,
            }}],
            "source": { "file": { "path": "-" } },
            "sink": { "file": { "path": "-" } },
        }},
        "admin": { "enabled": false },
    });
    let config = write("config.json", config.to_string());
    let mut child = Command::new(env!("CARGO_BIN_EXE_expressd"))
        .args(["run", "--until-idle"])
        .arg(&config)
        .env("AWS_CONFIG_FILE", profiles)
        .env("AWS_SHARED_CREDENTIALS_FILE", dir.path().join("none"))
        .env("AWS_ENDPOINT_URL_STS", moto.word("endpoint"))
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(br#"{"a":1}"#)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    match &record["value"]["Error"] {
        Value::String(error) => format!("{error}: {}", record["value"]["Cause"].as_str().unwrap()),
        _ => record["value"].to_string(),
    }
}

#[test]
fn moto_takes_our_signatures_and_we_its_answers() {
    let Some(python) = python() else {
        println!("no Python with {PACKAGE} here: Lambda is not tested against it");
        return;
    };
    let mut moto = Moto::start(&python);
    let (id, secret) = (moto.word("id"), moto.word("secret"));
    let function = "arn:aws:lambda:eu-central-1:123456789012:function:pay";
    let keys = [
        ("AWS_ACCESS_KEY_ID", &*id),
        ("AWS_SECRET_ACCESS_KEY", &*secret),
    ];
    assert_eq!(call(&moto, function, "environment", &keys), r#"{"a":1}"#);
    // A name that is encoded in the path, and a qualifier that is a part of the query.
    let qualified = "arn:aws:lambda:eu-central-1:123456789012:function:pay:live";
    assert_eq!(call(&moto, qualified, "environment", &keys), r#"{"a":1}"#);

    let wrong = [keys[0], ("AWS_SECRET_ACCESS_KEY", "wrong")];
    let refused = call(&moto, function, "environment", &wrong);
    assert!(refused.contains("403"), "{refused}");
    let nobody = [("AWS_ACCESS_KEY_ID", "AKIANOBODY"), keys[1]];
    let refused = call(&moto, function, "environment", &nobody);
    assert!(refused.contains("403"), "{refused}");

    // Keys of a role, which STS gives out for a signed request; they come with a token.
    let role = [("AWS_PROFILE", "caller")];
    assert_eq!(call(&moto, function, "profile", &role), r#"{"a":1}"#);

    moto.order("docker");
    let missing = call(&moto, function, "environment", &keys);
    assert!(
        missing.starts_with("Lambda.ResourceNotFoundException: "),
        "{missing}"
    );
    assert!(
        missing.contains("Function not found: arn:aws:lambda:eu-central-1"),
        "{missing}"
    );
}
