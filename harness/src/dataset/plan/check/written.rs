//! Units of a lattice, as their values are written.

use crate::dataset::generate::values::Lattice;

/// What is read as so many units.
pub(super) fn written(units: i64, lattice: Lattice) -> String {
    let decimal = |units: i128, scale: u32| {
        let whole = units.unsigned_abs() / 10u128.pow(scale);
        let rest = units.unsigned_abs() % 10u128.pow(scale);
        let sign = if units < 0 { "-" } else { "" };
        if scale == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{rest:0width$}", width = scale as usize)
        }
    };
    match lattice {
        Lattice::Int2 | Lattice::Int4 | Lattice::Int8 | Lattice::Oid => units.to_string(),
        Lattice::Float4(scale) | Lattice::Float8(scale) => decimal(units.into(), scale),
        Lattice::Numeric { scale, times } => decimal(i128::from(units) * i128::from(times), scale),
        Lattice::Date => moment(units.saturating_mul(crate::dataset::encode::DAY_US), "%Y-%m-%d"),
        Lattice::Timestamp => moment(units, "%Y-%m-%d %H:%M:%S%.6f"),
        // Nothing is known of constants of these types, so that no unit of theirs has to be written.
        Lattice::Time
        | Lattice::Timetz
        | Lattice::Interval
        | Lattice::Inet
        | Lattice::Cidr
        | Lattice::Macaddr
        | Lattice::Money
        | Lattice::Bits(_)
        | Lattice::Range(_) => units.to_string(),
    }
}

fn moment(us: i64, format: &str) -> String {
    jiff::Timestamp::from_microsecond(us)
        .map_or_else(|_| us.to_string(), |at| at.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::plan::literal::units;
    use crate::postgres::shape::ColumnType;

    #[test]
    fn what_is_written_is_read_again() {
        let numeric = ColumnType::Numeric { precision: None, scale: None };
        for (lattice, kind) in [
            (Lattice::Int4, ColumnType::Int4),
            (Lattice::Float8(2), ColumnType::Float8),
            (Lattice::Numeric { scale: 2, times: 1 }, numeric.clone()),
            (Lattice::Numeric { scale: 0, times: 100 }, numeric),
            (Lattice::Date, ColumnType::Date),
            (Lattice::Timestamp, ColumnType::Timestamptz),
        ] {
            for value in [0, 1, -1, 99, -12_345, 700_001] {
                assert_eq!(units(&written(value, lattice), lattice, &kind), Ok(value), "{lattice:?}");
            }
        }
    }
}
