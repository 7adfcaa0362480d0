//! A Kafka record, borrowed from wherever its bytes are, and copied where it has to outlive them. Knows no client library.

use std::fmt;
use std::ops::Range;

/// The header that says when a record of a retry topic may run: milliseconds since the epoch.
pub const NOT_BEFORE: &str = "expressd.retry.not_before";

/// One record of a topic. A line of a file looks the same: its topic is the file, its offset the line.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition number.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
    /// Milliseconds since the epoch, where the record has one.
    pub timestamp: Option<i64>,
    /// Who set the timestamp.
    pub timestamp_type: TimestampType,
    /// Key bytes.
    pub key: Option<&'a [u8]>,
    /// Value bytes; `None` is Kafka's null.
    pub value: Option<&'a [u8]>,
    /// Headers in their order; names may repeat.
    pub headers: Headers<'a>,
}

/// Who set a record's timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer.
    CreateTime,
    /// The broker.
    LogAppendTime,
}

/// One header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its bytes; `None` is Kafka's null.
    pub value: Option<&'a [u8]>,
}

/// Headers that can be read by position.
pub trait HeaderList {
    /// The header at `index`, or `None` behind the last one.
    fn header(&self, index: usize) -> Option<Header<'_>>;
}

/// The headers of a [`Record`].
#[derive(Clone, Copy)]
pub struct Headers<'a>(Option<&'a dyn HeaderList>);

impl<'a> Headers<'a> {
    /// No headers.
    pub const NONE: Headers<'static> = Headers(None);

    /// The headers of a list.
    pub fn new(list: &'a dyn HeaderList) -> Headers<'a> {
        Headers(Some(list))
    }

    /// All headers in order.
    pub fn iter(self) -> impl Iterator<Item = Header<'a>> {
        (0..).map_while(move |index| self.0.and_then(|list| list.header(index)))
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Record<'_> {
    /// When the record may run, milliseconds since the epoch, if it says so.
    pub fn not_before(&self) -> Option<i64> {
        let mut headers = self.headers.iter();
        let header = headers.find(|header| header.name == NOT_BEFORE)?;
        std::str::from_utf8(header.value?).ok()?.parse().ok()
    }

    /// Bytes of key, value and headers: what the record weighs in a window.
    pub fn bytes(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|header| header.name.len() + header.value.map_or(0, <[u8]>::len))
            .sum();
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len) + headers
    }
}

/// Headers in one buffer, cleared and filled again.
#[derive(Clone, Debug, Default)]
pub struct HeaderBuffer {
    bytes: Vec<u8>,
    /// Ends of name and value; a null value has none.
    ends: Vec<(usize, Option<usize>)>,
}

impl HeaderBuffer {
    /// An empty buffer.
    pub fn new() -> HeaderBuffer {
        HeaderBuffer::default()
    }

    /// Forgets the headers, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Number of headers.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of names and values.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends a header.
    pub fn push(&mut self, name: &str, value: Option<&[u8]>) {
        match value {
            Some(value) => self.push_with(name, |bytes| bytes.extend_from_slice(value)),
            None => {
                self.bytes.extend_from_slice(name.as_bytes());
                self.ends.push((self.bytes.len(), None));
            }
        }
    }

    /// Appends a header whose value `write` appends.
    pub fn push_with(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.extend_from_slice(name.as_bytes());
        let name_end = self.bytes.len();
        write(&mut self.bytes);
        self.ends.push((name_end, Some(self.bytes.len())));
    }

    /// The headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'_>> {
        Headers::new(self).iter()
    }

    /// The same with names as bytes, which need not be looked at.
    pub fn iter_bytes(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let mut start = 0;
        self.ends.iter().map(move |&(name_end, value_end)| {
            let name = &self.bytes[start..name_end];
            start = value_end.unwrap_or(name_end);
            (name, value_end.map(|end| &self.bytes[name_end..end]))
        })
    }
}

impl HeaderList for HeaderBuffer {
    fn header(&self, index: usize) -> Option<Header<'_>> {
        let (name_end, value_end) = *self.ends.get(index)?;
        let start = match index {
            0 => 0,
            _ => {
                let (name_end, value_end) = self.ends[index - 1];
                value_end.unwrap_or(name_end)
            }
        };
        Some(Header {
            name: std::str::from_utf8(&self.bytes[start..name_end])
                .expect("names are pushed as text"),
            value: value_end.map(|value_end| &self.bytes[name_end..value_end]),
        })
    }
}

/// A copy of a record that owns its bytes.
#[derive(Clone, Debug)]
pub struct OwnedRecord {
    topic: Box<str>,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    timestamp_type: TimestampType,
    bytes: Box<[u8]>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: HeaderBuffer,
}

impl OwnedRecord {
    /// Copies a record.
    pub fn new(record: &Record<'_>) -> OwnedRecord {
        let mut bytes = Vec::with_capacity(
            record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len),
        );
        let mut copy = |part: Option<&[u8]>| {
            part.map(|part| {
                let start = bytes.len();
                bytes.extend_from_slice(part);
                start..bytes.len()
            })
        };
        let key = copy(record.key);
        let value = copy(record.value);
        let mut headers = HeaderBuffer::new();
        for header in record.headers.iter() {
            headers.push(header.name, header.value);
        }
        OwnedRecord {
            topic: record.topic.into(),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp,
            timestamp_type: record.timestamp_type,
            bytes: bytes.into_boxed_slice(),
            key,
            value,
            headers,
        }
    }

    /// The record.
    pub fn as_record(&self) -> Record<'_> {
        let part = |range: &Option<Range<usize>>| range.clone().map(|range| &self.bytes[range]);
        Record {
            topic: &self.topic,
            partition: self.partition,
            offset: self.offset,
            timestamp: self.timestamp,
            timestamp_type: self.timestamp_type,
            key: part(&self.key),
            value: part(&self.value),
            headers: Headers::new(&self.headers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_the_same() {
        let mut headers = HeaderBuffer::new();
        headers.push("null", None);
        headers.push("empty", Some(b""));
        headers.push("twice", Some(b"1"));
        headers.push("twice", Some(b"\xff"));
        for (key, value) in [
            (None, None),
            (Some(&b""[..]), Some(&b"{}"[..])),
            (Some(b"k"), None),
        ] {
            let record = Record {
                topic: "orders",
                partition: 3,
                offset: 42,
                timestamp: Some(7),
                timestamp_type: TimestampType::LogAppendTime,
                key,
                value,
                headers: Headers::new(&headers),
            };
            let copy = OwnedRecord::new(&record);
            assert_eq!(format!("{:?}", copy.as_record()), format!("{record:?}"));
            assert_eq!(copy.as_record().bytes(), record.bytes());
        }
    }

    #[test]
    fn headers_come_back_in_order() {
        let mut headers = HeaderBuffer::new();
        headers.push("a", None);
        headers.push_with("b", |bytes| bytes.extend_from_slice(b"12"));
        headers.push("", Some(b""));
        let seen: Vec<_> = headers.iter().map(|h| (h.name, h.value)).collect();
        assert_eq!(
            seen,
            [("a", None), ("b", Some(&b"12"[..])), ("", Some(&b""[..]))]
        );
        let bytes = headers.iter_bytes();
        assert!(bytes.eq(seen.iter().map(|seen| (seen.0.as_bytes(), seen.1))));
        headers.clear();
        assert!(headers.is_empty());
    }
}
