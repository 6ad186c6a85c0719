//! Whether the loaded data is what was declared: every planned fact against its measurement, each with the tolerance
//! that a sample of ANALYZE's size justifies.
//!
//! Counts are exact and pass without any tolerance. What ANALYZE reports comes from a sample of 300 rows per unit of
//! the statistics target; a difference passes up to [`Z`] standard errors, or up to what nobody would notice.

mod column;
mod common;
mod distinct;
mod distribution;
mod sample;
mod table;
#[cfg(test)]
mod tests;

use crate::event::TableVerified;
use crate::model::dataset::{Check, Column, Dataset, Fidelity, Gate, NotMeasured};

/// Standard errors that pass. A dataset has hundreds of checks: with 1,000 of them, one in a thousand sound datasets
/// would have one beyond 4.89.
const Z: f64 = 5.0;
/// Chance to reject what is sound, where a bound is known instead of a standard error.
const ALPHA: f64 = 1e-6;

/// The checks of one table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TableFidelity {
    pub(crate) checks: Vec<Check>,
    pub(crate) not_measured: Vec<NotMeasured>,
    pub(crate) columns: Vec<Column>,
    pub(crate) score: Option<f64>,
}

/// Judges one table.
pub(crate) fn judge(verified: &TableVerified) -> TableFidelity {
    let mut of_table = Checks::default();
    table::check(verified, &mut of_table);
    let mut columns = Vec::with_capacity(verified.columns.len());
    for column in &verified.columns {
        let mut checks = Checks::default();
        column::check(verified, column, &mut checks);
        columns.push(Column {
            name: column.name.clone(),
            checks: checks.made,
            not_measured: checks.not_measured,
        });
    }
    let all = of_table.made.iter().chain(columns.iter().flat_map(|column| &column.checks));
    let score = score(all);
    TableFidelity { checks: of_table.made, not_measured: of_table.not_measured, columns, score }
}

/// Sums up the checks of all tables; none where there is none.
pub(crate) fn sum_up(dataset: &Dataset, verify_ms: f64) -> Option<Fidelity> {
    let (mut checks, mut failed, mut not_measured) = (0, 0, 0);
    for table in &dataset.tables {
        let columns = || table.columns.iter();
        for check in table.checks.iter().chain(columns().flat_map(|column| &column.checks)) {
            checks += 1;
            failed += u64::from(!check.ok);
        }
        not_measured += table.not_measured.len() as u64;
        not_measured += columns().map(|column| column.not_measured.len() as u64).sum::<u64>();
    }
    (checks > 0).then_some(Fidelity { checks, failed, not_measured, verify_ms })
}

/// A check that did not hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Failure<'a> {
    /// `schema.table`
    pub(crate) table: &'a str,
    /// The column, if it is about one.
    pub(crate) column: Option<&'a str>,
    pub(crate) check: &'a Check,
}

/// The checks that did not hold, the worst first.
pub(crate) fn failures(dataset: &Dataset) -> Vec<Failure<'_>> {
    let mut failures = Vec::new();
    for table in &dataset.tables {
        let of_table = table.checks.iter().map(|check| (None, check));
        let of_columns = table
            .columns
            .iter()
            .flat_map(|column| column.checks.iter().map(move |check| (Some(column.name.as_str()), check)));
        let failed = of_table.chain(of_columns).filter(|(_, check)| !check.ok);
        failures.extend(failed.map(|(column, check)| Failure { table: &table.name, column, check }));
    }
    failures.sort_by(|one, two| excess(two.check).total_cmp(&excess(one.check)));
    failures
}

/// The difference in tolerances.
fn excess(check: &Check) -> f64 {
    let difference = (check.measured - check.declared).abs();
    match (difference, check.tolerance) {
        (0.0, _) => 0.0,
        // Counts of any size that are wrong at all stand before all samples.
        (_, 0.0) => f64::INFINITY,
        (difference, tolerance) => difference / tolerance,
    }
}

fn score<'a>(checks: impl Iterator<Item = &'a Check>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for check in checks {
        sum += excess(check).min(1.0).powi(2);
        count += 1.0;
    }
    (count > 0.0).then(|| (1000.0 * (1.0 - sum / count)).round() / 10.0)
}

/// Checks in the making.
#[derive(Debug, Default)]
struct Checks {
    made: Vec<Check>,
    not_measured: Vec<NotMeasured>,
}

impl Checks {
    /// A check by counting, exact.
    fn count(&mut self, metric: impl Into<String>, in_profile: bool, declared: u64, measured: u64) {
        self.add(Gate::Count, metric, in_profile, declared as f64, measured as f64, 0.0);
    }

    fn add(
        &mut self,
        gate: Gate,
        metric: impl Into<String>,
        declared_in_profile: bool,
        declared: f64,
        measured: f64,
        tolerance: f64,
    ) {
        // A difference that is no number is none that passes.
        let ok = (measured - declared).abs() <= tolerance;
        let metric = metric.into();
        self.made.push(Check { metric, declared, measured, tolerance, ok, gate, declared_in_profile });
    }

    fn not_measured(&mut self, metric: impl Into<String>, declared_in_profile: bool, why: impl Into<String>) {
        self.not_measured.push(NotMeasured { metric: metric.into(), why: why.into(), declared_in_profile });
    }
}
