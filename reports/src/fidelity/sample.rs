//! The rows that ANALYZE looked at, and how far a sample may be from the truth.

use super::{ALPHA, Z};
use crate::event::TableMeasured;

/// A random sample of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// Rows in it.
    pub(super) rows: f64,
    /// Rows of the table.
    pub(super) of: f64,
    /// By how much the variance may be larger than that of independent rows, because ANALYZE draws pages first.
    pub(super) deff: f64,
}

impl Sample {
    pub(super) fn of(table: &TableMeasured) -> Self {
        let of = table.rows as f64;
        let most = table.sample_rows_max as f64;
        // With no more pages than rows wanted it looks at every page, so rows are drawn independently.
        let deff = if table.pages as f64 <= most { 1.0 } else { 2.0 };
        Self { rows: most.min(of), of, deff }
    }

    /// What is left of the variance where the sample is a good part of the table.
    fn finite(&self) -> f64 {
        if self.of > 0.0 { (1.0 - self.rows / self.of).max(0.0) } else { 0.0 }
    }

    /// Standard deviation of the number of sampled rows that have something which `part` of all rows have.
    pub(super) fn count_deviation(&self, part: f64) -> f64 {
        (self.rows * (part * (1.0 - part)).max(0.0) * self.finite()).sqrt()
    }

    /// How far the share of rows that have something may be from `part`.
    pub(super) fn part(&self, part: f64) -> f64 {
        if self.rows == 0.0 {
            return 0.0;
        }
        Z * self.deff.sqrt() * self.count_deviation(part) / self.rows
    }

    /// The sampled rows among a `part` of all rows.
    pub(super) fn within(&self, part: f64) -> f64 {
        self.rows * part.clamp(0.0, 1.0)
    }

    /// How far the correlation of `rows` sampled rows may be from `correlation`. The rows of the table are themselves
    /// one order of many, which is why this does not shrink where all of them are looked at.
    pub(super) fn correlation(&self, correlation: f64, rows: f64) -> f64 {
        let square = correlation * correlation;
        Z * self.deff.sqrt() * (1.0 - square).max(0.0) * ((1.0 + square / 2.0) / rows.max(1.0)).sqrt()
    }

    /// How far a distribution function of `rows` sampled rows may be from the truth (Dvoretzky, Kiefer, Wolfowitz).
    pub(super) fn distribution(&self, rows: f64) -> f64 {
        (self.deff * self.finite() * (2.0 / ALPHA).ln() / (2.0 * rows.max(1.0))).sqrt() + 1.0 / rows.max(1.0)
    }

    /// What part of the rows may lie beyond the least or the greatest of `rows` sampled rows.
    pub(super) fn beyond_the_ends(&self, rows: f64) -> f64 {
        self.deff * self.finite() * (1.0 / ALPHA).ln() / rows.max(1.0) + 1.0 / rows.max(1.0)
    }

    /// How far apart two vectors of frequencies may be in half the sum of their differences (`McDiarmid` above the mean).
    pub(super) fn total_variation(&self, parts: &[f64]) -> f64 {
        let rows = self.rows.max(1.0);
        let roots: f64 = parts.iter().map(|part| (part * (1.0 - part)).max(0.0).sqrt()).sum();
        let mean = (self.finite() / (2.0 * std::f64::consts::PI * rows)).sqrt() * roots;
        let above = ((1.0 / ALPHA).ln() * self.finite() / (2.0 * rows)).sqrt();
        self.deff.sqrt() * (mean + above)
    }
}
