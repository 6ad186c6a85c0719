//! The session's and the sampler's stories, merged into one row per lock.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::{Scope, scopes};
use super::session::{SessionLock, session_locks};
use super::sighting::{Sighting, sightings};
use super::{Held, Row, Waiting};
use crate::event::{Event, HeldLock};
use crate::model::lock::LockSource;
use crate::timeline::Timeline;
use crate::window::Window;

/// Observers whose clocks are read a little after the fact may differ by this much.
const SLACK_US: u64 = 5_000;
/// A lock that the session knows and that was surely held for longer than a few samples should have been
/// sampled.
const SURELY_SAMPLED_US: u64 = 20_000;

/// Sightings of the leader by scope and lock, until a row explains them.
type Sightings = BTreeMap<(Option<usize>, HeldLock), Vec<Sighting>>;

/// The rows, unordered, and the locks of which the two observers tell different stories.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) rows: Vec<Row>,
    pub(super) contradictions: Vec<HeldLock>,
}

/// Merges everything that was seen of a rehearsal's locks.
pub(super) fn merge(timeline: &Timeline) -> Merged {
    let scopes = scopes(timeline);
    let session = session_locks(timeline, &scopes);
    let known: BTreeSet<(usize, HeldLock)> = session.iter().map(|read| (read.scope, read.lock)).collect();
    let seen = sightings(timeline, &scopes, |scope, lock| known.contains(&(scope, lock)));
    let leader = leader(timeline);
    let (of_leader, of_workers): (Vec<Sighting>, Vec<Sighting>) =
        seen.into_iter().partition(|sighting| leader.is_none_or(|leader| sighting.pid == leader));
    let mut unexplained = Sightings::new();
    for sighting in of_leader {
        unexplained.entry((sighting.scope, sighting.lock)).or_default().push(sighting);
    }

    let mut merged = Merged::default();
    for read in &session {
        refine(read, &mut unexplained, timeline, &mut merged);
    }
    let sampled = unexplained.values().flatten();
    merged.rows.extend(sampled.map(|sighting| sampled_row(sighting, &scopes, timeline)));
    add_workers(of_workers.iter().map(|sighting| sampled_row(sighting, &scopes, timeline)), &mut merged.rows);
    merged
}

/// The migration's own process; where that is unknown, the first that was seen.
fn leader(timeline: &Timeline) -> Option<i32> {
    let connected = timeline.migration.map(|(_, started)| started.backend_pid);
    connected.or_else(|| {
        timeline.samples.iter().find_map(|entry| match &entry.event {
            Event::LockSeen(seen) => Some(seen.pid),
            _ => None,
        })
    })
}

/// A lock that the session read, its times narrowed by the sightings of it, which are used up.
fn refine(read: &SessionLock, sightings: &mut Sightings, timeline: &Timeline, merged: &mut Merged) {
    let slack_us = SLACK_US.max(timeline.sample_gap_us().unwrap_or(0));
    let Held { mut granted, mut released } = read.held;
    let candidates = sightings.entry((Some(read.scope), read.lock)).or_default();
    let mut mine: Vec<Sighting> = candidates.extract_if(.., |seen| is_of(seen, read)).collect();
    mine.sort_by_key(|seen| seen.held.map(|held| held.granted.from_us));
    let held: Vec<Held> = mine.iter().filter_map(|seen| seen.held).collect();
    // Gone from the samples and back again, while the session held it all the time.
    let mut contradicted = held.len() > 1;
    let mut narrow = |window: &mut Window, seen: Window| {
        if window.contradiction_us(seen) <= slack_us {
            *window = window.narrowed_by(seen);
        } else {
            contradicted = true;
        }
    };
    if let Some(first) = held.first() {
        narrow(&mut granted, first.granted);
    }
    if let Some(last) = held.last() {
        narrow(&mut released, last.released);
    }
    let waited_from_us = mine.iter().find_map(|seen| seen.wait).map(|wait| wait.from_us);
    let wait = waited_from_us.map(|from_us| {
        granted = granted.not_before(from_us);
        Waiting { from_us, end: granted }
    });
    let held = Held::new(granted, released);
    if mine.is_empty() && should_have_been_sampled(held, timeline) {
        contradicted = true;
    }
    if contradicted {
        merged.contradictions.push(read.lock);
    }
    let row = Row {
        lock: read.lock,
        statement: Some(read.statement),
        wait,
        held: Some(held),
        source: LockSource::Session,
    };
    merged.rows.push(row);
}

/// Whether a sighting of the same lock in the same scope is of the one that the session read. One that was gone before the statement ended
/// after which the session read the lock is not: that was an earlier lock, let go within the statement.
fn is_of(seen: &Sighting, read: &SessionLock) -> bool {
    match (seen.held, seen.wait) {
        (Some(held), _) => {
            let outlived_the_grant = held.released.to_us > read.held.granted.to_us
                || held.released.to_us >= read.held.released.to_us;
            held.granted.from_us <= read.held.released.to_us && outlived_the_grant
        }
        (None, Some(wait)) => {
            wait.from_us <= read.held.granted.to_us && wait.end.to_us >= read.held.granted.from_us
        }
        (None, None) => false,
    }
}

fn should_have_been_sampled(held: Held, timeline: &Timeline) -> bool {
    timeline.sampler.is_some_and(|sampler| {
        sampler.samples > 0
            && sampler.error.is_none()
            && held.shortest_us() > sampler.gap_us_max.saturating_mul(2).saturating_add(SURELY_SAMPLED_US)
    })
}

/// A lock that only the sampler knows.
fn sampled_row(seen: &Sighting, scopes: &[Scope], timeline: &Timeline) -> Row {
    let scope = seen.scope.and_then(|index| scopes.get(index));
    let taken_us = seen.held.map(|held| held.granted.to_us).or(seen.wait.map(|wait| wait.end.from_us));
    let earliest_us = seen.wait.map(|wait| wait.from_us).or(seen.held.map(|held| held.granted.from_us));
    let span = taken_us.and_then(|taken_us| timeline.statement_at(taken_us)).filter(|span| {
        let in_scope = scope.is_none_or(|scope| span.end_us(timeline.close_us) >= scope.started_us);
        in_scope && earliest_us.is_some_and(|earliest_us| span.end_us(timeline.close_us) >= earliest_us)
    });
    // It cannot have been granted before the statement was sent that took it.
    let held = seen.held.map(|held| {
        let started_us = span.map_or(0, |span| span.started_us);
        Held::new(held.granted.not_before(started_us.min(held.granted.to_us)), held.released)
    });
    let wait = match (seen.wait, held) {
        (Some(wait), Some(held)) => Some(Waiting { end: held.granted.not_before(wait.from_us), ..wait }),
        (wait, _) => wait,
    };
    let statement = span.map(|span| span.started.statement);
    Row { lock: seen.lock, statement, wait, held, source: LockSource::Sampler }
}

/// The locks of parallel workers: those within a lock of their leader's are no news; the others become rows
/// of their own, the workers' overlapping ones as one.
pub(super) fn add_workers(workers: impl Iterator<Item = Row>, rows: &mut Vec<Row>) {
    let mut news: Vec<Row> = Vec::new();
    for row in workers {
        let Some(held) = row.held else {
            news.push(row);
            continue;
        };
        let is_leaders = rows.iter().any(|leaders| {
            leaders.lock == row.lock
                && leaders.held.is_some_and(|leaders| {
                    leaders.granted.from_us <= held.granted.to_us
                        && leaders.released.to_us >= held.released.from_us
                })
        });
        if !is_leaders {
            news.push(row);
        }
    }
    news.sort_by_key(|row| (row.lock, row.begins_us()));
    let mut joined: Vec<Row> = Vec::new();
    for row in news {
        match joined.last_mut() {
            Some(last) if last.lock == row.lock => match join(last.held, row.held) {
                Some(held) => last.held = Some(held),
                None => joined.push(row),
            },
            _ => joined.push(row),
        }
    }
    rows.extend(joined);
}

/// Two holds as one, where they overlap; the first begins first.
fn join(one: Option<Held>, other: Option<Held>) -> Option<Held> {
    let (one, other) = (one?, other?);
    let overlap = other.granted.from_us <= one.released.to_us;
    let released = if other.released.to_us > one.released.to_us { other.released } else { one.released };
    overlap.then(|| Held::new(one.granted, released))
}
