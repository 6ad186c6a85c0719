//! Values that are stored out of line.

use pgrehearse_scenarios::profile::Toasted;

use super::kinds::stream;
use super::share::Shares;
use super::{Layout, Report};
use crate::dataset::generate::values::{Cell, Made};
use crate::dataset::generate::wide::Wide;
use crate::dataset::plan::lattice::Stretch;
use crate::postgres::shape::{ColumnType, Storage};

/// Bytes of what stands in the row for a value that is stored out of line.
pub(super) const POINTER_BYTES: f64 = 18.0;
/// A value that alone makes a row too wide: `TOAST_TUPLE_TARGET`, and a little more.
const TARGET_BYTES: f64 = 2_040.0;
/// The same where the storage is MAIN.
const TARGET_MAIN_BYTES: f64 = 8_160.0;
/// pglz leaves a value as it is unless it saves at least so much.
const SAVING_MIN: f64 = 0.25;
/// Values of a tenth less than the mean are made, too.
const LEAST: f64 = 0.9;
/// The widest values that are made.
const RAW_WIDTH_MAX: f64 = 64.0 * 1_024.0 * 1_024.0;

/// Whether values of the column can be stored out of line as declared.
pub(super) fn check_fit(report: &mut Report<'_, '_>, toasted: &Toasted) {
    let column = report.brief.column;
    let place = Some(&toasted.place);
    let limit = column.kind.char_limit();
    let wide = match &column.kind {
        ColumnType::Text | ColumnType::Varchar(_) => true,
        kind => matches!(kind, ColumnType::Bytea | ColumnType::Json | ColumnType::Jsonb),
    };
    if !wide || column.storage == Storage::Plain {
        let message = format!("has toasted values, which a column of type {} cannot have", column.type_name);
        report.error(place, message).help =
            Some("text, varchar, bytea, json and jsonb have values that are stored out of line here".into());
        return;
    }
    let Toasted { raw_width, compressibility, .. } = *toasted;
    if raw_width * 1.1 > limit.map_or(RAW_WIDTH_MAX, f64::from) {
        let message =
            format!("has toasted values of {raw_width} bytes, which {} has no room for", column.type_name);
        report.error(place, message);
        return;
    }
    let compressed = column.storage != Storage::External;
    if compressed && compressibility > 0.0 && compressibility < SAVING_MIN {
        let message = format!(
            "has toasted values of which compression takes {compressibility} away: PostgreSQL leaves values as they are \
             where it saves less than a quarter"
        );
        report.error(place, message).help = Some("declare 0, or 0.25 and more".into());
    }
    let stored = raw_width * if compressed { 1.0 - compressibility } else { 1.0 };
    let target = if column.storage == Storage::Main { TARGET_MAIN_BYTES } else { TARGET_BYTES };
    if toasted.frac > 0.0 && stored * LEAST < target {
        let message = format!(
            "has toasted values that take {stored:.0} bytes, which stay in the row: out of line go those above {:.0}",
            target / LEAST
        );
        report.error(place, message).help = Some("raise raw_width, or lower compressibility".into());
    }
}

/// The layout with the wide values after all others.
pub(super) fn added(report: &Report<'_, '_>, shares: &Shares, mut layout: Layout) -> Layout {
    let (rows, distinct) = shares.wide;
    let Some(toasted) = report.brief.profile.toasted.as_ref().filter(|_| rows > 0) else { return layout };
    let kind = &report.brief.column.kind;
    let around: (&'static [u8], &'static [u8]) = match kind {
        ColumnType::Json => (b"{\"body\": \"", b"\"}"),
        ColumnType::Jsonb => (b"\x01{\"body\": \"", b"\"}"),
        _ => (b"", b""),
    };
    let binary = *kind == ColumnType::Bytea;
    let (raw_width, compressibility) = (toasted.raw_width, toasted.compressibility);
    let wide = Wide::new(around, binary, raw_width, compressibility, stream(report).child(11));
    let others: u64 = layout.stretches.iter().map(|stretch| stretch.count).sum();
    layout.width_bytes =
        (layout.width_bytes * others as f64 + POINTER_BYTES * rows as f64) / (others + rows) as f64;
    let first = layout.stretches.len();
    layout.stretches.push(Stretch { count: rows, distinct, cell: Cell::Made });
    layout.made = Made::Mixed { plain: Box::new(layout.made), wide, first };
    layout
}

/// Bytes out of line per value that is not null, on average.
pub(super) fn out_of_line_bytes(toasted: Option<&Toasted>) -> f64 {
    // Chunks have headers and an index.
    toasted.map_or(0.0, |toasted| toasted.frac * toasted.raw_width * (1.0 - toasted.compressibility) * 1.05)
}
