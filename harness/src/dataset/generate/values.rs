//! What the values of a column are, in value order, and how each is written.

use std::net::Ipv4Addr;
use std::ops::Range;
use std::sync::Arc;

use super::compound::{Array, Composite, Tsvector};
use super::rng::{Stream, mix, scale};
use super::segments::{Segments, Slot};
use super::text::{Blob, Text, uuid};
use super::wide::Wide;
use crate::dataset::encode::compound::RANGE_LOWER_INCLUSIVE;
use crate::dataset::encode::{self, DAY_US};

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
    /// `time`, in microseconds since midnight.
    Time,
    /// `timetz` in UTC, in microseconds since midnight.
    Timetz,
    /// `interval`, in microseconds, where days have 24 hours: what the server sorts by.
    Interval,
    /// `inet`: IPv4 addresses of hosts.
    Inet,
    /// `cidr`: IPv4 networks of 256 addresses.
    Cidr,
    /// `macaddr`
    Macaddr,
    /// `oid`
    Oid,
    /// `money`, in the smallest unit of the currency.
    Money,
    /// `bit` and `varbit` of so many bits; where there are more than 62, the first 62.
    Bits(u32),
    /// Ranges by their lower bounds.
    Range(RangeOf),
}

/// What ranges are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeOf {
    /// `int4range`
    Int4,
    /// `int8range`
    Int8,
    /// `numrange`, in units of 10^-scale.
    Numeric(u32),
    /// `daterange`
    Date,
    /// `tsrange` and `tstzrange`
    Timestamp,
}

impl RangeOf {
    /// The lattice of the bounds.
    pub(crate) fn bounds(self) -> Lattice {
        match self {
            Self::Int4 => Lattice::Int4,
            Self::Int8 => Lattice::Int8,
            Self::Numeric(scale) => Lattice::Numeric { scale, times: 1 },
            Self::Date => Lattice::Date,
            Self::Timestamp => Lattice::Timestamp,
        }
    }

    /// Lengths in units, from the least to the most, and what they are a multiple of.
    fn lengths(self) -> (u64, u64) {
        match self {
            Self::Int4 | Self::Int8 => (100, 1),
            Self::Numeric(scale) => (100 * 10u64.pow(scale), 1),
            Self::Date => (30, 1),
            // From a quarter of an hour to a week.
            Self::Timestamp => (4 * 24 * 7, 900_000_000),
        }
    }

    /// The greatest length in units.
    pub(crate) fn longest(self) -> i64 {
        let (count, unit) = self.lengths();
        (count * unit) as i64
    }

    fn write(self, lower: i64, out: &mut Vec<u8>) {
        let (count, unit) = self.lengths();
        let length = (scale(mix((lower as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)), count) + 1) * unit;
        encode::range(RANGE_LOWER_INCLUSIVE, out, |out| {
            self.bounds().write(lower, out);
            self.bounds().write(lower + length as i64, out);
        });
    }
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
            rare => rare.write_rare(units, out),
        }
    }

    /// Kept out of the way of those that most columns have.
    #[inline(never)]
    fn write_rare(self, units: i64, out: &mut Vec<u8>) {
        match self {
            Self::Time => encode::time(units, out),
            Self::Timetz => encode::timetz(units, 0, out),
            Self::Interval => encode::interval(0, (units / DAY_US) as i32, units % DAY_US, out),
            Self::Inet => encode::inet(Ipv4Addr::from(units as u32).into(), 32, false, out),
            Self::Cidr => encode::inet(Ipv4Addr::from((units as u32) << 8).into(), 24, true, out),
            Self::Macaddr => encode::macaddr(units as u64, out),
            Self::Oid => encode::int4(units as u32 as i32, out),
            Self::Money => encode::int8(units, out),
            Self::Bits(count) => bit_string(count, units as u64, out),
            Self::Range(of) => of.write(units, out),
            _ => unreachable!("written without this detour"),
        }
    }
}

/// The most bits of a bit string that are counted with.
pub(crate) const BITS_MAX: u32 = 62;

fn bit_string(count: u32, number: u64, out: &mut Vec<u8>) {
    let mut bytes = vec![0; count.div_ceil(8) as usize];
    let head = (number << (64 - count.clamp(1, BITS_MAX))).to_be_bytes();
    for (byte, head) in bytes.iter_mut().zip(head) {
        *byte = head;
    }
    // What is beyond hangs on the number, too.
    for (at, byte) in bytes.iter_mut().enumerate().skip(8) {
        *byte = mix(number ^ (at as u64) << 32) as u8;
    }
    if !count.is_multiple_of(8)
        && let Some(last) = bytes.last_mut()
    {
        *last &= 0xFF << (8 - count % 8);
    }
    encode::bits(count, &bytes, out);
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
    /// Arrays.
    Array(Array),
    /// Values of a composite type.
    Composite(Composite),
    /// Text search vectors.
    Tsvector(Tsvector),
    /// From a segment on, wide values; others before it.
    Mixed {
        /// How the others are made.
        plain: Box<Self>,
        /// How the wide ones are made.
        wide: Wide,
        /// The first segment of wide values.
        first: usize,
    },
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
            Cell::Made => self.made.write(slot, out),
        }
    }

    /// Appends the field of the value at a position in value order.
    pub(crate) fn write_at(&self, position: u64, out: &mut Vec<u8>) {
        self.write(self.segments.locate(position), out);
    }
}

impl Made {
    /// Appends the field of the value with a slot's number.
    #[inline]
    pub(crate) fn write(&self, slot: Slot, out: &mut Vec<u8>) {
        let number = slot.index();
        match self {
            Self::Never => unreachable!("plans make no such cell without a way to make it"),
            Self::Text { text, before, after } => encode::field(out, |out| {
                out.extend_from_slice(before);
                text.write(number, out);
                out.extend_from_slice(after);
            }),
            Self::Uuid(stream) => encode::uuid(uuid(number, *stream), out),
            Self::Blob(blob) => encode::field(out, |out| blob.write(number, out)),
            Self::Foreign { key, step } => key.write_at(steps(number, *step), out),
            rare => rare.write_rare(slot, out),
        }
    }

    /// Kept out of the way of those that most columns have.
    #[inline(never)]
    fn write_rare(&self, slot: Slot, out: &mut Vec<u8>) {
        match self {
            Self::Array(array) => array.write(slot, out),
            Self::Composite(composite) => composite.write(slot.index(), out),
            Self::Tsvector(tsvector) => tsvector.write(slot.index(), out),
            Self::Mixed { wide, first, .. } if slot.segment() >= *first => {
                encode::field(out, |out| wide.write(slot.index(), out));
            }
            Self::Mixed { plain, .. } => plain.write(slot, out),
            _ => unreachable!("written without this detour"),
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
