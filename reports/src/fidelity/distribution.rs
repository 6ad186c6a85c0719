//! Where values lie: the planned distribution function against the bounds of a histogram.

use crate::event::Share;

/// Equally frequent values between two numbers, both of which are values.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    rows: f64,
    distinct: f64,
    first: f64,
    last: f64,
}

impl Stretch {
    /// Rows below `x`, and rows up to and with `x`, give or take one value.
    fn below_and_with(&self, x: f64) -> (f64, f64) {
        if x < self.first {
            return (0.0, 0.0);
        }
        if x > self.last {
            return (self.rows, self.rows);
        }
        if self.last <= self.first {
            return (0.0, self.rows);
        }
        let before = (x - self.first) / (self.last - self.first) * (self.distinct - 1.0);
        let rows_of = |values: f64| self.rows * (values / self.distinct).clamp(0.0, 1.0);
        (rows_of(before), rows_of(before + 1.0))
    }
}

/// A planned distribution, without what stands among the most common values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Distribution {
    stretches: Vec<Stretch>,
    /// Values that are not in it, with their rows.
    without: Vec<(f64, f64)>,
    rows: f64,
}

impl Distribution {
    /// The distribution of `shares` without the values `most_common`; none where not all of it is numbers.
    pub(super) fn new(shares: &[Share], most_common: &[(f64, f64)]) -> Option<Self> {
        let stretch = |share: &Share| {
            let (rows, distinct) = (share.rows as f64, share.distinct as f64);
            Some(Stretch { rows, distinct, first: share.first?, last: share.last? })
        };
        let stretches: Vec<Stretch> = shares.iter().map(stretch).collect::<Option<_>>()?;
        let rows_of = |value: f64| {
            let here = |stretch: &&Stretch| (stretch.first..=stretch.last).contains(&value);
            stretches.iter().find(here).map(|stretch| (value, stretch.rows / stretch.distinct))
        };
        let without: Vec<(f64, f64)> = most_common.iter().filter_map(|&(value, _)| rows_of(value)).collect();
        let all: f64 = stretches.iter().map(|stretch| stretch.rows).sum();
        let rows = all - without.iter().map(|without| without.1).sum::<f64>();
        (rows > 0.5).then_some(Self { stretches, without, rows })
    }

    /// What part lies below `x`, and what part up to and with it.
    fn at(&self, x: f64) -> (f64, f64) {
        let (mut below, mut with) = (0.0, 0.0);
        for stretch in &self.stretches {
            let of = stretch.below_and_with(x);
            below += of.0;
            with += of.1;
        }
        for &(value, rows) in &self.without {
            below -= if value < x { rows } else { 0.0 };
            with -= if value <= x { rows } else { 0.0 };
        }
        ((below / self.rows).clamp(0.0, 1.0), (with / self.rows).clamp(0.0, 1.0))
    }

    /// The largest distance between the distribution and the equi-depth `bounds`: at bound `j` of `b`, `j / b` of the
    /// values should be below. Where many rows have the bound's value, anything between below and with it is right.
    pub(super) fn distance(&self, bounds: &[f64]) -> f64 {
        let buckets = bounds.len().saturating_sub(1).max(1) as f64;
        let distance = |(number, &bound): (usize, &f64)| {
            let wanted = number as f64 / buckets;
            let (below, with) = self.at(bound);
            (below - wanted).max(wanted - with).max(0.0)
        };
        bounds.iter().enumerate().map(distance).fold(0.0, f64::max)
    }

    /// The largest distance between the distribution and that of `values` with their frequencies, which are all there are.
    pub(super) fn distance_of_values(&self, values: &[(f64, f64)]) -> f64 {
        let mut values = values.to_vec();
        values.sort_by(|one, two| one.0.total_cmp(&two.0));
        let all: f64 = values.iter().map(|value| value.1).sum();
        let (mut found, mut distance) = (0.0, if values.is_empty() { 1.0 } else { 0.0_f64 });
        for (value, frequency) in values {
            found += if all > 0.0 { frequency / all } else { 0.0 };
            distance = distance.max((self.at(value).1 - found).abs());
        }
        distance
    }

    /// What part lies below the first bound or above the last, whichever is more.
    pub(super) fn beyond(&self, bounds: &[f64]) -> f64 {
        match (bounds.first(), bounds.last()) {
            (Some(&first), Some(&last)) => self.at(first).0.max(1.0 - self.at(last).1),
            _ => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(rows: u64, distinct: u64, first: f64, last: f64) -> Share {
        Share {
            rows,
            distinct,
            first: Some(first),
            last: Some(last),
            value: None,
            counted: None,
            frequency: None,
        }
    }

    #[test]
    fn equi_depth_bounds_of_the_plan_itself_have_no_distance() {
        let shares = [share(500, 500, 0.0, 499.0), share(500, 100, 1_000.0, 1_990.0)];
        let distribution = Distribution::new(&shares, &[]).unwrap();
        let bounds = [0.0, 250.0, 499.0, 1_500.0, 1_990.0];
        assert!(distribution.distance(&bounds) < 0.01, "{}", distribution.distance(&bounds));
        assert_eq!(distribution.beyond(&bounds), 0.0);
    }

    #[test]
    fn a_distribution_that_is_elsewhere_is_far() {
        let distribution = Distribution::new(&[share(1_000, 1_000, 0.0, 999.0)], &[]).unwrap();
        let skewed: Vec<f64> = (0..=100).map(|at| f64::from(at * at) / 10.01).collect();
        assert!((distribution.distance(&skewed) - 0.25).abs() < 0.01, "{}", distribution.distance(&skewed));
        assert!((distribution.beyond(&[100.0, 899.0]) - 0.1).abs() < 1e-9);
    }

    #[test]
    fn most_common_values_are_taken_out() {
        let shares = [share(900, 1, 5.0, 5.0), share(100, 100, 6.0, 105.0)];
        let bounds: Vec<f64> = (0..=10).map(|at| 6.0 + 9.9 * f64::from(at)).collect();
        let without = Distribution::new(&shares, &[(5.0, 0.9)]).unwrap();
        assert!(without.distance(&bounds) < 0.02);
        let with = Distribution::new(&shares, &[]).unwrap();
        assert!(with.distance(&bounds) > 0.8);
        assert_eq!(Distribution::new(&shares[..1], &[(5.0, 0.9)]), None, "nothing is left");
    }

    #[test]
    fn where_all_values_are_common_they_are_the_distribution() {
        let shares = [share(500, 5, 1.0, 5.0), share(500, 1, 9.0, 9.0)];
        let distribution = Distribution::new(&shares, &[]).unwrap();
        let mut values = vec![(9.0, 0.5), (1.0, 0.1), (2.0, 0.1), (3.0, 0.1), (4.0, 0.1), (5.0, 0.1)];
        assert!(distribution.distance_of_values(&values) < 1e-9);
        values[0].1 = 0.1;
        assert!(distribution.distance_of_values(&values) > 0.3);
        assert_eq!(distribution.distance_of_values(&[]), 1.0);
    }

    #[test]
    fn rows_of_one_value_may_lie_on_either_side_of_a_bound() {
        let shares = [share(600, 1, 1.0, 1.0), share(400, 1, 2.0, 2.0)];
        let distribution = Distribution::new(&shares, &[]).unwrap();
        assert_eq!(distribution.distance(&[1.0, 1.0, 2.0]), 0.0);
        assert!((distribution.distance(&[1.0, 2.0, 2.0]) - 0.1).abs() < 1e-9);
    }
}
