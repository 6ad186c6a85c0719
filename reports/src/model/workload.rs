//! What the application that ran beside the migration went through.
//!
//! A request *ran during the migration* if it was due or still waiting at any time between the migration's session being
//! connected and being done; every other request belongs to the baseline before or the settling after it, by the moment
//! at which it was due. Where a strategy has phases, the pauses between them, in which no step runs, count as settling. Requests that were answered soon are counted in windows of 100 ms: one that overlaps the migration
//! counts as during it, so that a migration of a few milliseconds is not without requests, and what was due up to 100 ms
//! before or after it counts too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::LockMode;

/// The application as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorkloadRun {
    /// Size of its connection pool.
    pub connections: u32,
    /// Whether nobody declared its probes, so that they are the default ones.
    pub by_default: bool,
    /// How late the generator itself sent requests off: half of them within that; null where it never said.
    pub lag_ms_p50: Option<f64>,
    /// 99 of 100 within that.
    pub lag_ms_p99: Option<f64>,
    /// The latest.
    pub lag_ms_max: Option<f64>,
    /// Its requests by kind; kinds of which there is no probe are left out.
    #[serde(default)]
    pub kinds: Vec<KindRun>,
    /// Requests during the migration that waited 10 ms or longer for a connection of the pool, the generator's own lag not
    /// counted.
    pub pool_waits: u64,
    /// The longest of these waits; 0 where there was none.
    pub pool_wait_ms_max: f64,
    /// Whether its stalls are the migration's doing and not the machine's or the generator's.
    pub trusted: bool,
    /// Why not.
    pub why_not: Option<String>,
    /// Kinds of probes (`read`, `write`) of which a request took longer than the budget allows before the migration
    /// began: their stalls alone are in doubt. Empty where those of all are.
    pub noisy_kinds: Vec<String>,
    /// Why it ended early, where it did.
    pub error: Option<String>,
    /// Why it is not known to have run to its end: it ended early, or its end was not told. Then requests may have failed
    /// of which nothing is known.
    pub incomplete: Option<String>,
}

/// The requests of all probes of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KindRun {
    /// `read` or `write`.
    pub kind: String,
    /// Requests that were due or waiting while the migration ran.
    pub due: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Requests after it that failed.
    pub settle_failed: u64,
    /// How many are part of a stall.
    pub stalled: u64,
    /// The probe with the longest wait while the migration ran.
    pub slowest: String,
    /// That wait; 0 where none was due.
    pub stall_ms_max: f64,
}

/// A probe's requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Probe {
    /// Its name.
    pub name: String,
    /// `read` or `write`.
    pub kind: String,
    /// The version of the application that sends it; null where nobody said.
    #[serde(default)]
    pub version: Option<String>,
    /// What it sends.
    pub sql: String,
    /// Requests per second.
    pub rate: f64,
    /// Requests that were due or waiting while the migration ran.
    pub due: u64,
    /// How many of them were answered without an error.
    pub completed: u64,
    /// How many of them failed, those that were never answered among them.
    pub failed: u64,
    /// How many failed by SQLSTATE; `unanswered` for those that were given up with the workload.
    pub errors: BTreeMap<String, u64>,
    /// The server's first words by SQLSTATE, of all phases.
    pub messages: BTreeMap<String, String>,
    /// Before the migration; null where nothing was due then.
    pub baseline: Option<Latency>,
    /// Requests before the migration that failed, by SQLSTATE.
    pub baseline_errors: BTreeMap<String, u64>,
    /// How many these are.
    pub baseline_failed: u64,
    /// While it ran; null where nothing was due or waiting then.
    pub during: Option<Latency>,
    /// After it; null where nothing was due then.
    pub settle: Option<Latency>,
    /// Requests after the migration that failed, by SQLSTATE.
    pub settle_errors: BTreeMap<String, u64>,
    /// How many these are.
    pub settle_failed: u64,
    /// Requests that failed since the migration began, by phase of the strategy and SQLSTATE.
    #[serde(default)]
    pub failures: Vec<ProbeFailure>,
    /// Longest wait from the moment a request was due, of those that were due or waiting while the migration ran, failed
    /// ones included; 0 where there were none. An upper bound where it is shorter than 10 ms: see above.
    pub stall_ms_max: f64,
    /// The longest of these waits that the migration explains: it kept the request for at least half of what neither the
    /// generator's lag nor others explain, and what these do is left out. 0 where there was none.
    pub stall_of_migration_ms_max: f64,
    /// The longest of the others, what the generator's lag and others explain left out: no lock of the migration explains
    /// it, but its load may. 0 where there was none.
    pub stall_unexplained_ms_max: f64,
    /// How much longer that stall may have been: it may have begun right after the request before the first one in it.
    pub stall_uncertainty_ms: f64,
    /// Length of the union of all waits during the migration that were longer than 10 ms and than three times the
    /// baseline's `p99_ms`.
    pub stalled_ms_total: f64,
    /// Those waits, overlapping ones joined, by time.
    pub stalls: Vec<ProbeStall>,
    /// Requests by time, all phases.
    pub per_100ms: Throughput,
}

impl Probe {
    /// Whether a single request of it is known, of whatever time.
    pub(crate) fn was_asked(&self) -> bool {
        self.baseline.is_some() || self.during.is_some() || self.settle.is_some()
    }
}

/// Requests of a probe that failed alike since the migration began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeFailure {
    /// Index of the strategy's phase in which they were due; null in a strategy without phases.
    pub phase: Option<u32>,
    /// Why, `unanswered` for those that were given up with the workload.
    pub sqlstate: String,
    /// How many.
    pub requests: u64,
    /// When the first of them failed.
    pub first_ms: f64,
    /// Index of the statement, of those whose transaction had ended by then, that names what the server's words name, a
    /// change of the schema before others, the last before earlier ones; null where none had.
    pub statement: Option<u32>,
}

/// How long requests took from the moment at which they were due, failed ones included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Latency {
    /// Half were faster.
    pub p50_ms: f64,
    /// 99 of 100 were faster.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

/// A stretch of time in which a probe's requests waited longer than the baseline explains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeStall {
    /// When the first of them was due.
    pub from_ms: f64,
    /// When the last of them was answered or given up.
    pub to_ms: f64,
    /// The longest wait.
    pub wait_ms_max: f64,
    /// How many waited.
    pub requests: u64,
    /// The longest that the migration kept one of them waiting, all causes together; 0 where it kept none.
    pub behind_migration_ms_max: f64,
    /// The longest wait of one of them that the migration explains, as `stall_of_migration_ms_max` has it.
    pub of_migration_ms_max: f64,
    /// What they waited for, the longest first.
    pub causes: Vec<StallCause>,
}

/// What requests waited for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StallCause {
    /// Who kept them.
    pub who: Culprit,
    /// The table that was locked, where it was one; an index or a TOAST table counts for its table.
    pub relation: Option<String>,
    /// Whether it was rows that the migration had changed, and not a table.
    pub rows: bool,
    /// The migration's lock that was in the way, held or asked for; null where it was not the migration's, or of rows.
    pub mode: Option<LockMode>,
    /// The migration's statement that took it, or asked for it; null where nobody can tell.
    pub statement: Option<u32>,
    /// The longest that one request waited for that.
    pub waited_ms: f64,
    /// How many requests of the stall waited for that.
    pub requests: u64,
    /// How many of them did not wait for it themselves above all, but for a connection of those that did.
    pub pool_requests: u64,
}

impl StallCause {
    /// Whether nobody but the pool was in these requests' way: others, which had its connections, waited for the lock.
    pub(crate) fn is_of_the_pool(&self) -> bool {
        self.pool_requests == self.requests
    }

    /// What of the migration was waited for.
    pub(crate) fn lock_in_words(&self) -> String {
        match (self.rows, self.mode, &self.relation) {
            (true, _, Some(relation)) => format!("rows of {relation} that the migration had changed"),
            (true, _, None) => "rows that the migration had changed".to_owned(),
            (false, Some(mode), Some(relation)) => format!("{mode:?} on {relation}"),
            (false, None, Some(relation)) => format!("a lock of the migration on {relation}"),
            (false, _, None) => "a lock of the migration".to_owned(),
        }
    }
}

/// Who kept a request waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Culprit {
    /// A lock that the migration held, or waited for ahead of the request.
    Migration,
    /// A long transaction of the workload, whether the request waited for it or the migration ahead of it did.
    Hold,
    /// Another request of the workload.
    Probe,
    /// Any other session, autovacuum above all.
    Other,
    /// The pool: all its connections were busy.
    Pool,
    /// The generator of the requests itself, which came to them late.
    Generator,
    /// No lock explains it: the machine, or a query that was slow by itself.
    Unexplained,
}

/// Requests by time, in steps of 100 ms; those of the first 100,000 steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Throughput {
    /// When the first step begins; negative before the migration.
    pub from_ms: f64,
    /// Requests that were due.
    pub due: Vec<u64>,
    /// Requests that were answered without an error.
    pub completed: Vec<u64>,
    /// Requests that failed, or were given up.
    pub failed: Vec<u64>,
}

/// A long transaction of the workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HoldRun {
    /// What it ran before it stayed open.
    pub sql: String,
    /// The server's process.
    pub pid: i32,
    /// When its statement was done.
    pub from_ms: f64,
    /// When it ended; null where that was not told.
    pub to_ms: Option<f64>,
    /// Whether the rehearsal ended before its time was over.
    pub cut: bool,
    /// What went wrong.
    pub error: Option<String>,
}
