//! What is left half done when the migration is over.

use super::{CONSTRAINT_NOT_VALIDATED, INVALID_INDEX_LEFT, numbers};
use crate::event::LockMode;
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Finding, Severity};

pub(super) fn findings(rehearsal: &Rehearsal) -> Vec<Finding> {
    let after = &rehearsal.after;
    let indexes = new(&after.invalid_indexes, &after.invalid_indexes_before);
    let indexes = indexes.map(|index| invalid_index(rehearsal, index));
    let constraints = new(&after.not_valid_constraints, &after.not_valid_constraints_before);
    indexes.chain(constraints.filter_map(|constraint| not_validated(rehearsal, constraint))).collect()
}

/// What was not there before the migration; all of it where nobody looked before.
fn new<'a>(
    after: &'a Option<Vec<String>>,
    before: &'a Option<Vec<String>>,
) -> impl Iterator<Item = &'a String> {
    after.iter().flatten().filter(|name| !before.iter().flatten().any(|known| known == *name))
}

fn invalid_index(rehearsal: &Rehearsal, index: &str) -> Finding {
    let locked_by =
        rehearsal.locks.iter().filter(|lock| lock.relation == index).find_map(|lock| lock.statement);
    // The failure that counts; else one that was tried again.
    let failed = || {
        let failed = rehearsal.statements.iter().filter(|statement| statement.error.is_some());
        failed.min_by_key(|statement| statement.retried).map(|found| found.index)
    };
    Finding {
        id: INVALID_INDEX_LEFT.to_owned(),
        severity: Severity::High,
        repetition: rehearsal.repetition,
        statement: locked_by.or_else(failed),
        relation: Some(index.to_owned()),
        subject: None,
        evidence: format!(
            "{index} is there and not valid: every write keeps it up to date, no query uses it"
        ),
        numbers: numbers([]),
        advice: format!(
            "Remove it with `DROP INDEX CONCURRENTLY {index};` before the migration is tried again. `CREATE INDEX … IF NOT \
             EXISTS` would take it for the finished index and pass over it."
        ),
    }
}

/// Only where the migration took a lock that adding a constraint needs: in an old record, the schema may have
/// brought others.
fn not_validated(rehearsal: &Rehearsal, constraint: &str) -> Option<Finding> {
    let (table, name) = constraint.rsplit_once(": ")?;
    let could_add = |lock: &&Lock| lock.relation == table && lock.mode >= LockMode::ShareRowExclusiveLock;
    let lock = rehearsal.locks.iter().find(could_add)?;
    Some(Finding {
        id: CONSTRAINT_NOT_VALIDATED.to_owned(),
        severity: Severity::Low,
        repetition: rehearsal.repetition,
        statement: lock.statement,
        relation: Some(table.to_owned()),
        subject: None,
        evidence: format!(
            "{name} on {table} is NOT VALID: it holds for new rows, nobody looked at the old ones"
        ),
        numbers: numbers([]),
        advice: format!(
            "`ALTER TABLE {table} VALIDATE CONSTRAINT {name};` in a later transaction: it reads the table under \
             ShareUpdateExclusiveLock, which blocks neither reads nor writes."
        ),
    })
}
