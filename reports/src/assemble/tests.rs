//! Runs that do not go as they should, and what of them is reported.

mod merged;

use super::*;
use crate::event::*;
use crate::model::strategy::Verdict;
use crate::sample::repeated::took;
use crate::sample::{Sample, budget, strategy};

#[test]
fn what_was_never_rehearsed_is_an_error_and_says_so() {
    let mut sample = Sample::new(vec![strategy("plain"), strategy("other")], budget());
    sample.rehearse("plain").at(1.0).over(Outcome::Completed).end();
    let report = sample.report();
    assert_eq!(report.verdict, Verdict::Error);
    assert_eq!(report.strategies[1].verdict, Verdict::Error);
    assert!(report.warnings.contains(&"other: was not rehearsed".to_owned()), "{:?}", report.warnings);
}

#[test]
fn a_rehearsal_that_never_began_tells_why() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    let error = Some("no space left on device".to_owned());
    let finished = RehearsalFinished { outcome: Outcome::Interrupted, error, events_dropped: 0 };
    sample.entries.push(Entry { at_us: 9, rehearsal: Some(1), event: Event::RehearsalFinished(finished) });
    sample.end();
    let warnings = sample.report().warnings;
    assert!(
        warnings.contains(&"Rehearsal 1 never began: no space left on device".to_owned()),
        "{warnings:?}"
    );
}

#[test]
fn an_interrupted_run_and_a_failed_one_say_so() {
    let end = |error: Option<&str>, interrupted: bool| {
        let mut sample = Sample::new(vec![strategy("plain")], budget());
        sample.rehearse("plain").at(1.0).over(Outcome::Completed).rehearsal_none();
        sample.event(Event::RunFinished(RunFinished { error: error.map(str::to_owned), interrupted }));
        let report = sample.report();
        assert_eq!(report.verdict, Verdict::Error);
        (report.run.ended, report.warnings[0].clone())
    };
    assert_eq!(
        end(None, true),
        (RunEnd::Interrupted, "The run was interrupted: this report is incomplete.".to_owned())
    );
    let failed = "The run was stopped by an error (disk full): this report is incomplete.";
    assert_eq!(end(Some("disk full"), false), (RunEnd::Failed, failed.to_owned()));
}

#[test]
fn the_dataset_of_a_run_that_died_while_loading_is_what_was_loaded() {
    let mut sample = Sample::begun(vec![strategy("plain")], budget());
    sample.event(Event::TableLoaded(TableLoaded {
        table: "public.users".to_owned(),
        rows: 1_000,
        copy_bytes: 9,
        copy_us: 2_000,
        index_us: 500,
    }));
    let dataset = sample.report().dataset.expect("a table was loaded");
    assert_eq!((dataset.rows, dataset.fingerprint), (None, None));
    let table = &dataset.tables[0];
    assert_eq!(
        (table.rows, table.bytes, table.load_ms, table.rows_per_second),
        (1_000, None, Some(2.5), Some(500_000.0))
    );
}

#[test]
fn times_are_since_the_migration_phase_began_to_the_microsecond() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").step("a.sql", TransactionShape::File, "");
    sample
        .at(0.125)
        .begin()
        .send("SELECT 1", StatementTransaction::File)
        .at(1.375)
        .done()
        .at(2.0)
        .commit(1.5);
    sample.at(3.0).over(Outcome::Completed).end();
    let rehearsal = &sample.report().strategies[0].rehearsals[0];
    let statement = &rehearsal.statements[0];
    assert_eq!((statement.started_ms, statement.duration_ms), (0.125, Some(1.25)));
    assert_eq!((rehearsal.duration_ms, rehearsal.copy_ms), (Some(3.0), 410.0));
}
