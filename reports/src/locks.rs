//! From what was seen of the migration's locks to the locks themselves.
//!
//! Two observers tell of the same locks. The migration's own session reads the exact set that its
//! transaction holds, but only between statements; the sampler sees from beside when something changed, to
//! the width of a sample, but misses what came and went between two of them. So:
//!
//! - *That* a lock was held in a transaction is the session's word. It was granted while the first statement
//!   ran after which it was read, and released as the transaction ended, or, where a later reading of the same
//!   transaction lacks it, while `ROLLBACK TO` ran. A transaction that fails loses its locks with the error.
//! - *When* is narrowed by the sampler: granted between the last sample without it and the first with it,
//!   released between the last with it and the first without. It alone sees waiting.
//! - A statement in no transaction (`CONCURRENTLY`, `VACUUM`) is known by its samples alone, and so is a lock
//!   that came and went within a statement. Such locks have the source `sampler`.
//! - What a parallel worker holds counts as its leader's, unless it lasts longer.
//! - Where the kernel traced the server's lock calls, its word is taken for everything, and the others' are held
//!   against it.
//! - Where the two contradict each other by more than the sampler's own slack, the session is believed for
//!   the lock in question and the contradiction is counted, to be reported.
//!
//! Every duration is the longest that is consistent with what was seen; the uncertainty beside it says how
//! much shorter it may have been.

mod blocked;
mod in_the_way;
mod kernel;
mod merge;
mod queue;
mod scope;
mod session;
mod sighting;
mod strongest;

#[cfg(test)]
mod tests;

use crate::event::{HeldLock, Waiter};
use crate::model::lock::{Blocked, Blocks, Lock, LockQueue, LockSource, StrongestLock, Wait};
use crate::timeline::Timeline;
use crate::window::{Window, ms, ms_since};
pub(crate) use blocked::WaitSpan;

/// What is known of a rehearsal's locks.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Every relation lock of the migration but those of system catalogs, by the time it began.
    pub(crate) locks: Vec<Lock>,
    /// Per table the strongest, the worst first.
    pub(crate) strongest: Vec<StrongestLock>,
    /// Everybody who waited.
    pub(crate) blocked: Vec<Blocked>,
    /// The same on the run's clock, in the same order.
    pub(crate) waits: Vec<WaitSpan>,
    /// How many others waited at once.
    pub(crate) queue: Option<LockQueue>,
    /// When the migration waited for a lock of any kind; may overlap.
    pub(crate) migration_waits: Vec<Window>,
    /// Locks of which the session and the sampler tell different stories.
    pub(crate) contradictions: Vec<String>,
}

/// One lock in the making.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    lock: HeldLock,
    statement: Option<u32>,
    wait: Option<Waiting>,
    held: Option<Held>,
    source: LockSource,
}

/// A wait for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    from_us: u64,
    end: Window,
}

/// A lock being held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    granted: Window,
    released: Window,
}

impl Held {
    /// In order, whatever was seen.
    fn new(granted: Window, released: Window) -> Self {
        Self { granted, released: released.not_before(granted.from_us) }
    }

    fn longest_us(self) -> u64 {
        self.released.to_us.saturating_sub(self.granted.from_us)
    }

    fn shortest_us(self) -> u64 {
        self.released.from_us.saturating_sub(self.granted.to_us)
    }
}

impl Row {
    fn begins_us(&self) -> u64 {
        let granted_us = self.held.map(|held| held.granted.from_us);
        self.wait.map(|wait| wait.from_us).or(granted_us).unwrap_or(0)
    }
}

/// Works out a rehearsal's locks.
pub(crate) fn watch(timeline: &Timeline) -> Watched {
    let mut merged = merge::merge(timeline);
    if timeline.is_traced() {
        merged = kernel::rows(timeline, &merged);
    }
    let mut rows = merged.rows;
    rows.sort_by_key(|row| (row.begins_us(), row.lock, row.held.map(|held| held.released.to_us)));

    let mut waits = blocked::waits(timeline);
    let mut migration_waits: Vec<Window> = waits
        .iter()
        .filter(|wait| wait.waiter == Waiter::Migration)
        .map(|wait| Window::between(wait.from_us, wait.end.to_us))
        .collect();
    migration_waits.extend(
        rows.iter().filter_map(|row| row.wait).map(|wait| Window::between(wait.from_us, wait.end.to_us)),
    );

    let mut locks: Vec<Lock> = rows.iter().map(|row| finish(row, timeline, &waits)).collect();
    in_the_way::find(&mut waits, &locks, timeline.zero_us);
    for (index, (lock, row)) in locks.iter_mut().zip(&rows).enumerate() {
        lock.drain_ms = queue::drained_us(index, row, &waits).map(ms);
    }
    let strongest = strongest::strongest(timeline, &locks);
    let blocked = waits.iter().map(|wait| wait.finish(timeline)).collect();
    let queue = queue::queue(&waits, &locks, timeline);
    let mut contradictions: Vec<String> = merged
        .contradictions
        .into_iter()
        .map(|lock| format!("{:?} on {}", lock.mode, timeline.relation_name(lock.relation_oid)))
        .collect();
    contradictions.dedup();
    Watched { locks, strongest, blocked, waits, queue, migration_waits, contradictions }
}

/// A lock as the report has it.
fn finish(row: &Row, timeline: &Timeline, waits: &[WaitSpan]) -> Lock {
    let since = |us: u64| ms_since(timeline.zero_us, us);
    let HeldLock { relation_oid, mode } = row.lock;
    let named = timeline.relation(relation_oid);
    let (wait_us, wait_uncertainty_us) = match row.wait {
        Some(wait) => {
            let longest_us = wait.end.to_us.saturating_sub(wait.from_us);
            (Some(longest_us), Some(wait.end.width_us().min(longest_us)))
        }
        None if timeline.was_sampled() => (Some(0), None),
        None => (None, None),
    };
    Lock {
        relation: timeline.relation_name(relation_oid),
        relation_oid,
        relation_kind: named.map_or(crate::event::RelationKind::Unknown, |named| named.kind),
        of_table: named.and_then(|named| named.of_table_oid).map(|oid| timeline.relation_name(oid)),
        created_by_migration: timeline.is_created(relation_oid),
        mode,
        statement: row.statement,
        requested_ms: row.wait.map(|wait| since(wait.from_us)),
        granted_ms: row.held.map(|held| since(held.granted.from_us)),
        released_ms: row.held.map(|held| since(held.released.to_us)),
        wait_ms: wait_us.map(ms),
        wait_uncertainty_ms: wait_uncertainty_us.map(ms),
        hold_ms: row.held.map(|held| ms(held.longest_us())),
        hold_uncertainty_ms: row.held.map(|held| ms(held.longest_us() - held.shortest_us())),
        blocks: Blocks::of(mode),
        source: row.source,
        waits: row.wait.map_or_else(Vec::new, |wait| blockers(row, wait, timeline, waits)),
        drain_ms: None,
    }
}

/// Who was ahead of it while it waited.
fn blockers(row: &Row, wait: Waiting, timeline: &Timeline, waits: &[WaitSpan]) -> Vec<Wait> {
    let mode = format!("{:?}", row.lock.mode);
    waits
        .iter()
        .filter(|seen| {
            seen.waiter == Waiter::Migration
                && seen.relation_oid == Some(row.lock.relation_oid)
                && seen.mode == mode
                && seen.from_us <= wait.end.to_us
                && seen.end.to_us >= wait.from_us
        })
        .map(|seen| Wait {
            by: seen.by.clone(),
            by_pids: seen.by_pids.clone(),
            from_ms: ms_since(timeline.zero_us, seen.from_us),
            to_ms: ms_since(timeline.zero_us, seen.end.to_us),
        })
        .collect()
}
