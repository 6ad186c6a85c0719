//! The scenario as it is meant: every path read, every quantity in one unit, every default filled in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::migrations::{FileSum, Rule, Tool};
use crate::profile::Profile;
use crate::source::{Place, Source};
use crate::sql::Statement;

/// A folder's worth of rehearsal: schema, data profile, strategies, workload and budget.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The folder's name, or the id of a bundled scenario.
    pub name: String,
    /// One line for the reader of the report.
    pub title: String,
    /// A few sentences for the reader of the report.
    pub about: Option<String>,
    /// SHA-256 over every file that was read, in hexadecimal (64 characters).
    pub fingerprint: String,
    /// What makes the schema.
    pub schema: Schema,
    /// The declared statistics of the data.
    pub profile: Profile,
    /// Seed of every pseudo-random choice.
    pub seed: u64,
    /// What the scenario asks of the server.
    pub server: ServerWish,
    /// The candidate ways to make the change, in the order written; at least one, names unique.
    pub strategies: Vec<Strategy>,
    /// The application that runs beside the migration.
    pub workload: Workload,
    /// The limits that a strategy must stay under.
    pub budget: Budget,
}

/// What makes the schema of a scenario: one file, or the migrations that were deployed so far.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// The files, in order: one for a schema file, one for each deployed migration.
    pub steps: Vec<Step>,
    /// What is known of the migrations; none for a schema file.
    pub deployed: Option<Deployed>,
}

impl Schema {
    /// All its statements, in order.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.steps.iter().flat_map(|step| &step.file.statements)
    }
}

/// Deployed migrations, as a record keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The tool that they were written for.
    pub tool: Tool,
    /// Their folder, as people should see it.
    pub folder: String,
    /// How many they are.
    pub migrations: usize,
    /// File of the last one, relative to the folder; none where there is none yet.
    pub last: Option<String>,
    /// All their files with their checksums, in the order in which they were applied.
    pub files: Vec<FileSum>,
}

/// A file of SQL, read and split.
#[derive(Debug, Clone)]
pub struct SqlFile {
    /// Its text and the path as people should see it (scenario folder joined with what was written).
    pub source: Arc<Source>,
    /// Its statements, in order; those of one part of the file where a migration tool keeps several parts in it.
    pub statements: Vec<Statement>,
}

/// What the scenario asks of the server.
#[derive(Debug, Clone, Default)]
pub struct ServerWish {
    /// Major version wanted; none: the newest found.
    pub version: Option<u32>,
    /// Settings on top of the production-like defaults, as `postgresql.conf` would have them.
    pub settings: BTreeMap<String, String>,
}

/// One candidate way to make the change.
#[derive(Debug, Clone)]
pub struct Strategy {
    /// Unique in the scenario.
    pub name: String,
    /// What makes the change, in order; at least one, and at least one step in them all. A strategy that is not written in
    /// phases is one without a name.
    pub phases: Vec<StrategyPhase>,
    /// Steps that undo it, those of the last phase first; empty where none were declared.
    pub down: Vec<Step>,
    /// Whether every phase with steps says that there is nothing to undo.
    pub nothing_to_undo: bool,
    /// Why there is no way back.
    pub irreversible: Option<String>,
    /// What the rehearsal should conclude.
    pub expect: Option<Expect>,
}

impl Strategy {
    /// Every step that makes the change, in order.
    pub fn up(&self) -> impl Iterator<Item = &Step> {
        self.phases.iter().flat_map(|phase| &phase.up)
    }

    /// Names of the probes that are sent in any of its phases; none where all are in one of them.
    pub fn probes(&self) -> Option<Vec<String>> {
        let each = self.phases.iter().map(|phase| phase.probes.as_deref());
        Some(each.collect::<Option<Vec<_>>>()?.concat())
    }
}

/// A part of a strategy, and the versions of the application that live through it.
#[derive(Debug, Clone, Default)]
pub struct StrategyPhase {
    /// Unique in its strategy; none of a strategy that is not written in phases.
    pub name: Option<String>,
    /// Its steps; a phase that only deploys another version of the application has none.
    pub up: Vec<Step>,
    /// Names of the probes that are sent in it; none where all are.
    pub probes: Option<Vec<String>>,
    /// What must hold of the data when it is done.
    pub verify: Vec<DataCheck>,
}

/// A query for rows that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataCheck {
    /// Unique in its strategy.
    pub name: String,
    /// One statement that can stand in a FROM clause.
    pub sql: String,
    /// Where it stands.
    pub place: Place,
}

/// One migration file, as the team's migration tool would run it.
#[derive(Debug, Clone)]
pub struct Step {
    /// The migration.
    pub file: SqlFile,
    /// How it is wrapped in transactions.
    pub transaction: TransactionMode,
    /// What is done where it cannot get its locks.
    pub retry: Retry,
}

/// How a step waits for locks, and whether it is tried again, as migration tools do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retry {
    /// `lock_timeout` of the session while the step runs; none leaves it as it is.
    pub lock_timeout: Option<Duration>,
    /// How often the whole step is tried again after it could not get a lock (SQLSTATE 55P03) or was the victim of a
    /// deadlock (40P01).
    pub retries: u32,
    /// Pause before each further try.
    pub backoff: Duration,
}

/// How a step's file is wrapped in transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransactionMode {
    /// Explicit BEGIN/COMMIT in the file is kept; a file with a statement that cannot run in a
    /// transaction runs statement by statement; any other file runs in one transaction.
    #[default]
    Auto,
    /// The whole file in one transaction.
    File,
    /// Statement by statement.
    None,
    /// As a migration tool does it.
    Tool(Tool, Rule),
}

/// What a strategy's rehearsal should conclude.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expect {
    /// The verdict that is right for this strategy.
    pub verdict: Option<ExpectedVerdict>,
    /// Ids of findings that must be among those made.
    pub findings: Vec<String>,
}

/// A verdict that a scenario may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedVerdict {
    /// Within budget.
    Pass,
    /// Over budget, or the migration failed.
    Fail,
}

/// The application that runs beside the migration.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Size of the application's connection pool.
    pub connections: u32,
    /// How long it runs before the migration.
    pub baseline: Duration,
    /// How long it runs after the migration.
    pub settle: Duration,
    /// Whether it also runs while the steps down do, with the probes of the first phase.
    pub during_rollback: bool,
    /// Queries sent at a steady rate.
    pub probes: Vec<Probe>,
    /// Long transactions that form a lock queue.
    pub holds: Vec<Hold>,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            connections: 20,
            baseline: Duration::from_secs(3),
            settle: Duration::from_secs(2),
            during_rollback: false,
            probes: Vec::new(),
            holds: Vec::new(),
        }
    }
}

/// An application query sent at a steady rate.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Unique in the workload.
    pub name: String,
    /// The version of the application that sends it. Each version has a pool of its own, as its processes would have.
    pub version: Option<String>,
    /// Whether it reads or writes.
    pub kind: ProbeKind,
    /// The statement, with `$1`-style parameters; or several, which run in one transaction, each with parameters that
    /// are numbered from `$1`.
    pub sql: String,
    /// What each parameter takes its values from, those of the first statement first.
    pub params: Vec<Param>,
    /// Requests per second, open loop.
    pub rate: f64,
    /// Where the statement stands.
    pub place: Place,
}

/// What a parameter takes its values from.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// `table.column` or `schema.table.column`. Parameters of one table are of one row.
    pub column: String,
    /// Fraction of the requests whose value is in no row, 0 to 1.
    pub absent: f64,
    /// Where it stands.
    pub place: Place,
}

/// Whether a probe reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    /// Judged by the read limits.
    Read,
    /// Judged by the write limits.
    Write,
}

/// A long transaction beside the migration.
#[derive(Debug, Clone)]
pub struct Hold {
    /// What it does.
    pub work: HoldWork,
    /// Where its statement, or else its table, is named.
    pub place: Place,
    /// When it begins.
    pub start: HoldStart,
    /// How long its transaction stays open.
    pub duration: Duration,
}

/// What a long transaction does.
#[derive(Debug, Clone, PartialEq)]
pub enum HoldWork {
    /// Runs a statement in a transaction that stays open.
    Sql(String),
    /// Reads the table from end to end; the transaction stays open.
    Reader(String),
    /// Opens a transaction, looks at a row of the table and does nothing more.
    Idle(String),
    /// Changes a row of the table; the transaction stays open.
    Writer(String),
    /// Locks every table that has rows for reading in one snapshot, as `pg_dump` does.
    Dump,
    /// Vacuums the table over and over, as autovacuum does; but it gives way to nobody, as only autovacuum does.
    Vacuum(String),
}

/// When a hold begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldStart {
    /// Before the migration's first statement.
    Before,
    /// While the migration runs.
    During,
}

/// A limit, and whether somebody wrote it down or it is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<T> {
    /// The largest value that passes.
    pub allowed: T,
    /// True when the scenario names it.
    pub declared: bool,
}

impl<T> Limit<T> {
    /// A limit that nobody wrote down.
    pub const fn default_of(allowed: T) -> Self {
        Self { allowed, declared: false }
    }
}

/// The limits that a strategy must stay under.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Longest wait of a read probe.
    pub read_stall: Limit<Duration>,
    /// Longest wait of a write probe.
    pub write_stall: Limit<Duration>,
    /// Of the whole strategy; also its hard stop.
    pub duration: Limit<Duration>,
    /// Failed probe requests.
    pub probe_errors: Limit<u64>,
    /// False where a table rewrite is denied.
    pub rewrite_allowed: Limit<bool>,
    /// True where a way back that fails, or does not lead back, does not fail the verdict.
    pub broken_rollback_allowed: Limit<bool>,
    /// True where a limit of which nobody can tell whether it holds does not fail the verdict.
    pub unmeasured_allowed: bool,
    /// Bytes of write-ahead log.
    pub wal_bytes: Option<u64>,
    /// Bytes the database may grow by, at its peak.
    pub disk_growth_bytes: Option<u64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            read_stall: Limit::default_of(Duration::from_millis(500)),
            write_stall: Limit::default_of(Duration::from_millis(500)),
            duration: Limit::default_of(Duration::from_secs(30 * 60)),
            probe_errors: Limit::default_of(0),
            rewrite_allowed: Limit::default_of(true),
            broken_rollback_allowed: Limit::default_of(false),
            unmeasured_allowed: false,
            wal_bytes: None,
            disk_growth_bytes: None,
        }
    }
}
