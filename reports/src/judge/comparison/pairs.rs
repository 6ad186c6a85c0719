//! Two strategies against each other: what the data supports, and by how much they differ.

#[cfg(test)]
mod alike;
mod words;

use super::numbers::Numbers;
use crate::event::SLOW_US;
use crate::model::Quantity;
use crate::model::comparison::{Interval, Measure, Pair, PairMeasure};
use crate::statistics::{
    RankTest, Stratum, four_digits, holm, median, rank_test, ratio, ratio_interval, smallest_p,
};
use crate::units;
use crate::window::ms;

/// How often at most strategies that are alike may be told apart.
const ALPHA: f64 = 0.05;

/// What the data supports of two strategies.
#[derive(Debug)]
pub(super) struct Tested {
    /// Runs in which both completed.
    runs: Vec<u32>,
    /// How often, in each of them.
    sizes: Vec<(usize, usize)>,
    /// The measures that both have.
    measures: Vec<TestedMeasure>,
}

#[derive(Debug)]
struct TestedMeasure {
    measure: Measure,
    /// By run; the runs in which one of them has none are left out.
    strata: Vec<Stratum>,
    /// With the p-value after Holm's correction.
    test: Option<(RankTest, f64)>,
}

impl TestedMeasure {
    fn is_different(&self) -> bool {
        self.test.is_some_and(|(_, p_adjusted)| p_adjusted <= ALPHA)
    }
}

/// Tests every measure of two strategies.
pub(super) fn test(one: &Numbers, other: &Numbers) -> Tested {
    let (ones, others) = (one.by_run(), other.by_run());
    let both = ones.iter().filter_map(|(run, ones)| Some((*run, (*ones, *others.get(run)?))));
    let (runs, sizes): (Vec<u32>, Vec<(usize, usize)>) = both.unzip();
    let strata = |measure: Measure| -> Vec<Stratum> {
        let strata = runs
            .iter()
            .map(|run| Stratum { one: one.of_run(measure, *run), other: other.of_run(measure, *run) });
        strata.filter(|stratum| !stratum.one.is_empty() && !stratum.other.is_empty()).collect()
    };
    let measures = Measure::ALL.into_iter().map(|measure| (measure, strata(measure)));
    let measures: Vec<_> = measures.filter(|(_, strata)| !strata.is_empty()).collect();
    let tests: Vec<Option<RankTest>> = measures.iter().map(|(_, strata)| rank_test(strata)).collect();
    // What is the same in all repetitions can tell nothing apart, and costs the others no certainty.
    let mut adjusted = holm(&tests.iter().flatten().map(|test| test.p).collect::<Vec<_>>()).into_iter();
    let measures = measures.into_iter().zip(tests).map(|((measure, strata), test)| TestedMeasure {
        measure,
        strata,
        test: test.and_then(|test| Some((test, adjusted.next()?))),
    });
    let measures = measures.collect();
    Tested { runs, sizes, measures }
}

impl Tested {
    /// Whether the data supports a difference in that measure.
    pub(super) fn differs_in(&self, measure: Measure) -> bool {
        self.measures.iter().any(|tested| tested.measure == measure && tested.is_different())
    }

    /// Whether there are repetitions enough to tell a difference, were there one that leaves no doubt.
    pub(super) fn is_enough(&self) -> bool {
        let questions = self.measures.iter().filter(|tested| tested.test.is_some()).count().max(1);
        smallest_p(self.sizes.iter().copied()) * questions as f64 <= ALPHA
    }

    /// The measure that is the pain of the two.
    pub(super) fn pain(&self, by_stalls: bool) -> Measure {
        if !by_stalls {
            Measure::BlockingLock
        } else if self.longer_median(Measure::ReadStall) > self.longer_median(Measure::WriteStall) {
            Measure::ReadStall
        } else {
            Measure::WriteStall
        }
    }

    /// Whether the data supports a difference in the pain, and at least one of the two is felt.
    pub(super) fn differs_in_pain(&self, by_stalls: bool) -> bool {
        let pain = self.pain(by_stalls);
        self.differs_in(pain) && (!by_stalls || self.longer_median(pain) >= ms(SLOW_US))
    }

    /// The longer one of the medians of both, of all runs; 0 where there is none.
    fn longer_median(&self, measure: Measure) -> f64 {
        let tested = self.measures.iter().find(|tested| tested.measure == measure);
        let strata = tested.map_or(&[][..], |tested| &tested.strata);
        middle(strata, |stratum| &stratum.one).max(middle(strata, |stratum| &stratum.other))
    }

    /// Why no difference can be told, in words; none where one can.
    fn too_few(&self, one: &Numbers, other: &Numbers) -> Option<String> {
        for numbers in [one, other] {
            if !numbers.has_completed() {
                return Some(format!("{} never completed", numbers.strategy.name));
            }
        }
        let name = |numbers: &Numbers| numbers.strategy.name.clone();
        if self.runs.is_empty() {
            let (one, other) = (name(one), name(other));
            return Some(format!(
                "{one} and {other} were never rehearsed in the same run, so they are not compared"
            ));
        }
        if self.is_enough() {
            return None;
        }
        let of = |take: fn(&(usize, usize)) -> usize| self.sizes.iter().map(take).sum::<usize>();
        let fewest = of(|sizes| sizes.0).min(of(|sizes| sizes.1));
        let repetitions = units::plural(fewest as u64, "repetition", "repetitions");
        let is = if fewest == 1 { "is" } else { "are" };
        let enough = enough(self.measures.len());
        Some(match self.runs.len() {
            1 => format!("{repetitions} {is} too few to tell a difference: {enough} are enough"),
            runs => {
                format!(
                    "{repetitions} in {runs} runs {is} too few to tell a difference: {enough} in one run are enough"
                )
            }
        })
    }
}

/// The median of one of the two, of all runs; 0 where there is none.
fn middle(strata: &[Stratum], of: fn(&Stratum) -> &Vec<f64>) -> f64 {
    median(&strata.iter().flat_map(of).copied().collect::<Vec<_>>()).unwrap_or(0.0)
}

/// Repetitions of each strategy, in one run, that can tell a difference in every one of that many measures.
fn enough(measures: usize) -> usize {
    let questions = measures.max(1) as f64;
    (2..100).find(|size| smallest_p([(*size, *size)].into_iter()) * questions <= ALPHA).unwrap_or(100)
}

/// The pair for the report, from what was tested of it.
pub(super) fn pair(one: &Numbers, other: &Numbers, by_stalls: bool) -> Pair {
    let tested = test(one, other);
    let of = |take: fn(&(usize, usize)) -> usize| tested.sizes.iter().map(take).sum::<usize>();
    let measures: Vec<PairMeasure> =
        tested.measures.iter().map(|measure| of_measure(measure, &other.strategy.name)).collect();
    Pair {
        one: one.strategy.name.clone(),
        other: other.strategy.name.clone(),
        one_repetitions: u32::try_from(of(|sizes| sizes.0)).unwrap_or(u32::MAX),
        other_repetitions: u32::try_from(of(|sizes| sizes.1)).unwrap_or(u32::MAX),
        different: measures.iter().any(|measure| measure.different),
        too_few: tested.too_few(one, other),
        pain: tested.pain(by_stalls),
        runs: tested.runs,
        measures,
    }
}

fn of_measure(tested: &TestedMeasure, other: &str) -> PairMeasure {
    let interval = ratio_interval(&tested.strata);
    let ratio = ratio(&tested.strata);
    let different = tested.is_different();
    let words = || words::difference(tested.measure, &tested.strata, ratio, interval, other);
    PairMeasure {
        measure: tested.measure,
        ratio: ratio.map(four_digits),
        interval: interval.filter(|_| ratio.is_some()).map(|(low, high)| Interval {
            low: Quantity::Fraction(four_digits(low)),
            high: Quantity::Fraction(four_digits(high)),
        }),
        p: tested.test.map(|(test, _)| four_digits(test.p)),
        p_adjusted: tested.test.map(|(_, p_adjusted)| four_digits(p_adjusted)),
        different,
        words: if different { words() } else { None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_are_as_many_as_the_correction_needs() {
        assert_eq!([0, 1, 2, 6, 7].map(enough), [4, 4, 5, 5, 6]);
    }
}
