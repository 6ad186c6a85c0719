//! Which tables get rows, and how many: the names of the profile and of the command line, found in the schema.

use std::collections::BTreeMap;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{ColumnProfile, TableProfile};
use pgrehearse_scenarios::source::Place;

use super::names::{self, NotFound};
use super::{Planner, ROWS_MAX, Request};
use crate::postgres::shape::TableShape;

/// A table that gets rows.
pub(super) struct Declared<'a> {
    pub(super) rows: u64,
    pub(super) rows_declared: u64,
    /// What the profile declares, if it names the table.
    pub(super) profile: Option<&'a TableProfile>,
    pub(super) columns: BTreeMap<usize, &'a ColumnProfile>,
    pub(super) place: Place,
}

impl<'a> Planner<'a> {
    /// The tables that get rows, by their position in the schema.
    pub(super) fn resolve(&mut self) -> BTreeMap<usize, Declared<'a>> {
        let Request { tables, profile, scale, rows_override, .. } = *self.request;
        let mut declared = BTreeMap::new();
        if !(scale.is_finite() && scale > 0.0) {
            self.problems
                .push(Diagnostic::error(Place::default(), format!("the scale {scale} is not above 0")));
            return declared;
        }
        for table in &profile.tables {
            let Some(at) = self.find(&table.name, &table.place, "") else { continue };
            let columns = self.columns(&tables[at], table);
            let entry = Declared {
                rows: scaled(table.rows, scale),
                rows_declared: table.rows,
                profile: Some(table),
                columns,
                place: table.place.clone(),
            };
            if declared.insert(at, entry).is_some() {
                let message = format!("{} is declared twice", tables[at].full_name());
                self.problems.push(Diagnostic::error(table.place.clone(), message));
            }
        }
        for (name, &rows) in rows_override {
            let Some(at) = self.find(name, &Place::default(), "--rows: ") else { continue };
            let entry = declared.entry(at).or_insert_with(|| Declared {
                rows,
                rows_declared: rows,
                profile: None,
                columns: BTreeMap::new(),
                place: Place::default(),
            });
            entry.rows = rows;
        }
        self.fill_others(&mut declared);
        for (&at, table) in &declared {
            if table.rows > ROWS_MAX {
                let message = format!(
                    "{} would have {} rows; {ROWS_MAX} is the most",
                    tables[at].full_name(),
                    table.rows
                );
                self.problems.push(Diagnostic::error(table.place.clone(), message));
            }
        }
        declared.retain(|_, table| (1..=ROWS_MAX).contains(&table.rows));
        declared
    }

    /// The table that `name` means. `asked_by` goes before what is wrong with it.
    fn find(&mut self, name: &str, place: &Place, asked_by: &str) -> Option<usize> {
        let problem = match names::table(name, self.request.tables) {
            Ok(at) => return Some(at),
            Err(NotFound::Unknown(similar)) => {
                let message = format!("{asked_by}the schema has no table `{name}`");
                let problem = Diagnostic::error(place.clone(), message);
                match similar {
                    Some(similar) => problem.help(format!("did you mean `{similar}`?")),
                    None => problem,
                }
            }
            Err(NotFound::Ambiguous(tables)) => {
                let message = format!("{asked_by}the schema has several tables `{name}`");
                Diagnostic::error(place.clone(), message).help(format!("name one of {}", tables.join(", ")))
            }
        };
        self.problems.push(problem);
        None
    }

    fn columns(&mut self, shape: &TableShape, table: &'a TableProfile) -> BTreeMap<usize, &'a ColumnProfile> {
        let mut columns = BTreeMap::new();
        for profile in &table.columns {
            let name = &profile.name;
            let Some(at) = shape.columns.iter().position(|column| column.name == *name) else {
                let message = format!("table {} has no column `{name}`", shape.name);
                let problem = Diagnostic::error(profile.place.clone(), message);
                let known = shape.columns.iter().map(|column| column.name.as_str());
                self.problems.push(match names::similar(name, known) {
                    Some(similar) => problem.help(format!("did you mean `{similar}`?")),
                    None => problem,
                });
                continue;
            };
            if columns.insert(at, profile).is_some() {
                let message = format!("{}.{name} is declared twice", shape.name);
                self.problems.push(Diagnostic::error(profile.place.clone(), message));
            }
        }
        columns
    }
}

/// A table's rows after scaling, at least one where there was one.
pub(super) fn scaled(rows: u64, scale: f64) -> u64 {
    // Casts saturate, so what is far too many stays far too many.
    if rows == 0 { 0 } else { ((rows as f64 * scale).round() as u64).max(1) }
}
