//! One rehearsal's events, sorted by what they tell of: the input of everything that is worked out.

use std::collections::BTreeMap;

use crate::event::{
    Entry, Event, Inspected, KernelLock, KernelTraceEnded, KernelTraceStarted, MigrationFinished,
    MigrationStarted, Moment, Notice, Phase, ProgressSeen, RehearsalFinished, RehearsalStarted, RelationKind,
    RelationNamed, SamplerStopped, SessionLocks, StateSeen, StepRetried, StepStarted, StorageChanged,
};
use crate::window::Window;

mod application;
mod spans;

pub(crate) use application::Application;
pub(crate) use spans::{StatementSpan, TransactionSpan};

/// Smallest oid of an object that is not part of the system (`FirstNormalObjectId`).
const FIRST_USER_OID: u32 = 16_384;

/// A rehearsal's events. Those of the baseline (but for the application's) and of the way back are not among them: they
/// are no part of the migration up.
#[derive(Debug)]
pub(crate) struct Timeline<'a> {
    pub(crate) started: &'a RehearsalStarted,
    /// The migration phase's beginning; where the record has none, the next best beginning.
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
    /// What the migration led to.
    pub(crate) state_after: Option<&'a StateSeen>,
    pub(crate) finished: Option<&'a RehearsalFinished>,
    /// The application beside the migration, from the baseline on.
    pub(crate) application: Application<'a>,
    relations: BTreeMap<u32, &'a RelationNamed>,
}

impl<'a> Timeline<'a> {
    /// Sorts a rehearsal's entries, which are in order; none where its beginning is not among them.
    pub(crate) fn new(entries: &[&'a Entry]) -> Option<Self> {
        let (begun_us, started) = entries.iter().find_map(|entry| match &entry.event {
            Event::RehearsalStarted(started) => Some((entry.at_us, started)),
            _ => None,
        })?;
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
            state_after: None,
            finished: None,
            application: Application::default(),
            relations: BTreeMap::new(),
        };
        let mut phase = None;
        let mut migrate_us = None;
        for entry in entries {
            if let Event::PhaseStarted(started) = &entry.event {
                phase = Some(started.phase);
                if started.phase == Phase::Migrate {
                    migrate_us.get_or_insert(entry.at_us);
                }
            }
            let of_migration = !matches!(phase, Some(Phase::Baseline | Phase::RollBack));
            if of_migration && phase != Some(Phase::Inspect) {
                timeline.close_us = timeline.close_us.max(entry.at_us);
            }
            timeline.take(entry, of_migration);
            if phase != Some(Phase::RollBack) {
                timeline.application.take(entry);
            }
        }
        let connected_us = timeline.migration.map(|(at_us, _)| at_us);
        timeline.zero_us = migrate_us.or(connected_us).unwrap_or(begun_us);
        if let Some((at_us, _)) = timeline.migration_finished {
            timeline.close_us = at_us;
        }
        Some(timeline)
    }

    fn take(&mut self, entry: &'a Entry, of_migration: bool) {
        match &entry.event {
            Event::RelationNamed(named) => self.name(named),
            Event::Inspected(inspected) => {
                self.inspected.get_or_insert(inspected);
            }
            Event::StateSeen(seen) if seen.moment == Moment::After => {
                self.state_after.get_or_insert(seen);
            }
            Event::SamplerStopped(stopped) => self.sampler = Some(stopped),
            Event::KernelTraceStarted(started) => self.kernel_started = Some(started),
            Event::KernelTraceEnded(ended) => self.kernel_ended = Some(ended),
            Event::RehearsalFinished(finished) => self.finished = Some(finished),
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
            // Facts of the run, facts taken above, and what no report tells of.
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
            | Event::WorkloadStarted(_)
            | Event::ProbeWindow(_)
            | Event::ProbeRequest(_)
            | Event::WorkloadStopped(_)
            | Event::HoldStarted(_)
            | Event::HoldEnded(_)
            | Event::RunFinished(_) => {}
        }
    }

    /// The first name that was given with a kind: what a relation was called when it was locked.
    fn name(&mut self, named: &'a RelationNamed) {
        let known = self.relations.entry(named.oid).or_insert(named);
        if known.kind == RelationKind::Unknown {
            *known = named;
        }
    }

    fn end_transaction(&mut self, window: Window) {
        if let Some(open) = self.transactions.last_mut().filter(|transaction| transaction.ended.is_none()) {
            open.ended = Some(window.not_before(open.started_us));
        }
    }

    /// What is known of a relation.
    pub(crate) fn relation(&self, oid: u32) -> Option<&'a RelationNamed> {
        self.relations.get(&oid).copied()
    }

    /// Everything that has a name, by oid.
    pub(crate) fn relations(&self) -> impl Iterator<Item = &'a RelationNamed> {
        self.relations.values().copied()
    }

    /// Whether the migration made it; none where that is not known. Everything that was there has been named,
    /// so what never was came and went unseen.
    pub(crate) fn is_created(&self, oid: u32) -> Option<bool> {
        let all_told = self.finished.is_some_and(|finished| finished.events_dropped == 0);
        let unnamed_is_new = oid >= FIRST_USER_OID && all_told && self.migration.is_some();
        self.relation(oid).map(|named| named.created_by_migration).or(unnamed_is_new.then_some(true))
    }

    /// Whether it was made and dropped while the migration ran and nobody could read its name, as is the
    /// copy that a rewrite makes of a table.
    pub(crate) fn is_transient(&self, oid: u32) -> bool {
        let is_named = self.relation(oid).is_some_and(|named| named.kind != RelationKind::Unknown);
        !is_named && self.is_created(oid) == Some(true)
    }

    /// `schema.name`, or its oid where no name was ever given.
    pub(crate) fn relation_name(&self, oid: u32) -> String {
        match self.relation(oid) {
            Some(named) => named.name.clone(),
            None if self.is_transient(oid) => format!("(transient relation {oid})"),
            None => format!("oid {oid}"),
        }
    }

    /// Whether it is a system catalog.
    pub(crate) fn is_system(&self, oid: u32) -> bool {
        self.relation(oid).map_or(oid < FIRST_USER_OID, |named| named.system)
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
