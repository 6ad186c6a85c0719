//! Division by a number that is known before the loop, without the divide instruction.

/// Divides by one fixed number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Divider {
    by: u64,
    reciprocal: u64,
}

impl Divider {
    /// Prepares division by `by`, which is at least 1.
    pub(crate) fn new(by: u64) -> Self {
        assert!(by > 0, "nothing is divided by zero");
        Self { by, reciprocal: u64::MAX / by }
    }

    /// Quotient and remainder.
    #[inline]
    pub(crate) fn divide(self, number: u64) -> (u64, u64) {
        // The reciprocal is too small by at most one unit of 2^-64, so the estimate is at most one short.
        let estimate = ((u128::from(number) * u128::from(self.reciprocal)) >> 64) as u64;
        let rest = number - estimate * self.by;
        if rest >= self.by { (estimate + 1, rest - self.by) } else { (estimate, rest) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Divider;

    proptest! {
        #[test]
        fn agrees_with_the_divide_instruction(by in 1u64.., number: u64, shift in 0u32..64) {
            for by in [by, (by >> shift).max(1)] {
                prop_assert_eq!(Divider::new(by).divide(number), (number / by, number % by));
            }
        }

        #[test]
        fn is_right_beside_multiples(by in 1u64..1 << 32, times in 0u64..1 << 31) {
            for number in [by * times, (by * times).wrapping_sub(1), by * times + 1, u64::MAX] {
                prop_assert_eq!(Divider::new(by).divide(number), (number / by, number % by));
            }
        }
    }
}
