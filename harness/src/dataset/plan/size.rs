//! How much room rows and their unique keys will take on disk.

use super::column::Built;
use crate::postgres::shape::{ColumnShape, UniqueKey};

/// `block_size`, as nearly every server is built.
pub(super) const PAGE_BYTES: f64 = 8192.0;
const PAGE_HEADER_BYTES: f64 = 24.0;
const LINE_POINTER_BYTES: f64 = 4.0;
const TUPLE_HEADER_BYTES: f64 = 23.0;
const INDEX_TUPLE_HEADER_BYTES: f64 = 8.0;
/// How full an index is built.
const INDEX_FILL: f64 = 0.9;
const ALIGNMENT_BYTES: f64 = 8.0;

fn aligned(bytes: f64, alignment: f64) -> f64 {
    (bytes / alignment).ceil() * alignment
}

/// Bytes of heap per row, with headers, alignment and the unused end of pages, and of what is declared to be stored out of
/// line. Other values are counted as if they were stored as they are.
pub(super) fn row_bytes(columns: &[ColumnShape], built: &[Option<&Built>]) -> f64 {
    let has_nulls = columns.iter().zip(built).any(|(column, built)| match built {
        Some(built) => built.null_frac > 0.0,
        None => !column.has_default && !column.generated_stored,
    });
    let bitmap = if has_nulls { (columns.len() as f64 / 8.0).ceil() } else { 0.0 };
    let mut bytes = aligned(TUPLE_HEADER_BYTES + bitmap, ALIGNMENT_BYTES);
    let header = bytes;
    let mut out_of_line = 0.0;
    for (column, built) in columns.iter().zip(built) {
        let (width, filled) = match built {
            Some(built) => (built.width_bytes, 1.0 - built.null_frac),
            // Left to a default or an expression of the server, about which nothing is known.
            None if column.has_default || column.generated_stored => (8.0, 1.0),
            None => (0.0, 0.0),
        };
        // Where a value begins is known on average only, unless everything before it has a fixed width.
        let alignment = f64::from(column.kind.alignment_bytes());
        let short = column.kind.fixed_width_bytes().is_none() && width <= 127.0;
        let padding = if short { 0.0 } else { (aligned(bytes, alignment) - bytes).min(alignment - 1.0) };
        bytes += (padding + width) * filled;
        out_of_line += built.map_or(0.0, |built| built.out_of_line_bytes) * filled;
    }
    let tuple = aligned(bytes.max(header), ALIGNMENT_BYTES) + LINE_POINTER_BYTES;
    let per_page = ((PAGE_BYTES - PAGE_HEADER_BYTES) / tuple).floor();
    out_of_line + if per_page >= 1.0 { PAGE_BYTES / per_page } else { tuple * 1.02 }
}

/// Bytes of the unique keys' indexes per row.
pub(super) fn index_bytes(keys: &[UniqueKey], built: &[Option<&Built>]) -> f64 {
    let key_bytes = |key: &UniqueKey| {
        let width =
            |&at: &usize| built.get(at).and_then(|built| *built).map_or(8.0, |built| built.width_bytes);
        let data: f64 = key.columns.iter().map(width).sum();
        (aligned(INDEX_TUPLE_HEADER_BYTES + data, ALIGNMENT_BYTES) + LINE_POINTER_BYTES) / INDEX_FILL
    };
    // Pages above the leaves add about one in two hundred.
    keys.iter().map(key_bytes).sum::<f64>() * 1.005
}
