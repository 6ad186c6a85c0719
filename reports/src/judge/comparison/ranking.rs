//! The order of the strategies, best first.

use super::numbers::Numbers;
use super::pairs;
use crate::model::comparison::ComparisonRow;

/// A strategy with what decides its place.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) numbers: &'a Numbers<'a>,
    pub(super) row: ComparisonRow,
    pain_ms: f64,
    duration_ms: f64,
}

/// By verdict; what never completed behind what did; by the median of the pain; by that of the duration; as declared.
///
/// Where the strategies come from several runs, the medians are those of the runs in which every one of them completed,
/// if there are such, so that a slow machine is nobody's disadvantage.
///
/// Where repetitions are enough to tell a difference, and tell none in the pain between a strategy and the best one
/// above it of its verdict, the two are of one tier, within which the duration decides. Every strategy of a tier is
/// measured against its best, not against its neighbour, so that many small differences do not add up unseen.
pub(super) fn ranked<'a>(of: &'a [Numbers<'a>], rows: Vec<ComparisonRow>, by_stalls: bool) -> Vec<Place<'a>> {
    let runs = shared_runs(of);
    let mut places: Vec<Place> = of
        .iter()
        .zip(rows)
        .map(|(numbers, row)| {
            let (pain_ms, duration_ms) = if numbers.has_completed() {
                (numbers.pain_ms(by_stalls, &runs), numbers.duration_ms(&runs))
            } else {
                (super::worst_pain_ms(&row), row.duration_ms.unwrap_or(f64::INFINITY))
            };
            Place { numbers, row, pain_ms, duration_ms }
        })
        .collect();
    // Sorting is stable: what is alike stays as it was declared.
    places.sort_by(|one, other| {
        let state = |place: &Place| (place.row.verdict, !place.numbers.has_completed());
        state(one)
            .cmp(&state(other))
            .then(one.pain_ms.total_cmp(&other.pain_ms))
            .then(one.duration_ms.total_cmp(&other.duration_ms))
    });
    let mut from = 0;
    while from < places.len() {
        let tier = tier(&places[from..], by_stalls);
        places[from..from + tier].sort_by(|one, other| one.duration_ms.total_cmp(&other.duration_ms));
        from += tier;
    }
    places
}

/// How many of the places, from the first on, the data cannot tell from it.
fn tier(places: &[Place], by_stalls: bool) -> usize {
    let Some((best, rest)) = places.split_first() else { return 0 };
    let is_alike = |place: &&Place| {
        let tested = pairs::test(best.numbers, place.numbers);
        best.row.verdict == place.row.verdict
            && place.numbers.has_completed()
            && tested.is_enough()
            && !tested.differs_in_pain(by_stalls)
    };
    1 + rest.iter().take_while(is_alike).count()
}

/// The runs in which every strategy completed that ever did.
fn shared_runs(of: &[Numbers]) -> Vec<u32> {
    let mut of_each = of.iter().filter(|numbers| numbers.has_completed()).map(Numbers::by_run);
    let Some(first) = of_each.next() else { return Vec::new() };
    let rest: Vec<_> = of_each.collect();
    first.into_keys().filter(|run| rest.iter().all(|by_run| by_run.contains_key(run))).collect()
}
