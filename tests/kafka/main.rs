//! The real binary between two topics of a broker: restarts, poison, rebalances. Nothing is lost, what is done twice is
//! counted, and the committed offset ends where the topic ends.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::print_stdout)] // A test panics, and says what it counted.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use common::broker::broker;
use common::daemon::Daemon;
use common::one_at_a_time;
use common::records::{Place, Reader, Record, Writer, committed_and_end};
use common::unique;

const PARTITIONS: i32 = 4;
/// Slots of a partition's window, as configured below.
const WINDOW: usize = 1_000;
const LIMIT: Duration = Duration::from_secs(120);

/// Topics, group and directory of one test.
struct Bed {
    input: String,
    results: String,
    dead_letters: String,
    group: String,
    directory: tempfile::TempDir,
}

impl Bed {
    fn new(name: &str, definition: &str) -> Bed {
        let name = unique(name);
        let bed = Bed {
            input: format!("{name}-in"),
            results: format!("{name}-results"),
            dead_letters: format!("{name}-dead"),
            group: name,
            directory: tempfile::tempdir().unwrap(),
        };
        for topic in [&bed.input, &bed.results, &bed.dead_letters] {
            broker().create_topic(topic, PARTITIONS);
        }
        std::fs::write(bed.path("machine.asl.json"), definition).unwrap();
        std::fs::write(bed.path("script.yaml"), SCRIPT).unwrap();
        bed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts a daemon on these topics under a name that its dead letters carry.
    fn daemon(&self, instance: &str) -> Daemon {
        let config = self.path(&format!("{instance}.yaml"));
        std::fs::write(&config, self.config(instance)).unwrap();
        Daemon::start(&config, instance)
    }

    fn config(&self, instance: &str) -> String {
        let Bed {
            input,
            results,
            dead_letters,
            group,
            ..
        } = self;
        let address = &broker().address;
        format!(
            "instance: {instance}
admin: {{ enabled: false }}
kafka: {{ broker: '{address}' }}
pipelines:
  orders:
    definition: machine.asl.json
    tasks:
      - script: script.yaml
    source:
      kafka:
        topics: [{input}]
        group: {group}
        window: {{ records: {WINDOW} }}
        # A killed member is missed only when its session is over.
        properties: {{ session.timeout.ms: 6000, heartbeat.interval.ms: 500 }}
    sink:
      kafka: {{ output: {results}, dead_letters: {dead_letters} }}
"
        )
    }

    fn writer(&self) -> Writer {
        Writer::new(&self.input)
    }

    fn reader(&self) -> Reader {
        Reader::new(&[
            (&self.results, PARTITIONS),
            (&self.dead_letters, PARTITIONS),
        ])
    }

    /// All outcomes that were read, by the place of their event.
    fn outcomes<'r>(&self, reader: &'r Reader) -> BTreeMap<Place, Vec<&'r Record>> {
        let mut outcomes: BTreeMap<Place, Vec<&Record>> = BTreeMap::new();
        for record in reader.records.values().flatten() {
            outcomes.entry(record.source()).or_default().push(record);
        }
        outcomes
    }

    /// Everything is committed, and nothing past the end.
    #[track_caller]
    fn assert_committed(&self) {
        for (committed, end) in committed_and_end(&self.group, &self.input, PARTITIONS) {
            assert_eq!(committed.unwrap_or(0).max(0), end);
        }
    }
}

const SCRIPT: &str = "
tasks:
  Charge:
    - result: { captured: true }
";

const ORDERS: &str = r#"{
  "StartAt": "Amount",
  "States": {
    "Amount": {
      "Type": "Choice",
      "Choices": [
        { "Variable": "$.amount", "NumericGreaterThan": 900, "Next": "Refused" },
        { "Variable": "$.slow", "BooleanEquals": true, "Next": "Think" }
      ],
      "Default": "Charge"
    },
    "Refused": { "Type": "Fail", "Error": "OrderRefused", "Cause": "too expensive" },
    "Think": { "Type": "Wait", "Seconds": 1, "Next": "Charge" },
    "Charge": {
      "Type": "Task",
      "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Charge",
      "ResultPath": "$.charge",
      "Next": "Total"
    },
    "Total": {
      "Type": "Pass",
      "Parameters": {
        "number.$": "$.number",
        "total.$": "States.MathAdd($.amount, 1)",
        "charge.$": "$.charge"
      },
      "End": true
    }
  }
}"#;

/// One order in 50 waits for a second: it holds its partition's watermark while later ones are done.
fn order(number: usize) -> String {
    let (amount, slow) = (amount(number), number % 50 == 7);
    format!(r#"{{"number":{number},"amount":{amount},"slow":{slow}}}"#)
}

fn amount(number: usize) -> usize {
    number * 7 % 1_000
}

/// The outcome is the one that this order must have, whatever the outcome of others.
#[track_caller]
fn assert_outcome(bed: &Bed, number: usize, outcome: &Record, topic: &str) {
    assert_eq!(
        outcome.key.as_deref(),
        Some(format!("key-{number}").as_bytes())
    );
    let value = std::str::from_utf8(outcome.value.as_deref().unwrap()).unwrap();
    if amount(number) > 900 {
        assert_eq!(topic, bed.dead_letters);
        assert_eq!(value, order(number));
        assert_eq!(outcome.header("expressd.error"), "OrderRefused");
        assert_eq!(outcome.header("expressd.cause"), "too expensive");
        assert_eq!(outcome.header("expressd.state"), "Refused");
    } else {
        assert_eq!(topic, bed.results);
        let total = amount(number) + 1;
        let want = format!(r#"{{"number":{number},"total":{total},"charge":{{"captured":true}}}}"#);
        assert_eq!(value, want);
        assert_eq!(outcome.header("expressd.status"), "SUCCEEDED");
    }
}

/// Every acknowledged order has outcomes, all of them the right one; returns how many are repeats.
#[track_caller]
fn assert_answered(bed: &Bed, orders: &BTreeMap<Place, usize>, reader: &Reader) -> usize {
    for (topic, records) in &reader.records {
        for record in records {
            let number = orders
                .get(&record.source())
                .expect("every outcome answers an order");
            assert_outcome(bed, *number, record, topic);
        }
    }
    let outcomes = bed.outcomes(reader);
    let lost: Vec<_> = orders
        .keys()
        .filter(|place| !outcomes.contains_key(place))
        .collect();
    assert!(
        lost.is_empty(),
        "{} orders without an outcome, the first at {:?}",
        lost.len(),
        lost[0]
    );
    for repeats in outcomes.values() {
        let executions = repeats
            .iter()
            .map(|outcome| outcome.header("expressd.execution"));
        assert_eq!(
            executions.collect::<BTreeSet<_>>().len(),
            1,
            "a redelivery is the same execution"
        );
    }
    repeats(reader)
}

fn count(reader: &Reader) -> usize {
    reader.records.values().map(Vec::len).sum()
}

fn repeats(reader: &Reader) -> usize {
    count(reader) - reader.answered.len()
}

#[test]
fn every_order_is_answered_through_a_restart_and_a_crash() {
    let _turn = one_at_a_time();
    let bed = Bed::new("restarts", ORDERS);
    let writer = bed.writer();
    for number in 0..20_000 {
        writer.send(number, Some(order(number).as_bytes()), &[]);
    }
    let orders = writer.acknowledged();
    assert_eq!(orders.len(), 20_000);
    let mut reader = bed.reader();

    let first = bed.daemon("first");
    reader.read_until(LIMIT, |reader| count(reader) >= 4_000);
    assert_eq!(first.terminate(), Some(0));
    reader.read_to_end();
    assert!(
        count(&reader) < 20_000,
        "the first daemon was stopped before the end"
    );
    assert_eq!(repeats(&reader), 0);
    assert_committed_is_answered(&bed, &reader);

    let second = bed.daemon("second");
    reader.read_until(LIMIT, |reader| count(reader) >= 11_000);
    second.kill();
    reader.read_to_end();
    assert!(
        count(&reader) < 20_000,
        "the second daemon was killed before the end"
    );
    assert_eq!(
        repeats(&reader),
        0,
        "a drained stop leaves nothing to repeat"
    );

    let third = bed.daemon("third");
    reader.read_until(LIMIT, |reader| reader.answered.len() >= 20_000);
    assert_eq!(third.terminate(), Some(0));
    reader.read_to_end();
    let repeats = assert_answered(&bed, &orders, &reader);
    println!("{repeats} of 20,000 outcomes published twice after kill -9");
    assert!(repeats > 0, "the crash hit nothing");
    // All windows full of acknowledged outcomes behind their heads, and as much again not yet committed.
    assert!(repeats <= 2 * WINDOW * PARTITIONS as usize);
    bed.assert_committed();
}

/// After a drained stop, exactly what is answered is committed.
#[track_caller]
fn assert_committed_is_answered(bed: &Bed, reader: &Reader) {
    let mut answered = BTreeMap::new();
    for (partition, _) in bed.outcomes(reader).into_keys() {
        *answered.entry(partition).or_insert(0) += 1;
    }
    let offsets = committed_and_end(&bed.group, &bed.input, PARTITIONS);
    for (partition, (committed, _)) in (0..).zip(offsets) {
        let answered = answered.get(&partition).copied().unwrap_or(0);
        assert_eq!(
            committed.unwrap_or(0).max(0),
            answered,
            "partition {partition}"
        );
    }
}

#[test]
fn a_rebalance_between_two_daemons_loses_and_repeats_nothing() {
    let _turn = one_at_a_time();
    let bed = Bed::new("rebalance", ORDERS);
    let writer = bed.writer();
    let mut reader = bed.reader();
    let mut sent = 0;
    let mut send = |orders: usize| {
        for number in sent..sent + orders {
            writer.send(number, Some(order(number).as_bytes()), &[]);
        }
        sent += orders;
    };
    let has_refused = |reader: &Reader, instance: &str| {
        let mut refused = reader.records[&bed.dead_letters].iter();
        refused.any(|letter| letter.header("expressd.instance") == instance)
    };

    send(5_000);
    let first = bed.daemon("first");
    reader.read_until(LIMIT, |reader| has_refused(reader, "first"));
    // The load goes on until the second daemon has shown that it owns a partition.
    let second = bed.daemon("second");
    let mut rounds = 0;
    while !has_refused(&reader, "second") {
        rounds += 1;
        assert!(rounds < 600, "the second daemon never got a partition");
        send(200);
        reader.read_for(Duration::from_millis(100));
    }
    send(2_000);
    assert_eq!(first.terminate(), Some(0));
    send(2_000);
    let orders = writer.acknowledged();
    reader.read_until(LIMIT, |reader| reader.answered.len() >= orders.len());
    assert_eq!(second.terminate(), Some(0));
    reader.read_to_end();
    let repeats = assert_answered(&bed, &orders, &reader);
    if broker().is_real() {
        assert_eq!(repeats, 0, "all hand-overs were drained");
    } else {
        // The embedded broker's group coordinator may refuse the commits of a hand-over.
        println!("{repeats} repeats; that there are none only a real broker can show");
        assert!(repeats <= 2 * WINDOW * PARTITIONS as usize);
    }
    bed.assert_committed();
}

const PASS: &str = r#"{ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } }"#;

/// What cannot be an execution's input: name, value, error.
fn poison() -> Vec<(&'static str, Option<Vec<u8>>, &'static str)> {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let invalid = "Expressd.InvalidInput";
    vec![
        ("not JSON", text("hello"), invalid),
        ("empty", text(""), invalid),
        ("cut off", text(r#"{"number":1,"#), invalid),
        (
            "two documents",
            text(r#"{"number":1}{"number":2}"#),
            invalid,
        ),
        ("NaN", text(r#"{"number":NaN}"#), invalid),
        ("raw control character", text("\"a\nb\""), invalid),
        (
            "invalid UTF-8",
            Some(b"{\"name\":\"\xff\xfe\"}".to_vec()),
            invalid,
        ),
        (
            "UTF-16",
            Some("{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
            invalid,
        ),
        ("unclosed depth bomb", Some(vec![b'['; 200_000]), invalid),
        (
            "closed depth bomb",
            Some([vec![b'['; 50_000], vec![b']'; 50_000]].concat()),
            invalid,
        ),
        (
            "depth bomb of objects",
            Some(br#"{"a":"#.repeat(40_000)),
            invalid,
        ),
        (
            "huge",
            Some([b"\"", vec![b'x'; 900_000].as_slice(), b"\""].concat()),
            "States.DataLimitExceeded",
        ),
        ("null", None, invalid),
    ]
}

#[test]
fn poison_goes_to_the_dead_letters_unchanged() {
    let _turn = one_at_a_time();
    let bed = Bed::new("poison", PASS);
    let writer = bed.writer();
    let poison = poison();
    let good = [
        r#"{"name":"good"}"#,
        r#"{"lone":"\ud800","text":"\u00e4\/"}"#,
        "0.10",
        "[]",
    ];
    let headers = [
        ("kept", b"as it was".as_slice()),
        ("expressd.error", b"forged"),
        ("expressd.source.offset", b"forged"),
    ];
    for (number, (_, value, _)) in poison.iter().enumerate() {
        writer.send(number, value.as_deref(), &headers);
        let value = good[number % good.len()].as_bytes();
        writer.send(poison.len() + number, Some(value), &headers);
    }
    let sent = writer.acknowledged();
    let mut reader = bed.reader();
    let daemon = bed.daemon("poisoned");
    reader.read_until(LIMIT, |reader| count(reader) >= sent.len());
    assert_eq!(daemon.terminate(), Some(0));
    reader.read_to_end();
    assert_eq!(count(&reader), sent.len());
    bed.assert_committed();

    for outcome in &reader.records[&bed.results] {
        let number = sent[&outcome.source()] - poison.len();
        let value = std::str::from_utf8(outcome.value.as_deref().unwrap()).unwrap();
        assert_eq!(value, good[number % good.len()]);
    }
    for letter in &reader.records[&bed.dead_letters] {
        let number = sent[&letter.source()];
        let (name, value, error) = &poison[number];
        assert!(letter.value == *value, "{name}: the value changed");
        assert_eq!(
            letter.key.as_deref(),
            Some(format!("key-{number}").as_bytes())
        );
        assert_dead_letter(&bed, letter, name, error);
    }
}

/// The headers of the dead-letter format, version 1.
#[track_caller]
fn assert_dead_letter(bed: &Bed, letter: &Record, name: &str, error: &str) {
    let header = |name: &str| letter.header(name);
    assert_eq!(header("expressd.dlq"), "1", "{name}");
    assert_eq!(header("expressd.error"), error, "{name}");
    assert!(!header("expressd.cause").is_empty(), "{name}");
    assert!(header("expressd.cause").len() <= 1_024, "{name}");
    assert_eq!(header("expressd.pipeline"), "orders", "{name}");
    assert!(!header("expressd.definition").is_empty(), "{name}");
    assert_eq!(header("expressd.attempt"), "1", "{name}");
    assert_eq!(header("expressd.instance"), "poisoned", "{name}");
    assert_eq!(header("expressd.source.topic"), bed.input, "{name}");
    let (partition, offset) = letter.source();
    let execution = format!("orders/{}-{partition}-{offset}", bed.input);
    assert_eq!(header("expressd.execution"), execution, "{name}");
    for time in ["expressd.started", "expressd.failed"] {
        assert!(
            header(time).parse::<jiff::Timestamp>().is_ok(),
            "{name}: {}",
            header(time)
        );
    }
    assert!(
        header("expressd.source.timestamp").parse::<i64>().unwrap() > 0,
        "{name}"
    );
    assert!(!header("traceparent").is_empty(), "{name}");
    // Headers of the event: kept, and ours cannot be forged.
    assert_eq!(header("kept"), "as it was", "{name}");
    assert_eq!(header("orig.expressd.error"), "forged", "{name}");
    assert_eq!(header("orig.expressd.source.offset"), "forged", "{name}");
}
