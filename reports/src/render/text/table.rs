//! Tables of a terminal page.

use comfy_table::{ContentArrangement, Table, presets};

use super::page;
use crate::render::words;

/// Spaces after each column.
const PADDING: u16 = 2;
/// What is left of a last column at least, characters.
const LAST_COLUMN_MIN: usize = 16;

/// Cuts the cells of the last column so that no row needs a second line, as long as something is left of them.
pub(super) fn cut_last_column(heads: &[&str], rows: &mut [Vec<String>], width: u16) {
    let padding = usize::from(PADDING);
    let cells_of =
        |column: usize| rows.iter().filter_map(move |row| row.get(column)).map(|cell| cell.chars().count());
    let before = heads.split_last().map_or(&[][..], |(_, before)| before);
    let widths =
        before.iter().enumerate().map(|(column, head)| cells_of(column).chain([head.chars().count()]).max());
    let used: usize = widths.map(|width| width.unwrap_or(0) + padding).sum::<usize>() + padding;
    let room = usize::from(width).saturating_sub(used + padding).max(LAST_COLUMN_MIN);
    for cell in rows.iter_mut().filter_map(|row| row.last_mut()) {
        *cell = words::cut(cell, room);
    }
}

/// Columns without rules, as wide as they need to be.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>], width: u16) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.saturating_sub(2)).set_header(heads);
    for row in rows {
        table.add_row(row.iter().map(|cell| page::clean(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, PADDING));
    }
    table.to_string()
}
