//! From the entries of a record to the finished report.

mod backfill;
mod facts;
mod fit;
mod opened;
mod rehearsal;
mod rollback;
mod rollout;
mod warnings;

use std::collections::BTreeMap;

use crate::event::{Entry, Moment};
use crate::judge::comparison::{End, Ends};
use crate::judge::{self, Terms};
use crate::model::dataset::Dataset;
use crate::model::migrations::Migrations;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::Strategy;
use crate::model::{REPORT_FORMAT, RecordedRun, Report, Run, RunEnd, Scenario};
use crate::record::RecordError;
use crate::timeline::Legs;
use opened::Opened;
use warnings::Warnings;

impl Report {
    /// Works out everything that a record says. The entries may be nearly in order, as they were written; the
    /// same entries give the same report, whether they come from a file or from the run itself.
    ///
    /// # Errors
    /// Where they do not begin as a record does, or end before the run was told what to do.
    pub fn from_entries(entries: &[Entry]) -> Result<Self, RecordError> {
        Ok(assemble(&[Opened::new(entries)?]))
    }

    /// Puts the records of several runs of one scenario, from several machines or parts of a CI job, into one report. The
    /// repetitions of a strategy are numbered anew, in the order of the records; each rehearsal names its run.
    ///
    /// # Errors
    /// Where one of them is no record, where two are of other scenarios, other data or other limits, or the same.
    pub fn from_records(records: &[Vec<Entry>]) -> Result<Self, RecordError> {
        let opened = records.iter().map(|entries| Opened::new(entries)).collect::<Result<Vec<_>, _>>()?;
        if opened.is_empty() {
            return Err(RecordError::Empty);
        }
        fit::check(&opened)?;
        Ok(assemble(&opened))
    }
}

/// The report of records that fit, of which there is at least one.
fn assemble(records: &[Opened]) -> Report {
    let datasets: Vec<Option<Dataset>> =
        records.iter().map(|record| facts::dataset(&record.entries)).collect();
    let whole = datasets.iter().flatten().find(|dataset| dataset.fingerprint.is_some());
    let dataset = whole.or(datasets.iter().flatten().next()).cloned();
    let first = &records[0].started;
    let terms = Terms { budget: &first.budget, dataset: dataset.as_ref(), scale: first.scale };

    let mut warnings = Warnings::default();
    let mut rehearsed = Rehearsed::default();
    let mut runs = Vec::with_capacity(records.len());
    for (index, (record, dataset)) in records.iter().zip(&datasets).enumerate() {
        let mut of_record = Warnings::of_run(record.run.ended, record.run.error.as_deref(), &record.entries);
        if let Some(dataset) = dataset {
            of_record.of_data(dataset);
        }
        let renumber = records.len() > 1;
        let rehearsals = rehearsed.take(record, index, renumber, terms, &mut of_record);
        warnings.take(of_record, renumber.then_some(index + 1));
        runs.push(RecordedRun {
            run: record.run.clone(),
            environment: facts::environment(&record.entries),
            rehearsals,
        });
    }
    let environments: Vec<_> = runs.iter().map(|run| run.environment.clone()).collect();
    warnings.add_all(fit::environments_apart(&environments));

    let strategies = strategies(records, &mut rehearsed, terms, &mut warnings);
    warnings.not_measured(&strategies);
    let comparison = judge::comparison::compare(&strategies, &rehearsed.ends);
    warnings.of_comparison(&comparison);
    let bad = runs.iter().map(|run| &run.run).find(|run| run.ended != RunEnd::Finished);
    let run = bad.map_or_else(
        || records[0].run.clone(),
        |bad| Run { ended: bad.ended, error: bad.error.clone(), ..records[0].run.clone() },
    );
    let verdict = judge::overall(&strategies, run.ended == RunEnd::Finished);
    Report {
        format: REPORT_FORMAT.to_owned(),
        run,
        runs,
        scenario: Scenario {
            name: first.scenario.clone(),
            title: first.title.clone(),
            about: first.about.clone(),
            fingerprint: first.fingerprint.clone(),
            migrations: first.migrations.as_ref().map(Migrations::of),
        },
        environment: environments.into_iter().flatten().next(),
        seed: first.seed,
        scale: first.scale,
        dataset,
        comparison,
        strategies,
        verdict,
        warnings: warnings.finish(),
    }
}

/// The rehearsals of all records, by strategy.
#[derive(Debug, Default)]
struct Rehearsed<'a> {
    of_strategies: BTreeMap<String, Vec<Rehearsal>>,
    ends: Ends<'a>,
}

impl<'a> Rehearsed<'a> {
    /// Takes those of a record, and counts the ones that began.
    fn take(
        &mut self,
        record: &'a Opened,
        run: usize,
        renumber: bool,
        terms: Terms,
        warnings: &mut Warnings,
    ) -> u32 {
        let mut of_rehearsals: BTreeMap<u32, Vec<&Entry>> = BTreeMap::new();
        for entry in &record.entries {
            if let Some(rehearsal) = entry.rehearsal {
                of_rehearsals.entry(rehearsal).or_default().push(entry);
            }
        }
        let before = record.before();
        let mut begun = 0;
        for (number, entries) in &of_rehearsals {
            let Some(legs) = Legs::new(entries) else {
                warnings.of_unstarted_rehearsal(*number, entries);
                continue;
            };
            begun += 1;
            let timeline = &legs.up;
            let (mut rehearsal, contradictions) = rehearsal::rehearsal(&legs, before, terms);
            let of_strategy = self.of_strategies.entry(timeline.started.strategy.clone()).or_default();
            rehearsal.run = u32::try_from(run).unwrap_or(u32::MAX);
            if renumber {
                rehearsal.repetition = u32::try_from(of_strategy.len() + 1).unwrap_or(u32::MAX);
            }
            warnings.of_rehearsal(timeline, &rehearsal, &contradictions);
            if let Some(state) = legs.state(Moment::After).filter(|_| rehearsal.is_whole()) {
                let declared = rehearsal.workload.as_ref().is_some_and(|workload| !workload.by_default);
                let writes = declared && rehearsal.probes.iter().any(|probe| probe.kind == "write");
                let (run, repetition) = (rehearsal.run, rehearsal.repetition);
                let ends = self.ends.entry(timeline.started.strategy.clone()).or_default();
                ends.push(End { run, repetition, writes, state });
            }
            of_strategy.push(rehearsal);
        }
        begun
    }
}

/// The strategies that any of the records declares, judged, in the order in which they are first declared.
fn strategies(
    records: &[Opened],
    rehearsed: &mut Rehearsed,
    terms: Terms,
    warnings: &mut Warnings,
) -> Vec<Strategy> {
    let mut strategies: Vec<Strategy> = Vec::new();
    for declared in records.iter().flat_map(|record| &record.started.strategies) {
        if strategies.iter().any(|known| known.name == declared.name) {
            continue;
        }
        let rehearsals = rehearsed.of_strategies.remove(&declared.name).unwrap_or_default();
        if rehearsals.is_empty() {
            warnings.not_rehearsed(&declared.name);
        }
        strategies.push(judge::judge(declared, rehearsals, terms));
    }
    for undeclared in rehearsed.of_strategies.keys() {
        warnings.undeclared(undeclared);
    }
    strategies
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
