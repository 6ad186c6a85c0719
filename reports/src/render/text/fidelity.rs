//! The data for a terminal: what was declared, what was measured, and whether that is alike.

use super::page::{Ink, Page};
use super::{Style, data_lines, table};
use crate::model::Report;
use crate::model::dataset::Table;
use crate::render::words;

/// The checks of the whole dataset, table by table.
pub fn dataset(report: &Report, style: Style) -> String {
    let mut page = Page::new(style);
    data_lines(&mut page, report);
    for of in report.dataset.iter().flat_map(|dataset| &dataset.tables) {
        page.gap();
        table_block(&mut page, of);
    }
    page.finish()
}

fn table_block(page: &mut Page, of: &Table) {
    let checks = words::checks(of);
    let failed = checks.iter().filter(|(_, check)| !check.ok).count();
    let score = of.score.map_or_else(String::new, |score| format!(", score {score}"));
    let ended = match (checks.len(), failed) {
        (0, _) => words::NOT_MEASURED.to_owned(),
        (all, 0) => format!("✓ {all} checks{score}"),
        (all, failed) => format!("✗ {failed} of {all} checks failed{score}"),
    };
    let ink = match (checks.len(), failed) {
        (0, _) => Ink::Yellow,
        (_, 0) => Ink::Green,
        _ => Ink::Red,
    };
    page.line(ink, &format!("{}  {ended}", of.name));
    let heads = ["column", "metric", "declared", "measured", "tolerance", "ok"];
    for (in_profile, title) in [(true, "As the profile declares"), (false, "As the plan chose")] {
        let rows: Vec<Vec<String>> = checks
            .iter()
            .filter(|(_, check)| check.declared_in_profile == in_profile)
            .map(|(column, check)| {
                let mut cells = vec![(*column).to_owned()];
                cells.extend(words::check_cells(check));
                cells
            })
            .collect();
        if !rows.is_empty() {
            page.item("  ", title);
            page.block(4, &table(&heads, &rows, page.width().saturating_sub(2)));
        }
    }
    for (column, gap) in words::not_measured(of) {
        let column = if column.is_empty() { String::new() } else { format!("{column} ") };
        page.item("  – ", &format!("{column}{}: {}, because {}", gap.metric, words::NOT_MEASURED, gap.why));
    }
}
