//! Requests of the application that waited for the migration for longer than the budget allows.

use std::collections::BTreeMap;

use super::{READ_STALL, WRITE_STALL, advice, numbers, statement_of};
use crate::judge::Terms;
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Finding, Severity};
use crate::model::workload::{Culprit, Probe, ProbeStall, StallCause};
use crate::units;

/// What was waited for: the statement, and the table where it was one.
type Cause = (Option<u32>, Option<String>);

pub(super) fn findings(rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    let kinds = [
        ("write", WRITE_STALL, terms.budget.write_stall_ms),
        ("read", READ_STALL, terms.budget.read_stall_ms),
    ];
    kinds.into_iter().flat_map(|(kind, id, limit_ms)| of_kind(rehearsal, kind, id, limit_ms)).collect()
}

fn of_kind(rehearsal: &Rehearsal, kind: &str, id: &str, limit_ms: f64) -> Vec<Finding> {
    let mut by_cause: BTreeMap<Cause, Vec<Stalled>> = BTreeMap::new();
    for probe in rehearsal.probes.iter().filter(|probe| probe.kind == kind) {
        for stall in &probe.stalls {
            for cause in blamed(stall, limit_ms) {
                let key = (cause.statement, cause.relation.clone());
                by_cause.entry(key).or_default().push(Stalled { probe, stall, cause });
            }
        }
    }
    let finding = |((statement, relation), stalled): (Cause, Vec<Stalled>)| {
        told(rehearsal, id, statement, relation, &stalled, limit_ms)
    };
    by_cause.into_iter().filter_map(finding).collect()
}

/// A stall of a probe with one of its causes.
struct Stalled<'a> {
    probe: &'a Probe,
    stall: &'a ProbeStall,
    cause: &'a StallCause,
}

/// What of the migration broke the budget: each that did so alone; or else, where one request met several of them or was
/// a little longer at it than at its lock, the one that was waited for longest.
fn blamed(stall: &ProbeStall, limit_ms: f64) -> Vec<&StallCause> {
    let mut of_migration: Vec<&StallCause> =
        stall.causes.iter().filter(|cause| cause.who == Culprit::Migration).collect();
    let alone = of_migration.iter().filter(|cause| cause.waited_ms > limit_ms).count();
    let together = stall.behind_migration_ms_max.max(stall.of_migration_ms_max) > limit_ms;
    // They are in order, the longest first.
    of_migration.truncate(if together { alone.max(1) } else { alone });
    of_migration
}

fn told(
    rehearsal: &Rehearsal,
    id: &str,
    statement: Option<u32>,
    relation: Option<String>,
    stalled: &[Stalled],
    limit_ms: f64,
) -> Option<Finding> {
    let slowest =
        stalled.iter().max_by(|one, other| one.cause.waited_ms.total_cmp(&other.cause.waited_ms))?;
    let Probe { name, rate, kind, baseline, stall_uncertainty_ms, .. } = slowest.probe;
    let requests: u64 = stalled.iter().map(|stalled| stalled.cause.requests).sum();
    let for_the_pool: u64 = stalled.iter().map(|stalled| stalled.cause.pool_requests).sum();
    let mut probes: Vec<&str> = stalled.iter().map(|stalled| stalled.probe.name.as_str()).collect();
    probes.sort_unstable();
    probes.dedup();
    let failed: u64 = rehearsal
        .probes
        .iter()
        .filter(|probe| probes.contains(&probe.name.as_str()))
        .map(|probe| probe.failed)
        .sum();
    let lock = slowest.cause.lock_in_words();
    let with_hold = stalled.iter().any(|stalled| has(stalled.stall, Culprit::Hold));
    let by = statement_of(rehearsal, statement)
        .map_or_else(String::new, |statement| format!(" ({}:{})", statement.file, statement.line));
    let stall_ms = slowest.cause.waited_ms;
    let before = baseline.map_or_else(String::new, |baseline| {
        format!("; before the migration 99 of 100 took less than {}", units::duration(baseline.p99_ms))
    });
    let (waited_for, pool) = match for_the_pool {
        0 => ("behind", String::new()),
        all if all == requests => {
            ("for a connection of the pool, because others waited behind", String::new())
        }
        some => {
            let some = units::count(some);
            ("behind", format!(", {some} of them for a connection of the pool that others kept there"))
        }
    };
    let hold = if with_hold { ". The migration was itself held up by a long transaction" } else { "" };
    let waited = units::plural(requests, &format!("{kind} waited"), &format!("{kind}s waited"));
    Some(Finding {
        id: id.to_owned(),
        severity: Severity::High,
        repetition: rehearsal.repetition,
        statement,
        evidence: format!(
            "{waited} {waited_for} {lock}{by}, {} at most (limit {}): the slowest was {name} ({rate}/s{before}){pool}{hold}",
            units::duration(stall_ms),
            units::duration(limit_ms),
        ),
        numbers: numbers([
            ("stall_ms_max", Some(Quantity::Fraction(stall_ms))),
            ("stall_uncertainty_ms", Some(Quantity::Fraction(*stall_uncertainty_ms))),
            ("allowed_ms", Some(Quantity::Fraction(limit_ms))),
            ("baseline_p99_ms", baseline.map(|baseline| Quantity::Fraction(baseline.p99_ms))),
            ("requests", Some(Quantity::Whole(requests))),
            ("pool_requests", Some(Quantity::Whole(for_the_pool))),
            ("failed_requests", Some(Quantity::Whole(failed))),
            ("probes", Some(Quantity::Whole(probes.len() as u64))),
        ]),
        advice: if slowest.cause.rows && statement.is_none() {
            advice::in_batches(relation.as_deref())
        } else {
            advice::instead(statement_of(rehearsal, statement), relation.as_deref(), with_hold)
        },
        relation,
        subject: None,
    })
}

fn has(stall: &ProbeStall, culprit: Culprit) -> bool {
    stall.causes.iter().any(|cause| cause.who == culprit)
}
