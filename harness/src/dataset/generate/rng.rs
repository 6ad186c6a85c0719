//! Pseudo-random numbers without state: the number at an index is a function of a key and that index.

/// A named stream of 64-bit numbers, each reachable in any order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream(u64);

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Spreads the bits of `x`: the finaliser of splitmix64, a bijection on 64 bits.
#[inline]
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// `floor(fraction * bound)`, where `fraction` is a random number read as a fraction of 2^64.
#[inline]
pub(crate) fn scale(fraction: u64, bound: u64) -> u64 {
    ((u128::from(fraction) * u128::from(bound)) >> 64) as u64
}

impl Stream {
    /// The stream for one purpose of one column.
    ///
    /// Names are hashed with their lengths, so a column's values depend on nothing but its own name: a
    /// column that is added later changes no other.
    pub(crate) fn new(seed: u64, table: &str, column: &str, purpose: &str) -> Self {
        let mut key = mix(seed.wrapping_add(GOLDEN));
        for name in [table, column, purpose] {
            key = mix(key ^ (name.len() as u64).wrapping_mul(GOLDEN));
            for chunk in name.as_bytes().chunks(8) {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                key = mix(key ^ u64::from_le_bytes(word)).wrapping_add(GOLDEN);
            }
        }
        Self(key)
    }

    /// The number at `index`.
    #[inline]
    pub(crate) fn at(self, index: u64) -> u64 {
        mix(self.even(index))
    }

    /// A number for `index` such that consecutive indices spread evenly over all numbers (multiples of the golden section).
    #[inline]
    pub(crate) fn even(self, index: u64) -> u64 {
        self.0.wrapping_add(index.wrapping_mul(GOLDEN))
    }

    /// A number below `bound` for `index`.
    #[inline]
    pub(crate) fn below(self, index: u64, bound: u64) -> u64 {
        scale(self.at(index), bound)
    }

    /// A stream of its own for `index`.
    pub(crate) fn child(self, index: u64) -> Self {
        Self(mix(self.at(index) ^ GOLDEN))
    }

    /// Shuffles a list, while planning.
    pub(crate) fn shuffle<T>(self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at as u64, at as u64 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_seeds_and_purposes_make_different_streams() {
        let streams = [
            Stream::new(1, "public.users", "email", "value"),
            Stream::new(2, "public.users", "email", "value"),
            Stream::new(1, "public.user", "semail", "value"),
            Stream::new(1, "public.users", "emailv", "alue"),
            Stream::new(1, "public.users", "email", "order"),
            Stream::new(1, "public.users", "a much longer name than one word", "order"),
            Stream::new(1, "public.users", "a much longer name than one wore", "order"),
        ];
        let mut firsts: Vec<u64> = streams.iter().map(|stream| stream.at(0)).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), streams.len());
    }

    #[test]
    fn numbers_below_a_bound_are_spread_evenly() {
        let stream = Stream::new(7, "t", "c", "test");
        let mut counts = [0u32; 10];
        for index in 0..100_000 {
            counts[stream.below(index, 10) as usize] += 1;
        }
        // Five standard deviations of a binomial count: 5 * sqrt(100,000 * 0.1 * 0.9).
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 475), "{counts:?}");
    }
}
