//! Records with known outcomes, and the books about them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};

use super::process::rest;
use super::random::Random;

/// Partition and offset in the input topic.
pub(crate) type Place = (i32, i64);

/// The machine of the suite: passes on, fails, waits, or asks the task server.
pub(crate) const MACHINE: &str = r#"{ "StartAt": "Look", "States": {
    "Look": { "Type": "Choice", "Default": "Done", "Choices": [
        { "Variable": "$.fail", "IsPresent": true, "Next": "Fail" },
        { "Variable": "$.wait", "IsPresent": true, "Next": "Wait" },
        { "Variable": "$.call", "IsPresent": true, "Next": "Call" } ] },
    "Call": { "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:slow", "ResultPath": null,
        "TimeoutSecondsPath": "$.limit", "Next": "Done",
        "Retry": [ { "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2 } ] },
    "Wait": { "Type": "Wait", "Seconds": 1, "Next": "Done" },
    "Fail": { "Type": "Fail", "Error": "NotOk" },
    "Done": { "Type": "Succeed" } } }"#;

/// The same, and each execution says on which version of it began and ended.
pub(crate) fn versioned(version: u64) -> String {
    let mark =
        |name: &str| format!(r#""Type": "Pass", "Result": {version}, "ResultPath": "$.{name}""#);
    let (begun, ended) = (mark("begun"), mark("ended"));
    let machine = MACHINE.replace(
        r#""StartAt": "Look", "States": {"#,
        &format!(r#""StartAt": "Begin", "States": {{ "Begin": {{ {begun}, "Next": "Look" }},"#),
    );
    machine.replace(r#""Type": "Succeed""#, &format!(r#"{ended}, "End": true"#))
}

/// What that makes of a record.
pub(crate) fn ran_on(value: &[u8], version: u64) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    let text = text.replace(MARKS, &format!("\"begun\":{version},\"ended\":{version}"));
    text.into_bytes()
}

/// Where executions put their versions.
const MARKS: &str = "\"begun\":0,\"ended\":0";

/// What a record shall become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Becomes {
    Result,
    DeadLetter,
    /// It depends on the task server.
    Either,
}

/// A record that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) becomes: Becomes,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

/// Everything that was acknowledged.
#[derive(Clone, Default)]
pub(crate) struct Book {
    places: Arc<Mutex<BTreeMap<Place, Sent>>>,
    /// Acknowledged without an offset: the broker had them already when they were sent again.
    somewhere: Arc<Mutex<Vec<Sent>>>,
}

impl Book {
    pub(crate) fn open(&self) -> MutexGuard<'_, BTreeMap<Place, Sent>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those whose place is not known.
    pub(crate) fn somewhere(&self) -> MutexGuard<'_, Vec<Sent>> {
        self.somewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Book {}

impl ProducerContext for Book {
    type DeliveryOpaque = Box<Sent>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Box<Sent>) {
        match result {
            Ok(message) if message.offset() < 0 => self.somewhere().push(*sent),
            Ok(message) => {
                let place = (message.partition(), message.offset());
                self.open().insert(place, *sent);
            }
            Err((error, _)) => println!("faults: a record was not produced: {error}"),
        }
    }
}

/// Which records come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    /// Of a thousand: failing, waiting, calling.
    pub(crate) fail: u64,
    pub(crate) wait: u64,
    pub(crate) call: u64,
}

/// Writes the input.
pub(crate) struct Writer {
    producer: ThreadedProducer<Book>,
    topic: String,
    random: Random,
    n: u64,
    /// Whether records have room for the versions of a definition.
    pub(crate) versioned: bool,
}

impl Writer {
    pub(crate) fn new(client: &ClientConfig, topic: &str, book: &Book, seed: u64) -> Writer {
        let mut client = client.clone();
        client
            .set("enable.idempotence", "true")
            .set("linger.ms", "5")
            .set("message.max.bytes", "1000000")
            .set("message.timeout.ms", "300000");
        Writer {
            producer: client.create_with_context(book.clone()).unwrap(),
            topic: topic.to_string(),
            random: Random(seed),
            n: 0,
            versioned: false,
        }
    }

    /// A record of its own.
    pub(crate) fn send(&mut self, value: Option<Vec<u8>>, becomes: Becomes) {
        let key = format!("k{}", self.random.within(0, 500)).into_bytes();
        let sent = Box::new(Sent {
            becomes,
            key: key.clone(),
            value: value.clone(),
        });
        let mut record = BaseRecord::with_opaque_to(&self.topic, sent).key(&key);
        if let Some(value) = &value {
            record = record.payload(value);
        }
        while let Err((_, refused)) = self.producer.send(record) {
            rest(Duration::from_millis(5));
            record = refused;
        }
    }

    /// One record of a mix.
    pub(crate) fn send_one(&mut self, mix: Mix, calls: Becomes) {
        self.n += 1;
        let n = self.n;
        let pad = "x".repeat(self.random.within(0, 300) as usize);
        let drawn = self.random.within(0, 1_000);
        let (kind, becomes) = if drawn < mix.fail {
            ("fail", Becomes::DeadLetter)
        } else if drawn < mix.fail + mix.wait {
            ("wait", Becomes::Result)
        } else if drawn < mix.fail + mix.wait + mix.call {
            ("call", calls)
        } else {
            ("ok", Becomes::Result)
        };
        // Only a server that is bad on purpose is given up soon.
        let limit = if calls == Becomes::Either { 3 } else { 60 };
        let marks = match self.versioned {
            true => format!(",{MARKS}"),
            false => String::new(),
        };
        let value = format!("{{\"{kind}\":{n},\"limit\":{limit},\"pad\":\"{pad}\"{marks}}}");
        self.send(Some(value.into_bytes()), becomes);
    }

    /// An event of so many letters, which no compression makes less.
    pub(crate) fn large(&mut self, letters: usize, becomes: Becomes) {
        let letters = (0..letters).map(|_| b'a' + self.random.within(0, 26) as u8);
        let large = [b"\"", &*letters.collect::<Vec<_>>(), b"\""].concat();
        self.send(Some(large), becomes);
    }

    /// An event of so many letters, of which compression leaves next to nothing.
    pub(crate) fn dull(&mut self, letters: usize) {
        let dull = format!("\"{}\"", "x".repeat(letters)).into_bytes();
        self.send(Some(dull), Becomes::Result);
    }

    /// Events that hurt whoever is careless with them.
    pub(crate) fn poison(&mut self) {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n)).into_bytes();
        let blown = format!("[{}1]", "{\"\":0},".repeat(35_000)).into_bytes();
        let dead = [
            Some(Vec::new()),
            Some(b"not JSON".to_vec()),
            Some(b"{\"a\":1".to_vec()),
            Some(b"\"\xff\xfe\"".to_vec()),
            Some(deep(600)),
            Some(deep(100_000)),
            Some(format!("\"{}\"", "x".repeat(300_000)).into_bytes()),
            None,
        ];
        for value in dead {
            self.send(value, Becomes::DeadLetter);
        }
        let fine = [
            b"{\"a\":1e999999999}".to_vec(),
            b"{\"a\":1,\"a\":2}".to_vec(),
            b"\"\\ud800\"".to_vec(),
            deep(100),
            b"123456789012345678901234567890.5".to_vec(),
            blown,
        ];
        for value in fine {
            self.send(Some(value), Becomes::Either);
        }
    }

    /// Sends at a rate while `go_on` says so.
    pub(crate) fn run(
        &mut self,
        rate: u64,
        mix: Mix,
        calls: Becomes,
        mut go_on: impl FnMut() -> bool,
    ) {
        let begun = Instant::now();
        let mut n = 0;
        while go_on() {
            let due = begun.elapsed().as_millis() as u64 * rate / 1_000;
            while n < due {
                self.send_one(mix, calls);
                n += 1;
            }
            rest(Duration::from_millis(10));
        }
    }

    /// Waits until everything is acknowledged.
    pub(crate) fn finish(&self) {
        self.producer.flush(Duration::from_secs(120)).unwrap();
    }
}
