//! From the entries of a record to the finished report.

mod facts;
mod rehearsal;
mod warnings;

use std::collections::BTreeMap;

use crate::event::{Entry, Event, RunStarted};
use crate::judge::{self, Terms};
use crate::model::strategy::Strategy;
use crate::model::{REPORT_FORMAT, Report, Run, RunEnd, Scenario};
use crate::record::{self, RecordError};
use crate::timeline::Timeline;
use warnings::Warnings;

impl Report {
    /// Works out everything that a record says. The entries may be nearly in order, as they were written; the
    /// same entries give the same report, whether they come from a file or from the run itself.
    ///
    /// # Errors
    /// Where they do not begin as a record does, or end before the run was told what to do.
    pub fn from_entries(entries: &[Entry]) -> Result<Self, RecordError> {
        let (program_version, started_at) = match entries.first() {
            None => return Err(RecordError::Empty),
            Some(Entry { event: Event::RecordStarted(first), .. }) => {
                record::check_format(&first.format, &first.program_version)?;
                (first.program_version.clone(), first.started_at.clone())
            }
            Some(_) => {
                return Err(RecordError::NotARecord("it does not begin with `record_started`".to_owned()));
            }
        };
        let entries = record::in_order(entries);
        let run = entries.iter().find_map(|entry| match &entry.event {
            Event::RunStarted(run) => Some(run),
            _ => None,
        });
        let run = run.ok_or(RecordError::NothingHappened)?;
        let (ended, error) = run_end(&entries);

        let dataset = facts::dataset(&entries);
        let mut warnings = Warnings::of_run(ended, error.as_deref(), &entries);
        if let Some(dataset) = &dataset {
            warnings.of_data(dataset);
        }
        let terms = Terms { budget: &run.budget, dataset: dataset.as_ref(), scale: run.scale };
        let strategies = strategies(run, &entries, terms, &mut warnings);
        warnings.not_measured(&strategies);
        let verdict = judge::overall(&strategies, ended == RunEnd::Finished);
        Ok(Self {
            format: REPORT_FORMAT.to_owned(),
            run: Run { program_version, started_at, ended, error },
            scenario: Scenario {
                name: run.scenario.clone(),
                title: run.title.clone(),
                about: run.about.clone(),
                fingerprint: run.fingerprint.clone(),
            },
            environment: facts::environment(&entries),
            seed: run.seed,
            scale: run.scale,
            dataset,
            comparison: judge::comparison::compare(&strategies),
            strategies,
            verdict,
            warnings: warnings.finish(),
        })
    }
}

fn run_end(entries: &[Entry]) -> (RunEnd, Option<String>) {
    let finished = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::RunFinished(finished) => Some(finished),
        _ => None,
    });
    match finished {
        None => (RunEnd::CutOff, None),
        Some(finished) if finished.interrupted => (RunEnd::Interrupted, finished.error.clone()),
        Some(finished) if finished.error.is_some() => (RunEnd::Failed, finished.error.clone()),
        Some(_) => (RunEnd::Finished, None),
    }
}

fn strategies(run: &RunStarted, entries: &[Entry], terms: Terms, warnings: &mut Warnings) -> Vec<Strategy> {
    let mut of_rehearsals: BTreeMap<u32, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        if let Some(rehearsal) = entry.rehearsal {
            of_rehearsals.entry(rehearsal).or_default().push(entry);
        }
    }
    let mut of_strategies: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (number, entries) in &of_rehearsals {
        match Timeline::new(entries) {
            Some(timeline) => {
                let (rehearsal, contradictions) = rehearsal::rehearsal(&timeline, terms.budget);
                warnings.of_rehearsal(&timeline, &rehearsal, &contradictions);
                of_strategies.entry(&timeline.started.strategy).or_default().push(rehearsal);
            }
            None => warnings.of_unstarted_rehearsal(*number, entries),
        }
    }
    let mut strategies = Vec::with_capacity(run.strategies.len());
    for declared in &run.strategies {
        let rehearsals = of_strategies.remove(declared.name.as_str()).unwrap_or_default();
        if rehearsals.is_empty() {
            warnings.not_rehearsed(&declared.name);
        }
        strategies.push(judge::judge(declared, rehearsals, terms));
    }
    for undeclared in of_strategies.keys() {
        warnings.undeclared(undeclared);
    }
    strategies
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
