//! Most common values: which must be in the list that ANALYZE makes, and how often.

use super::sample::Sample;
use super::{Checks, Z};
use crate::event::{ColumnPlanned, ColumnStatistics, Share};
use crate::model::dataset::Gate;

/// Values that are checked one by one; the vector as a whole is checked anyway.
const CHECKED_ONE_BY_ONE: usize = 20;
/// Standard deviations above its like that a value needs to be kept in the list (`analyze_mcv_list`).
const KEPT_FROM: f64 = 2.0;
/// Differences of a frequency that nobody would notice.
const FREQUENCY_FLOOR: f64 = 0.001;
/// The same for all frequencies together.
const VECTOR_FLOOR: f64 = 0.02;

/// Checks what counting found of single values.
pub(super) fn check_counts(planned: &ColumnPlanned, in_profile: bool, checks: &mut Checks) {
    for share in &planned.shares {
        if let (Some(value), Some(counted)) = (&share.value, share.counted) {
            checks.count(format!("count[{value}]"), in_profile, share.rows, counted);
        }
    }
}

/// Checks what ANALYZE found of single values.
pub(super) fn check_frequencies(
    planned: &ColumnPlanned,
    statistics: &ColumnStatistics,
    sample: Sample,
    in_profile: bool,
    checks: &mut Checks,
) {
    let listed = listed(planned, statistics, sample);
    if listed.is_empty() || !statistics.compared {
        return;
    }
    for (share, part) in listed.iter().take(CHECKED_ONE_BY_ONE) {
        let Some(value) = &share.value else { continue };
        let tolerance = sample.part(*part).max(FREQUENCY_FLOOR);
        let measured = share.frequency.unwrap_or(0.0);
        let metric = format!("most_common_freqs[{value}]");
        checks.add(Gate::Analyze, metric, in_profile, *part, measured, tolerance);
    }
    if listed.len() > 1 {
        let nulls = planned.nulls as f64 / sample.of.max(1.0);
        let pairs = || listed.iter().map(|(share, part)| (*part, share.frequency.unwrap_or(0.0)));
        let rest = |pairs: (f64, f64), nulls| 1.0 - nulls - pairs.0 - pairs.1;
        let planned_sum: f64 = pairs().map(|pair| pair.0).sum();
        let measured_sum: f64 = pairs().map(|pair| pair.1).sum();
        let others = (rest((planned_sum, 0.0), nulls), rest((measured_sum, 0.0), statistics.null_frac));
        let all: Vec<(f64, f64)> = pairs().chain([(nulls, statistics.null_frac), others]).collect();
        let distance = all.iter().map(|(planned, measured)| (planned - measured).abs()).sum::<f64>() / 2.0;
        let parts: Vec<f64> = all.iter().map(|pair| pair.0).collect();
        let tolerance = sample.total_variation(&parts).max(VECTOR_FLOOR);
        checks.add(Gate::Analyze, "most_common_freqs", in_profile, 0.0, distance, tolerance);
    }
}

/// Single values with their part of all rows that are in the list whatever the sample, the most frequent first.
/// Others are in it or not, as luck would have it, which says nothing.
fn listed<'a>(
    planned: &'a ColumnPlanned,
    statistics: &ColumnStatistics,
    sample: Sample,
) -> Vec<(&'a Share, f64)> {
    let part_of = |rows: u64| rows as f64 / sample.of.max(1.0);
    let mut single: Vec<(&Share, f64)> = planned
        .shares
        .iter()
        .filter(|share| share.distinct == 1)
        .map(|share| (share, part_of(share.rows)))
        .collect();
    single.sort_by(|one, two| two.1.total_cmp(&one.1));
    let target = statistics.target as usize;
    // Beyond the length of the list, the next most frequent value competes for the last place.
    let next = single.get(target).map_or(0.0, |next| next.1);
    single.truncate(target);
    let sum: f64 = single.iter().map(|value| value.1).sum();
    let others = planned.distinct.saturating_sub(single.len() as u64);
    let rest = (1.0 - part_of(planned.nulls) - sum).max(0.0);
    let usual = if others == 0 { 0.0 } else { rest / others as f64 };
    single.retain(|&(share, part)| {
        let deviation = sample.count_deviation(part) * sample.deff.sqrt();
        let margin = sample.rows * part - sample.rows * usual.max(next);
        let looked_for = share.value.is_some();
        // A value that was seen once is no common one.
        looked_for && margin > (KEPT_FROM + Z) * deviation && sample.rows * part - Z * deviation > KEPT_FROM
    });
    single
}
