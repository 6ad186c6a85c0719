//! Strategies that are alike are told apart in one of twenty comparisons at most: simulated.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::model::comparison::Measure;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::Strategy;
use crate::sample::repeated::took;
use crate::sample::{Sample, budget, strategy};

/// How a repetition comes to its numbers.
type Noise = fn(&mut Xoshiro256PlusPlus, Measure) -> f64;

/// Every measure by itself, and no two numbers the same: the test has its smallest p-values then.
fn continuous(random: &mut Xoshiro256PlusPlus, _: Measure) -> f64 {
    1_000.0 * (1.0 + random.random_range(0.0..0.3_f64))
}

/// As measures are: stalls are mostly 0, sizes come in pages, and a machine hiccups now and then.
fn lifelike(random: &mut Xoshiro256PlusPlus, measure: Measure) -> f64 {
    let hiccup = if random.random_bool(0.1) { 3.0 } else { 1.0 };
    match measure {
        Measure::Duration | Measure::BlockingLock => {
            1_000.0 * (1.0 + random.random_range(0.0..0.3_f64)) * hiccup
        }
        Measure::WriteStall if random.random_bool(0.6) => 0.0,
        Measure::WriteStall => random.random_range(10.0..50.0_f64) * hiccup,
        Measure::ReadStall if random.random_bool(0.95) => 0.0,
        Measure::ReadStall => 12.0,
        Measure::Wal => 8_192.0 * f64::from(random.random_range(1_000..1_004_u32)),
        Measure::DiskGrowth => 8_192.0 * 500.0,
    }
}

fn simulated(
    template: &Strategy,
    repetitions: u32,
    runs: u32,
    noise: Noise,
    random: &mut Xoshiro256PlusPlus,
) -> Strategy {
    let rehearsal = |index: u32| {
        let run = index % runs;
        // The machine of the second run is three times as slow, for everybody.
        let slower = f64::from(1 + run * 2);
        let measures = Measure::ALL.map(|measure| {
            let value = noise(random, measure) * slower;
            let value = if measure.unit() == "ms" {
                Quantity::Fraction(value)
            } else {
                Quantity::Whole(value as u64)
            };
            (measure, value)
        });
        Rehearsal { repetition: index + 1, run, measures: measures.into(), ..template.rehearsals[0].clone() }
    };
    Strategy { rehearsals: (0..repetitions).map(rehearsal).collect(), ..template.clone() }
}

/// In how many of that many comparisons two strategies that are alike are said to differ in anything at all.
fn told_apart(comparisons: u32, repetitions: u32, runs: u32, noise: Noise) -> u32 {
    let mut sample = Sample::new(vec![strategy("a")], budget());
    sample.repeat("a", 1, took(100.0, 0.0), None).end();
    let template = sample.report().strategies.remove(0);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut is_told_apart = || {
        let one = simulated(&template, repetitions, runs, noise, &mut random);
        let other = simulated(&template, repetitions, runs, noise, &mut random);
        let tested = test(&Numbers::of(&one), &Numbers::of(&other));
        Measure::ALL.into_iter().any(|measure| tested.differs_in(measure))
    };
    (0..comparisons).map(|_| u32::from(is_told_apart())).sum()
}

#[test]
fn strategies_that_are_alike_are_told_apart_once_in_twenty_times_at_most() {
    for (repetitions, runs) in [(5, 1), (10, 1), (10, 2)] {
        let wrong = told_apart(600, repetitions, runs, lifelike);
        assert!(wrong <= 30, "{repetitions} repetitions in {runs} runs: {wrong} of 600");
    }
}

/// The worst that can be: all measures by themselves and without ties, so that the test uses nearly all of its 1 in 20.
#[test]
fn not_even_where_every_measure_is_another_chance_to_be_wrong() {
    for (repetitions, runs) in [(5, 1), (10, 1), (10, 2)] {
        let wrong = told_apart(2_000, repetitions, runs, continuous);
        // 100, and three standard deviations of what such a count comes to by luck.
        assert!(wrong <= 129, "{repetitions} repetitions in {runs} runs: {wrong} of 2000");
    }
}

#[test]
fn what_does_differ_is_found() {
    let mut sample = Sample::new(vec![strategy("a")], budget());
    sample.repeat("a", 1, took(100.0, 0.0), None).end();
    let template = sample.report().strategies.remove(0);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    for _ in 0..100 {
        let one = simulated(&template, 5, 1, continuous, &mut random);
        let mut other = simulated(&template, 5, 1, continuous, &mut random);
        for rehearsal in &mut other.rehearsals {
            rehearsal
                .measures
                .insert(Measure::Duration, Quantity::Fraction(1_500.0 + f64::from(rehearsal.repetition)));
        }
        assert!(test(&Numbers::of(&one), &Numbers::of(&other)).differs_in(Measure::Duration));
    }
}
