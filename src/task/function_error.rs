//! Errors that functions answer, and what is said of answers and parameters that cannot be used.

use crate::engine::TaskReply;
use crate::error_name;

/// `errorType` of a function's error.
pub(super) fn error_type(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct FunctionError {
        #[serde(rename = "errorType")]
        error_type: String,
    }
    let error: FunctionError = serde_json::from_slice(body).ok()?;
    (!error.error_type.is_empty()).then_some(error.error_type)
}

pub(super) fn is_json(body: &[u8]) -> bool {
    let text = std::str::from_utf8(body);
    text.is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

/// An answer over the size limit, in AWS's words. `service` is how it calls the task.
pub(super) fn too_large(service: &str) -> TaskReply {
    let cause = format!(
        "The state/task '{service}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    error(error_name::DATA_LIMIT_EXCEEDED, cause)
}

/// Parameters that cannot be used, in AWS's words.
pub(super) fn wrong_parameters(parameters: &str, field: &str) -> TaskReply {
    let cause = format!(
        "The Parameters '{parameters}' could not be used to start the Task: [The value of the field '{field}' has an invalid format]"
    );
    error(error_name::RUNTIME, cause)
}

pub(super) fn error(name: &str, cause: String) -> TaskReply {
    TaskReply::Error {
        error: Some(name.to_string()),
        cause: Some(cause),
    }
}
