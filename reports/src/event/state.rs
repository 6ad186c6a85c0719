//! What a database is: its schema as the server describes it, and digests of its rows.

use serde::{Deserialize, Serialize};

/// The state of the rehearsed database at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StateSeen {
    /// Which moment.
    pub moment: Moment,
    /// Every object of the user's, sorted by kind and name.
    pub objects: Vec<SchemaObject>,
    /// Tables with rows, partitioned ones with those of their partitions, sorted by name; none where they were not read.
    pub tables: Option<Vec<TableContent>>,
    /// Why they were not, where they were not.
    pub not_read: Option<String>,
}

/// A moment of a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The dataset, before anything ran on it; told once, as a fact of the run.
    Before,
    /// After the migration.
    After,
    /// After the steps down.
    RolledBack,
    /// After the steps up that followed them.
    Reapplied,
}

/// An object of the schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SchemaObject {
    /// `table`, `column`, `constraint`, `index`, `trigger`, `view`, `sequence`, `function`, `type`, `policy`, …
    pub kind: String,
    /// `schema.table` and so on; of what belongs to a table `schema.table: name`.
    pub name: String,
    /// What it is, as the server writes it, validity and privileges included: two objects are alike where this is.
    pub definition: String,
}

/// What is in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TableContent {
    /// `schema.table`.
    pub table: String,
    /// `count(*)`.
    pub rows: u64,
    /// Columns of the primary key, which the digests of its values depend on; empty where it has none.
    #[serde(default)]
    pub key: Vec<String>,
    /// Its columns, sorted by name.
    pub columns: Vec<ColumnContent>,
}

/// What is in a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ColumnContent {
    /// Its name.
    pub column: String,
    /// Values that are not NULL.
    pub not_null: u64,
    /// A digest of its values with how often each is there, whatever their order.
    pub digest: String,
}
