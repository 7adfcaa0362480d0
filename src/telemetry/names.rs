//! The names of all metrics: `expressd_<noun>_<unit>[_total]`. Labels have few values and never an id, a key or free text.

/// Records taken in. Labels: `pipeline`.
pub const RECORDS: &str = "expressd_records_total";
/// Executions that are over. Labels: `pipeline`, `outcome` (`succeeded`, `failed`, `timed_out`, `aborted`).
pub const EXECUTIONS: &str = "expressd_executions_total";
/// Executions that failed, by error name; beyond 64 names `other`. Labels: `pipeline`, `error`.
pub const EXECUTION_ERRORS: &str = "expressd_execution_errors_total";
/// How long executions took, a histogram. Labels: `pipeline`.
pub const EXECUTION_SECONDS: &str = "expressd_execution_seconds";
/// Executions started and not over. Labels: `pipeline`.
pub const IN_FLIGHT: &str = "expressd_in_flight_executions";
/// Dead letters by error name. Labels: `pipeline`, `error`.
pub const DEAD_LETTERS: &str = "expressd_dead_letters_total";
/// Results acknowledged by the sink. Labels: `pipeline`.
pub const RESULTS: &str = "expressd_results_total";
/// Records that were dropped because the config says so. Labels: `pipeline`.
pub const DISCARDED: &str = "expressd_discarded_total";
/// Outcomes that were sent again because the sink did not take them. Labels: `pipeline`.
pub const RESENT: &str = "expressd_resent_total";
/// Offset commits. Labels: `pipeline`, `result` (`ok`, `failed`).
pub const COMMITS: &str = "expressd_commits_total";
/// Rebalances. Labels: `pipeline`, `kind` (`assigned`, `revoked`, `lost`).
pub const REBALANCES: &str = "expressd_rebalances_total";
/// Records behind the end of the partition. Labels: `pipeline`, `topic`, `partition`.
pub const LAG_RECORDS: &str = "expressd_lag_records";
/// Age of the record at the watermark. Labels: `pipeline`, `topic`, `partition`.
pub const LAG_SECONDS: &str = "expressd_lag_seconds";
/// How full the window is, 0 to 1. Labels: `pipeline`, `topic`, `partition`.
pub const WINDOW_USED: &str = "expressd_window_used_ratio";
/// Jobs handed to the CPU pool and not done.
pub const CPU_POOL_PENDING: &str = "expressd_cpu_pool_pending_jobs";
/// Task calls under way, as a share of the most allowed, 0 to 1.
pub const CONCURRENCY_USED: &str = "expressd_concurrency_used_ratio";
