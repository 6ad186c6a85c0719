//! What keys demand of columns: which must have no value twice, which are numbered, which reference another.

use std::collections::BTreeMap;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::ColumnProfile;
use pgrehearse_scenarios::source::Place;

use crate::postgres::shape::{ColumnShape, ColumnType, TableShape, UniqueKey};

/// What the keys of one table demand.
#[derive(Debug, Default)]
pub(super) struct Demands {
    /// Columns in which no value may appear twice, with the key that says so.
    pub(super) unique: BTreeMap<usize, String>,
    /// Columns that are numbered from 1 in row order.
    pub(super) numbered: Vec<usize>,
    /// Referencing columns, with the referenced table's `oid` and the column's position in it.
    pub(super) references: BTreeMap<usize, (u32, usize)>,
}

/// What the keys of `table` demand; `profile` holds what is declared of columns, by position.
pub(super) fn demands(
    table: &TableShape,
    profile: &BTreeMap<usize, &ColumnProfile>,
    place: &Place,
    problems: &mut Vec<Diagnostic>,
    warnings: &mut Vec<Diagnostic>,
) -> Demands {
    let mut demands = Demands::default();
    for key in &table.foreign_keys {
        match (&key.columns[..], &key.ref_columns[..]) {
            (&[column], &[referenced]) => {
                // A column that references itself is satisfied by any value.
                let wanted = (key.ref_table_oid, referenced);
                if wanted == (table.oid, column) {
                    continue;
                }
                if *demands.references.entry(column).or_insert(wanted) != wanted {
                    let name = &table.columns[column].name;
                    let message = format!(
                        "{}.{name} references two columns at once ({} is the second), which cannot be generated",
                        table.name, key.name
                    );
                    problems.push(Diagnostic::error(place.clone(), message).help(
                        "leave the table out of the profile, or drop one of the constraints from the schema of the scenario",
                    ));
                }
            }
            _ => problems.push(
                Diagnostic::error(
                    place.clone(),
                    format!("{} has a foreign key over several columns, {}, which cannot be generated", table.name, key.name),
                )
                .help("leave the table out of the profile, or drop the constraint from the schema of the scenario"),
            ),
        }
    }
    for (at, column) in table.columns.iter().enumerate() {
        let whole = matches!(column.kind, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8);
        let alone = |key: &&UniqueKey| key.primary && key.columns == [at] && !key.expression;
        let primary = table.unique_keys.iter().any(|key| alone(&key));
        if whole && !demands.references.contains_key(&at) && (primary || column.owned_sequence.is_some()) {
            demands.numbered.push(at);
        }
    }
    let single = |key: &&UniqueKey| key.columns.len() == 1;
    for key in table.unique_keys.iter().filter(single) {
        if key.expression {
            let message = format!(
                "{}.{} is unique in an expression ({}): its values are made different, but whether the expression's are shows \
                 only when the index is built",
                table.name, table.columns[key.columns[0]].name, key.name
            );
            warnings.push(Diagnostic::warning(place.clone(), message));
        }
        demands.unique.entry(key.columns[0]).or_insert_with(|| described(key));
    }
    for key in table.unique_keys.iter().filter(|key| !single(key)) {
        let satisfied = |&at: &usize| {
            demands.unique.contains_key(&at)
                || demands.numbered.contains(&at)
                || profile.get(&at).is_some_and(|profile| profile.n_distinct == Some(-1.0))
        };
        if key.columns.iter().any(satisfied) {
            continue;
        }
        let free = |&&at: &&usize| {
            let declared = profile
                .get(&at)
                .is_some_and(|profile| profile.n_distinct.is_some() || !profile.most_common.is_empty());
            !declared && !demands.references.contains_key(&at) && is_roomy(&table.columns[at])
        };
        // One column that is unique by itself makes the whole key unique.
        match key.columns.iter().find(free) {
            Some(&at) => {
                demands.unique.insert(at, described(key));
            }
            None if key.columns.is_empty() => {
                let message = format!(
                    "{} has the unique index {} over expressions that read no column, which cannot be generated for",
                    table.name, key.name
                );
                problems.push(Diagnostic::error(place.clone(), message).help(
                    "leave the table out of the profile, or drop the index from the schema of the scenario",
                ));
            }
            None => {
                let names: Vec<&str> =
                    key.columns.iter().map(|&at| table.columns[at].name.as_str()).collect();
                let message = format!(
                    "{} cannot be given rows that are unique in ({}) together, as {} demands: none of these columns can be unique by itself",
                    table.name,
                    names.join(", "),
                    key.name
                );
                problems.push(Diagnostic::error(place.clone(), message).help(
                    "declare n_distinct = -1 for one of them, leave the table out of the profile, or drop the key from the schema of the scenario",
                ));
            }
        }
    }
    demands
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

fn described(key: &UniqueKey) -> String {
    if key.primary { format!("primary key {}", key.name) } else { format!("unique key {}", key.name) }
}
