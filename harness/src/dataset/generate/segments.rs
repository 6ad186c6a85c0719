//! The quantile axis: positions of non-null rows in value order, cut into stretches with exact counts.

use super::rng::scale;

/// A stretch of positions and how many different values they share out evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The first position.
    pub(crate) start: u64,
    /// How many positions.
    pub(crate) count: u64,
    /// How many different values, 1 to `count`.
    pub(crate) distinct: u64,
}

/// A value as the axis sees it: the segment's number and the value's number in it. Both fit 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) u64);

impl Slot {
    /// No value.
    pub(crate) const NULL: Self = Self(u64::MAX);

    /// The segment's number.
    #[inline]
    pub(crate) fn segment(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// The value's number in the segment.
    #[inline]
    pub(crate) fn index(self) -> u64 {
        self.0 & 0xFFFF_FFFF
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u64,
    end: u64,
    /// `ceil(distinct * 2^64 / count)`, or 0 where every position has its own value.
    ratio: u64,
}

/// Segments in value order, covering 0..n without gaps.
#[derive(Debug, Clone)]
pub(crate) struct Segments {
    list: Vec<Segment>,
    entries: Vec<Entry>,
    /// The segment that holds the first position of each stretch of `1 << guide_shift` positions.
    guide: Vec<u32>,
    guide_shift: u32,
}

/// About how many entries the guide has.
const GUIDE: u64 = 512;

impl Segments {
    /// Lays `(count, distinct)` pairs end to end; each has `1 <= distinct <= count`.
    pub(crate) fn new(parts: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut start = 0;
        let mut list = Vec::new();
        let mut entries = Vec::new();
        for (count, distinct) in parts {
            assert!((1..=count).contains(&distinct), "{distinct} different values in {count} rows");
            list.push(Segment { start, count, distinct });
            let ratio = if distinct == count {
                0
            } else {
                (u128::from(distinct) << 64).div_ceil(u128::from(count)) as u64
            };
            entries.push(Entry { start, end: start + count, ratio });
            start += count;
        }
        let mut guide_shift = 0;
        while (start >> guide_shift) >= GUIDE {
            guide_shift += 1;
        }
        let guide = (0..=start >> guide_shift)
            .map(|at| entries.partition_point(|entry| entry.end <= at << guide_shift) as u32)
            .collect();
        Self { list, entries, guide, guide_shift }
    }

    /// The segments in order.
    pub(crate) fn list(&self) -> &[Segment] {
        &self.list
    }

    /// Positions in all.
    pub(crate) fn positions(&self) -> u64 {
        self.list.last().map_or(0, |last| last.start + last.count)
    }

    /// Different values in all.
    pub(crate) fn distinct(&self) -> u64 {
        self.list.iter().map(|segment| segment.distinct).sum()
    }

    /// The value with this number in value order; the last where there are not as many.
    pub(crate) fn nth(&self, number: u64) -> Slot {
        let mut left = number;
        for (at, segment) in self.list.iter().enumerate() {
            if left < segment.distinct {
                return Slot((at as u64) << 32 | left);
            }
            left -= segment.distinct;
        }
        self.list
            .last()
            .map_or(Slot::NULL, |last| Slot((self.list.len() as u64 - 1) << 32 | (last.distinct - 1)))
    }

    /// The value at a position, which is below [`Self::positions`].
    #[inline]
    pub(crate) fn locate(&self, position: u64) -> Slot {
        let mut at = self.guide[(position >> self.guide_shift) as usize] as usize;
        while position >= self.entries[at].end {
            at += 1;
        }
        let Entry { start, ratio, .. } = self.entries[at];
        let offset = position - start;
        // Positions are fewer than 2^32, so rounding the ratio up never carries the product over a whole number.
        let index = if ratio == 0 { offset } else { scale(offset, ratio) };
        Slot((at as u64) << 32 | index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_appears_and_evenly(parts in proptest::collection::vec((1u64..400, 1u64..400), 1..40)) {
            let parts: Vec<_> = parts.into_iter().map(|(count, distinct)| (count, distinct.min(count))).collect();
            let segments = Segments::new(parts.iter().copied());
            let mut counts: Vec<Vec<u64>> =
                parts.iter().map(|&(_, distinct)| vec![0; distinct as usize]).collect();
            let mut last = Slot(0);
            for position in 0..segments.positions() {
                let slot = segments.locate(position);
                prop_assert!(slot.0 >= last.0);
                last = slot;
                counts[slot.segment()][slot.index() as usize] += 1;
            }
            for (counts, (count, distinct)) in counts.iter().zip(parts) {
                prop_assert_eq!(counts.iter().sum::<u64>(), count);
                prop_assert!(counts.iter().all(|&times| times == count / distinct || times == count.div_ceil(distinct)));
            }
        }

        #[test]
        fn large_segments_end_at_their_last_value(count in 1u64..=1 << 32, part in 0.0f64..=1.0) {
            let distinct = ((count as f64 * part) as u64).clamp(1, count);
            let segments = Segments::new([(count, distinct)]);
            prop_assert_eq!(segments.locate(0).index(), 0);
            prop_assert_eq!(segments.locate(count - 1).index(), distinct - 1);
            let middle = count / 2;
            let exact = u128::from(middle) * u128::from(distinct) / u128::from(count);
            prop_assert_eq!(u128::from(segments.locate(middle).index()), exact);
        }
    }
}
