//! All metrics in one table. Labels have few values and never an id, a key or free text.

use super::metric::{Kind, Metric, Unit};

/// A constant with the name of each metric, and the table of all.
macro_rules! table {
    ($(#[doc = $meaning:literal] $constant:ident = $kind:ident $unit:ident $name:literal [$($label:literal)*];)*) => {
        $(#[doc = $meaning] pub const $constant: &str = $name;)*

        /// All metrics, in the order of the documentation.
        pub const TABLE: &[Metric] = &[$(Metric {
            name: $name,
            kind: Kind::$kind,
            unit: Unit::$unit,
            labels: &[$($label),*],
            meaning: $meaning,
        }),*];
    };
}

table! {
    /// Records taken in.
    RECORDS = Counter Count "expressd_records_total" ["pipeline"];
    /// Executions that are over; `outcome` is `succeeded`, `failed`, `timed_out` or `aborted`.
    EXECUTIONS = Counter Count "expressd_executions_total" ["pipeline" "outcome"];
    /// Executions that failed, by error name; beyond 64 names `other`.
    EXECUTION_ERRORS = Counter Count "expressd_execution_errors_total" ["pipeline" "error"];
    /// How long executions took, waits included.
    EXECUTION_SECONDS = Histogram Seconds "expressd_execution_seconds" ["pipeline"];
    /// Executions that wait for tasks or timers.
    IN_FLIGHT = Gauge Count "expressd_in_flight_executions" ["pipeline"];
    /// States entered, by `Type`.
    STATES_ENTERED = Counter Count "expressd_states_entered_total" ["pipeline" "type"];
    /// Times that an execution met a limit, caught or not; `limit` is the config's name of it, or `expression`; those of task calls over HTTP are `response` and `timeouts.…`.
    LIMITS = Counter Count "expressd_limits_met_total" ["pipeline" "limit"];
    /// Attempts that a `Retry` made.
    RETRIES = Counter Count "expressd_retries_total" ["pipeline"];
    /// Errors that a `Catch` took.
    CATCHES = Counter Count "expressd_catches_total" ["pipeline"];
    /// Task calls that are over, by the binding that answered; `result` is `succeeded`, `failed` or `cancelled`.
    TASK_CALLS = Counter Count "expressd_task_calls_total" ["pipeline" "binding" "result"];
    /// Task calls that failed, by error name; beyond 64 names `other`.
    TASK_ERRORS = Counter Count "expressd_task_errors_total" ["pipeline" "binding" "error"];
    /// How long task calls took, the wait for their turn included.
    TASK_SECONDS = Histogram Seconds "expressd_task_seconds" ["pipeline" "binding"];
    /// Task calls under way.
    TASKS_OPEN = Gauge Count "expressd_open_task_calls" ["pipeline" "binding"];
    /// 1 while the circuit breaker of a binding lets no calls through.
    BREAKER_OPEN = Gauge Count "expressd_breaker_open" ["pipeline" "binding"];
    /// Times that the circuit breaker of a binding opened, or stayed open because the call that tried had failed.
    BREAKER_TRIPS = Counter Count "expressd_breaker_trips_total" ["pipeline" "binding"];
    /// Results acknowledged by the sink.
    RESULTS = Counter Count "expressd_results_total" ["pipeline"];
    /// Dead letters acknowledged by the sink, by error name; beyond 64 names `other`.
    DEAD_LETTERS = Counter Count "expressd_dead_letters_total" ["pipeline" "error"];
    /// Records and results that were dropped because the config says so.
    DISCARDED = Counter Count "expressd_discarded_total" ["pipeline"];
    /// Outcomes that were sent again because the sink did not take them.
    RESENT = Counter Count "expressd_resent_total" ["pipeline"];
    /// Records that went to a retry topic.
    RETRIED = Counter Count "expressd_retry_records_total" ["pipeline"];
    /// From taking a record in to the acknowledgement of its outcome: what expressd adds.
    DELIVERY_SECONDS = Histogram Seconds "expressd_delivery_seconds" ["pipeline"];
    /// From the record's timestamp to the acknowledgement of its outcome: how late outcomes are.
    EVENT_SECONDS = Histogram Seconds "expressd_event_seconds" ["pipeline"];
    /// Outcomes acknowledged after their partition was given up: the records run again, at its next owner.
    LATE = Counter Count "expressd_late_outcomes_total" ["pipeline"];
    /// 1 while the pipeline takes records in.
    READY = Gauge Count "expressd_ready" ["pipeline"];
    /// 1 while part of the pipeline stands still until an operator acts.
    HALTED = Gauge Count "expressd_halted" ["pipeline"];
    /// 1 for the definition that runs, by its content hash; 0 for one that did.
    DEFINITION = Gauge Count "expressd_definition_info" ["pipeline" "definition"];
    /// Changed definitions that were read again; `result` is `ok` or `failed`.
    RELOADS = Counter Count "expressd_reloads_total" ["pipeline" "result"];
    /// Offset commits; `result` is `ok` or `failed`.
    COMMITS = Counter Count "expressd_commits_total" ["pipeline" "result"];
    /// Rebalances; `kind` is `assigned`, `revoked` or `lost`.
    REBALANCES = Counter Count "expressd_rebalances_total" ["pipeline" "kind"];
    /// Records between the watermark and the end of the partition.
    LAG_RECORDS = Gauge Count "expressd_lag_records" ["pipeline" "topic" "partition"];
    /// Age of the record at the watermark; 0 without lag.
    LAG_SECONDS = Gauge Seconds "expressd_lag_seconds" ["pipeline" "topic" "partition"];
    /// How full the window is.
    WINDOW_USED = Gauge Ratio "expressd_window_used_ratio" ["pipeline" "topic" "partition"];
    /// How long the oldest record of the window has been in it.
    WINDOW_AGE = Gauge Seconds "expressd_window_age_seconds" ["pipeline" "topic" "partition"];
    /// Time in which no records of a partition were taken in because its window or the memory for records was full.
    PARTITION_STOPPED = Counter Seconds "expressd_partition_stopped_seconds_total" ["pipeline" "topic" "partition"];
    /// Times that the consumer's client was started again: its partition's leader had records for a minute, and none came.
    CLIENT_RESTARTS = Counter Count "expressd_client_restarts_total" ["pipeline"];
    /// Records in the client's queues; `client` is `consumer` or `producer`.
    KAFKA_QUEUED = Gauge Count "expressd_kafka_queued_records" ["pipeline" "client"];
    /// Bytes in the client's queues.
    KAFKA_QUEUED_BYTES = Gauge Bytes "expressd_kafka_queued_bytes" ["pipeline" "client"];
    /// Requests sent to brokers.
    KAFKA_REQUESTS = Counter Count "expressd_kafka_requests_total" ["pipeline" "client"];
    /// Requests that failed: sending, receiving, time-outs.
    KAFKA_REQUEST_ERRORS = Counter Count "expressd_kafka_request_errors_total" ["pipeline" "client"];
    /// Requests that were sent again.
    KAFKA_REQUEST_RETRIES = Counter Count "expressd_kafka_request_retries_total" ["pipeline" "client"];
    /// Bytes sent to brokers.
    KAFKA_SENT = Counter Bytes "expressd_kafka_sent_bytes_total" ["pipeline" "client"];
    /// Bytes received from brokers.
    KAFKA_RECEIVED = Counter Bytes "expressd_kafka_received_bytes_total" ["pipeline" "client"];
    /// Brokers with an open connection.
    KAFKA_BROKERS = Gauge Count "expressd_kafka_connected_brokers" ["pipeline" "client"];
    /// 99th percentile of the round trip to the slowest broker.
    KAFKA_ROUND_TRIP = Gauge Seconds "expressd_kafka_round_trip_seconds" ["pipeline" "client"];
    /// Threads of the CPU pool.
    CPU_POOL_WORKERS = Gauge Count "expressd_cpu_pool_workers" [];
    /// Jobs handed to the CPU pool and not done.
    CPU_POOL_PENDING = Gauge Count "expressd_cpu_pool_pending_jobs" [];
    /// Time that threads of the CPU pool spent in jobs.
    CPU_POOL_BUSY = Counter Seconds "expressd_cpu_pool_busy_seconds_total" [];
    /// Task calls under way, as a share of the most allowed.
    CONCURRENCY_USED = Gauge Ratio "expressd_concurrency_used_ratio" [];
    /// Tasks of tokio that are alive.
    TOKIO_TASKS = Gauge Count "expressd_tokio_tasks" [];
    /// Tasks that wait in tokio's global queue.
    TOKIO_QUEUED = Gauge Count "expressd_tokio_queued_tasks" [];
    /// Time that tokio's workers were busy.
    TOKIO_BUSY = Counter Seconds "expressd_tokio_busy_seconds_total" [];
    /// Bytes of records under way and of what became of them: executions and outcomes.
    RECORD_MEMORY = Gauge Bytes "expressd_record_memory_bytes" [];
    /// Resident memory of the process.
    PROCESS_MEMORY = Gauge Bytes "process_resident_memory_bytes" [];
    /// Bytes of the heap in use, the Kafka client's own excepted. Only in a build with `--features heap`.
    PROCESS_HEAP = Gauge Bytes "expressd_heap_bytes" [];
    /// CPU time of the process.
    PROCESS_CPU = Counter Seconds "process_cpu_seconds_total" [];
    /// Open files and connections of the process.
    PROCESS_FILES = Gauge Count "process_open_fds" [];
    /// When the process started, since the epoch.
    PROCESS_START = Gauge Seconds "process_start_time_seconds" [];
    /// Always 1.
    BUILD = Gauge Count "expressd_build_info" ["version"];
}
