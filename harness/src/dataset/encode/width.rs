//! How many bytes the server stores for a value: what `pg_column_size` says of it before compression.

use super::compound::{RANGE_EMPTY, RANGE_LOWER_INFINITE, RANGE_UPPER_INFINITE, Reader};
use crate::postgres::shape::ColumnType;

/// The longest value that is stored with a header of one byte.
const SHORT_BYTES: u64 = 126;
/// A heap tuple's header, which a composite value has too, up to its first attribute.
const TUPLE_HEADER_BYTES: u64 = 24;

/// Bytes of a variable-length value with its header.
pub(crate) fn with_header(payload: u64) -> u64 {
    payload + if payload > SHORT_BYTES { 4 } else { 1 }
}

/// Stored bytes of a value, from what is sent for it without the length before it.
pub(crate) fn stored_bytes(kind: &ColumnType, value: &[u8]) -> u64 {
    match (kind.fixed_width_bytes(), kind) {
        (Some(width), _) => width.into(),
        (None, ColumnType::Char(limit)) => {
            let missing =
                u64::from(*limit).saturating_sub(String::from_utf8_lossy(value).chars().count() as u64);
            with_header(value.len() as u64 + missing)
        }
        _ => with_header(payload_bytes(kind, value)),
    }
}

fn payload_bytes(kind: &ColumnType, value: &[u8]) -> u64 {
    let mut reader = Reader(value);
    let length = value.len() as u64;
    match kind {
        // Two bytes of sign, scale and weight in the short form, and two for each group.
        ColumnType::Numeric { .. } => length.saturating_sub(8) + 2,
        ColumnType::Inet | ColumnType::Cidr => length.saturating_sub(2),
        ColumnType::Range(element) => {
            let flags = reader.number(1) as u8;
            // Counted from the header of four bytes and the type's oid on.
            let mut end = 8;
            for missing in [RANGE_LOWER_INFINITE, RANGE_UPPER_INFINITE] {
                if flags & (missing | RANGE_EMPTY) == 0
                    && let Some(bound) = reader.field()
                {
                    end = after(element, bound, end, true);
                }
            }
            end + 1 - 4
        }
        ColumnType::Array { element, .. } => {
            let dimensions = reader.number(4).clamp(0, 6) as u64;
            let has_nulls = reader.number(4) != 0;
            reader.take(4);
            let mut count = u64::from(dimensions > 0);
            for _ in 0..dimensions {
                count = count.saturating_mul(reader.number(4).max(0) as u64);
                reader.take(4);
            }
            let mut end = 16 + 8 * dimensions;
            if has_nulls {
                end = aligned(end + count.div_ceil(8), 8);
            }
            for _ in 0..count {
                if reader.0.is_empty() {
                    break;
                }
                if let Some(value) = reader.field() {
                    end = aligned(after(element, value, end, false), element.alignment_bytes().into());
                }
            }
            end - 4
        }
        ColumnType::Composite(attributes) => {
            reader.take(4);
            let mut end = TUPLE_HEADER_BYTES;
            for attribute in attributes {
                reader.take(4);
                if let Some(value) = reader.field() {
                    end = after(&attribute.kind, value, end, true);
                }
            }
            end - 4
        }
        ColumnType::Tsvector => {
            let count = reader.number(4).max(0) as u64;
            let mut lexemes = 0;
            for _ in 0..count {
                let Some(end) = reader.0.iter().position(|&byte| byte == 0) else { break };
                reader.take(end + 1);
                let positions = reader.number(2).max(0) as u64;
                reader.take(positions as usize * 2);
                lexemes += end as u64;
                if positions > 0 {
                    lexemes = aligned(lexemes, 2) + 2 + 2 * positions;
                }
            }
            4 + 4 * count + lexemes
        }
        _ => length,
    }
}

fn aligned(bytes: u64, alignment: u64) -> u64 {
    bytes.next_multiple_of(alignment.max(1))
}

/// Where a value inside another ends that may begin at `start`; it has a short header where it `may_be_short`.
fn after(kind: &ColumnType, value: &[u8], start: u64, may_be_short: bool) -> u64 {
    let alignment = kind.alignment_bytes().into();
    if let Some(width) = kind.fixed_width_bytes() {
        return aligned(start, alignment) + u64::from(width);
    }
    let short = stored_bytes(kind, value);
    let payload = short - if short <= SHORT_BYTES + 1 { 1 } else { 4 };
    if may_be_short && payload <= SHORT_BYTES {
        start + payload + 1
    } else {
        aligned(start, alignment) + 4 + payload
    }
}
