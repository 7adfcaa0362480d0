//! A message of librdkafka read where it lies: what its safe wrapper makes too much of, or takes too much for granted in.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ptr::{self, NonNull};
use std::slice;

use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_timestamp_type_t as timestamp_type;
use rdkafka_sys::types::{RDKafkaErrorCode, RDKafkaMessage, RDKafkaQueue, RDKafkaRespErr};

use super::{Header, HeaderList, Headers, Record, TimestampType};

/// The headers of a message.
#[derive(Clone, Copy)]
pub(crate) struct NativeHeaders(NonNull<sys::rd_kafka_headers_t>);

impl NativeHeaders {
    /// The headers of a message, if it has any. The client parses them at the first call.
    ///
    /// # Safety
    /// `message` is valid, nobody else reads its headers meanwhile, and what is returned is not used when it is gone.
    pub(crate) unsafe fn of(message: *const RDKafkaMessage) -> Option<NativeHeaders> {
        let mut headers = ptr::null_mut();
        // SAFETY: the caller's promise. Without headers the call leaves the pointer alone.
        unsafe { sys::rd_kafka_message_headers(message, &mut headers) };
        NonNull::new(headers).map(NativeHeaders)
    }
}

impl HeaderList for NativeHeaders {
    fn header(&self, index: usize) -> Option<Header<'_>> {
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the headers are valid, as `of` asked for; the call fails behind the last one.
        let found = unsafe {
            sys::rd_kafka_header_get_all(self.0.as_ptr(), index, &mut name, &mut value, &mut size)
        };
        if error_code(found).is_some() {
            return None;
        }
        // SAFETY: the name is a C string inside the headers.
        let name = unsafe { CStr::from_ptr(name) };
        Some(Header {
            name: name.to_str().unwrap_or("\u{fffd}"),
            // SAFETY: the value lies inside the headers.
            value: unsafe { bytes(value.cast(), size) },
        })
    }
}

/// Takes up to `max` messages of a queue, behind those that are in `messages`: waits so many milliseconds for all of them.
/// Says how many came. Each belongs to the caller from then on, also one that stands for an error.
///
/// # Safety
/// The queue is valid.
pub(crate) unsafe fn take_batch(
    queue: NonNull<RDKafkaQueue>,
    millis: i32,
    max: usize,
    messages: &mut Vec<*mut RDKafkaMessage>,
) -> usize {
    messages.reserve(max);
    // SAFETY: the caller's promise for the queue. There is room for `max` pointers behind those that are there, and the
    // call writes as many as it says.
    unsafe {
        let free = messages.as_mut_ptr().add(messages.len());
        let n = sys::rd_kafka_consume_batch_queue(queue.as_ptr(), millis, free, max);
        let n = usize::try_from(n).unwrap_or(0);
        messages.set_len(messages.len() + n);
        n
    }
}

/// A message as a record of `topic`.
///
/// # Safety
/// `message` is a valid message, and `headers` are its own.
pub(crate) unsafe fn record<'a>(
    message: &'a RDKafkaMessage,
    topic: &'a str,
    headers: Option<&'a dyn HeaderList>,
) -> Record<'a> {
    // SAFETY: the caller's promise.
    let (timestamp, timestamp_type) = unsafe { timestamp(message) };
    Record {
        topic,
        partition: message.partition,
        offset: message.offset,
        timestamp,
        timestamp_type,
        // SAFETY: key and payload lie inside the message.
        key: unsafe { bytes(message.key.cast(), message.key_len) },
        // SAFETY: as above.
        value: unsafe { bytes(message.payload.cast(), message.len) },
        headers: headers.map_or(Headers::NONE, Headers::new),
    }
}

/// When a message was made, milliseconds since the epoch, and who said so.
///
/// # Safety
/// `message` is a valid message.
unsafe fn timestamp(message: &RDKafkaMessage) -> (Option<i64>, TimestampType) {
    let mut source = timestamp_type::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: the message is valid.
    let timestamp = unsafe { sys::rd_kafka_message_timestamp(message, &mut source) };
    let source = match source {
        timestamp_type::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => TimestampType::LogAppendTime,
        _ => TimestampType::CreateTime,
    };
    ((timestamp >= 0).then_some(timestamp), source)
}

/// The error in an answer of the client, if it is one.
pub(crate) fn error_code(error: RDKafkaRespErr) -> Option<RDKafkaErrorCode> {
    match RDKafkaErrorCode::from(error) {
        RDKafkaErrorCode::NoError => None,
        code => Some(code),
    }
}

/// # Safety
/// `start` is null, or `length` bytes are valid there for `'a`.
pub(crate) unsafe fn bytes<'a>(start: *const u8, length: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start, length) })
}
