//! Values with values in them: ranges, arrays, composites, text search vectors.

use super::field;

/// `RANGE_EMPTY` and its neighbours.
pub(crate) const RANGE_EMPTY: u8 = 0x01;
/// The lower bound belongs to the range.
pub(crate) const RANGE_LOWER_INCLUSIVE: u8 = 0x02;
/// The upper bound belongs to the range.
pub(crate) const RANGE_UPPER_INCLUSIVE: u8 = 0x04;
/// There is no lower bound.
pub(crate) const RANGE_LOWER_INFINITE: u8 = 0x08;
/// There is no upper bound.
pub(crate) const RANGE_UPPER_INFINITE: u8 = 0x10;

/// A range: `write` appends the fields of the bounds that there are.
#[inline]
pub fn range(flags: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    field(out, |out| {
        out.push(flags);
        write(out);
    });
}

/// An array of `count` elements in one dimension, whose fields `write` appends; an empty one where there are none.
pub fn array(element_oid: u32, count: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let dimensions: &[u32] = if count > 0 { &[count] } else { &[] };
    field(out, |out| {
        array_start(element_oid, dimensions, false, out);
        write(out);
    });
}

/// What stands before the elements of an array: its dimensions, which begin at 1, and whether an element is NULL.
pub(crate) fn array_start(element_oid: u32, dimensions: &[u32], has_nulls: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(&(dimensions.len() as u32).to_be_bytes());
    out.extend_from_slice(&u32::from(has_nulls).to_be_bytes());
    out.extend_from_slice(&element_oid.to_be_bytes());
    for length in dimensions {
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&1u32.to_be_bytes());
    }
}

/// A composite value of `count` attributes; for each, `write` appends its type's oid and its field.
pub fn composite(count: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    field(out, |out| {
        out.extend_from_slice(&count.to_be_bytes());
        write(out);
    });
}

/// `tsvector`: lexemes with their positions, each a number from 1 to 16,383 and a weight in the two highest bits.
/// Lexemes are in the order of their lengths, then of their bytes, each but once.
pub fn tsvector<'a>(lexemes: impl ExactSizeIterator<Item = (&'a [u8], &'a [u16])>, out: &mut Vec<u8>) {
    field(out, |out| {
        out.extend_from_slice(&(lexemes.len() as u32).to_be_bytes());
        for (lexeme, positions) in lexemes {
            out.extend_from_slice(lexeme);
            out.push(0);
            out.extend_from_slice(&(positions.len() as u16).to_be_bytes());
            for position in positions {
                out.extend_from_slice(&position.to_be_bytes());
            }
        }
    });
}

/// Reads what was encoded, front to back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `count` bytes, or as many as there are.
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(count.min(self.0.len()));
        self.0 = tail;
        head
    }

    /// A number of so many bytes.
    pub(crate) fn number(&mut self, bytes: usize) -> i64 {
        let bytes = self.take(bytes);
        let negative = bytes.first().is_some_and(|&first| first & 0x80 != 0);
        bytes.iter().fold(if negative { -1 } else { 0 }, |number, &byte| number << 8 | i64::from(byte))
    }

    /// The next field: none where NULL.
    pub(crate) fn field(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number(4)).ok()?;
        Some(self.take(length))
    }
}
