//! What the application went through.

use super::{duration, one_line, place};
use crate::model::rehearsal::{Rehearsal, Step};
use crate::model::statement::Statement;
use crate::model::workload::{
    Culprit, HoldRun, KindRun, Latency, Probe, ProbeStall, StallCause, WorkloadRun,
};
use crate::units;

/// Said where nothing that was seen explains a wait.
const UNEXPLAINED: &str = "no lock explains it";

/// Each kind of probe with what its requests waited for at most, and why.
pub(in crate::render) fn application(
    workload: Option<&WorkloadRun>,
    probes: &[Probe],
    statements: &[Statement],
) -> Vec<(&'static str, String)> {
    let kinds = [("write", "writes"), ("read", "reads")];
    let run = |kind: &str| workload?.kinds.iter().find(|run| run.kind == kind);
    let told = |(kind, name)| Some((name, of_kind(run(kind)?, probes, statements)?));
    kinds.into_iter().filter_map(told).collect()
}

fn of_kind(run: &KindRun, probes: &[Probe], statements: &[Statement]) -> Option<String> {
    let slowest = probes.iter().find(|probe| probe.name == run.slowest)?;
    let after = match run.settle_failed {
        0 => String::new(),
        after => format!(", {} failed {}", units::count(after), after_it(probes)),
    };
    if run.due == 0 {
        return Some(format!("none was due while it ran{after}"));
    }
    let stall = slowest.stalls.iter().max_by(|one, other| one.wait_ms_max.total_cmp(&other.wait_ms_max));
    let Some(stall) = stall else {
        let failed =
            if run.failed > 0 { format!(", {} failed", units::count(run.failed)) } else { String::new() };
        return Some(format!("never longer than {}{failed}{after}", units::duration(run.stall_ms_max)));
    };
    let p99 = slowest
        .baseline
        .map_or_else(String::new, |baseline| format!("; baseline p99 {}", units::duration(baseline.p99_ms)));
    let of_kind = probes.iter().filter(|probe| probe.kind == run.kind);
    let of_migration = of_kind
        .flat_map(|probe| &probe.stalls)
        .filter(|stall| stall.behind_migration_ms_max > 0.0)
        .max_by(|one, other| one.behind_migration_ms_max.total_cmp(&other.behind_migration_ms_max));
    // What others did may have been longer than what the migration did.
    let besides =
        of_migration.filter(|_| main_cause(stall).is_some_and(|main| main.who != Culprit::Migration));
    let besides = besides.map_or_else(String::new, |besides| {
        let longest_ms = besides.behind_migration_ms_max;
        let cause = besides.causes.iter().find(|cause| cause.who == Culprit::Migration);
        let why = cause.map_or_else(String::new, |cause| behind(statements, cause, besides));
        format!("; {} at most {why}", units::duration(longest_ms))
    });
    Some(format!(
        "stalled {} at most ({}, {}/s{p99}); {} waited, {} failed{after}: {}{besides}",
        units::duration(run.stall_ms_max),
        slowest.name,
        slowest.rate,
        units::plural(run.stalled, "request", "requests"),
        units::count(run.failed),
        why(statements, stall),
    ))
}

/// When requests failed that did not while it ran: where it has phases, also in the pauses between them.
fn after_it(probes: &[Probe]) -> &'static str {
    let mut failures = probes.iter().flat_map(|probe| &probe.failures);
    if failures.any(|failure| failure.phase.is_some()) {
        "between its phases or after it"
    } else {
        "after it"
    }
}

/// What a stall was for: the migration where it is at least half as long as the longest, else that.
fn main_cause(stall: &ProbeStall) -> Option<&StallCause> {
    let longest = stall.causes.first()?;
    let of_migration = stall.causes.iter().find(|cause| cause.who == Culprit::Migration);
    of_migration.filter(|cause| cause.waited_ms * 2.0 >= longest.waited_ms).or(Some(longest))
}

fn why(statements: &[Statement], stall: &ProbeStall) -> String {
    let Some(cause) = main_cause(stall) else { return UNEXPLAINED.to_owned() };
    match cause.who {
        Culprit::Migration => behind(statements, cause, stall),
        Culprit::Hold => "behind a long transaction of the workload".to_owned(),
        Culprit::Probe => "behind each other".to_owned(),
        Culprit::Other => "behind another session".to_owned(),
        Culprit::Pool => "for a connection of the pool".to_owned(),
        Culprit::Generator => "the generator itself came to it late".to_owned(),
        Culprit::Unexplained => UNEXPLAINED.to_owned(),
    }
}

fn behind(statements: &[Statement], cause: &StallCause, stall: &ProbeStall) -> String {
    let statement = statements.iter().find(|known| Some(known.index) == cause.statement);
    let at = statement.map_or_else(String::new, |statement| format!(" ({})", place(statement)));
    let is_held_up = stall.causes.iter().any(|cause| cause.who == Culprit::Hold);
    let hold = if is_held_up { ", itself behind a long transaction" } else { "" };
    let lock = cause.lock_in_words();
    if cause.is_of_the_pool() {
        format!("for a connection of the pool, because others waited behind {lock}{at}{hold}")
    } else if cause.pool_requests > 0 {
        format!("behind {lock}{at}{hold}, or for a connection of the pool that others kept there")
    } else {
        format!("behind {lock}{at}{hold}")
    }
}

/// A row of the probes' table, after the probe's name: kind, rate, baseline p50 and p99, during p99 and slowest, longest
/// stall, failed.
pub(in crate::render) fn probe_cells(probe: &Probe) -> Vec<String> {
    let two = |latency: Option<Latency>, of: fn(Latency) -> (f64, f64)| {
        latency.map_or_else(
            || "none due".to_owned(),
            |latency| {
                let (one, other) = of(latency);
                format!("{} / {}", units::duration(one), units::duration(other))
            },
        )
    };
    let failed_after = match probe.settle_failed {
        0 => String::new(),
        after => format!(" (and {} {})", units::count(after), after_it(std::slice::from_ref(probe))),
    };
    vec![
        probe.kind.clone(),
        format!("{}/s", probe.rate),
        two(probe.baseline, |latency| (latency.p50_ms, latency.p99_ms)),
        two(probe.during, |latency| (latency.p99_ms, latency.max_ms)),
        duration(Some(probe.stall_ms_max)),
        format!("{} of {}{failed_after}", units::count(probe.failed), units::count(probe.due)),
    ]
}

/// The tries at a step that failed, one line each.
pub(in crate::render) fn attempts(step: &Step) -> Vec<String> {
    let of = |attempt: &crate::model::rehearsal::Attempt| {
        let sqlstate = attempt.sqlstate.as_deref().map_or_else(String::new, |code| format!(" with {code}"));
        let stall = attempt.stall_ms_max.filter(|ms| *ms > 0.0).map_or_else(String::new, |ms| {
            format!(", the application stalling for {} at most", units::duration(ms))
        });
        let left = if attempt.invalid_indexes.is_empty() {
            String::new()
        } else {
            format!("; it left {} not valid", attempt.invalid_indexes.join(", "))
        };
        format!(
            "try {} failed{sqlstate} after {}{stall}; tried again {} later{left}",
            attempt.attempt,
            units::duration(attempt.duration_ms),
            units::duration(attempt.backoff_ms),
        )
    };
    step.attempts.iter().map(of).collect()
}

/// The long transactions of the workload, one line each.
pub(in crate::render) fn holds(rehearsal: &Rehearsal) -> Vec<String> {
    let moment = |ms: f64| {
        if ms < 0.0 {
            format!("{} before the migration", units::duration(-ms))
        } else {
            format!("{} into the migration", units::duration(ms))
        }
    };
    let of = |hold: &HoldRun| {
        let until = match hold.to_ms {
            _ if hold.cut => "and was cut off with the rehearsal".to_owned(),
            Some(ms) => format!("to {}", moment(ms)),
            None => "its end was not told".to_owned(),
        };
        let error = hold.error.as_ref().map_or_else(String::new, |error| format!("; it failed: {error}"));
        let sql = one_line(&hold.sql);
        format!("a long transaction (`{sql}`) was open from {}, {until}{error}", moment(hold.from_ms))
    };
    rehearsal.holds.iter().map(of).collect()
}
