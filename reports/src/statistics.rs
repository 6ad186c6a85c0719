//! Statistics of few repetitions: medians, how sure they are, and whether two samples differ.
//!
//! Nothing is assumed of how the numbers are distributed: durations are skewed, stalls are often 0, and sizes tie. What
//! is drawn at random is drawn from a generator with a fixed seed whose sequence is the same on every machine, so that
//! the same numbers always give the same answers.

mod bootstrap;
mod holm;
mod ranks;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

pub(crate) use bootstrap::{median_interval, ratio, ratio_interval};
pub(crate) use holm::holm;
pub(crate) use ranks::{RankTest, rank_test, smallest_p};

/// Two samples that were taken under the same conditions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stratum {
    pub(crate) one: Vec<f64>,
    pub(crate) other: Vec<f64>,
}

/// The middle value, or the mean of the two in the middle; none of nothing.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

fn median_of_sorted(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    sorted.get(middle.checked_sub(1)?).map(|lower| lower + (upper - lower) / 2.0)
}

/// Rounded to four digits, so that it is written alike wherever logarithms differ in their last bit.
pub(crate) fn four_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    format!("{value:.3e}").parse().unwrap_or(value)
}

fn generator() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(0x0070_6772_6568)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[9.0, 1.0, 4.0]), Some(4.0));
        assert_eq!(median(&[9.0, 1.0, 4.0, 5.0]), Some(4.5));
    }

    #[test]
    fn four_digits_are_kept() {
        let cases = [(0.000_123_456, 0.000_123_5), (59.996, 60.0), (0.0, 0.0), (123_456.0, 123_500.0)];
        for (value, rounded) in cases {
            assert_eq!(four_digits(value), rounded);
        }
    }
}
