//! What an HTTP response means to a task.
//!
//! A failing function makes the retriers of AWS's examples fire: they name Lambda's errors.

use hyper::body::Bytes;
use hyper::{Response, StatusCode};

use super::super::client::Failure;
use super::super::envelope::in_envelope;
use super::super::function_error::{error, error_type, is_json, too_large};
use super::super::gate::Health;
use super::super::lambda_error;
use crate::engine::TaskReply;
use crate::error_name;

/// How answers of one Task state are read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// How AWS calls the task in a `States.DataLimitExceeded`.
    pub(super) service: String,
    /// Whether the answer goes into the envelope of `lambda:invoke`.
    pub(super) envelope: bool,
}

/// Bytes of a body that a cause tells, where the body is no error of a function.
const TOLD: usize = 1_024;

impl Reading {
    pub(super) fn reply(&self, exchange: Result<Response<Bytes>, Failure>) -> (TaskReply, Health) {
        match exchange {
            Ok(response) if response.status().is_success() => {
                (self.result(response.into_body()), Health::Up)
            }
            Ok(response) => error_of(response.status(), response.body()),
            Err(failure) => self.failure(failure),
        }
    }

    fn result(&self, body: Bytes) -> TaskReply {
        let body = match body.is_empty() {
            // A function that returns nothing returns null.
            true => Bytes::from_static(b"null"),
            false => body,
        };
        if !self.envelope {
            return TaskReply::Result(body.into());
        }
        match is_json(&body) {
            true => TaskReply::Result(in_envelope(&body)),
            false => error(
                error_name::LAMBDA_UNKNOWN,
                "the answer is not JSON".to_string(),
            ),
        }
    }

    fn failure(&self, failure: Failure) -> (TaskReply, Health) {
        match failure {
            Failure::Connection(cause) | Failure::Refused(cause) => {
                (error(lambda_error::SDK_CLIENT, cause), Health::Down)
            }
            Failure::Late(cause) => (error(error_name::TIMEOUT, cause), Health::Down),
            Failure::TooLarge(_) => (too_large(&self.service), Health::Up),
        }
    }
}

/// The error of a response that is not a success. Errors that the function names are its own, whatever the status.
fn error_of(status: StatusCode, body: &Bytes) -> (TaskReply, Health) {
    if let Some(name) = error_type(body) {
        let cause = String::from_utf8_lossy(body).into_owned();
        return (error(&name, cause), Health::Up);
    }
    let told = &body[..body.len().min(TOLD)];
    let told = String::from_utf8_lossy(told);
    let cause = match told.is_empty() {
        true => status.to_string(),
        false => format!("{status}: {told}"),
    };
    let (name, health) = match status {
        StatusCode::TOO_MANY_REQUESTS => (lambda_error::TOO_MANY_REQUESTS, Health::Up),
        StatusCode::NOT_FOUND => (lambda_error::RESOURCE_NOT_FOUND, Health::Up),
        status if status.is_server_error() => (lambda_error::SERVICE, Health::Down),
        _ => (lambda_error::AWS_LAMBDA, Health::Up),
    };
    (error(name, cause), health)
}
