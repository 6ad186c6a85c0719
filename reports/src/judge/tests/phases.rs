//! Strategies that go in phases, and the checks of their data.

use super::*;
use crate::sample::rollout::{NEW, OLD};

fn finished(mut sample: Sample) -> Report {
    sample.closed(Outcome::Completed, None).end();
    sample.report()
}

fn finding<'a>(strategy: &'a Strategy, id: &str) -> Option<&'a crate::model::strategy::Finding> {
    strategy.findings.iter().find(|finding| finding.id == id)
}

#[test]
fn the_pauses_between_phases_are_no_part_of_the_duration() {
    let report = finished(Sample::expanded(Ok(0)));
    let rehearsal = &report.strategies[0].rehearsals[0];
    // 0–100, 500–600, 1000–1100.
    assert_eq!(rehearsal.duration_ms, Some(300.0));
    let phases: Vec<_> = rehearsal
        .phases
        .iter()
        .map(|phase| (phase.name.as_str(), phase.from_ms, phase.to_ms, phase.steps.clone()))
        .collect();
    assert_eq!(
        phases,
        [
            ("expand", 0.5, Some(100.0), vec![0]),
            ("migrate", 500.0, Some(600.0), vec![1]),
            ("contract", 1_000.0, Some(1_100.0), vec![2]),
        ]
    );
    assert_eq!(rehearsal.phases[1].probes, ["old name", "new name"]);
    assert_eq!(rehearsal.phases[1].versions, ["v1", "v2"]);
    assert_eq!(
        rehearsal.steps.iter().map(|step| step.phase).collect::<Vec<_>>(),
        [Some(0), Some(1), Some(2)]
    );
    // What is slow in a pause is not the migration's doing.
    assert!(rehearsal.probes.iter().all(|probe| probe.stall_ms_max == 1.0), "{:?}", rehearsal.probes);
    assert_eq!(rehearsal.probes[1].baseline, None);
    assert_eq!(rehearsal.probes[1].version.as_deref(), Some("v2"));
    assert_eq!(rehearsal.workload.as_ref().map(|workload| workload.trusted), Some(true));
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(status(&report.strategies[0], "verify"), Some((BudgetStatus::Pass, Some(Quantity::Whole(0)))));
}

#[test]
fn rows_that_break_a_check_fail_the_strategy() {
    let report = finished(Sample::expanded(Ok(12)));
    let strategy = &report.strategies[0];
    assert_eq!(strategy.verdict, Verdict::Fail);
    assert_eq!(status(strategy, "verify"), Some((BudgetStatus::Fail, Some(Quantity::Whole(12)))));
    let found = finding(strategy, "data-inconsistent").expect("it is found");
    assert_eq!(found.severity, Severity::High);
    assert_eq!(
        found.evidence,
        "12 rows break \"both names agree\" after phase migrate, while the application ran"
    );
}

#[test]
fn a_check_that_was_not_made_or_failed_itself_proves_nothing() {
    let failed = finished(Sample::expanded(Err("column \"username\" does not exist")));
    let mut sample = Sample::expanded(Ok(0));
    sample.entries.retain(|entry| !matches!(entry.event, Event::DataChecked(_)));
    let not_made = finished(sample);
    for (report, why) in [(failed, "failed itself: column"), (not_made, "was not made after phase migrate")] {
        let line = report.strategies[0].budget.iter().find(|line| line.limit == "verify").expect("a line");
        assert_eq!((line.status, line.measured), (BudgetStatus::NotMeasured, None));
        assert!(line.broken && line.doubt.as_ref().is_some_and(|doubt| doubt.contains(why)), "{line:?}");
        assert_eq!(report.verdict, Verdict::Fail);
        assert_eq!(finding(&report.strategies[0], "data-inconsistent"), None);
    }
}

#[test]
fn a_query_that_breaks_names_version_phase_and_statement() {
    let mut sample = Sample::expanded(Ok(0));
    let refused_at = |sample: &mut Sample, due_ms: f64| {
        sample.at(due_ms + 1.0).refused(OLD, due_ms, due_ms + 1.0, "42703");
    };
    refused_at(&mut sample, 620.0);
    refused_at(&mut sample, 640.0);
    let report = finished(sample);
    let strategy = &report.strategies[0];
    let found = finding(strategy, "app-query-broken").expect("it is found");
    assert_eq!(
        found.evidence,
        "2 requests of old name (version v1) failed with 42703 in phase migrate, the first after migrate.sql:2: column \
         \"username\" does not exist"
    );
    assert_eq!((found.statement, found.subject.as_deref()), (Some(1), Some("old name in migrate: 42703")));
    assert_eq!(strategy.rehearsals[0].phases[1].failed_requests, Some(2));
    assert_eq!(strategy.rehearsals[0].phases[2].failed_requests, Some(0));
    assert_eq!(strategy.verdict, Verdict::Fail);
}

#[test]
fn what_fails_beside_the_turn_of_a_phase_is_of_the_phase_that_has_the_probe() {
    let mut sample = Sample::expanded(Ok(0));
    // The new version is sent a moment before its phase is told of; the old one a moment after the next has begun.
    sample.at(500.5).refused(NEW, 499.0, 499.5, "42703");
    sample.at(1_001.0).refused(OLD, 1_000.5, 1_000.9, "42703");
    let report = finished(sample);
    let phases = &report.strategies[0].rehearsals[0].phases;
    let failed: Vec<_> = phases.iter().map(|phase| phase.failed_requests).collect();
    assert_eq!(failed, [Some(0), Some(2), Some(0)]);
    let findings = report.strategies[0].findings.iter();
    let mut subjects: Vec<_> = findings.filter_map(|found| found.subject.as_deref()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["new name in migrate: 42703", "old name in migrate: 42703"]);
}

#[test]
fn a_request_goes_to_the_nearest_of_the_phases_that_have_its_probe() {
    let failed = |due_ms: f64| {
        let mut sample = Sample::expanded(Ok(0));
        for entry in &mut sample.entries {
            if let Event::StrategyPhaseStarted(started) = &mut entry.event {
                started.probes = if started.index == 1 { vec![NEW] } else { vec![OLD] };
            }
        }
        sample.at(due_ms + 1.0).refused(OLD, due_ms, due_ms + 0.5, "42703");
        let report = finished(sample);
        let phases = &report.strategies[0].rehearsals[0].phases;
        phases.iter().map(|phase| phase.failed_requests.unwrap_or(0)).collect::<Vec<_>>()
    };
    assert_eq!((failed(503.0), failed(997.0)), (vec![1, 0, 0], vec![0, 0, 1]));
    // What is due before the first of them is of the first.
    assert_eq!(failed(0.2), [1, 0, 0]);
}

#[test]
fn a_probe_that_was_never_asked_is_not_taken_for_one_that_works() {
    let mut sample = Sample::expanded(Ok(0));
    sample.entries.retain(|entry| match &entry.event {
        Event::ProbeWindow(window) => window.probe != NEW,
        _ => true,
    });
    let report = finished(sample);
    let line = report.strategies[0].budget.iter().find(|line| line.limit == "probe_errors").expect("a line");
    assert_eq!(line.status, BudgetStatus::NotMeasured);
    assert_eq!(line.doubt.as_deref(), Some("no request of new name was sent"));
    assert!(line.broken);
}

#[test]
fn a_record_that_ends_between_two_phases_still_makes_sense() {
    let mut sample = Sample::expanded(Ok(0));
    let at = sample
        .entries
        .iter()
        .position(|entry| matches!(&entry.event, Event::StrategyPhaseStarted(started) if started.index == 1));
    sample.entries.truncate(at.expect("it begins"));
    let report = sample.report();
    let rehearsal = &report.strategies[0].rehearsals[0];
    assert_eq!(rehearsal.duration_ms, Some(100.0));
    assert_eq!(rehearsal.phases.len(), 1);
    assert_eq!(report.verdict, Verdict::Error);
    let line = report.strategies[0].budget.iter().find(|line| line.limit == "verify").expect("a line");
    assert_eq!((line.status, line.broken), (BudgetStatus::NotMeasured, true));
}

#[test]
fn a_probe_of_another_phase_does_not_vouch_for_one_that_is_rarely_asked() {
    let rarely = |rate: f64| {
        let mut sample = Sample::expanded(Ok(0));
        let at = sample.entries.iter().position(
            |entry| matches!(entry.event, Event::StatementFinished(ref done) if done.statement == 2),
        );
        // The last statement locks users for all of its 99 ms.
        let (at, lock) = (at.expect("it is done") + 1, SessionLocks { statement: 2, held: vec![EXCLUSIVE] });
        let entry = Entry { event: Event::SessionLocks(lock), ..sample.entries[at - 1].clone() };
        sample.entries.insert(at, entry);
        for entry in &mut sample.entries {
            match &mut entry.event {
                Event::WorkloadStarted(started) => started.probes[NEW as usize].rate = rate,
                Event::RunStarted(run) => run.budget.read_stall_ms = 60.0,
                _ => {}
            }
        }
        finished(sample)
    };
    assert_eq!(
        status(&rarely(50.0).strategies[0], "read_stall").map(|line| line.0),
        Some(BudgetStatus::Pass)
    );
    let report = rarely(2.0);
    let line = report.strategies[0].budget.iter().find(|line| line.limit == "read_stall").expect("a line");
    assert_eq!(line.status, BudgetStatus::NotMeasured);
    assert!(line.doubt.as_ref().is_some_and(|doubt| doubt.contains("too rare")), "{line:?}");
}
