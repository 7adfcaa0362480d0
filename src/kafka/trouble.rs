//! Why a cluster does not answer: a question that has no answer says only that there is none.

use std::sync::{Mutex, PoisonError};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// What the client told last of its connections: refused, a certificate that nobody vouches for, a wrong password.
#[derive(Default)]
pub struct Trouble(Mutex<Option<String>>);

impl Trouble {
    /// Keeps an error that the client reports.
    pub fn note(&self, error: &KafkaError, reason: &str) {
        // It comes behind the errors that have led to it.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_string());
        }
    }

    /// The last one.
    pub fn told(&self) -> Option<String> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone()
    }
}
