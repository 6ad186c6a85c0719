//! The way back, rehearsed.

use serde::{Deserialize, Serialize};

use super::lock::StrongestLock;
use super::statement::Statement;
use super::workload::{Probe, WorkloadRun};
use crate::event::Outcome;

/// The way back: the steps down on what the steps up left, and the steps up again. Its `_ms` times are milliseconds since
/// its own phase began (`phase_started{roll_back}`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rollback {
    /// Whether the steps down ran through.
    pub ran: bool,
    /// Why it was not rehearsed although there is one; null where it was.
    #[serde(default)]
    pub skipped: Option<String>,
    /// How the steps down ended; null where they never began, or the record ends before.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// What stopped them, in words; null where they ran through.
    #[serde(default)]
    pub error: Option<String>,
    /// The time in which they ran; null where they never began.
    #[serde(default)]
    pub duration_ms: Option<f64>,
    /// Their statements, numbered from 0.
    #[serde(default)]
    pub statements: Vec<Statement>,
    /// Per table the strongest of their locks, the worst first.
    #[serde(default)]
    pub strongest_locks: Vec<StrongestLock>,
    /// What the application's requests went through meanwhile; empty where none ran.
    #[serde(default)]
    pub probes: Vec<Probe>,
    /// That application as a whole; null where none ran.
    #[serde(default)]
    pub workload: Option<WorkloadRun>,
    /// Whether the schema was the same as before the migration, the order of a table's columns aside; null where one of the
    /// two was not seen.
    pub schema_equal: Option<bool>,
    /// Whether every table and column that was there before the migration holds what it held: by the number of rows, and by
    /// digests of its values. False where something differs that the application cannot have changed; null where nobody can
    /// tell, and `not_compared` says why.
    pub data_equal: Option<bool>,
    /// What differed from before the migration, in words: of the schema, then of the data, what both tell told once.
    pub differences: Vec<String>,
    /// Those of the schema alone, the order of a table's columns among them.
    #[serde(default)]
    pub schema_differences: Vec<String>,
    /// Those of the data alone, tables and columns that are gone with what was in them among them.
    #[serde(default)]
    pub data_differences: Vec<String>,
    /// What could not be compared, and why.
    #[serde(default)]
    pub not_compared: Vec<String>,
    /// Values that are nowhere any more.
    #[serde(default)]
    pub losses: Vec<Loss>,
    /// The steps up after those down; null where they were not run again.
    #[serde(default)]
    pub reapply: Option<Reapply>,
}

/// Values that are nowhere any more after the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Loss {
    /// `schema.table`, or `schema.table.column`.
    pub of: String,
    /// How many values, or of a table rows.
    pub values: u64,
    /// True where nothing of it was there before the migration: what it wrote itself, or the application since.
    #[serde(default)]
    pub written_since: bool,
    /// `dropping public.users.display_name loses 1,000,000 values that no other column has`.
    pub words: String,
}

/// The steps up, once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reapply {
    /// Whether they ran through.
    pub ran: bool,
    /// How they ended; null where the record ends before.
    pub outcome: Option<Outcome>,
    /// Whether they led to the schema that they had led to the first time, the order of a table's columns aside; null where
    /// one of the two was not seen.
    pub schema_equal: Option<bool>,
    /// What differed, in words.
    pub differences: Vec<String>,
    /// What stopped them, in words; null where they ran through.
    pub error: Option<String>,
    /// The time in which they ran; null where they never began.
    pub duration_ms: Option<f64>,
}

impl Rollback {
    /// Whether its steps were begun.
    pub(crate) fn was_tried(&self) -> bool {
        self.skipped.is_none()
    }

    /// Whether it does not lead back, or the migration cannot be applied again after it. What is lost of the data alone
    /// does not break it.
    pub(crate) fn is_broken(&self) -> bool {
        let fails = |outcome| matches!(outcome, Some(Outcome::Failed | Outcome::TimedOut));
        let is_not_again = |reapply: &Reapply| fails(reapply.outcome) || reapply.schema_equal == Some(false);
        fails(self.outcome)
            || (self.ran && self.schema_equal == Some(false))
            || self.reapply.as_ref().is_some_and(is_not_again)
    }

    /// What the rows held before and do not hold again, in words: what is lost of it, else what differs.
    pub(crate) fn not_brought_back(&self) -> Vec<String> {
        let lost: Vec<String> = self.lost(false).map(|loss| loss.words.clone()).collect();
        let differs = self.data_equal == Some(false);
        if lost.is_empty() && differs { self.data_differences.clone() } else { lost }
    }

    /// What was written since the migration began alone, or what was there before it.
    pub(crate) fn lost(&self, written_since: bool) -> impl Iterator<Item = &Loss> {
        self.losses.iter().filter(move |loss| loss.written_since == written_since)
    }

    /// Why nobody can tell whether it leads back and up again; none where that is known.
    pub(crate) fn why_unknown(&self) -> Option<String> {
        if let Some(why) = &self.skipped {
            return Some(why.clone());
        }
        let unseen = "what the schema was like was not seen";
        match &self.reapply {
            _ if !self.ran => {
                Some(self.error.clone().unwrap_or_else(|| "it did not come to its end".to_owned()))
            }
            _ if self.schema_equal.is_none() => Some(unseen.to_owned()),
            None => Some("the migration was not applied again after it".to_owned()),
            Some(again) if !again.ran => Some(
                again.error.clone().unwrap_or_else(|| "applying it again did not come to its end".to_owned()),
            ),
            Some(again) if again.schema_equal.is_none() => Some(unseen.to_owned()),
            Some(_) => None,
        }
    }
}
