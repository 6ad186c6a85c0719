//! Who waited for locks.

use super::waiter;
use crate::event::Waiter;
use crate::model::rehearsal::Rehearsal;
use crate::units;

/// The migration's own waits, one line each.
pub(in crate::render) fn own_waits(rehearsal: &Rehearsal) -> Vec<String> {
    let blocked =
        rehearsal.blocked.iter().filter(|blocked| blocked.waiter == Waiter::Migration).map(|blocked| {
            let what = blocked.relation.as_ref().map_or_else(
                || format!("a {} lock", blocked.locktype),
                |relation| format!("{} on {relation}", blocked.mode),
            );
            let by: Vec<&str> = blocked.by.iter().map(|by| waiter(*by)).collect();
            let behind = if by.is_empty() { String::new() } else { format!(", behind {}", by.join(" and ")) };
            format!("waited {} for {what}{behind}", units::held(blocked.wait_ms, blocked.uncertainty_ms))
        });
    let alone = rehearsal.locks.iter().filter(|lock| lock.waits.is_empty() && lock.requested_ms.is_some());
    let alone = alone.map(|lock| {
        let waited = units::held(lock.wait_ms.unwrap_or(0.0), lock.wait_uncertainty_ms.unwrap_or(0.0));
        format!("waited {waited} for {:?} on {}", lock.mode, lock.relation)
    });
    blocked.chain(alone).collect()
}

/// How many others waited behind the migration; none where nobody was seen to.
pub(in crate::render) fn queue_note(rehearsal: &Rehearsal) -> Option<String> {
    let queue = rehearsal.lock_queue.as_ref()?;
    let drained = queue.drain_ms_max.map_or_else(String::new, |ms| {
        format!("; once the migration had let go, it took {} until the last went on", units::duration(ms))
    });
    Some(format!(
        "Up to {} waited behind the migration at once, the longest for {}{drained}.",
        units::plural(queue.waiting_max, "other session", "other sessions"),
        units::duration(queue.wait_ms_max),
    ))
}
