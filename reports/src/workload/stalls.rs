//! Waits that the baseline does not explain, joined where they overlap.

use super::causes::{self, Explained};
use crate::model::workload::ProbeStall;
use crate::timeline::Timeline;
use crate::window::{ms, ms_since};

/// Whatever the baseline: faster than this is no stall, microseconds.
const STALL_US: u64 = 10_000;
/// A stall is longer than so many times the baseline's 99th percentile.
const BASELINES: f64 = 3.0;

/// Requests that took longer than this were stalled, microseconds.
pub(super) fn threshold_us(baseline_p99_ms: Option<f64>) -> u64 {
    let of_baseline_us = baseline_p99_ms.map_or(0.0, |p99_ms| (p99_ms * BASELINES * 1000.0).round());
    STALL_US.max(of_baseline_us as u64)
}

/// The stalls of one probe's requests, which are sorted by the time at which they were due.
pub(super) fn stalls(slow: &[&Explained], timeline: &Timeline) -> Vec<ProbeStall> {
    let mut groups: Vec<(u64, Vec<&Explained>)> = Vec::new();
    for explained in slow {
        let request = &explained.request;
        match groups.last_mut() {
            Some((end_us, group)) if request.due_us <= *end_us => {
                *end_us = request.end_us.max(*end_us);
                group.push(explained);
            }
            _ => groups.push((request.end_us, vec![explained])),
        }
    }
    let stall = |(end_us, group): (u64, Vec<&Explained>)| {
        let from_us = group.first().map_or(end_us, |first| first.request.due_us);
        let of_migration = group.iter().filter(|explained| explained.is_of_migration());
        ProbeStall {
            from_ms: ms_since(timeline.zero_us, from_us),
            to_ms: ms_since(timeline.zero_us, end_us),
            wait_ms_max: longest_ms(group.iter().map(|explained| explained.request.wait_us())),
            requests: group.len() as u64,
            behind_migration_ms_max: longest_ms(group.iter().map(|explained| explained.behind_migration_us)),
            of_migration_ms_max: longest_ms(of_migration.map(|explained| explained.possible_us)),
            causes: causes::of_stall(&group, timeline),
        }
    };
    groups.into_iter().map(stall).collect()
}

/// 0 where there is none.
pub(super) fn longest_ms(waits_us: impl Iterator<Item = u64>) -> f64 {
    ms(waits_us.max().unwrap_or(0))
}
