//! Stretches of a rehearsal's time.

use super::Timeline;
use crate::event::{
    StatementFinished, StatementStarted, StepRetried, StrategyPhaseFinished, StrategyPhaseStarted,
};
use crate::window::{Window, joined};

/// A statement's time.
#[derive(Debug)]
pub(crate) struct StatementSpan<'a> {
    pub(crate) started_us: u64,
    pub(crate) started: &'a StatementStarted,
    pub(crate) finished: Option<(u64, &'a StatementFinished)>,
}

impl StatementSpan<'_> {
    /// Whether the server refused it.
    pub(crate) fn failed(&self) -> bool {
        self.finished.is_some_and(|(_, finished)| finished.error.is_some())
    }

    /// When its result was here, or `close_us` where it never was.
    pub(crate) fn end_us(&self, close_us: u64) -> u64 {
        self.finished.map_or(close_us, |(at_us, _)| at_us).max(self.started_us)
    }
}

/// A transaction's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TransactionSpan {
    pub(crate) started_us: u64,
    /// When its locks went; none where the record ends before.
    pub(crate) ended: Option<Window>,
}

/// A phase of a strategy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PhaseSpan<'a> {
    pub(crate) from_us: u64,
    pub(crate) started: &'a StrategyPhaseStarted,
    /// When its steps had run, or one of them had failed.
    pub(crate) finished_us: Option<u64>,
}

impl<'a> Timeline<'a> {
    pub(super) fn begin_phase(&mut self, at_us: u64, started: &'a StrategyPhaseStarted) {
        self.phases.push(PhaseSpan { from_us: at_us, started, finished_us: None });
    }

    pub(super) fn finish_phase(&mut self, at_us: u64, finished: &StrategyPhaseFinished) {
        let known = self.phases.iter_mut().rfind(|phase| phase.started.index == finished.index);
        if let Some(phase) = known {
            phase.finished_us.get_or_insert(at_us);
        }
    }

    /// The phase of the strategy that a request of that probe belongs to, by its place in [`Self::phases`]: of those that have
    /// the probe the one that it was due in, else the nearest. A new version's first requests are sent a moment before its
    /// phase is told of, an old one's last may be due a moment after the next is.
    pub(crate) fn phase_of(&self, probe: u32, due_us: u64) -> Option<usize> {
        let off_us = |place: usize| {
            let from_us = self.phases.get(place).map_or(0, |phase| phase.from_us);
            let before_us = from_us.saturating_sub(due_us);
            let next_us = self.phases.get(place + 1).map_or(u64::MAX, |next| next.from_us);
            // The next one begins with the moment at which it is told of.
            let after_us = due_us.checked_sub(next_us).map_or(0, |us| us.saturating_add(1));
            before_us.max(after_us)
        };
        let has = |place: &usize| {
            self.phases.get(*place).is_some_and(|phase| phase.started.probes.contains(&probe))
        };
        let places = 0..self.phases.len();
        places
            .clone()
            .filter(has)
            .min_by_key(|place| off_us(*place))
            .or(places.min_by_key(|place| off_us(*place)))
    }

    /// When the steps of a phase had run: what was told, else the next phase's beginning, else the migration's end.
    pub(crate) fn phase_end_us(&self, place: usize) -> u64 {
        let next_us = self.phases.get(place + 1).map(|next| next.from_us);
        let told_us = self.phases.get(place).and_then(|phase| phase.finished_us).or(next_us);
        let done_us = self.migrating().map_or(self.close_us, |migrating| migrating.to_us);
        told_us.unwrap_or(done_us).min(done_us)
    }

    /// All of the migration, but for the pauses in which the application goes on between two phases.
    pub(super) fn when_steps_ran(&self) -> Vec<Window> {
        let Some(migrating) = self.migrating() else { return Vec::new() };
        if self.phases.is_empty() {
            return vec![migrating];
        }
        let window = |(place, phase): (usize, &PhaseSpan)| {
            let from_us = if place == 0 { migrating.from_us } else { phase.from_us };
            let from_us = from_us.clamp(migrating.from_us, migrating.to_us);
            Window { from_us, to_us: self.phase_end_us(place).max(from_us) }
        };
        joined(self.phases.iter().enumerate().map(window).collect())
    }

    /// From the migration's session being connected (or its phase's beginning, where that came later: the observers take
    /// their places in between) to its being done, pauses between phases included; none where it never was.
    pub(crate) fn migrating(&self) -> Option<Window> {
        let (connected_us, _) = self.migration?;
        let from_us = connected_us.max(self.zero_us);
        let to_us = self.migration_finished.map_or(self.close_us, |(at_us, _)| at_us);
        Some(Window { from_us, to_us: to_us.max(from_us) })
    }

    /// Whether a statement failed in a try at its step that was followed by another.
    pub(crate) fn is_retried(&self, span: &StatementSpan) -> bool {
        let in_try = |(failed_us, retried): &(u64, &StepRetried)| {
            retried.step == span.started.step && (retried.began_us..=*failed_us).contains(&span.started_us)
        };
        span.failed() && self.retries.iter().any(in_try)
    }
}
