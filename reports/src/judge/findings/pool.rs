//! Requests that found every connection of the application busy.

use super::{POOL_EXHAUSTED, numbers};
use crate::judge::Terms;
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Finding, Severity};
use crate::model::workload::Culprit;
use crate::units;

pub(super) fn findings(rehearsal: &Rehearsal, terms: Terms) -> Option<Finding> {
    let workload = rehearsal.workload.as_ref().filter(|workload| workload.pool_waits > 0)?;
    let limit_ms = terms.budget.read_stall_ms.min(terms.budget.write_stall_ms);
    let wait_ms_max = workload.pool_wait_ms_max;
    let causes = rehearsal.probes.iter().flat_map(|probe| &probe.stalls).flat_map(|stall| &stall.causes);
    let kept = causes
        .filter(|cause| cause.who == Culprit::Migration && cause.pool_requests > 0)
        .max_by(|one, other| one.waited_ms.total_cmp(&other.waited_ms));
    let by = kept.map_or_else(String::new, |cause| {
        format!(", because those that had one waited behind {}", cause.lock_in_words())
    });
    let severity = if workload.by_default {
        // How many connections the application has is not known then: the number is ours.
        Severity::Low
    } else if wait_ms_max > limit_ms {
        Severity::High
    } else {
        Severity::Medium
    };
    let whose = if workload.by_default { "the default workload's" } else { "the application's" };
    let connections = units::plural(u64::from(workload.connections), "connection", "connections");
    Some(Finding {
        id: POOL_EXHAUSTED.to_owned(),
        severity,
        repetition: rehearsal.repetition,
        statement: kept.and_then(|cause| cause.statement),
        relation: kept.and_then(|cause| cause.relation.clone()),
        subject: None,
        evidence: format!(
            "{} found {whose} whole pool ({connections}) busy and waited up to {} for a connection{by}",
            units::plural(workload.pool_waits, "request", "requests"),
            units::duration(wait_ms_max),
        ),
        numbers: numbers([
            ("requests", Some(Quantity::Whole(workload.pool_waits))),
            ("connections", Some(Quantity::Whole(u64::from(workload.connections)))),
            ("pool_wait_ms_max", Some(Quantity::Fraction(wait_ms_max))),
        ]),
        advice: "A larger pool only makes the queue longer: shorten what its connections wait for. Until then a \
                 `statement_timeout` or `lock_timeout` of the application's role gives connections back to requests that \
                 have nothing to do with the locked table."
            .to_owned(),
    })
}
