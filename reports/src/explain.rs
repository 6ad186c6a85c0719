//! What each finding means: what was observed, why it hurts, what to do instead.
//!
//! A finding in a report speaks of the objects of its migration; these texts speak of all migrations.

mod application;
mod leftovers;
mod locks;
mod rollback;
mod rollout;

use crate::model::strategy::Severity;

/// A kind of finding, explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    /// The finding's id, e.g. `write-stall`.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// How much it usually hurts; a finding may say otherwise.
    pub severity: Severity,
    /// What was observed.
    pub what: &'static str,
    /// Why it hurts, with what PostgreSQL does.
    pub why: &'static str,
    /// What to do instead, with SQL; lines that are indented by four spaces are code.
    pub instead: &'static str,
}

/// Every kind of finding, the most felt first.
pub fn catalogue() -> &'static [Explained] {
    &CATALOGUE
}

/// The kind of finding with that id.
pub fn find(id: &str) -> Option<&'static Explained> {
    CATALOGUE.iter().find(|explained| explained.id == id)
}

static CATALOGUE: [Explained; 24] = [
    locks::WRITE_STALL,
    locks::READ_STALL,
    locks::LOCK_QUEUE,
    application::POOL_EXHAUSTED,
    application::APP_QUERY_BROKEN,
    rollout::DATA_INCONSISTENT,
    application::PROBE_FAILED,
    leftovers::STATEMENT_FAILED,
    leftovers::TIMED_OUT,
    rollout::BACKFILL_NO_PROGRESS,
    leftovers::HALF_APPLIED,
    locks::TABLE_REWRITE,
    locks::SCAN_UNDER_LOCK,
    leftovers::INVALID_INDEX_LEFT,
    leftovers::CONSTRAINT_NOT_VALIDATED,
    locks::MIXED_SCHEMA_AND_DATA,
    locks::NO_LOCK_TIMEOUT,
    leftovers::WAL_HEAVY,
    leftovers::DEAD_TUPLES_LEFT,
    rollback::ROLLBACK_FAILED,
    rollback::ROLLBACK_INCOMPLETE,
    rollback::ROLLBACK_LOSES_DATA,
    rollback::REAPPLY_FAILED,
    leftovers::NO_DOWN,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::judge::findings::ALL;

    #[test]
    fn every_finding_is_explained_once_and_in_full() {
        let ids: Vec<&str> = catalogue().iter().map(|explained| explained.id).collect();
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(distinct, ALL.into_iter().collect());
        for Explained { id, title, what, why, instead, .. } in catalogue() {
            for text in [title, what, why, instead] {
                assert!(!text.trim().is_empty(), "{id}");
            }
            assert_eq!(find(id).map(|found| found.id), Some(*id));
        }
        assert_eq!(find("no-such-finding"), None);
    }
}
