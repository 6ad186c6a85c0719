//! Statements of a migration, their transactions, and what the server says of them.

use serde::{Deserialize, Serialize};

/// How a statement was wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StatementTransaction {
    /// In the transaction around the whole file.
    File,
    /// In a transaction that the file itself opened.
    Explicit,
    /// In a transaction of its own, which is how the server would have run it, so that its locks
    /// could be read before it ended.
    Own,
    /// In none: it cannot run inside one.
    None,
}

/// A transaction was opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TransactionStarted {}

/// A transaction ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TransactionEnded {
    /// When its COMMIT or ROLLBACK was sent; its locks went between then and `at_us`.
    pub from_us: u64,
    /// False where it was rolled back.
    pub committed: bool,
}

/// A statement is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StatementStarted {
    /// From 0, through all steps of the migration.
    pub statement: u32,
    /// Index of its step.
    pub step: u32,
    /// Its file, as people should see it.
    pub file: String,
    /// Line of its first character, from 1.
    pub line: u32,
    /// Its text.
    pub sql: String,
    /// How it is wrapped.
    pub transaction: StatementTransaction,
}

/// A statement's result is here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StatementFinished {
    /// Its index.
    pub statement: u32,
    /// Rows affected or returned, where the server says.
    pub rows: Option<u64>,
    /// What went wrong.
    pub error: Option<SqlError>,
    /// `pg_current_wal_insert_lsn()` after it, as a byte position; none where it could not be read.
    pub wal_lsn: Option<u64>,
    /// Transactions that it was, of one outside a transaction that may change rows and commit inside: by the numbers that
    /// the session gave its transactions right before and after it. None where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactions: Option<u64>,
}

/// An error of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SqlError {
    /// The SQLSTATE; none where the connection itself failed.
    pub sqlstate: Option<String>,
    /// The server's words.
    pub message: String,
    /// DETAIL, where there is one.
    pub detail: Option<String>,
    /// HINT, where there is one.
    pub hint: Option<String>,
    /// Line in the file that the server points at, from 1.
    pub line: Option<u32>,
    /// The lines around it, with the place marked; several lines of text.
    pub snippet: Option<String>,
}

/// The server said something to the migration's session (`client_min_messages = debug1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Notice {
    /// The statement that was running.
    pub statement: Option<u32>,
    /// `DEBUG`, `NOTICE`, `WARNING`, …
    pub severity: String,
    /// The words.
    pub message: String,
}

/// A relation's file node changed during a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StorageChanged {
    /// The statement.
    pub statement: u32,
    /// `pg_class.oid`, which stays.
    pub relation_oid: u32,
    /// `pg_class.relfilenode` before.
    pub old_filenode: u32,
    /// `pg_class.relfilenode` after.
    pub new_filenode: u32,
}

/// Progress of a long command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProgressSeen {
    /// `CREATE INDEX CONCURRENTLY`, `CLUSTER`, …
    pub command: String,
    /// The phase's name in the progress view.
    pub phase: String,
}
