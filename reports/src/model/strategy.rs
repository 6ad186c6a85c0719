//! A strategy, judged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Quantity;
use super::rehearsal::Rehearsal;
use super::rollback::Rollback;

/// A strategy, judged by all of its rehearsals: the worst of them counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Strategy {
    /// Its name.
    pub name: String,
    /// Whether it stayed within budget.
    pub verdict: Verdict,
    /// Whether that, and what was found, is what its `expect` says; null where it has none.
    pub as_expected: Option<bool>,
    /// The limits, each with what was measured. A limit that nobody set is not among them.
    pub budget: Vec<BudgetLine>,
    /// What was observed that hurts, the worst first.
    pub findings: Vec<Finding>,
    /// The safety checklist.
    pub checklist: Vec<ChecklistItem>,
    /// Its rehearsals, in order.
    pub rehearsals: Vec<Rehearsal>,
}

impl Strategy {
    /// The way back: that of the first repetition that went it, else the first of which something is told. Repetitions after
    /// the first do not go it.
    pub(crate) fn way_back(&self) -> Option<&Rollback> {
        let told = || self.rehearsals.iter().filter_map(|rehearsal| rehearsal.rollback.as_ref());
        told().find(|rollback| rollback.was_tried()).or_else(|| told().next())
    }
}

/// A verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within budget.
    Pass,
    /// Over budget, or a statement failed, or a limit that the scenario declares could not be measured.
    Fail,
    /// Nobody can tell: the environment failed, or somebody stopped the run.
    Error,
}

/// A limit with what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BudgetLine {
    /// Its key in the scenario's `[budget]`.
    pub limit: String,
    /// What both numbers count: `ms`, `bytes`, `requests`, `tables`, `rows`, `rollbacks`.
    pub unit: String,
    /// The largest value that passes. For `rewrite = "deny"` that is 0 tables.
    pub allowed: Quantity,
    /// The largest value of all rehearsals; null where there is none. Of a stall what can be the migration's doing: waits for
    /// others, and for the generator itself, are left out.
    pub measured: Option<Quantity>,
    /// How it came out.
    pub status: BudgetStatus,
    /// Whether it fails the verdict: it is beyond the limit, or nobody can tell although the scenario sets it or it was
    /// measured, and the scenario does not allow that.
    pub broken: bool,
    /// Whether the scenario names it, or it is the default.
    pub declared: bool,
    /// Why it does not count as measured although there is a number.
    pub doubt: Option<String>,
    /// What has to be known of the number.
    pub note: Option<String>,
}

/// How a limit came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BudgetStatus {
    /// Within it.
    Pass,
    /// Beyond it.
    Fail,
    /// Nothing is known, or what is proves nothing; `broken` says whether that fails the verdict.
    NotMeasured,
}

/// Something observed that hurts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// Stable, for `pgrehearse explain`.
    pub id: String,
    /// How much it hurts.
    pub severity: Severity,
    /// The rehearsal in which it was first seen.
    pub repetition: u32,
    /// Index of the statement that did it, where one did.
    pub statement: Option<u32>,
    /// The object that it happened to, where it is one.
    pub relation: Option<String>,
    /// What else it is about: a probe, a check of the data, a column.
    #[serde(default)]
    pub subject: Option<String>,
    /// What was seen, in words.
    pub evidence: String,
    /// The numbers of the evidence, by names that carry their unit.
    pub numbers: BTreeMap<String, Quantity>,
    /// What to do instead, for these objects.
    pub advice: String,
}

/// How much a finding hurts, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// An outage, a failed deployment, or something broken that is left behind.
    High,
    /// A cost that production feels.
    Medium,
    /// Worth knowing.
    Low,
}

/// An item of the safety checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChecklistItem {
    /// Its number, from 1.
    pub number: u32,
    /// What is asked.
    pub item: String,
    /// How it came out.
    pub status: CheckStatus,
    /// Why.
    pub evidence: String,
}

/// How an item of the checklist came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// Nothing that was recorded can tell.
    NotMeasured,
    /// The migration has nothing that the item is about.
    NotApplicable,
}
