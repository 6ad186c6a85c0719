//! Phases of a strategy, checks of its data, and backfills.

use super::{NOT_MEASURED, duration, place};
use crate::model::backfill::{Backfill, HowStuck, Progress};
use crate::model::rehearsal::Rehearsal;
use crate::units;

/// Fewer rows are no backfill that anybody has to read of, unless something is the matter with it.
const ROWS_TOLD: u64 = 1_000;

/// Heads and rows of a table of the phases; no row where there is none.
pub(in crate::render) fn phase_table(rehearsal: &Rehearsal) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let row = |phase: &crate::model::rollout::RolloutPhase| {
        let names = if phase.versions.is_empty() { &phase.probes } else { &phase.versions };
        let broken = rehearsal.probes.iter().flat_map(|probe| {
            let mine = probe.failures.iter().filter(|failure| failure.phase == Some(phase.index));
            mine.map(|failure| {
                format!("{} of {} ({})", units::count(failure.requests), probe.name, failure.sqlstate)
            })
        });
        let broken: Vec<String> = broken.collect();
        let failed = match phase.failed_requests {
            None => NOT_MEASURED.to_owned(),
            Some(_) if broken.is_empty() => "none".to_owned(),
            Some(_) => broken.join(", "),
        };
        let application = if names.is_empty() { "none".to_owned() } else { names.join(" and ") };
        vec![phase.name.clone(), duration(phase.duration_ms), application, failed]
    };
    (vec!["phase", "took", "application", "failed requests"], rehearsal.phases.iter().map(row).collect())
}

/// Each check of the data: whether it holds, its name and phase, and what it found.
pub(in crate::render) fn check_rows(rehearsal: &Rehearsal) -> Vec<(Option<bool>, String, String)> {
    let row = |check: &crate::model::rollout::DataCheck| {
        let after =
            rehearsal.phase_name(check.phase).map_or_else(String::new, |name| format!(" after {name}"));
        let found = match (&check.error, check.violations) {
            (Some(error), _) => format!("{NOT_MEASURED}: {error}"),
            (None, Some(0)) => "holds for every row".to_owned(),
            (None, Some(rows)) => {
                let verb = if rows == 1 { "breaks" } else { "break" };
                format!("{} {verb} it", units::plural(rows, "row", "rows"))
            }
            (None, None) => NOT_MEASURED.to_owned(),
        };
        (check.violations.map(|rows| rows == 0), format!("{}{after}", check.name), found)
    };
    rehearsal.checks.iter().map(row).collect()
}

/// The backfills that are worth a line, each with its line.
pub(in crate::render) fn backfills(rehearsal: &Rehearsal) -> Vec<(&Backfill, String)> {
    let is_told = |backfill: &&Backfill| {
        !backfill.ended || backfill.rows.is_none() || backfill.rows.is_some_and(|rows| rows >= ROWS_TOLD)
    };
    let told = rehearsal.backfills.iter().filter(is_told);
    told.map(|backfill| (backfill, line(rehearsal, backfill))).collect()
}

/// `backfill.sql:1: 1,000,000 rows in 100 batches of 10,000, 8.10 s, 123,000 rows/s, longest transaction 84 ms, …`.
fn line(rehearsal: &Rehearsal, backfill: &Backfill) -> String {
    let statement = rehearsal.statements.iter().find(|statement| statement.index == backfill.statement);
    let at = statement.map_or_else(String::new, |statement| format!("{}: ", place(statement)));
    let rows = match (backfill.rows, backfill.batches, backfill.batch_rows_max) {
        (None, ..) => format!("rows {NOT_MEASURED}"),
        (Some(rows), None | Some(0 | 1), _) | (Some(rows), Some(_), None) => {
            units::plural(rows, "row", "rows")
        }
        (Some(rows), Some(batches), Some(most)) => format!(
            "{} in {} of {} at most",
            units::plural(rows, "row", "rows"),
            units::plural(batches, "batch", "batches"),
            units::count(most)
        ),
    };
    let mut parts = vec![rows, units::duration(backfill.duration_ms)];
    parts.extend(backfill.rows_per_s.map(units::rows_per_second));
    parts.extend(backfill.longest_transaction_ms.map(|longest_ms| {
        let uncertainty_ms = backfill.longest_transaction_uncertainty_ms.unwrap_or(0.0);
        format!("longest transaction {}", units::held(longest_ms, uncertainty_ms))
    }));
    parts.extend(backfill.wal_bytes.map(|bytes| format!("{} of WAL", units::bytes(bytes))));
    parts.extend(
        backfill
            .dead_tuples_left
            .map(|dead| format!("{} left", units::plural(dead, "dead tuple", "dead tuples"))),
    );
    let end = match (backfill.progress, &backfill.stuck) {
        (Progress::Done, _) => String::new(),
        (Progress::Stuck, Some(stuck)) => {
            let how = match stuck.how {
                HowStuck::SameRowsAgain => "rows came again that it had changed before",
                HowStuck::NothingFound => "it found nothing to change any more",
            };
            format!("; it did not end: {how}")
        }
        (Progress::Moving | Progress::Stuck, _) => {
            let rate = backfill.rows_per_s_at_end;
            let rate = rate
                .map_or_else(String::new, |rate| format!(", {} at the end", units::rows_per_second(rate)));
            format!("; it did not end{rate}")
        }
        (Progress::NotMeasured, _) => "; it did not end, and how far it was is not known".to_owned(),
    };
    format!("{at}{}{end}", parts.join(", "))
}

/// Numbers as a row of bars, the greatest the highest; empty where there are fewer than three.
pub(in crate::render) fn sparkline(numbers: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let greatest = numbers.iter().copied().fold(0.0, f64::max);
    if numbers.len() < 3 || greatest <= 0.0 {
        return String::new();
    }
    let bar = |number: &f64| BARS[((number / greatest * 7.0).round() as usize).min(7)];
    numbers.iter().map(bar).collect()
}
