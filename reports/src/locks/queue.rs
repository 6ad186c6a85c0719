//! How many waited behind the migration at once, and how long it took until nobody did.

use super::Row;
use super::blocked::WaitSpan;
use crate::model::lock::{Lock, LockQueue, QueueLength};
use crate::timeline::Timeline;
use crate::window::{at_once, ms, ms_since};

/// The queue behind the migration; none where nobody waited there.
pub(super) fn queue(waits: &[WaitSpan], locks: &[Lock], timeline: &Timeline) -> Option<LockQueue> {
    let behind = || waits.iter().filter(|wait| wait.is_behind_the_migration());
    let lengths = at_once(behind().map(|wait| (wait.from_us, wait.end.to_us)));
    let length = |(at_us, waiting)| QueueLength { at_ms: ms_since(timeline.zero_us, at_us), waiting };
    Some(LockQueue {
        waiting_max: lengths.iter().map(|(_, waiting)| *waiting).max()?,
        wait_ms_max: ms(behind().map(|wait| wait.end.to_us - wait.from_us).max()?),
        drain_ms_max: locks.iter().filter_map(|lock| lock.drain_ms).max_by(f64::total_cmp),
        lengths: lengths.into_iter().map(length).collect(),
    })
}

/// From the release of that lock until the last of those who had waited for it by then waited no longer.
pub(super) fn drained_us(index: usize, row: &Row, waits: &[WaitSpan]) -> Option<u64> {
    let released_us = row.held?.released.from_us;
    let queued = waits.iter().filter(|wait| {
        wait.lock == Some(index) && wait.from_us < released_us && wait.end.to_us >= released_us
    });
    queued.map(|wait| wait.end.to_us - released_us).max()
}
