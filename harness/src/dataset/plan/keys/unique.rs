//! How each unique key is satisfied.
//!
//! In this order: a column that is unique by itself; a whole number that counts the children of a foreign key's parent;
//! a column that has room to be made unique; several foreign keys and columns of few values, whose combinations are
//! counted through.

use std::collections::BTreeSet;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::Generator;

use super::predicate::{boolean, is_lower};
use super::{Digits, Finder, Group, Role, described};
use crate::dataset::plan::habits::habit;
use crate::dataset::plan::text::Style;
use crate::postgres::shape::{ColumnShape, ColumnType, UniqueKey};

impl Finder<'_> {
    pub(super) fn unique_keys(&mut self) {
        let table = self.table;
        let single = |key: &&UniqueKey| key.columns.len() == 1;
        for key in table.unique_keys.iter().filter(single) {
            self.single(key, key.columns[0]);
        }
        for key in table.unique_keys.iter().filter(|key| !single(key)) {
            self.several(key);
        }
    }

    fn single(&mut self, key: &UniqueKey, column: usize) {
        if key.expression && !self.is_lower_case(key, column) {
            let message = format!(
                "{}.{} is unique in an expression ({}): its values are made different, but whether the expression's are shows \
                 only when the index is built",
                self.table.name,
                self.name(column),
                key.name
            );
            self.warnings.push(Diagnostic::warning(self.place.clone(), message));
        }
        if let Some(&foreign) = self.owners.get(&column) {
            if !key.expression && self.first_only(key, foreign) {
                return;
            }
            if matches!(self.demands.roles.get(&column), Some(Role::Member { .. })) {
                if self.table.foreign_keys[foreign].columns.len() > 1
                    && !self.is_unique_in_parent(foreign, &[column])
                {
                    return self.impossible(key);
                }
                self.demands.one_to_one.entry(foreign).or_insert_with(|| described(key));
            }
        }
        self.demands.unique.entry(column).or_insert_with(|| described(key));
    }

    /// Whether the expression of a key is a column in lower case, which generated values are already.
    fn is_lower_case(&self, key: &UniqueKey, column: usize) -> bool {
        let shape = &self.table.columns[column];
        let expression = key.expressions.as_deref().unwrap_or_default();
        if !is_lower(expression, &shape.name) {
            return false;
        }
        let declared = self.profile.get(&column).and_then(|profile| profile.generator).map(Style::Like);
        let lower = [Generator::Email, Generator::Username, Generator::Ip, Generator::Hex].map(Style::Like);
        declared.or(habit(shape).style).is_some_and(|style| lower.contains(&style))
    }

    /// Where a foreign key is unique among rows in which a boolean is true: lets it be true for the first child of each
    /// parent only.
    fn first_only(&mut self, key: &UniqueKey, foreign: usize) -> bool {
        let Some((name, negated)) = key.predicate.as_deref().and_then(boolean) else { return false };
        let Some(column) = self.table.columns.iter().position(|column| column.name == name) else {
            return false;
        };
        let covers =
            self.table.foreign_keys[foreign].columns.iter().all(|member| key.columns.contains(member));
        let role = Role::IsFirst { key: foreign, negated };
        if !covers
            || self.table.columns[column].kind != ColumnType::Bool
            || !self.is_undeclared(column)
            || self.demands.roles.get(&column).is_some_and(|taken| *taken != role)
            || matches!(
                self.demands.roles.get(&self.table.foreign_keys[foreign].columns[0]),
                Some(Role::MemberDigit { .. })
            )
        {
            return false;
        }
        self.relate(foreign);
        self.leaders.insert(foreign);
        self.demands.roles.insert(column, role);
        true
    }

    /// Whether what a foreign key references by some of its columns is unique already.
    fn is_unique_in_parent(&self, foreign: usize, columns: &[usize]) -> bool {
        let key = &self.table.foreign_keys[foreign];
        let Some(parent) = self.tables.iter().find(|table| table.oid == key.ref_table_oid) else {
            return false;
        };
        let referenced: BTreeSet<usize> = (key.columns.iter().zip(&key.ref_columns))
            .filter(|(column, _)| columns.contains(column))
            .map(|(_, &referenced)| referenced)
            .collect();
        parent.unique_keys.iter().any(|key| {
            !key.partial && !key.expression && key.columns.iter().all(|at| referenced.contains(at))
        })
    }

    /// Whether those of a foreign key's columns that are among `columns` say which row is referenced.
    fn tells_parents_apart(&self, foreign: usize, columns: &[usize]) -> bool {
        let key = &self.table.foreign_keys[foreign];
        if key.columns.iter().all(|column| columns.contains(column)) {
            return true;
        }
        let parent = self.tables.iter().find(|table| table.oid == key.ref_table_oid);
        // The key of a partitioned table has the partition's column in it, and its number is unique all the same.
        let numbered = |referenced: usize| {
            parent.is_some_and(|parent| {
                let column = &parent.columns[referenced];
                let owned = parent.foreign_keys.iter().any(|key| key.columns.contains(&referenced));
                matches!(column.kind, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8)
                    && column.owned_sequence.is_some()
                    && !owned
            })
        };
        let mut pairs =
            key.columns.iter().zip(&key.ref_columns).filter(|(column, _)| columns.contains(column));
        self.is_unique_in_parent(foreign, columns) || pairs.any(|(_, &referenced)| numbered(referenced))
    }

    fn several(&mut self, key: &UniqueKey) {
        if key.columns.is_empty() {
            let message = format!(
                "{} has the unique index {} over expressions that read no column, which cannot be generated for",
                self.table.name, key.name
            );
            return self.error(
                None,
                message,
                "leave the table out of the profile, or drop the index from the schema of the scenario",
            );
        }
        let satisfied = key.columns.iter().any(|at| {
            self.demands.unique.contains_key(at)
                || self.demands.numbered.contains(at)
                || self.profile.get(at).is_some_and(|profile| profile.n_distinct == Some(-1.0))
        });
        // Foreign keys whose columns in the key say which row is referenced, each once.
        let inside: BTreeSet<usize> = (key.columns.iter())
            .filter_map(|at| self.owners.get(at).copied())
            .filter(|&foreign| self.tells_parents_apart(foreign, &key.columns))
            .collect();
        let told_apart = inside.iter().any(|foreign| self.demands.one_to_one.contains_key(foreign))
            || key.columns.iter().any(|at| match self.demands.roles.get(at) {
                Some(Role::Sibling { key }) => inside.contains(key),
                _ => false,
            });
        if satisfied || told_apart {
            return;
        }
        if !key.expression {
            let covers = |&&at: &&usize| {
                key.columns.iter().all(|column| self.table.foreign_keys[at].columns.contains(column))
            };
            if let Some(&foreign) = inside.iter().find(covers) {
                if !self.first_only(key, foreign) {
                    self.relate(foreign);
                    self.demands.one_to_one.insert(foreign, described(key));
                }
                return;
            }
            if self.number_siblings(key, &inside) {
                return;
            }
        }
        // One column that is unique by itself makes the whole key unique.
        let roomy = |&&at: &&usize| self.is_free(at) && is_roomy(&self.table.columns[at]);
        if let Some(&at) = key.columns.iter().find(roomy) {
            self.demands.unique.insert(at, described(key));
            return;
        }
        if key.expression || !self.count_through(key, &inside) {
            self.impossible(key);
        }
    }

    /// Whether nothing decides the values of a column so far.
    fn is_free(&self, at: usize) -> bool {
        let column = &self.table.columns[at];
        self.is_undeclared(at)
            && !self.owners.contains_key(&at)
            && !self.demands.roles.contains_key(&at)
            && !self.demands.unique.contains_key(&at)
            && !column.generated_stored
            && column.kind != ColumnType::Unsupported
    }

    /// Lets a whole number count the children of each parent: the number of a line in its order.
    fn number_siblings(&mut self, key: &UniqueKey, inside: &BTreeSet<usize>) -> bool {
        let whole = |at: &usize| {
            matches!(self.table.columns[*at].kind, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8)
        };
        let number = key.columns.iter().copied().find(|at| whole(at) && self.is_free(*at));
        let (Some(number), Some(foreign)) = (number, self.leader(inside)) else { return false };
        self.relate(foreign);
        self.leaders.insert(foreign);
        self.demands.roles.insert(number, Role::Sibling { key: foreign });
        true
    }

    /// The foreign key whose siblings are told apart: one that is in use as such, else one that may not be even.
    fn leader(&self, inside: &BTreeSet<usize>) -> Option<usize> {
        let possible = || inside.iter().copied().filter(|&foreign| !self.is_counted(foreign));
        possible()
            .find(|foreign| self.leaders.contains(foreign))
            .or_else(|| possible().find(|&foreign| !self.is_even(foreign)))
            .or_else(|| possible().find(|&foreign| self.fan_out(foreign).is_some()))
            .or_else(|| possible().next())
    }

    /// Whether a digit decides what a foreign key references.
    fn is_counted(&self, foreign: usize) -> bool {
        let column = self.table.foreign_keys[foreign].columns[0];
        matches!(self.demands.roles.get(&column), Some(Role::MemberDigit { .. }))
    }

    /// Lets combinations of references and values be counted through.
    fn count_through(&mut self, key: &UniqueKey, inside: &BTreeSet<usize>) -> bool {
        let leader = self.leader(inside);
        let foreign = inside.iter().copied().filter(|&foreign| {
            let described = |column: &usize| {
                self.profile.get(column).is_some_and(|profile| super::has_marginals(profile))
            };
            Some(foreign) != leader
                && !self.leaders.contains(&foreign)
                && !self.is_counted(foreign)
                && self.is_even(foreign)
                && !self.table.foreign_keys[foreign].columns.iter().any(described)
        });
        let mut digits: Vec<Digits> = foreign.map(Digits::Foreign).collect();
        let mut columns: Vec<usize> = key.columns.iter().copied().filter(|&at| self.is_free(at)).collect();
        columns.sort_by_key(|&at| values_of(&self.table.columns[at].kind).is_none());
        digits.extend(columns.into_iter().map(Digits::Column));
        if digits.is_empty() {
            return false;
        }
        if let Some(leader) = leader {
            self.relate(leader);
            self.leaders.insert(leader);
        }
        let group = self.demands.groups.len();
        for (at, digit) in digits.iter().enumerate() {
            match *digit {
                Digits::Column(column) => {
                    self.demands.roles.insert(column, Role::Digit { group, at });
                }
                Digits::Foreign(foreign) => {
                    let shape = &self.table.foreign_keys[foreign];
                    for (&column, &referenced) in shape.columns.iter().zip(&shape.ref_columns) {
                        self.demands.references.remove(&column);
                        let role = Role::MemberDigit { group, at, key: foreign, referenced };
                        self.demands.roles.insert(column, role);
                    }
                }
            }
        }
        self.demands.groups.push(Group { leader, digits, key: described(key) });
        true
    }

    fn impossible(&mut self, key: &UniqueKey) {
        let message = format!(
            "{} cannot be given rows that are unique in {} together, as {} demands: none of these columns can be unique by \
             itself, and what is declared of them leaves no combinations to count through",
            self.table.name,
            self.names(&key.columns),
            described(key)
        );
        self.error(
            None,
            message,
            "declare n_distinct = -1 for one of them or nothing at all, leave the table out of the profile, or drop the key from the \
             schema of the scenario",
        );
    }
}

/// How many values a type has, where they are few.
pub(in crate::dataset::plan) fn values_of(kind: &ColumnType) -> Option<u64> {
    match kind {
        ColumnType::Bool => Some(2),
        ColumnType::Enum(labels) => Some(labels.len() as u64),
        _ => None,
    }
}

/// Whether a type has so many values that any number of rows can differ in it.
fn is_roomy(column: &ColumnShape) -> bool {
    match &column.kind {
        ColumnType::Int4
        | ColumnType::Int8
        | ColumnType::Uuid
        | ColumnType::Timestamp
        | ColumnType::Timestamptz => true,
        kind => kind.is_text() && kind.char_limit().is_none_or(|limit| limit >= 12),
    }
}
