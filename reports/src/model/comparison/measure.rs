//! What strategies are measured by.

use serde::{Deserialize, Serialize};

use crate::model::Quantity;

/// What strategies are measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Measure {
    /// Of the migration.
    #[serde(rename = "duration_ms")]
    Duration,
    /// Longest wait of a write of the application that can be the migration's doing.
    #[serde(rename = "write_stall_ms")]
    WriteStall,
    /// The same of a read.
    #[serde(rename = "read_stall_ms")]
    ReadStall,
    /// Longest hold of a lock that keeps writes, or reads, from a table that was there before.
    #[serde(rename = "blocking_lock_ms")]
    BlockingLock,
    /// Write-ahead log.
    #[serde(rename = "wal_bytes")]
    Wal,
    /// Growth of the database at its peak.
    #[serde(rename = "disk_growth_bytes")]
    DiskGrowth,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Duration, Self::WriteStall, Self::ReadStall, Self::BlockingLock, Self::Wal, Self::DiskGrowth];

    /// What its numbers count.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Duration | Self::WriteStall | Self::ReadStall | Self::BlockingLock => "ms",
            Self::Wal | Self::DiskGrowth => "bytes",
        }
    }
}

/// A measure of one strategy, over its repetitions that completed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Measured {
    /// Which.
    pub measure: Measure,
    /// `ms` or `bytes`.
    pub unit: String,
    /// By run and repetition; those in which it was not measured are left out.
    pub values: Vec<MeasuredValue>,
    /// The middle one, or the mean of the two in the middle; null where there is none.
    pub median: Option<Quantity>,
    /// The interval that holds the true median in about 9 of 10 cases, by the percentile bootstrap of 4000 samples that
    /// are drawn with a fixed seed; null of fewer than two values.
    pub interval: Option<Interval>,
}

/// What was measured in one repetition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MeasuredValue {
    /// Index in the report's `runs`.
    pub run: u32,
    /// Which repetition.
    pub repetition: u32,
    /// How much.
    pub value: Quantity,
}

/// Between what a number is in about 9 of 10 cases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Interval {
    /// At least.
    pub low: Quantity,
    /// At most.
    pub high: Quantity,
}
