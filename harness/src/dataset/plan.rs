//! From a declared profile and the catalog's tables to tables that can be made, or every reason why they cannot.

mod column;
mod habits;
mod keys;
mod lattice;
mod literal;
mod names;
mod size;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{ColumnProfile, Profile, TableProfile};
use pgrehearse_scenarios::source::Place;

use self::column::{Brief, Built, Parent};
use self::keys::Demands;
use self::names::NotFound;
pub use self::table::TablePlan;
use crate::postgres::shape::{ColumnType, TableShape};

/// Raised whenever the same profile, seed and scale make different rows than before; part of a dataset's fingerprint.
pub const GENERATOR_VERSION: u32 = 1;

/// The most rows of one table.
pub const ROWS_MAX: u64 = 4_000_000_000;

/// What rows are to be made from.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The schema's tables.
    pub tables: &'a [TableShape],
    /// What is declared of them. Tables that it does not name get no rows.
    pub profile: &'a Profile,
    /// Seed of every pseudo-random choice.
    pub seed: u64,
    /// Factor for the rows of every table, above 0.
    pub scale: f64,
    /// Rows of single tables by name, whatever is declared; not scaled.
    pub rows_override: &'a BTreeMap<String, u64>,
}

/// Tables that can be made.
#[derive(Debug)]
pub struct Plan {
    /// Tables with rows, referenced ones before those that reference them, as far as there are no cycles.
    pub tables: Vec<TablePlan>,
    /// What the reader should know.
    pub warnings: Vec<Diagnostic>,
}

/// Plans every table that gets rows.
///
/// # Errors
///
/// Every problem found, in the order of the profile; there is at least one error among them.
pub fn plan(request: &Request<'_>) -> Result<Plan, Vec<Diagnostic>> {
    let mut planner = Planner { request, problems: Vec::new(), warnings: Vec::new(), built: BTreeMap::new() };
    let declared = planner.resolve();
    let demands: BTreeMap<usize, Demands> = declared
        .iter()
        .map(|(&at, table)| {
            let demands = keys::demands(
                &request.tables[at],
                &table.columns,
                &table.place,
                &mut planner.problems,
                &mut planner.warnings,
            );
            (at, demands)
        })
        .collect();
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for &at in declared.keys() {
        parents_first(at, request.tables, &declared, &mut seen, &mut order);
    }
    let mut tables = Vec::new();
    for at in order {
        let shape = &request.tables[at];
        let columns: Vec<Option<Arc<Built>>> =
            (0..shape.columns.len()).map(|column| planner.column(&declared, &demands, at, column)).collect();
        tables.push(TablePlan::new(shape, declared[&at].rows, declared[&at].place.clone(), columns));
    }
    if planner.problems.is_empty() {
        Ok(Plan { tables, warnings: planner.warnings })
    } else {
        planner.problems.extend(planner.warnings);
        Err(planner.problems)
    }
}

/// Whether `name` (`table` or `schema.table`) means a table that rows can be made for.
pub fn names_table(name: &str, tables: &[TableShape]) -> bool {
    !matches!(names::table(name, tables), Err(NotFound::Unknown(_)))
}

/// A table that gets rows.
struct Declared<'a> {
    rows: u64,
    rows_declared: u64,
    columns: BTreeMap<usize, &'a ColumnProfile>,
    place: Place,
}

/// A column on its way.
enum State {
    /// It is being made: to need it now is a cycle.
    Begun,
    /// It was made, or cannot be.
    Done(Option<Arc<Built>>),
}

struct Planner<'a> {
    request: &'a Request<'a>,
    problems: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    built: BTreeMap<(usize, usize), State>,
}

impl<'a> Planner<'a> {
    /// The tables that get rows, by their position in the schema.
    fn resolve(&mut self) -> BTreeMap<usize, Declared<'a>> {
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
                columns: BTreeMap::new(),
                place: Place::default(),
            });
            entry.rows = rows;
        }
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

    /// Makes a column, and before it the key that it references; none where it is left out or cannot be made.
    fn column(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        table: usize,
        column: usize,
    ) -> Option<Arc<Built>> {
        if let Some(State::Done(built)) = self.built.get(&(table, column)) {
            return built.clone();
        }
        let (shape, entry, demand) = (&self.request.tables[table], &declared[&table], &demands[&table]);
        let undeclared = ColumnProfile::default();
        let profile = entry.columns.get(&column).copied().unwrap_or(&undeclared);
        let name = format!("{}.{}", shape.name, shape.columns[column].name);
        if self.built.insert((table, column), State::Begun).is_some() {
            let message = format!("{name} references itself through other tables, which cannot be generated");
            self.problems.push(Diagnostic::error(entry.place.clone(), message));
            return None;
        }
        let parent = match demand.references.get(&column) {
            Some(&(oid, referenced)) => match self.parent(declared, demands, oid, referenced) {
                Ok(parent) => Some(parent),
                Err(()) => {
                    self.built.insert((table, column), State::Done(None));
                    return None;
                }
            },
            None => None,
        };
        if let Some(Parent { table: parent, key: None, .. }) = &parent
            && !shape.columns[column].not_null
            && profile.null_frac.is_none()
        {
            let message = format!("{name} references {parent}, which gets no rows: it is NULL in every row");
            self.warnings.push(Diagnostic::warning(entry.place.clone(), message));
        }
        let brief = Brief {
            table: shape,
            column: &shape.columns[column],
            profile,
            table_place: &entry.place,
            rows: entry.rows,
            rows_declared: entry.rows_declared.max(1),
            unique_key: demand.unique.get(&column).map(String::as_str),
            numbered: demand.numbered.contains(&column)
                && profile.histogram_bounds.is_empty()
                && profile.most_common.is_empty(),
            parent,
            seed: self.request.seed,
        };
        let built = if self.is_left_out(&brief) { None } else { column::build(&brief, &mut self.problems) };
        let built = built.map(Arc::new);
        self.built.insert((table, column), State::Done(built.clone()));
        built
    }

    /// The referenced key; an error where it could not be made, which was reported with it.
    fn parent(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        oid: u32,
        column: usize,
    ) -> Result<Parent, ()> {
        let tables = self.request.tables;
        let Some(at) = tables.iter().position(|table| table.oid == oid) else {
            let kind = ColumnType::Unsupported;
            return Ok(Parent {
                table: "a table that is not in the schema".into(),
                key: None,
                kind,
                keys_declared: 0,
            });
        };
        let kind = tables[at].columns[column].kind.clone();
        let (key, keys_declared) = match declared.get(&at) {
            Some(entry) => {
                let key = self.column(declared, demands, at, column).ok_or(())?;
                (Some(key), entry.rows_declared)
            }
            None => (None, 0),
        };
        Ok(Parent { table: tables[at].full_name(), key, kind, keys_declared })
    }

    /// Whether the server fills the column by itself; says so where that is worth knowing.
    fn is_left_out(&mut self, brief: &Brief<'_>) -> bool {
        let column = brief.column;
        let declared = brief.profile.place.source.is_some();
        let place = if declared { &brief.profile.place } else { brief.table_place }.clone();
        let name = format!("{}.{}", brief.table.name, column.name);
        if column.generated_stored {
            if declared {
                let message =
                    format!("{name} is computed by the server: what is declared of it has no effect");
                self.warnings.push(Diagnostic::warning(place, message));
            }
            return true;
        }
        if column.kind != ColumnType::Unsupported {
            return false;
        }
        let kind = &column.type_name;
        if column.not_null && !column.has_default {
            let message = format!(
                "{name} is NOT NULL without a default and of type {kind}, for which no values can be generated"
            );
            self.problems.push(
                Diagnostic::error(place, message)
                    .help("give the column a default in the schema of the scenario, or leave the table out of the profile"),
            );
        } else {
            let what = if column.has_default { "its default" } else { "NULL" };
            let message = format!(
                "{name} is of type {kind}, for which no values can be generated: every row gets {what}"
            );
            self.warnings.push(Diagnostic::warning(place, message));
        }
        true
    }
}

/// A table's rows after scaling, at least one where there was one.
fn scaled(rows: u64, scale: f64) -> u64 {
    // Casts saturate, so what is far too many stays far too many.
    if rows == 0 { 0 } else { ((rows as f64 * scale).round() as u64).max(1) }
}

fn parents_first(
    at: usize,
    tables: &[TableShape],
    declared: &BTreeMap<usize, Declared<'_>>,
    seen: &mut BTreeSet<usize>,
    order: &mut Vec<usize>,
) {
    if !declared.contains_key(&at) || !seen.insert(at) {
        return;
    }
    for key in &tables[at].foreign_keys {
        if let Some(parent) = tables.iter().position(|table| table.oid == key.ref_table_oid) {
            parents_first(parent, tables, declared, seen, order);
        }
    }
    order.push(at);
}
