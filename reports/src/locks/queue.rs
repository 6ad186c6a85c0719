//! How many waited at once, and how long it took until nobody did.

use super::Row;
use super::blocked::WaitSpan;
use crate::event::Waiter;
use crate::model::lock::{LockQueue, QueueLength};
use crate::timeline::Timeline;
use crate::window::{ms, ms_since};

/// The queue of everybody but the migration; none where nobody waited.
pub(super) fn queue(waits: &[WaitSpan], rows: &[Row], timeline: &Timeline) -> Option<LockQueue> {
    let others: Vec<&WaitSpan> = waits.iter().filter(|wait| wait.waiter != Waiter::Migration).collect();
    let mut steps: Vec<(u64, i64)> =
        others.iter().flat_map(|wait| [(wait.from_us, 1), (wait.end.to_us, -1)]).collect();
    // Who comes at the moment at which another goes was never in the queue with it.
    steps.sort_unstable();
    let mut lengths: Vec<QueueLength> = Vec::new();
    let mut waiting = 0;
    for (at_us, step) in steps {
        waiting += step;
        let at_ms = ms_since(timeline.zero_us, at_us);
        let length = QueueLength { at_ms, waiting: u64::try_from(waiting).unwrap_or(0) };
        match lengths.last_mut() {
            Some(last) if last.at_ms == at_ms => *last = length,
            _ => lengths.push(length),
        }
    }
    let longest = lengths.iter().map(|length| length.waiting).max()?;
    let drain_us = rows.iter().filter_map(|row| drained_us(row, &others)).max();
    Some(LockQueue { waiting_max: longest, drain_ms_max: drain_us.map(ms), lengths })
}

/// From the release of a lock until the last of those who had waited for it by then waited no longer.
fn drained_us(row: &Row, others: &[&WaitSpan]) -> Option<u64> {
    let released_us = row.held?.released.from_us;
    let queued = others.iter().filter(|wait| {
        wait.relation_oid == Some(row.lock.relation_oid)
            && wait.by.contains(&Waiter::Migration)
            && wait.from_us < released_us
            && wait.end.to_us >= released_us
    });
    queued.map(|wait| wait.end.to_us - released_us).max()
}
