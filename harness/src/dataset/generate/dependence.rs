//! A column that another column of the table decides, in part.
//!
//! A dependency holds for whole groups of rows, as PostgreSQL measures it: all rows with the same deciding value have the
//! same decided value, or the group does not count. So it is values of the deciding column that decide or do not. A value
//! that decides is sent to a place on the decided column's quantile axis by a permutation that respects how many rows
//! each value has; so the decided values get their shares of rows as nearly as whole groups allow. Great groups go to frequent
//! values, lest one that is greater than a rare value's share takes the whole of it away.

use std::sync::Arc;

use super::column::Column;
use super::permutation::Permutation;
use super::rng::{Stream, scale};
use super::segments::{Segments, Slot};

/// How a column's values decide those of another.
#[derive(Debug, Clone)]
pub(crate) struct Dependence {
    /// The deciding column.
    pub(crate) column: Arc<Column>,
    by: By,
    /// Positions on the decided column's axis.
    positions: u64,
    /// The axis with its segments ordered by the frequency of their values: where each begins, and where in value order.
    axis: Vec<(u64, u64)>,
    /// Where NULL is sent, if it decides.
    null: Option<u64>,
}

#[derive(Debug, Clone)]
enum By {
    /// Each segment of the deciding column has a stretch of the decided column's axis.
    Segments(Vec<Part>),
    /// Nothing is known of how many rows each value has.
    Chance {
        /// Values with a number below this decide.
        threshold: u64,
        stream: Stream,
    },
}

/// Where a segment's values are sent.
#[derive(Debug, Clone)]
struct Part {
    /// How many of its values decide: the first ones.
    decided: u64,
    /// Where its stretch begins on the ordered axis, in 2^-32ths of a position.
    start: u128,
    /// How long the stretch of each value is, in 2^-32ths of a position.
    step: u128,
    order: Option<Permutation>,
}

impl Dependence {
    /// Lets values of `column` that hold `degree` of its `rows` decide values in `segments`.
    pub(crate) fn new(
        column: Arc<Column>,
        rows: u64,
        degree: f64,
        segments: &Segments,
        stream: Stream,
    ) -> Self {
        let degree = degree.clamp(0.0, 1.0);
        let positions = segments.positions();
        let axis = by_frequency(segments);
        if !has_shares(&column) {
            let threshold = if degree >= 1.0 { u64::MAX } else { (degree * 2f64.powi(64)) as u64 };
            let null = (degree > 0.0).then(|| stream.below(1, positions.max(1)));
            let by = By::Chance { threshold, stream: stream.child(1) };
            return Self { column, by, positions, axis, null };
        }
        let nulls = column.nulls.count();
        let (decided, null_decides) = decided(&column.values.segments, nulls, rows, degree);
        let weight = |at: usize, values: u64| {
            let segment = column.values.segments.list()[at];
            (u128::from(segment.count) << 16) * u128::from(values) / u128::from(segment.distinct)
        };
        // NULL is one more value, after the segments.
        let mut weights: Vec<u128> =
            decided.iter().enumerate().map(|(at, &values)| weight(at, values)).collect();
        weights.push(if null_decides { u128::from(nulls) << 16 } else { 0 });
        let total: u128 = weights.iter().sum::<u128>().max(1);
        let values = |at: usize| decided.get(at).copied().unwrap_or(1);
        let mut shuffled: Vec<usize> = (0..weights.len()).collect();
        stream.child(2).shuffle(&mut shuffled);
        shuffled.sort_by_key(|&at| std::cmp::Reverse(weights[at] / u128::from(values(at).max(1))));
        let mut before = vec![0u128; weights.len()];
        let mut sum = 0;
        for at in shuffled {
            before[at] = sum;
            sum += weights[at];
        }
        // Weights are below 2^49 and positions below 2^33, so nothing is lost.
        let scaled = |weight: u128| ((weight * u128::from(positions)) << 32) / total;
        let middle =
            |start: u128, step: u128| ((start + step / 2) >> 32).min(u128::from(positions.max(1) - 1)) as u64;
        let null =
            null_decides.then(|| middle(scaled(before[decided.len()]), scaled(weights[decided.len()])));
        let parts = decided
            .iter()
            .enumerate()
            .map(|(at, &decided)| Part {
                decided,
                start: scaled(before[at]),
                step: scaled(weights[at]) / u128::from(decided.max(1)),
                order: (decided > 1).then(|| Permutation::new(decided, stream.child(3 + at as u64))),
            })
            .collect();
        Self { column, by: By::Segments(parts), positions, axis, null }
    }

    /// Where on the decided column's axis the value in a slot of the deciding column is sent, if it decides.
    pub(crate) fn position(&self, slot: Slot) -> Option<u64> {
        if slot == Slot::NULL {
            return self.null.map(|place| self.in_value_order(place));
        }
        match &self.by {
            By::Segments(parts) => {
                let part = &parts[slot.segment()];
                let index = slot.index();
                if index >= part.decided {
                    return None;
                }
                let index = part.order.as_ref().map_or(index, |order| order.apply(index));
                let place = (part.start + part.step * u128::from(index) + part.step / 2) >> 32;
                Some(self.in_value_order(place as u64))
            }
            By::Chance { threshold, stream } => {
                let chance = stream.at(slot.0);
                (chance <= *threshold && *threshold > 0)
                    .then(|| scale(stream.child(1).at(slot.0), self.positions))
            }
        }
    }

    /// Where a place on the ordered axis is in value order.
    fn in_value_order(&self, place: u64) -> u64 {
        let place = place.min(self.positions.saturating_sub(1));
        let after = self.axis.partition_point(|&(start, _)| start <= place);
        let (start, position) = self.axis[after - 1];
        position + (place - start)
    }
}

/// Where segments begin when those with the most frequent values come first, and where in value order.
fn by_frequency(segments: &Segments) -> Vec<(u64, u64)> {
    let mut list = segments.list().to_vec();
    list.sort_by_key(|segment| std::cmp::Reverse(segment.count / segment.distinct));
    let mut before = 0;
    list.iter()
        .map(|segment| {
            let start = before;
            before += segment.count;
            (start, segment.start)
        })
        .collect()
}

/// Whether the rows of a column's values are as its segments say.
fn has_shares(column: &Column) -> bool {
    use super::column::Source;
    matches!(column.source, Source::Order | Source::Decided(_))
}

/// How many values of each segment decide, and whether NULL does, so that `degree` of the rows is decided.
fn decided(segments: &Segments, nulls: u64, rows: u64, degree: f64) -> (Vec<u64>, bool) {
    let list = segments.list();
    let mut left = (degree * rows as f64).round() as u64;
    // The greatest groups first; small ones fill what they leave.
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(list[at].count / list[at].distinct));
    let null_decides = nulls > 0 && nulls <= left;
    left -= if null_decides { nulls } else { 0 };
    let mut decided = vec![0; list.len()];
    for at in order {
        let segment = list[at];
        let values = if left >= segment.count {
            segment.distinct
        } else {
            (u128::from(left) * u128::from(segment.distinct) / u128::from(segment.count)) as u64
        };
        decided[at] = values;
        let count = u128::from(segment.count) * u128::from(values);
        left -= left.min(count.div_ceil(u128::from(segment.distinct)) as u64);
    }
    (decided, null_decides)
}
