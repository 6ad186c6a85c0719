//! Seeded permutations of 0..n for any n, in constant memory, with their inverse.

use super::divide::Divider;
use super::rng::Stream;

/// More rounds for small domains, where each round has few values to tell apart.
const ROUNDS_MAX: usize = 8;
const SMALL: u64 = 1 << 12;

/// A permutation of 0..n.
///
/// A number is split as `left * b + right` with a, b close to the square root of n; rounds add a keyed function of
/// one half to the other half, modulo its radix, which is a bijection of 0..a*b. Results outside 0..n are sent through
/// again until they fall inside; as a*b exceeds n by less than 2 in the square root, that is rare.
#[derive(Debug, Clone)]
pub(crate) struct Permutation {
    n: u64,
    a: u64,
    b: u64,
    split: Divider,
    keys: [u64; ROUNDS_MAX],
    rounds: usize,
}

/// A keyed number below `radix`, from one half of the number.
#[inline]
fn round(half: u64, key: u64, radix: u64) -> u64 {
    let mut x = (half ^ key).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x = (x ^ (x >> 32)).wrapping_mul(0xCF1B_BCDC_B7A5_6463);
    ((x >> 32) * radix) >> 32
}

impl Permutation {
    /// A permutation of `0..n`; `n` is at most 2^32.
    pub(crate) fn new(n: u64, stream: Stream) -> Self {
        assert!(n <= 1 << 32, "plans refuse tables that large");
        let mut a = n.isqrt().max(1);
        if a * a < n {
            a += 1;
        }
        let b = n.div_ceil(a).max(1);
        let keys = std::array::from_fn(|at| stream.at(at as u64));
        Self { n, a, b, split: Divider::new(b), keys, rounds: if n < SMALL { ROUNDS_MAX } else { 4 } }
    }

    /// Where `x` goes.
    #[inline]
    pub(crate) fn apply(&self, x: u64) -> u64 {
        self.apply_keyed(x, 0)
    }

    /// Where `x` goes in the variant that `tweak` selects; tweaks make as many permutations as there are windows.
    #[inline]
    pub(crate) fn apply_keyed(&self, x: u64, tweak: u64) -> u64 {
        debug_assert!(x < self.n);
        let mut x = x;
        loop {
            x = if self.rounds == 4 { self.pass::<4>(x, tweak) } else { self.pass::<ROUNDS_MAX>(x, tweak) };
            if x < self.n {
                return x;
            }
        }
    }

    #[inline]
    fn pass<const ROUNDS: usize>(&self, x: u64, tweak: u64) -> u64 {
        let (mut left, mut right) = self.split.divide(x);
        let mut at = 0;
        while at < ROUNDS {
            left += round(right, self.keys[at] ^ tweak, self.a);
            left -= if left >= self.a { self.a } else { 0 };
            right += round(left, self.keys[at + 1] ^ tweak, self.b);
            right -= if right >= self.b { self.b } else { 0 };
            at += 2;
        }
        left * self.b + right
    }

    /// What goes to `y`: the inverse of [`Self::apply`].
    pub(crate) fn invert(&self, y: u64) -> u64 {
        self.invert_keyed(y, 0)
    }

    /// The inverse of [`Self::apply_keyed`].
    fn invert_keyed(&self, y: u64, tweak: u64) -> u64 {
        let mut y = y;
        loop {
            let (mut left, mut right) = self.split.divide(y);
            for at in (0..self.rounds).step_by(2).rev() {
                right += self.b - round(left, self.keys[at + 1] ^ tweak, self.b);
                right -= if right >= self.b { self.b } else { 0 };
                left += self.a - round(right, self.keys[at] ^ tweak, self.a);
                left -= if left >= self.a { self.a } else { 0 };
            }
            y = left * self.b + right;
            if y < self.n {
                return y;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(seed: u64) -> Stream {
        Stream::new(seed, "t", "c", "permutation")
    }

    proptest! {
        #[test]
        fn every_number_is_hit_once(n in 1u64..3000, seed: u64, tweak: u64) {
            let permutation = Permutation::new(n, stream(seed));
            let mut seen = vec![false; n as usize];
            for x in 0..n {
                let y = permutation.apply_keyed(x, tweak);
                prop_assert!(!std::mem::replace(&mut seen[y as usize], true));
            }
        }

        #[test]
        fn inverse_undoes(n in 1u64..=1 << 32, at: u64, seed: u64, tweak: u64) {
            let permutation = Permutation::new(n, stream(seed));
            let x = at % n;
            prop_assert_eq!(permutation.invert_keyed(permutation.apply_keyed(x, tweak), tweak), x);
        }
    }

    #[test]
    fn order_is_lost() {
        for n in [1000u64, 100_003] {
            for seed in 0..20 {
                let permutation = Permutation::new(n, stream(seed));
                let mean = (n - 1) as f64 / 2.0;
                let sum: f64 = (0..n).map(|x| (x as f64 - mean) * (permutation.apply(x) as f64 - mean)).sum();
                let correlation = sum / ((n as f64).powi(3) / 12.0);
                assert!(correlation.abs() < 5.0 / (n as f64).sqrt(), "{n} {seed}: {correlation}");
                // Neighbours must not stay neighbours.
                let close = (1..n)
                    .filter(|&x| permutation.apply(x).abs_diff(permutation.apply(x - 1)) < n / 100)
                    .count() as f64
                    / n as f64;
                assert!((close - 0.02).abs() < 0.02, "{n} {seed}: {close}");
            }
        }
    }

    #[test]
    fn small_permutations_are_all_reached() {
        let mut seen = std::collections::BTreeMap::<Vec<u64>, u32>::new();
        for seed in 0..24_000 {
            let permutation = Permutation::new(4, stream(seed));
            *seen.entry((0..4).map(|x| permutation.apply(x)).collect()).or_default() += 1;
        }
        assert_eq!(seen.len(), 24);
        assert!(seen.values().all(|&count| count.abs_diff(1000) < 300), "{seen:?}");
    }
}
