//! What the schema demands of rows, as it is told to a reader whose rows break it.

use pgrehearse_scenarios::profile::TableProfile;
use pgrehearse_scenarios::source::Place;

use crate::postgres::shape::{CheckConstraint, TableShape};

/// A CHECK constraint and the columns that it reads.
#[derive(Debug, Clone)]
pub(in crate::dataset) struct Checked {
    /// Its name.
    pub(in crate::dataset) name: String,
    /// Its condition as `pg_get_expr` writes it.
    pub(in crate::dataset) condition: String,
    /// The columns, each with the place where the profile names it.
    pub(in crate::dataset) columns: Vec<(String, Option<Place>)>,
}

/// The CHECK constraints of a table and of the domains of its columns.
pub(super) fn of(shape: &TableShape, profile: Option<&TableProfile>) -> Vec<Checked> {
    let column = |&at: &usize| {
        let name = &shape.columns[at].name;
        let declared = profile.and_then(|table| table.columns.iter().find(|column| column.name == *name));
        (name.clone(), declared.map(|column| column.place.clone()))
    };
    let checked = |check: &CheckConstraint| Checked {
        name: check.name.clone(),
        condition: check.expression.clone(),
        columns: check.columns.iter().map(column).collect(),
    };
    shape.checks.iter().map(checked).collect()
}
