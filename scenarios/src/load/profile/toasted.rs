//! `toasted`: wide values that PostgreSQL moves out of the row.

use super::sum::shown;
use crate::diagnostic::Diagnostic;
use crate::load::keys;
use crate::load::toml_tree::Node;
use crate::profile::{ColumnProfile, Toasted};

/// `TOAST_TUPLE_THRESHOLD` with pages of 8 kB: a row of more bytes is made shorter.
const ROW_MAX: f64 = 2_032.0;
/// Headers of the row and of the value in it.
const HEADERS: f64 = 24.0 + 4.0;
/// What stays in the row of a value that was moved out.
const POINTER: f64 = 18.0;
/// The longest value that PostgreSQL holds, 1 GB.
const WIDTH_MAX: f64 = 1_073_741_823.0;

/// Reads `toasted = { frac = 0.1, raw_width = 8000, compressibility = 0.5 }`.
pub(super) fn read(node: &Node<'_>) -> Option<Toasted> {
    let table = node.table(&keys::TOASTED)?;
    let frac = table.get("frac").and_then(|node| node.number_between(0.0, 1.0));
    let compressibility = match table.get("compressibility") {
        Some(node) => node.fraction_below_one(),
        None => Some(0.0),
    };
    let raw_width = table.get("raw_width").and_then(|node| raw_width(&node, compressibility));
    Some(Toasted {
        frac: frac?,
        raw_width: raw_width?,
        compressibility: compressibility?,
        place: node.place(),
    })
}

fn raw_width(node: &Node<'_>, compressibility: Option<f64>) -> Option<f64> {
    let raw = node.number_above_zero()?;
    if raw > WIDTH_MAX {
        node.wrong(format!("`raw_width` must be less than 1 GB, which no value exceeds, not {raw}"));
        return None;
    }
    let kept = 1.0 - compressibility?;
    let stored = raw * kept;
    if stored + HEADERS > ROW_MAX {
        return Some(raw);
    }
    let message = if kept < 1.0 {
        format!("values of {raw} bytes compress to {stored:.0}, which PostgreSQL keeps in the row")
    } else {
        format!("values of {raw} bytes are kept in the row")
    };
    let least = ((ROW_MAX - HEADERS + 1.0) / kept).ceil();
    let way = if least <= WIDTH_MAX {
        format!("write raw_width = {least} or more")
    } else {
        "lower `compressibility`".to_owned()
    };
    node.wrong_with(
        message,
        format!("{way}; only rows of more than 2032 bytes have values moved out of line"),
    );
    None
}

/// An `avg_width` that the values in the row and the pointers to the others cannot have.
pub(super) fn contradiction(column: &ColumnProfile) -> Option<Diagnostic> {
    let (toasted, width) = (column.toasted.as_ref()?, column.avg_width?);
    let inline = 1.0 - toasted.frac;
    let least = POINTER * toasted.frac + inline;
    let most = POINTER * toasted.frac + ROW_MAX * inline;
    // pg_stats cuts the average to whole bytes.
    if (least - 1.0..=most + 1.0).contains(&width) {
        return None;
    }
    let place = column.avg_width_place.clone().unwrap_or_else(|| column.place.clone());
    let some = if inline > 0.0 { format!("{} of the", shown(toasted.frac)) } else { "all".to_owned() };
    let message = format!("an `avg_width` of {width} cannot be where {some} values are out of line");
    let range = if inline > 0.0 {
        format!("from {:.0} to {:.0}", least.ceil(), most.floor())
    } else {
        format!("{POINTER}")
    };
    let help = format!(
        "it counts what is in the row, {POINTER} bytes of each value out of line: here it is {range}; leave it out, or say \
         their length by `raw_width`"
    );
    Some(Diagnostic::error(place, message).help(help))
}
