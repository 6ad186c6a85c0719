//! From lock calls to locks: who asked when, was granted when, and gave back when.

use std::collections::HashMap;

use pgrehearse_reports::event::{HeldLock, KernelLock, LockMode};

use super::calls::{Call, Tag};
use crate::postgres::inventory::FIRST_USER_OID;

const MODES: [LockMode; 8] = [
    LockMode::AccessShareLock,
    LockMode::RowShareLock,
    LockMode::RowExclusiveLock,
    LockMode::ShareUpdateExclusiveLock,
    LockMode::ShareLock,
    LockMode::ShareRowExclusiveLock,
    LockMode::ExclusiveLock,
    LockMode::AccessExclusiveLock,
];

/// The locks of a migration's process and of its parallel workers on relations of its database, system catalogs left out.
#[derive(Debug)]
pub(super) struct Holds {
    database_oid: u32,
    processes: HashMap<i32, Process>,
}

/// A process that belongs to the migration.
#[derive(Debug, Default)]
struct Process {
    /// The innermost last: to take an `AccessExclusiveLock`, the server may first lock a transaction id
    /// (`LogAccessExclusiveLockPrepare`).
    asked: Vec<Asked>,
    held: HashMap<HeldLock, Held>,
}

/// A call that was not answered yet.
#[derive(Debug, Clone, Copy)]
struct Asked {
    at_us: u64,
    /// None of what is not watched.
    lock: Option<HeldLock>,
    of_session: bool,
}

/// A process holds a lock once for the server, however often it asks for it.
#[derive(Debug, Clone, Copy)]
struct Held {
    requested_us: u64,
    granted_us: u64,
    of_transaction: u32,
    of_session: u32,
}

impl Holds {
    pub(super) fn new(database_oid: u32, backend_pid: i32) -> Self {
        Self { database_oid, processes: HashMap::from([(backend_pid, Process::default())]) }
    }

    /// Takes in a call; gives the locks that it ended.
    pub(super) fn take(&mut self, pid: i32, at_us: u64, call: Call) -> Vec<KernelLock> {
        if let Call::JoinGroup { leader_pid } = call {
            if self.processes.contains_key(&leader_pid) {
                self.processes.entry(pid).or_default();
            }
            return Vec::new();
        }
        let lock = match call {
            Call::Acquire(tag) | Call::Release(tag) => self.watched(tag),
            _ => None,
        };
        let is_inner = matches!(call, Call::Acquire(Tag { relation: None, .. }));
        let Some(process) = self.processes.get_mut(&pid) else { return Vec::new() };
        match call {
            Call::JoinGroup { .. } => Vec::new(),
            Call::Acquire(Tag { of_session, .. }) => {
                // An error, such as a time-out, ends a call without an answer.
                let ended = if is_inner { Vec::new() } else { process.give_up(pid, at_us) };
                process.asked.push(Asked { at_us, lock, of_session });
                ended
            }
            Call::Acquired { granted } => {
                let Some(asked) = process.asked.pop() else { return Vec::new() };
                if !granted {
                    return asked.in_vain(pid, at_us).into_iter().collect();
                }
                process.granted(asked, at_us);
                Vec::new()
            }
            Call::Release(Tag { of_session, .. }) => {
                lock.and_then(|lock| process.release(pid, lock, of_session, at_us)).into_iter().collect()
            }
            Call::ReleaseAll { all } => process.release_all(pid, all, at_us),
        }
    }

    /// What is held when the trace ends.
    pub(super) fn open(self) -> Vec<KernelLock> {
        let mut open = Vec::new();
        for (pid, process) in self.processes {
            let held = process.held.iter();
            open.extend(held.map(|(lock, held)| KernelLock {
                pid,
                lock: *lock,
                requested_us: held.requested_us,
                granted_us: Some(held.granted_us),
                released_us: None,
            }));
        }
        open.sort_by_key(|lock| (lock.requested_us, lock.lock));
        open
    }

    fn watched(&self, tag: Tag) -> Option<HeldLock> {
        let relation = tag.relation?;
        let mode = MODES.get((tag.mode as usize).checked_sub(1)?)?;
        let ours = relation.database_oid == self.database_oid && relation.oid >= FIRST_USER_OID;
        ours.then_some(HeldLock { relation_oid: relation.oid, mode: *mode })
    }
}

impl Asked {
    /// The lock that was not granted, given up at `at_us`.
    fn in_vain(self, pid: i32, at_us: u64) -> Option<KernelLock> {
        let lock = self.lock?;
        Some(KernelLock { pid, lock, requested_us: self.at_us, granted_us: None, released_us: Some(at_us) })
    }
}

impl Process {
    /// Ends what was asked for and never answered.
    fn give_up(&mut self, pid: i32, at_us: u64) -> Vec<KernelLock> {
        self.asked.drain(..).filter_map(|asked| asked.in_vain(pid, at_us)).collect()
    }

    fn granted(&mut self, asked: Asked, at_us: u64) {
        let Some(lock) = asked.lock else { return };
        let held = self.held.entry(lock).or_insert(Held {
            requested_us: asked.at_us,
            granted_us: at_us,
            of_transaction: 0,
            of_session: 0,
        });
        *(if asked.of_session { &mut held.of_session } else { &mut held.of_transaction }) += 1;
    }

    fn release(&mut self, pid: i32, lock: HeldLock, of_session: bool, at_us: u64) -> Option<KernelLock> {
        let held = self.held.get_mut(&lock)?;
        let count = if of_session { &mut held.of_session } else { &mut held.of_transaction };
        *count = count.saturating_sub(1);
        let ended = held.end_if_over(pid, lock, at_us);
        if ended.is_some() {
            self.held.remove(&lock);
        }
        ended
    }

    fn release_all(&mut self, pid: i32, all: bool, at_us: u64) -> Vec<KernelLock> {
        let mut ended = self.give_up(pid, at_us);
        self.held.retain(|lock, held| {
            held.of_transaction = 0;
            if all {
                held.of_session = 0;
            }
            let over = held.end_if_over(pid, *lock, at_us);
            ended.extend(over.clone());
            over.is_none()
        });
        ended.sort_by_key(|lock| (lock.requested_us, lock.lock));
        ended
    }
}

impl Held {
    fn end_if_over(&self, pid: i32, lock: HeldLock, at_us: u64) -> Option<KernelLock> {
        (self.of_transaction == 0 && self.of_session == 0).then_some(KernelLock {
            pid,
            lock,
            requested_us: self.requested_us,
            granted_us: Some(self.granted_us),
            released_us: Some(at_us),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::calls::Relation;
    use super::*;

    const PID: i32 = 10;

    fn tag(oid: u32, mode: u32, of_session: bool) -> Tag {
        Tag { relation: Some(Relation { database_oid: 5, oid }), mode, of_session }
    }

    /// Plays calls a microsecond apart.
    fn play(calls: &[(i32, Call)]) -> (Vec<KernelLock>, Vec<KernelLock>) {
        let mut holds = Holds::new(5, PID);
        let mut ended = Vec::new();
        for (at_us, (pid, call)) in (0..).zip(calls) {
            ended.extend(holds.take(*pid, at_us, *call));
        }
        (ended, holds.open())
    }

    fn times(lock: &KernelLock) -> (u64, Option<u64>, Option<u64>) {
        (lock.requested_us, lock.granted_us, lock.released_us)
    }

    const YES: (i32, Call) = (PID, Call::Acquired { granted: true });

    #[test]
    fn a_lock_that_is_taken_twice_is_held_until_it_is_given_back_twice() {
        let (take, give) = (Call::Acquire(tag(20_000, 8, false)), Call::Release(tag(20_000, 8, false)));
        let (ended, open) = play(&[(PID, take), YES, (PID, take), YES, (PID, give), (PID, give)]);
        assert_eq!(ended.iter().map(times).collect::<Vec<_>>(), [(0, Some(1), Some(5))]);
        assert_eq!(ended[0].lock.mode, LockMode::AccessExclusiveLock);
        assert!(open.is_empty());
    }

    #[test]
    fn a_session_keeps_its_own_locks_through_a_commit() {
        let of_session = Call::Acquire(tag(20_000, 4, true));
        let of_transaction = Call::Acquire(tag(20_001, 1, false));
        let (ended, open) = play(&[
            (PID, of_session),
            YES,
            (PID, of_transaction),
            YES,
            (PID, Call::ReleaseAll { all: false }),
        ]);
        assert_eq!(ended.iter().map(times).collect::<Vec<_>>(), [(2, Some(3), Some(4))]);
        assert_eq!(open.iter().map(times).collect::<Vec<_>>(), [(0, Some(1), None)]);
        let (ended, open) = play(&[(PID, of_session), YES, (PID, Call::ReleaseAll { all: true })]);
        assert_eq!((ended.len(), open.len()), (1, 0));
    }

    #[test]
    fn a_lock_that_is_not_granted_was_asked_for_all_the_same() {
        let take = Call::Acquire(tag(20_000, 8, false));
        let (ended, _) = play(&[(PID, take), (PID, Call::Acquired { granted: false })]);
        assert_eq!(ended.iter().map(times).collect::<Vec<_>>(), [(0, None, Some(1))]);
        let (ended, _) = play(&[(PID, take), (PID, Call::ReleaseAll { all: true })]);
        assert_eq!(ended.iter().map(times).collect::<Vec<_>>(), [(0, None, Some(1))], "a time-out");
    }

    #[test]
    fn a_transaction_id_may_be_locked_on_the_way() {
        let take = Call::Acquire(tag(20_000, 8, false));
        let id = Call::Acquire(Tag { relation: None, mode: 7, of_session: false });
        let (ended, open) = play(&[(PID, take), (PID, id), YES, YES]);
        assert!(ended.is_empty());
        assert_eq!(open.iter().map(times).collect::<Vec<_>>(), [(0, Some(3), None)]);
    }

    #[test]
    fn others_and_catalogs_are_left_out_and_workers_are_not() {
        let take = Call::Acquire(tag(20_000, 5, false));
        let release = Call::ReleaseAll { all: true };
        let elsewhere =
            Tag { relation: Some(Relation { database_oid: 6, oid: 20_000 }), mode: 1, of_session: false };
        let (ended, open) = play(&[
            (99, take),
            (99, Call::Acquired { granted: true }),
            (99, release),
            (PID, Call::Acquire(tag(1_259, 1, false))),
            YES,
            (PID, Call::Acquire(elsewhere)),
            YES,
            (11, Call::JoinGroup { leader_pid: PID }),
            (11, take),
            (11, Call::Acquired { granted: true }),
            (11, release),
        ]);
        assert_eq!(ended.iter().map(|lock| lock.pid).collect::<Vec<_>>(), [11]);
        assert!(open.is_empty());
    }
}
