//! Whether two samples differ: the Wilcoxon–Mann–Whitney test, made exact by permutation.
//!
//! The statistic is the sum of the ranks of the one sample, ties sharing theirs, less what it would be by chance. Were
//! both samples alike, every way of splitting the values into two of these sizes would be as likely; the p-value is the
//! share of splits that are as far from chance as the real one, to either side, and so right with any number of ties.
//! All splits are counted without going through them, by the shift algorithm (Streitberg and Röhmel, *Exact
//! Distributions for Permutation and Rank Tests*, 1986).
//!
//! Samples that come in strata are ranked, and split, within each, and the statistics added up: what differs between two
//! machines is then no difference between the samples.

use std::collections::BTreeMap;

use rand::RngExt;

use super::{Stratum, generator};

/// Splits drawn at random where counting all of them would take too long.
const DRAWS: u32 = 20_000;
/// Additions from which on counting takes too long.
const ADDITIONS_MAX: usize = 20_000_000;

/// What came of a test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RankTest {
    /// How likely samples as different are where nothing differs.
    pub(crate) p: f64,
    /// Twice the rank sum of the one less what it would be by chance: below 0 where its values are the smaller ones.
    pub(crate) deviation: i64,
}

/// Tests whether the ones differ from the others. None where every stratum lacks one of the two, or has one value alone
/// however often, so that there is nothing to test.
pub(crate) fn rank_test(strata: &[Stratum]) -> Option<RankTest> {
    let pools: Vec<Pool> = strata.iter().filter_map(Pool::of).collect();
    if pools.is_empty() {
        return None;
    }
    let deviation: i64 = pools.iter().map(|pool| pool.deviation).sum();
    let additions = pools.iter().fold(0_usize, |sum, pool| sum.saturating_add(pool.additions()));
    let p = if additions > ADDITIONS_MAX { drawn_p(&pools, deviation) } else { exact_p(&pools, deviation) };
    Some(RankTest { p: p.min(1.0), deviation })
}

/// The smallest p-value that samples of these sizes, one and other of each stratum, can come to: both orders without
/// any overlap, of all splits.
pub(crate) fn smallest_p(sizes: impl Iterator<Item = (usize, usize)>) -> f64 {
    let splits = sizes.map(|(ones, others)| {
        (1..=ones).fold(1.0, |splits, taken| splits * (others + taken) as f64 / taken as f64)
    });
    (2.0 / splits.product::<f64>()).min(1.0)
}

/// The values of a stratum as ranks.
#[derive(Debug)]
struct Pool {
    /// Twice the rank of each, so that shared ones are whole.
    ranks: Vec<i64>,
    ones: usize,
    deviation: i64,
}

impl Pool {
    fn of(stratum: &Stratum) -> Option<Self> {
        let all = || stratum.one.iter().chain(&stratum.other);
        let first = all().next()?;
        if stratum.one.is_empty() || stratum.other.is_empty() || all().all(|value| value == first) {
            return None;
        }
        let rank = |value: &f64| {
            let (mut smaller, mut equal) = (0_i64, 0_i64);
            for other in all() {
                smaller += i64::from(other < value);
                equal += i64::from(other == value);
            }
            2 * smaller + equal + 1
        };
        let ranks: Vec<i64> = all().map(rank).collect();
        let ones = stratum.one.len();
        let deviation = ranks.iter().take(ones).sum::<i64>() - Self::by_chance(ones, ranks.len());
        Some(Self { ranks, ones, deviation })
    }

    /// Twice the expected rank sum: n₁(n₁+n₂+1).
    fn by_chance(ones: usize, all: usize) -> i64 {
        i64::try_from(ones * (all + 1)).unwrap_or(i64::MAX)
    }

    fn additions(&self) -> usize {
        self.ranks.len().saturating_mul(self.ones).saturating_mul(self.largest_sum() + 1)
    }

    fn largest_sum(&self) -> usize {
        let mut ranks = self.ranks.clone();
        ranks.sort_unstable_by(|one, other| other.cmp(one));
        usize::try_from(ranks.iter().take(self.ones).sum::<i64>()).unwrap_or(0)
    }

    /// How likely every deviation is. Ranks are gone through one by one; each is among the ones with the chance that a
    /// draw without replacement gives it, so that no number of splits ever has to be written down.
    fn distribution(&self) -> BTreeMap<i64, f64> {
        let sums = self.largest_sum() + 1;
        let mut chances = vec![vec![0.0; sums]; self.ones + 1];
        chances[0][0] = 1.0;
        for (seen, rank) in self.ranks.iter().enumerate() {
            let left = (self.ranks.len() - seen) as f64;
            let rank = usize::try_from(*rank).unwrap_or(0);
            for taken in (0..=self.ones.min(seen)).rev() {
                let take = (self.ones - taken) as f64 / left;
                for sum in 0..sums {
                    let chance = chances[taken][sum];
                    if chance > 0.0 {
                        if take > 0.0 {
                            chances[taken + 1][sum + rank] += chance * take;
                        }
                        chances[taken][sum] = chance * (1.0 - take).max(0.0);
                    }
                }
            }
        }
        let by_chance = Self::by_chance(self.ones, self.ranks.len());
        let deviations = chances[self.ones].iter().zip(0_i64..);
        deviations
            .filter(|(chance, _)| **chance > 0.0)
            .map(|(chance, sum)| (sum - by_chance, *chance))
            .collect()
    }
}

fn exact_p(pools: &[Pool], deviation: i64) -> f64 {
    let mut all = BTreeMap::from([(0_i64, 1.0_f64)]);
    for pool in pools {
        let mut both = BTreeMap::new();
        for (one, of_one) in pool.distribution() {
            for (other, of_other) in &all {
                *both.entry(one + other).or_insert(0.0) += of_one * of_other;
            }
        }
        all = both;
    }
    all.iter().filter(|(other, _)| other.abs() >= deviation.abs()).map(|(_, chance)| chance).sum()
}

/// By splits drawn at random, the real one counted among them, so that the p-value is never too small (Phipson and Smyth,
/// *Permutation P-values Should Never Be Zero*, 2010).
fn drawn_p(pools: &[Pool], deviation: i64) -> f64 {
    let mut random = generator();
    let mut ranks: Vec<Vec<i64>> = pools.iter().map(|pool| pool.ranks.clone()).collect();
    let mut as_far = 1_u32;
    for _ in 0..DRAWS {
        let mut drawn = 0;
        for (pool, ranks) in pools.iter().zip(&mut ranks) {
            for place in 0..pool.ones {
                let other = random.random_range(place..ranks.len());
                ranks.swap(place, other);
            }
            drawn += ranks.iter().take(pool.ones).sum::<i64>() - Pool::by_chance(pool.ones, ranks.len());
        }
        as_far += u32::from(drawn.abs() >= deviation.abs());
    }
    f64::from(as_far) / f64::from(DRAWS + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stratum(one: &[f64], other: &[f64]) -> Stratum {
        Stratum { one: one.to_vec(), other: other.to_vec() }
    }

    fn p(strata: &[Stratum]) -> f64 {
        rank_test(strata).expect("there is something to test").p
    }

    #[track_caller]
    fn close(one: f64, other: f64) {
        assert!((one - other).abs() < 1e-12, "{one} and {other}");
    }

    #[test]
    fn samples_without_an_overlap_are_as_unlikely_as_can_be() {
        close(p(&[stratum(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0])]), 2.0 / 20.0);
        close(p(&[stratum(&[6.0, 7.0, 8.0, 9.0, 10.0], &[1.0, 2.0, 3.0, 4.0, 5.0])]), 2.0 / 252.0);
        close(smallest_p([(5, 5)].into_iter()), 2.0 / 252.0);
        close(smallest_p([(5, 3), (1, 1)].into_iter()), 1.0 / 56.0);
        assert_eq!(smallest_p([].into_iter()), 1.0);
    }

    #[test]
    fn ties_share_their_ranks() {
        let zeros = stratum(&[0.0, 0.0, 0.0, 5.0], &[0.0, 7.0, 8.0, 9.0]);
        close(p(std::slice::from_ref(&zeros)), by_going_through(&zeros));
        assert!(rank_test(&[zeros]).is_some_and(|test| test.deviation < 0));
    }

    #[test]
    fn what_is_always_the_same_is_no_test() {
        assert_eq!(rank_test(&[stratum(&[0.0; 5], &[0.0; 5])]), None);
        assert_eq!(rank_test(&[stratum(&[1.0, 2.0], &[])]), None);
        assert_eq!(rank_test(&[]), None);
    }

    #[test]
    fn a_machine_that_is_slow_is_no_difference() {
        // The ones were mostly rehearsed on a machine that is ten times as slow.
        let strata =
            [stratum(&[1.0], &[1.1, 0.9, 1.05, 0.95, 1.02]), stratum(&[10.0, 11.0, 9.0, 10.5, 9.5], &[10.2])];
        assert!(p(&strata) > 0.5, "{}", p(&strata));
        let thrown_together = stratum(
            &strata.iter().flat_map(|stratum| stratum.one.clone()).collect::<Vec<_>>(),
            &strata.iter().flat_map(|stratum| stratum.other.clone()).collect::<Vec<_>>(),
        );
        assert!(p(&[thrown_together]) < 0.1);
    }

    #[test]
    fn two_machines_that_agree_prove_more_than_one() {
        let apart = || stratum(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]);
        close(p(&[apart(), apart()]), 2.0 / 400.0);
    }

    #[test]
    fn drawn_splits_come_near_all_of_them() {
        let pool = |stratum: &Stratum| vec![Pool::of(stratum).expect("values differ")];
        let sample = stratum(&[1.0, 4.0, 2.0, 9.0, 3.0, 5.0], &[8.0, 7.0, 6.0, 10.0, 12.0, 5.0]);
        let pools = pool(&sample);
        let (exact, drawn) = (exact_p(&pools, pools[0].deviation), drawn_p(&pools, pools[0].deviation));
        assert!((exact - drawn).abs() < 0.01, "{exact} and {drawn}");
        assert_eq!(drawn, drawn_p(&pools, pools[0].deviation));
    }

    #[test]
    fn many_repetitions_are_drawn_from() {
        let values = |from: f64| (0..200).map(|index| from + f64::from(index)).collect::<Vec<_>>();
        assert!(p(&[stratum(&values(0.0), &values(40.5))]) < 0.001);
    }

    /// Every split of a stratum, one by one.
    fn by_going_through(stratum: &Stratum) -> f64 {
        let pool = Pool::of(stratum).expect("values differ");
        let (mut all, mut as_far) = (0_u32, 0_u32);
        for split in 0_u32..1 << pool.ranks.len() {
            if split.count_ones() as usize == pool.ones {
                let taken = pool.ranks.iter().enumerate().filter(|(place, _)| split >> place & 1 == 1);
                let sum: i64 = taken.map(|(_, rank)| rank).sum();
                let far = (sum - Pool::by_chance(pool.ones, pool.ranks.len())).abs() >= pool.deviation.abs();
                all += 1;
                as_far += u32::from(far);
            }
        }
        f64::from(as_far) / f64::from(all)
    }

    proptest! {
        #[test]
        fn all_splits_are_counted(
            one in prop::collection::vec(0..6_u32, 1..6),
            other in prop::collection::vec(0..6_u32, 1..6),
        ) {
            let values = |of: Vec<u32>| of.into_iter().map(f64::from).collect::<Vec<_>>();
            let stratum = Stratum { one: values(one), other: values(other) };
            if let Some(test) = rank_test(std::slice::from_ref(&stratum)) {
                prop_assert!((test.p - by_going_through(&stratum)).abs() < 1e-9);
                let turned = Stratum { one: stratum.other.clone(), other: stratum.one.clone() };
                let turned = rank_test(&[turned]).expect("the same values");
                prop_assert!((test.p - turned.p).abs() < 1e-9);
                prop_assert_eq!(test.deviation, -turned.deviation);
            }
        }
    }
}
