//! The limits, each with what was measured.

mod rollout;
mod stalls;

use std::collections::BTreeSet;

use crate::event::{BudgetDeclared, Outcome, StrategyDeclared};
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{BudgetLine, BudgetStatus};
use crate::units;
pub(crate) use stalls::stall;

/// What a migration cost until it stopped half-way does not prove that the whole stays within.
const HALF: &str = "the migration did not come to its end";

/// A line for each limit that somebody set or that has a default.
pub(crate) fn lines(
    budget: &BudgetDeclared,
    strategy: &StrategyDeclared,
    rehearsals: &[Rehearsal],
) -> Vec<BudgetLine> {
    let BudgetDeclared {
        read_stall_ms,
        write_stall_ms,
        duration_ms,
        probe_errors,
        rewrite_allowed,
        broken_rollback_allowed: _,
        unmeasured_allowed: _,
        wal_bytes,
        disk_growth_bytes,
        declared,
    } = budget;
    let line = |limit: &str, unit: &str, allowed: Quantity, measured: Vec<Option<Quantity>>| {
        let worst =
            measured.iter().flatten().copied().max_by(|one, other| one.as_f64().total_cmp(&other.as_f64()));
        let all_whole = rehearsals.iter().all(|rehearsal| rehearsal.outcome == Outcome::Completed);
        let all_measured = !measured.is_empty() && measured.iter().all(Option::is_some);
        let status = match worst {
            Some(worst) if worst.as_f64() > allowed.as_f64() => BudgetStatus::Fail,
            Some(_) if all_whole && all_measured => BudgetStatus::Pass,
            _ => BudgetStatus::NotMeasured,
        };
        let declared = declared.iter().any(|name| name == limit);
        BudgetLine {
            limit: limit.to_owned(),
            unit: unit.to_owned(),
            allowed,
            measured: worst,
            status,
            broken: false,
            declared,
            doubt: (status == BudgetStatus::NotMeasured && worst.is_some())
                .then(|| if all_whole { unmeasured(rehearsals, &measured) } else { HALF.to_owned() }),
            note: None,
        }
    };
    let of_each =
        |measure: fn(&Rehearsal) -> Option<Quantity>| rehearsals.iter().map(measure).collect::<Vec<_>>();

    let read_stall = of_each(|each| stall(each, "read"));
    let read_stall = line("read_stall", "ms", Quantity::Fraction(*read_stall_ms), read_stall);
    let write_stall = of_each(|each| stall(each, "write"));
    let write_stall = line("write_stall", "ms", Quantity::Fraction(*write_stall_ms), write_stall);
    let duration = of_each(|each| each.duration_ms.map(Quantity::Fraction));
    let errors = line(
        "probe_errors",
        "requests",
        Quantity::Whole(*probe_errors),
        of_each(|each| each.failed_requests().map(Quantity::Whole)),
    );
    let mut lines = vec![
        stalls::judged(read_stall, "read", rehearsals),
        stalls::judged(write_stall, "write", rehearsals),
        line("duration", "ms", Quantity::Fraction(*duration_ms), duration),
        errors_line(errors, rehearsals),
    ];
    if !rewrite_allowed {
        lines.push(line("rewrite", "tables", Quantity::Whole(0), of_each(rewritten_tables)));
    }
    if let Some(allowed) = wal_bytes {
        let measured = of_each(|each| each.after.wal_bytes.map(Quantity::Whole));
        let wal = line("wal", "bytes", Quantity::Whole(*allowed), measured);
        lines.push(BudgetLine { note: application_wal(rehearsals), ..wal });
    }
    if let Some(allowed) = disk_growth_bytes {
        let measured = of_each(|each| growth_bytes(each).map(Quantity::Whole));
        lines.push(line("disk_growth", "bytes", Quantity::Whole(*allowed), measured));
    }
    // The hard stop itself is the proof, whatever the clocks say to the microsecond.
    if rehearsals.iter().any(|rehearsal| rehearsal.outcome == Outcome::TimedOut) {
        for duration in lines.iter_mut().filter(|line| line.limit == "duration") {
            duration.status = BudgetStatus::Fail;
            duration.doubt = None;
        }
    }
    lines.extend(rollout::verify(strategy, rehearsals));
    lines.extend(rollout::broken_rollback(budget, strategy, rehearsals));
    for line in &mut lines {
        let is_excused = line.limit == "broken_rollback" && rollout::is_left_out(rehearsals);
        line.broken = is_broken(line, budget) && !is_excused;
    }
    lines
}

/// Whether a line speaks against its strategy.
fn is_broken(line: &BudgetLine, budget: &BudgetDeclared) -> bool {
    match line.status {
        BudgetStatus::Pass => false,
        BudgetStatus::Fail => true,
        BudgetStatus::NotMeasured => !budget.unmeasured_allowed && (line.declared || line.doubt.is_some()),
    }
}

/// Which repetitions have no number, in words.
fn unmeasured(rehearsals: &[Rehearsal], measured: &[Option<Quantity>]) -> String {
    let without = rehearsals.iter().zip(measured).filter(|(_, measured)| measured.is_none());
    let without: Vec<String> = without.map(|(rehearsal, _)| rehearsal.repetition.to_string()).collect();
    let repetitions = if without.len() == 1 { "repetition" } else { "repetitions" };
    format!("it was not measured in {repetitions} {}", without.join(", "))
}

/// Of what was not asked or not told to its end nobody knows whether it failed.
fn errors_line(line: BudgetLine, rehearsals: &[Rehearsal]) -> BudgetLine {
    let why = |rehearsal: &Rehearsal| {
        let workload = rehearsal.workload.as_ref()?;
        workload.incomplete.clone().or_else(|| rollout::never_asked(rehearsal))
    };
    let why = rehearsals.iter().find_map(why);
    match why {
        Some(why) if line.status == BudgetStatus::Pass => {
            BudgetLine { status: BudgetStatus::NotMeasured, doubt: Some(why), ..line }
        }
        _ => line,
    }
}

/// How much of the most write-ahead log was the application's own; none where that is not known.
fn application_wal(rehearsals: &[Rehearsal]) -> Option<String> {
    let most = rehearsals.iter().map(|rehearsal| &rehearsal.after).max_by_key(|after| after.wal_bytes)?;
    most.application_wal_bytes.map(wrote_itself)
}

/// The application's own write-ahead log, in words.
pub(crate) fn wrote_itself(bytes: u64) -> String {
    format!(
        "of it the application wrote about {} in the same time, going by its rate before",
        units::bytes(bytes)
    )
}

/// Tables that were there before and were written anew; none where no statement ran to its end.
fn rewritten_tables(rehearsal: &Rehearsal) -> Option<Quantity> {
    let ran = rehearsal.statements.iter().any(|statement| statement.duration_ms.is_some());
    let tables: BTreeSet<&str> = rehearsal
        .statements
        .iter()
        .flat_map(|statement| &statement.rewrites)
        .map(String::as_str)
        .filter(|table| !is_new(rehearsal, table))
        .collect();
    ran.then_some(Quantity::Whole(tables.len() as u64))
}

/// Growth of the database at its peak.
pub(crate) fn growth_bytes(rehearsal: &Rehearsal) -> Option<u64> {
    let after = &rehearsal.after;
    Some(after.bytes_peak?.saturating_sub(after.bytes_before?))
}

/// Whether the migration itself made that relation, so that nobody else knows it yet.
pub(crate) fn is_new(rehearsal: &Rehearsal, relation: &str) -> bool {
    let mut locks = rehearsal.locks.iter().filter(|lock| lock.relation == relation);
    locks.any(|lock| lock.created_by_migration == Some(true))
}
