//! The ways into a cluster that asks who comes: TLS, client certificates, SASL by PLAIN and by SCRAM. And what is said, and
//! not said, to whoever is not let in.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::admin::Admin;
use crate::bed::{Bed, LIMIT, PASS, count};
use crate::common::broker::broker;
use crate::common::one_at_a_time;

/// Whom `scripts/kafka` lets in, and whom it lets in without any rights.
const USER: (&str, &str) = ("expressd", "let-expressd-in");
const STRANGER: (&str, &str) = ("stranger", "let-me-in-too");
const WRONG: &str = "not-the-password";

/// The doors of the real broker that ask who comes.
struct Doors {
    sasl: String,
    tls: String,
}

/// `None` where there are none, which one line says.
fn doors() -> Option<Doors> {
    broker();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka");
    let asked = Command::new(script).arg("secure").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if !asked.status.success() {
        let reason = text(&asked.stderr);
        println!("nothing was tried of TLS and SASL ({reason})");
        return None;
    }
    let addresses = text(&asked.stdout);
    let (sasl, tls) = addresses.split_once(' ').unwrap();
    Some(Doors {
        sasl: sasl.to_owned(),
        tls: tls.to_owned(),
    })
}

fn certificate(name: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
    directory.join(name).display().to_string()
}

impl Doors {
    /// By a name and a password, behind TLS. The password stands in a file.
    fn sasl(&self, mechanism: &str, password_file: &str, name: &str) -> Value {
        json!({
            "broker": self.sasl,
            "properties": {
                "security.protocol": "SASL_SSL",
                "broker.address.family": "v4",
                "ssl.ca.location": certificate("ca.pem"),
                "sasl.mechanism": mechanism,
                "sasl.username": name,
                "sasl.password": { "file": password_file },
            },
        })
    }

    /// By a certificate.
    fn mutual(&self) -> Value {
        json!({
            "broker": self.tls,
            "properties": {
                "security.protocol": "SSL",
                "broker.address.family": "v4",
                "ssl.ca.location": certificate("ca.pem"),
                "ssl.certificate.location": certificate("client.pem"),
                "ssl.key.location": certificate("client.key"),
            },
        })
    }
}

/// A bed whose daemons find the passwords in files.
fn bed(name: &str) -> Bed {
    let bed = Bed::new(name, PASS);
    for (file, word) in [("user", USER.1), ("stranger", STRANGER.1), ("wrong", WRONG)] {
        std::fs::write(bed.path(file), format!("{word}\n")).unwrap();
    }
    bed
}

fn config(bed: &Bed, name: &str, kafka: Value) -> (Value, Admin) {
    let mut config = bed.config(name);
    config["kafka"] = kafka;
    config["log"] = json!({ "level": "debug" });
    let admin = Admin::on_a_free_port(&mut config);
    (config, admin)
}

#[track_caller]
fn assert_no_secret(text: &str) {
    for secret in [USER.1, STRANGER.1, WRONG, "PRIVATE KEY"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn events_come_and_go_by_every_door() {
    let _turn = one_at_a_time();
    let Some(doors) = doors() else { return };
    let ways = [
        ("mutual-tls", doors.mutual()),
        ("plain", doors.sasl("PLAIN", "user", USER.0)),
        ("scram-256", doors.sasl("SCRAM-SHA-256", "user", USER.0)),
        ("scram-512", doors.sasl("SCRAM-SHA-512", "user", USER.0)),
    ];
    // All of them at once: what takes its time is the start.
    let running = ways.map(|(way, kafka)| {
        let bed = bed(way);
        let writer = bed.writer();
        (0..20).for_each(|number| writer.send(number, Some(b"{}"), &[]));
        assert_eq!(writer.acknowledged().len(), 20);
        let (config, admin) = config(&bed, way, kafka);
        let daemon = bed.daemon_with(way, &config);
        (bed, daemon, admin)
    });
    for (bed, daemon, admin) in running {
        let mut reader = bed.reader();
        reader.read_until(LIMIT, |reader| count(reader) >= 20);
        assert_no_secret(&admin.get("/config"));
        assert_no_secret(&admin.get("/pipelines"));
        assert_no_secret(&daemon.log());
        assert_eq!(daemon.terminate(), Some(0));
        reader.read_to_end();
        assert_eq!(reader.records[&bed.results].len(), 20);
        bed.assert_committed();
    }
}

#[test]
fn whoever_is_not_let_in_waits_and_says_why() {
    let _turn = one_at_a_time();
    let Some(doors) = doors() else { return };
    let mut unknown = doors.sasl("PLAIN", "user", USER.0);
    // A certificate, but not of an authority that has signed the broker's.
    unknown["properties"]["ssl.ca.location"] = json!(certificate("client.pem"));
    let mut nameless = doors.mutual();
    for property in ["ssl.certificate.location", "ssl.key.location"] {
        let properties = nameless["properties"].as_object_mut().unwrap();
        properties.remove(property).unwrap();
    }
    let refused = [
        (
            "wrong-plain",
            doors.sasl("PLAIN", "wrong", USER.0),
            "Invalid username or password",
        ),
        (
            "wrong-scram",
            doors.sasl("SCRAM-SHA-512", "wrong", USER.0),
            "invalid credentials with SASL mechanism SCRAM-SHA-512",
        ),
        ("unknown-authority", unknown, "certificate verify failed"),
        ("no-certificate", nameless, "certificate"),
    ];
    let running = refused.map(|(name, kafka, reason)| {
        let bed = bed(name);
        let (config, admin) = config(&bed, name, kafka);
        let daemon = bed.daemon_with(name, &config);
        (bed, daemon, admin, reason)
    });
    for (_bed, daemon, admin, reason) in running {
        // It waits: a password may be set right in the broker any moment.
        admin.wait_for("the reason", "/pipelines", |told| told.contains(reason));
        let ready = admin.get("/readyz");
        assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
        assert!(ready.contains(reason), "{ready}");
        assert!(daemon.log().contains(reason), "{}", daemon.log());
        for told in [admin.get("/config"), admin.get("/pipelines"), daemon.log()] {
            assert_no_secret(&told);
        }
        assert_eq!(daemon.terminate(), Some(0));
    }
}

#[test]
fn whoever_may_not_read_ends_with_4_and_says_what() {
    let _turn = one_at_a_time();
    let Some(doors) = doors() else { return };
    let bed = bed("no-rights");
    let (mut config, _) = config(&bed, "s", doors.sasl("PLAIN", "stranger", STRANGER.0));
    // Else it would wait for the output topic, which it may not see either.
    config["pipelines"]["orders"]["sink"]["kafka"]["verify"] = json!(false);
    let daemon = bed.daemon_with("stranger", &config);
    let (exit, log) = daemon.wait(Duration::from_secs(60));
    assert_eq!(exit, Some(4), "{log}");
    assert!(log.contains("authorization failed"), "{log}");
    assert_no_secret(&log);
}
