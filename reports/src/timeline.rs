//! One rehearsal's events, sorted by what they tell of: the input of everything that is worked out.

use std::collections::BTreeMap;

use crate::event::{
    ChangeNamed, ChangesSeen, DataChecked, Entry, Event, Inspected, KernelLock, KernelTraceEnded,
    KernelTraceStarted, MigrationFinished, MigrationStarted, Notice, Phase, ProgressSeen, RehearsalFinished,
    RehearsalStarted, SamplerStopped, SessionLocks, StepRetried, StepStarted, StorageChanged,
};
use crate::window::Window;

mod application;
mod legs;
mod relations;
mod spans;

pub(crate) use application::Application;
pub(crate) use legs::{Leg, Legs};
use relations::Relations;
pub(crate) use spans::{PhaseSpan, StatementSpan, TransactionSpan};

/// The events of one leg of a rehearsal: of the migration up, of the way back, or of the way up again. Those of the baseline
/// (but for the application's) and of the other legs are not among them.
#[derive(Debug)]
pub(crate) struct Timeline<'a> {
    pub(crate) started: &'a RehearsalStarted,
    /// The beginning of the leg's phase; where the record has none, the next best beginning.
    pub(crate) zero_us: u64,
    /// When whatever is still open counts as closed: the migration's session being done, else the last event.
    pub(crate) close_us: u64,
    pub(crate) migration: Option<(u64, &'a MigrationStarted)>,
    pub(crate) migration_finished: Option<(u64, &'a MigrationFinished)>,
    pub(crate) steps: Vec<&'a StepStarted>,
    /// Tries at a step that failed, by the time at which they had.
    pub(crate) retries: Vec<(u64, &'a StepRetried)>,
    /// By index.
    pub(crate) statements: BTreeMap<u32, StatementSpan<'a>>,
    pub(crate) transactions: Vec<TransactionSpan>,
    pub(crate) readings: Vec<(u64, &'a SessionLocks)>,
    /// The sampler's events, in order.
    pub(crate) samples: Vec<&'a Entry>,
    /// By statement.
    pub(crate) notices: BTreeMap<u32, Vec<&'a Notice>>,
    pub(crate) storage: Vec<&'a StorageChanged>,
    pub(crate) progress: Vec<(u64, &'a ProgressSeen)>,
    /// Largest `pg_database_size` from the migration on.
    pub(crate) bytes_peak: Option<u64>,
    pub(crate) sampler: Option<&'a SamplerStopped>,
    /// The locks of the kernel's trace.
    pub(crate) kernel: Vec<&'a KernelLock>,
    /// Whether the kernel was to trace the server's calls, and why it could not.
    pub(crate) kernel_started: Option<&'a KernelTraceStarted>,
    pub(crate) kernel_ended: Option<&'a KernelTraceEnded>,
    pub(crate) inspected: Option<&'a Inspected>,
    /// The phases of the strategy, by time.
    pub(crate) phases: Vec<PhaseSpan<'a>>,
    /// When steps ran, by time: all of the migration, the pauses between its phases left out.
    pub(crate) running: Vec<Window>,
    pub(crate) checks: Vec<(u64, &'a DataChecked)>,
    /// By number.
    pub(crate) changes_named: BTreeMap<u32, &'a ChangeNamed>,
    pub(crate) changes: Vec<(u64, &'a ChangesSeen)>,
    pub(crate) finished: Option<&'a RehearsalFinished>,
    /// The application beside the migration, from the baseline on.
    pub(crate) application: Application<'a>,
    relations: Relations<'a>,
}

impl<'a> Timeline<'a> {
    /// Sorts a rehearsal's entries, which are in order; none where the rehearsal's beginning, or that of this way back or up
    /// again, is not among them.
    fn new(entries: &[&'a Entry], leg: Leg) -> Option<Self> {
        let (started_us, started) = entries.iter().find_map(|entry| match &entry.event {
            Event::RehearsalStarted(started) => Some((entry.at_us, started)),
            _ => None,
        })?;
        let phase_us = entries.iter().find_map(|entry| match &entry.event {
            Event::PhaseStarted(started) if started.phase == leg.phase() => Some(entry.at_us),
            _ => None,
        });
        let begun_us = if leg == Leg::Up { started_us } else { phase_us? };
        let mut timeline = Self {
            started,
            zero_us: begun_us,
            close_us: begun_us,
            migration: None,
            migration_finished: None,
            steps: Vec::new(),
            retries: Vec::new(),
            statements: BTreeMap::new(),
            transactions: Vec::new(),
            readings: Vec::new(),
            samples: Vec::new(),
            notices: BTreeMap::new(),
            storage: Vec::new(),
            progress: Vec::new(),
            bytes_peak: None,
            sampler: None,
            kernel: Vec::new(),
            kernel_started: None,
            kernel_ended: None,
            inspected: None,
            phases: Vec::new(),
            running: Vec::new(),
            checks: Vec::new(),
            changes_named: BTreeMap::new(),
            changes: Vec::new(),
            finished: None,
            application: Application::default(),
            relations: Relations::default(),
        };
        let mut phase = None;
        for entry in entries {
            if let Event::PhaseStarted(started) = &entry.event {
                phase = Some(started.phase);
            }
            let of_entry = Leg::of(phase);
            if let Event::RelationNamed(named) = &entry.event {
                timeline.relations.take(named, of_entry.cmp(&leg));
            } else if let Event::RehearsalFinished(finished) = &entry.event {
                timeline.finished = Some(finished);
            }
            if of_entry != leg {
                continue;
            }
            let of_migration = phase != Some(Phase::Baseline);
            if of_migration && phase != Some(Phase::Inspect) {
                timeline.close_us = timeline.close_us.max(entry.at_us);
            }
            timeline.take(entry, of_migration);
            timeline.application.take(entry);
        }
        let connected_us = timeline.migration.map(|(at_us, _)| at_us);
        timeline.zero_us = phase_us.or(connected_us).unwrap_or(begun_us);
        if let Some((at_us, _)) = timeline.migration_finished {
            timeline.close_us = at_us;
        }
        timeline.running = timeline.when_steps_ran();
        Some(timeline)
    }

    fn take(&mut self, entry: &'a Entry, of_migration: bool) {
        match &entry.event {
            Event::Inspected(inspected) => {
                self.inspected.get_or_insert(inspected);
            }
            Event::SamplerStopped(stopped) => self.sampler = Some(stopped),
            Event::KernelTraceStarted(started) => self.kernel_started = Some(started),
            Event::KernelTraceEnded(ended) => self.kernel_ended = Some(ended),
            _ if of_migration => self.take_of_migration(entry),
            _ => {}
        }
    }

    fn take_of_migration(&mut self, entry: &'a Entry) {
        let at_us = entry.at_us;
        match &entry.event {
            Event::MigrationStarted(started) => {
                self.migration.get_or_insert((at_us, started));
            }
            Event::MigrationFinished(finished) => {
                self.migration_finished.get_or_insert((at_us, finished));
            }
            Event::StepStarted(step) => self.steps.push(step),
            Event::StepRetried(retried) => self.retries.push((at_us, retried)),
            Event::TransactionStarted(_) => {
                self.end_transaction(Window::exactly(at_us));
                self.transactions.push(TransactionSpan { started_us: at_us, ended: None });
            }
            Event::TransactionEnded(ended) => {
                self.end_transaction(Window::between(ended.from_us.min(at_us), at_us));
            }
            Event::StatementStarted(started) => {
                self.statements.entry(started.statement).or_insert(StatementSpan {
                    started_us: at_us,
                    started,
                    finished: None,
                });
            }
            Event::StatementFinished(finished) => {
                if let Some(span) = self.statements.get_mut(&finished.statement) {
                    span.finished.get_or_insert((at_us, finished));
                }
            }
            Event::SessionLocks(locks) => self.readings.push((at_us, locks)),
            Event::LockSeen(_) | Event::LockGone(_) | Event::BlockedSeen(_) | Event::BlockedGone(_) => {
                self.samples.push(entry);
            }
            Event::KernelLock(lock) => self.kernel.push(lock),
            Event::Notice(notice) => {
                if let Some(statement) = notice.statement {
                    self.notices.entry(statement).or_default().push(notice);
                }
            }
            Event::StorageChanged(changed) => self.storage.push(changed),
            Event::ProgressSeen(seen) => self.progress.push((at_us, seen)),
            Event::DatabaseSized(sized) => self.bytes_peak = self.bytes_peak.max(Some(sized.bytes)),
            Event::StrategyPhaseStarted(started) => self.begin_phase(at_us, started),
            Event::StrategyPhaseFinished(finished) => self.finish_phase(at_us, finished),
            Event::DataChecked(checked) => self.checks.push((at_us, checked)),
            Event::ChangeNamed(named) => {
                self.changes_named.entry(named.change).or_insert(named);
            }
            Event::ChangesSeen(seen) => self.changes.push((at_us, seen)),
            // Facts of the run, facts taken elsewhere, and what no report tells of.
            Event::RecordStarted(_)
            | Event::RunStarted(_)
            | Event::ServerStarted(_)
            | Event::TableLoaded(_)
            | Event::TableVerified(_)
            | Event::DatasetReady(_)
            | Event::RehearsalStarted(_)
            | Event::PhaseStarted(_)
            | Event::RelationNamed(_)
            | Event::SamplerStopped(_)
            | Event::KernelTraceStarted(_)
            | Event::KernelTraceEnded(_)
            | Event::Inspected(_)
            | Event::StateSeen(_)
            | Event::RehearsalFinished(_)
            | Event::Warned(_)
            | Event::TornDown(_)
            | Event::ApplicationWrites(_)
            | Event::RollBackSkipped(_)
            | Event::WorkloadStarted(_)
            | Event::ProbeWindow(_)
            | Event::ProbeRequest(_)
            | Event::WorkloadStopped(_)
            | Event::HoldStarted(_)
            | Event::HoldEnded(_)
            | Event::RunFinished(_) => {}
        }
    }

    fn end_transaction(&mut self, window: Window) {
        if let Some(open) = self.transactions.last_mut().filter(|transaction| transaction.ended.is_none()) {
            open.ended = Some(window.not_before(open.started_us));
        }
    }

    /// The statement that was running, or had last been started, at `at_us`.
    pub(crate) fn statement_at(&self, at_us: u64) -> Option<&StatementSpan<'a>> {
        self.statements.values().rev().find(|span| span.started_us <= at_us)
    }

    /// Whether samples of the locks were taken.
    pub(crate) fn was_sampled(&self) -> bool {
        !self.samples.is_empty() || self.sampler.is_some_and(|sampler| sampler.samples > 0)
    }

    /// Whether the kernel's trace of the server's lock calls is whole.
    pub(crate) fn is_traced(&self) -> bool {
        let began = self.kernel_started.is_some_and(|started| started.error.is_none());
        began && self.kernel_ended.is_some_and(|ended| ended.lost == 0 && ended.error.is_none())
    }

    /// Longest time between two samples; none where no sampler reported.
    pub(crate) fn sample_gap_us(&self) -> Option<u64> {
        self.sampler.map(|sampler| sampler.gap_us_max)
    }
}
