//! Whether more repetitions would tell nothing new.

use super::numbers::Numbers;
use super::{by_stalls, each_with_each, pairs};
use crate::model::comparison::Measure;
use crate::model::strategy::{Strategy, Verdict};

/// Repetitions of each strategy from which on it counts that all of the one passed and all of the other failed: were they
/// alike, that would happen by chance in one of ten cases, and a verdict has a limit besides to hold on to.
const REPETITIONS_MIN: usize = 3;

/// Whether more repetitions would tell nothing new: see [`clear`](crate::model::comparison::Comparison::clear). No
/// interval is worked out for it, so that it may be asked after every round.
///
/// Every question is another chance to be wrong once in twenty times: whoever stops at the first yes should not ask
/// before there are repetitions enough, and not too often.
pub fn is_clear(strategies: &[Strategy]) -> bool {
    let numbers: Vec<Numbers> = strategies.iter().map(Numbers::of).collect();
    are_told_apart(&numbers, by_stalls(&numbers))
}

/// Whether each is told apart from each.
pub(super) fn are_told_apart(numbers: &[Numbers], by_stalls: bool) -> bool {
    let mut pairs = each_with_each(numbers);
    numbers.len() > 1 && pairs.all(|(one, other)| is_told_apart(one, other, by_stalls))
}

fn is_told_apart(one: &Numbers, other: &Numbers, by_stalls: bool) -> bool {
    let tested = pairs::test(one, other);
    let apart = |one: &Numbers, other: &Numbers| all_are(one, Verdict::Pass) && all_are(other, Verdict::Fail);
    tested.differs_in_pain(by_stalls)
        || tested.differs_in(Measure::Duration)
        || apart(one, other)
        || apart(other, one)
}

fn all_are(numbers: &Numbers, verdict: Verdict) -> bool {
    let rehearsals = &numbers.strategy.rehearsals;
    rehearsals.len() >= REPETITIONS_MIN
        && rehearsals.iter().all(|rehearsal| rehearsal.verdict == Some(verdict))
}
