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
    /// Whether every check of every table and column held; null where a table was not checked at all, unless a check
    /// of another failed.
    pub fidelity_ok: Option<bool>,
    /// How all checks ended; null where none was made.
    pub fidelity: Option<Fidelity>,
}

/// How all checks ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fidelity {
    /// Checks that were made.
    pub checks: u64,
    /// Checks that did not hold.
    pub failed: u64,
    /// Checks that could not be made.
    pub not_measured: u64,
    /// Of all tables.
    pub verify_ms: f64,
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
    /// What was declared of it as a whole against what was loaded.
    pub checks: Vec<Check>,
    /// What could not be checked of it as a whole.
    pub not_measured: Vec<NotMeasured>,
    /// 100 where all is as declared, 0 where nothing is within tolerance: `100 (1 - mean(min(1, |measured - declared| /
    /// tolerance)²))`, for comparing loads, not for judging them; null where nothing was checked.
    pub score: Option<f64>,
}

/// A column with the checks that were made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What could not be checked.
    pub not_measured: Vec<NotMeasured>,
}

/// One declared statistic against the loaded one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// Its name in `pg_stats` or `pg_class`, with the value that it is about where there are several.
    pub metric: String,
    /// As the profile has it, or else the plan; where ANALYZE is known to report something else of such data
    /// (`n_distinct`, `correlation`), what it should report.
    pub declared: f64,
    /// As the loaded data has it.
    pub measured: f64,
    /// Largest difference that passes.
    pub tolerance: f64,
    /// Whether it held.
    pub ok: bool,
    /// How it was measured.
    pub gate: Gate,
    /// Whether the profile itself says so; else it is what the plan chose.
    pub declared_in_profile: bool,
}

/// How a check measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// By counting rows: exact.
    Count,
    /// By what ANALYZE found in its sample, with the tolerance that a sample needs.
    Analyze,
}

/// Something that could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotMeasured {
    /// Its name, as in [`Check::metric`].
    pub metric: String,
    /// Why.
    pub why: String,
    /// Whether the profile itself says something of it.
    pub declared_in_profile: bool,
}
