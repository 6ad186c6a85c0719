//! The data that the migrations ran on.

use serde::{Deserialize, Serialize};

/// The loaded database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Dataset {
    /// SHA-256 of everything that shapes it; null where loading did not end.
    pub fingerprint: Option<String>,
    /// `generated` or `cached`; null where loading did not end.
    pub source: Option<String>,
    /// From the empty server to the vacuumed and analysed dataset.
    pub load_ms: Option<f64>,
    /// Live rows, all tables.
    pub rows: Option<u64>,
    /// `pg_database_size`.
    pub bytes: Option<u64>,
    /// How its pages were written to disk and what caches hold of it, in words.
    pub state: Option<String>,
    /// The tables, in the order in which they were sized or loaded.
    pub tables: Vec<Table>,
    /// Whether every check of every column held; null where none was made.
    pub fidelity_ok: Option<bool>,
}

/// A table of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Table {
    /// `schema.table`.
    pub name: String,
    /// Live rows.
    pub rows: u64,
    /// `pg_total_relation_size`; null where loading did not end.
    pub bytes: Option<u64>,
    /// COPY and building its indexes; null where it came from the cache.
    pub load_ms: Option<f64>,
    /// Rows per second of the COPY alone; null where it came from the cache.
    pub rows_per_second: Option<f64>,
    /// What was declared of its columns against what was loaded.
    pub columns: Vec<Column>,
}

/// A column with the checks that were made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What was checked.
    pub checks: Vec<Check>,
}

/// One declared statistic against the loaded one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// Its name in `pg_stats` or `pg_class`.
    pub metric: String,
    /// As the profile has it.
    pub declared: f64,
    /// As the loaded data has it.
    pub measured: f64,
    /// Largest difference that passes.
    pub tolerance: f64,
    /// Whether it held.
    pub ok: bool,
}
