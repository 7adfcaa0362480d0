//! `expressd dead-letters`, against the client library's mock cluster.

use std::path::Path;
use std::process::Command;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::pipeline_bed::PATIENCE;

type Mock = MockCluster<'static, DefaultProducerContext>;

fn bed(dir: &Path) -> Mock {
    let mock: Mock = MockCluster::new(1).unwrap();
    for topic in ["in", "out", "dead"] {
        mock.create_topic(topic, 1, 1).unwrap();
    }
    let machine = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#;
    std::fs::write(dir.join("machine.asl.json"), machine).unwrap();
    let config = format!(
        "kafka: {{ broker: \"{}\" }}
pipelines:
  orders:
    definition: machine.asl.json
    source: {{ kafka: {{ topics: [in] }} }}
    sink: {{ kafka: {{ output: out, dead_letters: dead }} }}
",
        mock.bootstrap_servers()
    );
    std::fs::write(dir.join("expressd.yaml"), config).unwrap();
    mock
}

fn client(mock: &Mock) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", mock.bootstrap_servers());
    client
}

fn produce_dead_letters(mock: &Mock, letters: &[(&str, &str, &str)]) {
    let producer: BaseProducer = client(mock).create().unwrap();
    for (n, (error, state, failed)) in letters.iter().enumerate() {
        let (key, value, offset) = (format!("k{n}"), format!("v{n}"), n.to_string());
        let mut headers = OwnedHeaders::new().insert(Header {
            key: "mine",
            value: Some("kept"),
        });
        for (name, value) in [
            ("expressd.dlq", "1"),
            ("expressd.error", error),
            ("expressd.state", state),
            ("expressd.pipeline", "orders"),
            ("expressd.failed", failed),
            ("expressd.source.topic", "in"),
            ("expressd.source.partition", "0"),
            ("expressd.source.offset", &*offset),
        ] {
            headers = headers.insert(Header {
                key: name,
                value: Some(value),
            });
        }
        let record = BaseRecord::to("dead").key(&key).payload(&value);
        producer.send(record.headers(headers)).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

/// What the command prints, and whether it ended well.
fn run(dir: &Path, arguments: &[&str]) -> (String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_expressd"));
    command.arg("dead-letters").args(arguments).current_dir(dir);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    (text, output.status.success())
}

/// Key, value and header names of the records in the input.
fn inputs(mock: &Mock) -> Vec<(String, String, Vec<String>)> {
    let consumer: BaseConsumer = client(mock)
        .set("group.id", "reader")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut assignment = TopicPartitionList::new();
    assignment
        .add_partition_offset("in", 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&assignment).unwrap();
    let mut records = Vec::new();
    while let Ok(message) = consumer.poll(PATIENCE).expect("an answer") {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let headers = message.headers().unwrap().iter();
        records.push((
            text(message.key().unwrap()),
            text(message.payload().unwrap()),
            headers.map(|header| header.key.to_string()).collect(),
        ));
    }
    records
}

const LETTERS: [(&str, &str, &str); 3] = [
    ("NotOk", "Fail", "2026-01-01T00:00:00.000Z"),
    (
        "Lambda.Unknown",
        "Items[17]/Charge",
        "2026-01-02T00:00:00.000Z",
    ),
    ("NotOk", "Charge", "2026-01-03T00:00:00.000Z"),
];

#[test]
fn dead_letters_are_found_by_error_state_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let mock = bed(dir.path());
    produce_dead_letters(&mock, &LETTERS);
    for (filters, want) in [
        (&[][..], &[0, 1, 2][..]),
        (&["--error", "NotOk"], &[0, 2]),
        (&["--error", "Lambda.*"], &[1]),
        (&["--state", "*Charge"], &[1, 2]),
        (&["--since", "2026-01-02T00:00:00Z"], &[1, 2]),
        (&["--until", "2026-01-02T00:00:00Z", "--limit", "5"], &[0]),
        (&["--limit", "2"], &[0, 1]),
        (&["--error", "NotOk", "--state", "Charge"], &[2]),
    ] {
        let (text, done) = run(dir.path(), &[&["list", "expressd.yaml"], filters].concat());
        assert!(done);
        let line = |n: &usize| {
            let (error, state, failed) = LETTERS[*n];
            format!("dead/0/{n}  {failed}  {error}  {state}  from in/0/{n}\n")
        };
        assert_eq!(
            text,
            want.iter().map(line).collect::<String>(),
            "{filters:?}"
        );
    }
    let (text, done) = run(dir.path(), &["show", "expressd.yaml", "dead/0/1"]);
    assert!(
        done && text.contains("expressd.error: Lambda.Unknown\n"),
        "{text}"
    );
    assert!(text.ends_with("\nkey: k1\nv1\n"), "{text}");
}

#[test]
fn dead_letters_are_replayed_to_the_topic_they_came_from() {
    let dir = tempfile::tempdir().unwrap();
    let mock = bed(dir.path());
    produce_dead_letters(&mock, &LETTERS);
    let arguments = ["replay", "expressd.yaml", "--error", "NotOk"];
    let (text, done) = run(dir.path(), &[&arguments[..], &["--dry-run"]].concat());
    let want = "dead/0/0 would go to in\ndead/0/2 would go to in\n2 would be replayed\n";
    assert_eq!((text.as_str(), done), (want, true));
    assert_eq!(inputs(&mock), []);
    let (text, done) = run(dir.path(), &arguments);
    assert_eq!((text.as_str(), done), ("2 replayed\n", true));
    let names = [
        "mine",
        "expressd.replay",
        "expressd.replay.from",
        "expressd.replay.error",
    ];
    let record = |n: usize| {
        let names = names.map(str::to_string).to_vec();
        (format!("k{n}"), format!("v{n}"), names)
    };
    assert_eq!(inputs(&mock), [record(0), record(2)]);
}
