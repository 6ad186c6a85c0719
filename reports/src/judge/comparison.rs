//! The strategies beside each other.

use super::budget::{growth_bytes, stall};
use crate::model::Quantity;
use crate::model::comparison::{Comparison, ComparisonRow, Hold};
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Strategy, Verdict};
use crate::window::to_the_us;

/// Puts the strategies in order and their numbers beside each other.
pub(crate) fn compare(strategies: &[Strategy]) -> Comparison {
    let mut rows: Vec<ComparisonRow> = strategies.iter().map(row).collect();
    let mut told = rows.iter().filter(|row| row.verdict != Verdict::Error);
    let all_stalls = told.all(|row| longest_stall_ms(row).is_some());
    rows.sort_by(|one, other| {
        one.verdict
            .cmp(&other.verdict)
            .then_with(|| pain_ms(one, all_stalls).total_cmp(&pain_ms(other, all_stalls)))
            .then(unknown_last(one.duration_ms).total_cmp(&unknown_last(other.duration_ms)))
    });
    Comparison { order: rows.iter().map(|row| row.strategy.clone()).collect(), rows }
}

/// The longest stall where every strategy has one, because a stall and a hold are not compared with each other; else the
/// longest block.
fn pain_ms(row: &ComparisonRow, all_stalls: bool) -> f64 {
    longest_stall_ms(row).filter(|_| all_stalls).unwrap_or_else(|| longest_block_ms(row))
}

fn longest_stall_ms(row: &ComparisonRow) -> Option<f64> {
    [row.write_stall_ms, row.read_stall_ms].into_iter().flatten().max_by(f64::total_cmp)
}

fn longest_block_ms(row: &ComparisonRow) -> f64 {
    let hold_ms = |hold: Option<Hold>| unknown_last(hold.map(|hold| hold.hold_ms));
    hold_ms(row.writes_blocked).max(hold_ms(row.reads_blocked))
}

fn unknown_last(ms: Option<f64>) -> f64 {
    ms.unwrap_or(f64::INFINITY)
}

fn row(strategy: &Strategy) -> ComparisonRow {
    let rehearsals = &strategy.rehearsals;
    let longest =
        |of: &dyn Fn(&Rehearsal) -> Option<f64>| rehearsals.iter().filter_map(of).max_by(f64::total_cmp);
    ComparisonRow {
        strategy: strategy.name.clone(),
        verdict: strategy.verdict,
        as_expected: strategy.as_expected,
        duration_ms: longest(&|rehearsal| rehearsal.duration_ms),
        write_stall_ms: longest(&|rehearsal| stall(rehearsal, "write").map(Quantity::as_f64)),
        read_stall_ms: longest(&|rehearsal| stall(rehearsal, "read").map(Quantity::as_f64)),
        writes_blocked: longest_hold(rehearsals, |lock| lock.blocks.writes()),
        reads_blocked: longest_hold(rehearsals, |lock| lock.blocks.reads()),
        lock_wait_ms: longest(&|rehearsal| {
            let waits = rehearsal.statements.iter().filter_map(|statement| statement.lock_wait_ms);
            waits.reduce(|sum_ms, wait_ms| to_the_us(sum_ms + wait_ms))
        }),
        wal_bytes: rehearsals.iter().filter_map(|rehearsal| rehearsal.after.wal_bytes).max(),
        growth_bytes_peak: rehearsals.iter().filter_map(growth_bytes).max(),
    }
}

/// Longest hold of such a lock on a relation that was there before; none where no lock at all is known, which
/// means that nobody watched.
pub(crate) fn longest_hold(rehearsals: &[Rehearsal], blocks: fn(&Lock) -> bool) -> Option<Hold> {
    let watched =
        rehearsals.iter().any(|rehearsal| rehearsal.sampler.is_some() || !rehearsal.locks.is_empty());
    let longest = blocking_locks(rehearsals, blocks)
        .filter_map(|lock| {
            let (hold_ms, hold_uncertainty_ms) = lock.hold_ms.zip(lock.hold_uncertainty_ms)?;
            Some(Hold { hold_ms, hold_uncertainty_ms })
        })
        .max_by(|one, other| one.hold_ms.total_cmp(&other.hold_ms));
    watched.then(|| longest.unwrap_or(Hold { hold_ms: 0.0, hold_uncertainty_ms: 0.0 }))
}

/// Locks that keep others from what was there before the migration.
pub(crate) fn blocking_locks(
    rehearsals: &[Rehearsal],
    blocks: fn(&Lock) -> bool,
) -> impl Iterator<Item = &Lock> {
    let locks = rehearsals.iter().flat_map(|rehearsal| &rehearsal.locks);
    locks.filter(move |lock| blocks(lock) && lock.created_by_migration != Some(true))
}
