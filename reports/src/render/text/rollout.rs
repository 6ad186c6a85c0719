//! Phases, backfills, checks of the data, and the way back; nothing of what a strategy does not have.

use super::page::Page;
use super::table::{cut_last_column, table};
use super::words;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::Strategy;

/// Differences and losses that are told one by one.
const ITEMS_SHOWN: usize = 8;

/// The phases, as a table.
pub(super) fn phases(page: &mut Page, rehearsal: &Rehearsal) {
    let (heads, mut rows) = words::phase_table(rehearsal);
    if rows.is_empty() {
        return;
    }
    cut_last_column(&heads, &mut rows, page.width());
    page.block(2, &table(&heads, &rows, page.width()));
}

pub(super) fn backfills_and_checks(page: &mut Page, rehearsal: &Rehearsal) {
    for (_, line) in words::backfills(rehearsal) {
        page.item("  backfill  ", &line);
    }
    for (holds, name, found) in words::check_rows(rehearsal) {
        let mark = match holds {
            Some(true) => "✓ ",
            Some(false) => "✗ ",
            None => "",
        };
        page.item("  check     ", &format!("{mark}{name}: {found}"));
    }
}

/// The way back.
pub(super) fn way_back(page: &mut Page, strategy: &Strategy) {
    let Some(rollback) = strategy.way_back() else { return };
    let told = words::way_back(rollback);
    let mark = match told.good {
        Some(true) => "✓ ",
        Some(false) => "✗ ",
        None => "",
    };
    page.item("  way back   ", &format!("{mark}{}", told.summary));
    for item in told.items.iter().take(ITEMS_SHOWN) {
        page.item("    ", item);
    }
    if let Some(more @ 1..) = told.items.len().checked_sub(ITEMS_SHOWN) {
        page.item("    ", &format!("and {more} more"));
    }
    let workload = rollback.workload.as_ref();
    for (kind, line) in words::application(workload, &rollback.probes, &rollback.statements) {
        page.item("    ", &format!("{kind}, meanwhile: {line}"));
    }
}
