//! Where in value order the value of each row stands: what gives a column its correlation.

mod correlation;

pub(crate) use correlation::{Disorder, expected, solve};

use std::ops::Range;

use super::divide::Divider;
use super::permutation::Permutation;
use super::rng::Stream;

/// A bijection from the rank of a row among the non-null rows to a position in value order.
///
/// Rows are shuffled inside consecutive windows and the windows keep their order, or are reversed. One window over
/// everything is no order at all, windows of one row are perfect order.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    rows: u64,
    reversed: bool,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Kept,
    Whole(Permutation),
    Leaves {
        starts: Vec<u64>,
        leaves: Vec<Leaf>,
    },
    /// Parts of value order are of two sizes, which differ by one.
    Beside {
        other: Box<Order>,
        buckets: u64,
        small: Permutation,
        large: Permutation,
        tweaks: Stream,
    },
    Windows {
        window: u64,
        split: Divider,
        full: Permutation,
        tail: Option<Permutation>,
        tweaks: Stream,
    },
}

/// Rows that stand together in a partition, and where their values are in value order.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// The order of its rows among themselves.
    pub(crate) order: Order,
    /// The positions that are its own, ascending; as many as it has rows.
    pub(crate) pieces: Vec<Range<u64>>,
}

impl Leaf {
    fn rows(&self) -> u64 {
        self.order.rows
    }

    /// The position in value order of the whole that is the `at`-th of the leaf.
    fn position(&self, mut at: u64) -> u64 {
        for piece in &self.pieces {
            let length = piece.end - piece.start;
            if at < length {
                return piece.start + at;
            }
            at -= length;
        }
        unreachable!("a leaf has as many positions as rows")
    }
}

impl Order {
    /// The order of rows that are numbered leaf by leaf.
    pub(crate) fn in_leaves(leaves: Vec<Leaf>) -> Self {
        let mut rows = 0;
        let mut starts = Vec::new();
        for leaf in &leaves {
            starts.push(rows);
            rows += leaf.rows();
        }
        Self { rows, reversed: false, kind: Kind::Leaves { starts, leaves } }
    }

    /// The order of `rows` non-null rows.
    pub(crate) fn new(rows: u64, disorder: Disorder, stream: Stream) -> Self {
        let window = disorder.window.clamp(1, rows.max(1));
        let kind = if window == 1 {
            Kind::Kept
        } else if window == rows {
            Kind::Whole(Permutation::new(rows, stream))
        } else {
            let tail = rows % window;
            Kind::Windows {
                window,
                split: Divider::new(window),
                full: Permutation::new(window, stream),
                tail: (tail > 0).then(|| Permutation::new(tail, stream)),
                tweaks: stream.child(1),
            }
        };
        Self { rows, reversed: disorder.reversed, kind }
    }

    /// How far rows are from value order.
    pub(crate) fn disorder(&self) -> Disorder {
        let window = match &self.kind {
            Kind::Kept => 1,
            Kind::Whole(_) => self.rows.max(1),
            Kind::Windows { window, .. } => *window,
            Kind::Leaves { leaves, .. } => {
                leaves.iter().map(|leaf| leaf.order.disorder().window).max().unwrap_or(1)
            }
            Kind::Beside { other, buckets, .. } => {
                let Disorder { window, reversed } = other.disorder();
                return Disorder { window: window.max(self.rows / buckets).max(1), reversed };
            }
        };
        Disorder { window, reversed: self.reversed }
    }

    /// The order of a column that goes along with another: the same, but shuffled inside `buckets` equal parts of value
    /// order.
    pub(crate) fn beside(other: &Self, buckets: u64, stream: Stream) -> Self {
        let rows = other.rows;
        let buckets = buckets.clamp(1, rows.max(1));
        let size = (rows / buckets).max(1);
        let kind = Kind::Beside {
            other: Box::new(other.clone()),
            buckets,
            small: Permutation::new(size, stream),
            large: Permutation::new(size + 1, stream),
            tweaks: stream.child(1),
        };
        Self { rows, reversed: false, kind }
    }

    /// Replaces ranks by positions. Ranks at or above the number of non-null rows (which stand for NULLs) are
    /// replaced by some valid position.
    pub(crate) fn positions(&self, ranks: &mut [u64]) {
        if self.rows == 0 {
            return;
        }
        let last = self.rows - 1;
        match &self.kind {
            Kind::Kept => ranks.iter_mut().for_each(|rank| *rank = (*rank).min(last)),
            Kind::Whole(permutation) => {
                for rank in &mut *ranks {
                    *rank = permutation.apply((*rank).min(last));
                }
            }
            Kind::Leaves { starts, leaves } => {
                let mut ranks = &mut *ranks;
                while let Some(&first) = ranks.first() {
                    let at = starts.partition_point(|&start| start <= first.min(last)) - 1;
                    let (leaf, start) = (&leaves[at], starts[at]);
                    let end = start + leaf.rows();
                    // Ranks come in runs, of which few cross from one leaf to the next.
                    let inside = |rank: &u64| (start..end).contains(&(*rank).min(last));
                    let run = ranks.iter().take_while(|rank| inside(rank)).count();
                    let (here, rest) = std::mem::take(&mut ranks).split_at_mut(run);
                    here.iter_mut().for_each(|rank| *rank = (*rank).min(last) - start);
                    leaf.order.positions(here);
                    here.iter_mut().for_each(|rank| *rank = leaf.position(*rank));
                    ranks = rest;
                }
            }
            Kind::Beside { other, buckets, small, large, tweaks } => {
                other.positions(ranks);
                let cut = |bucket: u64| bucket_start(self.rows, *buckets, bucket);
                for rank in &mut *ranks {
                    let mut bucket =
                        (u128::from(*rank) * u128::from(*buckets) / u128::from(self.rows)) as u64;
                    // What was cut off by rounding belongs to the next.
                    bucket += u64::from(cut(bucket + 1) <= *rank);
                    let (start, end) = (cut(bucket), cut(bucket + 1));
                    let permutation = if end - start == self.rows / buckets { small } else { large };
                    *rank = start + permutation.apply_keyed(*rank - start, tweaks.at(bucket));
                }
            }
            Kind::Windows { window, split, full, tail, tweaks } => {
                for rank in &mut *ranks {
                    let (index, offset) = split.divide((*rank).min(last));
                    let start = index * window;
                    let permutation = match tail {
                        Some(tail) if self.rows - start < *window => tail,
                        _ => full,
                    };
                    *rank = start + permutation.apply_keyed(offset, tweaks.at(index));
                }
            }
        }
        if self.reversed {
            for rank in ranks {
                *rank = last - *rank;
            }
        }
    }
}

/// Where part `bucket` of `buckets` equal ones begins.
pub(crate) fn bucket_start(rows: u64, buckets: u64, bucket: u64) -> u64 {
    (u128::from(rows) * u128::from(bucket) / u128::from(buckets)) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_of_a_leaf_have_its_positions() {
        let leaf = |pieces: &[Range<u64>], window| {
            let rows = pieces.iter().map(|piece| piece.end - piece.start).sum();
            let order =
                Order::new(rows, Disorder { window, reversed: false }, Stream::new(1, "t", "c", "order"));
            Leaf { order, pieces: pieces.to_vec() }
        };
        let piece = |range: Range<u64>| std::iter::once(range).collect::<Vec<_>>();
        let pieces = [vec![0..10, 50..100], piece(10..49), piece(49..50)];
        let order = Order::in_leaves(pieces.iter().map(|pieces| leaf(pieces, 1000)).collect());
        let mut positions: Vec<u64> = (0..100).collect();
        order.positions(&mut positions);
        assert!(positions[..60].iter().all(|at| (0..10).contains(at) || (50..100).contains(at)));
        assert!(positions[60..99].iter().all(|at| (10..49).contains(at)));
        assert_eq!(positions[99], 49);
        positions.sort_unstable();
        assert!(positions.into_iter().eq(0..100));
    }

    proptest! {
        #[test]
        fn beside_another_is_a_bijection_within_buckets(rows in 1u64..3000, buckets in 1u64..60, seed: u64) {
            let stream = Stream::new(seed, "t", "c", "order");
            let other = Order::new(rows, Disorder { window: rows / 3 + 1, reversed: false }, stream);
            let buckets = buckets.min(rows);
            let order = Order::beside(&other, buckets, stream.child(3));
            let (mut theirs, mut mine): (Vec<u64>, Vec<u64>) = ((0..rows).collect(), (0..rows).collect());
            other.positions(&mut theirs);
            order.positions(&mut mine);
            let bucket = |at: u64| (0..buckets).rfind(|&bucket| bucket_start(rows, buckets, bucket) <= at);
            for (theirs, mine) in theirs.iter().zip(&mine) {
                prop_assert_eq!(bucket(*theirs), bucket(*mine));
            }
            mine.sort_unstable();
            prop_assert!(mine.into_iter().eq(0..rows));
        }

        #[test]
        fn is_a_bijection(rows in 1u64..2000, window in 1u64..2500, reversed: bool, seed: u64) {
            let order = Order::new(rows, Disorder { window, reversed }, Stream::new(seed, "t", "c", "order"));
            let mut positions: Vec<u64> = (0..rows).collect();
            order.positions(&mut positions);
            positions.sort_unstable();
            prop_assert!(positions.into_iter().eq(0..rows));
        }
    }
}
