//! The checks of one column.

use super::sample::Sample;
use super::{Checks, common, distinct, distribution::Distribution};
use crate::event::{ColumnStatistics, ColumnVerified, Share, TableVerified};
use crate::model::dataset::Gate;

/// Differences that nobody would notice, for `null_frac`, `correlation`, and distribution functions.
const NULL_FRAC_FLOOR: f64 = 0.005;
const CORRELATION_FLOOR: f64 = 0.03;
const DISTRIBUTION_FLOOR: f64 = 0.02;
/// The same for `n_distinct`, as a part of it.
const N_DISTINCT_FLOOR: f64 = 0.2;
/// What single precision makes of a fraction, and a little.
const ROUNDING: f64 = 1e-4;
/// The same for average widths: a byte, or a part of it.
const WIDTH_FLOOR: (f64, f64) = (1.0, 0.02);
/// Values wider than this are left out of most common values, histograms and correlation, and taken for different.
const TOO_WIDE_BYTES: f64 = 1_024.0;
/// Rows wider than this are made shorter by compressing values or moving them out (`TOAST_TUPLE_THRESHOLD`).
const TOAST_ROW_BYTES: f64 = 2_000.0;
/// Rows that a correlation needs to mean anything.
const CORRELATED_ROWS_MIN: f64 = 30.0;
/// What a double makes of a decimal number.
const DOUBLE: f64 = 1e-12;

/// Adds the checks of `column`.
pub(super) fn check(table: &TableVerified, column: &ColumnVerified, checks: &mut Checks) {
    let says = |key: &str| column.declared.iter().any(|declared| declared == key);
    let in_most_common = says("most_common") || says("most_common_freqs");
    let planned = &column.planned;
    if let Some(filled) = column.counted.filled {
        checks.count("nulls", says("null_frac"), planned.nulls, table.measured.rows.saturating_sub(filled));
    }
    common::check_counts(planned, in_most_common, checks);
    if let Some(distinct) = column.counted.distinct {
        checks.count("distinct", says("n_distinct"), planned.distinct, distinct);
    }
    ends(column, says("histogram_bounds"), checks);
    for fan_out in table.fan_outs.iter().filter(|fan_out| fan_out.columns.first() == Some(&column.name)) {
        super::table::fan_out(fan_out, says("fan_out"), checks);
    }
    for dependency in table.dependencies.iter().filter(|dependency| dependency.column == column.name) {
        super::table::dependency(dependency, table.measured.rows, checks);
    }
    match &column.statistics {
        Some(statistics) => {
            let of = Analyzed { table, column, statistics, sample: Sample::of(&table.measured) };
            of.check(checks);
        }
        None if table.measured.rows > 0 => {
            checks.not_measured("pg_stats", !column.declared.is_empty(), "ANALYZE left no statistics of it");
        }
        None => {}
    }
    for refusal in &column.refused {
        checks.not_measured(&refusal.metric, !column.declared.is_empty(), &refusal.why);
    }
    tell_what_is_missing(table, column, checks);
}

/// What the profile says and nobody looked at is told, whatever the reason: it must not pass for sound.
fn tell_what_is_missing(table: &TableVerified, column: &ColumnVerified, checks: &mut Checks) {
    for key in &column.declared {
        let about = |metric: &str| match key.as_str() {
            "null_frac" => metric == "nulls" || metric == "null_frac",
            "n_distinct" => metric == "distinct" || metric == "n_distinct",
            "most_common" | "most_common_freqs" => {
                metric.starts_with("count") || metric.starts_with("most_common_freqs")
            }
            other => metric.starts_with(other),
        };
        let made = checks.made.iter().any(|check| about(&check.metric));
        let told = checks.not_measured.iter().any(|gap| about(&gap.metric));
        let of_table = key == "toasted" && table.planned.toasted_values.is_some();
        if !(made || told || of_table) {
            checks.not_measured(key.as_str(), true, "the loaded table has nothing to measure it by");
        }
    }
}

/// The least and the greatest value.
fn ends(column: &ColumnVerified, in_profile: bool, checks: &mut Checks) {
    let all = |end: fn(&Share) -> Option<f64>| -> Option<Vec<f64>> {
        column.planned.shares.iter().map(end).collect()
    };
    let least = all(|share| share.first).and_then(|firsts| firsts.into_iter().reduce(f64::min));
    let greatest = all(|share| share.last).and_then(|lasts| lasts.into_iter().reduce(f64::max));
    let counted = &column.counted;
    for (metric, planned, found) in
        [("least", least, counted.least), ("greatest", greatest, counted.greatest)]
    {
        if let (Some(planned), Some(found)) = (planned, found) {
            checks.add(Gate::Count, metric, in_profile, planned, found, planned.abs() * DOUBLE);
        }
    }
}

/// A column that ANALYZE has statistics of.
struct Analyzed<'a> {
    table: &'a TableVerified,
    column: &'a ColumnVerified,
    statistics: &'a ColumnStatistics,
    sample: Sample,
}

impl Analyzed<'_> {
    fn says(&self, key: &str) -> bool {
        self.column.declared.iter().any(|declared| declared == key)
    }

    /// Planned part of the rows that are not NULL.
    fn filled(&self) -> f64 {
        1.0 - self.column.planned.nulls as f64 / self.sample.of.max(1.0)
    }

    fn check(&self, checks: &mut Checks) {
        let rows = self.table.measured.rows;
        if rows == 0 {
            return;
        }
        let nulls = self.column.planned.nulls as f64 / self.sample.of;
        let tolerance = self.sample.part(nulls).max(NULL_FRAC_FLOOR);
        let found = self.statistics.null_frac;
        checks.add(Gate::Analyze, "null_frac", self.says("null_frac"), nulls, found, tolerance);
        if self.column.planned.nulls >= rows {
            return;
        }
        self.width(checks);
        let planned = &self.column.planned;
        if planned.width_bytes.is_some_and(|width| width > TOO_WIDE_BYTES) {
            for metric in ["n_distinct", "most_common_freqs", "histogram_bounds", "correlation"] {
                if self.says(metric) || metric == "correlation" {
                    let why = "values are wider than 1,024 bytes, which ANALYZE does not compare";
                    checks.not_measured(metric, self.says(metric), why);
                }
            }
            return;
        }
        if self.statistics.n_distinct == 0.0 {
            let why = "the type has no equality, so ANALYZE does not compare its values";
            checks.not_measured("n_distinct", self.says("n_distinct"), why);
            return;
        }
        let beyond = if self.statistics.own_typanalyze {
            Some("ANALYZE does not compare single values of this type")
        } else {
            planned.follows.as_deref().filter(|_| planned.shares.is_empty())
        };
        if let Some(why) = beyond {
            for metric in ["n_distinct", "most_common_freqs", "histogram_bounds", "correlation"] {
                let said = self.says(metric) || (metric == "most_common_freqs" && self.says("most_common"));
                if said {
                    checks.not_measured(metric, true, why);
                }
            }
            return;
        }
        self.n_distinct(checks);
        let in_profile = self.says("most_common") || self.says("most_common_freqs");
        common::check_frequencies(planned, self.statistics, self.sample, in_profile, checks);
        self.histogram(checks);
        self.correlation(checks);
        self.elements(checks);
    }

    fn n_distinct(&self, checks: &mut Checks) {
        let planned = &self.column.planned;
        let in_profile = self.says("n_distinct");
        let filled_rows = self.sample.of - planned.nulls as f64;
        let n = self.sample.within(self.filled());
        let found = match self.statistics.n_distinct {
            // A fraction of all rows, of which the sample may have had more or fewer that are not null.
            fraction if fraction < 0.0 && self.statistics.null_frac < 1.0 => {
                -fraction * filled_rows / (1.0 - self.statistics.null_frac)
            }
            fraction if fraction < 0.0 => -fraction * self.sample.of,
            count => count,
        };
        if planned.distinct as f64 >= filled_rows {
            let tolerance = filled_rows * ROUNDING;
            checks.add(Gate::Analyze, "n_distinct", in_profile, filled_rows, found, tolerance);
            return;
        }
        let shares = planned.shares.iter().map(|share| (share.rows, share.distinct));
        let prediction = distinct::predict(n, shares);
        if !prediction.is_testable() {
            let why = "in a sample of ANALYZE's size nearly no value would be seen twice, so that its estimate is luck";
            checks.not_measured("n_distinct", in_profile, why);
            return;
        }
        let estimate = prediction.estimate;
        let by_luck = super::Z * self.sample.deff.sqrt() * prediction.deviation;
        let tolerance = by_luck.max(N_DISTINCT_FLOOR * estimate);
        checks.add(Gate::Analyze, "n_distinct", in_profile, estimate, found, tolerance);
    }

    fn histogram(&self, checks: &mut Checks) {
        let (planned, statistics) = (&self.column.planned, self.statistics);
        let in_profile = self.says("histogram_bounds");
        if statistics.histogram_bounds.len() < 2 {
            return self.without_histogram(in_profile, checks);
        }
        let Some(distribution) = Distribution::new(&planned.shares, &statistics.most_common) else {
            if in_profile {
                checks.not_measured("histogram_bounds", true, "not all of its values can be read as numbers");
            }
            return;
        };
        let rows = self.sample.within(1.0 - statistics.null_frac - statistics.most_common_sum);
        let bounds = &statistics.histogram_bounds;
        let tolerance = self.sample.distribution(rows).max(DISTRIBUTION_FLOOR);
        let distance = distribution.distance(bounds);
        checks.add(Gate::Analyze, "histogram_bounds", in_profile, 0.0, distance, tolerance);
        let tolerance = self.sample.beyond_the_ends(rows);
        let beyond = distribution.beyond(bounds);
        checks.add(Gate::Analyze, "histogram_bounds ends", in_profile, 0.0, beyond, tolerance);
    }

    /// Where there are so few values that all of them are most common ones, these are the distribution.
    fn without_histogram(&self, in_profile: bool, checks: &mut Checks) {
        let statistics = self.statistics;
        // Where some are left that have no histogram, they are too few for one.
        if !in_profile || statistics.most_common_sum < 1.0 - statistics.null_frac - ROUNDING {
            return;
        }
        let Some(distribution) = Distribution::new(&self.column.planned.shares, &[]) else { return };
        let tolerance = self.sample.distribution(self.sample.within(self.filled())).max(DISTRIBUTION_FLOOR);
        let distance = distribution.distance_of_values(&statistics.most_common);
        checks.add(Gate::Analyze, "histogram_bounds", in_profile, 0.0, distance, tolerance);
    }

    fn correlation(&self, checks: &mut Checks) {
        let in_profile = self.says("correlation");
        let rows = self.sample.within(self.filled());
        let mut not_measured = |why: &str| checks.not_measured("correlation", in_profile, why);
        if self.table.measured.partitioned {
            return not_measured("its rows lie in partitions, whose order is that of the leaves");
        }
        let (planned, found) = match (self.column.planned.correlation, self.statistics.correlation) {
            (Some(planned), Some(found)) => (planned, found),
            (None, _) if in_profile => return not_measured("value order of what is generated is not known"),
            (Some(_), None) if in_profile => return not_measured("ANALYZE reports none"),
            _ => return,
        };
        if rows < CORRELATED_ROWS_MIN {
            return not_measured("so few rows have a correlation by luck");
        }
        let tolerance = self.sample.correlation(planned, rows).max(CORRELATION_FLOOR);
        checks.add(Gate::Analyze, "correlation", in_profile, planned, found, tolerance);
    }

    fn width(&self, checks: &mut Checks) {
        let planned = &self.column.planned;
        let in_profile = self.says("avg_width");
        let Some(width) = planned.width_bytes else {
            if in_profile {
                checks.not_measured(
                    "avg_width",
                    true,
                    "values are stored out of line, where pg_stats does not look",
                );
            }
            return;
        };
        if self.table.planned.row_bytes > TOAST_ROW_BYTES && width > TOAST_ROW_BYTES / 4.0 {
            let why =
                "in rows so wide, values are compressed or moved out of line, and pg_stats has what is left";
            checks.not_measured("avg_width", in_profile, why);
            return;
        }
        let rows = self.sample.within(self.filled()).max(1.0);
        let luck = super::Z * (self.sample.deff / rows).sqrt() * planned.width_deviation;
        // The server cuts the fraction off.
        let tolerance = (luck + 1.0).max(WIDTH_FLOOR.0).max(WIDTH_FLOOR.1 * width);
        checks.add(Gate::Analyze, "avg_width", in_profile, width, self.statistics.avg_width, tolerance);
    }

    fn elements(&self, checks: &mut Checks) {
        let bounds = &self.column.planned.elem_count_histogram;
        if bounds.len() < 2 {
            return;
        }
        let found = &self.statistics.elem_count_histogram;
        if found.len() < 2 {
            checks.not_measured("elem_count_histogram", true, "ANALYZE reports none");
            return;
        }
        // Equal parts of the rows between bounds, all whole numbers there equally often; a bound belongs to either side.
        const PART: u64 = 1_000_000;
        let bucket = |ends: &[u32]| Share {
            rows: PART,
            distinct: u64::from(ends[1].saturating_sub(ends[0])) + 1,
            first: Some(ends[0].into()),
            last: Some(ends[1].into()),
            value: None,
            counted: None,
            frequency: None,
        };
        let shares: Vec<Share> = bounds.windows(2).map(bucket).collect();
        let Some(distribution) = Distribution::new(&shares, &[]) else { return };
        let rows = self.sample.within(self.filled());
        // To which of two buckets the rows with a bound's number belong is nobody's promise.
        let of_a_bound = shares.iter().map(|share| 1.0 / (share.distinct * shares.len() as u64) as f64);
        let slack = of_a_bound.fold(0.0, f64::max);
        let tolerance = self.sample.distribution(rows).max(DISTRIBUTION_FLOOR) + slack;
        let distance = distribution.distance(found);
        checks.add(Gate::Analyze, "elem_count_histogram", true, 0.0, distance, tolerance);
    }
}
