//! What was asked for, and how a run begins and ends.

use super::StrategyPhaseDeclared;
use serde::{Deserialize, Serialize};

/// First line of every record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordStarted {
    /// [`RECORD_FORMAT`](super::RECORD_FORMAT).
    pub format: String,
    /// The program's version.
    pub program_version: String,
    /// Wall-clock time of `at_us = 0`, RFC 3339, UTC.
    pub started_at: String,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunStarted {
    /// The scenario's folder name or id.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// Its description.
    pub about: Option<String>,
    /// SHA-256 of its files, hexadecimal.
    pub fingerprint: String,
    /// The seed in force.
    pub seed: u64,
    /// The factor applied to the declared rows.
    pub scale: f64,
    /// The strategies that will be rehearsed, in order.
    pub strategies: Vec<StrategyDeclared>,
    /// The limits in force.
    pub budget: BudgetDeclared,
    /// The deployed migrations that made the schema; none where a schema file did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrations: Option<MigrationsDeployed>,
}

/// The migrations that were deployed before, and made the schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MigrationsDeployed {
    /// The tool that they were written for: `dbmate`, `flyway`, …
    pub tool: String,
    /// Their folder.
    pub folder: String,
    /// How many they are.
    pub count: u64,
    /// File of the last one, relative to the folder; none where there is none yet.
    pub last: Option<String>,
    /// All their files, in the order in which they were applied.
    pub files: Vec<FileChecksum>,
}

/// A file with its checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileChecksum {
    /// Its path, relative to the folder of the migrations.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// What a scenario says of one strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StrategyDeclared {
    /// Its name.
    pub name: String,
    /// Files of its steps up.
    pub up: Vec<String>,
    /// Files of its steps down.
    pub down: Vec<String>,
    /// Its phases, whose steps are `up` together; empty where it has none.
    #[serde(default)]
    pub phases: Vec<StrategyPhaseDeclared>,
    /// Names of the checks that are made when it is done, where it has no phases.
    #[serde(default)]
    pub verify: Vec<String>,
    /// Why there is no way back.
    pub irreversible: Option<String>,
    /// True where every phase says that nothing of it has to be undone (`down = []`), so that no down is missing.
    #[serde(default)]
    pub nothing_to_undo: bool,
    /// The verdict it expects: `pass` or `fail`.
    pub expect_verdict: Option<String>,
    /// The findings it expects.
    pub expect_findings: Vec<String>,
}

/// The limits in force. A `declared` name is one that the scenario wrote down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BudgetDeclared {
    /// Longest wait of a read probe, ms.
    pub read_stall_ms: f64,
    /// Longest wait of a write probe, ms.
    pub write_stall_ms: f64,
    /// Of the whole strategy, ms.
    pub duration_ms: f64,
    /// Failed probe requests.
    pub probe_errors: u64,
    /// False where a table rewrite is denied.
    pub rewrite_allowed: bool,
    /// True where a way back that fails, or does not lead back, does not fail the verdict. Records of versions that did not
    /// rehearse it do not say.
    #[serde(default = "allowed")]
    pub broken_rollback_allowed: bool,
    /// True where a limit of which nobody can tell whether it holds does not fail the verdict.
    #[serde(default)]
    pub unmeasured_allowed: bool,
    /// Bytes of write-ahead log.
    pub wal_bytes: Option<u64>,
    /// Bytes the database may grow by.
    pub disk_growth_bytes: Option<u64>,
    /// Which of the limits the scenario itself names: `read_stall`, `duration`, `broken_rollback`, …
    pub declared: Vec<String>,
}

fn allowed() -> bool {
    true
}

/// Something that the reader of the report has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Warned {
    /// In words.
    pub message: String,
}

/// Something that was made is gone again, or could not be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TornDown {
    /// What: `server`, `database pgrehearse_1`, `data directory`.
    pub what: String,
    /// Why it could not be removed.
    pub error: Option<String>,
}

/// Last line of a whole record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunFinished {
    /// What stopped the run before its end: an error of the environment, or `interrupted`.
    pub error: Option<String>,
    /// True where somebody stopped it.
    pub interrupted: bool,
}
