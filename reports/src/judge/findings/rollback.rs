//! The way back, rehearsed.

use super::{REAPPLY_FAILED, ROLLBACK_FAILED, ROLLBACK_INCOMPLETE, ROLLBACK_LOSES_DATA, numbers};
use crate::event::Outcome;
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::rollback::{Reapply, Rollback};
use crate::model::strategy::{Finding, Severity};

/// Differences and losses that are told in a finding.
pub(super) const TOLD: usize = 5;

pub(super) fn findings(rehearsal: &Rehearsal) -> Vec<Finding> {
    let Some(rollback) = &rehearsal.rollback else { return Vec::new() };
    let finding = |id: &str, severity: Severity, evidence: String, advice: &str| Finding {
        id: id.to_owned(),
        severity,
        repetition: rehearsal.repetition,
        // Its statements are not those of the migration.
        statement: None,
        relation: None,
        subject: None,
        evidence,
        numbers: numbers([
            ("rollback_ms", rollback.duration_ms.map(Quantity::Fraction)),
            ("lost_values", lost(rollback).filter(|_| id == ROLLBACK_LOSES_DATA).map(Quantity::Whole)),
        ]),
        advice: advice.to_owned(),
    };
    let mut found = Vec::new();
    if did_not_end(rollback.outcome) {
        let error = rollback.error.as_deref().unwrap_or("nothing says why");
        found.push(finding(
            ROLLBACK_FAILED,
            Severity::High,
            format!("the way back did not come to its end: {error}"),
            "Mend the steps down, and rehearse them again: a way back that fails in the night leaves the database between \
             two versions.",
        ));
    }
    if rollback.ran && rollback.schema_equal == Some(false) {
        found.push(finding(
            ROLLBACK_INCOMPLETE,
            Severity::High,
            format!(
                "after the way back the schema is not what it was: {}",
                listed(&rollback.schema_differences)
            ),
            "Undo every statement of the steps up, the last one first.",
        ));
    }
    if let Some((severity, evidence)) = loses(rollback).filter(|_| rollback.ran) {
        found.push(finding(
            ROLLBACK_LOSES_DATA,
            severity,
            evidence,
            "Copy the values back before the column that has them is dropped, or go forward instead: a new migration that \
             mends what is wrong keeps what was written since.",
        ));
    }
    if let Some(why) = rollback.reapply.as_ref().and_then(why_not_again) {
        found.push(finding(
            REAPPLY_FAILED,
            Severity::High,
            format!("after the way back the migration cannot be applied again: {why}"),
            "Let the steps down remove all that the steps up make, types and functions too, so that the mended migration can \
             be deployed.",
        ));
    }
    found
}

/// How bad it is that data goes on the way back, and what is known of it; none where all stays. Of what was written since the
/// migration began nobody can tell whether it could be worked out again.
fn loses(rollback: &Rollback) -> Option<(Severity, String)> {
    let since: Vec<String> = rollback.lost(true).map(|loss| loss.words.clone()).collect();
    let since = (!since.is_empty())
        .then(|| format!("what was written since the migration began goes with it: {}", listed(&since)));
    let before = rollback.not_brought_back();
    if before.is_empty() {
        let there = match rollback.data_equal {
            Some(true) => "the rows hold what they held before the migration, and ",
            Some(false) | None => "",
        };
        return since.map(|since| (Severity::Low, format!("{there}{since}")));
    }
    let since = since.map_or_else(String::new, |since| format!("; {since}"));
    let evidence = format!("the way back does not bring back what the rows held: {}{since}", listed(&before));
    Some((Severity::Medium, evidence))
}

fn did_not_end(outcome: Option<Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Failed | Outcome::TimedOut))
}

fn lost(rollback: &Rollback) -> Option<u64> {
    rollback.losses.iter().map(|loss| loss.values).reduce(u64::saturating_add)
}

fn why_not_again(reapply: &Reapply) -> Option<String> {
    if did_not_end(reapply.outcome) {
        return Some(reapply.error.clone().unwrap_or_else(|| "nothing says why".to_owned()));
    }
    (reapply.ran && reapply.schema_equal == Some(false))
        .then(|| format!("it leads to another schema than the first time: {}", listed(&reapply.differences)))
}

/// The first of them, and how many more there are.
pub(super) fn listed(words: &[String]) -> String {
    let mut told: Vec<String> = words.iter().take(TOLD).cloned().collect();
    if let Some(more @ 1..) = words.len().checked_sub(TOLD) {
        told.push(format!("and {more} more"));
    }
    told.join("; ")
}
