//! The strategies beside each other.

use super::page::{Ink, Page};
use super::table::table;
use crate::model::comparison::Comparison;
use crate::render::words;

/// Differences of what strategies lead to that are told one by one.
const DIFFERENCES_SHOWN: usize = 10;
/// Characters of a definition that are shown.
const DEFINITION_SHOWN: usize = 160;
/// Stands in the table for what was not measured.
const UNKNOWN: &str = "–";

/// What came of it, the table, and whether they end alike.
pub(super) fn comparison(page: &mut Page, comparison: &Comparison) {
    page.line(Ink::Bold, "Comparison, best first");
    if let Some(conclusion) = &comparison.conclusion {
        page.item("  ", &format!("{conclusion}."));
    }
    let (heads, rows) = words::comparison_table(&comparison.rows, str::to_owned, UNKNOWN, true);
    page.block(2, &table(&heads, &rows, page.width()));
    if rows.iter().flatten().any(|cell| cell == UNKNOWN) {
        page.item("  ", &format!("{UNKNOWN} {}", words::NOT_MEASURED));
    }
    if comparison.rows.iter().any(|row| row.repetitions > 1) {
        page.item("  ", words::MEDIANS);
    }
    for section in words::end_sections(&comparison.end_state, DIFFERENCES_SHOWN, DEFINITION_SHOWN) {
        page.item(if section.bad { "  ✗ " } else { "  " }, &section.title);
        for item in &section.items {
            page.item("    ", item);
        }
    }
}
