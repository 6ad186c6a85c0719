//! The server and the data that rehearsals start from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A server accepts connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerStarted {
    /// What it is started for.
    pub purpose: ServerPurpose,
    /// `local`, `docker`, `given`.
    pub provider: String,
    /// `server_version`, e.g. `15.18 (Debian 15.18-0+deb12u1)`.
    pub server_version: String,
    /// `server_version_num`, e.g. 150018.
    pub server_version_num: u32,
    /// Every setting that is not the server's built-in default, as `SHOW` would print it, and always the
    /// ones that decide how durable and how busy the server is.
    pub settings: BTreeMap<String, String>,
    /// Processors the server may use; none where the server's machine is not this one.
    pub cpus: Option<u32>,
    /// Memory of the machine, bytes; none where the server's machine is not this one.
    pub memory_bytes: Option<u64>,
    /// From the start of its process (or, of a given server, from the attempt to connect) to the first connection,
    /// microseconds.
    pub start_us: u64,
}

/// What a server is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServerPurpose {
    /// Fast settings, not crash-safe.
    Load,
    /// Production-like settings.
    Rehearse,
}

/// A table's rows are in it and its indexes are built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TableLoaded {
    /// `schema.table`.
    pub table: String,
    /// Rows sent.
    pub rows: u64,
    /// Bytes of COPY data sent.
    pub copy_bytes: u64,
    /// From the first byte to the server's acknowledgement, microseconds.
    pub copy_us: u64,
    /// Building its indexes afterwards, microseconds.
    pub index_us: u64,
}

/// All tables are loaded, vacuumed and analysed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DatasetReady {
    /// SHA-256 of everything that shapes it, hexadecimal.
    pub fingerprint: String,
    /// `generated` or `cached`.
    pub source: String,
    /// From the empty server to here, microseconds.
    pub load_us: u64,
    /// Live rows, all tables.
    pub rows: u64,
    /// `pg_database_size`, bytes.
    pub bytes: u64,
    /// The tables, with their sizes after VACUUM.
    pub tables: Vec<TableSized>,
    /// How its pages were written to disk and what caches hold of it, in words.
    pub state: String,
}

/// A table and its size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TableSized {
    /// `schema.table`.
    pub table: String,
    /// `count(*)`.
    pub rows: u64,
    /// `pg_total_relation_size`, bytes.
    pub bytes: u64,
}
