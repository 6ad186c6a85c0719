//! What a table should hold and what it was found to hold: facts alone, judged in
//! [`fidelity`](crate::model::dataset::Check).

use serde::{Deserialize, Serialize};

/// A loaded table was counted, and what ANALYZE says of it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TableVerified {
    /// `schema.table`.
    pub table: String,
    /// What was planned of it as a whole.
    pub planned: TablePlanned,
    /// What was found of it as a whole.
    pub measured: TableMeasured,
    /// Its columns, in the order in which rows have them.
    pub columns: Vec<ColumnVerified>,
    /// Its foreign keys whose number of children per parent is planned.
    pub fan_outs: Vec<FanOutVerified>,
    /// Its columns that others decide.
    pub dependencies: Vec<DependencyVerified>,
    /// How long all this took, microseconds.
    pub verify_us: u64,
}

/// What was planned of a table as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TablePlanned {
    /// Live rows.
    pub rows: u64,
    /// Dead tuples as a fraction of all tuples, where the profile says.
    pub dead_frac: Option<f64>,
    /// Free space as a fraction of the heap's bytes, where the profile says.
    pub free_frac: Option<f64>,
    /// All-visible pages as a fraction of all, where the profile says.
    pub all_visible_frac: Option<f64>,
    /// Values stored out of line, where the profile says.
    pub toasted_values: Option<u64>,
    /// Bytes of heap that a row takes, estimated.
    pub row_bytes: f64,
}

/// What was found of a table as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TableMeasured {
    /// `count(*)`.
    pub rows: u64,
    /// `pg_class.reltuples`.
    pub reltuples: f64,
    /// `pg_class.relpages`, of all leaves where it is partitioned.
    pub pages: u64,
    /// `pg_class.relallvisible`, of all leaves where it is partitioned.
    pub pages_all_visible: u64,
    /// Whether its rows lie in partitions.
    pub partitioned: bool,
    /// Rows that ANALYZE looked at, at most: 300 times the largest statistics target of its columns.
    pub sample_rows_max: u64,
    /// Dead tuples: as `pgstattuple` counts them, else as `pg_stat_all_tables` has them.
    pub dead_rows: Option<u64>,
    /// Free bytes in its heap, as `pgstattuple` counts them; none where nobody asked or the extension is not there.
    pub free_bytes: Option<u64>,
    /// Bytes of its heap.
    pub heap_bytes: u64,
    /// Values in its TOAST table; none where nobody asked.
    pub toasted_values: Option<u64>,
    /// What the server refused to answer.
    pub refused: Vec<Refusal>,
}

/// A question that the server did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Refusal {
    /// What was asked for.
    pub metric: String,
    /// Why there is no answer.
    pub why: String,
}

/// A column: what it should hold, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ColumnVerified {
    /// Its name.
    pub name: String,
    /// Keys of the profile that say something of it: `null_frac`, `n_distinct`, …
    pub declared: Vec<String>,
    /// What it should hold.
    pub planned: ColumnPlanned,
    /// What counting its rows found.
    pub counted: ColumnCounted,
    /// What ANALYZE left in `pg_stats`; none where it left nothing.
    pub statistics: Option<ColumnStatistics>,
    /// What the server refused to answer.
    pub refused: Vec<Refusal>,
}

/// What a column should hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ColumnPlanned {
    /// Rows that are NULL.
    pub nulls: u64,
    /// Different values.
    pub distinct: u64,
    /// What it holds besides, in value order as far as it has one; empty where that is not known.
    pub shares: Vec<Share>,
    /// What its values follow from, where that is not their own distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// Correlation to be expected, ties counted as ANALYZE counts them; none where nobody can tell.
    pub correlation: Option<f64>,
    /// Mean stored bytes of a value, as declared or else as the plan has it; none where it is not known.
    pub width_bytes: Option<f64>,
    /// Standard deviation of the values' lengths, bytes.
    pub width_deviation: f64,
    /// Declared equi-depth bounds of the number of elements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elem_count_histogram: Vec<u32>,
}

/// Values with equally many rows, give or take one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Share {
    /// Rows of all of them.
    pub rows: u64,
    /// How many values.
    pub distinct: u64,
    /// The least of them as a number (days or microseconds since 1970 for moments), where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<f64>,
    /// The greatest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<f64>,
    /// The value as the server writes it, where there is a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Rows that the server counts of that value; none where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// Its frequency among `most_common_freqs`; none where it is not there, or was not looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<f64>,
}

/// What counting a column's rows found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ColumnCounted {
    /// Rows that are not NULL.
    pub filled: Option<u64>,
    /// Different values; none where they were not counted.
    pub distinct: Option<u64>,
    /// The least value as a number.
    pub least: Option<f64>,
    /// The greatest value as a number.
    pub greatest: Option<f64>,
}

/// A row of `pg_stats`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ColumnStatistics {
    /// `null_frac`
    pub null_frac: f64,
    /// `n_distinct`; 0 where the type has no equality.
    pub n_distinct: f64,
    /// `correlation`
    pub correlation: Option<f64>,
    /// `avg_width`
    pub avg_width: f64,
    /// Statistics target in force.
    pub target: u32,
    /// Whether the type has a `typanalyze` function that does not look at single values, as ranges and `tsvector` have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_typanalyze: bool,
    /// Whether the most common values could be compared with the planned ones.
    pub compared: bool,
    /// Most common values as numbers, where they are numbers, with their frequencies.
    pub most_common: Vec<(f64, f64)>,
    /// Sum and number of `most_common_freqs`.
    pub most_common_sum: f64,
    /// `histogram_bounds` as numbers, where they are numbers.
    pub histogram_bounds: Vec<f64>,
    /// `elem_count_histogram`, the average at its end left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elem_count_histogram: Vec<f64>,
}

/// A foreign key: children per parent, planned and counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FanOutVerified {
    /// The constraint.
    pub constraint: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The referenced table.
    pub parent: String,
    /// Number of children with the number of parents that should have so many.
    pub planned: Vec<(u64, u64)>,
    /// The same as counted, the childless among them; none where the server did not answer.
    pub counted: Option<Vec<(u64, u64)>>,
    /// Why not.
    pub refused: Option<String>,
}

/// A column that another decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DependencyVerified {
    /// The deciding column.
    pub on: String,
    /// The decided column.
    pub column: String,
    /// Declared degree.
    pub degree: f64,
    /// Rows of those values of `on` that have one value of `column` only; none where the server did not answer.
    pub decided_rows: Option<u64>,
    /// Why not.
    pub refused: Option<String>,
}
