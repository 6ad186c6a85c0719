//! Locks and waits, as they are seen from inside the migration's session and from beside it.

use serde::{Deserialize, Serialize};

/// The migration's session read its own locks: all relation locks it holds at `at_us`, system catalogs
/// included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SessionLocks {
    /// The statement that has just finished.
    pub statement: u32,
    /// Everything held.
    pub held: Vec<HeldLock>,
}

/// A relation lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HeldLock {
    /// `pg_class.oid`.
    pub relation_oid: u32,
    /// How strong.
    pub mode: LockMode,
}

/// PostgreSQL's table-level lock modes, weakest first, named as `pg_locks.mode` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are PostgreSQL's own")]
pub enum LockMode {
    AccessShareLock,
    RowShareLock,
    RowExclusiveLock,
    ShareUpdateExclusiveLock,
    ShareLock,
    ShareRowExclusiveLock,
    ExclusiveLock,
    AccessExclusiveLock,
}

impl LockMode {
    /// The mode that `pg_locks.mode` has that name for; none where it is none of a table.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "AccessShareLock" => Self::AccessShareLock,
            "RowShareLock" => Self::RowShareLock,
            "RowExclusiveLock" => Self::RowExclusiveLock,
            "ShareUpdateExclusiveLock" => Self::ShareUpdateExclusiveLock,
            "ShareLock" => Self::ShareLock,
            "ShareRowExclusiveLock" => Self::ShareRowExclusiveLock,
            "ExclusiveLock" => Self::ExclusiveLock,
            "AccessExclusiveLock" => Self::AccessExclusiveLock,
            _ => return None,
        })
    }
}

/// A sample shows a relation lock of the migration (or of its parallel workers) that the sample before
/// did not show, or showed as waiting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LockSeen {
    /// Whose: the migration's own process or a parallel worker's.
    pub pid: i32,
    /// The lock.
    #[serde(flatten)]
    pub lock: HeldLock,
    /// False while it waits.
    pub granted: bool,
    /// When it began to wait (`pg_locks.waitstart`), on the run's clock.
    pub wait_start_us: Option<u64>,
    /// The sample before; the change happened between it and `at_us`.
    pub previous_sample_us: u64,
}

/// A sample no longer shows a relation lock of the migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LockGone {
    /// Whose.
    pub pid: i32,
    /// The lock.
    #[serde(flatten)]
    pub lock: HeldLock,
    /// The last sample that showed it; it went between then and `at_us`.
    pub last_seen_us: u64,
}

/// A sample shows a backend of the rehearsal's database waiting for a lock of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BlockedSeen {
    /// The waiting backend.
    pub pid: i32,
    /// Who that is.
    pub waiter: Waiter,
    /// `pg_locks.locktype`: `relation`, `transactionid`, `virtualxid`, `tuple`, …
    pub locktype: String,
    /// The relation, where the lock is of one.
    pub relation_oid: Option<u32>,
    /// The mode asked for, as `pg_locks.mode` names it.
    pub mode: String,
    /// When it began to wait, on the run's clock (PostgreSQL 14 and later).
    pub wait_start_us: Option<u64>,
    /// The sample before.
    pub previous_sample_us: u64,
    /// Who it waits for: `pg_blocking_pids`, queued waiters included.
    pub by: Vec<Blocker>,
}

/// Someone who is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Blocker {
    /// Its process id; 0 for a prepared transaction.
    pub pid: i32,
    /// Who that is.
    pub who: Waiter,
}

/// Who a backend is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Waiter {
    /// The migration's session or one of its parallel workers.
    Migration,
    /// A probe of the workload.
    Probe,
    /// A long transaction of the workload.
    Hold,
    /// Anything else, autovacuum above all.
    Other,
}

/// A sample no longer shows a backend waiting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BlockedGone {
    /// Which.
    pub pid: i32,
    /// The last sample that showed it waiting.
    pub last_seen_us: u64,
}

/// The name and kind of a relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RelationNamed {
    /// `pg_class.oid`.
    pub oid: u32,
    /// `schema.name`, quoted where SQL would need it.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// True for system catalogs and their indexes and TOAST tables.
    pub system: bool,
    /// True where it did not exist when the migration began.
    pub created_by_migration: bool,
    /// For an index its table, for a TOAST table its owner.
    pub of_table_oid: Option<u32>,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of pg_class.relkind")]
pub enum RelationKind {
    Table,
    PartitionedTable,
    Index,
    PartitionedIndex,
    Sequence,
    View,
    MaterializedView,
    ToastTable,
    ForeignTable,
    CompositeType,
    /// Gone before its kind could be read.
    Unknown,
}

/// The lock sampler ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SamplerStopped {
    /// Samples taken.
    pub samples: u64,
    /// Samples that were due and not taken, because the one before was late.
    pub missed: u64,
    /// Longest time between two samples while the migration ran, microseconds.
    pub gap_us_max: u64,
    /// Why it ended early, where it did.
    pub error: Option<String>,
}

/// The kernel began to trace the server's lock calls, or could not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KernelTraceStarted {
    /// Why it could not.
    pub error: Option<String>,
}

/// A relation lock of the migration (or of its parallel workers), as the kernel's trace of the server's calls has it. It
/// is told when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KernelLock {
    /// Whose: the migration's own process or a parallel worker's.
    pub pid: i32,
    /// The lock.
    #[serde(flatten)]
    pub lock: HeldLock,
    /// `LockAcquireExtended` was called.
    pub requested_us: u64,
    /// It returned with the lock; none where it never did.
    pub granted_us: Option<u64>,
    /// The last of its holders in the process gave it back, or gave up; none where the trace ended before.
    pub released_us: Option<u64>,
}

/// The kernel's trace ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KernelTraceEnded {
    /// Calls of all the server's processes, read from the trace.
    pub calls: u64,
    /// Calls that the kernel's buffer had no room for.
    pub lost: u64,
    /// Why it ended early, where it did.
    pub error: Option<String>,
}
