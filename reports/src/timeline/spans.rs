//! Stretches of a rehearsal's time.

use super::Timeline;
use crate::event::{StatementFinished, StatementStarted, StepRetried};
use crate::window::Window;

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

impl Timeline<'_> {
    /// From the migration's session being connected (or its phase's beginning, where that came later: the observers take
    /// their places in between) to its being done; none where it never was.
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
