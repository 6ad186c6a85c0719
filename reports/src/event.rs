//! The events of a run: the contract between doing and telling.
//!
//! An event is a fact as it was seen; nothing in it is derived from other events. Times are microseconds
//! of one monotonic clock that starts with the run. Where a fact was seen by sampling, the event carries
//! both ends of the interval in which it happened.

mod dataset;
mod fidelity;
mod lock;
mod progress;
mod rehearsal;
mod rollout;
mod run;
mod state;
mod statement;
mod workload;

use serde::{Deserialize, Serialize};

pub use dataset::{DatasetReady, ServerPurpose, ServerStarted, TableLoaded, TableSized};
pub use fidelity::{
    ColumnCounted, ColumnPlanned, ColumnStatistics, ColumnVerified, DependencyVerified, FanOutVerified,
    Refusal, Share, TableMeasured, TablePlanned, TableVerified,
};
pub use lock::{
    BlockedGone, BlockedSeen, Blocker, HeldLock, KernelLock, KernelTraceEnded, KernelTraceStarted, LockGone,
    LockMode, LockSeen, RelationKind, RelationNamed, SamplerStopped, SessionLocks, Waiter,
};
pub use progress::{ChangeNamed, Changed, ChangesSeen};
pub use rehearsal::{
    DatabaseSized, Inspected, MigrationFinished, MigrationStarted, Outcome, Phase, PhaseStarted,
    RehearsalFinished, RehearsalStarted, StepStarted, TransactionShape,
};
pub use rollout::{
    ApplicationWrites, DataChecked, RollBackSkipped, StrategyPhaseDeclared, StrategyPhaseFinished,
    StrategyPhaseStarted, TableWritten,
};
pub use run::{
    BudgetDeclared, FileChecksum, MigrationsDeployed, RecordStarted, RunFinished, RunStarted,
    StrategyDeclared, TornDown, Warned,
};
pub use state::{ColumnContent, Moment, SchemaObject, StateSeen, TableContent};
pub use statement::{
    Notice, ProgressSeen, SqlError, StatementFinished, StatementStarted, StatementTransaction,
    StorageChanged, TransactionEnded, TransactionStarted,
};

pub use workload::{
    HoldEnded, HoldStarted, ProbeDeclared, ProbeRequest, ProbeWindow, SLOW_US, StepRetried, WorkloadStarted,
    WorkloadStopped,
};

/// The format's name and version, in the first line of every record.
pub const RECORD_FORMAT: &str = "pgrehearse.record/1";

/// One line of `record.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Entry {
    /// When it happened, microseconds since the run began.
    pub at_us: u64,
    /// The rehearsal that it belongs to, from 1; none for facts of the run itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<u32>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Everything that can happen in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// First line of every record.
    RecordStarted(RecordStarted),
    /// What was asked for.
    RunStarted(RunStarted),
    /// A server accepts connections.
    ServerStarted(ServerStarted),
    /// A table's rows are in it and its indexes are built.
    TableLoaded(TableLoaded),
    /// A loaded table was held against its plan.
    TableVerified(TableVerified),
    /// All tables are loaded, vacuumed and analysed.
    DatasetReady(DatasetReady),
    /// A rehearsal's own copy of the dataset is there.
    RehearsalStarted(RehearsalStarted),
    /// A phase of the rehearsal begins.
    PhaseStarted(PhaseStarted),
    /// The migration's session is connected; the next event of it is the first step.
    MigrationStarted(MigrationStarted),
    /// A migration file begins.
    StepStarted(StepStarted),
    /// A transaction was opened on the migration's session (by the file, or around it).
    TransactionStarted(TransactionStarted),
    /// A transaction ended, and with it its locks.
    TransactionEnded(TransactionEnded),
    /// A statement is sent.
    StatementStarted(StatementStarted),
    /// A statement's result is here.
    StatementFinished(StatementFinished),
    /// The migration's session read its own locks.
    SessionLocks(SessionLocks),
    /// A sample shows a lock entry that the sample before did not.
    LockSeen(LockSeen),
    /// A sample no longer shows a lock entry.
    LockGone(LockGone),
    /// A sample shows a backend waiting.
    BlockedSeen(BlockedSeen),
    /// A sample no longer shows it waiting.
    BlockedGone(BlockedGone),
    /// The name and kind of an object id that other events mention. May come after them.
    RelationNamed(RelationNamed),
    /// The server said something to the migration's session.
    Notice(Notice),
    /// A relation's file node changed: it was rewritten, rebuilt or truncated.
    StorageChanged(StorageChanged),
    /// Progress of a long command, as `pg_stat_progress_*` has it; sent when the phase changes.
    ProgressSeen(ProgressSeen),
    /// Size of the rehearsal's database.
    DatabaseSized(DatabaseSized),
    /// The lock sampler ended.
    SamplerStopped(SamplerStopped),
    /// The kernel traces the server's lock calls, or cannot.
    KernelTraceStarted(KernelTraceStarted),
    /// A lock, as that trace has it.
    KernelLock(KernelLock),
    /// That trace ended.
    KernelTraceEnded(KernelTraceEnded),
    /// The application begins.
    WorkloadStarted(WorkloadStarted),
    /// What became of requests in a stretch of time.
    ProbeWindow(ProbeWindow),
    /// A request that was slow or failed.
    ProbeRequest(ProbeRequest),
    /// The application ended.
    WorkloadStopped(WorkloadStopped),
    /// A long transaction of the workload is open.
    HoldStarted(HoldStarted),
    /// It ended.
    HoldEnded(HoldEnded),
    /// A step failed and is tried again.
    StepRetried(StepRetried),
    /// A phase of the strategy begins.
    StrategyPhaseStarted(StrategyPhaseStarted),
    /// Its steps have run.
    StrategyPhaseFinished(StrategyPhaseFinished),
    /// A check of the data was made.
    DataChecked(DataChecked),
    /// A statement that changes rows is seen for the first time.
    ChangeNamed(ChangeNamed),
    /// What the migration's session has changed so far.
    ChangesSeen(ChangesSeen),
    /// The migration's session is done (or was cancelled).
    MigrationFinished(MigrationFinished),
    /// What the application's own requests change.
    ApplicationWrites(ApplicationWrites),
    /// The way back is not rehearsed although there is one.
    RollBackSkipped(RollBackSkipped),
    /// What the database looks like afterwards.
    Inspected(Inspected),
    /// See [`StateSeen`].
    StateSeen(StateSeen),
    /// A rehearsal is over.
    RehearsalFinished(RehearsalFinished),
    /// Something that the reader of the report has to know.
    Warned(Warned),
    /// Something that was made is gone again, or could not be removed.
    TornDown(TornDown),
    /// Last line of a whole record.
    RunFinished(RunFinished),
}
