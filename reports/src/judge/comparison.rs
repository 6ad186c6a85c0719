//! The strategies beside each other.

mod clear;
mod conclusion;
mod end;
mod numbers;
mod pairs;
mod ranking;

use super::budget::{growth_bytes, stall};
use crate::model::Quantity;
use crate::model::comparison::{Comparison, ComparisonRow, EndPair, EndState, EndStatus, Hold, Pair};
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Strategy, Verdict};
use crate::window::to_the_us;
pub use clear::is_clear;
pub(crate) use end::{End, Ends};
use numbers::Numbers;
pub(crate) use numbers::measures;
use ranking::Place;

/// Puts the strategies in order and their numbers beside each other; `ends` is what they led to.
pub(crate) fn compare(strategies: &[Strategy], ends: &Ends) -> Comparison {
    let numbers: Vec<Numbers> = strategies.iter().map(Numbers::of).collect();
    let by_stalls = by_stalls(&numbers);
    let places = ranking::ranked(&numbers, numbers.iter().map(row).collect(), by_stalls);
    let rehearsed: Vec<&Place> =
        places.iter().filter(|place| !place.numbers.strategy.rehearsals.is_empty()).collect();
    let pairs: Vec<Pair> = each_with_each(&rehearsed)
        .map(|(one, other)| pairs::pair(one.numbers, other.numbers, by_stalls))
        .collect();
    let names: Vec<String> = rehearsed.iter().map(|place| place.row.strategy.clone()).collect();
    let end_state = end::compare(&names, ends);
    let mut rows: Vec<ComparisonRow> = places.into_iter().map(|place| place.row).collect();
    for row in &mut rows {
        row.ends_differently = ends_differently(&row.strategy, &end_state);
    }
    Comparison {
        order: rows.iter().map(|row| row.strategy.clone()).collect(),
        conclusion: conclusion::conclusion(&rows, &pairs, &end_state),
        clear: clear::are_told_apart(&numbers, by_stalls),
        rows,
        pairs,
        end_state,
    }
}

/// Every two of them, in their order.
fn each_with_each<T>(of: &[T]) -> impl Iterator<Item = (&T, &T)> {
    of.iter().enumerate().flat_map(|(index, one)| of.iter().skip(index + 1).map(move |other| (one, other)))
}

/// Whether a pair is of these two, in this order.
fn pairs_of(pair: &Pair, one: &str, other: &str) -> bool {
    pair.one == one && pair.other == other
}

/// See [`ComparisonRow::ends_differently`].
fn ends_differently(strategy: &str, end_state: &EndState) -> bool {
    let of_it = end_state.pairs.iter().filter(|pair| pair.one == strategy || pair.other == strategy);
    let (differing, alike): (Vec<&EndPair>, Vec<&EndPair>) =
        of_it.partition(|pair| pair.status == EndStatus::Different);
    differing.len() > alike.len()
}

/// Whether the pain is what the application felt, because every strategy of which something can be told has stalls: a
/// stall and a hold are not compared with each other.
fn by_stalls(numbers: &[Numbers]) -> bool {
    let mut told = numbers
        .iter()
        .filter(|numbers| numbers.has_completed() && numbers.strategy.verdict != Verdict::Error);
    told.all(Numbers::has_stalls)
}

/// The longest stall of what never completed, or its longest block.
fn worst_pain_ms(row: &ComparisonRow) -> f64 {
    let stall_ms = [row.write_stall_ms, row.read_stall_ms].into_iter().flatten().max_by(f64::total_cmp);
    let hold_ms = |hold: Option<Hold>| hold.map_or(f64::INFINITY, |hold| hold.hold_ms);
    stall_ms.unwrap_or_else(|| hold_ms(row.writes_blocked).max(hold_ms(row.reads_blocked)))
}

/// Longest hold of a lock that keeps writes or reads from what was there before; none where nobody watched.
pub(crate) fn blocking_ms(rehearsal: &Rehearsal) -> Option<f64> {
    let blocks = |lock: &Lock| lock.blocks.writes() || lock.blocks.reads();
    longest_hold(std::slice::from_ref(rehearsal), blocks).map(|hold| hold.hold_ms)
}

fn row(numbers: &Numbers) -> ComparisonRow {
    let strategy = numbers.strategy;
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
        repetitions: u32::try_from(rehearsals.len()).unwrap_or(u32::MAX),
        failed_repetitions: u32::try_from(numbers.failed()).unwrap_or(u32::MAX),
        measures: numbers.measured(),
        ends_differently: false,
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
