//! What an application knows of a table: its columns and values that are in it.

use std::fmt;
use std::sync::Arc;

/// A value of a column by the number of its row, as SQL writes it without quotes; none for NULL.
pub type Values = Arc<dyn Fn(u64) -> Option<String> + Send + Sync>;

/// A table with rows.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its schema, unquoted.
    pub schema: String,
    /// Its name, unquoted.
    pub name: String,
    /// `"schema"."table"`, quoted for SQL.
    pub qualified_name: String,
    /// Rows in it.
    pub rows: u64,
    /// Columns whose values are known.
    pub columns: Vec<Column>,
    /// Columns of the primary key, as positions in `columns`; empty where there is none, or its values are not known.
    pub key: Vec<usize>,
    /// Whether a row can be written that names the key and the columns that are `needed` alone.
    pub can_insert: bool,
}

/// A column.
#[derive(Clone)]
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// Whether the application names it when it inserts a row.
    pub needed: bool,
    /// Whether an UPDATE can set it.
    pub settable: bool,
    /// The values in it.
    pub values: Values,
    /// Values that are in no row, where such can be made.
    pub absent: Option<Values>,
}

impl fmt::Debug for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Column").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Table {
    /// A column that an UPDATE can set to what it is: one of the key where there is one, since a migration seldom touches
    /// that.
    pub(super) fn settable(&self) -> Option<&Column> {
        let of_key = self.key.iter().map(|&at| &self.columns[at]);
        of_key.chain(&self.columns).find(|column| column.settable)
    }

    /// Whether `name` (`table` or `schema.table`) means it.
    pub(super) fn is_named(&self, name: &str) -> bool {
        match name.split_once('.') {
            Some((schema, table)) => schema == self.schema && table == self.name,
            None => name == self.name,
        }
    }
}

/// The table that a name means; one without a schema means that of `public`, or the only one.
pub(super) fn find<'a>(tables: &'a [Table], name: &str) -> Option<&'a Table> {
    let named = || tables.iter().filter(|table| table.is_named(name));
    named().find(|table| table.schema == "public").or_else(|| {
        let mut all = named();
        all.next().filter(|_| all.next().is_none())
    })
}
