//! What the values of a column are, in value order, and how each is written.

use std::ops::Range;
use std::sync::Arc;

use super::rng::Stream;
use super::segments::{Segments, Slot};
use super::text::{Blob, Text, uuid};
use crate::dataset::encode;

/// Types whose values are whole numbers of some unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lattice {
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`, in units of 10^-scale.
    Float4(u32),
    /// `double precision`, in units of 10^-scale.
    Float8(u32),
    /// `numeric`, in units of `times * 10^-scale`.
    Numeric {
        /// Digits after the point.
        scale: u32,
        /// 1, or a power of ten where the type's scale is negative.
        times: i64,
    },
    /// `date`, in days since 1970-01-01.
    Date,
    /// `timestamp` and `timestamptz`, in microseconds since 1970-01-01 (UTC).
    Timestamp,
}

impl Lattice {
    /// Appends the field for a number of units, which the type can hold.
    #[inline]
    pub(crate) fn write(self, units: i64, out: &mut Vec<u8>) {
        match self {
            Self::Int2 => encode::int2(units as i16, out),
            Self::Int4 => encode::int4(units as i32, out),
            Self::Int8 => encode::int8(units, out),
            // Both operands are exact, so the quotient is the double nearest to the decimal number.
            Self::Float4(scale) => encode::float4((units as f64 / power_of_ten(scale)) as f32, out),
            Self::Float8(scale) => encode::float8(units as f64 / power_of_ten(scale), out),
            Self::Numeric { scale, times } => encode::numeric(units * times, scale, out),
            Self::Date => encode::date(units, out),
            Self::Timestamp => encode::timestamp(units, out),
        }
    }
}

#[inline]
fn power_of_ten(exponent: u32) -> f64 {
    10u64.pow(exponent) as f64
}

/// What a segment holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// One value: its field stands ready in [`Values::ready`].
    Ready(Range<u32>),
    /// Whole numbers from `first`, `step / 2^64` apart, rounded down.
    Steps {
        /// The first number.
        first: i64,
        /// At least 2^64, so that no two are equal.
        step: u128,
    },
    /// Values made from their number.
    Made,
}

/// How values are made from their number.
#[derive(Debug, Clone)]
pub(crate) enum Made {
    /// They are not: every cell is ready or a step.
    Never,
    /// Texts between two fixed strings.
    Text {
        /// The recipe.
        text: Text,
        /// What stands before each, the version byte of `jsonb` among it.
        before: &'static [u8],
        /// What stands after each.
        after: &'static [u8],
    },
    /// Version 4 UUIDs.
    Uuid(Stream),
    /// Random bytes.
    Blob(Blob),
    /// Values of a referenced key, spread evenly over it.
    Foreign {
        /// The key's values, all different.
        key: Arc<Values>,
        /// Keys per value, times 2^64.
        step: u128,
    },
}

/// The values of a column in value order.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    pub(crate) segments: Segments,
    /// One for each segment.
    pub(crate) cells: Vec<Cell>,
    /// Fields that stand ready.
    pub(crate) ready: Vec<u8>,
    /// How steps are written.
    pub(crate) lattice: Lattice,
    /// How the rest is made.
    pub(crate) made: Made,
}

impl Values {
    /// Appends the field of a value.
    #[inline]
    pub(crate) fn write(&self, slot: Slot, out: &mut Vec<u8>) {
        match &self.cells[slot.segment()] {
            Cell::Ready(range) => {
                out.extend_from_slice(&self.ready[range.start as usize..range.end as usize]);
            }
            Cell::Steps { first, step } => {
                // A span may be longer than an i64 reaches; the sum is right all the same.
                self.lattice.write(first.wrapping_add(steps(slot.index(), *step) as i64), out);
            }
            Cell::Made => self.make(slot.index(), out),
        }
    }

    /// Appends the field of the value at a position in value order.
    fn write_at(&self, position: u64, out: &mut Vec<u8>) {
        self.write(self.segments.locate(position), out);
    }

    #[inline]
    fn make(&self, number: u64, out: &mut Vec<u8>) {
        match &self.made {
            Made::Never => unreachable!("plans make no such cell without a way to make it"),
            Made::Text { text, before, after } => encode::field(out, |out| {
                out.extend_from_slice(before);
                text.write(number, out);
                out.extend_from_slice(after);
            }),
            Made::Uuid(stream) => encode::uuid(uuid(number, *stream), out),
            Made::Blob(blob) => encode::field(out, |out| blob.write(number, out)),
            Made::Foreign { key, step } => key.write_at(steps(number, *step), out),
        }
    }
}

/// `index * step`, where steps count 2^-64ths.
#[inline]
fn steps(index: u64, step: u128) -> u64 {
    ((u128::from(index) * step) >> 64) as u64
}

/// The step that spreads `count` numbers over `span`: number `count` would stand at `span`. At most 2^63 is spanned.
pub(crate) fn step(span: u64, count: u64) -> u128 {
    (u128::from(span) << 64).div_ceil(u128::from(count.max(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn steps_ascend_and_stay_inside(count in 1u64..1 << 32, surplus in 0u64..1 << 62, at: u64) {
            let span = count + surplus;
            let step = step(span, count);
            let at = at % count;
            let here = steps(at, step);
            prop_assert!(here < span);
            if at > 0 {
                prop_assert!(steps(at - 1, step) < here);
            }
        }
    }
}
