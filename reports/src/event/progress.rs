//! How far a migration is that changes rows: seen from beside its session, also inside a DO block.

use serde::{Deserialize, Serialize};

/// A statement that changes rows is seen for the first time in the migration's session, its own or one inside a function or
/// a DO block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangeNamed {
    /// Number that [`ChangesSeen`] calls it by, from 0.
    pub change: u32,
    /// Its text as `pg_stat_statements` has it, constants replaced by `$1`.
    pub sql: String,
}

/// What the migration's session has changed so far. Told every 100 ms when it differs from the last, and after each
/// statement that may change rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangesSeen {
    /// The statement of the migration after which it was read; none where it was read while one ran.
    #[serde(default)]
    pub statement: Option<u32>,
    /// Executions and rows of each statement that changes rows, since the session began; none where the server cannot tell
    /// (`pg_stat_statements` is not there) or counts more statements than are read.
    #[serde(default)]
    pub changes: Option<Vec<Changed>>,
    /// How long its transaction had been open, microseconds; none where none was.
    #[serde(default)]
    pub transaction_us: Option<u64>,
    /// `pg_current_wal_insert_lsn()`, as a byte position.
    pub wal_lsn: u64,
}

/// What a statement has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Changed {
    /// Its number in [`ChangeNamed`].
    pub change: u32,
    /// Executions that came to their end.
    pub calls: u64,
    /// Rows inserted, updated and deleted.
    pub rows: u64,
}
