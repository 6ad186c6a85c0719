//! Values that were laid out, as numbers of units again.

use crate::dataset::encode::{DAY_US, EPOCH_DAYS};
use crate::dataset::generate::values::{Cell, Lattice, Values};

/// The value at a position in value order, in units of its lattice, if it has one.
pub(super) fn units_at(values: &Values, position: u64) -> Option<i64> {
    let slot = values.segments.locate(position);
    match &values.cells[slot.segment()] {
        Cell::Ready(range) => {
            units_of(values.ready.get(range.start as usize + 4..range.end as usize)?, values.lattice)
        }
        Cell::Steps { first, step } => {
            Some(first.wrapping_add(((u128::from(slot.index()) * step) >> 64) as i64))
        }
        Cell::Made => None,
    }
}

/// Reads the bytes of a field that [`Lattice::write`] wrote.
fn units_of(bytes: &[u8], lattice: Lattice) -> Option<i64> {
    let scaled = |value: f64, scale: u32| Some((value * 10f64.powi(scale.cast_signed())).round() as i64);
    match lattice {
        Lattice::Int2 => Some(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        Lattice::Int4 => Some(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        Lattice::Int8 => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
        Lattice::Oid => Some(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        Lattice::Float4(scale) => scaled(f32::from_be_bytes(bytes.try_into().ok()?).into(), scale),
        Lattice::Float8(scale) => scaled(f64::from_be_bytes(bytes.try_into().ok()?), scale),
        Lattice::Date => Some(i64::from(i32::from_be_bytes(bytes.try_into().ok()?)) + EPOCH_DAYS),
        Lattice::Timestamp => i64::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_DAYS * DAY_US),
        Lattice::Numeric { scale, times } => {
            let word = |at: usize| Some(i16::from_be_bytes(bytes.get(at * 2..at * 2 + 2)?.try_into().ok()?));
            let (count, weight, sign) = (word(0)?, i32::from(word(1)?), word(2)?);
            let mut units = 0i128;
            // Digits of base 10,000; the one at `weight` counts 10,000^weight.
            for at in 0..i32::from(count) {
                let digit = i128::from(word(4 + usize::try_from(at).ok()?)?);
                let power = (weight - at) * 4 + scale.cast_signed();
                units += if power >= 0 {
                    digit.checked_mul(10i128.checked_pow(power.unsigned_abs())?)?
                } else {
                    digit / 10i128.checked_pow(power.unsigned_abs())?
                };
            }
            let units = if sign == 0 { units } else { -units };
            i64::try_from(units / i128::from(times)).ok()
        }
        Lattice::Time
        | Lattice::Timetz
        | Lattice::Interval
        | Lattice::Inet
        | Lattice::Cidr
        | Lattice::Macaddr
        | Lattice::Money
        | Lattice::Bits(_)
        | Lattice::Range(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(units in -1_000_000i64..1_000_000, scale in 0u32..4) {
            for lattice in [
                Lattice::Int4,
                Lattice::Int8,
                Lattice::Float4(scale),
                Lattice::Float8(scale),
                Lattice::Numeric { scale, times: 1 },
                Lattice::Numeric { scale: 0, times: 100 },
                Lattice::Date,
                Lattice::Timestamp,
            ] {
                let mut field = Vec::new();
                lattice.write(units, &mut field);
                prop_assert_eq!(units_of(&field[4..], lattice), Some(units), "{:?}", lattice);
            }
        }
    }
}
