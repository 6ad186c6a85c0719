//! Statements that changed rows, and how they got on.

use serde::{Deserialize, Serialize};

/// A statement of the migration that changed rows of a table that was there before its step. What is told of its executions comes
/// from `pg_stat_statements`, looked at every 100 ms from beside, and once more right after it; what is null was not
/// measured, and `not_measured` says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Backfill {
    /// Index of the statement.
    pub statement: u32,
    /// Rows inserted, updated and deleted, also by what it calls: a row that is changed twice counts twice. Where executions
    /// are not known, what the server says of the statement itself.
    pub rows: Option<u64>,
    /// Executions that changed them: those of the statements inside that change rows, but for the ones between two looks
    /// between which not a row was changed. An execution that finds nothing is among them where another one, between the same
    /// two looks, finds something.
    pub batches: Option<u64>,
    /// Rows of such an execution: the largest mean between two looks, rounded up.
    pub batch_rows_max: Option<u64>,
    /// The time that it took, until its result was here or the record ends.
    pub duration_ms: f64,
    /// Rows per second over that time.
    pub rows_per_s: Option<f64>,
    /// Rows per second in the last tenth of it, or in the last look that is longer.
    pub rows_per_s_at_end: Option<f64>,
    /// When how many rows had been changed, `[ms, rows]`, from 0 rows on: every look, or 200 of them evenly chosen, the first
    /// and the last among them.
    pub rows_over_time: Vec<(f64, u64)>,
    /// Rows per second in equal parts of that time, 40 of them or as many as there were looks, between two looks taken for
    /// steady.
    pub rows_per_s_over_time: Vec<f64>,
    /// How long its longest transaction was open, at most.
    pub longest_transaction_ms: Option<f64>,
    /// How much shorter that may have been: where it commits inside, looks are all that is known.
    pub longest_transaction_uncertainty_ms: Option<f64>,
    /// Transactions that it was; null where it could commit inside and nobody counted. A loop begins one more after its last
    /// COMMIT.
    pub transactions: Option<u64>,
    /// Write-ahead log that everybody wrote from the end of the statement before to the end of this one.
    pub wal_bytes: Option<u64>,
    /// Row versions that nobody sees any more, after the migration, and were not there before it: of all tables and of
    /// everybody who changed rows. Null where another statement changed rows too.
    pub dead_tuples_left: Option<u64>,
    /// Whether it came to its end.
    pub ended: bool,
    /// How it got on.
    pub progress: Progress,
    /// Why it makes no progress, and since when; null unless `progress` is `stuck`.
    pub stuck: Option<Stuck>,
    /// Why some of this is null.
    pub not_measured: Option<String>,
}

/// How a statement that changes rows got on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It came to its end.
    Done,
    /// It did not, and nothing shows that it made no progress.
    Moving,
    /// It was cancelled, and made none any more: nothing shows that it would have ended.
    Stuck,
    /// It did not come to its end, and nobody knows how far it was.
    NotMeasured,
}

/// What shows that a statement made no progress any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stuck {
    /// How.
    pub how: HowStuck,
    /// The statement that was executed again and again, constants replaced by `$1`.
    pub sql: String,
    /// Rows that it changed.
    pub rows: u64,
    /// Rows that there are to change at most: those of its table, or of all tables where its table is not certain, with as
    /// many as the application and the migration can have added.
    pub rows_there: u64,
    /// Executions of it since then that changed nothing; all of them where the same rows come again.
    pub executions: u64,
    /// Since when.
    pub since_ms: f64,
}

/// How a statement makes no progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HowStuck {
    /// An UPDATE had changed more rows than there are: some of them came again.
    SameRowsAgain,
    /// It is executed on and on and changes nothing.
    NothingFound,
}
