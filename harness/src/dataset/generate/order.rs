//! Where in value order the value of each row stands: what gives a column its correlation.

mod correlation;

pub(crate) use correlation::{Disorder, expected, solve};

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
    Windows { window: u64, split: Divider, full: Permutation, tail: Option<Permutation>, tweaks: Stream },
}

impl Order {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
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
