//! What each repetition of a strategy comes to in every measure.

use std::collections::BTreeMap;

use super::{blocking_ms, growth_bytes, stall};
use crate::event::SLOW_US;
use crate::model::Quantity;
use crate::model::comparison::{Interval, Measure, Measured, MeasuredValue};
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::Strategy;
use crate::statistics::{median, median_interval};
use crate::window::{ms, to_the_us};

/// A strategy's repetitions that completed.
#[derive(Debug)]
pub(super) struct Numbers<'a> {
    pub(super) strategy: &'a Strategy,
    whole: Vec<&'a Rehearsal>,
}

impl<'a> Numbers<'a> {
    pub(super) fn of(strategy: &'a Strategy) -> Self {
        Self {
            strategy,
            whole: strategy.rehearsals.iter().filter(|rehearsal| rehearsal.is_whole()).collect(),
        }
    }

    /// How many completed in each run.
    pub(super) fn by_run(&self) -> BTreeMap<u32, usize> {
        let mut by_run = BTreeMap::new();
        for rehearsal in &self.whole {
            *by_run.entry(rehearsal.run).or_insert(0) += 1;
        }
        by_run
    }

    pub(super) fn has_completed(&self) -> bool {
        !self.whole.is_empty()
    }

    /// How many of the repetitions are in no measure.
    pub(super) fn failed(&self) -> usize {
        self.strategy.rehearsals.len() - self.whole.len()
    }

    fn values(&self, measure: Measure) -> impl Iterator<Item = (&'a Rehearsal, Quantity)> {
        self.whole.iter().filter_map(move |rehearsal| Some((*rehearsal, *rehearsal.measures.get(&measure)?)))
    }

    /// The values of a run.
    pub(super) fn of_run(&self, measure: Measure, run: u32) -> Vec<f64> {
        let values = self.values(measure).filter(|(rehearsal, _)| rehearsal.run == run);
        values.map(|(_, value)| value.as_f64()).collect()
    }

    /// Whether somebody measured how long requests waited, in every repetition that completed.
    pub(super) fn has_stalls(&self) -> bool {
        self.whole.iter().all(|rehearsal| stalled_ms(rehearsal).is_some())
    }

    /// Median of the longest stall of any kind, 0 where it is shorter than 10 ms, or, where stalls are not to be gone by, of
    /// the longest block; of these runs, or where there are none of all. Infinite where nobody knows.
    pub(super) fn pain_ms(&self, by_stalls: bool, runs: &[u32]) -> f64 {
        self.median_ms(runs, if by_stalls { felt_ms } else { blocked_ms })
    }

    /// Median of the duration, in the same way.
    pub(super) fn duration_ms(&self, runs: &[u32]) -> f64 {
        self.median_ms(runs, |rehearsal| rehearsal.duration_ms)
    }

    fn median_ms(&self, runs: &[u32], of: fn(&Rehearsal) -> Option<f64>) -> f64 {
        let counts = |rehearsal: &&&Rehearsal| runs.is_empty() || runs.contains(&rehearsal.run);
        let values: Vec<f64> =
            self.whole.iter().filter(counts).map(|each| of(each).unwrap_or(f64::INFINITY)).collect();
        median(&values).unwrap_or(f64::INFINITY)
    }

    /// Every measure, for the report.
    pub(super) fn measured(&self) -> Vec<Measured> {
        Measure::ALL.map(|measure| self.one_measured(measure)).to_vec()
    }

    fn one_measured(&self, measure: Measure) -> Measured {
        let values: Vec<MeasuredValue> = self
            .values(measure)
            .map(|(rehearsal, value)| MeasuredValue {
                run: rehearsal.run,
                repetition: rehearsal.repetition,
                value,
            })
            .collect();
        let numbers: Vec<f64> = values.iter().map(|value| value.value.as_f64()).collect();
        let interval = median_interval(&numbers);
        Measured {
            measure,
            unit: measure.unit().to_owned(),
            values,
            median: median(&numbers).map(|median| quantity(measure, median)),
            interval: interval
                .map(|(low, high)| Interval { low: quantity(measure, low), high: quantity(measure, high) }),
        }
    }
}

/// What a repetition comes to in every measure that was taken.
pub(crate) fn measures(rehearsal: &Rehearsal) -> BTreeMap<Measure, Quantity> {
    Measure::ALL.into_iter().filter_map(|measure| Some((measure, value(rehearsal, measure)?))).collect()
}

/// What it comes to in one; none where that was not measured.
fn value(rehearsal: &Rehearsal, measure: Measure) -> Option<Quantity> {
    match measure {
        Measure::Duration => rehearsal.duration_ms.map(Quantity::Fraction),
        Measure::WriteStall => stall(rehearsal, "write"),
        Measure::ReadStall => stall(rehearsal, "read"),
        Measure::BlockingLock => blocking_ms(rehearsal).map(Quantity::Fraction),
        Measure::Wal => rehearsal.after.wal_bytes.map(Quantity::Whole),
        Measure::DiskGrowth => growth_bytes(rehearsal).map(Quantity::Whole),
    }
}

/// The longest stall of any kind.
fn stalled_ms(rehearsal: &Rehearsal) -> Option<f64> {
    let kinds = [Measure::WriteStall, Measure::ReadStall];
    kinds
        .iter()
        .filter_map(|kind| rehearsal.measures.get(kind))
        .map(|stall| stall.as_f64())
        .max_by(f64::total_cmp)
}

/// The longest stall, as far as it was felt: what is shorter than any request that is told one by one is what requests take
/// anyway, and no pain at all.
fn felt_ms(rehearsal: &Rehearsal) -> Option<f64> {
    stalled_ms(rehearsal).map(|stalled_ms| if stalled_ms < ms(SLOW_US) { 0.0 } else { stalled_ms })
}

/// The longest block.
fn blocked_ms(rehearsal: &Rehearsal) -> Option<f64> {
    rehearsal.measures.get(&Measure::BlockingLock).map(|block| block.as_f64())
}

/// A number of that measure, in the resolution of what it is made of.
pub(super) fn quantity(measure: Measure, value: f64) -> Quantity {
    match measure.unit() {
        "bytes" => Quantity::Whole(value.round() as u64),
        _ => Quantity::Fraction(to_the_us(value)),
    }
}
