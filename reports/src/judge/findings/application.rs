//! Requests of the application that failed.

use std::collections::BTreeMap;

use super::{APP_QUERY_BROKEN, PROBE_FAILED, numbers, statement_of};
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Finding, Severity};
use crate::model::workload::{Probe, ProbeFailure};
use crate::units;

pub(super) fn findings(rehearsal: &Rehearsal) -> Vec<Finding> {
    rehearsal.probes.iter().flat_map(|probe| of_probe(rehearsal, probe)).collect()
}

fn of_probe(rehearsal: &Rehearsal, probe: &Probe) -> Vec<Finding> {
    let before = |sqlstate: &str| probe.baseline_errors.get(sqlstate).copied().unwrap_or(0);
    let breaks = |failure: &ProbeFailure| {
        // What failed before the migration does not fail because of it.
        before(&failure.sqlstate) == 0 && is_about_the_schema(&failure.sqlstate)
    };
    let broken = probe.failures.iter().filter(|failure| breaks(failure));
    let mut found: Vec<Finding> = broken.map(|failure| self::broken(rehearsal, probe, failure)).collect();
    let mut others: BTreeMap<&str, u64> = BTreeMap::new();
    for failure in probe.failures.iter().filter(|failure| !breaks(failure)) {
        *others.entry(&failure.sqlstate).or_default() += failure.requests;
    }
    let others = others.into_iter();
    found.extend(
        others.map(|(sqlstate, requests)| otherwise(rehearsal, probe, sqlstate, requests, before(sqlstate))),
    );
    found
}

/// Names that are gone, types that changed, values that are refused: the query no longer fits.
fn is_about_the_schema(sqlstate: &str) -> bool {
    sqlstate.starts_with("42")
        || sqlstate.starts_with("22")
        || matches!(sqlstate, "0A000" | "23502" | "23514")
}

fn said(probe: &Probe, sqlstate: &str) -> String {
    probe.messages.get(sqlstate).map_or_else(String::new, |message| format!(": {message}"))
}

/// `login (version v1)`, where its version is known.
fn who(probe: &Probe) -> String {
    let version = probe.version.as_ref().map_or_else(String::new, |version| format!(" (version {version})"));
    format!("{}{version}", probe.name)
}

/// Every probe that is sent in a phase is of a version that has to work in it.
fn broken(rehearsal: &Rehearsal, probe: &Probe, failure: &ProbeFailure) -> Finding {
    let ProbeFailure { phase, sqlstate, requests, first_ms, statement } = failure;
    let after = probe.settle_errors.get(sqlstate).copied().unwrap_or(0);
    let when = match rehearsal.phase_name(*phase) {
        Some(phase) => format!("in phase {phase}"),
        None => "since the migration began".to_owned(),
    };
    let stays = if phase.is_none() && after > 0 { ", and still did when it was over" } else { "" };
    let statement = statement_of(rehearsal, *statement);
    let since = statement.map_or_else(String::new, |statement| {
        format!(", the first after {}:{}", statement.file, statement.line)
    });
    Finding {
        id: APP_QUERY_BROKEN.to_owned(),
        severity: Severity::High,
        repetition: rehearsal.repetition,
        statement: statement.map(|statement| statement.index),
        relation: None,
        subject: Some(match rehearsal.phase_name(*phase) {
            Some(phase) => format!("{} in {phase}: {sqlstate}", probe.name),
            None => format!("{}: {sqlstate}", probe.name),
        }),
        evidence: format!(
            "{} of {} failed with {sqlstate} {when}{since}{stays}{}",
            units::plural(*requests, "request", "requests"),
            who(probe),
            said(probe, sqlstate),
        ),
        numbers: numbers([
            ("failed_requests", Some(Quantity::Whole(*requests))),
            ("failed_requests_after", phase.is_none().then_some(Quantity::Whole(after))),
            ("first_failure_ms", Some(Quantity::Fraction(*first_ms))),
        ]),
        advice: broken_advice(probe, sqlstate),
    }
}

fn broken_advice(probe: &Probe, sqlstate: &str) -> String {
    let sql = probe.sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match sqlstate {
        "0A000" => format!(
            "A prepared statement of the application has a result of another type now (`{sql}`): name its columns instead of \
             `*`, and have connections opened anew after the migration."
        ),
        "23502" | "23514" => format!(
            "The application still writes rows that the new constraint refuses (`{sql}`): deploy code that fills the column \
             first, give the column a default, and constrain it in a later migration."
        ),
        _ => format!(
            "Code that runs `{sql}` is still deployed when the migration runs. Expand and contract: add the new beside the \
             old, deploy code that uses the new only, and remove the old in a later migration."
        ),
    }
}

fn otherwise(rehearsal: &Rehearsal, probe: &Probe, sqlstate: &str, requests: u64, before: u64) -> Finding {
    let what = match sqlstate {
        "unanswered" => "were never answered".to_owned(),
        "connection" => "lost their connection".to_owned(),
        _ => format!("failed with {sqlstate}"),
    };
    let before = if before > 0 {
        format!("; {before} had failed so before the migration began")
    } else {
        String::new()
    };
    Finding {
        id: PROBE_FAILED.to_owned(),
        severity: if before.is_empty() { Severity::Medium } else { Severity::Low },
        repetition: rehearsal.repetition,
        statement: None,
        relation: None,
        subject: Some(format!("{}: {sqlstate}", probe.name)),
        evidence: format!(
            "{} of {} {what}{}{before}",
            units::plural(requests, "request", "requests"),
            who(probe),
            said(probe, sqlstate),
        ),
        numbers: numbers([("failed_requests", Some(Quantity::Whole(requests)))]),
        advice: match sqlstate {
            "40P01" => {
                "The migration and the application lock the same tables in different orders: one table per transaction, and \
                 the order that the application has."
            }
            "55P03" => "The application gave up waiting for a lock: hold it for less, or take a weaker one.",
            "57014" => "The application's statement_timeout cancelled it while it waited: hold locks for less.",
            "40001" => "The application has to try serialization failures again, with or without a migration.",
            "unanswered" => "They still waited when the rehearsal ended: find what they waited for among the stalls.",
            _ => "Find out why, and whether the application tries such a request again.",
        }
        .to_owned(),
    }
}
