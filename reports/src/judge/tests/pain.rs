//! What the application went through, judged.

use super::{EXCLUSIVE, SHARE, judged, status, warned};
use crate::event::{LockMode::*, *};
use crate::model::Quantity;
use crate::model::strategy::{BudgetStatus, Finding, Severity, Strategy, Verdict};
use crate::sample::workload::{READS, WRITES};
use crate::sample::*;

pub(super) const WRITE: HeldLock = HeldLock { relation_oid: USERS, mode: RowExclusiveLock };
pub(super) const READ: HeldLock = HeldLock { relation_oid: USERS, mode: AccessShareLock };

/// A migration with an application of two connections beside it.
pub(super) fn begun() -> Sample {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").application(2).step("plain.up.sql", TransactionShape::File, "");
    sample
}

pub(super) fn over(sample: &mut Sample, ms: f64) {
    sample.at(ms).migrated(Outcome::Completed).sampler(400, 5_200).phase(Phase::Settle);
    sample.at(ms + 500.0).application_over().inspected(&[], &[]).closed(Outcome::Completed, None).end();
}

/// A plain index, 1.65 s long, behind which two writes waited and a read for a connection.
pub(super) fn index() -> Sample {
    let mut sample = begun();
    sample.at(9.0).begin().send("CREATE INDEX i ON users (email)", StatementTransaction::File);
    sample.at(10.0).sampled_before(9.5).seen(SHARE);
    for (pid, due_ms) in [(901, 20.0), (902, 40.0)] {
        sample.at(due_ms + 1.0).sampled_before(due_ms - 1.0);
        sample.blocked(pid, Waiter::Probe, Some(WRITE), due_ms, &[Waiter::Migration]);
        sample.slow(WRITES, pid, due_ms, 1_661.0);
    }
    sample.request(READS, Some(901), 60.0, Some(1_662.0), Some(1_663.0), None);
    sample.at(1_650.0).done().at(1_651.0).reads(&[SHARE]).at(1_661.0).commit(1_655.0);
    sample.at(1_662.0).sampled_before(1_657.0).gone(SHARE).unblocked(901).unblocked(902);
    sample
}

pub(super) fn finding<'a>(strategy: &'a Strategy, id: &str) -> Option<&'a Finding> {
    strategy.findings.iter().find(|finding| finding.id == id)
}

#[track_caller]
pub(super) fn found<'a>(strategy: &'a Strategy, id: &str) -> &'a Finding {
    let ids: Vec<&str> = strategy.findings.iter().map(|finding| finding.id.as_str()).collect();
    finding(strategy, id).unwrap_or_else(|| panic!("{id} is not among {ids:?}"))
}

#[test]
fn writes_behind_an_index_break_the_budget_and_say_why() {
    let mut sample = index();
    over(&mut sample, 1_700.0);
    let plain = judged(&sample);
    assert_eq!(plain.verdict, Verdict::Fail);
    assert_eq!(status(&plain, "write_stall"), Some((BudgetStatus::Fail, Some(Quantity::Fraction(1_641.0)))));
    assert_eq!(status(&plain, "probe_errors"), Some((BudgetStatus::Pass, Some(Quantity::Whole(0)))));
    let stall = found(&plain, "write-stall");
    assert_eq!((stall.severity, stall.statement), (Severity::High, Some(0)));
    assert_eq!(stall.relation.as_deref(), Some("public.users"));
    assert_eq!(
        stall.evidence,
        "2 writes waited behind ShareLock on public.users (plain.up.sql:1), 1.64 s at most (limit 500 ms): the slowest was \
         users update (50/s; before the migration 99 of 100 took less than 2.00 ms)"
    );
    assert!(stall.advice.contains("CREATE INDEX CONCURRENTLY i ON users (email);"), "{}", stall.advice);
    assert_eq!(stall.numbers["requests"], Quantity::Whole(2));
    // Reads are not in the way of an index; the pool was.
    let read = found(&plain, "read-stall");
    assert!(
        read.evidence.starts_with(
            "1 read waited for a connection of the pool, because others waited behind ShareLock on public.users"
        ),
        "{}",
        read.evidence
    );
    let pool = found(&plain, "pool-exhausted");
    assert_eq!(pool.relation.as_deref(), Some("public.users"));
    assert!(pool.evidence.starts_with("1 request found the application's whole pool (2 connections) busy"));
}

#[test]
fn a_quiet_application_passes_with_its_numbers() {
    let mut sample = begun();
    sample.window(WRITES, 0.0, 5, &[(1_500, 5)]).window(READS, 0.0, 5, &[(1_200, 5)]);
    over(&mut sample, 100.0);
    let report = sample.report();
    let plain = &report.strategies[0];
    assert_eq!(plain.verdict, Verdict::Pass);
    assert_eq!(status(plain, "write_stall"), Some((BudgetStatus::Pass, Some(Quantity::Fraction(1.5)))));
    assert_eq!(plain.findings, []);
    let row = &report.comparison.rows[0];
    assert_eq!((row.write_stall_ms, row.read_stall_ms), (Some(1.5), Some(1.2)));
}

#[test]
fn a_noisy_machine_proves_what_locks_prove_and_nothing_else() {
    let noisy = |mut sample: Sample, unmeasured_allowed: bool| {
        sample.window(READS, 0.0, 5, &[(1_000, 5)]);
        sample.slow(WRITES, 950, -700.0, -100.0);
        over(&mut sample, 1_700.0);
        for entry in &mut sample.entries {
            if let Event::RunStarted(run) = &mut entry.event {
                run.budget.unmeasured_allowed = unmeasured_allowed;
            }
        }
        sample.report()
    };
    let mut unexplained = begun();
    unexplained.slow(WRITES, 901, 100.0, 900.0);
    let report = noisy(unexplained.clone(), true);
    let plain = &report.strategies[0];
    let line = plain.budget.iter().find(|line| line.limit == "write_stall").expect("the limit");
    assert_eq!((line.status, line.measured), (BudgetStatus::NotMeasured, Some(Quantity::Fraction(800.0))));
    assert!(line.doubt.as_ref().is_some_and(|doubt| doubt.contains("a write took 600 ms already")));
    assert_eq!(plain.verdict, Verdict::Pass);
    // Reads were not noisy.
    assert!(matches!(status(plain, "read_stall"), Some((BudgetStatus::Pass, _))));
    assert!(warned(&report, "the machine was too noisy"), "{:?}", report.warnings);
    assert!(finding(plain, "write-stall").is_none());

    assert_eq!(noisy(unexplained, false).strategies[0].verdict, Verdict::Fail);
    assert_eq!(noisy(index(), true).strategies[0].verdict, Verdict::Fail);
}

#[test]
fn a_generator_that_fell_behind_puts_all_kinds_in_doubt() {
    let mut sample = begun();
    sample.slow(WRITES, 950, -700.0, -100.0).slow(READS, 901, 100.0, 900.0).slow(WRITES, 902, 100.0, 120.0);
    sample.at(1_000.0).migrated(Outcome::Completed).sampler(400, 5_200).phase(Phase::Settle);
    sample.at(1_500.0).application_stopped(60_000, None).inspected(&[], &[]);
    sample.closed(Outcome::Completed, None).end();
    let plain = judged(&sample);
    for limit in ["read_stall", "write_stall"] {
        assert!(matches!(status(&plain, limit), Some((BudgetStatus::NotMeasured, Some(_)))), "{limit}");
    }
}

#[test]
fn dead_rows_of_before_are_not_the_migration_s() {
    let left = |before: Option<u64>, after: u64| {
        let mut sample = begun();
        over(&mut sample, 10.0);
        for entry in &mut sample.entries {
            match &mut entry.event {
                Event::Inspected(inspected) => inspected.dead_tuples = after,
                Event::MigrationStarted(started) => started.dead_tuples = before,
                _ => {}
            }
        }
        finding(&judged(&sample), "dead-tuples-left").is_some()
    };
    assert!(!left(Some(20_000), 120_000));
    assert!(left(Some(20_000), 120_001));
    assert!(!left(None, 500_000));
}

#[test]
fn a_query_that_no_longer_fits_is_broken_and_one_that_never_did_is_not() {
    let mut sample = begun();
    sample.refused(READS, 50.0, 51.0, "42703").refused(READS, 300.0, 301.0, "42703");
    sample.refused(WRITES, -50.0, -49.0, "42703").refused(WRITES, 50.0, 51.0, "42703");
    sample.refused(WRITES, 60.0, 900.0, "40P01");
    over(&mut sample, 200.0);
    let plain = judged(&sample);
    assert_eq!(plain.verdict, Verdict::Fail);
    // Those after the migration count: what it broke stays broken.
    assert_eq!(status(&plain, "probe_errors"), Some((BudgetStatus::Fail, Some(Quantity::Whole(4)))));
    let broken: Vec<&Finding> =
        plain.findings.iter().filter(|finding| finding.id == "app-query-broken").collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(
        broken[0].evidence,
        "2 requests of login failed with 42703 since the migration began, and still did when it was over: column \
         \"username\" does not exist"
    );
    let failed: Vec<(&str, Severity)> = plain
        .findings
        .iter()
        .filter(|finding| finding.id == "probe-failed")
        .map(|finding| (finding.evidence.as_str(), finding.severity))
        .collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].0.contains("40P01") && failed[0].1 == Severity::Medium, "{failed:?}");
    assert!(failed[1].0.contains("1 had failed so before") && failed[1].1 == Severity::Low, "{failed:?}");
}

#[test]
fn a_short_lock_behind_a_long_transaction_is_a_queue() {
    let mut sample = begun();
    sample.hold("SELECT count(*) FROM users", 4_000.0);
    sample.at(9.0).begin().send("ALTER TABLE users ADD COLUMN a text", StatementTransaction::File);
    sample.at(101.0).sampled_before(99.0);
    sample
        .blocked(901, Waiter::Probe, Some(READ), 100.0, &[Waiter::Migration])
        .slow(READS, 901, 100.0, 4_010.0);
    sample.queued_behind_a_hold(EXCLUSIVE, 10.0, 4_000.0);
    sample.at(4_001.0).hold_over().at(4_004.0).done().at(4_004.5).reads(&[EXCLUSIVE]);
    sample.at(4_008.0).commit(4_005.0).at(4_010.0).sampled_before(4_006.0).gone(EXCLUSIVE).unblocked(901);
    over(&mut sample, 4_100.0);
    let plain = judged(&sample);
    let queue = found(&plain, "lock-queue");
    assert!(
        queue
            .evidence
            .contains("only, but waited 3.99 s behind a long transaction (`SELECT count(*) FROM users`)")
    );
    assert!(
        queue
            .evidence
            .contains("everybody who came after it waited too: up to 1 session at once, the longest 3.91 s")
    );
    let stall = found(&plain, "read-stall");
    assert!(stall.evidence.contains("itself held up by a long transaction"), "{}", stall.evidence);
    assert!(stall.advice.contains("SET lock_timeout = '1s';"));
    assert!(finding(&plain, "no-lock-timeout").is_some());
}

#[test]
fn a_timeout_for_locks_counts_from_where_it_is_set() {
    let run = |first: &str| {
        let mut sample = begun();
        sample.at(1.0).begin().send(first, StatementTransaction::File).at(2.0).done().at(2.1).reads(&[]);
        sample.at(3.0).send("ALTER TABLE users …", StatementTransaction::File);
        sample.at(4.0).done().at(4.1).reads(&[EXCLUSIVE]).at(5.0).commit(4.2);
        over(&mut sample, 6.0);
        finding(&judged(&sample), "no-lock-timeout").is_none()
    };
    assert!(run("SET lock_timeout = '1s'"));
    assert!(run("SET LOCAL lock_timeout TO 500"));
    assert!(!run("SET lock_timeout = 0"));
    assert!(!run("SET statement_timeout = '1s'"));
}

#[test]
fn rows_that_are_changed_under_a_lock_are_mixed_with_it() {
    let mut sample = begun();
    sample.at(1.0).begin().send("ALTER TABLE users ADD COLUMN a text", StatementTransaction::File);
    sample.at(2.0).done().at(2.1).reads(&[EXCLUSIVE]);
    sample.at(3.0).send("UPDATE users SET a = 'a'", StatementTransaction::File);
    sample
        .at(903.0)
        .done_with(Some(1_000_000), None)
        .at(903.5)
        .reads(&[EXCLUSIVE, WRITE])
        .at(910.0)
        .commit(904.0);
    over(&mut sample, 911.0);
    let plain = judged(&sample);
    let mixed = found(&plain, "mixed-schema-and-data");
    assert_eq!((mixed.severity, mixed.statement), (Severity::Medium, Some(0)));
    assert_eq!(
        mixed.evidence,
        "UPDATE of 1,000,000 rows (plain.up.sql:2) ran for 900 ms in the same transaction, while its AccessExclusiveLock \
         on public.users kept reads and writes out"
    );
}

#[test]
fn a_scan_under_a_lock_is_told_where_it_is_long() {
    let run = |ms: f64| {
        let mut sample = begun();
        sample
            .at(1.0)
            .begin()
            .send("ALTER TABLE users ALTER COLUMN a SET NOT NULL", StatementTransaction::File);
        sample.at(2.0).notice("verifying table \"users\"").at(ms).done().at(ms + 0.1).reads(&[EXCLUSIVE]);
        sample.at(ms + 1.0).commit(ms + 0.2);
        over(&mut sample, ms + 2.0);
        finding(&judged(&sample), "scan-under-lock").map(|finding| finding.advice.clone())
    };
    assert!(run(800.0).is_some_and(|advice| advice.contains("VALIDATE CONSTRAINT")));
    assert_eq!(run(100.0), None);
}

#[test]
fn much_that_is_written_or_left_is_told_and_no_way_back_too() {
    let mut declared = strategy("plain");
    declared.down = Vec::new();
    let mut sample = Sample::new(vec![declared], budget());
    sample.rehearse("plain").step("plain.up.sql", TransactionShape::File, "");
    sample.at(1.0).begin().send("UPDATE users SET a = 'a'", StatementTransaction::File);
    sample
        .at(903.0)
        .done_with(Some(1_000_000), Some(1_400_000_000))
        .at(903.5)
        .reads(&[WRITE])
        .at(910.0)
        .commit(904.0);
    over(&mut sample, 911.0);
    for entry in &mut sample.entries {
        match &mut entry.event {
            Event::MigrationFinished(finished) => finished.wal_lsn = Some(1_400_000_000),
            Event::Inspected(inspected) => inspected.dead_tuples = 100_001,
            _ => {}
        }
    }
    let plain = judged(&sample);
    assert_eq!(plain.verdict, Verdict::Pass);
    let told: Vec<(&str, Severity)> =
        plain.findings.iter().map(|finding| (finding.id.as_str(), finding.severity)).collect();
    assert_eq!(
        told,
        [("wal-heavy", Severity::Medium), ("no-down", Severity::Low), ("dead-tuples-left", Severity::Low)]
    );
    assert_eq!(plain.findings[0].statement, Some(0));
}
