//! Strategies beside each other, over their repetitions.

use super::*;
use crate::Report;
use crate::model::comparison::{Comparison, Interval, Measure};
use crate::sample::repeated::{Repeated, indexed, took};

fn compared(sample: &mut Sample) -> Comparison {
    sample.end();
    sample.report().comparison
}

fn two() -> Sample {
    Sample::new(vec![strategy("a"), strategy("b")], budget())
}

/// Two strategies, each with a repetition for each of these.
fn repeated(a: &[Repeated], b: &[Repeated]) -> Comparison {
    let mut sample = two();
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        let repetition = u32::try_from(index).expect("few") + 1;
        sample.repeat("a", repetition, *a, None).repeat("b", repetition, *b, None);
    }
    compared(&mut sample)
}

fn conclusion(comparison: &Comparison) -> &str {
    comparison.conclusion.as_deref().unwrap_or("none")
}

#[test]
fn a_clear_case_is_told_in_a_sentence() {
    let comparison = compared(&mut Sample::interleaved(5));
    insta::assert_snapshot!(conclusion(&comparison), @"concurrently is within budget and plain is not; it takes 1.12× as long (1.09–1.15) and stalls writes 66× less (57–78)");
    assert_eq!(comparison.order, ["concurrently", "plain"]);
    assert!(comparison.clear);
    let duration = comparison.rows[1].measured(Measure::Duration).expect("measured");
    assert_eq!(duration.median, Some(Quantity::Fraction(1_840.0)));
    assert_eq!(
        duration.interval,
        Some(Interval { low: Quantity::Fraction(1_808.0), high: Quantity::Fraction(1_872.0) })
    );
    let repetitions: Vec<u32> = duration.values.iter().map(|value| value.repetition).collect();
    assert_eq!(repetitions, [1, 2, 3, 4, 5]);
}

#[test]
fn few_repetitions_claim_nothing() {
    let comparison = compared(&mut Sample::interleaved(1));
    insta::assert_snapshot!(conclusion(&comparison), @"concurrently is within budget and plain is not; 1 repetition is too few to tell a difference: 5 are enough");
    let pair = &comparison.pairs[0];
    assert!(!pair.different && pair.measures.iter().all(|measure| measure.interval.is_none()), "{pair:?}");
    assert!(comparison.rows.iter().flat_map(|row| &row.measures).all(|measured| measured.interval.is_none()));
    assert!(!comparison.clear);
    let comparison = compared(&mut Sample::interleaved(3));
    insta::assert_snapshot!(conclusion(&comparison), @"concurrently is within budget and plain is not; 3 repetitions are too few to tell a difference: 5 are enough");
    assert!(!comparison.pairs[0].different);
    // All repetitions of one were within budget, and none of the other.
    assert!(comparison.clear);
}

#[test]
fn one_strategy_is_no_comparison() {
    let mut sample = two();
    sample.repeat("a", 1, took(100.0, 0.0), None);
    let comparison = compared(&mut sample);
    assert_eq!((comparison.conclusion, comparison.pairs.len(), comparison.clear), (None, 0, false));
}

#[test]
fn what_does_not_differ_is_not_said_to() {
    let times = [100.0, 108.0, 93.0, 101.0, 99.0].map(|ms| took(ms, 0.0));
    let mut other = times;
    other.reverse();
    let comparison = repeated(&times, &other);
    insta::assert_snapshot!(conclusion(&comparison), @"a and b are within budget; the data shows no difference between a and b");
    assert!(!comparison.clear);
}

#[test]
fn failed_repetitions_are_counted_and_never_averaged_away() {
    let failed = Repeated { outcome: Outcome::Failed, ..took(5_000.0, 0.0) };
    let good = took(100.0, 0.0);
    let comparison = repeated(&[good, failed, good, failed], &[good; 4]);
    assert_eq!(comparison.order, ["b", "a"]);
    insta::assert_snapshot!(conclusion(&comparison), @"b is within budget and a is not; 2 repetitions are too few to tell a difference: 5 are enough; 2 of 4 repetitions of a did not complete");
    let row = &comparison.rows[1];
    assert_eq!((row.repetitions, row.failed_repetitions), (4, 2));
    let duration = row.measured(Measure::Duration).expect("measured");
    assert_eq!((duration.median, duration.values.len()), (Some(Quantity::Fraction(100.0)), 2));
    // The worst of all rehearsals stays beside it.
    assert_eq!(row.duration_ms, Some(5_000.0));
    let all_fail = repeated(&[failed; 5], &[good; 5]);
    insta::assert_snapshot!(conclusion(&all_fail), @"b is within budget and a is not; a never completed");
    assert!(all_fail.clear);
}

#[test]
fn where_the_pain_is_the_same_the_duration_decides() {
    // The slower one stalls a little less, going by the median, and by nothing that the data supports.
    let a = [(900.0, 50.0), (910.0, 52.0), (920.0, 48.0), (930.0, 47.0), (940.0, 53.0)];
    let b = [(400.0, 51.0), (410.0, 53.0), (420.0, 49.0), (430.0, 46.0), (440.0, 54.0)];
    let of = |all: [(f64, f64); 5]| all.map(|(ms, stall_ms)| took(ms, stall_ms));
    assert_eq!(repeated(&of(a), &of(b)).order, ["b", "a"]);
    // Three repetitions cannot tell, so the medians decide.
    assert_eq!(repeated(&of(a)[..3], &of(b)[..3]).order, ["a", "b"]);
    // Pain that is another comes first, however long it takes.
    let gentle = [15.0, 16.0, 17.0, 18.0, 19.0].map(|stall_ms| took(2_000.0, stall_ms));
    assert_eq!(repeated(&gentle, &of(b)).order, ["a", "b"]);
    // What requests take anyway is no pain.
    let unfelt = [5.0, 6.0, 7.0, 8.0, 9.0].map(|stall_ms| took(600.0, stall_ms));
    let none = [0.0; 5].map(|stall_ms| took(900.0, stall_ms));
    assert_eq!(repeated(&none, &unfelt).order, ["b", "a"]);
}

#[test]
fn three_strategies_are_compared_pair_by_pair() {
    let mut sample = Sample::new(["a", "b", "c"].map(strategy).to_vec(), budget());
    for repetition in 1..=5 {
        let noise = f64::from(repetition * 3 % 5);
        sample.repeat("a", repetition, took(800.0 + noise, 600.0 + noise), None);
        sample.repeat("b", repetition, took(300.0 + noise, 0.0), None);
        sample.repeat("c", repetition, took(600.0 + noise, 0.0), None);
    }
    let comparison = compared(&mut sample);
    assert_eq!(comparison.order, ["b", "c", "a"]);
    let pairs: Vec<(&str, &str)> =
        comparison.pairs.iter().map(|pair| (pair.one.as_str(), pair.other.as_str())).collect();
    assert_eq!(pairs, [("b", "c"), ("b", "a"), ("c", "a")]);
    insta::assert_snapshot!(conclusion(&comparison), @"b and c are within budget and a is not; against c, b takes 1.99× less time (1.98–2.01)");
    assert!(comparison.clear);
}

#[test]
fn the_cheap_question_has_the_same_answer() {
    for repetitions in [1, 2, 3, 5] {
        let mut sample = Sample::interleaved(repetitions);
        sample.end();
        let report: Report = sample.report();
        assert_eq!(crate::is_clear(&report.strategies), report.comparison.clear, "{repetitions}");
    }
}

#[test]
fn what_is_led_to_does_not_change_the_order_but_is_told() {
    let mut sample = two();
    for repetition in 1..=5 {
        let noise = f64::from(repetition);
        let mut without = indexed();
        without.0.retain(|object| object.kind != "index");
        sample.repeat("a", repetition, took(800.0 + noise, 600.0 + noise), Some(indexed()));
        sample.repeat("b", repetition, took(300.0 + noise, 0.0), Some(without));
    }
    let comparison = compared(&mut sample);
    assert_eq!(comparison.order, ["b", "a"]);
    assert!(comparison.rows.iter().all(|row| row.ends_differently));
    insta::assert_snapshot!(conclusion(&comparison), @"b is within budget and a is not; it takes 2.7× less time (2.6–2.7) and stalls no writes, where a stalls writes for 603 ms, but they do not end alike: only a leads to index public.idx_users_email");
    let warnings = sample.report().warnings;
    let warning = "b and a do not end alike: only a leads to index public.idx_users_email";
    assert!(warnings.iter().any(|told| told == warning), "{warnings:?}");
}
