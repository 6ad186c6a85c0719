//! The items that ask what a migration did to which objects, answered from its locks: what a statement does is
//! told by what it had to lock, not by its text.

use std::collections::{BTreeMap, BTreeSet};

use super::Answer;
use crate::event::{LockMode, Outcome, RelationKind};
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::CheckStatus;
use crate::statements::leading_keyword;

/// Whether every statement ran.
pub(super) fn is_whole(rehearsal: &Rehearsal) -> bool {
    rehearsal.outcome == Outcome::Completed
}

/// An index that the migration made tells by the lock that its table was under in the same statement.
pub(super) fn new_indexes(rehearsals: &[Rehearsal]) -> Answer {
    let mut made: BTreeMap<&str, Option<&Lock>> = BTreeMap::new();
    for rehearsal in rehearsals {
        for index in first_locks_of_new_indexes(rehearsal) {
            let tables = rehearsal.locks.iter().filter(|lock| {
                is_table(lock.relation_kind) && index.of_table.as_ref() == Some(&lock.relation)
            });
            // Unless the lock is of the statement that made the index, it was another one's.
            let mut by_same = tables
                .filter(|lock| lock.statement.is_some() && lock.statement == index.statement)
                .peekable();
            if by_same.peek().is_none() {
                continue;
            }
            // That of a partitioned table is empty: `ON ONLY` it is made at once, and otherwise those of the partitions, which
            // are built, tell by themselves.
            let is_built = index.relation_kind != RelationKind::PartitionedIndex;
            let blocking = by_same
                .filter(|lock| is_built && was_there(lock) && lock.blocks.writes())
                .max_by_key(|lock| lock.mode);
            let known = made.entry(&index.relation).or_default();
            *known = known.or(blocking);
        }
    }
    let blocking = made.iter().find_map(|(index, lock)| Some((index, (*lock)?)));
    let names = made.keys().copied().collect::<Vec<_>>().join(", ");
    match blocking {
        Some((index, lock)) => {
            (CheckStatus::Fail, format!("{index} was made under {:?} on {}", lock.mode, lock.relation))
        }
        None if !made.is_empty() => (
            CheckStatus::Pass,
            format!("{names}: made under no lock that blocks writes to an existing table"),
        ),
        None if !rehearsals.iter().all(is_whole) => {
            (CheckStatus::NotMeasured, "the migration did not come to its end".to_owned())
        }
        None if rehearsals.iter().any(|rehearsal| !first_locks_of_new_indexes(rehearsal).is_empty()) => {
            (CheckStatus::NotMeasured, "how its indexes were made was not seen".to_owned())
        }
        None => (CheckStatus::NotApplicable, "it makes no index".to_owned()),
    }
}

/// Of each index that the migration made, the lock that was taken first: later statements lock it again. The
/// index of a TOAST table is made along with its table.
fn first_locks_of_new_indexes(rehearsal: &Rehearsal) -> Vec<&Lock> {
    let of_toast = |lock: &Lock| lock.relation.starts_with("pg_toast");
    let mut first: BTreeMap<u32, &Lock> = BTreeMap::new();
    for lock in rehearsal.locks.iter().filter(|lock| is_index(lock.relation_kind) && !was_there(lock)) {
        if of_toast(lock) {
            continue;
        }
        let known = first.entry(lock.relation_oid).or_insert(lock);
        if lock.statement < known.statement {
            *known = lock;
        }
    }
    first.into_values().collect()
}

/// A file that changes rows takes RowExclusiveLock on their table; one that changes a schema takes something
/// stronger.
pub(super) fn backfill(rehearsals: &[Rehearsal]) -> Answer {
    let mut changes_rows = false;
    for rehearsal in rehearsals {
        let file_of: BTreeMap<u32, &str> =
            rehearsal.statements.iter().map(|statement| (statement.index, statement.file.as_str())).collect();
        let maintenance: BTreeSet<u32> = rehearsal
            .statements
            .iter()
            .filter(|statement| {
                let keyword = leading_keyword(&statement.sql).to_ascii_uppercase();
                matches!(keyword.as_str(), "VACUUM" | "ANALYZE" | "LOCK" | "TRUNCATE")
            })
            .map(|statement| statement.index)
            .collect();
        let files = |wanted: fn(LockMode) -> bool| -> BTreeMap<&str, &Lock> {
            let tables =
                rehearsal.locks.iter().filter(|lock| is_table(lock.relation_kind) && was_there(lock));
            let of_statement = |lock: &'_ Lock| lock.statement.filter(|index| !maintenance.contains(index));
            tables
                .filter(|lock| wanted(lock.mode))
                .filter_map(|lock| Some((*file_of.get(&of_statement(lock)?)?, lock)))
                .collect()
        };
        let rows = files(|mode| mode == LockMode::RowExclusiveLock);
        let schema = files(|mode| mode >= LockMode::ShareUpdateExclusiveLock);
        changes_rows |= !rows.is_empty() || !rehearsal.backfills.is_empty();
        let filled = rehearsal.backfills.iter().filter_map(|backfill| {
            let file = file_of.get(&backfill.statement)?;
            Some((*file, *schema.get(file)?))
        });
        if let Some((file, schema)) = filled.into_iter().find(|(file, _)| !rows.contains_key(file)) {
            let evidence = format!("{file} changes rows and takes {:?} on {}", schema.mode, schema.relation);
            return (CheckStatus::Fail, evidence);
        }
        let both = rows.iter().find_map(|(file, rows)| Some((file, *rows, *schema.get(file)?)));
        if let Some((file, rows, schema)) = both {
            let evidence = format!(
                "{file} changes rows of {} and takes {:?} on {}",
                rows.relation, schema.mode, schema.relation
            );
            return (CheckStatus::Fail, evidence);
        }
    }
    if !rehearsals.iter().all(is_whole) {
        (CheckStatus::NotMeasured, "the migration did not come to its end".to_owned())
    } else if changes_rows {
        (CheckStatus::Pass, "no file changes both rows and schema of existing tables".to_owned())
    } else {
        (CheckStatus::NotApplicable, "it changes no rows of existing tables".to_owned())
    }
}

pub(super) fn locks(rehearsals: &[Rehearsal]) -> impl Iterator<Item = &Lock> {
    rehearsals.iter().flat_map(|rehearsal| &rehearsal.locks)
}

pub(super) fn was_there(lock: &Lock) -> bool {
    lock.created_by_migration != Some(true)
}

pub(super) fn is_table(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::Table | RelationKind::PartitionedTable | RelationKind::MaterializedView)
}

fn is_index(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::Index | RelationKind::PartitionedIndex)
}
