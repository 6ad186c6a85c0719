//! One situation each: what is emitted, and the rows that come of it.

mod kernel;

use crate::event::{LockMode::*, *};
use crate::model::lock::{Blocks, Lock};
use crate::model::rehearsal::Rehearsal;
use crate::sample::*;

fn sample() -> Sample {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").step("plain.up.sql", TransactionShape::File, "");
    sample
}

fn rehearsal(sample: &Sample) -> Rehearsal {
    let mut report = sample.report();
    report.strategies.remove(0).rehearsals.remove(0)
}

fn contradictions(sample: &Sample) -> usize {
    sample.report().warnings.iter().filter(|warning| warning.contains("contradict each other")).count()
}

/// `table Mode #statement waited≤ granted–released held-uncertainty source`
fn told(lock: &Lock) -> String {
    let relation = lock.relation.trim_start_matches("public.");
    let mode = format!("{:?}", lock.mode);
    let mode = mode.trim_end_matches("Lock");
    let statement = lock.statement.map_or_else(|| "-".to_owned(), |index| index.to_string());
    let waited = lock.requested_ms.map_or_else(String::new, |requested_ms| {
        let (wait, uncertainty) = (lock.wait_ms.unwrap_or(-1.0), lock.wait_uncertainty_ms.unwrap_or(-1.0));
        format!(" waited {wait}-{uncertainty} from {requested_ms}")
    });
    let held = lock.granted_ms.zip(lock.released_ms).map_or_else(
        || " never granted".to_owned(),
        |(granted_ms, released_ms)| {
            let (hold, uncertainty) =
                (lock.hold_ms.unwrap_or(-1.0), lock.hold_uncertainty_ms.unwrap_or(-1.0));
            format!(" {granted_ms}..{released_ms} held {hold}-{uncertainty}")
        },
    );
    format!("{relation} {mode} #{statement}{waited}{held} {:?}", lock.source)
}

#[track_caller]
fn check(sample: &Sample, rows: &[&str]) {
    let told: Vec<String> = rehearsal(sample).locks.iter().map(told).collect();
    assert_eq!(told, rows);
}

const SHARE: HeldLock = HeldLock { relation_oid: USERS, mode: ShareLock };
const EXCLUSIVE: HeldLock = HeldLock { relation_oid: USERS, mode: AccessExclusiveLock };
const WEAK: HeldLock = HeldLock { relation_oid: USERS, mode: ShareUpdateExclusiveLock };
const WORKER: i32 = 5_001;

#[test]
fn the_session_alone_knows_that_but_not_closely_when() {
    let mut sample = sample();
    sample.at(1.0).begin().at(2.0).send("s", StatementTransaction::File).at(100.0).done();
    sample.at(101.0).reads(&[SHARE]).at(110.0).commit(105.0);
    // Granted in [2, 100], released in [105, 110].
    check(&sample, &["users Share #0 2..110 held 108-103 Session"]);
}

#[test]
fn the_sampler_narrows_both_ends() {
    let mut sample = sample();
    sample.at(1.0).begin().at(2.0).send("s", StatementTransaction::File);
    sample.at(8.0).sampled_before(3.0).seen(SHARE).at(100.0).done().at(101.0).reads(&[SHARE]);
    sample.at(110.0).commit(105.0).at(112.0).sampled_before(107.0).gone(SHARE);
    // Granted in [3, 8], released in [107, 110].
    check(&sample, &["users Share #0 3..110 held 107-8 Session"]);
    assert_eq!(contradictions(&sample), 0);
}

#[test]
fn the_transaction_may_begin_after_its_statement_was_announced() {
    let mut sample = sample();
    sample.at(1.0).send("s", StatementTransaction::Own).at(1.1).begin().at(100.0).done();
    sample.at(101.0).reads(&[SHARE]).at(110.0).commit(105.0);
    check(&sample, &["users Share #0 1.1..110 held 108.9-103.9 Session"]);
}

#[test]
fn a_lock_belongs_to_the_statement_after_which_it_is_first_read() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File).at(5.0).done().at(5.1).reads(&[SHARE]);
    sample.at(6.0).send("s", StatementTransaction::File).at(9.0).done().at(9.1).reads(&[SHARE, EXCLUSIVE]);
    sample.at(10.0).commit(9.5);
    check(
        &sample,
        &["users Share #0 1..10 held 9-4.5 Session", "users AccessExclusive #1 6..10 held 4-3.5 Session"],
    );
}

#[test]
fn rollback_to_a_savepoint_releases() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::Explicit).at(2.0).done().at(2.1).reads(&[SHARE]);
    sample
        .at(3.0)
        .send("s", StatementTransaction::Explicit)
        .at(4.0)
        .done()
        .at(4.1)
        .reads(&[SHARE, EXCLUSIVE]);
    sample
        .at(5.0)
        .send("ROLLBACK TO a", StatementTransaction::Explicit)
        .at(6.0)
        .done()
        .at(6.1)
        .reads(&[SHARE]);
    sample
        .at(7.0)
        .send("s", StatementTransaction::Explicit)
        .at(8.0)
        .done()
        .at(8.1)
        .reads(&[SHARE, EXCLUSIVE]);
    sample.at(10.0).commit(9.0);
    check(
        &sample,
        &[
            "users Share #0 1..10 held 9-2 Session",
            "users AccessExclusive #1 3..6 held 3-2 Session",
            "users AccessExclusive #3 7..10 held 3-2 Session",
        ],
    );
}

#[test]
fn the_same_lock_in_a_later_transaction_is_another_one() {
    let mut sample = sample();
    for begin in [1.0, 21.0] {
        sample.at(begin).begin().send("s", StatementTransaction::Own).at(begin + 5.0).done();
        sample.at(begin + 5.1).reads(&[SHARE]).at(begin + 6.0).commit(begin + 5.5);
    }
    check(&sample, &["users Share #0 1..7 held 6-5.5 Session", "users Share #1 21..27 held 6-5.5 Session"]);
}

#[test]
fn samples_without_a_gap_are_cut_where_transactions_end() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::Own);
    sample.at(6.0).sampled_before(1.0).seen(SHARE);
    sample.at(49.0).done().at(49.1).reads(&[SHARE]).at(50.0).commit(49.5);
    sample.at(50.2).begin().send("s", StatementTransaction::Own);
    sample.at(99.0).done().at(99.1).reads(&[SHARE]).at(100.0).commit(99.5);
    sample.at(101.0).sampled_before(96.0).gone(SHARE).sampler(20, 5_000);
    check(
        &sample,
        &[
            "users Share #0 1..50 held 49-5.5 Session",
            // Sampled from the second transaction's beginning on, and no sample is later than 5 ms.
            "users Share #1 50.2..100 held 49.8-5.5 Session",
        ],
    );
    assert_eq!(contradictions(&sample), 0);
}

#[test]
fn a_wait_is_from_its_known_start_to_the_grant() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File);
    sample.at(6.0).sampled_before(1.0).seen_waiting(EXCLUSIVE, Some(1.4));
    sample.at(206.0).sampled_before(201.0).seen(EXCLUSIVE);
    sample.at(300.0).done().at(300.1).reads(&[EXCLUSIVE]).at(301.0).commit(300.2);
    check(&sample, &["users AccessExclusive #0 waited 204.6-5 from 1.4 201..301 held 100-5.8 Session"]);
    let statement = &rehearsal(&sample).statements[0];
    assert_eq!(statement.lock_wait_ms, Some(204.6));
}

#[test]
fn without_a_known_start_a_wait_began_after_the_sample_before() {
    let mut sample = sample();
    sample.at(2.0).begin().send("s", StatementTransaction::File);
    sample.at(6.0).sampled_before(3.0).seen_waiting(EXCLUSIVE, None);
    sample.at(206.0).sampled_before(201.0).seen(EXCLUSIVE);
    sample.at(300.0).done().at(300.1).reads(&[EXCLUSIVE]).at(301.0).commit(300.2);
    check(&sample, &["users AccessExclusive #0 waited 203-5 from 3 201..301 held 100-5.8 Session"]);
}

#[test]
fn a_wait_that_is_given_up_was_never_granted() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File);
    sample.at(6.0).sampled_before(1.0).seen_waiting(EXCLUSIVE, Some(1.4));
    sample.at(100.0).fails(refusal("55P03", "canceling statement due to lock timeout"));
    sample.at(100.5).roll_back(100.1).at(101.0).sampled_before(96.0).gone(EXCLUSIVE);
    // It went between the last sample and the error.
    check(&sample, &["users AccessExclusive #0 waited 98.6-4 from 1.4 never granted Sampler"]);
    let lock = &rehearsal(&sample).locks[0];
    assert_eq!((lock.granted_ms, lock.released_ms, lock.hold_ms), (None, None, None));
}

#[test]
fn a_wait_that_no_sample_saw_granted_was_if_the_statement_succeeded() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File);
    sample.at(6.0).sampled_before(1.0).seen_waiting(EXCLUSIVE, Some(1.4));
    sample.at(12.0).done().at(12.1).reads(&[EXCLUSIVE]).at(13.0).commit(12.5);
    sample.at(16.0).sampled_before(11.0).gone(EXCLUSIVE);
    check(&sample, &["users AccessExclusive #0 waited 10.6-1 from 1.4 11..13 held 2-1.5 Session"]);
}

#[test]
fn a_transaction_that_fails_lets_its_locks_go_with_the_error() {
    let mut sample = sample();
    let error = refusal("23505", "no");
    sample.at(1.0).begin().send("s", StatementTransaction::File).at(5.0).done().at(5.1).reads(&[SHARE]);
    sample.at(6.0).send("s", StatementTransaction::File).at(50.0).fails(error).at(80.0).roll_back(79.0);
    // At the latest with the ROLLBACK: a savepoint may have kept it until then.
    check(&sample, &["users Share #0 1..80 held 79-34 Session"]);
}

#[test]
fn an_interrupted_run_closes_at_its_last_event() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File).at(5.0).done().at(5.1).reads(&[SHARE]);
    sample.at(6.0).send("s", StatementTransaction::File);
    sample
        .at(9.0)
        .sampled_before(6.0)
        .seen(EXCLUSIVE)
        .at(400.0)
        .event(Event::DatabaseSized(DatabaseSized { bytes: 1 }));
    check(
        &sample,
        &["users Share #0 1..400 held 399-4 Session", "users AccessExclusive #1 6..400 held 394-3 Sampler"],
    );
}

#[test]
fn outside_a_transaction_only_samples_tell() {
    let mut sample = sample();
    sample.at(1.0).send("CREATE INDEX CONCURRENTLY …", StatementTransaction::None);
    sample.at(3.0).sampled_before(0.5).seen(WEAK).at(500.0).done();
    sample.at(501.0).sampled_before(499.0).gone(WEAK).sampler(500, 2_500);
    // Not before the statement was sent, not after its result was here.
    check(&sample, &["users ShareUpdateExclusive #0 1..500 held 499-3 Sampler"]);
}

#[test]
fn samples_without_a_gap_are_cut_where_statements_end() {
    let mut sample = sample();
    sample.at(1.0).send("CREATE INDEX CONCURRENTLY a", StatementTransaction::None);
    sample.at(3.0).sampled_before(0.5).seen(WEAK).at(500.0).done();
    sample.at(500.1).send("CREATE INDEX CONCURRENTLY b", StatementTransaction::None).at(900.0).done();
    sample.at(901.0).sampled_before(899.0).gone(WEAK).sampler(900, 2_000);
    check(
        &sample,
        &[
            "users ShareUpdateExclusive #0 1..500 held 499-4 Sampler",
            "users ShareUpdateExclusive #1 500.1..900 held 399.9-3 Sampler",
        ],
    );
}

#[test]
fn a_late_sample_does_not_invent_a_lock_of_the_next_statement() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::Own).at(9.0).done().at(9.1).reads(&[SHARE]);
    sample.at(10.0).commit(9.5).at(10.2).begin().send("s", StatementTransaction::Own);
    // The sample was taken at 9.4 and arrived at 10.4.
    sample.at(10.4).sampled_before(5.4).seen(SHARE).at(15.4).sampled_before(10.4).gone(SHARE);
    sample.at(40.0).done().at(40.1).reads(&[]).at(41.0).commit(40.5);
    // Nor does it contradict the first one's end.
    check(&sample, &["users Share #0 5.4..10 held 4.6-4.1 Session"]);
    assert_eq!(contradictions(&sample), 0);
}

#[test]
fn a_lock_that_came_and_went_within_a_statement_is_the_samplers() {
    let mut sample = sample();
    sample.at(1.0).begin().send("DO …", StatementTransaction::File);
    sample.at(10.0).sampled_before(5.0).seen(SHARE).at(30.0).sampled_before(25.0).gone(SHARE);
    sample.at(60.0).sampled_before(55.0).seen(SHARE);
    sample.at(90.0).done().at(90.1).reads(&[SHARE]).at(91.0).commit(90.5);
    sample.at(95.0).sampled_before(90.4).gone(SHARE);
    check(&sample, &["users Share #0 5..30 held 25-10 Sampler", "users Share #0 55..91 held 36-5.5 Session"]);
    assert_eq!(contradictions(&sample), 0);
}

#[test]
fn workers_count_as_their_leader() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File);
    sample.at(6.0).sampled_before(1.0).seen(SHARE);
    sample.at(11.0).sampled_before(6.0).seen_of(WORKER, SHARE).seen_of(WORKER + 1, SHARE);
    sample.at(80.0).sampled_before(75.0).gone_of(WORKER, SHARE).gone_of(WORKER + 1, SHARE);
    sample.at(90.0).done().at(90.1).reads(&[SHARE]).at(91.0).commit(90.5);
    sample.at(95.0).sampled_before(90.6).gone(SHARE);
    check(&sample, &["users Share #0 1..91 held 90-5.4 Session"]);
}

#[test]
fn a_worker_that_lasts_longer_or_locks_something_else_has_a_row() {
    let orders = lock(ORDERS, AccessShareLock);
    let mut sample = sample();
    sample.at(1.0).send("s", StatementTransaction::None);
    sample.at(6.0).sampled_before(1.0).seen(SHARE).seen_of(WORKER, SHARE);
    sample.seen_of(WORKER, orders).at(8.0).sampled_before(6.0).seen_of(WORKER + 1, orders);
    sample.at(20.0).sampled_before(15.0).gone(SHARE);
    sample.at(40.0).sampled_before(35.0).gone_of(WORKER, SHARE).gone_of(WORKER, orders);
    sample.at(50.0).sampled_before(45.0).gone_of(WORKER + 1, orders).at(60.0).done();
    check(
        &sample,
        &[
            "users Share #0 1..20 held 19-10 Sampler",
            "users Share #0 1..40 held 39-10 Sampler",
            "orders AccessShare #0 1..50 held 49-10 Sampler",
        ],
    );
}

#[test]
fn system_catalogs_are_left_out() {
    let mut sample = sample();
    let (named, unnamed) = (lock(PG_CLASS, RowExclusiveLock), lock(1_249, RowExclusiveLock));
    sample
        .at(1.0)
        .begin()
        .send("s", StatementTransaction::File)
        .at(2.0)
        .sampled_before(0.5)
        .seen(named)
        .seen(unnamed);
    sample.at(5.0).done().at(5.1).reads(&[named, unnamed]).at(6.0).commit(5.5);
    check(&sample, &[]);
    assert_eq!(rehearsal(&sample).strongest_locks, []);
}

#[test]
fn a_name_may_come_later_or_never() {
    let mut sample = sample();
    let (late, never) = (lock(20_000, AccessExclusiveLock), lock(20_001, ShareLock));
    sample.at(1.0).begin().send("s", StatementTransaction::File).at(5.0).done().at(5.1).reads(&[late, never]);
    sample.at(6.0).commit(5.5).at(7.0).new_relation(20_000, "public.late", RelationKind::Table, None);
    check(
        &sample,
        &["late AccessExclusive #0 1..6 held 5-4.5 Session", "oid 20001 Share #0 1..6 held 5-4.5 Session"],
    );
    let locks = rehearsal(&sample).locks;
    assert_eq!(locks[0].created_by_migration, Some(true));
    assert_eq!((locks[1].created_by_migration, locks[1].relation_kind), (None, RelationKind::Unknown));
}

#[test]
fn observers_that_contradict_each_other_are_reported() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File);
    sample.at(6.0).sampled_before(1.0).seen(SHARE);
    // Says that it is gone while the session still reads it.
    sample.at(300.0).sampled_before(295.0).gone(SHARE).at(400.0).sampled_before(395.0).seen(SHARE);
    sample.at(800.0).done().at(800.1).reads(&[SHARE]);
    sample.at(801.0).send("s", StatementTransaction::File).at(900.0).done().at(900.1).reads(&[SHARE]);
    sample.at(1_000.0).sampled_before(995.0).gone(SHARE).at(2_000.0).commit(1_900.0).sampler(400, 5_000);
    // The first hold can be one of its own; the second ends long before the session lets it go.
    check(
        &sample,
        &["users Share #0 1..300 held 299-10 Sampler", "users Share #0 395..2000 held 1605-105 Session"],
    );
    assert_eq!(contradictions(&sample), 1);
}

#[test]
fn a_long_lock_that_no_sample_shows_is_a_contradiction() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File).at(2.0).done().at(2.1).reads(&[SHARE]);
    sample.at(3.0).send("s", StatementTransaction::File).at(500.0).done().at(500.1).reads(&[SHARE]);
    sample.at(501.0).commit(500.5).sampler(100, 5_000);
    assert_eq!(contradictions(&sample), 1);
}

#[test]
fn what_happens_on_the_way_back_is_no_lock_of_the_migration() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File).at(5.0).done().at(5.1).reads(&[SHARE]);
    sample.at(6.0).commit(5.5).migrated(Outcome::Completed);
    sample.event(Event::PhaseStarted(PhaseStarted { phase: Phase::RollBack }));
    sample.at(7.0).begin().send("s", StatementTransaction::File).at(9.0).sampled_before(7.0).seen(EXCLUSIVE);
    sample.at(9.5).done().at(9.6).reads(&[EXCLUSIVE]).at(10.0).commit(9.7);
    check(&sample, &["users Share #0 1..6 held 5-4.5 Session"]);
    assert_eq!(rehearsal(&sample).statements.len(), 1);
}

#[test]
fn each_mode_blocks_what_postgres_says() {
    let modes = [
        (AccessShareLock, Blocks::None),
        (RowShareLock, Blocks::None),
        (RowExclusiveLock, Blocks::None),
        (ShareUpdateExclusiveLock, Blocks::None),
        (ShareLock, Blocks::Writes),
        (ShareRowExclusiveLock, Blocks::Writes),
        (ExclusiveLock, Blocks::Writes),
        (AccessExclusiveLock, Blocks::Both),
    ];
    for (mode, blocks) in modes {
        assert_eq!(Blocks::of(mode), blocks, "{mode:?}");
    }
}

#[test]
fn a_lock_on_an_index_counts_for_its_table_unless_it_is_new() {
    const OLD: u32 = 16_600;
    const NEW: u32 = 16_601;
    let mut sample = sample();
    sample.relation(OLD, "public.users_pkey", RelationKind::Index, Some(USERS));
    sample.new_relation(NEW, "public.users_new", RelationKind::Index, Some(USERS));
    let all =
        [SHARE, lock(OLD, AccessExclusiveLock), lock(NEW, AccessExclusiveLock), lock(ORDERS, RowShareLock)];
    sample.at(1.0).begin().send("REINDEX …", StatementTransaction::File).at(5.0).done().at(5.1).reads(&all);
    sample.at(6.0).commit(5.5);
    let strongest = rehearsal(&sample).strongest_locks;
    let told: Vec<_> =
        strongest.iter().map(|lock| (lock.table.as_str(), lock.relation.as_str(), lock.mode)).collect();
    assert_eq!(
        told,
        [
            ("public.users", "public.users_pkey", AccessExclusiveLock),
            ("public.orders", "public.orders", RowShareLock)
        ]
    );
    assert_eq!((strongest[0].writes_blocked_ms, strongest[0].reads_blocked_ms), (Some(5.0), Some(5.0)));
    assert_eq!((strongest[1].writes_blocked_ms, strongest[1].reads_blocked_ms), (None, None));
}

#[test]
fn who_waits_for_whom() {
    let mut sample = sample();
    let read = lock(USERS, AccessShareLock);
    sample.at(1.0).begin().send("s", StatementTransaction::File);
    sample.at(6.0).sampled_before(1.0).seen_waiting(EXCLUSIVE, Some(1.5));
    sample.blocked(LEADER, Waiter::Migration, Some(EXCLUSIVE), 1.5, &[Waiter::Hold]);
    sample.blocked(901, Waiter::Probe, Some(read), 3.0, &[Waiter::Migration]);
    // The same wait again, with somebody else ahead; then another wait of the same backend.
    sample.at(11.0).sampled_before(6.0).blocked(901, Waiter::Probe, Some(read), 3.0, &[Waiter::Hold]);
    sample.at(21.0).sampled_before(16.0).blocked(901, Waiter::Probe, Some(SHARE), 18.0, &[Waiter::Migration]);
    sample.at(31.0).sampled_before(26.0).seen(EXCLUSIVE).unblocked(LEADER).unblocked(901);
    sample.at(40.0).done().at(40.1).reads(&[EXCLUSIVE]).at(41.0).commit(40.5);
    let rehearsal = rehearsal(&sample);
    let told: Vec<_> = rehearsal
        .blocked
        .iter()
        .map(|row| {
            (row.waiter, row.mode.as_str(), row.by.clone(), row.from_ms, row.to_ms, row.uncertainty_ms)
        })
        .collect();
    assert_eq!(
        told,
        [
            (Waiter::Migration, "AccessExclusiveLock", vec![Waiter::Hold], 1.5, 31.0, 5.0),
            (Waiter::Probe, "AccessShareLock", vec![Waiter::Migration, Waiter::Hold], 3.0, 21.0, 5.0),
            (Waiter::Probe, "ShareLock", vec![Waiter::Migration], 18.0, 31.0, 5.0),
        ]
    );
    let lock = &rehearsal.locks[0];
    assert_eq!(lock.waits.len(), 1);
    assert_eq!(
        (lock.waits[0].by.as_slice(), lock.waits[0].from_ms, lock.waits[0].to_ms),
        (&[Waiter::Hold][..], 1.5, 31.0)
    );
    // Seen as a waiting lock and as a blocked backend, counted once.
    assert_eq!(rehearsal.statements[0].lock_wait_ms, Some(29.5));
}

#[test]
fn without_a_sampler_waits_are_unknown() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File).at(5.0).done().at(5.1).reads(&[SHARE]);
    sample.at(6.0).commit(5.5).migrated(Outcome::Completed).closed(Outcome::Completed, None);
    let rehearsal = rehearsal(&sample);
    assert_eq!((rehearsal.locks[0].wait_ms, rehearsal.statements[0].lock_wait_ms), (None, None));
    let warned = sample
        .report()
        .warnings
        .iter()
        .any(|warning| warning.contains("nobody watched its locks from beside"));
    assert!(warned);
}

#[test]
fn one_sample_may_show_the_next_wait_and_tell_the_end_of_the_one_before() {
    let mut sample = sample();
    sample.at(1.0).begin().send("s", StatementTransaction::File);
    sample.at(6.0).sampled_before(1.0).blocked(901, Waiter::Other, Some(SHARE), 3.0, &[Waiter::Migration]);
    sample
        .at(11.0)
        .sampled_before(6.0)
        .blocked(901, Waiter::Other, None, 8.0, &[Waiter::Migration])
        .unblocked(901);
    sample.at(31.0).sampled_before(26.0).unblocked(901);
    let spans: Vec<_> = rehearsal(&sample).blocked.iter().map(|row| (row.from_ms, row.to_ms)).collect();
    assert_eq!(spans, [(3.0, 11.0), (8.0, 31.0)]);
}

#[test]
fn what_a_rewrite_makes_and_drops_is_a_lock_but_nobodys_table() {
    let transient = lock(20_000, AccessExclusiveLock);
    let mut sample = sample();
    sample
        .at(1.0)
        .begin()
        .send("s", StatementTransaction::File)
        .at(5.0)
        .done()
        .at(5.1)
        .reads(&[EXCLUSIVE, transient]);
    sample.at(6.0).commit(5.5).new_relation(
        20_000,
        "(transient relation 20000)",
        RelationKind::Unknown,
        None,
    );
    let rehearsal = rehearsal(&sample);
    assert_eq!((rehearsal.locks.len(), rehearsal.strongest_locks.len()), (2, 1));
}

#[test]
fn what_begins_a_transaction_is_no_stretch_of_its_own() {
    let mut sample = sample();
    sample.at(1.0).send("/* a */ begin", StatementTransaction::None).at(1.2).begin().done();
    sample.at(1.3).reads(&[]).at(1.4).send("s", StatementTransaction::Explicit);
    sample.at(5.0).done().at(5.1).reads(&[SHARE]).at(5.2).send("COMMIT", StatementTransaction::Explicit);
    sample.at(6.0).commit(5.2).done();
    check(&sample, &["users Share #1 1.4..6 held 4.6-4.4 Session"]);
}

#[test]
fn the_queue_is_counted_and_its_end_timed() {
    let mut sample = sample();
    sample.at(1.0).begin().at(2.0).send("s", StatementTransaction::File);
    let write = lock(USERS, RowExclusiveLock);
    sample.sampled_before(9.0).at(10.0).blocked(900, Waiter::Probe, Some(write), 9.5, &[Waiter::Migration]);
    sample.sampled_before(10.0).at(11.0).blocked(901, Waiter::Probe, Some(write), 10.5, &[Waiter::Migration]);
    // Whoever waits for others alone is not in it.
    sample.sampled_before(11.0).at(12.0).blocked(902, Waiter::Probe, Some(write), 11.5, &[Waiter::Hold]);
    sample.at(100.0).done().at(101.0).reads(&[SHARE]).at(106.0).commit(105.0);
    sample.sampled_before(107.0).at(108.0).unblocked(900);
    sample.sampled_before(111.0).at(112.0).unblocked(901);
    let rehearsal = rehearsal(&sample);
    let ahead: Vec<_> =
        rehearsal.blocked.iter().map(|blocked| (blocked.by_pids.as_slice(), blocked.lock)).collect();
    assert_eq!(ahead, [(&[LEADER][..], Some(0)), (&[LEADER][..], Some(0)), (&[HOLD][..], None)]);
    assert_eq!(rehearsal.locks[0].drain_ms, Some(7.0));
    let queue = rehearsal.lock_queue.unwrap();
    assert_eq!((queue.waiting_max, queue.drain_ms_max), (2, Some(7.0)));
    let lengths: Vec<(f64, u64)> =
        queue.lengths.iter().map(|length| (length.at_ms, length.waiting)).collect();
    assert_eq!(lengths, [(9.5, 1), (10.5, 2), (108.0, 1), (112.0, 0)]);
}
