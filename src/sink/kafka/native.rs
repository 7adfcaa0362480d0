//! librdkafka's producer, called directly: topics by their handles and reports by the batch. The safe wrapper looks a
//! topic up by name for each record, under a lock of the whole client, and makes an object of each report.
//!
//! The only file of the sink that calls rdkafka-sys.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::mem;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::ClientContext as _;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _, PurgeConfig};
use rdkafka_sys as sys;
use rdkafka_sys::rd_kafka_vtype_t as vtype;
use rdkafka_sys::types::{RDKafkaEvent, RDKafkaMessage, RDKafkaQueue};

use crate::kafka::{HeaderBuffer, NativeHeaders, TopicError, ask_topic, error_code, record};
use crate::sink::{Kind, OwnedPublication, Publication, Receipt};
use crate::telemetry::KafkaClientMetrics;

use super::bodies::Bodies;
use super::context::{Context, Reports, Sent, Undelivered};
use super::outlet::{MakeOutlet, Outlet};

/// Reports that are taken at a time, or a few more: a batch is taken whole.
const REPORTS: usize = 4_096;

/// The client neither copies nor frees the value.
const KEEP_VALUE: std::ffi::c_int = 0;

/// The property for the bytes of a batch, before it is compressed, and the client's own value.
const BATCH_BYTES: &str = "batch.size";
const USUAL_BATCH_BYTES: usize = 1_000_000;

/// Makes producers of librdkafka that write to these topics.
pub(super) fn producers<R: Receipt>(
    client: ClientConfig,
    topics: Vec<String>,
    metrics: Arc<KafkaClientMetrics>,
) -> MakeOutlet<R> {
    Box::new(move |batch| {
        Ok(Box::new(Native::new(
            &with_batches(&client, batch),
            &topics,
            Arc::clone(&metrics),
        )?))
    })
}

/// Batches of at most so many bytes; a config may want still smaller ones.
fn with_batches(client: &ClientConfig, bytes: usize) -> ClientConfig {
    let mut client = client.clone();
    let wanted = client.get(BATCH_BYTES).and_then(|text| text.parse().ok());
    let bytes = bytes.min(wanted.unwrap_or(USUAL_BATCH_BYTES)).max(1);
    client.set(BATCH_BYTES, bytes.to_string());
    client
}

/// A producer. What belongs to the client is declared before it, and so goes before it.
struct Native<R: Receipt> {
    topics: Vec<Topic>,
    reports: ReportQueue,
    bodies: Bodies,
    producer: BaseProducer<Context<R>>,
}

/// The client's object for a topic.
struct Topic {
    name: String,
    handle: NonNull<sys::rd_kafka_topic_t>,
}

/// The queue that reports come to.
struct ReportQueue(NonNull<RDKafkaQueue>);

// SAFETY: a topic handle may be used from any thread.
unsafe impl Send for Topic {}
// SAFETY: as above.
unsafe impl Sync for Topic {}
// SAFETY: a queue handle may be used from any thread.
unsafe impl Send for ReportQueue {}
// SAFETY: as above.
unsafe impl Sync for ReportQueue {}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not used again; messages under way have their own reference.
        unsafe { sys::rd_kafka_topic_destroy(self.handle.as_ptr()) };
    }
}

impl Drop for ReportQueue {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not used again.
        unsafe { sys::rd_kafka_queue_destroy(self.0.as_ptr()) };
    }
}

impl<R: Receipt> Native<R> {
    fn new(
        client: &ClientConfig,
        topics: &[String],
        metrics: Arc<KafkaClientMetrics>,
    ) -> KafkaResult<Native<R>> {
        let producer = BaseProducer::from_config_and_context(client, Context::new(metrics))?;
        let native = producer.client().native_ptr();
        let topics = topics.iter().map(|name| {
            let c_name = CString::new(name.as_str())?;
            // SAFETY: the client is valid; the name is a C string, which the call copies; without a configuration the
            // topic has the client's.
            let handle =
                unsafe { sys::rd_kafka_topic_new(native, c_name.as_ptr(), ptr::null_mut()) };
            let handle = NonNull::new(handle).ok_or(KafkaError::MessageProduction(
                RDKafkaErrorCode::UnknownTopic,
            ))?;
            Ok(Topic {
                name: name.clone(),
                handle,
            })
        });
        let topics = topics.collect::<KafkaResult<_>>()?;
        // SAFETY: the client is valid.
        let queue = unsafe { sys::rd_kafka_queue_get_main(native) };
        Ok(Native {
            topics,
            reports: ReportQueue(NonNull::new(queue).expect("a client has its main queue")),
            bodies: Bodies::new(),
            producer,
        })
    }

    /// Takes one event, after a wait for it; says whether there was one.
    fn serve(&self, wait: Duration, reports: &mut Reports<R>) -> bool {
        let millis = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is valid; an event belongs to us until it is destroyed below.
        let event = unsafe { sys::rd_kafka_queue_poll(self.reports.0.as_ptr(), millis) };
        let Some(event) = NonNull::new(event) else {
            return false;
        };
        // SAFETY: the event is valid until it is destroyed, and nothing of it is kept.
        unsafe {
            match sys::rd_kafka_event_type(event.as_ptr()) {
                sys::RD_KAFKA_EVENT_DR => {
                    let used = take_reports(event.as_ptr(), reports);
                    self.bodies.give_back(used);
                }
                sys::RD_KAFKA_EVENT_STATS => {
                    let json = CStr::from_ptr(sys::rd_kafka_event_stats(event.as_ptr()));
                    self.producer.context().stats_raw(json.to_bytes());
                }
                sys::RD_KAFKA_EVENT_ERROR => {
                    let code = sys::rd_kafka_event_error(event.as_ptr());
                    let reason = sys::rd_kafka_event_error_string(event.as_ptr());
                    let reason = CStr::from_ptr(reason).to_string_lossy();
                    let error = KafkaError::Global(code.into());
                    self.producer.context().error(error, reason.trim());
                }
                _ => {}
            }
            sys::rd_kafka_event_destroy(event.as_ptr());
        }
        true
    }
}

/// Gives the bodies of what is reported, which the client does not read any more.
///
/// # Safety
/// The event is valid and has delivery reports, all of messages whose opaque is a `Sent<R>` that is not taken yet.
unsafe fn take_reports<R>(event: *mut RDKafkaEvent, reports: &mut Reports<R>) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    loop {
        // SAFETY: the event is valid; a message of it is as long as it is itself.
        let Some(message) = (unsafe { sys::rd_kafka_event_message_next(event).as_ref() }) else {
            return bodies;
        };
        // SAFETY: `send` has made the opaque of a box, and each message is reported once.
        let mut sent = unsafe { Box::from_raw(message._private.cast::<Sent<R>>()) };
        let code = error_code(message.err);
        // SAFETY: the message is valid, and so is its value, which is the body.
        let undelivered = code.map(|code| (code, unsafe { publication(message, sent.kind) }));
        bodies.push(mem::take(&mut sent.body));
        match undelivered {
            None => reports.delivered.push(sent.receipt),
            Some((code, publication)) => reports.failed.push(Undelivered {
                publication,
                sent,
                code,
            }),
        }
    }
}

/// The publication as the client gives it back.
///
/// # Safety
/// The message is valid.
unsafe fn publication(message: &RDKafkaMessage, kind: Kind) -> OwnedPublication {
    // SAFETY: the message is valid, and nobody else reads it.
    let list = unsafe { NativeHeaders::of(message) };
    let list = list.as_ref().map(|headers| headers as _);
    // SAFETY: the headers are those of the message.
    let record = unsafe { record(message, "", list) };
    let mut headers = HeaderBuffer::new();
    for header in record.headers.iter() {
        headers.push(header.name, header.value);
    }
    OwnedPublication {
        kind,
        key: record.key.map(<[u8]>::to_vec),
        value: record.value.map(<[u8]>::to_vec),
        timestamp: record.timestamp,
        headers,
    }
}

/// Headers as the client wants them, in the hands of whoever takes the pointer.
fn native_headers(headers: &HeaderBuffer) -> *mut sys::rd_kafka_headers_t {
    // SAFETY: the call makes a list or aborts; name and value are copied into it.
    unsafe {
        let list = sys::rd_kafka_headers_new(headers.len());
        for (name, value) in headers.iter_bytes() {
            let (start, length) = bytes(value);
            sys::rd_kafka_header_add(
                list,
                name.as_ptr().cast(),
                name.len() as isize,
                start,
                length as isize,
            );
        }
        list
    }
}

/// Null where there are none: an empty value is not a null one.
fn bytes(bytes: Option<&[u8]>) -> (*const std::ffi::c_void, usize) {
    bytes.map_or((ptr::null(), 0), |bytes| {
        (bytes.as_ptr().cast(), bytes.len())
    })
}

impl<R: Receipt> Outlet<R> for Native<R> {
    fn send(
        &self,
        topic: &str,
        publication: &Publication<'_>,
        mut sent: Box<Sent<R>>,
    ) -> Result<(), (RDKafkaErrorCode, Box<Sent<R>>)> {
        let Some(topic) = self.topics.iter().find(|known| known.name == topic) else {
            return Err((RDKafkaErrorCode::UnknownTopic, sent));
        };
        let (key, key_length) = bytes(publication.key);
        sent.body = self.bodies.copy(publication.value.unwrap_or_default());
        let value = publication.value.map(|_| &sent.body[..]);
        let (value, value_length) = bytes(value);
        let headers = match publication.headers.is_empty() {
            true => ptr::null_mut(),
            false => native_headers(publication.headers),
        };
        let opaque = Box::into_raw(sent);
        // SAFETY: every tag is followed by what the client expects behind it. The key is copied. The value stays where it is
        // until the message is reported: it belongs to the opaque. Headers and opaque are the client's from now on, unless
        // it gives an error.
        let refused = unsafe {
            sys::rd_kafka_producev(
                self.producer.client().native_ptr(),
                vtype::RD_KAFKA_VTYPE_RKT,
                topic.handle.as_ptr(),
                vtype::RD_KAFKA_VTYPE_MSGFLAGS,
                KEEP_VALUE,
                vtype::RD_KAFKA_VTYPE_VALUE,
                value,
                value_length,
                vtype::RD_KAFKA_VTYPE_KEY,
                key,
                key_length,
                vtype::RD_KAFKA_VTYPE_OPAQUE,
                opaque,
                vtype::RD_KAFKA_VTYPE_TIMESTAMP,
                publication.timestamp.unwrap_or(0),
                vtype::RD_KAFKA_VTYPE_HEADERS,
                headers,
                vtype::RD_KAFKA_VTYPE_END,
            )
        };
        let Some(code) = error_code(refused) else {
            return Ok(());
        };
        // SAFETY: the client took neither.
        unsafe {
            if !headers.is_null() {
                sys::rd_kafka_headers_destroy(headers);
            }
            Err((code, Box::from_raw(opaque)))
        }
    }

    fn take(&self, reports: &mut Reports<R>, mut wait: Duration) {
        while self.serve(wait, reports) {
            wait = Duration::ZERO;
            if reports.delivered.len() + reports.failed.len() >= REPORTS {
                return;
            }
        }
    }

    fn in_flight(&self) -> usize {
        usize::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }

    fn broken(&self) -> Option<String> {
        let (_, reason) = self.producer.client().fatal_error()?;
        Some(reason)
    }

    fn purge(&self) {
        self.producer
            .purge(PurgeConfig::default().queue().inflight());
    }

    fn verify(&self, topic: &str) -> Result<(), TopicError> {
        ask_topic(self.producer.client(), topic)
    }
}
