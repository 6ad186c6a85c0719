//! Phases, backfills, checks of the data, and the way back; nothing of what a strategy does not have.

use super::write::{self, Markdown, code};
use super::{application, statements, strongest_locks};
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::Strategy;
use crate::render::words;

/// The phases, as a table.
pub(super) fn phases(page: &mut Markdown, rehearsal: &Rehearsal) {
    let (heads, rows) = words::phase_table(rehearsal);
    page.table(&heads, rows.into_iter().map(|cells| cells.iter().map(|cell| write::escape(cell)).collect()));
}

/// A line for each, with its rate over time.
pub(super) fn backfills(page: &mut Markdown, rehearsal: &Rehearsal) {
    let item = |(backfill, line): (&crate::model::backfill::Backfill, String)| {
        let bars = words::sparkline(&backfill.rows_per_s_over_time);
        let over_time =
            if bars.is_empty() { String::new() } else { format!("; rows/s over time {}", code(&bars)) };
        let why = backfill.not_measured.as_ref();
        let why = why.map_or_else(String::new, |why| format!(" ({})", write::escape(why)));
        format!("Backfill {}{over_time}{why}", write::escape(&line))
    };
    page.list(words::backfills(rehearsal).into_iter().map(item));
}

/// The checks of the data, as a table.
pub(super) fn checks(page: &mut Markdown, rehearsal: &Rehearsal) {
    let rows = words::check_rows(rehearsal).into_iter().map(|(holds, name, found)| {
        let status = match holds {
            Some(true) => "pass",
            Some(false) => "fail",
            None => words::NOT_MEASURED,
        };
        vec![write::escape(&name), status.to_owned(), write::escape(&found)]
    });
    page.table(&["check of the data", "status", "found"], rows);
}

/// The way back, with its statements and locks.
pub(super) fn way_back(page: &mut Markdown, strategy: &Strategy) {
    let Some(rollback) = strategy.way_back() else { return };
    page.heading(3, "Way back");
    let told = words::way_back(rollback);
    page.paragraph(&format!("{}.", write::escape(&told.summary)));
    page.list(told.items.iter().map(|item| write::escape(item)));
    application::probe_table(page, &rollback.probes);
    let lines = words::application(rollback.workload.as_ref(), &rollback.probes, &rollback.statements);
    page.list(lines.into_iter().map(|(kind, line)| write::escape(&format!("{kind}: {line}"))));
    statements(page, &rollback.statements);
    strongest_locks(page, &rollback.strongest_locks, &rollback.statements);
}
