//! One situation each: what is emitted, and what the application went through.

use crate::event::{LockMode::*, *};
use crate::model::rehearsal::Rehearsal;
use crate::model::workload::{Culprit, Probe, ProbeStall};
use crate::sample::workload::{READS, WRITES};
use crate::sample::*;

const SHARE: HeldLock = HeldLock { relation_oid: USERS, mode: ShareLock };
const EXCLUSIVE: HeldLock = HeldLock { relation_oid: USERS, mode: AccessExclusiveLock };
const WRITE: HeldLock = HeldLock { relation_oid: USERS, mode: RowExclusiveLock };
const READ: HeldLock = HeldLock { relation_oid: USERS, mode: AccessShareLock };

/// A migration that is connected at 0 ms, and an application of two connections beside it.
fn sample() -> Sample {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").application(2).step("plain.up.sql", TransactionShape::File, "");
    sample
}

/// The migration is done at that time; the application half a second later.
fn end(sample: &mut Sample, ms: f64) {
    sample.at(ms).migrated(Outcome::Completed).sampler(400, 5_200).phase(Phase::Settle);
    sample.at(ms + 500.0).application_over().inspected(&[], &[]).closed(Outcome::Completed, None).end();
}

fn rehearsal(sample: &Sample) -> Rehearsal {
    sample.report().strategies.remove(0).rehearsals.remove(0)
}

fn probe(sample: &Sample, index: u32) -> Probe {
    rehearsal(sample).probes.swap_remove(index as usize)
}

/// `who relation Mode #statement waited`
fn told(stall: &ProbeStall) -> Vec<String> {
    let causes = stall.causes.iter();
    causes
        .map(|cause| {
            let relation = cause.relation.as_deref().unwrap_or("-");
            let mode = cause.mode.map_or_else(|| "-".to_owned(), |mode| format!("{mode:?}"));
            let statement = cause.statement.map_or_else(|| "-".to_owned(), |index| index.to_string());
            format!("{:?} {relation} {mode} #{statement} {}", cause.who, cause.waited_ms)
        })
        .collect()
}

/// ShareLock on users from 10 ms to about 1,660 ms.
fn share_lock(sample: &mut Sample) {
    sample.at(9.0).begin().send("CREATE INDEX …", StatementTransaction::File);
    sample.at(10.0).sampled_before(9.5).seen(SHARE);
}

fn share_unlock(sample: &mut Sample) {
    sample.at(1_650.0).done().at(1_651.0).reads(&[SHARE]).at(1_661.0).commit(1_655.0);
    sample.at(1_662.0).sampled_before(1_657.0).gone(SHARE);
}

#[test]
fn requests_belong_to_the_part_in_which_they_were_due_or_waited() {
    let mut sample = sample();
    sample.window(WRITES, 0.0, 5, &[(1_500, 5)]);
    // Whatever overlaps the migration counts as during it.
    sample.window(WRITES, -60.0, 1, &[(1_100, 1)]).window(WRITES, 960.0, 1, &[(3_000, 1)]);
    sample.window(WRITES, -100.0, 1, &[(1_000, 1)]).window(WRITES, 1_000.1, 1, &[(4_000, 1)]);
    sample
        .slow(WRITES, 900, -30.0, 20.0)
        .slow(WRITES, 900, -400.0, -380.0)
        .slow(WRITES, 900, 1_100.0, 1_111.0);
    sample.refused(WRITES, 500.0, 501.0, "55P03").refused(WRITES, -300.0, -299.0, "40001");
    sample.request(WRITES, None, 1_200.0, None, None, None);
    end(&mut sample, 1_000.0);
    let probe = probe(&sample, WRITES);
    assert_eq!((probe.due, probe.completed, probe.failed), (9, 8, 1));
    assert_eq!(probe.errors.get("55P03"), Some(&1));
    assert_eq!(probe.baseline_errors.get("40001"), Some(&1));
    assert_eq!((probe.baseline_failed, probe.settle_failed), (1, 1));
    assert_eq!(probe.settle_errors.get("unanswered"), Some(&1));
    let during = probe.during.expect("requests were due");
    assert_eq!((during.p50_ms, during.p99_ms, during.max_ms), (1.5, 50.0, 50.0));
    let baseline = probe.baseline.expect("requests were due");
    assert_eq!((baseline.p50_ms, baseline.max_ms), (1.0, 20.0));
    assert_eq!(probe.settle.map(|settle| settle.max_ms), Some(300.0));
    assert_eq!((probe.stall_ms_max, probe.stall_uncertainty_ms), (50.0, 20.0));
    assert_eq!(probe.messages.len(), 2);
}

#[test]
fn stalls_are_joined_and_blamed_on_the_lock() {
    let mut sample = sample();
    share_lock(&mut sample);
    for (pid, due_ms) in [(901, 20.0), (902, 40.0)] {
        sample.at(due_ms + 1.0).sampled_before(due_ms - 1.0);
        sample.blocked(pid, Waiter::Probe, Some(WRITE), due_ms, &[Waiter::Migration]);
        sample.slow(WRITES, pid, due_ms, 1_661.0 + due_ms / 20.0);
    }
    sample.slow(WRITES, 903, 1_900.0, 1_915.0).slow(WRITES, 903, 1_930.0, 1_939.9);
    share_unlock(&mut sample);
    sample.unblocked(901).unblocked(902);
    end(&mut sample, 2_000.0);
    let probe = probe(&sample, WRITES);
    assert_eq!(probe.stalls.len(), 2);
    let stall = &probe.stalls[0];
    assert_eq!((stall.from_ms, stall.to_ms, stall.wait_ms_max, stall.requests), (20.0, 1_663.0, 1_642.0, 2));
    assert_eq!(told(stall), ["Migration public.users ShareLock #0 1642"]);
    // What no lock explains is the machine's.
    assert_eq!(told(&probe.stalls[1]), ["Unexplained - - #- 15"]);
    assert_eq!(probe.stalled_ms_total, 1_643.0 + 15.0);
    assert_eq!(probe.during.map(|during| during.max_ms), Some(1_642.0));
    let workload = rehearsal(&sample).workload.expect("it ran");
    assert_eq!((workload.trusted, workload.pool_waits, workload.connections), (true, 0, 2));
}

#[test]
fn who_waits_for_a_connection_waits_for_what_keeps_the_others() {
    let mut sample = sample();
    share_lock(&mut sample);
    sample.at(21.0).sampled_before(19.0).blocked(901, Waiter::Probe, Some(WRITE), 20.0, &[Waiter::Migration]);
    sample.slow(WRITES, 901, 20.0, 1_662.0);
    sample.request(READS, Some(901), 60.0, Some(1_662.0), Some(1_663.0), None);
    sample.request(READS, None, 80.0, None, Some(1_580.0), Some("57014"));
    share_unlock(&mut sample);
    sample.unblocked(901);
    end(&mut sample, 2_000.0);
    let probe = probe(&sample, READS);
    assert_eq!((probe.failed, probe.stall_ms_max, probe.stalls.len()), (1, 1_603.0, 1));
    assert_eq!(told(&probe.stalls[0]), ["Migration public.users ShareLock #0 1602", "Pool - - #- 1602"]);
    let cause = &probe.stalls[0].causes[0];
    assert_eq!((cause.requests, cause.pool_requests, cause.is_of_the_pool()), (2, 2, true));
    assert_eq!(probe.stall_of_migration_ms_max, 1_603.0);
    let workload = rehearsal(&sample).workload.expect("it ran");
    assert_eq!((workload.pool_waits, workload.pool_wait_ms_max), (2, 1_602.0));
}

#[test]
fn a_migration_of_a_few_milliseconds_is_not_without_requests() {
    let mut sample = sample();
    sample.window(READS, 0.0, 5, &[(1_000, 4), (7_000, 1)]);
    end(&mut sample, 9.0);
    let probe = probe(&sample, READS);
    assert_eq!((probe.due, probe.stall_ms_max, probe.stall_unexplained_ms_max), (5, 7.0, 7.0));
}

#[test]
fn the_lock_that_is_blamed_is_the_one_in_the_way() {
    let mut sample = sample();
    share_lock(&mut sample);
    sample.at(21.0).sampled_before(19.0).blocked(901, Waiter::Probe, Some(WRITE), 20.0, &[Waiter::Migration]);
    sample.slow(WRITES, 901, 20.0, 1_662.0);
    sample.request(READS, None, 60.0, Some(1_662.0), Some(1_663.0), None);
    sample.at(1_640.0).done().at(1_640.1).reads(&[SHARE]);
    sample.at(1_650.0).send("ALTER TABLE …", StatementTransaction::File).at(1_651.0).done();
    sample.at(1_651.1).reads(&[SHARE, EXCLUSIVE]).at(1_656.0).commit(1_655.0);
    sample.at(1_662.0).sampled_before(1_657.0).gone(SHARE).gone(EXCLUSIVE).unblocked(901);
    end(&mut sample, 2_000.0);
    let rehearsal = rehearsal(&sample);
    assert_eq!(
        told(&rehearsal.probes[WRITES as usize].stalls[0]),
        ["Migration public.users ShareLock #0 1642"]
    );
    let read = &rehearsal.probes[READS as usize].stalls[0];
    assert_eq!(told(read), ["Migration public.users ShareLock #0 1602", "Pool - - #- 1602"]);
    assert!(read.causes[0].is_of_the_pool());
}

#[test]
fn default_probes_of_one_kind_do_not_keep_the_connections_of_the_other() {
    let mut sample = sample();
    share_lock(&mut sample);
    sample.at(21.0).sampled_before(19.0).blocked(901, Waiter::Probe, Some(WRITE), 20.0, &[Waiter::Migration]);
    sample.slow(WRITES, 901, 20.0, 1_662.0);
    sample.request(READS, None, 60.0, Some(1_662.0), Some(1_663.0), None);
    share_unlock(&mut sample);
    sample.unblocked(901);
    end(&mut sample, 2_000.0);
    for entry in &mut sample.entries {
        if let Event::WorkloadStarted(started) = &mut entry.event {
            started.by_default = true;
        }
    }
    assert_eq!(told(&probe(&sample, READS).stalls[0]), ["Pool - - #- 1602"]);
}

#[test]
fn rows_are_blamed_on_a_statement_only_where_it_can_be_known() {
    let migration = Blocker { pid: LEADER, who: Waiter::Migration };
    let mut sample = sample();
    sample.at(1.0).begin().send("UPDATE users …", StatementTransaction::File);
    sample.at(5.0).sampled_before(4.0).seen(WRITE).at(50.0).done().at(50.1).reads(&[WRITE]);
    sample.at(51.0).send("SELECT pg_sleep(1)", StatementTransaction::File);
    // The first waits for the transaction, the second for its turn at the row, behind the first.
    sample.at(101.0).sampled_before(99.0).blocked_by_rows(901, None, 100.0, std::slice::from_ref(&migration));
    let first = Blocker { pid: 901, who: Waiter::Probe };
    sample.blocked_by_rows(902, Some(USERS), 100.0, &[first]);
    sample.blocked_by_rows(903, Some(USERS), 100.0, &[migration]);
    sample.slow(WRITES, 901, 100.0, 1_100.0);
    sample.at(1_090.0).done().at(1_090.1).reads(&[WRITE]).at(1_100.0).commit(1_091.0);
    sample.at(1_101.0).sampled_before(1_099.0).gone(WRITE).unblocked(901).unblocked(902).unblocked(903);
    sample.slow(WRITES, 902, 2_000.0, 2_001.0);
    end(&mut sample, 3_000.0);
    let told_of = |pid: i32| {
        let mut sample = sample.clone();
        for entry in &mut sample.entries {
            if let Event::ProbeRequest(request) = &mut entry.event {
                request.pid = Some(pid);
            }
        }
        let stall = probe(&sample, WRITES).stalls.swap_remove(0);
        (told(&stall), stall.causes[0].rows, stall.behind_migration_ms_max)
    };
    assert_eq!(told_of(901), (vec!["Migration - - #- 1000".to_owned()], true, 1_000.0));
    let both = vec!["Migration - - #- 1000".to_owned(), "Probe public.users - #- 1000".to_owned()];
    assert_eq!(told_of(902), (both, true, 1_000.0));
    assert_eq!(told_of(903), (vec!["Migration public.users - #0 1000".to_owned()], true, 1_000.0));
}

#[test]
fn the_generator_s_own_lag_is_no_wait_for_the_pool() {
    let mut sample = sample();
    sample.request(READS, Some(901), 100.0, Some(800.0), Some(801.0), None).lagged(695.0);
    sample.request(READS, Some(901), 1_000.0, Some(1_100.0), Some(1_300.0), None).lagged(20.0);
    end(&mut sample, 2_000.0);
    let rehearsal = rehearsal(&sample);
    let probe = &rehearsal.probes[READS as usize];
    assert_eq!(told(&probe.stalls[0]), ["Generator - - #- 695"]);
    assert_eq!(told(&probe.stalls[1]), ["Unexplained - - #- 200", "Pool - - #- 80"]);
    assert_eq!((probe.stall_ms_max, probe.stall_unexplained_ms_max), (701.0, 280.0));
    let workload = rehearsal.workload.expect("it ran");
    assert_eq!((workload.pool_waits, workload.pool_wait_ms_max), (1, 80.0));
}

#[test]
fn a_lag_that_no_request_tells_may_be_that_of_each() {
    let mut sample = sample();
    sample.request(READS, Some(901), 100.0, Some(150.0), Some(151.0), None);
    sample.at(500.0).migrated(Outcome::Completed).sampler(400, 5_200).phase(Phase::Settle);
    sample.at(600.0).application_stopped(45_000, None).closed(Outcome::Completed, None).end();
    let probe = probe(&sample, READS);
    assert_eq!((probe.stall_ms_max, probe.stall_unexplained_ms_max), (51.0, 1.0));
}

#[test]
fn a_hold_ahead_of_the_migration_is_ahead_of_those_behind_it() {
    let mut sample = sample();
    sample.hold("SELECT count(*) FROM users", 4_000.0);
    sample.at(9.0).begin().send("ALTER TABLE …", StatementTransaction::File);
    sample.at(101.0).sampled_before(99.0);
    sample.blocked(901, Waiter::Probe, Some(READ), 100.0, &[Waiter::Migration]);
    sample.slow(READS, 901, 100.0, 4_010.0);
    sample.queued_behind_a_hold(EXCLUSIVE, 10.0, 4_000.0);
    sample
        .at(4_001.0)
        .hold_over()
        .at(4_004.0)
        .done()
        .at(4_004.5)
        .reads(&[EXCLUSIVE])
        .at(4_008.0)
        .commit(4_005.0);
    sample.at(4_010.0).sampled_before(4_006.0).gone(EXCLUSIVE).unblocked(901);
    end(&mut sample, 4_100.0);
    let rehearsal = rehearsal(&sample);
    let causes = &rehearsal.probes[0].stalls[0].causes;
    let told: Vec<_> = causes.iter().map(|cause| (cause.who, cause.mode, cause.statement)).collect();
    assert_eq!(told, [(Culprit::Migration, Some(AccessExclusiveLock), Some(0)), (Culprit::Hold, None, None)]);
    assert_eq!(rehearsal.holds.len(), 1);
    assert_eq!((rehearsal.holds[0].from_ms, rehearsal.holds[0].to_ms), (0.0, Some(4_001.0)));
}

#[test]
fn requests_are_counted_by_time_from_the_baseline_on() {
    let mut sample = sample();
    sample.window(READS, 0.0, 5, &[(1_000, 4)]).slow(READS, 901, 50.0, 250.0);
    sample.window(READS, 300.0, 1, &[]).refused(READS, 310.0, 311.0, "42703");
    end(&mut sample, 1_000.0);
    let counted = probe(&sample, READS).per_100ms;
    assert_eq!((counted.from_ms, counted.due.len()), (-1_000.0, 14));
    assert_eq!(counted.due[10..], [5, 0, 0, 1]);
    assert_eq!(counted.completed[9..], [5, 4, 0, 1, 0]);
    assert_eq!(counted.failed[10..], [0, 0, 0, 1]);
}

#[test]
fn a_generator_that_fell_behind_or_stopped_is_not_trusted() {
    let why_not = |lag_us_p99: u64, error: Option<&str>| {
        let mut sample = sample();
        sample.at(5.0).migrated(Outcome::Completed).application_stopped(lag_us_p99, error);
        sample.closed(Outcome::Completed, None).end();
        rehearsal(&sample).workload.and_then(|workload| workload.why_not)
    };
    assert_eq!(why_not(50_000, None), None);
    assert!(why_not(50_001, None).is_some_and(|why| why.contains("fell behind")));
    assert!(why_not(0, Some("gone")).is_some_and(|why| why.contains("ended early: gone")));
}

#[test]
fn a_try_that_was_followed_by_another_is_no_failure() {
    let mut sample = sample();
    let error = refusal("55P03", "canceling statement due to lock timeout");
    sample.at(10.0).send("ALTER TABLE …", StatementTransaction::Own).at(1_010.0).fails(error);
    sample.slow(READS, 901, 20.0, 1_000.0).at(1_011.0).retried(1, 10.0, "55P03");
    sample.at(1_111.0).send("ALTER TABLE …", StatementTransaction::Own).at(1_112.0).done();
    end(&mut sample, 1_200.0);
    let report = sample.report();
    let rehearsal = &report.strategies[0].rehearsals[0];
    let retried: Vec<bool> = rehearsal.statements.iter().map(|statement| statement.retried).collect();
    assert_eq!(retried, [true, false]);
    let attempts = &rehearsal.steps[0].attempts;
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].from_ms, attempts[0].to_ms, attempts[0].backoff_ms), (10.0, 1_011.0, 100.0));
    assert_eq!(attempts[0].stall_ms_max, Some(980.0));
    assert!(!report.strategies[0].findings.iter().any(|finding| finding.id == "statement-failed"));
}
