//! Two strategies against each other.

use serde::{Deserialize, Serialize};

use super::measure::{Interval, Measure};

/// Two strategies against each other. Only repetitions of runs in which both completed at least once count, so that two
/// machines are never taken for two strategies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pair {
    /// The better one, going by `order`.
    pub one: String,
    /// The other.
    pub other: String,
    /// Runs in which both completed: indexes in the report's `runs`.
    pub runs: Vec<u32>,
    /// Repetitions of the one that count.
    pub one_repetitions: u32,
    /// Repetitions of the other that count.
    pub other_repetitions: u32,
    /// Whether the data supports a difference in any measure.
    pub different: bool,
    /// Why it can support none, whatever the numbers are; null where it can.
    pub too_few: Option<String>,
    /// The measure that is the pain of the two: the stall that is the longer one of either; where not every strategy has
    /// stalls, the lock that blocks.
    pub pain: Measure,
    /// Every measure that both have.
    pub measures: Vec<PairMeasure>,
}

/// A measure of two strategies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PairMeasure {
    /// Which.
    pub measure: Measure,
    /// Median of the one divided by that of the other; of several runs the geometric mean of each run's ratio, weighted by
    /// n₁n₂/(n₁+n₂); null where a median is 0.
    pub ratio: Option<f64>,
    /// The interval that holds the true ratio in about 9 of 10 cases, by the percentile bootstrap of 4000 samples that
    /// are drawn with a fixed seed, each from its run; null where a run has a single repetition of either, or where an
    /// end of it is without bounds.
    pub interval: Option<Interval>,
    /// How likely numbers as different are where nothing differs: an exact two-sided permutation test on the sum of ranks,
    /// within each run. Null where it was the same in all repetitions of either.
    pub p: Option<f64>,
    /// The same after Holm's correction for all measures of the pair that have one.
    pub p_adjusted: Option<f64>,
    /// Whether that supports a difference: 0.05 at most.
    pub different: bool,
    /// The difference in words, of the one: `stalls writes 60× less (50–70)`; null where none is
    /// supported, or where it is of stalls that are all shorter than 10 ms, which nobody feels.
    pub words: Option<String>,
}
