//! The strategies beside each other.

mod end;
mod measure;
mod pair;

use serde::{Deserialize, Serialize};

use super::strategy::Verdict;
pub use end::{EndDifference, EndPair, EndRepetitions, EndState, EndStatus, HowDifferent};
pub use measure::{Interval, Measure, Measured, MeasuredValue};
pub use pair::{Pair, PairMeasure};

/// The strategies beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Names of the strategies, best first: by verdict, then by the longest stall of a probe (what is shorter
    /// than 10 ms is none; where one of them was not asked, by the longest time that an existing table was locked against reads or writes), then by duration; the
    /// medians of what completed. Where repetitions are enough to tell a difference, and those of a strategy tell none
    /// in that pain to the best of its verdict, duration alone decides between the two.
    pub order: Vec<String>,
    /// A row for each, in that order.
    pub rows: Vec<ComparisonRow>,
    /// Each against each, the better one first, in that order.
    #[serde(default)]
    pub pairs: Vec<Pair>,
    /// Whether the strategies lead to the same database.
    #[serde(default)]
    pub end_state: EndState,
    /// What came of it, in a sentence; null where fewer than two strategies were rehearsed.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// Whether more repetitions would tell nothing new: the data supports a difference in pain or in duration between
    /// any two strategies, or at least three repetitions of each were all within budget of the one and all beyond it of
    /// the other.
    #[serde(default)]
    pub clear: bool,
}

/// One strategy's numbers: the worst of its rehearsals each, and in `measures` those of what completed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ComparisonRow {
    /// Its name.
    pub strategy: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether that is what was expected.
    pub as_expected: Option<bool>,
    /// Of the migration.
    pub duration_ms: Option<f64>,
    /// Longest wait of a write probe that can be the migration's doing; null where none was due while it ran.
    pub write_stall_ms: Option<f64>,
    /// The same of a read probe.
    pub read_stall_ms: Option<f64>,
    /// Longest hold of a lock that keeps writes from a table that was there before; null where locks were
    /// not watched.
    pub writes_blocked: Option<Hold>,
    /// The same for reads.
    pub reads_blocked: Option<Hold>,
    /// Time that the migration itself waited for locks.
    pub lock_wait_ms: Option<f64>,
    /// Write-ahead log.
    pub wal_bytes: Option<u64>,
    /// Growth of the database at its peak.
    pub growth_bytes_peak: Option<u64>,
    /// How often it was rehearsed.
    #[serde(default)]
    pub repetitions: u32,
    /// How many of these failed, ran out of time, were interrupted or were stopped by something else. They are in none
    /// of the `measures`.
    #[serde(default)]
    pub failed_repetitions: u32,
    /// Every measure, also where it was not taken.
    #[serde(default)]
    pub measures: Vec<Measured>,
    /// Whether it leads to another database than more than half of the other strategies: of three that is the odd one, of
    /// two both.
    #[serde(default)]
    pub ends_differently: bool,
}

impl ComparisonRow {
    /// What came of a measure.
    pub fn measured(&self, measure: Measure) -> Option<&Measured> {
        self.measures.iter().find(|measured| measured.measure == measure)
    }
}

/// How long a lock was held.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hold {
    /// At most; 0 where there was no such lock.
    pub hold_ms: f64,
    /// How much shorter it may have been.
    pub hold_uncertainty_ms: f64,
}
