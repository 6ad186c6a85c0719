//! Locks of the migration, and who waited for whom.
//!
//! A lock is taken and released between two looks at it, so every duration here is the **longest** that is
//! consistent with what was seen (earliest possible beginning to latest possible end), and the
//! `…_uncertainty_ms` beside it says how much shorter it may have been.

mod conflict;

use serde::{Deserialize, Serialize};

use crate::event::{LockMode, RelationKind, Waiter};
pub(crate) use conflict::conflict;

/// One relation lock of the migration, from its request to its release.
///
/// The same mode on the same relation in a later transaction is a lock of its own; a stronger mode taken
/// later is one more lock, and the weaker one stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lock {
    /// `schema.name`, or `oid 16384` where its name never became known.
    pub relation: String,
    /// `pg_class.oid`.
    pub relation_oid: u32,
    /// What it is.
    pub relation_kind: RelationKind,
    /// For an index or a TOAST table, the table that it belongs to.
    pub of_table: Option<String>,
    /// Whether the relation did not exist before the migration, so that nobody can wait for it; null where
    /// that never became known.
    pub created_by_migration: Option<bool>,
    /// How strong.
    pub mode: LockMode,
    /// Index of the statement that took it; null where it was taken between statements.
    pub statement: Option<u32>,
    /// When it began to wait; null where no sample saw it wait.
    pub requested_ms: Option<f64>,
    /// Earliest time at which it can have been granted; null where it never was.
    pub granted_ms: Option<f64>,
    /// Latest time at which it can have been released; the last event's where the record ends before. Null
    /// where it was never granted.
    pub released_ms: Option<f64>,
    /// How long it waited, at most; 0 where the sampler watched and did not see it wait; null where no
    /// sampler watched.
    pub wait_ms: Option<f64>,
    /// How much shorter the wait may have been.
    pub wait_uncertainty_ms: Option<f64>,
    /// How long it was held, at most; null where it was never granted.
    pub hold_ms: Option<f64>,
    /// How much shorter the hold may have been.
    pub hold_uncertainty_ms: Option<f64>,
    /// What its mode keeps others from doing with the relation.
    pub blocks: Blocks,
    /// How it is known.
    pub source: LockSource,
    /// Who was seen ahead of it while it waited.
    pub waits: Vec<Wait>,
    /// From its release until the last of those whom it had kept waiting by then waited no longer, at most; null where
    /// nobody was seen to wait for it until it went.
    pub drain_ms: Option<f64>,
}

impl Lock {
    /// The time in which it kept others out, milliseconds: from being asked for, because whoever comes later queues behind
    /// it, to its release, both as far apart as they can be. None where it is not known.
    pub(crate) fn live_ms(&self) -> Option<(f64, f64)> {
        let begins_ms = self.requested_ms.or(self.granted_ms)?;
        let ends_ms = self.released_ms.or_else(|| Some(self.requested_ms? + self.wait_ms?))?;
        Some((begins_ms, ends_ms))
    }

    /// Whether it was held or waited for at any time between the two, milliseconds.
    pub fn is_live_between(&self, from_ms: f64, to_ms: f64) -> bool {
        self.live_ms().is_some_and(|(begins_ms, ends_ms)| begins_ms <= to_ms && ends_ms >= from_ms)
    }
}

/// What a lock mode keeps others from doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Blocks {
    /// Neither reads nor writes; DDL and maintenance, perhaps.
    None,
    /// Reads only: no mode of PostgreSQL does, but the key has the word.
    Reads,
    /// INSERT, UPDATE, DELETE (and `SELECT … FOR UPDATE` for the strongest of them).
    Writes,
    /// Everything.
    Both,
}

impl Blocks {
    /// What a table-level lock of this mode blocks of an application's reads and writes.
    pub const fn of(mode: LockMode) -> Self {
        match (conflict(mode, LockMode::AccessShareLock), conflict(mode, LockMode::RowExclusiveLock)) {
            (true, true) => Self::Both,
            (true, false) => Self::Reads,
            (false, true) => Self::Writes,
            (false, false) => Self::None,
        }
    }

    /// Whether a write has to wait.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Writes | Self::Both)
    }

    /// Whether a read has to wait.
    pub const fn reads(self) -> bool {
        matches!(self, Self::Reads | Self::Both)
    }
}

/// How a lock is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LockSource {
    /// The migration's own session read it before its transaction ended; samples may have narrowed its times.
    Session,
    /// Another session's samples of `pg_locks` alone: a lock shorter than the time between two samples may
    /// be missing.
    Sampler,
    /// The server's own lock calls were traced.
    Kernel,
}

/// A time that the migration spent waiting for a lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Wait {
    /// Who was waited for, queued waiters included.
    pub by: Vec<Waiter>,
    /// Their server processes.
    pub by_pids: Vec<i32>,
    /// Earliest beginning.
    pub from_ms: f64,
    /// Latest end.
    pub to_ms: f64,
}

/// How many waited behind the migration at once, whether for what it held or for what it waited for itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LockQueue {
    /// The most at one time.
    pub waiting_max: u64,
    /// The longest wait of one of them, at most.
    #[serde(default)]
    pub wait_ms_max: f64,
    /// From the release of a lock of the migration until the last who had queued behind it waited no longer, the longest;
    /// null where nobody was seen to queue behind the migration until it let go.
    pub drain_ms_max: Option<f64>,
    /// Its length from then on, by time.
    pub lengths: Vec<QueueLength>,
}

/// How many waited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct QueueLength {
    /// From then on.
    pub at_ms: f64,
    /// So many.
    pub waiting: u64,
}

/// Somebody who was seen waiting for a lock of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Blocked {
    /// The relation, where the lock was of one.
    pub relation: Option<String>,
    /// `pg_locks.locktype`.
    pub locktype: String,
    /// Who waited.
    pub waiter: Waiter,
    /// Its process id.
    pub pid: i32,
    /// The mode asked for.
    pub mode: String,
    /// Who it waited for, queued waiters included; each named once.
    pub by: Vec<Waiter>,
    /// Their server processes; 0 for a prepared transaction.
    pub by_pids: Vec<i32>,
    /// Index in the rehearsal's `locks` of the migration's lock that was in its way: of those that conflict with the mode
    /// asked for, the one that was there for the longest part of the wait. For a row (`tuple`) the one under which the
    /// migration changed rows of that table. Null where none is known to have been.
    pub lock: Option<usize>,
    /// Earliest beginning.
    pub from_ms: f64,
    /// Latest end; the last event's where the record ends before.
    pub to_ms: f64,
    /// How long it waited, at most.
    #[serde(default)]
    pub wait_ms: f64,
    /// How much shorter the wait may have been.
    pub uncertainty_ms: f64,
}

impl Blocked {
    /// Whether it was somebody else that waited behind the migration.
    pub(crate) fn is_behind_the_migration(&self) -> bool {
        self.waiter != Waiter::Migration && is_behind_the_migration(&self.by, self.lock)
    }
}

/// Whether the migration was ahead of a wait. Nobody may have been seen ahead any more when they were asked for, but the
/// lock itself tells.
pub(crate) fn is_behind_the_migration(by: &[Waiter], lock: Option<usize>) -> bool {
    by.contains(&Waiter::Migration) || (by.is_empty() && lock.is_some())
}

/// The strongest lock that a table went through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StrongestLock {
    /// The table (or sequence, view, …). A lock on an index or a TOAST table counts for its table, because
    /// whoever uses the table has to open those too.
    pub table: String,
    /// What was locked: the table itself or one of its indexes.
    pub relation: String,
    /// Whether the table did not exist before the migration.
    pub created_by_migration: Option<bool>,
    /// Its strongest mode.
    pub mode: LockMode,
    /// What that mode blocks.
    pub blocks: Blocks,
    /// The statement that took it.
    pub statement: Option<u32>,
    /// Longest hold in that mode; null where it was never granted.
    pub hold_ms: Option<f64>,
    /// How much shorter that may have been.
    pub hold_uncertainty_ms: Option<f64>,
    /// Longest hold in any mode that blocks writes; null where there was none.
    pub writes_blocked_ms: Option<f64>,
    /// Longest hold in any mode that blocks reads; null where there was none.
    pub reads_blocked_ms: Option<f64>,
}
