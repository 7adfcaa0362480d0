//! What a consumer has fetched, taken by the batch: the safe wrapper takes one record at a time.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;
use rdkafka_sys::types::{RDKafkaMessage, RDKafkaQueue};

use super::{Record, error_code, record, take_batch};

/// The queue of a consumer whose partitions are assigned by hand: in a batch call a rebalance would get lost.
pub(super) struct Consumed<'a> {
    queue: NonNull<RDKafkaQueue>,
    _consumer: PhantomData<&'a ()>,
}

impl<'a> Consumed<'a> {
    pub(super) fn of<C: ConsumerContext>(consumer: &'a BaseConsumer<C>) -> Consumed<'a> {
        // SAFETY: the client lives as long as `consumer`.
        let queue = unsafe { sys::rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
        Consumed {
            queue: NonNull::new(queue).expect("a consumer of a group has its queue"),
            _consumer: PhantomData,
        }
    }

    /// Takes up to `max` records that are there; where there are none, waits for the first.
    pub(super) fn take(&self, max: usize, wait: Duration, records: &mut Records<'a>) {
        // The call waits for as many as are asked for.
        if self.take_now(max, 0, records) == 0 {
            let millis = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
            self.take_now(1, millis, records);
        }
    }

    fn take_now(&self, max: usize, millis: i32, records: &mut Records<'a>) -> usize {
        // SAFETY: the queue is ours until `drop`.
        unsafe { take_batch(self.queue, millis, max, &mut records.messages) }
    }
}

impl Drop for Consumed<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not used again.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// Records in the client's own memory, which lives as long as the consumer does.
#[derive(Default)]
pub(super) struct Records<'a> {
    messages: Vec<*mut RDKafkaMessage>,
    _consumer: PhantomData<&'a ()>,
}

impl Records<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The records without topic and headers; or what stands in the place of one.
    pub(super) fn iter(&self) -> impl Iterator<Item = Result<Record<'_>, RDKafkaErrorCode>> {
        self.messages.iter().map(|message| {
            // SAFETY: each message is valid until `clear`.
            unsafe {
                match error_code((**message).err) {
                    Some(code) => Err(code),
                    None => Ok(record(&**message, "", None)),
                }
            }
        })
    }

    /// Gives them back to the client.
    pub(super) fn clear(&mut self) {
        for message in self.messages.drain(..) {
            // SAFETY: the message is ours and not used again.
            unsafe { sys::rd_kafka_message_destroy(message) };
        }
    }
}

impl Drop for Records<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
