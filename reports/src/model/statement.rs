//! The statements of a migration.

use serde::{Deserialize, Serialize};

use crate::event::{SqlError, StatementTransaction};

/// One statement, as it was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Statement {
    /// From 0, through all steps.
    pub index: u32,
    /// Index of its step.
    pub step: u32,
    /// Its file.
    pub file: String,
    /// Line of its first character, from 1.
    pub line: u32,
    /// Its text.
    pub sql: String,
    /// How it was wrapped.
    pub transaction: StatementTransaction,
    /// When it was sent.
    pub started_ms: f64,
    /// Until its result was here; null where that never came.
    pub duration_ms: Option<f64>,
    /// Rows affected or returned, where the server says.
    pub rows: Option<u64>,
    /// What went wrong.
    pub error: Option<SqlError>,
    /// Whether it failed in an attempt at its step that was followed by another: then it counts as no failure.
    pub retried: bool,
    /// How long it waited for locks of any kind, overlapping waits counted once; null where no sampler watched.
    pub lock_wait_ms: Option<f64>,
    /// Tables and materialized views that it wrote anew (TRUNCATE is not counted).
    pub rewrites: Vec<String>,
    /// Existing indexes that it built anew.
    pub rebuilds: Vec<String>,
    /// New indexes that it built.
    pub builds: Vec<String>,
    /// What it read from end to end to prove a constraint: tables; for a foreign key, whose table the server
    /// does not name, `foreign key <constraint>`.
    pub scans: Vec<String>,
    /// Whether it changed the catalog alone: it succeeded, and nothing was rewritten, built, moved to a new file or read
    /// from end to end; null for what is no ALTER, COMMENT or DROP.
    pub metadata_only: Option<bool>,
    /// The phases of a long command, as `pg_stat_progress_*` named them; those shorter than 50 ms may be missing.
    pub phases: Vec<StatementPhase>,
    /// Write-ahead log that everybody wrote from the end of the statement before to the end of this one;
    /// null where a position could not be read.
    pub wal_bytes: Option<u64>,
    /// What the server said while it ran, in order.
    pub notices: Vec<Notice>,
    /// Further notices, beyond those kept.
    pub notices_omitted: u64,
}

/// A phase of a long command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StatementPhase {
    /// `CREATE INDEX CONCURRENTLY`, `CLUSTER`, …
    pub command: String,
    /// The phase's name in the progress view.
    pub phase: String,
    /// When it was first seen.
    pub from_ms: f64,
}

/// Something that the server said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Notice {
    /// `DEBUG`, `NOTICE`, `WARNING`, …
    pub severity: String,
    /// The words.
    pub message: String,
}
