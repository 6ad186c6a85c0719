//! What of the application's pain is the migration's doing, and what nobody can tell.

use super::pain::{READ, WRITE, begun, finding, found, index, over};
use super::{EXCLUSIVE, SHARE, judged};
use crate::event::*;
use crate::model::Quantity;
use crate::model::strategy::{BudgetLine, BudgetStatus, Severity, Strategy, Verdict};
use crate::sample::workload::{READS, WRITES};
use crate::sample::*;

fn line<'a>(strategy: &'a Strategy, limit: &str) -> &'a BudgetLine {
    strategy.budget.iter().find(|line| line.limit == limit).expect("the limit")
}

/// Its status, what was measured, and the doubt.
fn told<'a>(strategy: &'a Strategy, limit: &str) -> (BudgetStatus, f64, &'a str) {
    let line = line(strategy, limit);
    (line.status, line.measured.map_or(-1.0, Quantity::as_f64), line.doubt.as_deref().unwrap_or(""))
}

/// A write that waits behind a long transaction for 3 s, and for 5 ms of it behind the migration too.
fn behind_a_hold() -> Sample {
    let mut sample = begun();
    sample.hold("SELECT * FROM users FOR UPDATE", 3_000.0).window(READS, 0.0, 5, &[(1_000, 5)]);
    sample.at(101.0).sampled_before(99.0).blocked(901, Waiter::Probe, Some(WRITE), 100.0, &[Waiter::Hold]);
    sample.slow(WRITES, 901, 100.0, 3_100.0);
    sample.at(3_094.0).sampled_before(3_093.0).unblocked(901);
    sample.at(3_094.5).begin().send("CREATE INDEX …", StatementTransaction::File).at(3_095.0).done();
    sample.at(3_095.1).sampled_before(3_095.0).reads(&[SHARE]);
    sample.blocked(901, Waiter::Probe, Some(WRITE), 3_095.0, &[Waiter::Migration]);
    sample.at(3_099.0).commit(3_098.0);
    sample.at(3_100.0).sampled_before(3_099.5).gone(SHARE).unblocked(901);
    sample
}

#[test]
fn what_others_did_is_told_but_not_the_migration_s() {
    let mut sample = behind_a_hold();
    over(&mut sample, 3_200.0);
    let report = sample.report();
    let plain = &report.strategies[0];
    let (status, measured_ms, doubt) = told(plain, "write_stall");
    assert_eq!((status, doubt), (BudgetStatus::Pass, ""));
    assert!(measured_ms < 10.0, "{measured_ms}");
    assert_eq!((plain.verdict, finding(plain, "write-stall")), (Verdict::Pass, None));
    assert_eq!(plain.rehearsals[0].probes[WRITES as usize].stall_ms_max, 3_000.0);
    let text = crate::render::render(&report, crate::render::Format::Text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("stalled 3.00 s at most"), "{text}");
    assert!(
        text.contains("behind a long transaction of the workload; 5.00 ms at most behind ShareLock"),
        "{text}"
    );
}

#[test]
fn a_hold_that_the_rehearsal_cut_off_is_told_as_such() {
    let run = |ended: Option<bool>| {
        let mut sample = begun();
        sample.at(5.0).hold("SELECT 1", 60_000.0).at(90.0);
        if let Some(cut) = ended {
            sample.event(Event::HoldEnded(HoldEnded { hold: 0, cut, error: None }));
        }
        over(&mut sample, 100.0);
        let text = crate::render::render(&sample.report(), crate::render::Format::Text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let open = "was open from 5.00 ms into the migration,";
    assert!(run(Some(true)).contains(&format!("{open} and was cut off with the rehearsal")));
    assert!(run(Some(false)).contains(&format!("{open} to 90.0 ms into the migration")));
    assert!(run(None).contains(&format!("{open} its end was not told")));
}

#[test]
fn a_long_wait_that_no_lock_explains_is_nobody_s_proof() {
    let mut sample = begun();
    sample.slow(WRITES, 901, 100.0, 720.0);
    over(&mut sample, 1_000.0);
    let plain = judged(&sample);
    assert_eq!(
        told(&plain, "write_stall"),
        (
            BudgetStatus::NotMeasured,
            620.0,
            "no lock of the migration explains a wait of 620 ms: its load, or the machine"
        )
    );
    // No read was due at all, and no lock would have kept one out.
    assert_eq!(told(&plain, "read_stall"), (BudgetStatus::Pass, 0.0, ""));
    assert_eq!(plain.verdict, Verdict::Fail);
}

#[test]
fn a_short_lock_of_the_same_stall_is_not_charged_with_it() {
    let mut sample = index();
    // Another that came at the end of it, behind the lock of a second statement.
    sample.at(1_663.0).begin().send("ALTER TABLE users ADD a int", StatementTransaction::File);
    sample.at(1_663.5).done().at(1_663.6).reads(&[EXCLUSIVE]);
    sample.at(1_664.0).sampled_before(1_663.0).blocked(
        903,
        Waiter::Probe,
        Some(WRITE),
        1_660.5,
        &[Waiter::Migration],
    );
    sample.slow(WRITES, 903, 1_660.5, 1_666.0).at(1_666.0).commit(1_665.0);
    sample.at(1_667.0).sampled_before(1_666.0).gone(EXCLUSIVE).unblocked(903);
    over(&mut sample, 1_700.0);
    let plain = judged(&sample);
    let stalls: Vec<_> = plain.findings.iter().filter(|finding| finding.id == "write-stall").collect();
    assert_eq!(stalls.len(), 1);
    assert_eq!((stalls[0].statement, &stalls[0].numbers["requests"]), (Some(0), &Quantity::Whole(2)));
}

#[test]
fn locks_that_break_the_limit_together_only_are_blamed_on_the_longest() {
    let mut sample = begun();
    for (statement, from_ms) in [(0, 10.0), (1, 420.0)] {
        sample.at(from_ms).begin().send("CREATE INDEX …", StatementTransaction::File);
        sample.at(from_ms + 2.0).sampled_before(from_ms + 1.0).seen(SHARE);
        sample.blocked(901, Waiter::Probe, Some(WRITE), from_ms + 2.0, &[Waiter::Migration]);
        let until_ms = from_ms + 400.0 - 50.0 * f64::from(statement);
        sample
            .at(until_ms)
            .done()
            .at(until_ms + 0.1)
            .reads(&[SHARE])
            .at(until_ms + 1.0)
            .commit(until_ms + 0.5);
        sample.at(until_ms + 2.0).sampled_before(until_ms + 1.5).gone(SHARE).unblocked(901);
    }
    sample.slow(WRITES, 901, 12.0, 775.0);
    over(&mut sample, 800.0);
    let plain = judged(&sample);
    assert_eq!(told(&plain, "write_stall").0, BudgetStatus::Fail);
    let stalls: Vec<_> = plain.findings.iter().filter(|finding| finding.id == "write-stall").collect();
    assert_eq!(stalls.iter().map(|finding| finding.statement).collect::<Vec<_>>(), [Some(0)]);
}

#[test]
fn rows_that_the_migration_changed_are_told_as_such() {
    let mut sample = begun();
    sample.at(1.0).begin().send("UPDATE users …", StatementTransaction::File);
    let migration = Blocker { pid: LEADER, who: Waiter::Migration };
    sample.at(101.0).sampled_before(99.0).blocked_by_rows(901, None, 100.0, &[migration]);
    sample.slow(WRITES, 901, 100.0, 1_100.0);
    sample.at(1_090.0).done().at(1_090.1).reads(&[WRITE]).at(1_100.0).commit(1_091.0);
    sample.at(1_101.0).sampled_before(1_099.0).gone(WRITE).unblocked(901);
    over(&mut sample, 1_200.0);
    let plain = judged(&sample);
    for id in ["write-stall", "lock-queue"] {
        let told = found(&plain, id);
        assert_eq!((told.statement, told.relation.as_deref()), (None, None), "{id}");
        assert!(told.advice.starts_with("Change rows in batches"), "{}", told.advice);
    }
    let evidence = &found(&plain, "write-stall").evidence;
    assert!(
        evidence.starts_with("1 write waited behind rows that the migration had changed, 1.00 s"),
        "{evidence}"
    );
}

#[test]
fn requests_that_are_too_rare_prove_nothing() {
    let run = |rate: f64, table: &str| {
        let mut sample = begun();
        sample.window(WRITES, 0.0, 1, &[(2_000, 1)]);
        sample.at(50.0).begin().send("CREATE INDEX …", StatementTransaction::File);
        sample.at(949.0).done().at(949.1).reads(&[SHARE]).at(950.0).commit(949.5);
        over(&mut sample, 1_000.0);
        for entry in &mut sample.entries {
            if let Event::WorkloadStarted(started) = &mut entry.event {
                started.probes[WRITES as usize].rate = rate;
                started.probes[WRITES as usize].sql = format!("UPDATE {table} SET a = 1");
            }
        }
        let plain = judged(&sample);
        let (status, _, doubt) = told(&plain, "write_stall");
        (status, doubt.to_owned())
    };
    let doubt =
        "requests every 500 ms are too rare to tell: ShareLock on public.users kept writes out for 900 ms";
    assert_eq!(run(2.0, "users"), (BudgetStatus::NotMeasured, doubt.to_owned()));
    assert_eq!(run(50.0, "users"), (BudgetStatus::Pass, String::new()));
    assert_eq!(run(2.0, "orders"), (BudgetStatus::Pass, String::new()));
}

#[test]
fn errors_of_a_workload_that_ended_early_are_not_all_known() {
    let run = |failed: bool| {
        let mut sample = begun();
        if failed {
            sample.refused(WRITES, 3.0, 4.0, "40001");
        }
        sample.at(5.0).migrated(Outcome::Completed).application_stopped(3_000, Some("gone"));
        sample.closed(Outcome::Completed, None).end();
        let plain = judged(&sample);
        let (status, measured, doubt) = told(&plain, "probe_errors");
        (status, measured, doubt.to_owned())
    };
    assert_eq!(run(false), (BudgetStatus::NotMeasured, 0.0, "the workload ended early: gone".to_owned()));
    assert_eq!(run(true), (BudgetStatus::Fail, 1.0, String::new()));
}

#[test]
fn a_repetition_without_a_number_is_named() {
    let mut limits = budget();
    limits.wal_bytes = Some(1 << 40);
    let mut sample = Sample::new(vec![strategy("plain")], limits);
    for repetition in [1, 2] {
        sample.rehearse_again("plain", repetition).at(10.0).over(Outcome::Completed);
    }
    sample.end();
    let mut left = 1;
    for entry in sample.entries.iter_mut().rev() {
        if let Event::MigrationFinished(finished) = &mut entry.event
            && left > 0
        {
            finished.wal_lsn = None;
            left -= 1;
        }
    }
    let plain = judged(&sample);
    assert_eq!(
        told(&plain, "wal"),
        (BudgetStatus::NotMeasured, 30_000_000.0, "it was not measured in repetition 2")
    );
}

#[test]
fn what_the_application_wrote_itself_is_not_the_migration_s() {
    let run = |bytes_per_s: Option<f64>| {
        let mut limits = budget();
        limits.wal_bytes = Some(1 << 40);
        let mut sample = Sample::new(vec![strategy("plain")], limits);
        sample.rehearse("plain").application(2).step("plain.up.sql", TransactionShape::File, "");
        over(&mut sample, 10_000.0);
        for entry in &mut sample.entries {
            match &mut entry.event {
                Event::MigrationStarted(started) => started.application_wal_bytes_per_s = bytes_per_s,
                Event::MigrationFinished(finished) => finished.wal_lsn = Some(2_200_000_000),
                _ => {}
            }
        }
        let plain = judged(&sample);
        let note = line(&plain, "wal").note.clone();
        (finding(&plain, "wal-heavy").map(|finding| finding.evidence.clone()), note)
    };
    let own = "of it the application wrote about 95.4 MiB in the same time, going by its rate before";
    assert_eq!(run(None), (Some("1.12 GiB of WAL were written while it ran".to_owned()), None));
    assert_eq!(
        run(Some(10_000_000.0)),
        (Some(format!("1.12 GiB of WAL were written while it ran, {own}")), Some(own.to_owned()))
    );
    assert_eq!(run(Some(20_000_000.0)).0, None);
}

#[test]
fn a_queue_has_the_numbers_of_its_own_and_the_hold_that_was_ahead() {
    let mut sample = begun();
    // Open all the time, and in nobody's way.
    sample.event(Event::HoldStarted(HoldStarted { hold: 1, sql: "SELECT 1".to_owned(), pid: 78, for_us: 1 }));
    sample.hold("SELECT count(*) FROM users", 400.0);
    sample.at(9.0).begin().send("ALTER TABLE users …", StatementTransaction::File);
    sample.at(101.0).sampled_before(99.0);
    for pid in [901, 902] {
        sample.blocked(pid, Waiter::Probe, Some(READ), 100.0, &[Waiter::Migration]);
    }
    sample.blocked(
        903,
        Waiter::Probe,
        Some(lock(ORDERS, LockMode::RowExclusiveLock)),
        100.0,
        &[Waiter::Probe],
    );
    sample.queued_behind_a_hold(EXCLUSIVE, 10.0, 400.0);
    sample.at(401.0).hold_over().at(404.0).done().at(404.5).reads(&[EXCLUSIVE]);
    sample.at(408.0).commit(405.0).at(410.0).sampled_before(406.0).gone(EXCLUSIVE);
    sample.unblocked(901).unblocked(902).unblocked(903);
    let orders = lock(ORDERS, LockMode::ShareLock);
    sample.at(500.0).begin().send("CREATE INDEX …", StatementTransaction::File);
    sample.at(511.0).sampled_before(509.0).seen(orders);
    sample.blocked(
        904,
        Waiter::Probe,
        Some(lock(ORDERS, LockMode::RowExclusiveLock)),
        510.0,
        &[Waiter::Migration],
    );
    sample.at(600.0).done().at(600.1).reads(&[orders]).at(601.0).commit(600.2);
    sample.at(650.0).sampled_before(649.0).gone(orders).unblocked(904);
    over(&mut sample, 700.0);
    let plain = judged(&sample);
    let queues: Vec<_> = plain.findings.iter().filter(|finding| finding.id == "lock-queue").collect();
    let waiting: Vec<_> =
        queues.iter().map(|queue| (queue.statement, &queue.numbers["waiting_max"])).collect();
    // The higher first: those of users waited for less than the limit too.
    assert_eq!(waiting, [(Some(0), &Quantity::Whole(2)), (Some(1), &Quantity::Whole(1))]);
    assert!(queues[0].evidence.contains("(`SELECT count(*) FROM users`)"), "{}", queues[0].evidence);
    assert_eq!(queues[1].numbers["drain_ms"], Quantity::Fraction(49.8));
}

#[test]
fn a_wait_that_nobody_notices_is_told_and_is_no_reproach() {
    let severity = |wait_ms: f64| {
        let mut sample = begun();
        sample.at(9.0).begin().send("ALTER TABLE users ADD COLUMN a text", StatementTransaction::File);
        sample.at(10.0).done().at(10.5).reads(&[EXCLUSIVE]).at(11.0).sampled_before(10.8).seen(EXCLUSIVE);
        sample.at(20.0).sampled_before(20.0);
        sample.blocked(901, Waiter::Probe, Some(READ), 20.0, &[Waiter::Migration]);
        let over_ms = 20.0 + wait_ms;
        sample.at(over_ms).commit(over_ms).sampled_before(over_ms).gone(EXCLUSIVE).unblocked(901);
        over(&mut sample, over_ms + 100.0);
        let plain = judged(&sample);
        let queue = found(&plain, "lock-queue");
        (queue.numbers["wait_ms_max"], queue.severity)
    };
    // The limit is 500 ms: a fifth of it, and all of it.
    for (wait_ms, expected) in [
        (100.0, Severity::Low),
        (100.5, Severity::Medium),
        (500.0, Severity::Medium),
        (500.5, Severity::High),
    ] {
        assert_eq!(severity(wait_ms), (Quantity::Fraction(wait_ms), expected));
    }
}

#[test]
fn all_tries_of_a_step_are_one_queue() {
    let mut sample = begun();
    let sql = "ALTER TABLE users ADD COLUMN a text";
    let try_once = |sample: &mut Sample, pid: i32, from_ms: f64, wait_ms: f64, last: bool| {
        sample.at(from_ms).begin().send(sql, StatementTransaction::File);
        sample.at(from_ms + 5.0).sampled_before(from_ms).seen_waiting(EXCLUSIVE, Some(from_ms + 1.0));
        sample.blocked(LEADER, Waiter::Migration, Some(EXCLUSIVE), from_ms + 1.0, &[Waiter::Hold]);
        let from_ms = from_ms + 10.0;
        let over_ms = from_ms + wait_ms;
        sample.at(from_ms).sampled_before(from_ms);
        sample.blocked(pid, Waiter::Probe, Some(READ), from_ms, &[Waiter::Migration]);
        sample.at(over_ms);
        if last {
            sample.sampled_before(over_ms).seen(EXCLUSIVE).unblocked(LEADER);
            sample.done().reads(&[EXCLUSIVE]).commit(over_ms);
        } else {
            sample.fails(refusal("55P03", "canceling statement due to lock timeout")).roll_back(over_ms);
            sample.sampled_before(over_ms).unblocked(LEADER);
        }
        sample.gone(EXCLUSIVE).unblocked(pid);
    };
    try_once(&mut sample, 901, 10.0, 90.0, false);
    sample.retried(1, 10.0, "55P03");
    try_once(&mut sample, 902, 300.0, 60.0, false);
    sample.retried(2, 300.0, "55P03");
    try_once(&mut sample, 903, 600.0, 30.0, true);
    over(&mut sample, 700.0);
    for entry in &mut sample.entries {
        if let Event::StatementStarted(started) = &mut entry.event {
            started.line = 1;
        }
    }
    let plain = judged(&sample);
    let queues: Vec<_> = plain.findings.iter().filter(|finding| finding.id == "lock-queue").collect();
    let [queue] = queues.as_slice() else { panic!("{queues:?}") };
    assert_eq!((queue.statement, queue.severity), (Some(2), Severity::Low));
    assert_eq!(queue.numbers["waits"], Quantity::Whole(3));
    assert_eq!(queue.numbers["wait_ms_max"], Quantity::Fraction(90.0));
    assert_eq!(queue.numbers["waiting_max"], Quantity::Whole(1));
}
