//! A verified table for tests: a million users, as sound data looks to the server.

use crate::event::*;

fn share(rows: u64, distinct: u64) -> Share {
    Share { rows, distinct, first: None, last: None, value: None, counted: None, frequency: None }
}

fn value(text: &str, rows: u64, frequency: f64) -> Share {
    Share { value: Some(text.to_owned()), counted: Some(rows), frequency: Some(frequency), ..share(rows, 1) }
}

fn column(
    name: &str,
    declared: &[&str],
    planned: ColumnPlanned,
    statistics: ColumnStatistics,
) -> ColumnVerified {
    let filled = Some(1_000_000 - planned.nulls);
    ColumnVerified {
        name: name.to_owned(),
        declared: declared.iter().map(|key| (*key).to_owned()).collect(),
        planned,
        counted: ColumnCounted { filled, ..ColumnCounted::default() },
        statistics: Some(statistics),
        refused: Vec::new(),
    }
}

/// `public.users` with `id`, `status` and `bio`; every check of it holds.
pub(crate) fn users() -> TableVerified {
    let target = ColumnStatistics { target: 100, ..ColumnStatistics::default() };
    let numbered = Share { first: Some(1.0), last: Some(1_000_000.0), ..share(1_000_000, 1_000_000) };
    let mut id = column(
        "id",
        &[],
        ColumnPlanned {
            distinct: 1_000_000,
            shares: vec![numbered],
            correlation: Some(1.0),
            width_bytes: Some(8.0),
            ..ColumnPlanned::default()
        },
        ColumnStatistics {
            n_distinct: -1.0,
            correlation: Some(1.0),
            avg_width: 8.0,
            histogram_bounds: (0..=100).map(|at| 31.0 + 9_998.0 * f64::from(at)).collect(),
            ..target.clone()
        },
    );
    (id.counted.least, id.counted.greatest) = (Some(1.0), Some(1_000_000.0));
    let status = column(
        "status",
        &["most_common"],
        ColumnPlanned {
            distinct: 2,
            shares: vec![value("active", 940_000, 0.9412), value("deleted", 60_000, 0.0588)],
            correlation: Some(0.8872),
            width_bytes: Some(7.06),
            width_deviation: 0.24,
            ..ColumnPlanned::default()
        },
        ColumnStatistics {
            n_distinct: 2.0,
            correlation: Some(0.889),
            avg_width: 7.0,
            compared: true,
            most_common_sum: 1.0,
            ..target.clone()
        },
    );
    let bio = column(
        "bio",
        &["null_frac", "avg_width", "correlation"],
        ColumnPlanned {
            nulls: 350_000,
            distinct: 650_000,
            shares: vec![share(650_000, 650_000)],
            width_bytes: Some(120.0),
            width_deviation: 21.0,
            ..ColumnPlanned::default()
        },
        ColumnStatistics {
            null_frac: 0.3491,
            n_distinct: -0.6509,
            correlation: Some(0.003),
            avg_width: 120.0,
            ..target
        },
    );
    TableVerified {
        table: "public.users".to_owned(),
        planned: TablePlanned { rows: 1_000_000, row_bytes: 141.0, ..TablePlanned::default() },
        measured: TableMeasured {
            rows: 1_000_000,
            reltuples: 1_000_000.0,
            pages: 17_500,
            pages_all_visible: 17_500,
            sample_rows_max: 30_000,
            dead_rows: Some(0),
            heap_bytes: 143_360_000,
            ..TableMeasured::default()
        },
        columns: vec![id, status, bio],
        fan_outs: Vec::new(),
        dependencies: Vec::new(),
        verify_us: 240_000,
    }
}
