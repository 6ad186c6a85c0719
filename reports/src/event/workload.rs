//! The application that runs beside the migration: its requests, its pool, and the long transactions that disturb.

use serde::{Deserialize, Serialize};

/// The application begins: from now on requests are due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorkloadStarted {
    /// Size of its connection pool; where the queries are the default ones, of each of two: reads and writes have their own.
    pub connections: u32,
    /// Its queries.
    pub probes: Vec<ProbeDeclared>,
    /// Whether nobody declared them, so that they are the default ones.
    pub by_default: bool,
}

/// A query of the application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeDeclared {
    /// Unique in the workload.
    pub name: String,
    /// `read` or `write`.
    pub kind: String,
    /// What it sends.
    pub sql: String,
    /// Requests per second.
    pub rate: f64,
    /// The version of the application that sends it; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Requests of a probe that were due in a stretch of time (100 ms). Those that were slow or failed are told one by one
/// besides, as `probe_request`, and only their being due is counted here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeWindow {
    /// Index in `workload_started`.
    pub probe: u32,
    /// The stretch's beginning.
    pub from_us: u64,
    /// Its length, microseconds.
    pub length_us: u64,
    /// Requests due in it.
    pub due: u64,
    /// Latencies from the moment of being due of those that were answered soon and well: microseconds (as a histogram of
    /// three significant digits has them) and how many, ascending.
    pub latencies: Vec<(u64, u64)>,
}

/// A request that took [`SLOW_US`] or longer, failed, or was never answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeRequest {
    /// Index in `workload_started`.
    pub probe: u32,
    /// When it was due.
    pub due_us: u64,
    /// How late the generator itself came to it, microseconds.
    #[serde(default)]
    pub lag_us: u64,
    /// When a connection of the pool was free for it, `due_us + lag_us` at the earliest; none where none ever was.
    pub sent_us: Option<u64>,
    /// When it was answered; none where it was given up with the workload.
    pub done_us: Option<u64>,
    /// The server's process that served it.
    pub pid: Option<i32>,
    /// SQLSTATE of its failure; `connection` where the connection broke.
    pub sqlstate: Option<String>,
    /// The server's words, for the first failure of a probe with that SQLSTATE.
    pub message: Option<String>,
}

/// Requests that take as long are told one by one, microseconds.
pub const SLOW_US: u64 = 10_000;

/// The application ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorkloadStopped {
    /// How late the generator itself sent requests off, microseconds: half of them within that.
    pub lag_us_p50: u64,
    /// 99 of 100 within that.
    pub lag_us_p99: u64,
    /// The latest.
    pub lag_us_max: u64,
    /// Why it ended early, where it did.
    pub error: Option<String>,
}

/// A long transaction of the workload has done its statement and stays open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HoldStarted {
    /// Its place among the workload's holds, from 0.
    pub hold: u32,
    /// What it ran.
    pub sql: String,
    /// The server's process.
    pub pid: i32,
    /// How long it is to last, microseconds.
    pub for_us: u64,
}

/// It ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HoldEnded {
    /// Which.
    pub hold: u32,
    /// Whether the rehearsal ended before its time was over.
    #[serde(default)]
    pub cut: bool,
    /// What went wrong.
    pub error: Option<String>,
}

/// A try at a step failed, and the step is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepRetried {
    /// Which step, from 0.
    pub step: u32,
    /// The try that failed, from 1.
    pub attempt: u32,
    /// When that try began.
    pub began_us: u64,
    /// Why it failed.
    pub sqlstate: Option<String>,
    /// How long until the next, microseconds.
    pub backoff_us: u64,
    /// `schema.index` of every index that is not valid after it, and was not so before the migration.
    pub invalid_indexes: Vec<String>,
}
