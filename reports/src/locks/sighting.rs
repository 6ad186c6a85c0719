//! What the sampler saw: each lock entry from its first sample to its last, cut where a scope ends.

use std::collections::BTreeMap;

use super::scope::Scope;
use super::{Held, Waiting};
use crate::event::{Event, HeldLock, LockGone, LockSeen};
use crate::timeline::Timeline;
use crate::window::Window;

/// How far a sample's time may lag behind what it shows. A lock that is seen for less than this after the
/// next scope has begun is a late look at the one before.
const SAMPLE_LAG_US: u64 = 2_000;

/// A lock entry within one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) pid: i32,
    pub(super) lock: HeldLock,
    /// Index of the scope; none where it was seen outside all of them.
    pub(super) scope: Option<usize>,
    pub(super) wait: Option<Waiting>,
    pub(super) held: Option<Held>,
}

/// A lock entry from its first sample to its last.
#[derive(Debug, Clone, Copy)]
struct Raw {
    pid: i32,
    lock: HeldLock,
    /// When it began to wait, and the first sample that showed it waiting.
    waiting: Option<(u64, u64)>,
    granted: Option<Window>,
    gone: Option<Window>,
}

/// The lock entries that the sampler saw, each within one scope; those of system catalogs left out.
///
/// `is_known_in` says whether the session itself read that lock in that scope; it decides where a sample fell
/// between two scopes.
pub(super) fn sightings(
    timeline: &Timeline,
    scopes: &[Scope],
    is_known_in: impl Fn(usize, HeldLock) -> bool,
) -> Vec<Sighting> {
    let mut cut = Vec::new();
    for raw in raw_sightings(timeline) {
        match raw.granted {
            Some(granted) => cut_at_scopes(raw, granted, timeline, scopes, &is_known_in, &mut cut),
            None => cut.extend(only_waited(raw, timeline, scopes)),
        }
    }
    cut
}

fn raw_sightings(timeline: &Timeline) -> Vec<Raw> {
    let mut open: BTreeMap<(i32, HeldLock), Raw> = BTreeMap::new();
    let mut done = Vec::new();
    for entry in &timeline.samples {
        match &entry.event {
            Event::LockSeen(seen) if !timeline.is_system(seen.lock.relation_oid) => {
                let raw = open.entry((seen.pid, seen.lock)).or_insert(Raw {
                    pid: seen.pid,
                    lock: seen.lock,
                    waiting: None,
                    granted: None,
                    gone: None,
                });
                see(raw, seen, entry.at_us);
            }
            Event::LockGone(LockGone { pid, lock, last_seen_us }) => {
                if let Some(raw) = open.remove(&(*pid, *lock)) {
                    done.push(Raw { gone: Some(Window::between(*last_seen_us, entry.at_us)), ..raw });
                }
            }
            _ => {}
        }
    }
    done.extend(open.into_values());
    done
}

fn see(raw: &mut Raw, seen: &LockSeen, at_us: u64) {
    if seen.granted {
        raw.granted.get_or_insert(Window::between(seen.previous_sample_us, at_us));
    } else if raw.granted.is_none() {
        let from_us = seen.wait_start_us.unwrap_or(seen.previous_sample_us).min(at_us);
        raw.waiting.get_or_insert((from_us, at_us));
    }
}

/// A lock that no sample showed granted: either its statement gave up, or it was granted and gone again
/// before the next sample.
fn only_waited(raw: Raw, timeline: &Timeline, scopes: &[Scope]) -> Option<Sighting> {
    let (from_us, seen_us) = raw.waiting?;
    let scope = scopes.iter().rposition(|scope| scope.contains(seen_us));
    let span = timeline.statement_at(seen_us);
    let statement_end_us = span.map_or(timeline.close_us, |span| span.end_us(timeline.close_us)).max(seen_us);
    let unended = Window::between(seen_us, statement_end_us);
    let end = raw.gone.unwrap_or(Window::exactly(statement_end_us));
    let succeeded = span.is_some_and(|span| span.finished.is_some() && !span.failed());
    let (end, held) = if succeeded && raw.gone.is_some() {
        let limit_us = scope.and_then(|index| scopes.get(index)).map_or(end.to_us, |scope| scope.end.to_us);
        let between = end.not_after(limit_us);
        (between, Some(Held::new(between, between)))
    } else {
        (end.not_after(unended.to_us), None)
    };
    let wait = Waiting { from_us, end: end.not_before(from_us) };
    Some(Sighting { pid: raw.pid, lock: raw.lock, scope, wait: Some(wait), held })
}

/// A lock entry that is there in every sample may still be several locks, when the one scope ends and the
/// next begins between two samples.
fn cut_at_scopes(
    raw: Raw,
    granted: Window,
    timeline: &Timeline,
    scopes: &[Scope],
    is_known_in: &impl Fn(usize, HeldLock) -> bool,
    cut: &mut Vec<Sighting>,
) {
    let Raw { pid, lock, .. } = raw;
    let last_seen_us = raw.gone.map_or(timeline.close_us, |gone| gone.from_us).max(granted.to_us);
    let lived_in = scopes_of(granted, last_seen_us, lock, scopes, is_known_in);
    let wait_until = |granted: Window| {
        raw.waiting.map(|(from_us, _)| Waiting { from_us, end: granted.not_before(from_us) })
    };
    if lived_in.is_empty() {
        let released = raw.gone.unwrap_or(Window::exactly(timeline.close_us.max(granted.to_us)));
        let (wait, held) = (wait_until(granted), Some(Held::new(granted, released)));
        cut.push(Sighting { pid, lock, scope: None, wait, held });
        return;
    }
    // How late the sampler can be with what a new scope holds.
    let gap_us = timeline.sample_gap_us().unwrap_or(u64::MAX);
    for (position, &index) in lived_in.iter().enumerate() {
        let Some(scope) = scopes.get(index) else { continue };
        let is_first = position == 0;
        let is_last = position + 1 == lived_in.len();
        let granted = if is_first {
            granted
        } else {
            Window::between(scope.started_us, scope.started_us.saturating_add(gap_us).min(last_seen_us))
        };
        let granted = granted.not_before(scope.started_us).not_after(scope.end.to_us);
        let released = match raw.gone {
            // Seen until after the scope had ended: a late sample, which says nothing of the end.
            Some(gone) if is_last && gone.from_us <= scope.end.to_us => gone.not_after(scope.end.to_us),
            _ if scope.is_transaction => scope.end,
            _ => Window::between(
                scope.end.from_us.saturating_sub(gap_us).max(granted.to_us).min(scope.end.from_us),
                scope.end.to_us,
            ),
        };
        let wait = if is_first { wait_until(granted) } else { None };
        cut.push(Sighting { pid, lock, scope: Some(index), wait, held: Some(Held::new(granted, released)) });
    }
}

/// The scopes in which a lock entry was seen from `granted` to `last_seen_us`.
fn scopes_of(
    granted: Window,
    last_seen_us: u64,
    lock: HeldLock,
    scopes: &[Scope],
    is_known_in: &impl Fn(usize, HeldLock) -> bool,
) -> Vec<usize> {
    let seen_in = |scope: &Scope| {
        let began_there = granted.from_us >= scope.started_us;
        let not_merely_late = last_seen_us >= scope.started_us.saturating_add(SAMPLE_LAG_US);
        scope.started_us <= last_seen_us
            && scope.end.to_us >= granted.to_us
            && (began_there || not_merely_late)
    };
    let certain: Vec<usize> =
        (0..scopes.len()).filter(|&index| scopes.get(index).is_some_and(seen_in)).collect();
    if !certain.is_empty() {
        return certain;
    }
    let possible = |scope: &Scope| scope.started_us <= granted.to_us && scope.end.to_us >= granted.from_us;
    let possible: Vec<usize> =
        (0..scopes.len()).filter(|&index| scopes.get(index).is_some_and(possible)).collect();
    let known = possible.iter().copied().find(|&index| is_known_in(index, lock));
    known.or(possible.last().copied()).into_iter().collect()
}
