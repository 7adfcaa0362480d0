//! The part of librdkafka that has no safe wrapper: a partition's own queue, read in batches, and commits whose answers
//! come back.
//!
//! The only file of the source that calls rdkafka-sys.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::hint::black_box;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka_sys as sys;
use rdkafka_sys::types::{RDKafkaErrorCode, RDKafkaMessage, RDKafkaQueue};

use crate::kafka::{
    Headers, NativeHeaders, OwnedRecord, Record, TimestampType, bytes, error_code, record,
    take_batch,
};
use crate::source::Records;

use super::client::Queue;
use super::context::Context;

/// The queue of one partition, cut off from the consumer's main queue.
///
/// Dropping it leaves the partition unreadable, so it lives until the revocation is over.
pub(super) struct PartitionQueue {
    queue: NonNull<RDKafkaQueue>,
    topic: CString,
    partition: i32,
    consumer: Arc<BaseConsumer<Context>>,
    scratch: Vec<*mut RDKafkaMessage>,
}

// SAFETY: a queue handle may be used from any thread; `scratch` is empty between calls.
unsafe impl Send for PartitionQueue {}

impl PartitionQueue {
    /// Cuts the partition's queue off. Done before the partition is assigned, so that no record of it takes the way
    /// through the main queue.
    pub(super) fn split(
        consumer: &Arc<BaseConsumer<Context>>,
        topic: &str,
        partition: i32,
    ) -> Option<PartitionQueue> {
        let topic = CString::new(topic).ok()?;
        // SAFETY: the client lives as long as `consumer`; the topic is a C string; the call keeps no pointer to it.
        let queue = unsafe {
            sys::rd_kafka_queue_get_partition(
                consumer.client().native_ptr(),
                topic.as_ptr(),
                partition,
            )
        };
        let queue = NonNull::new(queue)?;
        // SAFETY: the queue is ours until `drop`. Forwarding to null marks it as forwarded by the application, which
        // keeps the client from forwarding it to the main queue when fetching starts.
        unsafe { sys::rd_kafka_queue_forward(queue.as_ptr(), ptr::null_mut()) };
        Some(PartitionQueue {
            queue,
            topic,
            partition,
            consumer: Arc::clone(consumer),
            scratch: Vec::new(),
        })
    }
}

impl Queue for PartitionQueue {
    /// Partition ends are not asked for: the batch call takes such a message for a record and moves the position past
    /// the end, where the next rebalance resumes and finds its offset out of range.
    fn consume(
        &mut self,
        max: usize,
        messages: &mut Vec<Message>,
    ) -> (usize, Option<RDKafkaErrorCode>) {
        self.scratch.clear();
        // SAFETY: the queue is ours until `drop`. With a timeout of 0 the call takes what is there.
        let n = unsafe { take_batch(self.queue, 0, max, &mut self.scratch) };
        // SAFETY: the call gives valid messages.
        unsafe { touch(&self.scratch) };
        let mut error = None;
        for message in self.scratch.drain(..) {
            let Some(message) = NonNull::new(message) else {
                continue;
            };
            // SAFETY: the message is valid.
            let code = error_code(unsafe { message.as_ref() }.err);
            // SAFETY: the call gives each message to us, and none of them twice.
            let message = unsafe { NativeMessage::new(message) };
            match code {
                None => messages.push(Message::Native(message)),
                Some(code) => error = Some(code),
            }
        }
        (n, error)
    }

    fn end_offset(&self) -> Option<i64> {
        let (mut low, mut high) = (-1, -1);
        // SAFETY: the client lives as long as `consumer`, the topic is a C string, and the call only reads what the
        // client remembers.
        let error = unsafe {
            sys::rd_kafka_get_watermark_offsets(
                self.consumer.client().native_ptr(),
                self.topic.as_ptr(),
                self.partition,
                &mut low,
                &mut high,
            )
        };
        (error_code(error).is_none() && high >= 0).then_some(high)
    }

    fn batch(&self, topic: &Arc<str>, messages: Vec<Message>) -> Box<dyn Records> {
        Box::new(NativeBatch {
            topic: Arc::clone(topic),
            messages,
            _consumer: Arc::clone(&self.consumer),
        })
    }
}

/// Reads the end of every value. Behind it lie the headers, which the client parses one message after the other, each time
/// waiting for memory that is in no cache of this thread yet; reads that know nothing of each other wait together.
///
/// # Safety
/// The messages are valid, where they are not null.
unsafe fn touch(messages: &[*mut RDKafkaMessage]) {
    let ends = messages.iter().filter_map(|message| {
        // SAFETY: the caller's promise; the value lies inside the message.
        let value = unsafe {
            let message = message.as_ref()?;
            bytes(message.payload.cast(), message.len)
        };
        value?.last().copied()
    });
    black_box(ends.fold(0, |a, b| a ^ b));
}

impl Drop for PartitionQueue {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not used again.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// Commits without waiting; the answers come to a queue of their own. (The safe wrapper's asynchronous commit has no
/// answer at all.)
pub(super) struct CommitQueue {
    queue: NonNull<RDKafkaQueue>,
    consumer: Arc<BaseConsumer<Context>>,
}

// SAFETY: a queue handle may be used from any thread.
unsafe impl Send for CommitQueue {}

/// The answer to a commit.
#[derive(Debug)]
pub(crate) struct CommitAnswer {
    /// What is wrong with all of it.
    pub(crate) error: Option<RDKafkaErrorCode>,
    pub(crate) partitions: Vec<PartitionCommit>,
}

/// One partition of an answer.
#[derive(Debug)]
pub(crate) struct PartitionCommit {
    pub(crate) topic: String,
    pub(crate) number: i32,
    pub(crate) offset: Offset,
    pub(crate) error: Option<RDKafkaErrorCode>,
}

impl CommitQueue {
    pub(super) fn new(consumer: &Arc<BaseConsumer<Context>>) -> CommitQueue {
        // SAFETY: the client lives as long as `consumer`.
        let queue = unsafe { sys::rd_kafka_queue_new(consumer.client().native_ptr()) };
        CommitQueue {
            queue: NonNull::new(queue).expect("the client makes a queue or aborts"),
            consumer: Arc::clone(consumer),
        }
    }

    /// Sends a commit.
    pub(super) fn send(&self, offsets: &TopicPartitionList) -> Result<(), RDKafkaErrorCode> {
        // SAFETY: client, list and queue are valid; the call copies the list.
        let error = unsafe {
            sys::rd_kafka_commit_queue(
                self.consumer.client().native_ptr(),
                offsets.ptr(),
                self.queue.as_ptr(),
                None,
                ptr::null_mut(),
            )
        };
        error_code(error).map_or(Ok(()), Err)
    }

    /// The next answer, if one has come.
    pub(super) fn answer(&self) -> Option<CommitAnswer> {
        // SAFETY: the queue is ours; an event belongs to us until it is destroyed below.
        let event = NonNull::new(unsafe { sys::rd_kafka_queue_poll(self.queue.as_ptr(), 0) })?;
        // SAFETY: the event is valid, and so is its list, if it has one, as long as the event is.
        let answer = unsafe {
            let error = error_code(sys::rd_kafka_event_error(event.as_ptr()));
            let list = sys::rd_kafka_event_topic_partition_list(event.as_ptr());
            let partitions = match list.as_ref() {
                Some(list) if list.cnt > 0 => {
                    slice::from_raw_parts(list.elems, usize::try_from(list.cnt).unwrap_or(0))
                }
                _ => &[],
            };
            let partitions = partitions.iter().map(|element| PartitionCommit {
                topic: CStr::from_ptr(element.topic).to_string_lossy().into_owned(),
                number: element.partition,
                offset: Offset::from_raw(element.offset),
                error: error_code(element.err),
            });
            CommitAnswer {
                error,
                partitions: partitions.collect(),
            }
        };
        // SAFETY: nothing refers to the event any more.
        unsafe { sys::rd_kafka_event_destroy(event.as_ptr()) };
        Some(answer)
    }
}

impl Drop for CommitQueue {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not used again.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// Empties metadata that is not text: groups get reused, and the safe wrapper takes text for granted.
pub(super) fn forget_foreign_metadata(list: &mut TopicPartitionList) {
    // SAFETY: the list is valid and borrowed for us alone; its elements and their metadata belong to it.
    unsafe {
        let Some(raw) = list.ptr().as_ref() else {
            return;
        };
        for index in 0..usize::try_from(raw.cnt).unwrap_or(0) {
            let element = &mut *raw.elems.add(index);
            let text = bytes(element.metadata.cast(), element.metadata_size);
            if text.is_some_and(|text| std::str::from_utf8(text).is_err()) {
                element.metadata_size = 0;
            }
        }
    }
}

/// A record that waits to be taken in.
pub(crate) enum Message {
    /// In the client's own memory.
    Native(NativeMessage),
    /// Copied out of it, which is rare.
    Owned(Box<OwnedRecord>),
}

impl Message {
    pub(crate) fn offset(&self) -> i64 {
        match self {
            Message::Native(message) => message.offset,
            Message::Owned(record) => record.as_record().offset,
        }
    }

    /// The message as a record of `topic`.
    pub(crate) fn record<'a>(&'a self, topic: &'a str) -> Record<'a> {
        match self {
            Message::Native(message) => message.record(topic),
            Message::Owned(record) => record.as_record(),
        }
    }
}

/// A message that we own. It pins the whole fetch buffer that it came in. What makes it a record is noted beside its
/// pointer: the next thread that asks for it has none of the client's own memory in its cache.
pub(crate) struct NativeMessage {
    message: NonNull<RDKafkaMessage>,
    offset: i64,
    partition: i32,
    timestamp_type: TimestampType,
    timestamp: Option<i64>,
    key: Option<NonNull<[u8]>>,
    value: Option<NonNull<[u8]>>,
    headers: Option<NativeHeaders>,
}

// SAFETY: an owned message may be read and destroyed on any thread. Its headers, the one part that the client parses
// lazily, are parsed in `new`, so that reading from several threads changes nothing.
unsafe impl Send for NativeMessage {}
// SAFETY: as above.
unsafe impl Sync for NativeMessage {}

impl NativeMessage {
    /// # Safety
    /// The message is valid and belongs to the caller, who gives it away.
    unsafe fn new(message: NonNull<RDKafkaMessage>) -> NativeMessage {
        // SAFETY: the message is valid; the headers go where it goes.
        let (headers, record) = unsafe {
            let headers = NativeHeaders::of(message.as_ptr());
            (headers, record(message.as_ref(), "", None))
        };
        NativeMessage {
            message,
            offset: record.offset,
            partition: record.partition,
            timestamp_type: record.timestamp_type,
            timestamp: record.timestamp,
            key: record.key.map(NonNull::from),
            value: record.value.map(NonNull::from),
            headers,
        }
    }

    fn record<'a>(&'a self, topic: &'a str) -> Record<'a> {
        // SAFETY: key and value lie inside the message, which is valid for as long as `self` is borrowed.
        let bytes = |bytes: NonNull<[u8]>| unsafe { bytes.as_ref() };
        Record {
            topic,
            partition: self.partition,
            offset: self.offset,
            timestamp: self.timestamp,
            timestamp_type: self.timestamp_type,
            key: self.key.map(bytes),
            value: self.value.map(bytes),
            headers: self
                .headers
                .as_ref()
                .map_or(Headers::NONE, |headers| Headers::new(headers)),
        }
    }
}

impl Drop for NativeMessage {
    fn drop(&mut self) {
        // SAFETY: the message is ours and not used again.
        unsafe { sys::rd_kafka_message_destroy(self.message.as_ptr()) };
    }
}

/// Messages of one partition, and the client they belong to.
struct NativeBatch {
    topic: Arc<str>,
    /// Declared before the client: messages are destroyed first.
    messages: Vec<Message>,
    _consumer: Arc<BaseConsumer<Context>>,
}

impl Records for NativeBatch {
    fn len(&self) -> usize {
        self.messages.len()
    }

    fn record(&self, index: usize) -> Record<'_> {
        self.messages[index].record(&self.topic)
    }
}

/// The record in a message of the safe wrapper, read without its assumption that header names are text.
pub(super) fn with_record<T>(
    message: &BorrowedMessage<'_>,
    read: impl FnOnce(Record<'_>) -> T,
) -> T {
    let raw = message.ptr();
    // SAFETY: `message` is borrowed for the whole call, and nobody else reads it.
    let (list, topic) = unsafe {
        let topic = sys::rd_kafka_topic_name((*raw).rkt);
        (NativeHeaders::of(raw), CStr::from_ptr(topic))
    };
    let list = list.as_ref().map(|headers| headers as _);
    let topic = topic.to_string_lossy();
    // SAFETY: as above.
    read(unsafe { record(&*raw, &topic, list) })
}
