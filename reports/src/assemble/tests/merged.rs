//! Several records in one report.

use super::*;
use crate::model::comparison::Measure;
use crate::render::{Format, render};

/// A record of both strategies that began then.
fn record(started_at: &str, repetitions: u32) -> Sample {
    let mut sample = Sample::interleaved(repetitions);
    sample.end();
    begun(&mut sample, started_at);
    sample
}

fn begun(sample: &mut Sample, at: &str) {
    if let Some(Event::RecordStarted(first)) = sample.entries.first_mut().map(|entry| &mut entry.event) {
        first.started_at = at.to_owned();
    }
}

fn records(samples: &[Sample]) -> Vec<Vec<Entry>> {
    samples.iter().map(|sample| sample.entries.clone()).collect()
}

fn merged(samples: &[Sample]) -> Report {
    Report::from_records(&records(samples)).expect("they fit")
}

#[track_caller]
fn refused(samples: &[Sample]) -> String {
    Report::from_records(&records(samples)).expect_err("they do not fit").to_string()
}

fn with_run(mut sample: Sample, change: impl Fn(&mut RunStarted)) -> Sample {
    for entry in &mut sample.entries {
        if let Event::RunStarted(run) = &mut entry.event {
            change(run);
        }
    }
    sample
}

#[test]
fn a_single_record_is_the_same_either_way() {
    let sample = record("2026-11-23T04:00:00Z", 2);
    assert_eq!(merged(std::slice::from_ref(&sample)), sample.report());
    assert_eq!(sample.report().runs.len(), 1);
}

#[test]
fn repetitions_stay_distinct_and_name_their_run() {
    let report = merged(&[record("2026-11-23T04:00:00Z", 2), record("2026-11-23T05:00:00Z", 3)]);
    let numbers: Vec<(u32, u32)> = report.strategies[0]
        .rehearsals
        .iter()
        .map(|rehearsal| (rehearsal.run, rehearsal.repetition))
        .collect();
    assert_eq!(numbers, [(0, 1), (0, 2), (1, 3), (1, 4), (1, 5)]);
    let runs: Vec<(&str, u32)> =
        report.runs.iter().map(|run| (run.run.started_at.as_str(), run.rehearsals)).collect();
    assert_eq!(runs, [("2026-11-23T04:00:00Z", 4), ("2026-11-23T05:00:00Z", 6)]);
    let pair = &report.comparison.pairs[0];
    assert_eq!((pair.runs.as_slice(), pair.one_repetitions), (&[0, 1][..], 5));
}

#[test]
fn records_that_do_not_fit_are_refused_with_both_named() {
    let one = || record("2026-11-23T04:00:00Z", 1);
    let other = || record("2026-11-23T05:00:00Z", 1);
    let fingerprint = with_run(other(), |run| run.fingerprint = "77".to_owned());
    insta::assert_snapshot!(refused(&[one(), fingerprint]), @"the records cannot be put into one report: the scenario fingerprint is 5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c in record 1 (begun 2026-11-23T04:00:00Z) and 77 in record 2 (begun 2026-11-23T05:00:00Z)");
    let limits = with_run(other(), |run| run.budget.write_stall_ms = 200.0);
    insta::assert_snapshot!(refused(&[one(), limits]), @"the records cannot be put into one report: budget.write_stall_ms is 500.0 in record 1 (begun 2026-11-23T04:00:00Z) and 200.0 in record 2 (begun 2026-11-23T05:00:00Z)");
    let mut data = other();
    for entry in &mut data.entries {
        if let Event::DatasetReady(ready) = &mut entry.event {
            ready.fingerprint = "cd".to_owned();
        }
    }
    insta::assert_snapshot!(refused(&[one(), data]), @"the records cannot be put into one report: the dataset fingerprint is abababababababababababababababababababababababababababababababab in record 1 (begun 2026-11-23T04:00:00Z) and cd in record 2 (begun 2026-11-23T05:00:00Z)");
    insta::assert_snapshot!(refused(&[one(), other(), one()]), @"records 1 and 3 are the same run: its repetitions would count twice");
    insta::assert_snapshot!(refused(&[]), @"the record is empty");
}

#[test]
fn another_machine_is_a_warning() {
    let mut slow = record("2026-11-23T05:00:00Z", 3);
    for entry in &mut slow.entries {
        if let Event::ServerStarted(server) = &mut entry.event {
            (server.cpus, server.provider) = (Some(8), "docker".to_owned());
        }
    }
    let report = merged(&[record("2026-11-23T04:00:00Z", 3), slow]);
    let warnings = report.warnings.join("\n");
    assert!(warnings.contains("provider (local in run 1, docker in run 2)"), "{warnings}");
    assert!(warnings.contains("processors (2 in run 1, 8 in run 2)"), "{warnings}");
    assert!(!warnings.contains("server version"), "{warnings}");
}

#[test]
fn strategies_of_different_runs_are_not_compared() {
    let only = |name: &str, at: &str| {
        let mut sample = Sample::new(vec![strategy(name)], budget());
        for repetition in 1..=5 {
            sample.repeat(name, repetition, took(500.0, 0.0), None);
        }
        sample.end();
        begun(&mut sample, at);
        sample
    };
    let report = merged(&[only("plain", "2026-11-23T04:00:00Z"), only("other", "2026-11-23T05:00:00Z")]);
    assert_eq!(report.strategies.len(), 2);
    let pair = &report.comparison.pairs[0];
    assert_eq!((pair.runs.len(), pair.measures.len(), pair.different), (0, 0, false));
    assert!(
        report.warnings.iter().any(|warning| warning.contains("proves nothing")),
        "{:?}",
        report.warnings
    );
    assert_eq!(report.comparison.rows[0].measured(Measure::Duration).map(|of| of.values.len()), Some(5));
    insta::assert_snapshot!(report.comparison.conclusion.unwrap_or_default(), @"plain and other are within budget; plain and other were never rehearsed in the same run, so they are not compared");
}

#[test]
fn a_slow_machine_is_nobodys_disadvantage() {
    let repeat = |sample: &mut Sample, name: &str, ms: f64| {
        for repetition in 1..=5 {
            sample.repeat(name, repetition, took(ms + f64::from(repetition), 0.0), None);
        }
    };
    let declared = || vec![strategy("a"), strategy("b")];
    let mut fast = Sample::new(declared(), budget());
    repeat(&mut fast, "a", 400.0);
    repeat(&mut fast, "b", 500.0);
    fast.end();
    let mut slow = Sample::new(declared(), budget());
    repeat(&mut slow, "a", 1_500.0);
    slow.end();
    begun(&mut slow, "2026-11-23T05:00:00Z");
    let comparison = merged(&[fast, slow]).comparison;
    assert_eq!(comparison.order, ["a", "b"]);
    let pair = &comparison.pairs[0];
    assert_eq!((pair.runs.as_slice(), pair.one_repetitions, pair.other_repetitions), (&[0][..], 5, 5));
    let duration = pair.measures.iter().find(|of| of.measure == Measure::Duration);
    assert!(duration.is_some_and(|of| of.different && of.ratio < Some(1.0)), "{duration:?}");
}

#[test]
fn readers_see_which_run_a_repetition_is_of() {
    let report = merged(&[record("2026-11-23T04:00:00Z", 1), record("2026-11-23T05:00:00Z", 1)]);
    let text = render(&report, Format::Text);
    assert!(text.contains("Runs      2, begun 2026-11-23T04:00:00Z, 2026-11-23T05:00:00Z"), "{text}");
    assert!(text.contains("repetition  run  outcome"), "{text}");
    let markdown = render(&report, Format::Markdown);
    assert!(markdown.contains("| 2 | 2026-11-23T05:00:00Z | finished | 0.1.0 | 2 |"), "{markdown}");
}

#[test]
fn a_run_that_was_cut_off_makes_an_error_of_all() {
    let mut cut = record("2026-11-23T05:00:00Z", 1);
    cut.entries.pop();
    let report = merged(&[record("2026-11-23T04:00:00Z", 1), cut]);
    assert_eq!((report.verdict, report.run.ended), (Verdict::Error, RunEnd::CutOff));
    assert!(report.warnings[0].starts_with("Run 2: The record ends in the middle"), "{:?}", report.warnings);
}
