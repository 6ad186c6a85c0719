//! What the migration's own session read: the exact set of locks after each statement of a transaction.

use std::collections::BTreeMap;

use super::Held;
use super::scope::Scope;
use crate::event::{HeldLock, SessionLocks};
use crate::timeline::Timeline;
use crate::window::Window;

/// A lock that the session read in one or more consecutive readings of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionLock {
    pub(super) lock: HeldLock,
    /// Index of the scope.
    pub(super) scope: usize,
    /// The statement after which it was first read.
    pub(super) statement: u32,
    pub(super) held: Held,
}

/// The locks that the session read, by scope and lock; those of system catalogs left out.
pub(super) fn session_locks(timeline: &Timeline, scopes: &[Scope]) -> Vec<SessionLock> {
    // A reading at the very edge of two transactions belongs to the one that had begun before it.
    let mut of_scopes: BTreeMap<usize, Vec<(u64, &SessionLocks)>> = BTreeMap::new();
    for (at_us, reading) in timeline.readings.iter().copied() {
        let scope = scopes.iter().position(|scope| scope.is_transaction && scope.contains(at_us));
        if let Some(index) = scope {
            of_scopes.entry(index).or_default().push((at_us, reading));
        }
    }
    let mut locks = Vec::new();
    for (index, readings) in of_scopes {
        let Some(scope) = scopes.get(index) else { continue };
        for (lock, runs) in runs(&readings) {
            if timeline.is_system(lock.relation_oid) {
                continue;
            }
            locks.extend(runs.into_iter().map(|(first, last)| {
                let granted = granted_before(first, &readings, scope, timeline);
                let released = released_after(last, &readings, scope, timeline);
                let statement = readings.get(first).map_or(0, |(_, reading)| reading.statement);
                SessionLock { lock, scope: index, statement, held: Held::new(granted, released) }
            }));
        }
    }
    locks
}

/// Of each lock, first and last index of each run of readings that have it. A gap means that `ROLLBACK TO` let
/// it go.
fn runs(readings: &[(u64, &SessionLocks)]) -> BTreeMap<HeldLock, Vec<(usize, usize)>> {
    let mut runs: BTreeMap<HeldLock, Vec<(usize, usize)>> = BTreeMap::new();
    for (index, (_, reading)) in readings.iter().enumerate() {
        for lock in &reading.held {
            let of_lock = runs.entry(*lock).or_default();
            match of_lock.last_mut() {
                Some((_, last)) if *last + 1 >= index => *last = index,
                _ => of_lock.push((index, index)),
            }
        }
    }
    runs
}

/// When a lock was granted that `readings[first]` is the first to have: while its statement ran, if the
/// reading before is of the statement before; else any time since that.
fn granted_before(
    first: usize,
    readings: &[(u64, &SessionLocks)],
    scope: &Scope,
    timeline: &Timeline,
) -> Window {
    let Some((read_us, reading)) = readings.get(first) else { return scope.end };
    let before = first.checked_sub(1).and_then(|before| readings.get(before));
    let without_it_us = before.map_or(scope.started_us, |(at_us, _)| *at_us);
    window_of_statements_after(without_it_us, *read_us, reading.statement, timeline)
}

/// When a lock was released that `readings[last]` is the last to have.
fn released_after(
    last: usize,
    readings: &[(u64, &SessionLocks)],
    scope: &Scope,
    timeline: &Timeline,
) -> Window {
    let with_it_us = readings.get(last).map_or(scope.started_us, |(at_us, _)| *at_us);
    match readings.get(last + 1) {
        Some((read_us, reading)) => {
            window_of_statements_after(with_it_us, *read_us, reading.statement, timeline)
        }
        None => scope.end.not_before(with_it_us),
    }
}

/// From the start of the first statement after `from_us` to the end of `statement`, after which `to_us` was
/// read.
fn window_of_statements_after(from_us: u64, to_us: u64, statement: u32, timeline: &Timeline) -> Window {
    let window = Window::between(from_us, to_us);
    let before = timeline.statements.range(..=statement).rev().map(|(_, span)| span.started_us);
    let first_started_us = before.take_while(|started_us| *started_us >= window.from_us).last();
    let first_started_us = first_started_us.map(|started_us| started_us.min(window.to_us));
    let ended_us = timeline
        .statements
        .get(&statement)
        .and_then(|span| span.finished)
        .map(|(at_us, _)| at_us)
        .filter(|at_us| (window.from_us..=window.to_us).contains(at_us));
    Window::between(first_started_us.unwrap_or(window.from_us), ended_us.unwrap_or(window.to_us))
}
