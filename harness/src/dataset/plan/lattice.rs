//! Columns whose values are whole numbers of some unit: numbers, dates, moments.
//!
//! Most common values are points on a line and histogram buckets stretches of it. A bucket is cut where a most common value
//! stands in it, so that no generated value is ever equal to one, and counts stay exact.

use super::literal::Literal;
use crate::dataset::generate::quota::within_room;
use crate::dataset::generate::values::{Cell, Lattice, RangeOf, step};
use crate::postgres::shape::ColumnType;

/// The lattice for a type, with `scale` digits after the point where the type leaves that open.
pub(super) fn lattice(kind: &ColumnType, scale: u32) -> Option<Lattice> {
    Some(match kind {
        ColumnType::Int2 => Lattice::Int2,
        ColumnType::Int4 => Lattice::Int4,
        ColumnType::Int8 => Lattice::Int8,
        ColumnType::Float4 => Lattice::Float4(scale),
        ColumnType::Float8 => Lattice::Float8(scale),
        ColumnType::Numeric { scale: Some(negative), .. } if *negative < 0 => {
            // 10^18 is the largest power that an i64 holds; coarser numerics than that have no values here.
            Lattice::Numeric { scale: 0, times: 10i64.checked_pow(u32::from(negative.unsigned_abs()))? }
        }
        ColumnType::Numeric { .. } => Lattice::Numeric { scale, times: 1 },
        ColumnType::Date => Lattice::Date,
        ColumnType::Timestamp | ColumnType::Timestamptz => Lattice::Timestamp,
        ColumnType::Time => Lattice::Time,
        ColumnType::Timetz => Lattice::Timetz,
        ColumnType::Interval => Lattice::Interval,
        ColumnType::Inet => Lattice::Inet,
        ColumnType::Cidr => Lattice::Cidr,
        ColumnType::Macaddr => Lattice::Macaddr,
        ColumnType::Oid => Lattice::Oid,
        ColumnType::Money => Lattice::Money,
        ColumnType::Bit(bits) => Lattice::Bits(*bits),
        // Of different lengths, they would not sort as numbers do.
        ColumnType::Varbit(limit) => Lattice::Bits(limit.unwrap_or(32).min(32)),
        ColumnType::Range(element) => Lattice::Range(match &**element {
            ColumnType::Int4 => RangeOf::Int4,
            ColumnType::Int8 => RangeOf::Int8,
            ColumnType::Numeric { .. } => RangeOf::Numeric(scale.min(12)),
            ColumnType::Date => RangeOf::Date,
            ColumnType::Timestamp | ColumnType::Timestamptz => RangeOf::Timestamp,
            _ => return None,
        }),
        _ => return None,
    })
}

/// Digits after the point that a type has room for: least and most that may be generated.
pub(super) fn scales(kind: &ColumnType) -> (u32, u32) {
    match kind {
        ColumnType::Range(element) => scales(element),
        ColumnType::Float4 => (1, 6),
        ColumnType::Float8 => (2, 12),
        ColumnType::Numeric { precision: None, .. } => (2, 12),
        ColumnType::Numeric { scale, .. } => {
            let scale = u32::from(scale.unwrap_or(0).max(0).unsigned_abs());
            (scale.min(6), scale.min(15))
        }
        _ => (0, 0),
    }
}

/// A stretch of the quantile axis before it is laid out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stretch {
    /// Rows.
    pub(super) count: u64,
    /// Different values.
    pub(super) distinct: u64,
    /// What it holds.
    pub(super) cell: Cell,
}

/// How many different values are wanted besides the most common ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Exactly so many.
    Exactly(u64),
    /// As many as there are, but no more than this.
    AtMost(u64),
}

/// Why stretches cannot be laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// There are only so many values between the bounds.
    Room(u64),
    /// Each bucket needs a value of its own: so many buckets.
    Buckets(u64),
    /// The bucket from this bound on holds most common values only.
    Empty(i64),
}

/// Whole numbers between two others, without any most common value.
#[derive(Debug, Clone, Copy)]
struct Gap {
    first: i64,
    span: u64,
    bucket: usize,
    /// Whether the last number must be a value: the end of the histogram.
    closed: bool,
}

fn gaps(bounds: &[i64], taken: &[i64]) -> Vec<Gap> {
    let buckets = bounds.len() - 1;
    let mut gaps = Vec::new();
    for (bucket, ends) in bounds.windows(2).enumerate() {
        let last = bucket + 1 == buckets;
        // Ends are whole numbers of an i64; one past the largest is not, so lengths are counted in i128.
        let end = i128::from(ends[1]) + i128::from(last);
        let mut first = i128::from(ends[0]);
        let inside =
            taken.iter().map(|&taken| i128::from(taken)).filter(|taken| (first..end).contains(taken));
        let borders: Vec<i128> = inside.chain([end]).collect();
        for (at, border) in borders.iter().enumerate() {
            if *border > first {
                let closed = last && at + 1 == borders.len();
                let span = u64::try_from(border - first).unwrap_or(u64::MAX);
                gaps.push(Gap { first: first as i64, span, bucket, closed });
            }
            first = border + 1;
        }
    }
    gaps
}

/// Lays out `most_common` values (in any order, with their rows) and `rows` rows between `bounds`, which ascend and are
/// at least two. Gives the stretches in value order.
pub(super) fn lay_out(
    most_common: &[(Literal, u64)],
    bounds: &[i64],
    rows: u64,
    rest: Rest,
    ready: &mut Vec<u8>,
) -> Result<Vec<Stretch>, Misfit> {
    let mut stretches: Vec<(i64, Stretch)> = Vec::new();
    let mut shown: Vec<&(Literal, u64)> = most_common.iter().filter(|&&(_, count)| count > 0).collect();
    shown.sort_by(|one, two| (one.0.rank, &one.0.key).cmp(&(two.0.rank, &two.0.key)));
    for (literal, count) in shown {
        stretches.push((literal.rank, ready_stretch(literal, *count, ready)));
    }
    if rows > 0 {
        let mut taken: Vec<i64> = most_common.iter().map(|(literal, _)| literal.rank).collect();
        taken.sort_unstable();
        stretches.extend(fill(&taken, bounds, rows, rest)?);
    }
    stretches.sort_by_key(|&(rank, _)| rank);
    Ok(stretches.into_iter().map(|(_, stretch)| stretch).collect())
}

/// A stretch of one value, whose field is added to `ready`.
pub(super) fn ready_stretch(literal: &Literal, count: u64, ready: &mut Vec<u8>) -> Stretch {
    let start = ready.len() as u32;
    ready.extend_from_slice(&literal.field);
    Stretch { count, distinct: 1, cell: Cell::Ready(start..ready.len() as u32) }
}

fn fill(taken: &[i64], bounds: &[i64], rows: u64, rest: Rest) -> Result<Vec<(i64, Stretch)>, Misfit> {
    let buckets = bounds.len() as u64 - 1;
    let wanted = match rest {
        Rest::Exactly(distinct) | Rest::AtMost(distinct) => distinct.min(rows),
    };
    let share = |bucket: u64| (u128::from(rows) * u128::from(bucket) / u128::from(buckets)) as u64;
    let mut gaps = gaps(bounds, taken);
    for bucket in 0..buckets {
        if share(bucket + 1) > share(bucket) && !gaps.iter().any(|gap| gap.bucket as u64 == bucket) {
            return Err(Misfit::Empty(bounds[bucket as usize]));
        }
    }
    if gaps.len() as u64 > wanted {
        // Too few values for every gap: each bucket keeps its widest.
        let all = gaps.clone();
        let widest = |gap: &Gap| {
            let others = all.iter().filter(|other| other.bucket == gap.bucket);
            others.max_by_key(|other| other.span).is_some_and(|other| other.first == gap.first)
        };
        gaps.retain(widest);
    }
    let counts = rows_per_gap(&gaps, share);
    let filled: Vec<(Gap, u64)> = gaps.iter().copied().zip(counts).filter(|&(_, count)| count > 0).collect();
    let room: Vec<u64> = filled.iter().map(|(gap, count)| gap.span.min(*count)).collect();
    let total = room.iter().sum::<u64>();
    let distinct = match rest {
        Rest::Exactly(_) => wanted,
        Rest::AtMost(_) => wanted.min(total),
    };
    let counts: Vec<u64> = filled.iter().map(|&(_, count)| count).collect();
    let Some(shares) = within_room(distinct, &counts, &room) else {
        let open = filled.len() as u64;
        return Err(if distinct < open { Misfit::Buckets(open) } else { Misfit::Room(total) });
    };
    let stretches = filled.into_iter().zip(shares).map(|((gap, count), distinct)| {
        let step = if gap.closed && distinct > 1 {
            step(gap.span - 1, distinct - 1)
        } else {
            step(gap.span, distinct)
        };
        (gap.first, Stretch { count, distinct, cell: Cell::Steps { first: gap.first, step } })
    });
    Ok(stretches.collect())
}

/// Rows of each bucket shared out over its gaps by their lengths; what rounding leaves goes to the longest.
fn rows_per_gap(gaps: &[Gap], share: impl Fn(u64) -> u64) -> Vec<u64> {
    let mut counts = vec![0; gaps.len()];
    let mut start = 0;
    while start < gaps.len() {
        let bucket = gaps[start].bucket;
        let end = start + gaps[start..].iter().take_while(|gap| gap.bucket == bucket).count();
        let rows = share(bucket as u64 + 1) - share(bucket as u64);
        let total: u128 = gaps[start..end].iter().map(|gap| u128::from(gap.span)).sum();
        for at in start..end {
            counts[at] = (u128::from(rows) * u128::from(gaps[at].span) / total) as u64;
        }
        let given: u64 = counts[start..end].iter().sum();
        let longest = (start..end).max_by_key(|&at| gaps[at].span).expect("a bucket has a gap");
        counts[longest] += rows - given;
        start = end;
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::plan::literal::literal;

    fn point(value: i64) -> Literal {
        literal(&value.to_string(), &ColumnType::Int8, Some(Lattice::Int8)).expect("a number")
    }

    /// Every value of a layout with its rows, in order.
    fn expand(stretches: &[Stretch], ready: &[u8]) -> Vec<(i64, u64)> {
        let mut values = Vec::new();
        for stretch in stretches {
            for index in 0..stretch.distinct {
                let value = match &stretch.cell {
                    Cell::Ready(range) => {
                        let field = &ready[range.start as usize + 4..range.end as usize];
                        i64::from_be_bytes(field.try_into().expect("eight bytes"))
                    }
                    Cell::Steps { first, step } => {
                        first.wrapping_add(((u128::from(index) * step) >> 64) as i64)
                    }
                    Cell::Made => unreachable!("not a lattice"),
                };
                values.push((value, stretch.count / stretch.distinct));
            }
        }
        values
    }

    #[test]
    fn a_common_value_inside_a_bucket_is_cut_out() {
        let mut ready = Vec::new();
        let common = [(point(5), 100)];
        let stretches = lay_out(&common, &[0, 9], 90, Rest::Exactly(9), &mut ready).expect("fits");
        let values = expand(&stretches, &ready);
        assert_eq!(values.iter().map(|&(value, _)| value).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
        assert_eq!(values[5], (5, 100));
        assert_eq!(lay_out(&common, &[0, 9], 90, Rest::Exactly(10), &mut ready), Err(Misfit::Room(9)));
        assert_eq!(lay_out(&common, &[5, 6, 7], 90, Rest::AtMost(10), &mut ready), Err(Misfit::Empty(5)));
        assert_eq!(lay_out(&[], &[0, 5, 9], 90, Rest::Exactly(1), &mut ready), Err(Misfit::Buckets(2)));
    }

    #[test]
    fn the_whole_range_of_bigint_can_be_used() {
        let mut ready = Vec::new();
        let stretches =
            lay_out(&[], &[-(1 << 62), 1 << 62], 1000, Rest::AtMost(1000), &mut ready).expect("fits");
        let values = expand(&stretches, &ready);
        assert_eq!((values[0].0, values[999].0), (-(1 << 62), 1 << 62));
    }

    proptest! {
        #[test]
        fn layouts_are_exact(
            bounds in proptest::collection::btree_set(-500i64..500, 2..12),
            common in proptest::collection::btree_map(-600i64..600, 0u64..50, 0..8),
            rows in 0u64..3000,
            distinct in 1u64..1200,
            exact: bool,
        ) {
            let bounds: Vec<i64> = bounds.into_iter().collect();
            let common: Vec<_> = common.into_iter().map(|(value, count)| (point(value), count)).collect();
            let rest = if exact { Rest::Exactly(distinct) } else { Rest::AtMost(distinct) };
            let mut ready = Vec::new();
            let Ok(stretches) = lay_out(&common, &bounds, rows, rest, &mut ready) else { return Ok(()) };
            let most_common: u64 = common.iter().map(|&(_, count)| count).sum();
            prop_assert_eq!(stretches.iter().map(|stretch| stretch.count).sum::<u64>(), rows + most_common);
            let values = expand(&stretches, &ready);
            prop_assert!(values.windows(2).all(|pair| pair[0].0 < pair[1].0), "{values:?}");
            prop_assert!(values.iter().all(|&(_, count)| count > 0));
            let shown = common.iter().filter(|&&(_, count)| count > 0).count() as u64;
            if exact && rows > 0 {
                prop_assert_eq!(values.len() as u64, shown + distinct.min(rows));
            }
        }
    }
}
