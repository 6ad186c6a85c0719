//! Per table, the strongest lock that it went through.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::event::RelationKind;
use crate::model::lock::{Lock, StrongestLock};
use crate::timeline::Timeline;

/// The strongest lock of each table, the worst first.
pub(super) fn strongest(timeline: &Timeline, locks: &[Lock]) -> Vec<StrongestLock> {
    let mut of_tables: BTreeMap<u32, Vec<&Lock>> = BTreeMap::new();
    for lock in locks {
        if let Some(table_oid) = table_of(timeline, lock) {
            of_tables.entry(table_oid).or_default().push(lock);
        }
    }
    let mut strongest: Vec<StrongestLock> = of_tables
        .into_iter()
        .filter_map(|(table_oid, locks)| strongest_of(timeline, table_oid, &locks))
        .collect();
    let badness = |lock: &StrongestLock| {
        let is_new = lock.created_by_migration == Some(true);
        (is_new, Reverse(lock.blocks), Reverse(lock.mode))
    };
    strongest.sort_by(|one, other| {
        badness(one)
            .cmp(&badness(other))
            .then(other.hold_ms.unwrap_or(0.0).total_cmp(&one.hold_ms.unwrap_or(0.0)))
            .then_with(|| one.table.cmp(&other.table))
    });
    strongest
}

/// The table that a lock counts for; none for an index that the migration itself makes, which nobody else
/// can open yet.
fn table_of(timeline: &Timeline, lock: &Lock) -> Option<u32> {
    // Made and dropped within a statement, as a rewrite does: nobody can ever have met it.
    if lock.relation_kind == RelationKind::Unknown && lock.created_by_migration == Some(true) {
        return None;
    }
    let is_part = matches!(
        lock.relation_kind,
        RelationKind::Index | RelationKind::PartitionedIndex | RelationKind::ToastTable
    );
    if !is_part {
        return Some(lock.relation_oid);
    }
    if lock.created_by_migration == Some(true) {
        return None;
    }
    // From the index of a TOAST table to that, and on to its owner.
    let owner = |oid: u32| timeline.relation(oid).and_then(|named| named.of_table_oid);
    let table_oid = owner(lock.relation_oid).unwrap_or(lock.relation_oid);
    let is_toast = timeline.relation(table_oid).is_some_and(|named| named.kind == RelationKind::ToastTable);
    Some(owner(table_oid).filter(|_| is_toast).unwrap_or(table_oid))
}

fn strongest_of(timeline: &Timeline, table_oid: u32, locks: &[&Lock]) -> Option<StrongestLock> {
    let hold_ms = |lock: &Lock| lock.hold_ms.unwrap_or(0.0);
    let longest = |blocks: fn(&Lock) -> bool| {
        locks.iter().filter(|lock| blocks(lock)).filter_map(|lock| lock.hold_ms).max_by(f64::total_cmp)
    };
    // The first of equals: it was taken first, and is the table's own before its indexes'.
    let worst = locks.iter().copied().reduce(|worst, lock| {
        let stronger = lock.mode.cmp(&worst.mode).then(hold_ms(lock).total_cmp(&hold_ms(worst)));
        if stronger.is_gt() { lock } else { worst }
    })?;
    Some(StrongestLock {
        table: timeline.relation_name(table_oid),
        relation: worst.relation.clone(),
        created_by_migration: timeline.is_created(table_oid),
        mode: worst.mode,
        blocks: worst.blocks,
        statement: worst.statement,
        hold_ms: worst.hold_ms,
        hold_uncertainty_ms: worst.hold_uncertainty_ms,
        writes_blocked_ms: longest(|lock| lock.blocks.writes()),
        reads_blocked_ms: longest(|lock| lock.blocks.reads()),
    })
}
