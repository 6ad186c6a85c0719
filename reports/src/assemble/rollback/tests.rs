//! Ways back that lead back, and some that do not.

use crate::Report;
use crate::event::*;
use crate::model::Quantity;
use crate::model::rollback::Rollback;
use crate::model::strategy::{BudgetStatus, Severity, Verdict};
use crate::sample::rollback::{Column, DISPLAY_NAME, EMAIL, ID, USERNAME};
use crate::sample::workload::WRITES;
use crate::sample::*;

fn denied() -> BudgetDeclared {
    BudgetDeclared { broken_rollback_allowed: false, ..budget() }
}

fn changed(before: &[Column], after: &[Column]) -> Sample {
    Sample::changed(strategy("plain"), denied(), [before, after])
}

fn finished(mut sample: Sample) -> (Report, Rollback) {
    sample.closed(Outcome::Completed, None).end();
    let report = sample.report();
    let rollback = report.strategies[0].rehearsals[0].rollback.clone().expect("it is there");
    (report, rollback)
}

fn words(rollback: &Rollback) -> Vec<&str> {
    rollback.losses.iter().map(|loss| loss.words.as_str()).collect()
}

fn line(report: &Report) -> (BudgetStatus, Option<Quantity>, bool) {
    let mut lines = report.strategies[0].budget.iter();
    let line = lines.find(|line| line.limit == "broken_rollback").expect("a way back is declared");
    (line.status, line.measured, line.broken)
}

fn found(report: &Report) -> Vec<(&str, &str)> {
    let findings = report.strategies[0].findings.iter();
    findings.map(|finding| (finding.id.as_str(), finding.evidence.as_str())).collect()
}

#[test]
fn a_way_back_that_leads_back() {
    let (before, after) = ([ID, EMAIL], [ID, EMAIL, ("display_name", "dd", 0)]);
    let mut sample = changed(&before, &after);
    sample.there_and_back(&before, &after);
    let (report, rollback) = finished(sample);
    assert_eq!((rollback.ran, rollback.schema_equal, rollback.data_equal), (true, Some(true), Some(true)));
    assert_eq!((&rollback.differences, &rollback.losses), (&vec![], &vec![]));
    assert_eq!(rollback.duration_ms, Some(42.0));
    let reapply = rollback.reapply.expect("it went up again");
    assert_eq!((reapply.ran, reapply.schema_equal, reapply.duration_ms), (true, Some(true), Some(3.5)));
    assert_eq!(line(&report), (BudgetStatus::Pass, Some(Quantity::Whole(0)), false));
    assert_eq!(report.verdict, Verdict::Pass);
}

#[test]
fn nothing_of_the_way_back_is_counted_as_the_migrations() {
    let (before, after) = ([ID, EMAIL], [ID, EMAIL, ("display_name", "dd", 0)]);
    let mut alone = changed(&before, &after);
    let mut both = changed(&before, &after);
    both.there_and_back(&before, &after);
    alone.closed(Outcome::Completed, None).end();
    let (alone, (both, rollback)) = (alone.report(), finished(both));
    let (alone, mut both) =
        (alone.strategies[0].rehearsals[0].clone(), both.strategies[0].rehearsals[0].clone());
    assert_eq!(rollback.strongest_locks.len(), 1);
    assert_eq!(rollback.statements.len(), 1);
    both.rollback = None;
    assert_eq!(alone, both);
}

#[test]
fn values_under_another_name_are_not_lost() {
    let mut sample = changed(&[ID, USERNAME], &[ID, DISPLAY_NAME]);
    sample.there_and_back(&[ID, USERNAME], &[ID, DISPLAY_NAME]);
    let (report, rollback) = finished(sample);
    assert_eq!((rollback.data_equal, words(&rollback)), (Some(true), vec![]));
    assert_eq!(found(&report), []);
}

#[test]
fn what_only_the_new_column_has_is_lost() {
    let written = ("display_name", "dd", 1_000_000);
    let mut sample = changed(&[ID, USERNAME], &[ID, USERNAME, written]);
    sample.there_and_back(&[ID, USERNAME], &[ID, USERNAME, written]);
    let (report, rollback) = finished(sample);
    let loss = "dropping public.users.display_name loses 1,000,000 values that no other column has";
    assert_eq!((rollback.data_equal, words(&rollback)), (Some(true), vec![loss]));
    let evidence = format!(
        "the rows hold what they held before the migration, and what was written since the migration began goes with it: {loss}"
    );
    assert_eq!(found(&report), [("rollback-loses-data", evidence.as_str())]);
    assert_eq!(report.strategies[0].findings[0].severity, Severity::Low);
    assert!(rollback.losses[0].written_since);
    // What is lost alone breaks nothing.
    assert_eq!(line(&report), (BudgetStatus::Pass, Some(Quantity::Whole(0)), false));
}

#[test]
fn a_column_that_comes_back_empty_has_lost_its_values() {
    let after = [ID, EMAIL];
    let mut sample = changed(&[ID, USERNAME, EMAIL], &after);
    sample.there_and_back(&[ID, EMAIL, ("username", "", 0)], &after);
    let (report, rollback) = finished(sample);
    assert_eq!((rollback.schema_equal, rollback.data_equal), (Some(true), Some(false)));
    assert_eq!(words(&rollback), ["public.users.username came back empty: 1,000,000 values are lost"]);
    assert_eq!(
        rollback.differences,
        [
            "the columns of public.users are in another order, which `SELECT *` and an INSERT without names can tell",
            "public.users: username had 1,000,000 values and has 0"
        ]
    );
    // The order of the columns is no loss.
    let evidence = "the way back does not bring back what the rows held: public.users.username came back empty: 1,000,000 \
                    values are lost";
    assert_eq!(found(&report), [("rollback-loses-data", evidence)]);
    assert_eq!(report.strategies[0].findings[0].severity, Severity::Medium);
    assert!(!rollback.losses[0].written_since);
    assert_eq!(report.verdict, Verdict::Pass);
}

#[test]
fn what_differs_of_the_data_is_not_told_of_the_schema() {
    let after = [ID, EMAIL, DISPLAY_NAME];
    let mut sample = changed(&[ID, USERNAME, EMAIL], &after);
    sample.there_and_back(&[ID, EMAIL, ("username", "other", 1_000_000), DISPLAY_NAME], &after);
    let (report, rollback) = finished(sample);
    let left = "column public.users: display_name is there and was not".to_owned();
    let values = "public.users: username has other values".to_owned();
    assert_eq!(rollback.schema_differences, std::slice::from_ref(&left));
    assert_eq!(rollback.data_differences, std::slice::from_ref(&values));
    assert_eq!(rollback.differences, [left.clone(), values.clone()]);
    let incomplete = format!("after the way back the schema is not what it was: {left}");
    let loses = format!("the way back does not bring back what the rows held: {values}");
    assert_eq!(
        found(&report),
        [("rollback-incomplete", incomplete.as_str()), ("rollback-loses-data", loses.as_str())]
    );
    let item = &report.strategies[0].checklist[6];
    assert!(item.evidence.ends_with(&format!("does not restore the schema: {left}")), "{}", item.evidence);
}

#[test]
fn a_way_back_that_fails_names_its_statement() {
    let mut sample = changed(&[ID], &[ID, DISPLAY_NAME]);
    sample
        .goes_back()
        .down(Some(refusal("2BP01", "cannot drop column display_name because others depend on it")));
    let (report, rollback) = finished(sample);
    assert_eq!((rollback.ran, rollback.outcome, rollback.schema_equal), (false, Some(Outcome::Failed), None));
    assert_eq!(
        found(&report),
        [(
            "rollback-failed",
            "the way back did not come to its end: plain.down.sql:1 `ALTER TABLE users DROP COLUMN display_name` failed with \
             2BP01: cannot drop column display_name because others depend on it"
        )]
    );
    assert_eq!(line(&report), (BudgetStatus::Fail, Some(Quantity::Whole(1)), true));
    assert_eq!(report.verdict, Verdict::Fail);
}

#[test]
fn a_way_back_that_leaves_something_is_incomplete() {
    let after = [ID, DISPLAY_NAME];
    let mut sample = changed(&[ID, USERNAME], &after);
    sample.there_and_back(&after, &after);
    let (report, rollback) = finished(sample);
    assert_eq!((rollback.schema_equal, rollback.data_equal), (Some(false), Some(false)));
    let found: Vec<&str> = found(&report).into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, ["rollback-incomplete", "rollback-loses-data"]);
    assert_eq!(rollback.data_differences, ["public.users: username had 1,000,000 values and has 0"]);
    assert_eq!(
        rollback.differences,
        ["column public.users: display_name is there and was not", "column public.users: username is gone"]
    );
    // Its values are in the other column still.
    assert_eq!(words(&rollback), Vec::<&str>::new());
    assert_eq!(line(&report), (BudgetStatus::Fail, Some(Quantity::Whole(1)), true));
}

#[test]
fn a_migration_that_cannot_be_applied_again_is_found() {
    let mut sample = changed(&[ID], &[ID, ("display_name", "", 0)]);
    sample.goes_back().down(None).rolled_back_to(&[ID]).goes_up_again(Err(refusal("42710", "type exists")));
    let (report, rollback) = finished(sample);
    assert_eq!((rollback.ran, rollback.schema_equal), (true, Some(true)));
    let evidence = "after the way back the migration cannot be applied again: plain.up.sql:1 `ALTER TABLE users ADD COLUMN \
                    display_name text` failed with 42710: type exists";
    assert_eq!(found(&report), [("reapply-failed", evidence)]);
    assert_eq!(line(&report), (BudgetStatus::Fail, Some(Quantity::Whole(1)), true));
}

#[test]
fn what_the_application_wrote_is_not_blamed_on_the_way_back() {
    let (before, after) = ([ID, EMAIL], [ID, EMAIL, ("display_name", "", 0)]);
    let back = |not_null: u64| [ID, ("email", "e2", not_null)];
    let went = |not_null: u64, columns: Option<&[&str]>| {
        let mut sample = changed(&before, &after);
        sample.at(31.0).application(5).application_over();
        if let Some(columns) = columns {
            sample.application_writes(columns, false, Some(1));
        }
        sample.there_and_back(&back(not_null), &after);
        finished(sample).1
    };
    let excused = went(1_000_000, Some(&["email"]));
    assert_eq!(excused.data_equal, None);
    assert_eq!(
        excused.not_compared,
        [
            "the values of public.users.email are not those of before, but the application changes public.users.email"
        ]
    );
    let not_asked = went(1_000_000, None);
    assert_eq!((not_asked.data_equal, not_asked.not_compared.len()), (None, 1));
    // Another column is its doing, this one is not.
    assert_eq!(went(1_000_000, Some(&["seen_at"])).data_equal, Some(false));
    // 50 requests cannot have emptied more than 50 rows.
    assert_eq!(went(999_950, Some(&["email"])).data_equal, None);
    assert_eq!(went(999_949, Some(&["email"])).data_equal, Some(false));
}

#[test]
fn one_request_may_change_many_rows_and_no_more_than_were_counted() {
    let after = [ID, EMAIL, ("display_name", "", 0)];
    let went = |not_null: u64, rows: u64, most: Option<u64>| {
        let mut sample = changed(&[ID, ("email", "ee", 900_000)], &after);
        sample.at(31.0).application(5).application_over().application_writes(&["email"], true, most);
        sample.goes_back().down(None);
        let mut state = rollback::users(Moment::RolledBack, &[ID, ("email", "e2", not_null)]);
        state.tables.iter_mut().flatten().for_each(|table| table.rows = rows);
        sample.event(Event::StateSeen(state)).goes_up_again(Ok(&after));
        finished(sample).1.data_equal
    };
    let all = 1_000_000;
    // 50 requests of 100 rows each change 5,000 values at most, whether they are more or fewer.
    assert_eq!((went(895_000, all, Some(100)), went(905_000, all, Some(100))), (None, None));
    assert_eq!((went(894_999, all, Some(100)), went(905_001, all, Some(100))), (Some(false), Some(false)));
    assert_eq!((went(900_000, 995_000, Some(100)), went(900_000, 1_005_000, Some(100))), (None, None));
    assert_eq!(
        (went(900_000, 994_999, Some(100)), went(900_000, 1_005_001, Some(100))),
        (Some(false), Some(false))
    );
    // Nobody counted.
    assert_eq!((went(0, all, None), went(900_000, 0, None)), (None, None));
}

#[test]
fn a_new_name_excuses_the_column_that_was_gone_and_no_other() {
    let after = [ID, EMAIL, DISPLAY_NAME];
    let went = |back: &[Column]| {
        let mut sample = changed(&[ID, EMAIL, USERNAME], &after);
        sample.at(31.0).application(5).application_over();
        sample.application_writes(&["display_name"], false, Some(1));
        sample.there_and_back(back, &after);
        finished(sample).1.data_equal
    };
    let username = ("username", "a2", 1_000_000);
    assert_eq!(went(&[ID, EMAIL, username]), None);
    assert_eq!(went(&[ID, ("email", "e2", 1_000_000), username]), Some(false));
}

#[test]
fn a_quoted_name_is_the_table_that_the_application_writes() {
    let mut sample = changed(&[ID, EMAIL], &[ID, EMAIL]);
    sample.at(31.0).application(5).application_over().application_writes(&["email"], false, Some(1));
    sample.there_and_back(&[ID, ("email", "e2", 1_000_000)], &[ID, EMAIL]);
    for entry in &mut sample.entries {
        match &mut entry.event {
            Event::StateSeen(state) => {
                state.tables.iter_mut().flatten().for_each(|of| of.table = "public.\"Users\"".to_owned());
            }
            Event::ApplicationWrites(writes) => writes.tables[0].table = "public.Users".to_owned(),
            _ => {}
        }
    }
    assert_eq!(finished(sample).1.data_equal, None);
}

#[test]
fn a_limit_that_the_scenario_names_is_declared() {
    for declared in [false, true] {
        let names = if declared { vec!["broken_rollback".to_owned()] } else { Vec::new() };
        let limits = BudgetDeclared { declared: names, ..denied() };
        let mut sample = Sample::changed(strategy("plain"), limits, [&[ID], &[ID]]);
        sample.there_and_back(&[ID], &[ID]);
        let (report, _) = finished(sample);
        let line = report.strategies[0].budget.iter().find(|line| line.limit == "broken_rollback");
        assert_eq!(line.map(|line| line.declared), Some(declared));
    }
}

#[test]
fn what_a_long_transaction_deletes_is_not_blamed_on_the_way_back() {
    let went = |sql: &str| {
        let mut sample = changed(&[ID, EMAIL], &[ID, EMAIL, ("display_name", "", 0)]);
        sample.at(31.0).hold(sql, 10.0).hold_over();
        sample.there_and_back(&[ID, ("email", "e2", 900_000)], &[ID, EMAIL, ("display_name", "", 0)]);
        finished(sample).1.data_equal
    };
    assert_eq!(went("UPDATE users SET email = NULL WHERE id < 100000"), None);
    assert_eq!(
        went("UPDATE users SET email = email WHERE ctid = (SELECT ctid FROM users LIMIT 1)"),
        Some(false)
    );
    assert_eq!(went("SELECT 1"), Some(false));
}

#[test]
fn a_new_name_that_the_application_wrote_to_meanwhile_is_no_certain_loss() {
    let mut sample = changed(&[ID, USERNAME], &[ID, DISPLAY_NAME]);
    sample.application_writes(&["display_name"], false, Some(1));
    sample.goes_back().application(5).window(WRITES, 0.0, 5, &[(1_000, 5)]).down(None).application_over();
    sample.rolled_back_to(&[ID, ("username", "a2", 1_000_000)]).goes_up_again(Ok(&[ID, DISPLAY_NAME]));
    let (_, rollback) = finished(sample);
    assert_eq!((words(&rollback), rollback.data_equal), (vec![], None));
    assert_eq!(rollback.not_compared.len(), 2, "{:?}", rollback.not_compared);
    assert_eq!(rollback.probes.len(), 2);
}

#[test]
fn left_out_on_purpose_is_not_measured_and_breaks_nothing() {
    let mut sample = changed(&[ID], &[ID, DISPLAY_NAME]);
    sample.event(Event::RollBackSkipped(RollBackSkipped { why: "the run was told not to".to_owned() }));
    let (report, rollback) = finished(sample);
    assert_eq!((rollback.ran, rollback.skipped.as_deref()), (false, Some("the run was told not to")));
    assert_eq!(line(&report), (BudgetStatus::NotMeasured, None, false));
    assert_eq!((report.verdict, found(&report)), (Verdict::Pass, vec![]));
}

#[test]
fn a_record_that_ends_on_the_way_back_proves_nothing_of_it() {
    let mut sample = changed(&[ID, EMAIL], &[ID, EMAIL]);
    sample.goes_back().at(2.0).step("plain.down.sql", TransactionShape::File, "");
    let report = sample.report();
    let rollback = report.strategies[0].rehearsals[0].rollback.as_ref().expect("it began");
    assert_eq!((rollback.ran, rollback.outcome, rollback.schema_equal), (false, None, None));
    assert_eq!(rollback.error.as_deref(), Some("the run ended before it did"));
    assert_eq!(line(&report), (BudgetStatus::NotMeasured, Some(Quantity::Whole(0)), true));
    assert_eq!((report.verdict, found(&report)), (Verdict::Error, vec![]));
}

#[test]
fn rows_that_were_not_read_are_not_taken_for_equal() {
    let mut sample = changed(&[ID], &[ID]);
    let mut seen = rollback::users(Moment::RolledBack, &[ID]);
    (seen.tables, seen.not_read) = (None, Some("too many rows".to_owned()));
    sample.goes_back().down(None).event(Event::StateSeen(seen)).goes_up_again(Ok(&[ID]));
    let (_, rollback) = finished(sample);
    assert_eq!((rollback.schema_equal, rollback.data_equal), (Some(true), None));
    assert_eq!(rollback.not_compared, ["the rows were not read: too many rows"]);
}

#[test]
fn a_migration_that_fails_half_way_lists_what_stays() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.event(Event::StateSeen(rollback::users(Moment::Before, &[ID, USERNAME])));
    sample.rehearse("plain").file(None, "one.sql", "ALTER TABLE users ADD COLUMN role text", 1.0, 5.0);
    sample.at(7.0).step("two.sql", TransactionShape::File, "").begin();
    sample.send("ALTER TABLE users ADD COLUMN role text", StatementTransaction::File).at(8.0);
    sample.fails(refusal("42701", "column \"role\" exists")).roll_back(8.0);
    sample.at(9.0).migrated(Outcome::Failed).sampler(3, 5_000).inspected(&[], &[]);
    sample.event(Event::StateSeen(rollback::users(Moment::After, &[ID, USERNAME, ("role", "", 0)])));
    sample.closed(Outcome::Failed, None).end();
    let report = sample.report();
    let half = report.strategies[0].findings.iter().find(|finding| finding.id == "half-applied");
    assert_eq!(
        half.map(|half| half.evidence.as_str()),
        Some("half of it stays in the schema: column public.users: role is there and was not")
    );
}

#[test]
fn wherever_a_record_ends_nothing_passes_that_was_not_measured() {
    let after = [ID, DISPLAY_NAME];
    let mut sample = changed(&[ID, USERNAME], &after);
    sample.there_and_back(&[ID, USERNAME], &after).closed(Outcome::Completed, None).end();
    let whole = sample.entries.len();
    let reapplied =
        |entry: &Entry| matches!(&entry.event, Event::StateSeen(seen) if seen.moment == Moment::Reapplied);
    let known = sample.entries.iter().position(reapplied).expect("it went all the way");
    for length in 3..whole {
        let mut cut = sample.clone();
        cut.entries.truncate(length);
        let report = cut.report();
        assert_ne!(report.verdict, Verdict::Pass, "cut after {length}");
        let mut lines = report.strategies[0].budget.iter();
        let line = lines.find(|line| line.limit == "broken_rollback").expect("a way back is declared");
        if length <= known {
            assert_eq!(line.status, BudgetStatus::NotMeasured, "cut after {length}");
        }
    }
    assert_eq!(sample.report().verdict, Verdict::Pass);
}

#[test]
fn repetitions_after_the_first_do_not_go_back_and_do_not_speak_against_it() {
    let after = [ID, DISPLAY_NAME];
    let mut sample = changed(&[ID, USERNAME], &after);
    sample.there_and_back(&[ID, USERNAME], &after).closed(Outcome::Completed, None);
    sample.rehearse_again("plain", 2).file(
        None,
        "plain.up.sql",
        "ALTER TABLE users RENAME a TO b",
        1.0,
        20.0,
    );
    sample.migrated(Outcome::Completed).at(30.0).sampler(10, 5_200).inspected(&[], &[]);
    let why = "only the first repetition is rolled back".to_owned();
    sample.event(Event::RollBackSkipped(RollBackSkipped { why })).closed(Outcome::Completed, None).end();
    let report = sample.report();
    assert_eq!(line(&report), (BudgetStatus::Pass, Some(Quantity::Whole(0)), false));
    let strategy = &report.strategies[0];
    assert!(strategy.way_back().is_some_and(|rollback| rollback.ran));
    let item = &strategy.checklist[6];
    assert!(item.evidence.contains("restores the schema"), "{}", item.evidence);
}
