//! How large the windows must be for ANALYZE to report a given correlation.
//!
//! ANALYZE sorts the values, lets equal values keep their physical order, and correlates places in that order with
//! places in the table. With `n` rows, `x` for a physical place and `r` for a rank, the correlation is linear in
//! `sum(r * x)`. Shuffling inside windows of sizes `w` takes `sum(w^3 - w)` of `n^3 - n` away from perfect order. Equal
//! values give some of it back: `m` of them inside one window of `w` rows are sorted again, which is worth
//! `(w + 1) * m * (m - 1)`; and where windows are reversed, equal values in two windows change places, which is worth
//! `12 * m1 * m2 * distance`.

use crate::dataset::generate::segments::Segment;

/// How far rows are from value order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Disorder {
    /// Rows that are shuffled among themselves; 1 keeps the order.
    pub(crate) window: u64,
    /// Whether values descend.
    pub(crate) reversed: bool,
}

/// The window sizes and direction that come closest to `wanted`, and the correlation expected of them.
pub(crate) fn solve(wanted: f64, segments: &[Segment]) -> (Disorder, f64) {
    let rows: u64 = segments.iter().map(|segment| segment.count).sum();
    let rows = rows.max(1);
    let expect = |disorder| expected(disorder, rows, segments);
    let whole = Disorder { window: rows, reversed: false };
    let reversed = wanted < expect(whole);
    // The larger the window, the nearer to no order. Windows of `low` rows are too orderly, of `high` not enough.
    let (mut low, mut high) = (1, rows);
    while high - low > 1 {
        let window = low + (high - low) / 2;
        let reached = expect(Disorder { window, reversed });
        let too_orderly = if reversed { reached < wanted } else { reached > wanted };
        if too_orderly {
            low = window;
        } else {
            high = window;
        }
    }
    [low, high]
        .map(|window| Disorder { window, reversed })
        .map(|disorder| (disorder, expect(disorder)))
        .into_iter()
        .min_by(|one, two| (one.1 - wanted).abs().total_cmp(&(two.1 - wanted).abs()))
        .expect("two candidates")
}

/// The correlation that ANALYZE can be expected to find.
pub(crate) fn expected(disorder: Disorder, rows: u64, segments: &[Segment]) -> f64 {
    let n = rows as f64;
    let spread = n * n * n - n;
    if spread == 0.0 {
        return 1.0;
    }
    let windows = Windows { size: disorder.window, rows };
    let w = disorder.window as f64;
    let tail = (rows % disorder.window) as f64;
    let lost = (rows / disorder.window) as f64 * (w * w * w - w) + (tail * tail * tail - tail);
    let ordered = 1.0 - lost / spread;
    let regained: f64 = segments
        .iter()
        .filter(|segment| segment.count > segment.distinct)
        .map(|segment| {
            if segment.distinct == 1 {
                let start =
                    if disorder.reversed { rows - segment.start - segment.count } else { segment.start };
                windows.one_value(start, segment.count, disorder.reversed)
            } else {
                many_values(segment, w, w / n, disorder.reversed)
            }
        })
        .sum();
    (if disorder.reversed { -ordered } else { ordered }) + regained / spread
}

/// What many equally frequent values give back, wherever windows begin in relation to them.
fn many_values(segment: &Segment, window: f64, window_frac: f64, reversed: bool) -> f64 {
    let (count, distinct) = (segment.count as f64, segment.distinct as f64);
    let times = (count / distinct).floor();
    let more = count - times * distinct;
    [(times, distinct - more), (times + 1.0, more)]
        .into_iter()
        .map(|(m, values)| {
            let k = m.min(window);
            // Twice the sum over distances d below k of (m - d)(1 - d / window): pairs in the same window, were
            // windows endless. The first and the last have a border on one side only.
            let endless = 2.0
                * (m * (k - 1.0) - (1.0 + m / window) * (k - 1.0) * k / 2.0
                    + (k - 1.0) * k * (2.0 * k - 1.0) / (6.0 * window));
            let all = m * (m - 1.0);
            let bordered = 1.0 - window_frac;
            let pairs = all - (all - endless) * bordered;
            let swapped = if reversed { 2.0 * m * (m * m - 1.0) * bordered } else { 0.0 };
            values * ((window + 1.0) * pairs + swapped)
        })
        .sum()
}

struct Windows {
    size: u64,
    rows: u64,
}

impl Windows {
    fn length(&self, index: u64) -> f64 {
        self.size.min(self.rows - index * self.size) as f64
    }

    fn center(&self, index: u64) -> f64 {
        (index * self.size) as f64 + self.length(index) / 2.0
    }

    /// What the rows `start..start + count` of one value give back.
    fn one_value(&self, start: u64, count: u64, reversed: bool) -> f64 {
        let end = start + count;
        let (first, last) = (start / self.size, (end - 1) / self.size);
        let sorted = |length: f64, m: f64| (length + 1.0) * m * (m - 1.0);
        if first == last {
            return sorted(self.length(first), count as f64);
        }
        let w = self.size as f64;
        let head = ((first + 1) * self.size - start) as f64;
        let tail = (end - last * self.size) as f64;
        let between = (last - first - 1) as f64;
        let mut total =
            sorted(self.length(first), head) + between * sorted(w, w) + sorted(self.length(last), tail);
        if reversed {
            let (left, right) = (self.center(first), self.center(last));
            let middle = left + w * (between + 1.0) / 2.0;
            let pairs = head * tail * (right - left)
                + head * between * w * (middle - left)
                + tail * between * w * (right - middle)
                + w * w * w * between * (between * between - 1.0) / 6.0;
            total += 12.0 * pairs;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::generate::order::Order;
    use crate::dataset::generate::rng::Stream;
    use crate::dataset::generate::segments::Segments;

    /// As `compute_scalar_stats` does it.
    fn measured(order: &Order, segments: &Segments) -> f64 {
        let rows = segments.positions();
        let mut positions: Vec<u64> = (0..rows).collect();
        order.positions(&mut positions);
        let mut values: Vec<(u64, u64)> =
            positions.iter().zip(0..).map(|(&position, x)| (segments.locate(position).0, x)).collect();
        values.sort_unstable();
        let mean = (rows - 1) as f64 / 2.0;
        let sum: f64 =
            values.iter().zip(0..rows).map(|(&(_, x), r)| (x as f64 - mean) * (r as f64 - mean)).sum();
        sum * 12.0 / ((rows as f64).powi(3) - rows as f64)
    }

    const RUNS: u64 = 8;

    fn average(disorder: Disorder, segments: &Segments) -> f64 {
        let rows = segments.positions();
        (0..RUNS)
            .map(|seed| measured(&Order::new(rows, disorder, Stream::new(seed, "t", "c", "o")), segments))
            .sum::<f64>()
            / RUNS as f64
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn expectation_is_met(
            parts in proptest::collection::vec((1u64..400, 1u64..400), 2..8),
            window in 0.0f64..1.0,
            reversed: bool,
        ) {
            let segments = Segments::new(parts.into_iter().map(|(count, distinct)| {
                (count, if distinct > 200 { 1 } else { distinct.min(count) })
            }));
            let rows = segments.positions();
            prop_assume!(rows > 300);
            let disorder = Disorder { window: (rows as f64 * window * window) as u64 + 1, reversed };
            let expected = expected(disorder, rows, segments.list());
            let found = average(disorder, &segments);
            prop_assert!((expected - found).abs() < 0.06, "expected {expected}, found {found} {disorder:?}");
        }
    }

    #[test]
    fn known_values() {
        let close = |disorder, parts: &[(u64, u64)], wanted: f64| {
            let segments = Segments::new(parts.iter().copied());
            let found = expected(disorder, segments.positions(), segments.list());
            assert!((found - wanted).abs() < 1e-3, "{found} instead of {wanted}");
        };
        let none = Disorder { window: 100_000, reversed: false };
        let descending = Disorder { window: 1, reversed: true };
        close(none, &[(100_000, 100_000)], 0.0);
        close(none, &[(50_000, 1), (50_000, 1)], 0.5);
        close(none, &[(95_000, 1), (5_000, 1)], 0.905);
        close(none, &[(100_000, 10)], 0.1);
        close(descending, &[(100_000, 100_000)], -1.0);
        close(descending, &[(50_000, 1), (50_000, 1)], -0.5);
        close(descending, &[(100_000, 10)], -0.98);
        close(Disorder { window: 50_000, reversed: false }, &[(100_000, 100_000)], 0.75);
        close(Disorder { window: 10_000, reversed: false }, &[(100_000, 100_000)], 0.99);
    }

    #[test]
    fn solution_reaches_what_is_wanted() {
        for parts in [vec![(10_000, 10_000)], vec![(6_000, 1), (1_000, 1), (3_000, 200)], vec![(10_000, 20)]]
        {
            let segments = Segments::new(parts.iter().copied());
            for wanted in [-0.7, -0.3, 0.2, 0.5, 0.9, 0.99, 0.9999] {
                let (disorder, expected) = solve(wanted, segments.list());
                if (expected - wanted).abs() > 1e-3 {
                    assert!(expected > wanted && disorder == Disorder { window: 1, reversed: true });
                    continue;
                }
                let found = average(disorder, &segments);
                assert!((found - wanted).abs() < 0.02, "{parts:?}: {found} instead of {wanted}");
            }
        }
    }
}
