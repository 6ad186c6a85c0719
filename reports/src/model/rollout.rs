//! A strategy that goes in phases, and the checks of its data.

use serde::{Deserialize, Serialize};

/// A phase of a strategy that began. The application goes on in its versions until the next phase begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RolloutPhase {
    /// Index in the strategy, from 0.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// When it began, and its versions of the application with it.
    pub from_ms: f64,
    /// When its steps had run, or one of them had failed; null where that was not told.
    pub to_ms: Option<f64>,
    /// The time in which its steps ran; null where that was not told.
    pub duration_ms: Option<f64>,
    /// Indices of its steps that began.
    pub steps: Vec<u32>,
    /// Names of its probes; empty where no application ran.
    pub probes: Vec<String>,
    /// The versions of the application that these are of, each once, in order.
    pub versions: Vec<String>,
    /// Requests of the application that were due in it, pause after its steps included, and failed; null where no
    /// application ran.
    pub failed_requests: Option<u64>,
}

/// A check of the data, made while the application ran: a query for rows that must not be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DataCheck {
    /// Its name.
    pub name: String,
    /// Index of the phase after whose steps it was made; null in a strategy without phases.
    pub phase: Option<u32>,
    /// The query.
    pub sql: String,
    /// Rows that it found; null where it failed.
    pub violations: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was done.
    pub at_ms: f64,
    /// How long it took.
    pub took_ms: f64,
}
