//! The strategies beside each other.

use serde::{Deserialize, Serialize};

use super::strategy::Verdict;

/// The strategies beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Names of the strategies, best first: by verdict, then by the longest stall of a probe (where one of them
    /// has none, by the longest time that an existing table was locked against reads or writes), then by duration.
    pub order: Vec<String>,
    /// A row for each, in that order.
    pub rows: Vec<ComparisonRow>,
}

/// One strategy's numbers, the worst of its rehearsals each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ComparisonRow {
    /// Its name.
    pub strategy: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether that is what was expected.
    pub as_expected: Option<bool>,
    /// Of the migration.
    pub duration_ms: Option<f64>,
    /// Longest wait of a write probe that can be the migration's doing; null where none was due while it ran.
    pub write_stall_ms: Option<f64>,
    /// The same of a read probe.
    pub read_stall_ms: Option<f64>,
    /// Longest hold of a lock that keeps writes from a table that was there before; null where locks were
    /// not watched.
    pub writes_blocked: Option<Hold>,
    /// The same for reads.
    pub reads_blocked: Option<Hold>,
    /// Time that the migration itself waited for locks.
    pub lock_wait_ms: Option<f64>,
    /// Write-ahead log.
    pub wal_bytes: Option<u64>,
    /// Growth of the database at its peak.
    pub growth_bytes_peak: Option<u64>,
}

/// How long a lock was held.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hold {
    /// At most; 0 where there was no such lock.
    pub hold_ms: f64,
    /// How much shorter it may have been.
    pub hold_uncertainty_ms: f64,
}
