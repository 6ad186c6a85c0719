//! What was observed that hurts, with its evidence and what to do instead.

mod broken;
mod left_behind;
mod queue;
mod rewrite;

use std::collections::BTreeMap;

use super::Terms;
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::Finding;

/// A statement of the migration failed.
pub(crate) const STATEMENT_FAILED: &str = "statement-failed";
/// The migration ran past its `duration` limit.
pub(crate) const TIMED_OUT: &str = "timed-out";
/// A table was written anew.
pub(crate) const TABLE_REWRITE: &str = "table-rewrite";
/// An index is there and is not valid.
pub(crate) const INVALID_INDEX_LEFT: &str = "invalid-index-left";
/// A constraint holds for new rows only.
pub(crate) const CONSTRAINT_NOT_VALIDATED: &str = "constraint-not-validated";
/// Others queued behind the migration's lock.
pub(crate) const LOCK_QUEUE: &str = "lock-queue";

/// The findings of all rehearsals, the worst first; the same one is told once, as the first rehearsal saw it.
pub(crate) fn findings(rehearsals: &[Rehearsal], terms: Terms) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for rehearsal in rehearsals {
        let seen = [
            broken::findings(rehearsal, terms),
            rewrite::findings(rehearsal, terms),
            left_behind::findings(rehearsal),
            queue::findings(rehearsal, terms),
        ];
        for finding in seen.into_iter().flatten() {
            let same = |known: &Finding| {
                known.id == finding.id
                    && known.statement == finding.statement
                    && known.relation == finding.relation
            };
            if !all.iter().any(same) {
                all.push(finding);
            }
        }
    }
    all.sort_by_key(|finding| (finding.severity, finding.statement.is_none(), finding.statement));
    all
}

/// The numbers of a finding's evidence, those left out that are not known.
fn numbers<const N: usize>(known: [(&str, Option<Quantity>); N]) -> BTreeMap<String, Quantity> {
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
