//! Backfills that end, and some that never would.

use crate::event::*;
use crate::model::backfill::{Backfill, HowStuck, Progress};
use crate::model::strategy::Finding;
use crate::sample::*;

fn told(sample: &Sample) -> (Vec<Backfill>, Vec<Finding>) {
    let strategy = sample.report().strategies.remove(0);
    (strategy.rehearsals[0].backfills.clone(), strategy.findings)
}

fn only(sample: &Sample) -> Backfill {
    let (backfills, _) = told(sample);
    assert_eq!(backfills.len(), 1, "{backfills:?}");
    backfills.into_iter().next().expect("there is one")
}

#[test]
fn a_loop_of_batches_is_told_as_it_went() {
    let mut sample = Sample::backfilled();
    sample.inspected(&[], &[]).closed(Outcome::Completed, None).end();
    for entry in &mut sample.entries {
        if let Event::StatementFinished(finished) = &mut entry.event {
            finished.transactions = Some(101);
        }
    }
    let backfill = only(&sample);
    assert_eq!(
        (backfill.rows, backfill.batches, backfill.batch_rows_max),
        (Some(999_000), Some(100), Some(10_000))
    );
    assert_eq!(backfill.duration_ms, 8_100.0);
    assert_eq!(backfill.rows_per_s, Some(123_333.333));
    // The last look before it was done is 100 ms earlier: a tenth of the time is longer.
    assert_eq!(backfill.rows_per_s_at_end, Some(110_000.0));
    assert_eq!(backfill.rows_over_time.len(), 12);
    assert_eq!(backfill.rows_over_time[0], (10.0, 0));
    assert_eq!(backfill.rows_over_time[1], (810.0, 100_000));
    assert_eq!(backfill.rows_over_time[11], (8_110.0, 999_000));
    assert_eq!(backfill.rows_per_s_over_time.len(), 11);
    assert_eq!(backfill.rows_per_s_over_time[..2], [125_000.0, 125_000.0]);
    // 60 ms were seen, and 800 ms are between two looks.
    assert_eq!(
        (backfill.longest_transaction_ms, backfill.longest_transaction_uncertainty_ms),
        (Some(860.0), Some(800.0))
    );
    assert_eq!(backfill.transactions, Some(101));
    assert_eq!((backfill.wal_bytes, backfill.dead_tuples_left), (Some(310_000_000), Some(0)));
    assert_eq!((backfill.ended, backfill.progress, backfill.stuck), (true, Progress::Done, None));
}

#[test]
fn a_loop_that_changes_the_same_rows_again_is_named() {
    // Of a million rows 10,000 have no email: after 20 s only they are found.
    let sample = Sample::cancelled_loop(|second| (second * 6, second * 60_000));
    let (backfills, findings) = told(&sample);
    let stuck = backfills[0].stuck.as_ref().expect("it is proven");
    assert_eq!((stuck.how, stuck.rows, stuck.rows_there), (HowStuck::SameRowsAgain, 1_800_000, 1_000_000));
    assert_eq!(stuck.since_ms, 17_010.0);
    assert_eq!((backfills[0].ended, backfills[0].progress), (false, Progress::Stuck));
    let found = findings.iter().find(|finding| finding.id == "backfill-no-progress").expect("it is found");
    assert_eq!(
        found.evidence,
        "`UPDATE users SET normalized = lower(email) WHERE id IN (SELECT id FROM users WHERE normalized IS NULL LIMIT $1)` had \
         changed 1,800,000 rows when it was cancelled, and there are 1,000,000 at most: since 17.0 s into the migration it \
         changes rows again that it had changed before, and nothing shows that it would end"
    );
    assert_eq!(found.statement, Some(0));
}

#[test]
fn a_loop_that_finds_nothing_for_long_is_named() {
    let sample = Sample::cancelled_loop(|second| (second * 100, second.min(5) * 20_000));
    let (backfills, findings) = told(&sample);
    let stuck = backfills[0].stuck.as_ref().expect("it is proven");
    assert_eq!((stuck.how, stuck.executions, stuck.since_ms), (HowStuck::NothingFound, 2_500, 5_010.0));
    assert!(findings.iter().any(|finding| finding.id == "backfill-no-progress"));
}

#[test]
fn a_loop_that_is_only_slow_is_not_accused() {
    for seen in [
        // It moves on.
        (|second| (second, second * 10_000)) as fn(u64) -> (u64, u64),
        // It found nothing for less long than it had found something.
        |second| (second * 200, second.min(20) * 10_000),
        // Rarely executed.
        |second| (second, second.min(3) * 10_000),
    ] {
        let (backfills, findings) = told(&Sample::cancelled_loop(seen));
        assert_eq!((backfills[0].progress, &backfills[0].stuck), (Progress::Moving, &None));
        assert!(!findings.iter().any(|finding| finding.id == "backfill-no-progress"));
        let timed_out = findings.iter().find(|finding| finding.id == "timed-out").expect("it was cancelled");
        assert!(timed_out.evidence.contains(", having changed "), "{}", timed_out.evidence);
        assert!(timed_out.evidence.contains(" rows/s at the end"), "{}", timed_out.evidence);
    }
}

#[test]
fn a_counter_that_each_row_counts_in_is_not_accused() {
    // A small table, a row of which is changed for each row of users.
    let mut sample = Sample::cancelled_loop(|second| (second * 30_000, second * 30_000));
    for entry in &mut sample.entries {
        match &mut entry.event {
            Event::ChangeNamed(named) => named.sql = "UPDATE totals SET n = n + $1".to_owned(),
            Event::DatasetReady(ready) => {
                ready.tables.push(TableSized { table: "public.totals".to_owned(), rows: 10, bytes: 8_192 });
            }
            _ => {}
        }
    }
    assert_eq!(only(&sample).progress, Progress::Moving);
}

#[test]
fn a_table_is_known_by_its_quoted_name() {
    let went = |sql: &str| {
        let mut sample = Sample::cancelled_loop(|second| (second * 6, second * 60_000));
        for entry in &mut sample.entries {
            match &mut entry.event {
                Event::ChangeNamed(named) => named.sql = sql.to_owned(),
                Event::DatasetReady(ready) => {
                    let table = "public.Order Items".to_owned();
                    ready.tables.push(TableSized { table, rows: 900_000, bytes: 8_192 });
                }
                _ => {}
            }
        }
        only(&sample).stuck.map(|stuck| stuck.rows_there)
    };
    assert_eq!(went("UPDATE -- not users\n public.\"Order Items\" SET a = $1"), Some(900_000));
    assert_eq!(went("UPDATE ONLY(users) SET a = $1"), Some(1_000_000));
}

#[test]
fn what_was_counted_for_a_while_alone_is_no_number_of_all() {
    // That anything was changed is known by a lock alone.
    let rows = lock(USERS, LockMode::RowExclusiveLock);
    let mut sample = Sample::batches(budget());
    sample.at(810.0).changing(10, 100_000);
    sample.at(1_000.0).sampled_before(990.0).seen(rows).at(1_100.0).sampled_before(1_090.0).gone(rows);
    sample.at(2_000.0).done().changed_in_all(30, 300_000);
    if let Some(Entry { event: Event::ChangesSeen(seen), .. }) = sample.entries.last_mut() {
        seen.changes = None;
    }
    sample.at(2_001.0).over(Outcome::Completed).end();
    let backfill = only(&sample);
    assert_eq!((backfill.rows, backfill.batches, backfill.progress), (None, None, Progress::Done));
    let why = "the server did not count what the statements inside it changed";
    assert_eq!(backfill.not_measured.as_deref(), Some(why));
}

#[test]
fn inserts_may_be_more_than_the_rows_that_were_there() {
    let mut sample = Sample::cancelled_loop(|second| (second, second * 60_000));
    for entry in &mut sample.entries {
        if let Event::ChangeNamed(named) = &mut entry.event {
            named.sql = "INSERT INTO log SELECT * FROM users".to_owned();
        }
    }
    assert_eq!(only(&sample).progress, Progress::Moving);
}

#[test]
fn without_pg_stat_statements_the_result_is_all_that_is_known() {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    let rows = lock(USERS, LockMode::RowExclusiveLock);
    sample.rehearse("plain").step("plain.up.sql", TransactionShape::File, "");
    sample.at(1.0).begin().send("UPDATE users SET a = 1", StatementTransaction::File);
    sample
        .at(2_001.0)
        .done_with(Some(1_000_000), Some(1_200_000_000))
        .reads(&[rows])
        .at(2_003.0)
        .commit(2_002.0);
    sample.at(2_004.0).send("DO $$ … $$", StatementTransaction::None);
    sample.at(2_010.0).sampled_before(2_005.0).seen(rows).at(2_500.0).sampled_before(2_495.0).gone(rows);
    sample.done().at(2_501.0).over(Outcome::Completed).end();
    let (backfills, _) = told(&sample);
    let [update, block] = backfills.as_slice() else { panic!("{backfills:?}") };
    assert_eq!((update.rows, update.batches, update.transactions), (Some(1_000_000), Some(1), Some(1)));
    assert_eq!((update.longest_transaction_ms, update.rows_per_s), (Some(2_002.0), Some(500_000.0)));
    assert_eq!((update.wal_bytes, update.rows_over_time.len()), (Some(200_000_000), 0));
    assert_eq!((block.rows, block.batches, block.transactions, block.ended), (None, None, None, true));
    assert!(update.not_measured.is_some() && block.not_measured.is_some());
}

#[test]
fn what_changes_no_row_that_was_there_is_no_backfill() {
    const NEW: u32 = 16_500;
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").step("plain.up.sql", TransactionShape::File, "").at(1.0).begin();
    sample.send("CREATE TABLE t (id int)", StatementTransaction::File).at(2.0).done();
    sample.new_relation(NEW, "public.t", RelationKind::Table, None);
    sample
        .at(3.0)
        .send("INSERT INTO t VALUES (1)", StatementTransaction::File)
        .at(4.0)
        .done_with(Some(1), None);
    sample.reads(&[lock(NEW, LockMode::AccessExclusiveLock), lock(NEW, LockMode::RowExclusiveLock)]);
    sample.at(5.0).send("UPDATE users SET a = 1 WHERE false", StatementTransaction::File).at(6.0);
    sample.done_with(Some(0), None).at(7.0).commit(6.5).at(8.0).over(Outcome::Completed).end();
    assert_eq!(told(&sample).0, []);
}

#[test]
fn what_is_filled_in_a_later_step_than_it_was_made_in_is_a_backfill() {
    const NEW: u32 = 16_500;
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    let rows = lock(NEW, LockMode::RowExclusiveLock);
    sample.rehearse("plain").step("expand.sql", TransactionShape::File, "").at(1.0).begin();
    sample.send("CREATE TABLE t (id int)", StatementTransaction::File).at(2.0).done();
    sample.new_relation(NEW, "public.t", RelationKind::Table, None);
    sample.reads(&[lock(NEW, LockMode::AccessExclusiveLock)]);
    // In the same transaction nobody else knows it yet; the lock is told of the first of the two.
    sample
        .at(3.0)
        .send("INSERT INTO t VALUES (1)", StatementTransaction::File)
        .at(4.0)
        .done_with(Some(1), None);
    sample.reads(&[rows]).at(4.5).send("UPDATE t SET id = 2", StatementTransaction::File);
    sample.at(5.0).done_with(Some(1), None).reads(&[rows]).at(5.5).commit(5.2);
    sample.step("fill.sql", TransactionShape::File, "").at(6.0).begin();
    sample.send("INSERT INTO t SELECT id FROM users", StatementTransaction::File).at(9.0);
    sample.done_with(Some(1_000_000), None).reads(&[rows]).at(9.5).commit(9.2);
    sample.at(10.0).over(Outcome::Completed).end();
    let backfill = only(&sample);
    assert_eq!((backfill.statement, backfill.rows), (3, Some(1_000_000)));
}

#[test]
fn one_update_that_was_cancelled_tells_no_number() {
    let backfill = {
        let mut sample = Sample::cancelled_loop(|_| (0, 0));
        for entry in &mut sample.entries {
            if let Event::StatementStarted(started) = &mut entry.event {
                started.sql = "UPDATE users SET a = 1".to_owned();
            }
        }
        only(&sample)
    };
    assert_eq!((backfill.rows, backfill.progress), (None, Progress::NotMeasured));
    assert_eq!(backfill.not_measured.as_deref(), Some("no execution of it had come to its end"));
}

#[test]
fn many_looks_are_thinned_and_the_ends_kept() {
    let points: Vec<(u64, u64)> = (0..5_000).map(|at| (at, at * 3)).collect();
    let kept = super::thinned(&points);
    assert_eq!((kept.len(), kept.first(), kept.last()), (200, Some(&(0, 0)), Some(&(4_999, 14_997))));
    assert_eq!(super::thinned(&points[..200]).len(), 200);
}
