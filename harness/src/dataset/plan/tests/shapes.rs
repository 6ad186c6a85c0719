//! Tables, profiles and rows for the tests.

use std::collections::BTreeMap;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{Bound, ColumnProfile, MostCommon, Profile, TableProfile};
use pgrehearse_scenarios::source::Place;

use crate::dataset::plan::{Plan, Request, TablePlan, plan};
use crate::postgres::shape::{ColumnShape, ColumnType, ForeignKey, TableShape, UniqueKey};

pub(super) fn column(name: &str, kind: ColumnType) -> ColumnShape {
    ColumnShape {
        name: name.into(),
        type_name: format!("{kind:?}").to_lowercase(),
        kind,
        ..ColumnShape::default()
    }
}

pub(super) fn not_null(name: &str, kind: ColumnType) -> ColumnShape {
    ColumnShape { not_null: true, ..column(name, kind) }
}

pub(super) fn table(oid: u32, name: &str, columns: Vec<ColumnShape>) -> TableShape {
    let (schema, name) = ("public".into(), name.into());
    TableShape { oid, schema, name, columns, ..TableShape::default() }
}

impl TableShape {
    pub(super) fn primary(mut self, columns: &[usize]) -> Self {
        self.unique_keys.push(UniqueKey {
            name: format!("{}_pkey", self.name),
            columns: columns.to_vec(),
            primary: true,
            ..UniqueKey::default()
        });
        for &at in columns {
            self.columns[at].not_null = true;
        }
        self
    }

    pub(super) fn unique(mut self, columns: &[usize]) -> Self {
        let name = format!("{}_{}_key", self.name, columns.len());
        self.unique_keys.push(UniqueKey { name, columns: columns.to_vec(), ..UniqueKey::default() });
        self
    }

    pub(super) fn references(mut self, column: usize, oid: u32, referenced: usize) -> Self {
        self.foreign_keys.push(ForeignKey {
            name: "fk".into(),
            columns: vec![column],
            ref_table_oid: oid,
            ref_columns: vec![referenced],
        });
        self
    }
}

/// What is declared of a column, for short.
pub(super) fn says(name: &str) -> ColumnProfile {
    ColumnProfile { name: name.into(), ..ColumnProfile::default() }
}

pub(super) fn common(values: &[(&str, f64)]) -> Vec<MostCommon> {
    values.iter().map(|&(value, frequency)| MostCommon { value: value.into(), frequency }).collect()
}

pub(super) fn bounds(values: &[&str]) -> Vec<Bound> {
    values.iter().map(|&value| Bound { value: value.into(), place: Place::default() }).collect()
}

pub(super) fn profile(tables: Vec<(&str, u64, Vec<ColumnProfile>)>) -> Profile {
    let table = |(name, rows, columns): (&str, u64, Vec<ColumnProfile>)| TableProfile {
        name: name.into(),
        rows,
        columns,
        ..TableProfile::default()
    };
    Profile { tables: tables.into_iter().map(table).collect(), rows: None }
}

pub(super) fn planned(tables: &[TableShape], profile: &Profile, seed: u64) -> Result<Plan, Vec<Diagnostic>> {
    plan(&Request {
        tables,
        profile,
        seed,
        scale: 1.0,
        rows_override: &BTreeMap::new(),
        rows_otherwise: None,
    })
}

/// One table of one declared column.
pub(super) fn single(
    shape: ColumnShape,
    declared: ColumnProfile,
    rows: u64,
) -> Result<TablePlan, Vec<Diagnostic>> {
    single_of(table(1, "t", vec![shape]), declared, rows, 1)
}

pub(super) fn single_of(
    shape: TableShape,
    declared: ColumnProfile,
    rows: u64,
    seed: u64,
) -> Result<TablePlan, Vec<Diagnostic>> {
    planned(&[shape], &profile(vec![("t", rows, vec![declared])]), seed).map(|mut plan| plan.tables.remove(0))
}

/// The fields of a column, row by row; none where NULL.
pub(super) fn fields(plan: &TablePlan, column: usize) -> Vec<Option<Vec<u8>>> {
    let mut out = Vec::new();
    plan.encode_rows(0..plan.rows(), &mut out);
    let mut rows = Vec::new();
    let mut rest = &out[..];
    let take = |rest: &mut &[u8], count: usize| {
        let (head, tail) = rest.split_at(count);
        *rest = tail;
        head.to_vec()
    };
    while !rest.is_empty() {
        let columns = i16::from_be_bytes(take(&mut rest, 2).try_into().expect("two bytes"));
        assert_eq!(columns as usize, plan.copy_columns().len());
        for at in 0..columns as usize {
            let length = i32::from_be_bytes(take(&mut rest, 4).try_into().expect("four bytes"));
            let field = usize::try_from(length).ok().map(|length| take(&mut rest, length));
            if at == column {
                rows.push(field);
            }
        }
    }
    assert_eq!(rows.len() as u64, plan.rows());
    rows
}

/// A whole number from its field.
pub(super) fn number(field: &[u8]) -> i64 {
    match *field {
        [a, b] => i16::from_be_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_be_bytes([a, b, c, d]).into(),
        _ => i64::from_be_bytes(field.try_into().expect("eight bytes")),
    }
}

pub(super) fn numbers(plan: &TablePlan, column: usize) -> Vec<Option<i64>> {
    fields(plan, column).into_iter().map(|field| field.map(|field| number(&field))).collect()
}

/// How often each value appears.
pub(super) fn counts<T: Ord>(values: impl IntoIterator<Item = T>) -> BTreeMap<T, u64> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// What ANALYZE would compute from every row.
pub(super) fn correlation<T: Ord>(values: &[T]) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|&at| (&values[at], at));
    let n = values.len() as f64;
    let mean = (n - 1.0) / 2.0;
    let sum: f64 =
        order.iter().enumerate().map(|(rank, &at)| (rank as f64 - mean) * (at as f64 - mean)).sum();
    sum * 12.0 / (n * n * n - n)
}
