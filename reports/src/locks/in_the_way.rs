//! Which lock of the migration somebody waited for.

use std::collections::BTreeMap;

use super::blocked::WaitSpan;
use crate::event::{LockMode, Waiter};
use crate::model::lock::{Lock, conflict};
use crate::window::ms_since;

/// Notes with each wait of the others which of the migration's `locks` was in its way.
pub(super) fn find(waits: &mut [WaitSpan], locks: &[Lock], zero_us: u64) {
    let mut by_relation: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (index, lock) in locks.iter().enumerate() {
        by_relation.entry(lock.relation_oid).or_default().push(index);
    }
    for wait in waits.iter_mut().filter(|wait| wait.waiter != Waiter::Migration) {
        // Whoever is known to have waited for others alone did not wait for it.
        let for_others_alone = !wait.by.is_empty() && !wait.by.contains(&Waiter::Migration);
        let Some(here) = wait.relation_oid.and_then(|oid| by_relation.get(&oid)) else { continue };
        if !for_others_alone {
            wait.lock = in_the_way(wait, here, locks, zero_us);
        }
    }
}

/// Of those that can have been in the way the one that was there for the longest part of the wait; of equals the earliest.
fn in_the_way(wait: &WaitSpan, here: &[usize], locks: &[Lock], zero_us: u64) -> Option<usize> {
    let (from_ms, to_ms) = (ms_since(zero_us, wait.from_us), ms_since(zero_us, wait.end.to_us));
    let mut longest: Option<(usize, f64)> = None;
    for index in here {
        let Some(lock) = locks.get(*index).filter(|lock| can_be_waited_for(lock, wait)) else { continue };
        let Some((begins_ms, ends_ms)) = lock.live_ms() else { continue };
        let together_ms = ends_ms.min(to_ms) - begins_ms.max(from_ms);
        if together_ms >= 0.0 && longest.is_none_or(|(_, known_ms)| together_ms > known_ms) {
            longest = Some((*index, together_ms));
        }
    }
    longest.map(|(index, _)| index)
}

fn can_be_waited_for(lock: &Lock, wait: &WaitSpan) -> bool {
    match wait.locktype.as_str() {
        "relation" => LockMode::named(&wait.mode).is_some_and(|asked_for| conflict(lock.mode, asked_for)),
        // Rows are no locks of a table, but nobody changes them without this one.
        "tuple" => lock.mode >= LockMode::RowExclusiveLock && lock.granted_ms.is_some(),
        _ => false,
    }
}
