//! A rehearsal from its copy of the data to what is left of it.

use serde::{Deserialize, Serialize};

/// A rehearsal's own copy of the dataset is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RehearsalStarted {
    /// The strategy rehearsed.
    pub strategy: String,
    /// From 1.
    pub repetition: u32,
    /// The copy's database name.
    pub database: String,
    /// Making the copy, microseconds.
    pub copy_us: u64,
}

/// A phase of the rehearsal begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PhaseStarted {
    /// Which.
    pub phase: Phase,
}

/// The parts of a rehearsal. In records of earlier versions `roll_back` comes before `inspect`, and never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the migration.
    Baseline,
    /// The steps up run.
    Migrate,
    /// After the migration.
    Settle,
    /// The steps down run, on what the steps up left, after that was inspected.
    RollBack,
    /// The catalog is read.
    Inspect,
    /// The steps up run again, after those down.
    Reapply,
}

/// The migration's session is connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MigrationStarted {
    /// Its process id on the server.
    pub backend_pid: i32,
    /// `pg_current_wal_insert_lsn()` as a byte position.
    pub wal_lsn: u64,
    /// `pg_database_size`, bytes.
    pub database_bytes: u64,
    /// `schema.index` of every index that is not valid already; none where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid_indexes: Option<Vec<String>>,
    /// `schema.table: constraint` of every constraint that is not validated already; none where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_valid_constraints: Option<Vec<String>>,
    /// Sum of `n_dead_tup` over user tables, which counts from the copy on; none where nobody looked.
    #[serde(default)]
    pub dead_tuples: Option<u64>,
    /// Write-ahead log that the application wrote by itself before it, bytes per second; none where none ran.
    #[serde(default)]
    pub application_wal_bytes_per_s: Option<f64>,
}

/// A migration file begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepStarted {
    /// From 0, through all phases of the strategy.
    pub step: u32,
    /// Index of the strategy's phase that it is of; none in a strategy without phases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<u32>,
    /// The file, as people should see it.
    pub file: String,
    /// What was decided.
    pub transaction: TransactionShape,
    /// Why, in words: `line 3: CREATE INDEX CONCURRENTLY cannot run in a transaction`.
    pub why: String,
    /// The `lock_timeout` that its strategy declares for it, milliseconds.
    #[serde(default)]
    pub lock_timeout_ms: Option<u64>,
}

/// How a file is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TransactionShape {
    /// The whole file in one transaction of ours.
    File,
    /// The file's own BEGIN and COMMIT.
    Explicit,
    /// Statement by statement.
    Statement,
}

/// Size of the rehearsal's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DatabaseSized {
    /// `pg_database_size`, bytes.
    pub bytes: u64,
}

/// The migration's session is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MigrationFinished {
    /// How.
    pub outcome: Outcome,
    /// `pg_current_wal_insert_lsn()`, as a byte position.
    pub wal_lsn: Option<u64>,
}

/// How a rehearsal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every statement succeeded.
    Completed,
    /// A statement failed.
    Failed,
    /// It ran past its `duration` limit and was cancelled.
    TimedOut,
    /// Somebody stopped the run.
    Interrupted,
}

/// What the database looks like afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Inspected {
    /// `schema.index` of every index that is not valid.
    pub invalid_indexes: Vec<String>,
    /// `schema.table: constraint` of every constraint that is not validated.
    pub not_valid_constraints: Vec<String>,
    /// `pg_database_size`, bytes.
    pub bytes: u64,
    /// Sum of `n_dead_tup` over user tables.
    pub dead_tuples: u64,
    /// `pg_stat_database.temp_bytes`, of a database that began with none; none where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temp_bytes: Option<u64>,
}

/// A rehearsal is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RehearsalFinished {
    /// How.
    pub outcome: Outcome,
    /// What stopped it, where that was not a statement of the migration.
    pub error: Option<String>,
    /// Events that could not be kept.
    pub events_dropped: u64,
}
