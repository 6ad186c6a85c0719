//! What changed from one sample of `pg_locks` to the next.

use std::collections::{HashMap, HashSet};

use pgrehearse_reports::event::{
    BlockedGone, BlockedSeen, Blocker, Event, HeldLock, LockGone, LockMode, LockSeen, Waiter,
};

use super::who::Who;
use crate::postgres::locks::SampledLock;

/// The entries of the last sample, each with the time at which a sample that showed it was asked for.
#[derive(Debug)]
pub(super) struct Edges {
    locks: HashMap<LockKey, u64>,
    blocked: HashMap<BlockedKey, u64>,
    previous_us: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct LockKey {
    pid: i32,
    lock: HeldLock,
    granted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct BlockedKey {
    pid: i32,
    locktype: String,
    relation_oid: Option<u32>,
    mode: String,
}

impl Edges {
    /// Nothing has been seen until `now_us`.
    pub(super) fn new(now_us: u64) -> Self {
        Self { locks: HashMap::new(), blocked: HashMap::new(), previous_us: now_us }
    }

    /// When the sample before was asked for.
    pub(super) const fn previous_us(&self) -> u64 {
        self.previous_us
    }

    /// Takes in a sample that was asked for at `sent_us` and was here at `received_us`: what it shows was so at
    /// some time between the two, so what is new happened before `received_us`, and what it shows was not over
    /// at `sent_us`. All changes are of the time `received_us`.
    pub(super) fn take(
        &mut self,
        sent_us: u64,
        received_us: u64,
        sample: &[SampledLock],
        who: &Who,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        let middle_us = sent_us.midpoint(received_us);
        for lock in sample {
            let wait_start_us =
                lock.waiting_us.map(|us| middle_us.saturating_sub(u64::try_from(us).unwrap_or(0)));
            events.extend(self.lock(lock, sent_us, wait_start_us, who));
            if !lock.granted {
                events.extend(self.wait(lock, sent_us, wait_start_us, who));
            }
        }
        self.gone(sent_us, &mut events);
        self.previous_us = sent_us;
        events
    }

    /// A relation lock of the migration.
    fn lock(
        &mut self,
        lock: &SampledLock,
        sent_us: u64,
        wait_start_us: Option<u64>,
        who: &Who,
    ) -> Option<Event> {
        let (relation_oid, mode) = (lock.relation_oid?, LockMode::named(&lock.mode)?);
        if lock.locktype != "relation" || who.is(lock.pid) != Waiter::Migration {
            return None;
        }
        let key = LockKey { pid: lock.pid, lock: HeldLock { relation_oid, mode }, granted: lock.granted };
        let new = self.locks.insert(key, sent_us).is_none();
        let seen = LockSeen {
            pid: key.pid,
            lock: key.lock,
            granted: key.granted,
            wait_start_us,
            previous_sample_us: self.previous_us,
        };
        new.then_some(Event::LockSeen(seen))
    }

    /// Anybody's wait.
    fn wait(
        &mut self,
        lock: &SampledLock,
        sent_us: u64,
        wait_start_us: Option<u64>,
        who: &Who,
    ) -> Option<Event> {
        let key = BlockedKey {
            pid: lock.pid,
            locktype: lock.locktype.clone(),
            relation_oid: lock.relation_oid,
            mode: lock.mode.clone(),
        };
        let new = self.blocked.insert(key, sent_us).is_none();
        new.then(|| {
            Event::BlockedSeen(BlockedSeen {
                pid: lock.pid,
                waiter: who.is(lock.pid),
                locktype: lock.locktype.clone(),
                relation_oid: lock.relation_oid,
                mode: lock.mode.clone(),
                wait_start_us,
                previous_sample_us: self.previous_us,
                by: lock.blocked_by.iter().map(|pid| Blocker { pid: *pid, who: who.is(*pid) }).collect(),
            })
        })
    }

    /// What the sample of `sent_us` no longer shows.
    fn gone(&mut self, sent_us: u64, events: &mut Vec<Event>) {
        let here: HashSet<LockKey> =
            self.locks.iter().filter(|(_, seen_us)| **seen_us == sent_us).map(|(key, _)| *key).collect();
        self.locks.retain(|key, last_seen_us| {
            // One that waited and is granted now has been told as seen.
            let granted_since = here.contains(&LockKey { granted: true, ..*key });
            if !here.contains(key) && !granted_since {
                let gone = LockGone { pid: key.pid, lock: key.lock, last_seen_us: *last_seen_us };
                events.push(Event::LockGone(gone));
            }
            here.contains(key)
        });
        self.blocked.retain(|key, last_seen_us| {
            let here = *last_seen_us == sent_us;
            if !here {
                events.push(Event::BlockedGone(BlockedGone { pid: key.pid, last_seen_us: *last_seen_us }));
            }
            here
        });
    }
}

#[cfg(test)]
mod tests {
    use pgrehearse_reports::event::LockMode;

    use super::*;

    const MIGRATION: i32 = 10;

    fn lock(pid: i32, mode: &str, granted: bool) -> SampledLock {
        SampledLock {
            pid,
            locktype: "relation".to_owned(),
            relation_oid: Some(20_000),
            mode: mode.to_owned(),
            granted,
            waiting_us: (!granted).then_some(400),
            blocked_by: if granted { Vec::new() } else { vec![11] },
        }
    }

    fn held(mode: LockMode) -> HeldLock {
        HeldLock { relation_oid: 20_000, mode }
    }

    #[test]
    fn a_lock_is_seen_once_and_gone_once() {
        let (mut edges, who) = (Edges::new(0), Who::new(MIGRATION));
        let sample = [lock(MIGRATION, "ShareLock", true), lock(99, "RowExclusiveLock", true)];
        let seen = edges.take(1_000, 1_100, &sample, &who);
        let expected = LockSeen {
            pid: MIGRATION,
            lock: held(LockMode::ShareLock),
            granted: true,
            wait_start_us: None,
            previous_sample_us: 0,
        };
        assert_eq!(seen, [Event::LockSeen(expected)], "nobody else's locks are told");
        assert_eq!(edges.take(2_000, 2_100, &sample, &who), []);
        let gone = LockGone { pid: MIGRATION, lock: held(LockMode::ShareLock), last_seen_us: 2_000 };
        assert_eq!(edges.take(3_000, 3_100, &[], &who), [Event::LockGone(gone)]);
        assert_eq!(edges.take(4_000, 4_100, &[], &who), []);
    }

    #[test]
    fn a_wait_begins_when_the_server_says_and_ends_with_the_grant() {
        let (mut edges, who) = (Edges::new(0), Who::new(MIGRATION));
        let events = edges.take(1_000, 1_100, &[lock(MIGRATION, "AccessExclusiveLock", false)], &who);
        let [Event::LockSeen(seen), Event::BlockedSeen(blocked)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((seen.granted, seen.wait_start_us), (false, Some(650)));
        assert_eq!(blocked.waiter, Waiter::Migration);
        assert_eq!(blocked.by, [Blocker { pid: 11, who: Waiter::Other }]);
        let events = edges.take(2_000, 2_100, &[lock(MIGRATION, "AccessExclusiveLock", true)], &who);
        let [Event::LockSeen(seen), Event::BlockedGone(gone)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((seen.granted, seen.previous_sample_us), (true, 1_000));
        assert_eq!(gone.last_seen_us, 1_000);
    }

    #[test]
    fn a_wait_that_is_given_up_is_gone() {
        let (mut edges, who) = (Edges::new(0), Who::new(MIGRATION));
        edges.take(1_000, 1_100, &[lock(MIGRATION, "AccessExclusiveLock", false)], &who);
        let events = edges.take(2_000, 2_100, &[], &who);
        assert!(matches!(&events[..], [Event::LockGone(_), Event::BlockedGone(_)]), "{events:?}");
    }

    #[test]
    fn others_waits_are_told_without_their_locks() {
        let (mut edges, who) = (Edges::new(0), Who::new(MIGRATION));
        let events = edges.take(1_000, 1_100, &[lock(77, "RowExclusiveLock", false)], &who);
        let [Event::BlockedSeen(blocked)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((blocked.pid, blocked.waiter), (77, Waiter::Other));
    }
}
