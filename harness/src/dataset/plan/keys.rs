//! What keys demand of columns: which must have no value twice, which are numbered, which reference another, and which
//! follow from the row's relation to a referenced row.

mod foreign;
mod predicate;
mod unique;

use std::collections::{BTreeMap, BTreeSet};

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{ColumnProfile, Degrees, FanOut};
use pgrehearse_scenarios::source::Place;

pub(super) use self::unique::values_of;
use crate::postgres::shape::{ColumnType, TableShape, UniqueKey};

/// What the keys of one table demand.
#[derive(Debug, Default)]
pub(super) struct Demands {
    /// Columns in which no value may appear twice, with the key that says so.
    pub(super) unique: BTreeMap<usize, String>,
    /// Columns that are numbered from 1 in row order.
    pub(super) numbered: Vec<usize>,
    /// Referencing columns, with the referenced table's `oid` and the column's position in it, that are free to reference
    /// any key.
    pub(super) references: BTreeMap<usize, (u32, usize)>,
    /// Columns that follow from a relation.
    pub(super) roles: BTreeMap<usize, Role>,
    /// Families whose members are told apart by digits.
    pub(super) groups: Vec<Group>,
    /// Foreign keys, by position, in which no parent may appear twice, with the key that says so.
    pub(super) one_to_one: BTreeMap<usize, String>,
}

/// How a column follows from a relation; foreign keys are positions in [`TableShape::foreign_keys`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It has the value of a column of the parent's row.
    Member { key: usize, referenced: usize },
    /// It numbers siblings from 1.
    Sibling { key: usize },
    /// It is true for the first of the siblings only; or false for it only.
    IsFirst { key: usize, negated: bool },
    /// A digit says which of its values it has.
    Digit { group: usize, at: usize },
    /// A digit says which row is referenced.
    MemberDigit { group: usize, at: usize, key: usize, referenced: usize },
}

/// A unique key that digits make unique.
#[derive(Debug)]
pub(super) struct Group {
    /// Whose children have different digits; none where all rows have.
    pub(super) leader: Option<usize>,
    /// What has digits, those with a fixed number of values first.
    pub(super) digits: Vec<Digits>,
    /// The key.
    pub(super) key: String,
}

/// What a digit stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    /// The row that a foreign key references.
    Foreign(usize),
    /// The value of a column.
    Column(usize),
}

/// Finds out what keys demand.
struct Finder<'a> {
    tables: &'a [TableShape],
    table: &'a TableShape,
    /// What is declared of columns, by position.
    profile: &'a BTreeMap<usize, &'a ColumnProfile>,
    place: &'a Place,
    problems: &'a mut Vec<Diagnostic>,
    warnings: &'a mut Vec<Diagnostic>,
    demands: Demands,
    /// The foreign key that decides each referencing column.
    owners: BTreeMap<usize, usize>,
    /// Foreign keys whose siblings are told apart.
    leaders: BTreeSet<usize>,
}

/// What the keys of `table` demand; `profile` holds what is declared of columns, by position.
pub(super) fn demands(
    tables: &[TableShape],
    table: &TableShape,
    profile: &BTreeMap<usize, &ColumnProfile>,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
    warnings: &mut Vec<Diagnostic>,
) -> Demands {
    let mut finder = Finder {
        tables,
        table,
        profile,
        place,
        problems,
        warnings,
        demands: Demands::default(),
        owners: BTreeMap::new(),
        leaders: BTreeSet::new(),
    };
    finder.foreign_keys();
    finder.numbered();
    finder.unique_keys();
    finder.demands
}

impl Finder<'_> {
    fn numbered(&mut self) {
        for (at, column) in self.table.columns.iter().enumerate() {
            let whole = matches!(column.kind, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8);
            let alone = |key: &UniqueKey| key.primary && key.columns == [at] && !key.expression;
            let primary = self.table.unique_keys.iter().any(alone);
            if whole && !self.owners.contains_key(&at) && (primary || column.owned_sequence.is_some()) {
                self.demands.numbered.push(at);
            }
        }
    }

    fn name(&self, column: usize) -> &str {
        &self.table.columns[column].name
    }

    /// `(a, b)`
    fn names(&self, columns: &[usize]) -> String {
        let names: Vec<&str> = columns.iter().map(|&at| self.name(at)).collect();
        format!("({})", names.join(", "))
    }

    /// Whether nothing is declared of the values of a column.
    fn is_undeclared(&self, column: usize) -> bool {
        self.profile
            .get(&column)
            .is_none_or(|profile| !has_marginals(profile) && profile.depends_on.is_none())
    }

    fn fan_out(&self, key: usize) -> Option<&FanOut> {
        let columns = &self.table.foreign_keys[key].columns;
        columns.iter().find_map(|column| self.profile.get(column)?.fan_out.as_ref())
    }

    /// Whether a foreign key may reference its parents in any number and order.
    fn is_even(&self, key: usize) -> bool {
        self.fan_out(key)
            .is_none_or(|fan_out| fan_out.degrees == Degrees::Uniform && fan_out.clustering.is_none())
    }

    /// Lets a foreign key be a relation, of which other columns can take their part.
    fn relate(&mut self, key: usize) {
        let foreign = &self.table.foreign_keys[key];
        for (&column, &referenced) in foreign.columns.iter().zip(&foreign.ref_columns) {
            self.demands.references.remove(&column);
            self.demands.roles.entry(column).or_insert(Role::Member { key, referenced });
        }
    }

    fn error(&mut self, place: Option<&Place>, message: String, help: &str) {
        let place = place.unwrap_or(self.place).clone();
        self.problems.push(Diagnostic::error(place, message).help(help));
    }
}

/// Whether anything is declared of the values of a column: which there are, how many and in what order.
pub(super) fn has_marginals(profile: &ColumnProfile) -> bool {
    profile.n_distinct.is_some()
        || profile.correlation.is_some()
        || !profile.most_common.is_empty()
        || !profile.most_common_freqs.is_empty()
        || !profile.histogram_bounds.is_empty()
}

fn described(key: &UniqueKey) -> String {
    let kind = if key.primary { "primary key" } else { "unique key" };
    match &key.predicate {
        Some(predicate) => format!("{kind} {} (WHERE {predicate})", key.name),
        None => format!("{kind} {}", key.name),
    }
}
