//! How fast rows are made: nanoseconds per value by kind, and whole rows of a users table.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pgrehearse::dataset::plan::{Request, TablePlan, plan};
use pgrehearse::postgres::shape::{ColumnShape, ColumnType, TableShape, UniqueKey};
use pgrehearse_scenarios::profile::{Bound, ColumnProfile, Generator, MostCommon, Profile, TableProfile};
use pgrehearse_scenarios::source::Place;

const ROWS: u64 = 1_000_000;
/// Rows per measured call: about what one chunk on its way to the server holds.
const CHUNK: u64 = 4096;

fn shape(columns: Vec<(&str, ColumnType)>, unique: &[usize]) -> TableShape {
    let column =
        |(name, kind): (&str, ColumnType)| ColumnShape { name: name.into(), kind, ..ColumnShape::default() };
    let key = |&at: &usize| UniqueKey {
        name: format!("key{at}"),
        columns: vec![at],
        primary: at == 0,
        ..UniqueKey::default()
    };
    TableShape {
        oid: 1,
        schema: "public".into(),
        name: "users".into(),
        columns: columns.into_iter().map(column).collect(),
        unique_keys: unique.iter().map(key).collect(),
        ..TableShape::default()
    }
}

fn planned(shape: TableShape, columns: Vec<ColumnProfile>) -> TablePlan {
    let table = TableProfile { name: "users".into(), rows: ROWS, columns, ..TableProfile::default() };
    let request = Request {
        tables: &[shape],
        profile: &Profile { tables: vec![table], rows: None },
        seed: 42,
        scale: 1.0,
        rows_override: &BTreeMap::new(),
        rows_otherwise: None,
    };
    plan(&request).expect("a legal profile").tables.remove(0)
}

fn says(name: &str) -> ColumnProfile {
    ColumnProfile { name: name.into(), ..ColumnProfile::default() }
}

fn bounds(values: &[&str]) -> Vec<Bound> {
    values.iter().map(|&value| Bound { value: value.into(), place: Place::default() }).collect()
}

fn common(values: &[(&str, f64)]) -> Vec<MostCommon> {
    values.iter().map(|&(value, frequency)| MostCommon { value: value.into(), frequency }).collect()
}

/// The users table of the bundled scenario.
fn users(extra: &[(&'static str, ColumnType)]) -> TablePlan {
    let columns = [
        ("id", ColumnType::Int8),
        ("email", ColumnType::Text),
        ("username", ColumnType::Text),
        ("created_at", ColumnType::Timestamptz),
        ("is_active", ColumnType::Bool),
        ("org_id", ColumnType::Int4),
        ("bio", ColumnType::Text),
    ];
    let columns = columns.into_iter().chain(extra.iter().cloned()).collect();
    planned(
        shape(columns, &[0, 1, 2]),
        vec![
            ColumnProfile {
                histogram_bounds: bounds(&["2019-01-01", "2022-06-01", "2024-03-01", "2026-01-01"]),
                correlation: Some(0.99),
                ..says("created_at")
            },
            ColumnProfile { most_common: common(&[("true", 0.9), ("false", 0.1)]), ..says("is_active") },
            ColumnProfile { n_distinct: Some(5000.0), ..says("org_id") },
            ColumnProfile { null_frac: Some(0.35), avg_width: Some(120.0), ..says("bio") },
        ],
    )
}

fn kinds() -> Vec<(&'static str, ColumnType, ColumnProfile)> {
    let text = |generator| ColumnProfile { generator: Some(generator), ..says("c") };
    vec![
        ("int4 shuffled", ColumnType::Int4, ColumnProfile { n_distinct: Some(-1.0), ..says("c") }),
        (
            "int4 in order",
            ColumnType::Int4,
            ColumnProfile { n_distinct: Some(-1.0), correlation: Some(1.0), ..says("c") },
        ),
        (
            "int4 in windows",
            ColumnType::Int4,
            ColumnProfile { n_distinct: Some(-1.0), correlation: Some(0.99), ..says("c") },
        ),
        ("int4 half null", ColumnType::Int4, ColumnProfile { null_frac: Some(0.5), ..says("c") }),
        ("boolean", ColumnType::Bool, says("c")),
        ("timestamptz", ColumnType::Timestamptz, says("c")),
        ("numeric", ColumnType::Numeric { precision: Some(10), scale: Some(2) }, says("c")),
        ("float8", ColumnType::Float8, says("c")),
        ("uuid", ColumnType::Uuid, says("c")),
        (
            "most common of 5",
            ColumnType::Text,
            ColumnProfile {
                most_common: common(&[("a", 0.5), ("b", 0.2), ("c", 0.15), ("d", 0.1), ("e", 0.05)]),
                ..says("c")
            },
        ),
        ("email", ColumnType::Text, text(Generator::Email)),
        ("username", ColumnType::Text, text(Generator::Username)),
        ("name", ColumnType::Text, text(Generator::Name)),
        ("city", ColumnType::Text, text(Generator::City)),
        ("hex 64", ColumnType::Text, text(Generator::Hex)),
        (
            "sentence 120",
            ColumnType::Text,
            ColumnProfile { avg_width: Some(120.0), ..text(Generator::Sentence) },
        ),
        ("jsonb", ColumnType::Jsonb, says("c")),
        ("bytea 100", ColumnType::Bytea, ColumnProfile { avg_width: Some(100.0), ..says("c") }),
    ]
}

/// Measures chunk after chunk of a table, so that every part of it is met.
fn measure(bencher: &mut criterion::Bencher<'_>, table: &TablePlan) {
    let mut out = Vec::with_capacity(8 << 20);
    let mut start = 0;
    bencher.iter(|| {
        out.clear();
        table.encode_rows(start..start + CHUNK, &mut out);
        start = (start + CHUNK) % (ROWS - CHUNK);
        black_box(out.len())
    });
}

fn values(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("value");
    group.throughput(Throughput::Elements(CHUNK));
    for (name, kind, declared) in kinds() {
        let table = planned(shape(vec![("c", kind)], &[]), vec![declared]);
        group.bench_function(name, |bencher| measure(bencher, &table));
    }
    group.finish();
}

fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rows");
    for (name, table) in [
        ("users, 7 columns", users(&[])),
        ("users, 8 columns", users(&[("updated_at", ColumnType::Timestamptz)])),
    ] {
        let mut out = Vec::new();
        table.encode_rows(0..100_000, &mut out);
        let bytes = out.len() as u64 * CHUNK / 100_000;
        for (unit, throughput) in [("rows", Throughput::Elements(CHUNK)), ("bytes", Throughput::Bytes(bytes))]
        {
            group.throughput(throughput);
            group.bench_function(BenchmarkId::new(name, unit), |bencher| measure(bencher, &table));
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = values, rows
}
criterion_main!(benches);
