//! Which rows are NULL: an exact count, spread over the table, with every row's rank among the rest at hand.

use super::rng::Stream;

/// Rows are decided in blocks of as many as a word has bits.
pub(crate) const BLOCK: u64 = 64;

/// Chooses `nulls` of `rows` rows.
///
/// Each block of 64 rows gets its even share of the NULLs (Bresenham's way, so the shares sum to the exact count) at
/// random places in it. The number of NULLs before a block is then known without looking at any other block.
#[derive(Debug, Clone)]
pub(crate) struct Nulls {
    rows: u64,
    nulls: u64,
    stream: Stream,
}

/// The NULLs of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NullBlock {
    /// Bit `i` is set where the block's row `i` is NULL.
    pub(crate) mask: u64,
    /// Rows before this block that are not NULL.
    pub(crate) rank: u64,
}

impl Nulls {
    /// Chooses `nulls` of `rows` rows.
    pub(crate) fn new(rows: u64, nulls: u64, stream: Stream) -> Self {
        assert!(nulls <= rows, "quotas sum to the rows");
        Self { rows, nulls, stream }
    }

    /// The same rows, of which none is NULL.
    pub(crate) fn without(&self) -> Self {
        Self { nulls: 0, ..self.clone() }
    }

    /// Rows that are NULL, in all.
    pub(crate) fn count(&self) -> u64 {
        self.nulls
    }

    fn before(&self, row: u64) -> u64 {
        (u128::from(row) * u128::from(self.nulls) / u128::from(self.rows)) as u64
    }

    /// The block that begins at row `index * 64`.
    pub(crate) fn block(&self, index: u64) -> NullBlock {
        let start = index * BLOCK;
        if self.nulls == 0 {
            return NullBlock { mask: 0, rank: start };
        }
        let end = (start + BLOCK).min(self.rows);
        let before = self.before(start);
        let nulls = self.before(end) - before;
        let size = end - start;
        let whole = if size == BLOCK { u64::MAX } else { (1 << size) - 1 };
        let mask = if nulls * 2 > size {
            whole & !self.choose(start, size, size - nulls)
        } else {
            self.choose(start, size, nulls)
        };
        NullBlock { mask, rank: start - before }
    }

    /// Replaces at most 64 rows, in any order, by their ranks among those that are not NULL. Gives a bit for each that is
    /// NULL, and leaves some valid rank there; a row that is `u64::MAX` counts as NULL.
    pub(crate) fn ranks(&self, rows: &mut [u64]) -> u64 {
        debug_assert!(rows.len() <= BLOCK as usize);
        let mut null = 0;
        let mut known = None;
        for (at, row) in rows.iter_mut().enumerate() {
            if *row == u64::MAX {
                null |= 1 << at;
                *row = 0;
            } else if self.nulls > 0 {
                let (index, bit) = (*row / BLOCK, *row % BLOCK);
                let block = match known {
                    Some((known, block)) if known == index => block,
                    _ => self.block(index),
                };
                known = Some((index, block));
                null |= (block.mask >> bit & 1) << at;
                *row = block.rank + u64::from((!block.mask & ((1 << bit) - 1)).count_ones());
            }
        }
        null
    }

    /// The first row that is NULL.
    pub(crate) fn first(&self) -> Option<u64> {
        if self.nulls == 0 {
            return None;
        }
        // The first block with a share of its own: the one in which `before` reaches 1.
        let end = self.rows.div_ceil(self.nulls);
        let index = (end - 1) / BLOCK;
        Some(index * BLOCK + u64::from(self.block(index).mask.trailing_zeros()))
    }

    /// A random set of `count` of the numbers below `size` (Floyd's sampling), as bits.
    fn choose(&self, start: u64, size: u64, count: u64) -> u64 {
        let mut mask = 0u64;
        for last in size - count..size {
            let bit = 1 << self.stream.below(start + last, last + 1);
            mask |= if mask & bit == 0 { bit } else { 1 << last };
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn count_is_exact_and_ranks_are_dense(rows in 1u64..5000, fraction in 0.0f64..=1.0, seed: u64) {
            let count = ((rows as f64) * fraction).round() as u64;
            let nulls = Nulls::new(rows, count, Stream::new(seed, "t", "c", "nulls"));
            let (mut found, mut rank) = (0, 0);
            for index in 0..rows.div_ceil(BLOCK) {
                let block = nulls.block(index);
                prop_assert_eq!(block.rank, rank);
                let size = (rows - index * BLOCK).min(BLOCK);
                prop_assert!(size == BLOCK || block.mask >> size == 0);
                if found == 0 && block.mask != 0 {
                    let first = index * BLOCK + u64::from(block.mask.trailing_zeros());
                    prop_assert_eq!(nulls.first(), Some(first));
                }
                let rows: Vec<u64> = (index * BLOCK..).take(size as usize).collect();
                let mut ranks = rows.clone();
                ranks.reverse();
                prop_assert_eq!(nulls.ranks(&mut ranks).reverse_bits() >> (BLOCK - size), block.mask);
                for (row, found) in rows.iter().zip(ranks.iter().rev()) {
                    let bit = row % BLOCK;
                    let earlier = u64::from((!block.mask & ((1 << bit) - 1)).count_ones());
                    prop_assert!(block.mask >> bit & 1 == 1 || *found == rank + earlier);
                }
                found += u64::from(block.mask.count_ones());
                rank += size - u64::from(block.mask.count_ones());
            }
            prop_assert_eq!(found, count);
        }
    }

    #[test]
    fn places_within_blocks_are_even() {
        let nulls = Nulls::new(64 * 6400, 6400 * 16, Stream::new(3, "t", "c", "nulls"));
        let mut hits = [0u32; 64];
        for index in 0..6400 {
            let mask = nulls.block(index).mask;
            for (bit, hits) in hits.iter_mut().enumerate() {
                *hits += (mask >> bit & 1) as u32;
            }
        }
        assert!(hits.iter().all(|hits| hits.abs_diff(1600) < 190), "{hits:?}");
    }
}
