//! `report.json` as types: finished numbers, nothing left to compute.
//!
//! Keys are only ever added. Where something was not measured its value is `null` (or a status says
//! `not_measured`), never 0 or `pass`. All `_ms` times are milliseconds since the rehearsal's migration
//! phase began (its `phase_started{migrate}` event; its session is connected by then), with microsecond
//! resolution.

pub mod backfill;
pub mod comparison;
pub mod dataset;
pub mod environment;
pub mod lock;
pub mod migrations;
pub mod rehearsal;
pub mod rollback;
pub mod rollout;
pub mod statement;
pub mod strategy;
pub mod workload;

use serde::{Deserialize, Serialize};

use comparison::Comparison;
use dataset::Dataset;
use environment::Environment;
use strategy::{Strategy, Verdict};

/// The format's name and version, under `format` in every report.
pub const REPORT_FORMAT: &str = "pgrehearse.report/1";

/// What a run found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// [`REPORT_FORMAT`].
    pub format: String,
    /// The run itself; of several runs the first, but for an end that was not a good one.
    pub run: Run,
    /// The runs that this report is of, one for each record.
    #[serde(default)]
    pub runs: Vec<RecordedRun>,
    /// What was rehearsed.
    pub scenario: Scenario,
    /// The server and the machine; null where no server ever started.
    pub environment: Option<Environment>,
    /// Seed of every pseudo-random choice.
    pub seed: u64,
    /// The factor applied to the declared rows.
    pub scale: f64,
    /// The data; null where loading had not begun.
    pub dataset: Option<Dataset>,
    /// The candidate ways to make the change, in the scenario's order.
    pub strategies: Vec<Strategy>,
    /// The strategies beside each other.
    pub comparison: Comparison,
    /// `pass` where every strategy did what was asked of it: it stayed within budget, or did as its `expect`
    /// says. `error` where the run cannot tell, whatever else it found.
    pub verdict: Verdict,
    /// What the reader has to know before believing the rest.
    pub warnings: Vec<String>,
}

/// The run itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Run {
    /// Version of the program that made the record.
    pub program_version: String,
    /// When it began, RFC 3339, UTC.
    pub started_at: String,
    /// How it ended.
    pub ended: RunEnd,
    /// What stopped it, in words.
    pub error: Option<String>,
}

/// One of the runs that a report is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordedRun {
    /// The run itself.
    #[serde(flatten)]
    pub run: Run,
    /// Its server and machine; null where no server ever started.
    pub environment: Option<Environment>,
    /// How many rehearsals it began.
    pub rehearsals: u32,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// It did everything that it was asked for.
    Finished,
    /// Somebody stopped it.
    Interrupted,
    /// An error of the environment stopped it.
    Failed,
    /// Its record just ends: the program was killed, or the file was cut.
    CutOff,
}

/// What was rehearsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Scenario {
    /// The folder's name, or the id of a bundled scenario.
    pub name: String,
    /// One line for the reader.
    pub title: String,
    /// A few sentences for the reader.
    pub about: Option<String>,
    /// SHA-256 of its files, hexadecimal.
    pub fingerprint: String,
    /// The deployed migrations that made its schema; null where a schema file did.
    #[serde(default)]
    pub migrations: Option<migrations::Migrations>,
}

/// A measured number: whole where it counts something, a fraction where it is a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Quantity {
    /// A count or a number of bytes.
    Whole(u64),
    /// Milliseconds, or a ratio.
    Fraction(f64),
}

impl Quantity {
    /// For comparing; counts beyond 2⁵³ lose their last digits.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Fraction(fraction) => fraction,
        }
    }
}
