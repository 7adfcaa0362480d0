//! What a state asks for: the members of its input.

use super::Call;
use crate::kafka::HeaderBuffer;
use crate::value::{Arena, Kind, Value};

/// A record to write.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) topic: String,
    pub(super) partition: Option<i32>,
    pub(super) key: Option<Vec<u8>>,
    /// None for a tombstone.
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: HeaderBuffer,
}

const MEMBERS: [&str; 5] = ["Topic", "Partition", "Key", "Headers", "Value"];

impl Request {
    /// Reads the input of a call; says what is wrong with it.
    pub(super) fn read(call: &Call<'_>) -> Result<Request, String> {
        let (arena, input) = (call.arena, call.input);
        if arena.kind(input) != Kind::Object {
            return Err("the input is not an object".to_string());
        }
        for (name, _) in arena.members(input) {
            let name = name_of(arena, name);
            if !MEMBERS.contains(&&*name) {
                let known = MEMBERS.join(", ");
                return Err(format!("\"{name}\" is none of {known}"));
            }
        }
        let member = |name| {
            let found = arena.get_by_name(input, name);
            found.filter(|value| arena.kind(*value) != Kind::Null)
        };
        let topic = member("Topic").and_then(|topic| arena.as_str(topic));
        let partition = match member("Partition") {
            None => None,
            Some(number) => {
                let number = arena.as_number(number).and_then(|number| number.as_i64());
                let number = number.and_then(|number| i32::try_from(number).ok());
                let number = number.filter(|number| *number >= 0);
                Some(number.ok_or("Partition is not the number of a partition")?)
            }
        };
        let mut headers = HeaderBuffer::new();
        let key = call.idempotency_key();
        headers.push("expressd.execution", Some(call.execution_id.as_bytes()));
        headers.push("expressd.key", Some(key.as_bytes()));
        if let Some(members) = member("Headers") {
            if arena.kind(members) != Kind::Object {
                return Err("Headers is not an object".to_string());
            }
            for (name, value) in arena.members(members) {
                let value = text(arena, value);
                headers.push(&name_of(arena, name), value.as_deref());
            }
        }
        Ok(Request {
            topic: topic.ok_or("Topic is not a string")?.decode().into_owned(),
            partition,
            key: member("Key").and_then(|key| text(arena, key)),
            value: member("Value").map(|value| json(arena, value)),
            headers,
        })
    }
}

fn name_of(arena: &Arena, name: Value) -> String {
    let name = arena.as_str(name);
    name.map_or(String::new(), |name| name.decode().into_owned())
}

/// A string as it is, everything else as JSON; nothing for null.
fn text(arena: &Arena, value: Value) -> Option<Vec<u8>> {
    if arena.kind(value) == Kind::Null {
        return None;
    }
    Some(match arena.as_str(value) {
        Some(text) => text.decode().into_owned().into_bytes(),
        None => json(arena, value),
    })
}

fn json(arena: &Arena, value: Value) -> Vec<u8> {
    let mut json = Vec::new();
    arena.print(value, &mut json);
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Constants, ParseLimits};

    fn read(input: &str) -> Result<Request, String> {
        let mut arena = Arena::new(Constants::empty());
        let input = arena
            .parse(input.as_bytes(), ParseLimits::default())
            .unwrap();
        Request::read(&Call::example(&arena, input, "A"))
    }

    #[test]
    fn strings_are_keys_as_they_are_and_values_as_json() {
        let request = read(
            r#"{"Topic": "t", "Key": "k\u0031", "Value": "v", "Headers": {"a": 1, "b": null}, "Partition": 2}"#,
        )
        .unwrap();
        assert_eq!((request.topic.as_str(), request.partition), ("t", Some(2)));
        assert_eq!(request.key.as_deref(), Some(b"k1".as_slice()));
        assert_eq!(request.value.as_deref(), Some(b"\"v\"".as_slice()));
        let headers: Vec<_> = request
            .headers
            .iter()
            .map(|header| (header.name, header.value))
            .collect();
        let want: [(&str, Option<&[u8]>); 4] = [
            ("expressd.execution", Some(b"p/t-0-7")),
            ("expressd.key", Some(b"p/t-0-7::A:0")),
            ("a", Some(b"1")),
            ("b", None),
        ];
        assert_eq!(headers, want);
    }

    #[test]
    fn a_null_value_is_a_tombstone() {
        let request = read(r#"{"Topic": "t", "Key": {"id": 1}, "Value": null}"#).unwrap();
        assert_eq!(request.value, None);
        assert_eq!(request.key.as_deref(), Some(br#"{"id":1}"#.as_slice()));
    }

    #[test]
    fn what_is_no_request_is_told() {
        for (input, want) in [
            ("[]", "the input is not an object"),
            ("{}", "Topic is not a string"),
            (r#"{"Topic": 1}"#, "Topic is not a string"),
            (
                r#"{"Topic": "t", "Headers": []}"#,
                "Headers is not an object",
            ),
            (
                r#"{"Topic": "t", "Partition": -1}"#,
                "Partition is not the number of a partition",
            ),
            (
                r#"{"Topic": "t", "Vale": 1}"#,
                "\"Vale\" is none of Topic, Partition, Key, Headers, Value",
            ),
        ] {
            assert_eq!(read(input).unwrap_err(), want, "{input}");
        }
    }
}
