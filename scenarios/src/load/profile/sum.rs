//! Sums of fractions that people wrote in decimals.

/// Declared fractions are decimal, their sum is not.
pub(super) const DUST: f64 = 1e-9;

/// How far fractions that should add up to 1 may miss it: they are often rounded for the file.
pub(super) const ROUNDED: f64 = 1e-6;

/// A number for people, without the dust of binary fractions.
pub(super) fn shown(number: f64) -> f64 {
    let rounded = (number * 1e9).round() / 1e9;
    if rounded.is_finite() { rounded } else { number }
}
