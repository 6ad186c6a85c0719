//! What was observed that hurts, with its evidence and what to do instead.

mod advice;
mod application;
mod backfill;
mod broken;
mod bulk;
mod checks;
mod habits;
mod left_behind;
mod pool;
mod queue;
mod rewrite;
mod rollback;
mod scan;
mod stall;

use std::collections::BTreeMap;

use super::Terms;
use crate::event::StrategyDeclared;
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::statement::Statement;
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

/// Writes waited for the migration for longer than the budget allows.
pub(crate) const WRITE_STALL: &str = "write-stall";
/// Reads did.
pub(crate) const READ_STALL: &str = "read-stall";
/// A table was read from end to end under a lock that blocks its users.
pub(crate) const SCAN_UNDER_LOCK: &str = "scan-under-lock";
/// Requests waited because all connections were busy.
pub(crate) const POOL_EXHAUSTED: &str = "pool-exhausted";
/// A query of the application does not work with the new schema.
pub(crate) const APP_QUERY_BROKEN: &str = "app-query-broken";
/// A check of the data found rows that must not be.
pub(crate) const DATA_INCONSISTENT: &str = "data-inconsistent";
/// Requests of the application failed otherwise.
pub(crate) const PROBE_FAILED: &str = "probe-failed";
/// Rows were changed while the schema change of the same transaction kept others out.
pub(crate) const MIXED_SCHEMA_AND_DATA: &str = "mixed-schema-and-data";
/// A blocking lock was asked for without a limit to waiting for it.
pub(crate) const NO_LOCK_TIMEOUT: &str = "no-lock-timeout";
/// Much was written to the write-ahead log.
pub(crate) const WAL_HEAVY: &str = "wal-heavy";
/// Many row versions are left that nobody sees.
pub(crate) const DEAD_TUPLES_LEFT: &str = "dead-tuples-left";
/// There is no way back, and nobody said why.
pub(crate) const NO_DOWN: &str = "no-down";

/// A backfill was cancelled that would never have ended.
pub(crate) const BACKFILL_NO_PROGRESS: &str = "backfill-no-progress";
/// A migration that did not come to its end leaves half of its work.
pub(crate) const HALF_APPLIED: &str = "half-applied";
/// The way back does not run.
pub(crate) const ROLLBACK_FAILED: &str = "rollback-failed";
/// The way back does not lead back to the schema.
pub(crate) const ROLLBACK_INCOMPLETE: &str = "rollback-incomplete";
/// The way back does not bring back what the rows held.
pub(crate) const ROLLBACK_LOSES_DATA: &str = "rollback-loses-data";
/// After the way back the migration cannot be applied again.
pub(crate) const REAPPLY_FAILED: &str = "reapply-failed";

/// Every id that a finding can have.
#[cfg(test)]
pub(crate) const ALL: [&str; 24] = [
    STATEMENT_FAILED,
    TIMED_OUT,
    BACKFILL_NO_PROGRESS,
    HALF_APPLIED,
    WRITE_STALL,
    READ_STALL,
    LOCK_QUEUE,
    POOL_EXHAUSTED,
    APP_QUERY_BROKEN,
    DATA_INCONSISTENT,
    PROBE_FAILED,
    TABLE_REWRITE,
    SCAN_UNDER_LOCK,
    INVALID_INDEX_LEFT,
    CONSTRAINT_NOT_VALIDATED,
    MIXED_SCHEMA_AND_DATA,
    NO_LOCK_TIMEOUT,
    WAL_HEAVY,
    DEAD_TUPLES_LEFT,
    ROLLBACK_FAILED,
    ROLLBACK_INCOMPLETE,
    ROLLBACK_LOSES_DATA,
    REAPPLY_FAILED,
    NO_DOWN,
];

/// The findings of all rehearsals, the worst first; the same one is told once, as the first rehearsal saw it.
pub(crate) fn findings(declared: &StrategyDeclared, rehearsals: &[Rehearsal], terms: Terms) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for rehearsal in rehearsals {
        let seen = [
            broken::findings(rehearsal, terms),
            backfill::findings(rehearsal),
            rewrite::findings(rehearsal, terms),
            left_behind::findings(rehearsal),
            stall::findings(rehearsal, terms),
            queue::findings(rehearsal, terms),
            pool::findings(rehearsal, terms).into_iter().collect(),
            application::findings(rehearsal),
            checks::findings(rehearsal),
            scan::findings(rehearsal, terms),
            habits::findings(declared, rehearsal, terms),
            bulk::findings(rehearsal, terms),
            rollback::findings(rehearsal),
        ];
        for finding in seen.into_iter().flatten() {
            let same = |known: &Finding| {
                known.repetition != finding.repetition
                    && known.id == finding.id
                    && known.statement == finding.statement
                    && known.relation == finding.relation
                    && known.subject == finding.subject
            };
            if !all.iter().any(same) {
                all.push(finding);
            }
        }
    }
    all.sort_by_key(|finding| (finding.severity, finding.statement.is_none(), finding.statement));
    all
}

/// The statement of that index.
fn statement_of(rehearsal: &Rehearsal, index: Option<u32>) -> Option<&Statement> {
    rehearsal.statements.iter().find(|statement| Some(statement.index) == index)
}

/// The numbers of a finding's evidence, those left out that are not known.
fn numbers<const N: usize>(known: [(&str, Option<Quantity>); N]) -> BTreeMap<String, Quantity> {
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
