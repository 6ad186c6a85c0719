//! Locks as the kernel's trace of the server's calls has them: nothing is missing, and nothing is a guess.

use std::collections::BTreeSet;

use super::merge::{self, Merged};
use super::{Held, Row, Waiting};
use crate::event::{HeldLock, KernelLock};
use crate::model::lock::LockSource;
use crate::timeline::Timeline;
use crate::window::Window;

/// A call that took less than this has not waited for anybody: it was held up by the machine, if by anything.
const WAITED_US: u64 = 1_000;

/// The rows of the trace. `ordinary` is what was seen without it: a lock that the session read and the trace lacks is a
/// contradiction.
pub(super) fn rows(timeline: &Timeline, ordinary: &Merged) -> Merged {
    let leader = timeline.migration.map(|(_, started)| started.backend_pid);
    let calls = timeline.kernel.iter().filter(|lock| !timeline.is_system(lock.lock.relation_oid));
    let (of_leader, of_workers): (Vec<&KernelLock>, Vec<&KernelLock>) =
        calls.copied().partition(|lock| leader.is_none_or(|leader| lock.pid == leader));
    let mut rows: Vec<Row> = of_leader.into_iter().map(|lock| row(lock, timeline)).collect();
    let traced: BTreeSet<HeldLock> =
        rows.iter().filter(|row| row.held.is_some()).map(|row| row.lock).collect();
    merge::add_workers(of_workers.into_iter().map(|lock| row(lock, timeline)), &mut rows);
    let untraced = ordinary.rows.iter().filter(|row| row.source == LockSource::Session);
    let contradictions = untraced.map(|row| row.lock).filter(|lock| !traced.contains(lock)).collect();
    Merged { rows, contradictions }
}

fn row(lock: &KernelLock, timeline: &Timeline) -> Row {
    let asked_us = lock.requested_us;
    let ended_us = lock.released_us.unwrap_or(timeline.close_us).max(asked_us);
    let span = timeline.statement_at(asked_us).filter(|span| span.end_us(timeline.close_us) >= asked_us);
    let answered_us = lock.granted_us.unwrap_or(ended_us);
    let waited = answered_us.saturating_sub(asked_us) >= WAITED_US || lock.granted_us.is_none();
    Row {
        lock: lock.lock,
        statement: span.map(|span| span.started.statement),
        wait: waited.then(|| Waiting { from_us: asked_us, end: Window::exactly(answered_us) }),
        held: lock.granted_us.map(|us| Held::new(Window::exactly(us), Window::exactly(ended_us))),
        source: LockSource::Kernel,
    }
}
