//! One probe's requests, summed up.

use std::collections::BTreeMap;

use super::causes::Explained;
use super::failures;
use super::latency::Latencies;
use super::requests::{Part, Request, part_of_window};
use super::stalls::{self, longest_ms};
use crate::event::{ProbeDeclared, ProbeWindow};
use crate::model::workload::{Probe, Throughput};
use crate::timeline::Timeline;
use crate::window::{Window, ms, ms_since, to_the_us, union_length_us};

/// A step of the throughput, microseconds.
const STEP_US: u64 = 100_000;
/// Steps that are kept: well over two hours.
const STEPS_KEPT: usize = 100_000;

/// What is known of one part of the rehearsal.
#[derive(Debug, Default)]
struct Sum {
    latencies: Latencies,
    completed: u64,
    failed: u64,
    errors: BTreeMap<String, u64>,
}

pub(super) fn probe(
    index: u32,
    declared: &ProbeDeclared,
    timeline: &Timeline,
    explained: &[Explained],
) -> Probe {
    let windows: Vec<&ProbeWindow> =
        timeline.application.windows.iter().copied().filter(|window| window.probe == index).collect();
    let mine: Vec<&Explained> =
        explained.iter().filter(|explained| explained.request.told.probe == index).collect();
    let mut sums: BTreeMap<Part, Sum> = BTreeMap::new();
    for window in &windows {
        let sum = sums.entry(part_of_window(window, timeline)).or_default();
        for (us, requests) in &window.latencies {
            sum.latencies.add(*us, *requests);
            sum.completed = sum.completed.saturating_add(*requests);
        }
    }
    // Nobody asked what those that were answered soon had waited for.
    let soon = sums.get(&Part::During).and_then(|sum| sum.latencies.finish());
    let mut messages: BTreeMap<String, String> = BTreeMap::new();
    for request in mine.iter().map(|explained| &explained.request) {
        let sum = sums.entry(request.part).or_default();
        sum.latencies.add(request.wait_us(), 1);
        match request.failure() {
            None => sum.completed = sum.completed.saturating_add(1),
            Some(sqlstate) => {
                sum.failed += 1;
                *sum.errors.entry(sqlstate.to_owned()).or_default() += 1;
                if let Some(message) = &request.told.message {
                    messages.entry(sqlstate.to_owned()).or_insert_with(|| message.clone());
                }
            }
        }
    }
    let mut of = |part: Part| sums.remove(&part).unwrap_or_default();
    let failures = failures::failures(mine.iter().map(|explained| &explained.request), &messages, timeline);
    let (baseline, during, settle) = (of(Part::Baseline), of(Part::During), of(Part::Settle));

    let before = baseline.latencies.finish();
    let longer_than_us = stalls::threshold_us(before.map(|latency| latency.p99_ms));
    let while_it_ran = || mine.iter().copied().filter(|explained| explained.request.part == Part::During);
    let stalled: Vec<&Explained> =
        while_it_ran().filter(|explained| explained.request.wait_us() > longer_than_us).collect();
    let waits = stalled
        .iter()
        .map(|explained| Window { from_us: explained.request.due_us, to_us: explained.request.end_us });
    let possible_ms_max = |of_migration: bool| {
        let meant = while_it_ran().filter(move |explained| explained.is_of_migration() == of_migration);
        longest_ms(meant.map(|explained| explained.possible_us))
    };
    let latency = during.latencies.finish();
    Probe {
        name: declared.name.clone(),
        kind: declared.kind.clone(),
        version: declared.version.clone(),
        sql: declared.sql.clone(),
        rate: declared.rate,
        due: during.completed.saturating_add(during.failed),
        completed: during.completed,
        failed: during.failed,
        errors: during.errors,
        messages,
        baseline: before,
        baseline_errors: baseline.errors,
        baseline_failed: baseline.failed,
        during: latency,
        settle: settle.latencies.finish(),
        settle_errors: settle.errors,
        settle_failed: settle.failed,
        failures,
        stall_ms_max: latency.map_or(0.0, |latency| latency.max_ms),
        stall_of_migration_ms_max: possible_ms_max(true),
        stall_unexplained_ms_max: possible_ms_max(false).max(soon.map_or(0.0, |soon| soon.max_ms)),
        stall_uncertainty_ms: if declared.rate > 0.0 { to_the_us(1_000.0 / declared.rate) } else { 0.0 },
        stalled_ms_total: ms(union_length_us(waits, Window { from_us: 0, to_us: u64::MAX })),
        stalls: stalls::stalls(&stalled, timeline),
        per_100ms: throughput(&windows, mine.iter().map(|explained| &explained.request), timeline.zero_us),
    }
}

/// Requests by time, from the first window on.
fn throughput<'a>(
    windows: &[&ProbeWindow],
    requests: impl Iterator<Item = &'a Request<'a>>,
    zero_us: u64,
) -> Throughput {
    let Some(from_us) = windows.iter().map(|window| window.from_us).min() else {
        return Throughput::default();
    };
    let mut counted = Throughput { from_ms: ms_since(zero_us, from_us), ..Throughput::default() };
    let count = |steps: &mut Vec<u64>, at_us: u64, requests: u64| {
        let step = usize::try_from(at_us.saturating_sub(from_us) / STEP_US).unwrap_or(usize::MAX);
        if step >= STEPS_KEPT || requests == 0 {
            return;
        }
        if steps.len() <= step {
            steps.resize(step + 1, 0);
        }
        if let Some(known) = steps.get_mut(step) {
            *known = known.saturating_add(requests);
        }
    };
    for window in windows {
        count(&mut counted.due, window.from_us, window.due);
        let soon = window.latencies.iter().fold(0_u64, |sum, (_, requests)| sum.saturating_add(*requests));
        count(&mut counted.completed, window.from_us, soon);
    }
    for request in requests {
        let steps = if request.failure().is_none() { &mut counted.completed } else { &mut counted.failed };
        count(steps, request.end_us, 1);
    }
    let steps = counted.due.len().max(counted.completed.len()).max(counted.failed.len());
    for all in [&mut counted.due, &mut counted.completed, &mut counted.failed] {
        all.resize(steps, 0);
    }
    counted
}
