//! The safety checklist of migrations, filled from what the record proves and nothing else.

mod columns;
mod objects;
mod way_back;

use super::comparison::blocking_locks;
use super::{Terms, can_tell};
use crate::event::StrategyDeclared;
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{CheckStatus, ChecklistItem};
use crate::statements::runs_alone;
use crate::units;

/// A status with its reason.
type Answer = (CheckStatus, String);

/// The seven items, in order.
pub(crate) fn checklist(
    declared: &StrategyDeclared,
    rehearsals: &[Rehearsal],
    terms: Terms,
) -> Vec<ChecklistItem> {
    let measured = |check: fn(&[Rehearsal], Terms) -> Answer| {
        if rehearsals.iter().any(|rehearsal| !rehearsal.statements.is_empty()) {
            check(rehearsals, terms)
        } else {
            (CheckStatus::NotMeasured, "no statement of it was run".to_owned())
        }
    };
    let answers = [
        ("The migration has both up and down, or is marked irreversible", way_back::way_back(declared)),
        ("No full table lock on a large table", measured(table_locks)),
        ("New columns are nullable or have defaults", measured(columns::new_columns)),
        ("Indexes are created concurrently", measured(|rehearsals, _| objects::new_indexes(rehearsals))),
        (
            "The backfill is separate from the schema change",
            measured(|rehearsals, _| objects::backfill(rehearsals)),
        ),
        ("Tested against production-sized data", measured(data_size)),
        ("The rollback plan is documented and rehearsed", way_back::rollback_plan(declared, rehearsals)),
    ];
    (1..)
        .zip(answers)
        .map(|(number, (item, (status, evidence)))| ChecklistItem {
            number,
            item: item.to_owned(),
            status,
            evidence,
        })
        .collect()
}

/// A lock is a full table lock where whoever meets it waits longer than the budget lets a request wait.
fn table_locks(rehearsals: &[Rehearsal], terms: Terms) -> Answer {
    let hold_ms = |lock: &Lock| lock.hold_ms.unwrap_or(0.0);
    let limit_ms = |lock: &Lock| {
        let of_reads_ms = if lock.blocks.reads() { terms.budget.read_stall_ms } else { f64::INFINITY };
        of_reads_ms.min(terms.budget.write_stall_ms)
    };
    let excess = |lock: &Lock| hold_ms(lock) / limit_ms(lock).max(0.001);
    let worst = blocking_locks(rehearsals, |lock| lock.blocks.writes() && lock.hold_ms.is_some())
        .max_by(|one, other| excess(one).total_cmp(&excess(other)));
    let Some(lock) = worst else {
        if rehearsals.iter().all(|rehearsal| rehearsal.locks.is_empty()) {
            return (CheckStatus::NotMeasured, "not a single lock was seen".to_owned());
        }
        let evidence = "no lock on an existing table blocked reads or writes".to_owned();
        return if_watched_closely(rehearsals, terms, evidence);
    };
    let blocked = if lock.blocks.reads() { "reads and writes" } else { "writes" };
    let uncertainty_ms = lock.hold_uncertainty_ms.unwrap_or(0.0);
    let evidence = format!(
        "longest: {:?} on {} for {}, which blocks {blocked} (the budget lets a request wait {})",
        lock.mode,
        lock.relation,
        units::held(hold_ms(lock), uncertainty_ms),
        units::duration(limit_ms(lock)),
    );
    if hold_ms(lock) <= limit_ms(lock) {
        if_watched_closely(rehearsals, terms, evidence)
    } else if hold_ms(lock) - uncertainty_ms > limit_ms(lock) {
        (CheckStatus::Fail, evidence)
    } else {
        (CheckStatus::NotMeasured, format!("{evidence}: not known closely enough to tell"))
    }
}

/// A pass, if the migration was watched to its end, and so closely that no lock can have been missed that a
/// request would have had to wait for too long.
fn if_watched_closely(rehearsals: &[Rehearsal], terms: Terms, evidence: String) -> Answer {
    let limit_ms = terms.budget.read_stall_ms.min(terms.budget.write_stall_ms);
    let is_close = |rehearsal: &Rehearsal| {
        let all_in_transactions =
            !rehearsal.statements.iter().any(|run| runs_alone(run.transaction, &run.sql));
        all_in_transactions
            || rehearsal.sampler.as_ref().is_some_and(|sampler| sampler.gap_ms_max <= limit_ms)
    };
    if !rehearsals.iter().all(|rehearsal| can_tell(rehearsal) && objects::is_whole(rehearsal)) {
        (CheckStatus::NotMeasured, format!("{evidence}, but the migration did not come to its end"))
    } else if !rehearsals.iter().all(is_close) {
        (
            CheckStatus::NotMeasured,
            format!("{evidence}, but what ran outside a transaction was not watched closely"),
        )
    } else {
        (CheckStatus::Pass, evidence)
    }
}

fn data_size(_: &[Rehearsal], terms: Terms) -> Answer {
    let Some((dataset, rows)) = terms.dataset.and_then(|dataset| Some((dataset, dataset.rows?))) else {
        return (CheckStatus::NotMeasured, "the dataset was not loaded to its end".to_owned());
    };
    let size = dataset.bytes.map_or_else(String::new, |bytes| format!(", {}", units::bytes(bytes)));
    let evidence = format!(
        "{}{size}, at scale {} of what the profile declares",
        units::plural(rows, "row", "rows"),
        terms.scale
    );
    if terms.scale >= 1.0 { (CheckStatus::Pass, evidence) } else { (CheckStatus::Fail, evidence) }
}
