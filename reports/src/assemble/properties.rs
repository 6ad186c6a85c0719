//! Whatever happens is reported, and always alike.

use proptest::prelude::*;

use crate::Report;
use crate::event::*;
use crate::model::lock::Lock;
use crate::record;
use crate::render::{Format, render};
use crate::sample::rollout::expand_and_contract;
use crate::sample::{LEADER, PG_CLASS, Sample, USERS, USERS_EMAIL, budget, strategy};

fn modes() -> impl Strategy<Value = LockMode> {
    prop::sample::select(vec![
        LockMode::AccessShareLock,
        LockMode::RowExclusiveLock,
        LockMode::ShareUpdateExclusiveLock,
        LockMode::ShareLock,
        LockMode::AccessExclusiveLock,
    ])
}

fn locks() -> impl Strategy<Value = HeldLock> {
    let oids = prop::sample::select(vec![USERS, USERS_EMAIL, PG_CLASS, 99_999]);
    (oids, modes()).prop_map(|(relation_oid, mode)| HeldLock { relation_oid, mode })
}

fn waiters() -> impl Strategy<Value = Waiter> {
    prop::sample::select(vec![Waiter::Migration, Waiter::Probe, Waiter::Hold, Waiter::Other])
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop::sample::select(vec![Outcome::Completed, Outcome::Failed, Outcome::TimedOut, Outcome::Interrupted])
}

fn errors() -> impl Strategy<Value = Option<SqlError>> {
    prop::option::weighted(0.2, prop::sample::select(vec!["23502", "57014", "XX000"])).prop_map(|sqlstate| {
        let sqlstate = Some(sqlstate?.to_owned());
        Some(SqlError {
            sqlstate,
            message: "no".to_owned(),
            detail: None,
            hint: None,
            line: None,
            snippet: None,
        })
    })
}

fn shapes() -> impl Strategy<Value = StatementTransaction> {
    prop::sample::select(vec![
        StatementTransaction::File,
        StatementTransaction::Explicit,
        StatementTransaction::Own,
        StatementTransaction::None,
    ])
}

/// Times before and after, as an observer with a bad clock might have them.
fn times() -> impl Strategy<Value = u64> {
    prop_oneof![0..2_000_000_u64, Just(0), Just(u64::MAX)]
}

fn lock_events() -> impl Strategy<Value = Event> {
    let pids = || prop::sample::select(vec![LEADER, LEADER + 1, LEADER + 2]);
    let seen = (pids(), locks(), any::<bool>(), prop::option::of(times()), times());
    let seen = seen.prop_map(|(pid, lock, granted, wait_start_us, previous_sample_us)| {
        Event::LockSeen(LockSeen { pid, lock, granted, wait_start_us, previous_sample_us })
    });
    let gone = (pids(), locks(), times());
    let gone =
        gone.prop_map(|(pid, lock, last_seen_us)| Event::LockGone(LockGone { pid, lock, last_seen_us }));
    let blocked =
        (pids(), waiters(), prop::option::of(locks()), prop::option::of(times()), times(), waiters());
    let blocked = blocked.prop_map(|(pid, waiter, lock, wait_start_us, previous_sample_us, who)| {
        Event::BlockedSeen(BlockedSeen {
            pid,
            waiter,
            locktype: "relation".to_owned(),
            relation_oid: lock.map(|lock| lock.relation_oid),
            mode: "ShareLock".to_owned(),
            wait_start_us,
            previous_sample_us,
            by: vec![Blocker { pid: 1, who }],
        })
    });
    let unblocked = (pids(), times());
    let unblocked =
        unblocked.prop_map(|(pid, last_seen_us)| Event::BlockedGone(BlockedGone { pid, last_seen_us }));
    prop_oneof![4 => seen, 3 => gone, 1 => blocked, 1 => unblocked]
}

fn statement_events() -> impl Strategy<Value = Event> {
    let started = (0..6_u32, shapes()).prop_map(|(statement, transaction)| {
        let (file, sql) = ("a.sql".to_owned(), "/* a */ UPDATE users".to_owned());
        Event::StatementStarted(StatementStarted { statement, step: 0, file, line: 1, sql, transaction })
    });
    let finished = (0..6_u32, errors(), prop::option::of(any::<u64>()));
    let finished = finished.prop_map(|(statement, error, wal_lsn)| {
        Event::StatementFinished(StatementFinished {
            statement,
            rows: None,
            error,
            wal_lsn,
            transactions: None,
        })
    });
    let read = (0..6_u32, prop::collection::vec(locks(), 0..4));
    let read = read.prop_map(|(statement, held)| Event::SessionLocks(SessionLocks { statement, held }));
    let ended = (times(), any::<bool>());
    let ended = ended
        .prop_map(|(from_us, committed)| Event::TransactionEnded(TransactionEnded { from_us, committed }));
    let begun = Just(Event::TransactionStarted(TransactionStarted {}));
    let said = prop::sample::select(vec![
        "rewriting table \"users\"",
        "verifying table \"",
        "validating foreign key constraint \"a\"",
    ]);
    let said = (prop::option::of(0..6_u32), said).prop_map(|(statement, message)| {
        Event::Notice(Notice { statement, severity: "DEBUG".to_owned(), message: message.to_owned() })
    });
    let changed = (0..6_u32, locks()).prop_map(|(statement, lock)| {
        let relation_oid = lock.relation_oid;
        Event::StorageChanged(StorageChanged { statement, relation_oid, old_filenode: 1, new_filenode: 2 })
    });
    prop_oneof![3 => started, 3 => finished, 2 => read, 2 => begun, 2 => ended, 1 => said, 1 => changed]
}

fn other_events() -> impl Strategy<Value = Event> {
    let phases = vec![
        Phase::Baseline,
        Phase::Migrate,
        Phase::Settle,
        Phase::Inspect,
        Phase::RollBack,
        Phase::RollBack,
        Phase::Reapply,
    ];
    let phase = prop::sample::select(phases).prop_map(|phase| Event::PhaseStarted(PhaseStarted { phase }));
    let migrated = (outcomes(), prop::option::of(any::<u64>()));
    let migrated = migrated
        .prop_map(|(outcome, wal_lsn)| Event::MigrationFinished(MigrationFinished { outcome, wal_lsn }));
    let closed = (outcomes(), prop::option::of(Just("gone".to_owned())), any::<u64>());
    let closed = closed.prop_map(|(outcome, error, events_dropped)| {
        Event::RehearsalFinished(RehearsalFinished { outcome, error, events_dropped })
    });
    let sampler = (any::<u64>(), any::<u64>(), any::<u64>());
    let sampler = sampler.prop_map(|(samples, missed, gap_us_max)| {
        Event::SamplerStopped(SamplerStopped { samples, missed, gap_us_max, error: None })
    });
    let sized = any::<u64>().prop_map(|bytes| Event::DatabaseSized(DatabaseSized { bytes }));
    let ended = (prop::option::of(Just("no".to_owned())), any::<bool>());
    let ended = ended.prop_map(|(error, interrupted)| Event::RunFinished(RunFinished { error, interrupted }));
    let moments = prop::sample::select(vec![Moment::After, Moment::RolledBack, Moment::Reapplied]);
    let state = (moments, any::<bool>(), any::<bool>()).prop_map(|(moment, indexed, read)| {
        let (mut objects, tables) = crate::sample::repeated::indexed();
        objects.retain(|object| indexed || object.kind != "index");
        let not_read = (!read).then(|| "too large".to_owned());
        Event::StateSeen(StateSeen { moment, objects, tables: read.then_some(tables), not_read })
    });
    prop_oneof![phase, migrated, closed, sampler, sized, ended, state]
}

fn rollout_events() -> impl Strategy<Value = Event> {
    let begun = (0..3_u32, prop::collection::vec(0..4_u32, 0..3)).prop_map(|(index, probes)| {
        let name = ["expand", "migrate", "contract"][index as usize].to_owned();
        Event::StrategyPhaseStarted(StrategyPhaseStarted { index, name, probes })
    });
    let done = (0..3_u32).prop_map(|index| Event::StrategyPhaseFinished(StrategyPhaseFinished { index }));
    let checked = (prop::option::of(0..3_u32), prop::option::of(any::<u64>()), any::<bool>());
    let checked = checked.prop_map(|(phase, violations, failed)| {
        Event::DataChecked(DataChecked {
            name: "agree".to_owned(),
            phase,
            sql: "SELECT 1".to_owned(),
            violations,
            error: failed.then(|| "no".to_owned()),
            took_us: 1,
        })
    });
    let named = (0..2_u32, prop::sample::select(vec!["UPDATE users SET a = $1", "INSERT INTO users"]));
    let named =
        named.prop_map(|(change, sql)| Event::ChangeNamed(ChangeNamed { change, sql: sql.to_owned() }));
    let maybe = || prop::option::of(any::<u64>());
    let counted = prop::option::of(prop::collection::vec((0..3_u32, any::<u64>(), any::<u64>()), 0..3));
    let seen = (prop::option::of(0..6_u32), counted, maybe(), any::<u64>());
    let seen = seen.prop_map(|(statement, counted, transaction_us, wal_lsn)| {
        let changed = |(change, calls, rows)| Changed { change, calls, rows };
        let changes = counted.map(|counted| counted.into_iter().map(changed).collect());
        Event::ChangesSeen(ChangesSeen { statement, changes, transaction_us, wal_lsn })
    });
    let writes = (any::<bool>(), prop::option::of(Just("no".to_owned())), maybe());
    let writes = writes.prop_map(|(rows, not_known, rows_per_request_max)| {
        let (table, columns) = ("public.users".to_owned(), vec!["email".to_owned()]);
        let tables = vec![TableWritten { table, rows, columns, rows_per_request_max }];
        Event::ApplicationWrites(ApplicationWrites { tables, not_known })
    });
    let skipped = Just(Event::RollBackSkipped(RollBackSkipped { why: "no".to_owned() }));
    prop_oneof![2 => begun, 2 => done, 2 => checked, 2 => named, 4 => seen, 1 => writes, 1 => skipped]
}

fn workload_events() -> impl Strategy<Value = Event> {
    let started = any::<bool>().prop_map(|by_default| {
        let probe = |kind: &str, rate: f64| ProbeDeclared {
            version: None,
            name: kind.to_owned(),
            kind: kind.to_owned(),
            sql: "SELECT 1".to_owned(),
            rate,
        };
        let probes = vec![probe("read", 50.0), probe("write", 0.0)];
        Event::WorkloadStarted(WorkloadStarted { connections: 2, probes, by_default })
    });
    let counted = prop::collection::vec((times(), any::<u64>()), 0..3);
    let window = (0..3_u32, times(), times(), any::<u64>(), counted);
    let window = window.prop_map(|(probe, from_us, length_us, due, latencies)| {
        Event::ProbeWindow(ProbeWindow { probe, from_us, length_us, due, latencies })
    });
    let maybe = || prop::option::of(times());
    let sqlstates = prop::option::of(prop::sample::select(vec!["42703", "55P03", "connection"]));
    let request = (0..3_u32, times(), maybe(), maybe(), any::<bool>(), sqlstates);
    let request = request.prop_map(|(probe, due_us, sent_us, done_us, served, sqlstate)| {
        let (pid, sqlstate) = (served.then_some(LEADER + 1), sqlstate.map(str::to_owned));
        let message = sqlstate.clone();
        Event::ProbeRequest(ProbeRequest {
            probe,
            due_us,
            lag_us: 0,
            sent_us,
            done_us,
            pid,
            sqlstate,
            message,
        })
    });
    let stopped = (times(), prop::option::of(Just("gone".to_owned()))).prop_map(|(lag_us, error)| {
        let (lag_us_p50, lag_us_p99, lag_us_max) = (lag_us, lag_us, lag_us);
        Event::WorkloadStopped(WorkloadStopped { lag_us_p50, lag_us_p99, lag_us_max, error })
    });
    let hold = (0..2_u32, times()).prop_map(|(hold, for_us)| {
        Event::HoldStarted(HoldStarted { hold, sql: "SELECT 1".to_owned(), pid: LEADER + 2, for_us })
    });
    let ended = (0..2_u32).prop_map(|hold| Event::HoldEnded(HoldEnded { hold, cut: false, error: None }));
    let retried = (0..2_u32, 1..3_u32, times()).prop_map(|(step, attempt, began_us)| {
        let (sqlstate, backoff_us, invalid_indexes) = (None, began_us, Vec::new());
        Event::StepRetried(StepRetried { step, attempt, began_us, sqlstate, backoff_us, invalid_indexes })
    });
    prop_oneof![1 => started, 3 => window, 5 => request, 1 => stopped, 1 => hold, 1 => ended, 1 => retried]
}

/// A run that begins as one does, and goes on in any way.
fn records() -> impl Strategy<Value = Vec<Entry>> {
    let events = prop_oneof![
        5 => lock_events(),
        5 => statement_events(),
        3 => workload_events(),
        2 => rollout_events(),
        1 => other_events(),
    ];
    let timed = (0..3_000_000_u64, events, 1..3_u32);
    prop::collection::vec(timed, 0..60).prop_map(|timed| {
        let limits = BudgetDeclared { broken_rollback_allowed: false, ..budget() };
        let mut sample = Sample::new(
            vec![strategy("plain"), StrategyDeclared { name: "other".to_owned(), ..expand_and_contract() }],
            limits,
        );
        let (objects, tables) = crate::sample::repeated::indexed();
        let (moment, not_read) = (Moment::Before, None);
        sample.event(Event::StateSeen(StateSeen { moment, objects, tables: Some(tables), not_read }));
        sample.rehearse("plain").application(2);
        sample.relation(USERS_EMAIL, "public.users_email_key", RelationKind::Index, Some(USERS));
        let more = timed.into_iter().map(|(at_us, event, rehearsal)| Entry {
            at_us,
            rehearsal: Some(rehearsal),
            event,
        });
        sample.entries.extend(more);
        sample.entries
    })
}

fn rendered(entries: &[Entry]) -> [String; 3] {
    let report = Report::from_entries(entries).expect("it begins as a record does");
    [Format::Text, Format::Json, Format::Markdown].map(|format| render(&report, format))
}

#[track_caller]
fn check_lock(lock: &Lock) {
    if let (Some(granted_ms), Some(released_ms), Some(hold_ms)) =
        (lock.granted_ms, lock.released_ms, lock.hold_ms)
    {
        assert!(granted_ms <= released_ms, "{lock:?}");
        assert!(hold_ms >= 0.0, "{lock:?}");
        assert!(
            lock.hold_uncertainty_ms.is_some_and(|uncertainty_ms| (0.0..=hold_ms).contains(&uncertainty_ms)),
            "{lock:?}"
        );
    } else {
        assert_eq!((lock.granted_ms, lock.released_ms, lock.hold_ms), (None, None, None), "{lock:?}");
    }
    assert!(lock.wait_ms.is_none_or(|wait_ms| wait_ms >= 0.0), "{lock:?}");
    assert_ne!(lock.relation, "pg_catalog.pg_class");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_stream_of_events_is_reported_and_always_alike(entries in records()) {
        let first = rendered(&entries);
        prop_assert_eq!(&first, &rendered(&entries));
        // Through the file and back it is the same report.
        let mut file = Vec::new();
        for entry in &entries {
            record::write_entry(&mut file, entry).expect("a Vec takes everything");
        }
        let from_file = record::read(file.as_slice()).expect("our own record");
        prop_assert_eq!(&first, &rendered(&from_file));
    }

    #[test]
    fn locks_are_possible_whatever_was_seen(entries in records()) {
        let report = Report::from_entries(&entries).expect("it begins as a record does");
        for rehearsal in report.strategies.iter().flat_map(|strategy| &strategy.rehearsals) {
            rehearsal.locks.iter().for_each(check_lock);
            for statement in &rehearsal.statements {
                let longest_ms = statement.duration_ms.unwrap_or(f64::INFINITY);
                prop_assert!(statement.lock_wait_ms.is_none_or(|wait_ms| wait_ms <= longest_ms), "{:?}", statement);
            }
        }
    }

    /// Emitters race for the record, so that its lines may be out of order.
    #[test]
    fn the_order_of_lines_of_different_times_does_not_matter(entries in records(), seed in any::<prop::sample::Index>()) {
        let mut spread = entries;
        for (index, entry) in spread.iter_mut().enumerate().skip(1) {
            entry.at_us = entry.at_us * 100 + index as u64;
        }
        let mut turned = spread.clone();
        let turn = seed.index(turned.len() - 1);
        turned[1..].rotate_left(turn);
        prop_assert_eq!(rendered(&spread), rendered(&turned));
    }
}
