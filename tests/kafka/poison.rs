//! What cannot be an execution's input, and becomes a dead letter as it is.

use crate::bed::{Bed, LIMIT, PASS, count};
use crate::common::one_at_a_time;
use crate::common::records::Record;

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
