//! The repetitions of a strategy.

use super::comparison::{Cells, measure, measured_or_not};
use super::{outcome, verdict};
use crate::model::comparison::Measure;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::Strategy;
use crate::units;

/// The repetition that is told in full: the one with the longest stall, or, where none has one, with the longest block;
/// the first of those that are alike.
pub(in crate::render) fn most_painful(strategy: &Strategy) -> Option<&Rehearsal> {
    let longest = |rehearsal: &Rehearsal, measures: &[Measure]| {
        let known = measures.iter().filter_map(|measure| rehearsal.measures.get(measure));
        known.map(|value| value.as_f64()).fold(0.0, f64::max)
    };
    let pain = |rehearsal: &Rehearsal| {
        (
            longest(rehearsal, &[Measure::WriteStall, Measure::ReadStall]),
            longest(rehearsal, &[Measure::BlockingLock]),
        )
    };
    // Of equal ones the last would be the greatest.
    strategy.rehearsals.iter().rev().max_by(|one, other| {
        let (one, other) = (pain(one), pain(other));
        one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1))
    })
}

/// Heads and rows of a table of all repetitions; columns of which nothing at all is known are left out, and so is the run
/// where there is only one.
pub(in crate::render) fn repetitions_table(strategy: &Strategy) -> Cells {
    let rehearsals = &strategy.rehearsals;
    let measures = [Measure::Duration, Measure::WriteStall, Measure::ReadStall, Measure::BlockingLock];
    let is_known = |measure: &Measure| rehearsals.iter().any(|each| each.measures.contains_key(measure));
    let measures: Vec<Measure> = measures.into_iter().filter(is_known).collect();
    let several_runs = rehearsals.windows(2).any(|two| two[0].run != two[1].run);
    let asked = rehearsals.iter().any(|rehearsal| !rehearsal.probes.is_empty());

    let mut heads = vec!["repetition"];
    heads.extend(several_runs.then_some("run"));
    heads.extend(["outcome", "verdict"]);
    heads.extend(measures.iter().map(|of| measure(*of)));
    heads.extend(asked.then_some("failed requests"));
    let row = |rehearsal: &Rehearsal| {
        let mut cells = vec![rehearsal.repetition.to_string()];
        cells.extend(several_runs.then(|| (rehearsal.run + 1).to_string()));
        cells.push(ended(rehearsal));
        cells.push(rehearsal.verdict.map_or_else(String::new, |of| verdict(of).to_owned()));
        cells.extend(measures.iter().map(|of| measured_or_not(*of, rehearsal.measures.get(of))));
        cells.extend(asked.then(|| units::count(rehearsal.failed_requests().unwrap_or(0))));
        cells
    };
    (heads, rehearsals.iter().map(row).collect())
}

fn ended(rehearsal: &Rehearsal) -> String {
    match &rehearsal.error {
        Some(_) => format!("✗ {}, stopped by something else", outcome(rehearsal.outcome)),
        None if rehearsal.is_whole() => outcome(rehearsal.outcome).to_owned(),
        None => format!("✗ {}", outcome(rehearsal.outcome)),
    }
}
