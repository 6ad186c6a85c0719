//! One strategy, once, on its own copy of the data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Quantity;
use super::backfill::Backfill;
use super::comparison::{EndDifference, Measure};
use super::lock::{Blocked, Lock, LockQueue, StrongestLock};
use super::rollback::Rollback;
use super::rollout::{DataCheck, RolloutPhase};
use super::statement::Statement;
use super::strategy::Verdict;
use super::workload::{HoldRun, Probe, WorkloadRun};
use crate::event::{Outcome, TransactionShape};

/// One strategy, once, on its own copy of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rehearsal {
    /// From 1, in the order of the runs; of a single run as the record has it.
    pub repetition: u32,
    /// The run that it is of: index in the report's `runs`.
    #[serde(default)]
    pub run: u32,
    /// Whether this repetition alone stayed within budget; null in reports of versions that did not tell.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// What strategies are compared by, of this repetition alone; what was not measured is not among it.
    #[serde(default)]
    pub measures: BTreeMap<Measure, Quantity>,
    /// How it ended.
    pub outcome: Outcome,
    /// What stopped it, where that was not a statement of the migration: then its numbers prove nothing.
    pub error: Option<String>,
    /// Name of its copy.
    pub database: String,
    /// The migration's process id on the server; null where it never connected.
    pub backend_pid: Option<i32>,
    /// Making the copy.
    pub copy_ms: f64,
    /// From the migration phase's beginning (or its session being connected, where that came later) to its
    /// session being done, in which steps ran: the pauses between the phases of a strategy, in which the application goes on
    /// and the data is checked, are no part of it. Null where it never ran.
    pub duration_ms: Option<f64>,
    /// The files, as they were run.
    pub steps: Vec<Step>,
    /// The phases of the strategy that began; empty where it has none.
    #[serde(default)]
    pub phases: Vec<RolloutPhase>,
    /// The checks of the data, in the order in which they were made.
    #[serde(default)]
    pub checks: Vec<DataCheck>,
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// Those that changed rows of tables that were there, and how they got on.
    #[serde(default)]
    pub backfills: Vec<Backfill>,
    /// Every relation lock of the migration that was seen, system catalogs left out, by the time it began.
    pub locks: Vec<Lock>,
    /// Per table the strongest of them, the worst first.
    pub strongest_locks: Vec<StrongestLock>,
    /// Everybody who was seen waiting, by time.
    pub blocked: Vec<Blocked>,
    /// How many others waited at once; null where nobody did, or nobody watched.
    pub lock_queue: Option<LockQueue>,
    /// What the application's requests went through; empty where no workload ran.
    pub probes: Vec<Probe>,
    /// The application as a whole; null where none ran.
    pub workload: Option<WorkloadRun>,
    /// The long transactions of the workload, by time.
    pub holds: Vec<HoldRun>,
    /// The database after the migration.
    pub after: After,
    /// What the migration did to the schema: `one` is before it, `other` after it, whether or not it came to its end. A
    /// table whose columns came or went is not told besides them. Null where one of the two was not seen.
    #[serde(default)]
    pub schema_changes: Option<Vec<EndDifference>>,
    /// The way back; null where it was not rehearsed, and nothing says that it was left out on purpose.
    pub rollback: Option<Rollback>,
    /// How well it was watched; null where no sampler reported.
    pub sampler: Option<Sampler>,
    /// The kernel's trace of the server's lock calls; null where it was not asked for.
    pub kernel_trace: Option<KernelTrace>,
    /// What should have been kept and was not.
    pub dropped: Dropped,
}

impl Rehearsal {
    /// Whether the migration came to its end and nothing else went wrong, so that its numbers count.
    pub fn is_whole(&self) -> bool {
        self.outcome == Outcome::Completed && self.error.is_none()
    }

    /// Requests that failed while the migration ran or after it: what it broke for good fails then above all. None where
    /// no probe ran.
    pub fn failed_requests(&self) -> Option<u64> {
        let of_each = self.probes.iter().map(|probe| probe.failed.saturating_add(probe.settle_failed));
        (!self.probes.is_empty()).then(|| of_each.fold(0, u64::saturating_add))
    }

    /// Name of the phase with that index.
    pub(crate) fn phase_name(&self, index: Option<u32>) -> Option<&str> {
        let phase = self.phases.iter().find(|phase| Some(phase.index) == index)?;
        Some(&phase.name)
    }
}

/// A migration file, as it was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    /// The file.
    pub file: String,
    /// Index of the strategy's phase that it is of; null in a strategy without phases.
    #[serde(default)]
    pub phase: Option<u32>,
    /// How it was wrapped in transactions.
    pub transaction: TransactionShape,
    /// Why.
    pub why: String,
    /// The `lock_timeout` that its strategy declares for it.
    pub lock_timeout_ms: Option<u64>,
    /// Its tries that failed and were followed by another; empty where the first one counted.
    pub attempts: Vec<Attempt>,
}

/// A try at a step that failed and was followed by another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attempt {
    /// From 1.
    pub attempt: u32,
    /// When it began.
    pub from_ms: f64,
    /// When it had failed.
    pub to_ms: f64,
    /// How long it took.
    #[serde(default)]
    pub duration_ms: f64,
    /// Why it failed.
    pub sqlstate: Option<String>,
    /// How long the next was put off.
    pub backoff_ms: f64,
    /// `schema.index` of every index that was not valid after it, and was not so before the migration.
    pub invalid_indexes: Vec<String>,
    /// Longest stall of any probe that overlaps it, 0 where there was none; null where no workload ran.
    pub stall_ms_max: Option<f64>,
}

/// The database after the migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct After {
    /// Indexes that are not valid; null where nobody looked.
    pub invalid_indexes: Option<Vec<String>>,
    /// `schema.table: constraint` of those not validated; null where nobody looked.
    pub not_valid_constraints: Option<Vec<String>>,
    /// Indexes that were not valid before the migration began; null where nobody looked.
    pub invalid_indexes_before: Option<Vec<String>>,
    /// Constraints that were not validated before the migration began; null where nobody looked.
    pub not_valid_constraints_before: Option<Vec<String>>,
    /// `pg_database_size` when the migration began.
    pub bytes_before: Option<u64>,
    /// The largest that was seen from then on.
    pub bytes_peak: Option<u64>,
    /// At the end.
    pub bytes_after: Option<u64>,
    /// Sum of `n_dead_tup` over user tables.
    pub dead_tuples: Option<u64>,
    /// The same when the migration began; null where nobody looked. Both count from the copy on.
    pub dead_tuples_before: Option<u64>,
    /// Temporary files that were written (`pg_stat_database.temp_bytes`); null where nobody looked.
    pub temp_bytes: Option<u64>,
    /// Write-ahead log that everybody wrote while the migration ran.
    pub wal_bytes: Option<u64>,
    /// What the application wrote of that by itself before the migration, bytes per second; null where none ran, or
    /// nobody measured.
    pub application_wal_bytes_per_s: Option<f64>,
    /// What that comes to in the time of the migration, all of `wal_bytes` at most.
    pub application_wal_bytes: Option<u64>,
}

/// How well the locks were watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sampler {
    /// Samples taken.
    pub samples: u64,
    /// Samples that were due and not taken.
    pub missed: u64,
    /// Longest time between two samples while the migration ran.
    pub gap_ms_max: f64,
}

/// The kernel's trace of the server's lock calls. Locks are reported from it where it is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KernelTrace {
    /// Calls of all the server's processes.
    pub calls: Option<u64>,
    /// Calls that the kernel had no room for.
    pub lost: Option<u64>,
    /// Why it could not be made, or not to its end.
    pub error: Option<String>,
}

/// What should have been kept and was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Dropped {
    /// Lock samples that were due and not taken; null where no sampler reported.
    pub lock_samples: Option<u64>,
    /// Events that could not be kept; null where the rehearsal has no end.
    pub events: Option<u64>,
}
