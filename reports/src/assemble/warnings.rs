//! What the reader has to know before believing the rest.

use std::collections::BTreeMap;

use crate::event::{Entry, Event};
use crate::fidelity;
use crate::model::RunEnd;
use crate::model::comparison::{Comparison, EndStatus};
use crate::model::dataset::Dataset;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{BudgetStatus, Strategy};
use crate::timeline::Timeline;
use crate::units;

/// Share of missed samples from which they are worth a warning.
const MISSED_SHARE: f64 = 0.01;

/// The warnings of a report, each once, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Warnings(Vec<String>);

impl Warnings {
    pub(super) fn of_run(ended: RunEnd, error: Option<&str>, entries: &[Entry]) -> Self {
        let mut warnings = Self::default();
        let because = error.map_or_else(String::new, |error| format!(" ({error})"));
        match ended {
            RunEnd::Finished => {}
            RunEnd::Interrupted => {
                warnings.add(format!("The run was interrupted{because}: this report is incomplete."));
            }
            RunEnd::Failed => {
                warnings.add(format!("The run was stopped by an error{because}: this report is incomplete."));
            }
            RunEnd::CutOff => warnings.add(
                "The record ends in the middle, because the program was killed or the file was cut: this report is \
                 incomplete."
                    .to_owned(),
            ),
        }
        for entry in entries {
            match &entry.event {
                Event::Warned(warned) => warnings.add(warned.message.clone()),
                Event::TornDown(torn_down) => {
                    if let Some(error) = &torn_down.error {
                        warnings.add(format!("Could not be removed: {}: {error}", torn_down.what));
                    }
                }
                _ => {}
            }
        }
        warnings
    }

    /// Says where the data is not what was declared, or where nobody knows.
    pub(super) fn of_data(&mut self, dataset: &Dataset) {
        let Some(made) = &dataset.fidelity else { return };
        let failures = fidelity::failures(dataset);
        if let Some(worst) = failures.first() {
            let column = worst.column.map_or_else(String::new, |column| format!(".{column}"));
            self.add(format!(
                "The data is not what was declared: {} of {} do not hold; the worst is {} of {}{column}",
                units::count(made.failed),
                units::plural(made.checks, "check", "checks"),
                worst.check.metric,
                worst.table,
            ));
        }
        for table in dataset.tables.iter().filter(|table| table.checks.is_empty()) {
            self.add(format!("Whether the rows of {} are what was declared was not measured", table.name));
        }
    }

    pub(super) fn of_rehearsal(
        &mut self,
        timeline: &Timeline,
        rehearsal: &Rehearsal,
        contradictions: &[String],
    ) {
        let who = format!("{} (repetition {})", timeline.started.strategy, rehearsal.repetition);
        let mut add = |warning: String| self.add(format!("{who}: {warning}"));
        if let Some(error) = &rehearsal.error {
            add(format!("its numbers prove nothing, because it was stopped by something else: {error}"));
        }
        match timeline.sampler {
            Some(sampler) => {
                if let Some(error) = &sampler.error {
                    add(format!("watching its locks from beside ended early: {error}"));
                }
                let missed =
                    Share { part: sampler.missed, of: sampler.samples.saturating_add(sampler.missed) };
                if missed.is_at_least(MISSED_SHARE) {
                    add(format!(
                        "{} of {} lock samples were missed, the longest gap being {}",
                        units::count(missed.part),
                        units::count(missed.of),
                        units::duration(rehearsal.sampler.as_ref().map_or(0.0, |sampler| sampler.gap_ms_max)),
                    ));
                }
            }
            None if rehearsal.error.is_none() && timeline.migration.is_some() => {
                add("nobody watched its locks from beside: waits are unknown, and so are the locks of statements \
                     outside a transaction"
                    .to_owned());
            }
            None => {}
        }
        if let Some(why) = rehearsal.workload.as_ref().and_then(|workload| workload.why_not.as_ref()) {
            add(format!("its stalls prove only what the migration's locks explain, because {why}"));
        }
        if let Some(trace) = &rehearsal.kernel_trace {
            if let Some(error) = &trace.error {
                add(format!("locks are not reported from the kernel, but as without it: {error}"));
            } else if let Some(lost @ 1..) = trace.lost {
                let lost = units::plural(lost, "lock call", "lock calls");
                add(format!("locks are not reported from the kernel, but as without it: {lost} were lost"));
            }
        }
        if let Some(dropped @ 1..) = rehearsal.dropped.events {
            add(format!("{} could not be kept", units::plural(dropped, "event", "events")));
        }
        if let Some((first, more)) = contradictions.split_first() {
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            let who = if timeline.is_traced() { "the kernel's trace" } else { "the samples" };
            add(format!("the session's own reading and {who} contradict each other on {first}{more}"));
        }
    }

    pub(super) fn of_unstarted_rehearsal(&mut self, number: u32, entries: &[&Entry]) {
        let error = entries.iter().find_map(|entry| match &entry.event {
            Event::RehearsalFinished(finished) => finished.error.as_deref(),
            _ => None,
        });
        let because = error.map_or_else(String::new, |error| format!(": {error}"));
        self.add(format!("Rehearsal {number} never began{because}"));
    }

    pub(super) fn not_rehearsed(&mut self, strategy: &str) {
        self.add(format!("{strategy}: was not rehearsed"));
    }

    pub(super) fn undeclared(&mut self, strategy: &str) {
        self.add(format!("{strategy}: was rehearsed, but the run does not declare it; it is left out"));
    }

    /// Names the limits that nothing is known about. Those that the scenario declares fail its verdict.
    pub(super) fn not_measured(&mut self, strategies: &[Strategy]) {
        let mut limits: BTreeMap<(bool, String), Vec<&str>> = BTreeMap::new();
        let rehearsed = || strategies.iter().filter(|strategy| !strategy.rehearsals.is_empty());
        for strategy in rehearsed() {
            for broken in [true, false] {
                let lines = strategy.budget.iter().filter(|line| {
                    line.status == BudgetStatus::NotMeasured
                        && line.measured.is_none()
                        && line.broken == broken
                });
                let names: Vec<&str> = lines.map(|line| line.limit.as_str()).collect();
                if !names.is_empty() {
                    limits.entry((broken, names.join(", "))).or_default().push(&strategy.name);
                }
            }
        }
        let all = rehearsed().count();
        for ((broken, limits), of) in limits {
            let who = if of.len() == all { String::new() } else { format!("{}: ", of.join(", ")) };
            let means = if broken {
                "Not measured, which fails the verdict, because the scenario itself sets the limit"
            } else {
                "Not measured, and no part of the verdict"
            };
            self.add(format!("{who}{means}: {limits}"));
        }
    }

    /// Says where strategies, or repetitions of one, do not end alike, and which were never compared.
    pub(super) fn of_comparison(&mut self, comparison: &Comparison) {
        let Comparison { rows, pairs, end_state, .. } = comparison;
        for row in rows.iter().filter(|row| row.repetitions > 1 && row.failed_repetitions > 0) {
            self.add(format!(
                "{}: {} of {} did not complete, and {} not among its medians",
                row.strategy,
                row.failed_repetitions,
                units::plural(u64::from(row.repetitions), "repetition", "repetitions"),
                if row.failed_repetitions == 1 { "is" } else { "are" },
            ));
        }
        let completed = |name: &str| {
            rows.iter().any(|row| row.strategy == name && row.repetitions > row.failed_repetitions)
        };
        for pair in pairs.iter().filter(|pair| pair.runs.is_empty()) {
            if completed(&pair.one) && completed(&pair.other) {
                self.add(format!(
                    "{} and {} were never rehearsed in the same run: which of them comes first proves nothing",
                    pair.one, pair.other
                ));
            }
        }
        for pair in end_state.pairs.iter().filter(|pair| pair.status == EndStatus::Different) {
            self.add(format!("{} and {} do not end alike: {}", pair.one, pair.other, pair.in_brief()));
        }
        for of in &end_state.repetitions {
            let (one, other) = of.names();
            let first = of.differences.first();
            let first = first.map_or_else(String::new, |first| first.in_brief(&one, &other));
            self.add(format!(
                "{}: repetitions {} and {} do not end alike: {first}",
                of.strategy, of.one, of.other
            ));
        }
    }

    /// Takes the warnings of one of several runs, with its number.
    pub(super) fn take(&mut self, of_run: Self, run: Option<usize>) {
        let numbered = |warning: String| match run {
            Some(run) => format!("Run {run}: {warning}"),
            None => warning,
        };
        self.add_all(of_run.0.into_iter().map(numbered));
    }

    pub(super) fn add_all(&mut self, warnings: impl IntoIterator<Item = String>) {
        for warning in warnings {
            self.add(warning);
        }
    }

    fn add(&mut self, warning: String) {
        if !self.0.contains(&warning) {
            self.0.push(warning);
        }
    }

    pub(super) fn finish(self) -> Vec<String> {
        self.0
    }
}

/// A part of a number of things.
struct Share {
    part: u64,
    of: u64,
}

impl Share {
    fn is_at_least(&self, share: f64) -> bool {
        self.part > 0 && self.part as f64 >= share * self.of as f64
    }
}
