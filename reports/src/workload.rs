//! From the events of the application to what it went through and why.

mod causes;
mod failures;
mod latency;
mod probe;
mod requests;
mod stalls;

#[cfg(test)]
mod tests;

use crate::event::{BudgetDeclared, StepRetried, WorkloadStarted, WorkloadStopped};
use crate::locks::Watched;
use crate::model::rehearsal::Attempt;
use crate::model::workload::{HoldRun, KindRun, Probe, WorkloadRun};
use crate::timeline::Timeline;
use crate::units;
use crate::window::{ms, ms_since};
use requests::{Part, Request};

/// The generator's lag beyond which stalls may be its own, microseconds.
const LAG_US: u64 = 50_000;

/// What the application went through.
#[derive(Debug, Default)]
pub(crate) struct Felt {
    /// The probes, in the order in which they were declared.
    pub(crate) probes: Vec<Probe>,
    /// The application as a whole; none where none ran.
    pub(crate) run: Option<WorkloadRun>,
}

/// Works out what the application went through, and why.
pub(crate) fn felt(timeline: &Timeline, watched: &Watched, budget: &BudgetDeclared) -> Felt {
    let Some(started) = timeline.application.started else { return Felt::default() };
    let requests = requests::requests(timeline);
    let explained = causes::explain(&requests, timeline, watched);
    let of_probe = |(index, declared)| {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        probe::probe(index, declared, timeline, &explained)
    };
    let probes: Vec<Probe> = started.probes.iter().enumerate().map(of_probe).collect();
    let run = run(timeline, started, &requests, &probes, budget);
    Felt { probes, run: Some(run) }
}

fn run(
    timeline: &Timeline,
    started: &WorkloadStarted,
    requests: &[Request],
    probes: &[Probe],
    budget: &BudgetDeclared,
) -> WorkloadRun {
    let stopped = timeline.application.stopped.map(|(_, stopped)| stopped);
    let incomplete = why_incomplete(stopped);
    let all_in_doubt = incomplete.clone().or_else(|| why_none_is_trusted(stopped));
    let noisy = if all_in_doubt.is_some() { Vec::new() } else { noisy_kinds(probes, budget) };
    let why_not = all_in_doubt.or_else(|| why_noisy(&noisy));
    let during = requests.iter().filter(|request| request.part == Part::During);
    let pool_waits_us: Vec<u64> =
        during.filter_map(|request| Some(request.in_the_pool()?.width_us())).collect();
    WorkloadRun {
        connections: started.connections,
        by_default: started.by_default,
        lag_ms_p50: stopped.map(|stopped| ms(stopped.lag_us_p50)),
        lag_ms_p99: stopped.map(|stopped| ms(stopped.lag_us_p99)),
        lag_ms_max: stopped.map(|stopped| ms(stopped.lag_us_max)),
        kinds: ["write", "read"].into_iter().filter_map(|kind| kind_run(kind, probes)).collect(),
        pool_waits: pool_waits_us.len() as u64,
        pool_wait_ms_max: ms(pool_waits_us.into_iter().max().unwrap_or(0)),
        trusted: why_not.is_none(),
        why_not,
        noisy_kinds: noisy.into_iter().map(|noise| noise.kind).collect(),
        error: stopped.and_then(|stopped| stopped.error.clone()),
        incomplete,
    }
}

/// All probes of a kind together; none where there is none.
fn kind_run(kind: &str, probes: &[Probe]) -> Option<KindRun> {
    let probes: Vec<&Probe> = probes.iter().filter(|probe| probe.kind == kind).collect();
    let slowest = probes.iter().max_by(|one, other| one.stall_ms_max.total_cmp(&other.stall_ms_max))?;
    let sum = |of: fn(&Probe) -> u64| probes.iter().map(|probe| of(probe)).fold(0, u64::saturating_add);
    Some(KindRun {
        kind: kind.to_owned(),
        due: sum(|probe| probe.due),
        failed: sum(|probe| probe.failed),
        settle_failed: sum(|probe| probe.settle_failed),
        stalled: sum(|probe| probe.stalls.iter().map(|stall| stall.requests).fold(0, u64::saturating_add)),
        slowest: slowest.name.clone(),
        stall_ms_max: slowest.stall_ms_max,
    })
}

/// A kind of which the budget was broken before the migration began.
struct Noise {
    kind: String,
    max_ms: f64,
    limit_ms: f64,
}

fn noisy_kinds(probes: &[Probe], budget: &BudgetDeclared) -> Vec<Noise> {
    let limits = [("read", budget.read_stall_ms), ("write", budget.write_stall_ms)];
    let noise = |(kind, limit_ms): (&str, f64)| {
        let of_kind = probes.iter().filter(|probe| probe.kind == kind);
        let longest = of_kind.filter_map(|probe| Some(probe.baseline?.max_ms)).max_by(f64::total_cmp);
        let max_ms = longest.filter(|max_ms| *max_ms > limit_ms)?;
        Some(Noise { kind: kind.to_owned(), max_ms, limit_ms })
    };
    limits.into_iter().filter_map(noise).collect()
}

/// Why the application is not known to have run to its end.
fn why_incomplete(stopped: Option<&WorkloadStopped>) -> Option<String> {
    match stopped {
        None => Some("the workload's end was not told".to_owned()),
        Some(stopped) => stopped.error.as_ref().map(|error| format!("the workload ended early: {error}")),
    }
}

/// What puts the stalls of all probes in doubt.
fn why_none_is_trusted(stopped: Option<&WorkloadStopped>) -> Option<String> {
    let late = stopped.filter(|stopped| stopped.lag_us_p99 > LAG_US)?;
    Some(format!(
        "the generator itself fell behind: 1 of 100 requests was sent off {} late or more",
        units::duration(ms(late.lag_us_p99))
    ))
}

fn why_noisy(noisy: &[Noise]) -> Option<String> {
    let noisy: Vec<String> = noisy
        .iter()
        .map(|noise| {
            format!(
                "before the migration began, a {} took {} already (limit {})",
                noise.kind,
                units::duration(noise.max_ms),
                units::duration(noise.limit_ms)
            )
        })
        .collect();
    (!noisy.is_empty()).then(|| format!("the machine was too noisy: {}", noisy.join(", and ")))
}

/// The long transactions, by time.
pub(crate) fn holds(timeline: &Timeline) -> Vec<HoldRun> {
    let since = |us: u64| ms_since(timeline.zero_us, us);
    let run = |(at_us, hold): &(u64, &crate::event::HoldStarted)| {
        let mut ended = timeline.application.holds_ended.iter();
        let ended = ended.find(|(ended_us, ended)| ended.hold == hold.hold && ended_us >= at_us);
        HoldRun {
            sql: hold.sql.clone(),
            pid: hold.pid,
            from_ms: since(*at_us),
            to_ms: ended.map(|(at_us, _)| since(*at_us)),
            cut: ended.is_some_and(|(_, ended)| ended.cut),
            error: ended.and_then(|(_, ended)| ended.error.clone()),
        }
    };
    timeline.application.holds.iter().map(run).collect()
}

/// The tries at a step that failed.
pub(crate) fn attempts(timeline: &Timeline, step: u32, probes: &[Probe]) -> Vec<Attempt> {
    let of_step = timeline.retries.iter().filter(|(_, retried)| retried.step == step);
    of_step.map(|(failed_us, retried)| attempt(timeline, *failed_us, retried, probes)).collect()
}

fn attempt(timeline: &Timeline, failed_us: u64, retried: &StepRetried, probes: &[Probe]) -> Attempt {
    let from_ms = ms_since(timeline.zero_us, retried.began_us.min(failed_us));
    let to_ms = ms_since(timeline.zero_us, failed_us);
    let stalls = probes.iter().flat_map(|probe| &probe.stalls);
    let overlapping = stalls.filter(|stall| stall.from_ms <= to_ms && stall.to_ms >= from_ms);
    let stall_ms_max = overlapping.map(|stall| stall.wait_ms_max).fold(0.0, f64::max);
    Attempt {
        attempt: retried.attempt,
        from_ms,
        to_ms,
        duration_ms: ms(failed_us.saturating_sub(retried.began_us)),
        sqlstate: retried.sqlstate.clone(),
        backoff_ms: ms(retried.backoff_us),
        invalid_indexes: retried.invalid_indexes.clone(),
        stall_ms_max: (!probes.is_empty()).then_some(stall_ms_max),
    }
}
