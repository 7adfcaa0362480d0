//! A dead letter, read again: what its headers say, and the record it was.

use crate::kafka::{HeaderBuffer, Headers, Record};

/// What a dead letter says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetter<'a> {
    /// ASL error name.
    pub error: &'a str,
    /// Why.
    pub cause: &'a str,
    /// The failing state with its scope.
    pub state: &'a str,
    /// The pipeline's name.
    pub pipeline: &'a str,
    /// RFC 3339.
    pub failed: &'a str,
    /// Topic, partition and offset of the record that failed.
    pub source: (&'a str, i32, i64),
    /// The topic that a replay goes to: the first one, where the record went through retry topics.
    pub input: &'a str,
    /// The value is not whole: its topic did not take it.
    pub truncated: bool,
}

impl<'a> DeadLetter<'a> {
    /// Reads headers; none where the record is no dead letter.
    pub fn read(headers: Headers<'a>) -> Option<DeadLetter<'a>> {
        let text = |name: &str| {
            let found = headers.iter().filter(|header| header.name == name).last();
            found
                .and_then(|header| std::str::from_utf8(header.value?).ok())
                .unwrap_or_default()
        };
        if text("expressd.dlq").is_empty() {
            return None;
        }
        let source = text("expressd.source.topic");
        let first = text("expressd.first.topic");
        Some(DeadLetter {
            error: text("expressd.error"),
            cause: text("expressd.cause"),
            state: text("expressd.state"),
            pipeline: text("expressd.pipeline"),
            failed: text("expressd.failed"),
            source: (
                source,
                text("expressd.source.partition").parse().ok()?,
                text("expressd.source.offset").parse().ok()?,
            ),
            input: if first.is_empty() { source } else { first },
            truncated: text("expressd.truncated") == "true",
        })
    }
}

/// The headers of a dead letter's record as it is produced again: its own, and where it comes from.
pub fn replay_headers(dead_letter: &Record<'_>) -> HeaderBuffer {
    let mut headers = HeaderBuffer::new();
    let mut replays = 0_u32;
    for header in dead_letter.headers.iter() {
        match header.name.strip_prefix("orig.") {
            Some("expressd.replay") => {
                let count = header
                    .value
                    .and_then(|value| std::str::from_utf8(value).ok());
                replays = count
                    .and_then(|count| count.parse().ok())
                    .unwrap_or(replays);
            }
            Some(name) if name.starts_with("expressd.replay.") => {}
            Some(name) if name.starts_with("expressd.") => headers.push(name, header.value),
            _ if header.name.starts_with("expressd.") => {}
            _ => headers.push(header.name, header.value),
        }
    }
    let (topic, partition) = (dead_letter.topic, dead_letter.partition);
    let from = format!("{topic}/{partition}/{}", dead_letter.offset);
    let count = replays.saturating_add(1).to_string();
    headers.push("expressd.replay", Some(count.as_bytes()));
    headers.push("expressd.replay.from", Some(from.as_bytes()));
    if let Some(letter) = DeadLetter::read(dead_letter.headers) {
        headers.push("expressd.replay.error", Some(letter.error.as_bytes()));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::TimestampType;
    use crate::sink::record::{Problem, Run, dead_letter_headers};

    const RUN: Run<'_> = Run {
        pipeline: "orders",
        definition: "d0c5",
        instance: "one",
        execution: "orders/in-0-1",
        started: 0,
        ended: 0,
        attempt: 1,
    };

    fn record<'a>(headers: &'a HeaderBuffer, topic: &'a str) -> Record<'a> {
        Record {
            topic,
            partition: 0,
            offset: 1,
            timestamp: None,
            timestamp_type: TimestampType::CreateTime,
            key: None,
            value: None,
            headers: Headers::new(headers),
        }
    }

    fn fail(headers: &HeaderBuffer) -> HeaderBuffer {
        let problem = Problem {
            error: Some("Oops"),
            ..Problem::default()
        };
        let mut dead = HeaderBuffer::new();
        dead_letter_headers(&record(headers, "in"), &RUN, &problem, &mut dead);
        dead
    }

    #[test]
    fn a_replay_has_the_headers_of_the_record_and_says_where_it_comes_from() {
        let mut own = HeaderBuffer::new();
        own.push("x", None);
        own.push("expressd.mine", Some(b"1"));
        own.push("traceparent", Some(b"t"));
        let dead = fail(&own);
        let letter = DeadLetter::read(Headers::new(&dead)).unwrap();
        assert_eq!(
            (letter.error, letter.source, letter.input),
            ("Oops", ("in", 0, 1), "in")
        );
        let replayed = replay_headers(&record(&dead, "dead"));
        let names = |headers: &HeaderBuffer| -> Vec<String> {
            headers
                .iter()
                .map(|header| header.name.to_string())
                .collect()
        };
        let replay = [
            "expressd.replay",
            "expressd.replay.from",
            "expressd.replay.error",
        ];
        let want = [&["x", "expressd.mine", "traceparent"], &replay[..]].concat();
        assert_eq!(names(&replayed), want);
        // It fails again, and is replayed again.
        let dead = fail(&replayed);
        let again = replay_headers(&record(&dead, "dead"));
        assert_eq!(names(&again), want);
        let count = again.iter().find(|header| header.name == "expressd.replay");
        assert_eq!(count.unwrap().value, Some(&b"2"[..]));
    }

    #[test]
    fn other_records_are_no_dead_letters() {
        let mut headers = HeaderBuffer::new();
        headers.push("expressd.status", Some(b"SUCCEEDED"));
        assert_eq!(DeadLetter::read(Headers::new(&headers)), None);
    }
}
