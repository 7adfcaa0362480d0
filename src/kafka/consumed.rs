//! What a consumer has fetched, taken by the batch: the safe wrapper takes one record at a time.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;
use rdkafka_sys::types::{RDKafkaMessage, RDKafkaQueue};

use super::{Record, error_code, record};

/// The queue of a consumer whose partitions are assigned by hand: in a batch call a rebalance would get lost.
pub(super) struct Consumed<'a, C: ConsumerContext + 'static> {
    queue: NonNull<RDKafkaQueue>,
    consumer: &'a BaseConsumer<C>,
}

impl<'a, C: ConsumerContext> Consumed<'a, C> {
    pub(super) fn of(consumer: &'a BaseConsumer<C>) -> Consumed<'a, C> {
        // SAFETY: the client lives as long as `consumer`.
        let queue = unsafe { sys::rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
        Consumed {
            queue: NonNull::new(queue).expect("a consumer of a group has its queue"),
            consumer,
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
        let _ = self.consumer;
        let messages = &mut records.messages;
        messages.reserve(max);
        let before = messages.len();
        // SAFETY: there is room for `max` pointers behind the first `before` ones, and the call writes the `n` that it
        // gives, each of a message that is ours from then on.
        unsafe {
            let free = messages.as_mut_ptr().add(before);
            let n = sys::rd_kafka_consume_batch_queue(self.queue.as_ptr(), millis, free, max);
            let n = usize::try_from(n).unwrap_or(0);
            messages.set_len(before + n);
            n
        }
    }
}

impl<C: ConsumerContext> Drop for Consumed<'_, C> {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not used again.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// Records in the client's own memory, which lives as long as the consumer does.
#[derive(Default)]
pub(super) struct Records<'a> {
    messages: Vec<*mut RDKafkaMessage>,
    _consumer: std::marker::PhantomData<&'a ()>,
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
