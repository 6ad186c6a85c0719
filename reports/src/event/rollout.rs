//! A strategy that goes in phases, each with the versions of the application that live through it.

use serde::{Deserialize, Serialize};

/// What a scenario says of a phase of a strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StrategyPhaseDeclared {
    /// Unique in its strategy: `expand`, `migrate`, `contract`.
    pub name: String,
    /// Files of its steps up.
    pub up: Vec<String>,
    /// Names of the probes that live through it.
    pub probes: Vec<String>,
    /// Names of the checks that are made when it is done.
    pub verify: Vec<String>,
}

/// A phase of the strategy begins: from now on its probes are sent and no others; requests of the others are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StrategyPhaseStarted {
    /// Index in the strategy, from 0.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its probes: indices in `workload_started`; empty where no application runs.
    pub probes: Vec<u32>,
}

/// The steps of a phase have run, or one of them failed. The application goes on for a while (`settle`), then its checks are
/// made, then the next phase begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StrategyPhaseFinished {
    /// Index in the strategy, from 0.
    pub index: u32,
}

/// A check of the data was made while the application ran: a query for rows that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DataChecked {
    /// Unique in its strategy: `display_name agrees with username`.
    pub name: String,
    /// Index of the phase after whose steps it was made; none in a strategy without phases.
    pub phase: Option<u32>,
    /// The query.
    pub sql: String,
    /// Rows that it found; none where it failed.
    pub violations: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
    /// How long it took, microseconds.
    pub took_us: u64,
}

/// What the application's own requests change, as triggers saw it that were there for a few tries alone. Asked before the
/// way back is judged, so that what the application changed is not blamed on the migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ApplicationWrites {
    /// Tables, sorted by name.
    pub tables: Vec<TableWritten>,
    /// Why it is not known of all requests, where it is not.
    pub not_known: Option<String>,
}

/// What the application changes in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TableWritten {
    /// `schema.table`, quoted where need be; of a partition the root.
    pub table: String,
    /// Whether it inserts or deletes rows.
    pub rows: bool,
    /// Columns whose values it changes, sorted.
    pub columns: Vec<String>,
    /// The most rows of it that one try of a request inserted, updated or deleted; none where that was not counted, as in
    /// records of versions that did not: one request may then have changed any number.
    #[serde(default)]
    pub rows_per_request_max: Option<u64>,
}

/// The way back is not rehearsed although there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RollBackSkipped {
    /// In words: `the migration did not come to its end`.
    pub why: String,
}
