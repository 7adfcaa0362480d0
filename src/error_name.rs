//! The reserved error names of the Amazon States Language, and our own.

#![allow(missing_docs)]

pub const ALL: &str = "States.ALL";
pub const RUNTIME: &str = "States.Runtime";
pub const TIMEOUT: &str = "States.Timeout";
pub const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
pub const TASK_FAILED: &str = "States.TaskFailed";
pub const PERMISSIONS: &str = "States.Permissions";
pub const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
pub const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
pub const EXCEED_TOLERATED_FAILURE_THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
/// What AWS says of a function whose answer it cannot read.
pub const LAMBDA_UNKNOWN: &str = "Lambda.Unknown";
pub const INVALID_INPUT: &str = "Expressd.InvalidInput";
pub const INTERNAL_ERROR: &str = "Expressd.InternalError";
pub const MEMORY_LIMIT: &str = "Expressd.MemoryLimit";
pub const STATES_LIMIT: &str = "Expressd.StatesLimit";
pub const DEPTH_LIMIT: &str = "Expressd.DepthLimit";
pub const TASK_CALLS_LIMIT: &str = "Expressd.TaskCallsLimit";
pub const CRASH_SUSPECT: &str = "Expressd.CrashSuspect";
pub const OUTPUT_TOO_LARGE: &str = "Expressd.OutputTooLarge";
