//! Rows of the tables that nobody names: as many as asked for, or as many as their keys have room for.

use std::collections::BTreeMap;

use pgrehearse_scenarios::source::Place;

use super::declared::{Declared, scaled};
use super::keys::values_of;
use super::{Planner, Request};
use crate::postgres::shape::{ColumnShape, ColumnType, TableShape, UniqueKey};

/// Tables in which migration tools keep account of themselves.
const BOOKKEEPING: &[&str] = &[
    "schema_migrations",
    "_sqlx_migrations",
    "flyway_schema_history",
    "refinery_schema_history",
    "goose_db_version",
    "__diesel_schema_migrations",
    "_prisma_migrations",
];

impl Planner<'_> {
    /// Gives rows to every table that is not in `declared`, if they are to have any.
    pub(super) fn fill_others(&self, declared: &mut BTreeMap<usize, Declared<'_>>) {
        let Request { tables, profile, scale, rows_otherwise, .. } = *self.request;
        let wanted = profile.rows.map(|rows| scaled(rows, scale));
        let Some(wanted) = rows_otherwise.or(wanted).filter(|rows| *rows > 0) else { return };
        let mut rows: BTreeMap<usize, u64> = declared.iter().map(|(&at, table)| (at, table.rows)).collect();
        for (at, table) in tables.iter().enumerate() {
            if BOOKKEEPING.contains(&table.name.as_str()) {
                rows.entry(at).or_insert(0);
            }
        }
        for at in 0..tables.len() {
            let rows = room(at, tables, wanted, &mut rows);
            declared.entry(at).or_insert_with(|| Declared {
                rows,
                rows_declared: rows,
                profile: None,
                columns: BTreeMap::new(),
                place: Place::default(),
            });
        }
    }
}

/// The rows of a table: those wanted, or as many as its unique keys allow, of which `known` are decided.
fn room(at: usize, tables: &[TableShape], wanted: u64, known: &mut BTreeMap<usize, u64>) -> u64 {
    if let Some(&rows) = known.get(&at) {
        return rows;
    }
    // Tables that reference each other in a circle are not limited by each other.
    known.insert(at, wanted);
    let shape = &tables[at];
    let whole = |key: &&UniqueKey| !key.partial && !key.expression;
    let mut rows = wanted;
    for key in shape.unique_keys.iter().filter(whole) {
        rows = rows.min(room_of_key(shape, key, tables, wanted, known));
    }
    known.insert(at, rows);
    rows
}

/// How many rows can differ in a key.
fn room_of_key(
    shape: &TableShape,
    key: &UniqueKey,
    tables: &[TableShape],
    wanted: u64,
    known: &mut BTreeMap<usize, u64>,
) -> u64 {
    let mut room = 1u64;
    let mut free: Vec<usize> = key.columns.clone();
    for foreign in &shape.foreign_keys {
        if !foreign.columns.iter().all(|column| free.contains(column)) {
            continue;
        }
        let Some(parent) = tables.iter().position(|table| table.oid == foreign.ref_table_oid) else {
            continue;
        };
        free.retain(|column| !foreign.columns.contains(column));
        room = room.saturating_mul(self::room(parent, tables, wanted, known).max(1));
    }
    for column in free {
        room = room.saturating_mul(values(&shape.columns[column]));
    }
    room
}

/// How many values a column can have at least.
fn values(column: &ColumnShape) -> u64 {
    match &column.kind {
        ColumnType::Int2 => 32_767,
        ColumnType::InternalChar => 26,
        ColumnType::Date => 10_000,
        ColumnType::Bit(bits) => 2u64.checked_pow(*bits).unwrap_or(u64::MAX),
        ColumnType::Numeric { precision: Some(digits), .. } => {
            10u64.checked_pow(u32::from(*digits)).map_or(u64::MAX, |values| values - 1)
        }
        kind => match (values_of(kind), kind.char_limit()) {
            (Some(values), _) => values,
            (None, Some(limit)) if limit < 12 => 20u64.saturating_pow(limit),
            (None, _) => u64::MAX,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::shape::ForeignKey;

    fn table(oid: u32, kinds: &[ColumnType], key: &[usize], parents: &[(usize, u32)]) -> TableShape {
        let column = |kind: &ColumnType| ColumnShape { kind: kind.clone(), ..ColumnShape::default() };
        let foreign = |&(column, ref_table_oid): &(usize, u32)| ForeignKey {
            name: "fk".to_owned(),
            columns: vec![column],
            ref_table_oid,
            ref_columns: vec![0],
        };
        TableShape {
            oid,
            columns: kinds.iter().map(column).collect(),
            unique_keys: vec![UniqueKey { columns: key.to_vec(), primary: true, ..UniqueKey::default() }],
            foreign_keys: parents.iter().map(foreign).collect(),
            ..TableShape::default()
        }
    }

    fn rooms(tables: &[TableShape], wanted: u64) -> Vec<u64> {
        let mut known = BTreeMap::new();
        (0..tables.len()).map(|at| room(at, tables, wanted, &mut known)).collect()
    }

    #[test]
    fn as_many_as_the_keys_have_room_for() {
        let mood = ColumnType::Enum(vec!["a".into(), "b".into(), "c".into()]);
        let int = ColumnType::Int8;
        let tables = [
            // One to one with the enum's table below, and a pair of both.
            table(1, std::slice::from_ref(&mood), &[0], &[(0, 2)]),
            table(2, std::slice::from_ref(&mood), &[0], &[]),
            table(3, &[mood.clone(), ColumnType::Bool], &[0, 1], &[(0, 2)]),
            table(4, std::slice::from_ref(&int), &[0], &[]),
            table(5, &[ColumnType::Int2], &[0], &[]),
            table(6, &[ColumnType::Char(2)], &[0], &[]),
            table(7, &[int.clone(), mood], &[0, 1], &[(0, 4)]),
        ];
        assert_eq!(rooms(&tables, 1_000_000), [3, 3, 6, 1_000_000, 32_767, 400, 1_000_000]);
    }

    #[test]
    fn tables_in_a_circle_limit_nobody() {
        let int = ColumnType::Int8;
        let tables = [
            table(1, std::slice::from_ref(&int), &[0], &[(0, 2)]),
            table(2, std::slice::from_ref(&int), &[0], &[(0, 1)]),
        ];
        assert_eq!(rooms(&tables, 10), [10, 10]);
    }
}
