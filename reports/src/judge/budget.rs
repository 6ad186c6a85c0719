//! The limits, each with what was measured.

use std::collections::BTreeSet;

use crate::event::{BudgetDeclared, Outcome};
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{BudgetLine, BudgetStatus};

/// A line for each limit that somebody set or that has a default.
pub(crate) fn lines(budget: &BudgetDeclared, rehearsals: &[Rehearsal]) -> Vec<BudgetLine> {
    let BudgetDeclared {
        read_stall_ms,
        write_stall_ms,
        duration_ms,
        probe_errors,
        rewrite_allowed,
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
            // What a migration cost until it stopped half-way does not prove that the whole stays within.
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
            declared,
        }
    };
    let of_each =
        |measure: fn(&Rehearsal) -> Option<Quantity>| rehearsals.iter().map(measure).collect::<Vec<_>>();

    let mut lines = vec![
        line("read_stall", "ms", Quantity::Fraction(*read_stall_ms), of_each(|each| stall(each, "read"))),
        line("write_stall", "ms", Quantity::Fraction(*write_stall_ms), of_each(|each| stall(each, "write"))),
        line(
            "duration",
            "ms",
            Quantity::Fraction(*duration_ms),
            of_each(|each| each.duration_ms.map(Quantity::Fraction)),
        ),
        line("probe_errors", "requests", Quantity::Whole(*probe_errors), of_each(failed_requests)),
    ];
    if !rewrite_allowed {
        lines.push(line("rewrite", "tables", Quantity::Whole(0), of_each(rewritten_tables)));
    }
    if let Some(allowed) = wal_bytes {
        let measured = of_each(|each| each.after.wal_bytes.map(Quantity::Whole));
        lines.push(line("wal", "bytes", Quantity::Whole(*allowed), measured));
    }
    if let Some(allowed) = disk_growth_bytes {
        let measured = of_each(|each| growth_bytes(each).map(Quantity::Whole));
        lines.push(line("disk_growth", "bytes", Quantity::Whole(*allowed), measured));
    }
    // The hard stop itself is the proof, whatever the clocks say to the microsecond.
    if rehearsals.iter().any(|rehearsal| rehearsal.outcome == Outcome::TimedOut) {
        for duration in lines.iter_mut().filter(|line| line.limit == "duration") {
            duration.status = BudgetStatus::Fail;
        }
    }
    lines
}

/// Longest wait of a probe request of that kind; none where no such probe ran.
fn stall(rehearsal: &Rehearsal, kind: &str) -> Option<Quantity> {
    let of_kind = rehearsal.probes.iter().filter(|probe| probe.kind == kind);
    of_kind.map(|probe| probe.stall_ms_max).max_by(f64::total_cmp).map(Quantity::Fraction)
}

/// Requests that failed; none where no probe ran.
fn failed_requests(rehearsal: &Rehearsal) -> Option<Quantity> {
    let failed = || rehearsal.probes.iter().map(|probe| probe.failed).sum();
    (!rehearsal.probes.is_empty()).then(failed).map(Quantity::Whole)
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
