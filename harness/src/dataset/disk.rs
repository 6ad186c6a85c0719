//! Will it fit? Asked before anything is loaded.

use std::path::PathBuf;

use super::plan::TablePlan;
use crate::error::Error;

/// What the disk has left.
#[derive(Debug, Clone)]
pub struct Disk {
    /// Where the server lives.
    pub dir: PathBuf,
    /// Bytes that may still be written there.
    pub free_bytes: u64,
}

/// Room that the server itself takes: system catalogs of four databases and some write-ahead log.
const SERVER_BYTES: f64 = 256.0 * 1_048_576.0;

/// The dataset, a rehearsal's copy of it, and as much again for what the migration writes (a rewrite makes a
/// second copy of a table, with its indexes).
const COPIES: f64 = 3.0;

/// Bytes that loading and rehearsing `plans` will take, estimated.
pub fn needed_bytes(plans: &[TablePlan]) -> u64 {
    let dataset: f64 = plans
        .iter()
        .map(|plan| plan.sent() as f64 * (plan.estimated_row_bytes() + plan.estimated_index_bytes()))
        .sum();
    (dataset * COPIES + SERVER_BYTES) as u64
}

/// Refuses a dataset that does not fit.
///
/// # Errors
/// [`Error::Environment`] with both sizes and ways out.
pub fn check(plans: &[TablePlan], disk: &Disk) -> Result<(), Error> {
    let needed = needed_bytes(plans);
    if needed <= disk.free_bytes {
        return Ok(());
    }
    let rows: u64 = plans.iter().map(TablePlan::rows).sum();
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0);
    Err(Error::Environment(format!(
        "the disk is too small: {rows} rows, a copy of them to rehearse on and what a migration writes need about \
         {}, and {} has {} left\n  rehearse with less (--scale 0.1, --rows TABLE=1M) or on another disk (--work-dir DIR)",
        gib(needed),
        disk.dir.display(),
        gib(disk.free_bytes),
    )))
}
