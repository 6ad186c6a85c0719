//! The server and the machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The server and the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    /// `server_version`.
    pub server_version: String,
    /// `server_version_num`.
    pub server_version_num: u32,
    /// `local`, `docker`, `given`.
    pub provider: String,
    /// Settings in force while rehearsing that are not the server's defaults, and always the ones that decide
    /// how durable and how busy it is; null where it never came to that.
    pub settings: Option<BTreeMap<String, String>>,
    /// The same while loading; null where the dataset came from the cache.
    pub settings_load: Option<BTreeMap<String, String>>,
    /// Processors the server may use; null where its machine is not this one.
    pub cpus: Option<u32>,
    /// Memory of the machine, bytes; null where it is not this one.
    pub memory_bytes: Option<u64>,
}
