//! Hand-made records of all that there is to see.

use crate::event::*;
use crate::sample::workload::{READS, WRITES};
use crate::sample::*;

/// Data that is not what was declared, and a column that could not be compared.
pub(super) fn other_data() -> Sample {
    let mut verified = fidelity::users();
    verified.columns[0].statistics.as_mut().expect("it is there").correlation = Some(0.61);
    verified.columns[1].planned.shares[1].counted = Some(59_998);
    let bio = verified.columns[2].statistics.as_mut().expect("it is there");
    (bio.null_frac, bio.n_distinct) = (0.41, -0.59);
    let mut sample = Sample::begun(vec![strategy("plain")], budget());
    sample.loaded_as(Some(verified));
    sample.rehearse("plain").at(1.0).over(Outcome::Completed).end();
    sample
}

/// Two ways of making an index; the plain one is expected to fail.
pub(super) fn index_two_ways() -> Sample {
    let mut plain = strategy("plain");
    plain.expect_verdict = Some("pass".to_owned());
    let mut sample = Sample::new(vec![plain, strategy("concurrently")], budget());
    let share = lock(USERS, LockMode::ShareLock);
    let new_index = lock(USERS_EMAIL, LockMode::AccessExclusiveLock);
    sample.rehearse("plain").new_relation(
        USERS_EMAIL,
        "public.idx_users_email",
        RelationKind::Index,
        Some(USERS),
    );
    sample.step(
        "plain.up.sql",
        TransactionShape::File,
        "In one transaction: nothing in the file cannot run in one.",
    );
    sample
        .at(0.4)
        .begin()
        .send("CREATE INDEX idx_users_email\n    ON users (email)", StatementTransaction::File);
    sample.at(3.0).sampled_before(-0.1).seen(share).seen(lock(PG_CLASS, LockMode::AccessShareLock));
    sample
        .at(12.0)
        .notice("building index \"idx_users_email\" on table \"users\" with request for 1 parallel workers");
    sample.at(20.0).sampled_before(15.0).seen_of(5_001, share);
    sample.at(1_790.0).sampled_before(1_785.0).gone_of(5_001, share);
    sample.at(1_832.5).done_with(None, Some(1_029_000_000));
    sample.at(1_832.9).reads(&[share, new_index, lock(PG_CLASS, LockMode::AccessShareLock)]);
    sample.at(1_841.2).commit(1_833.0);
    sample.at(1_842.0).sampled_before(1_837.0).gone(share).gone(lock(PG_CLASS, LockMode::AccessShareLock));
    sample.at(1_843.0).over(Outcome::Completed);

    let weak = lock(USERS, LockMode::ShareUpdateExclusiveLock);
    sample.rehearse("concurrently");
    sample.step(
        "concurrently.up.sql",
        TransactionShape::Statement,
        "Statement by statement, because CREATE INDEX CONCURRENTLY on line 1 cannot run in a transaction.",
    );
    sample
        .at(0.3)
        .send("CREATE INDEX CONCURRENTLY idx_users_email ON users (email)", StatementTransaction::None);
    sample.at(1.4).sampled_before(0.4).seen(weak);
    sample.at(8.0).sampled_before(7.0).seen(lock(USERS_EMAIL, LockMode::RowExclusiveLock));
    sample.at(1_500.0).sampled_before(1_499.0).blocked(
        LEADER,
        Waiter::Migration,
        None,
        1_499.2,
        &[Waiter::Hold],
    );
    sample.at(1_741.0).sampled_before(1_740.0).unblocked(LEADER);
    sample.at(2_611.0).done_with(None, Some(1_029_500_000));
    sample.at(2_612.0).sampled_before(2_611.0).gone(weak).gone(lock(USERS_EMAIL, LockMode::RowExclusiveLock));
    sample.new_relation(USERS_EMAIL, "public.idx_users_email", RelationKind::Index, Some(USERS));
    sample.at(2_613.0).over(Outcome::Completed).end();
    sample
}

/// A column that the rows that are there cannot have, and the statement before it committed.
fn failing() -> Sample {
    let mut declared = strategy("not-null");
    (declared.down, declared.irreversible) = (Vec::new(), None);
    let mut sample = Sample::new(vec![declared], budget());
    let exclusive = lock(USERS, LockMode::AccessExclusiveLock);
    sample.rehearse("not-null").step("migrations/not-null.up.sql", TransactionShape::File, "");
    sample.at(0.2).begin().send("ALTER TABLE users ADD COLUMN avatar_url text", StatementTransaction::File);
    sample.at(0.9).done().at(1.0).reads(&[exclusive]);
    sample.at(1.1).send("ALTER TABLE users ADD COLUMN role text NOT NULL", StatementTransaction::File);
    sample.at(4.0).sampled_before(-1.0).seen(exclusive);
    sample.at(6.2).fails(SqlError {
        detail: Some("One of a million rows.".to_owned()),
        line: Some(2),
        snippet: Some("1 | ALTER TABLE users ADD COLUMN avatar_url text;\n2 | ALTER TABLE users ADD COLUMN role text NOT NULL;\n  |                              ^^^^ here".to_owned()),
        ..refusal("23502", "column \"role\" of relation \"users\" contains null values")
    });
    sample.at(6.9).roll_back(6.3).at(9.0).sampled_before(4.0).gone(exclusive);
    sample.at(9.1).over(Outcome::Failed).end();
    sample
}

/// A statement that waits for a long transaction and is cancelled, the application queueing behind it.
fn timed_out() -> Sample {
    let mut limits = budget();
    (limits.duration_ms, limits.rewrite_allowed) = (3_000.0, false);
    limits.declared = vec!["duration".to_owned(), "rewrite".to_owned(), "write_stall".to_owned()];
    let mut sample = Sample::new(vec![strategy("plain")], limits);
    let exclusive = lock(USERS, LockMode::AccessExclusiveLock);
    let (read, write) = (lock(USERS, LockMode::AccessShareLock), lock(USERS, LockMode::RowExclusiveLock));
    sample.rehearse("plain").step(
        "plain.up.sql",
        TransactionShape::File,
        "In one transaction: nothing in the file cannot run in one.",
    );
    sample.at(0.2).begin().send("ALTER TABLE users ALTER COLUMN id TYPE bigint", StatementTransaction::File);
    sample.at(5.0).sampled_before(0.0).seen_waiting(exclusive, Some(0.9));
    sample.blocked(LEADER, Waiter::Migration, Some(exclusive), 0.9, &[Waiter::Hold]);
    for (pid, on, since_ms) in [(901, read, 12.0), (902, write, 31.5), (903, read, 60.0)] {
        sample.at(since_ms + 3.0).sampled_before(since_ms - 2.0);
        sample.blocked(pid, Waiter::Probe, Some(on), since_ms, &[Waiter::Hold, Waiter::Migration]);
    }
    sample.at(3_000.4).fails(refusal("57014", "canceling statement due to user request"));
    sample
        .at(3_001.0)
        .roll_back(3_000.5)
        .at(3_003.0)
        .sampled_before(2_998.0)
        .gone(exclusive)
        .unblocked(LEADER);
    sample.unblocked(901).unblocked(902).unblocked(903);
    sample.at(3_004.0).over(Outcome::TimedOut).end();
    sample
}

/// Ctrl-C in the middle of the first of two strategies; the record has no end.
fn interrupted() -> Sample {
    let mut sample = Sample::new(vec![strategy("plain"), strategy("concurrently")], budget());
    let share = lock(USERS, LockMode::ShareLock);
    sample.rehearse("plain").step("plain.up.sql", TransactionShape::File, "");
    sample.at(0.4).begin().send("CREATE INDEX idx_users_email ON users (email)", StatementTransaction::File);
    sample.at(3.0).sampled_before(-0.1).seen(share);
    sample.at(900.0).event(Event::DatabaseSized(DatabaseSized { bytes: 149_000_000 }));
    sample
}

/// A lock that has to be waited for behind a long transaction, rows written anew, readers queueing.
pub(super) fn waits_and_rewrites() -> Sample {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    let exclusive = lock(USERS, LockMode::AccessExclusiveLock);
    let index = lock(USERS_EMAIL, LockMode::AccessExclusiveLock);
    sample.rehearse("plain").relation(
        USERS_EMAIL,
        "public.users_email_key",
        RelationKind::Index,
        Some(USERS),
    );
    sample.step(
        "plain.up.sql",
        TransactionShape::File,
        "In one transaction: nothing in the file cannot run in one.",
    );
    sample.at(0.2).begin().send("ALTER TABLE users ALTER COLUMN id TYPE bigint", StatementTransaction::File);
    sample.at(5.0).sampled_before(0.0).seen_waiting(exclusive, Some(0.9));
    sample.blocked(LEADER, Waiter::Migration, Some(exclusive), 0.9, &[Waiter::Hold]);
    sample.at(300.0).sampled_before(295.0);
    sample.blocked(
        901,
        Waiter::Probe,
        Some(lock(USERS, LockMode::AccessShareLock)),
        299.0,
        &[Waiter::Migration],
    );
    sample.at(2_105.0).sampled_before(2_100.0).seen(exclusive).unblocked(LEADER);
    sample.at(2_110.0).notice("rewriting table \"users\"").sampled_before(2_105.0).seen(index);
    sample.at(7_412.0).done_with(None, Some(1_210_000_000));
    for (relation_oid, filenode) in [(USERS, 1), (USERS_EMAIL, 2)] {
        let (old_filenode, new_filenode) = (filenode, filenode + 100);
        sample.event(Event::StorageChanged(StorageChanged {
            statement: 0,
            relation_oid,
            old_filenode,
            new_filenode,
        }));
    }
    sample.at(7_412.4).reads(&[exclusive, index]).at(7_430.0).commit(7_412.5);
    sample.at(7_434.0).sampled_before(7_429.0).gone(exclusive).gone(index).unblocked(901);
    sample.at(7_435.0).over(Outcome::Completed).end();
    sample
}

/// A migration that makes a table that refers to one that was there.
fn new_table() -> Sample {
    const INVOICES: u32 = 16_500;
    const INVOICES_PKEY: u32 = 16_501;
    let mut declared = strategy("invoices");
    (declared.down, declared.irreversible) = (Vec::new(), Some("invoices must be kept".to_owned()));
    let mut sample = Sample::new(vec![declared], budget());
    let parent = lock(USERS, LockMode::ShareRowExclusiveLock);
    let mine = lock(INVOICES, LockMode::AccessExclusiveLock);
    let key = lock(INVOICES_PKEY, LockMode::AccessExclusiveLock);
    sample.rehearse("invoices").step(
        "invoices.up.sql",
        TransactionShape::Explicit,
        "With its own BEGIN and COMMIT.",
    );
    sample.at(0.2).send("BEGIN", StatementTransaction::Explicit).at(0.3).done().begin();
    let sql = "CREATE TABLE invoices (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id))";
    sample.at(0.4).send(sql, StatementTransaction::Explicit).at(4.1).done();
    sample.at(4.2).reads(&[parent, mine, key]);
    sample.at(4.3).send("COMMIT", StatementTransaction::Explicit).at(5.0).commit(4.3).done();
    sample.at(5.1).new_relation(INVOICES, "public.invoices", RelationKind::Table, None);
    sample.new_relation(INVOICES_PKEY, "public.invoices_pkey", RelationKind::Index, Some(INVOICES));
    sample.at(6.0).over(Outcome::Completed).end();
    sample
}

/// A file with a savepoint: what was locked after it is let go when it is rolled back to.
fn savepoint() -> Sample {
    let mut sample = Sample::new(vec![strategy("careful")], budget());
    let share = lock(ORDERS, LockMode::ShareLock);
    let exclusive = lock(USERS, LockMode::AccessExclusiveLock);
    let explicit = StatementTransaction::Explicit;
    sample.rehearse("careful").step(
        "careful.up.sql",
        TransactionShape::Explicit,
        "With its own BEGIN and COMMIT.",
    );
    sample.at(0.1).send("BEGIN", explicit).at(0.2).done().begin().at(0.3).reads(&[]);
    sample.at(0.4).send("LOCK TABLE orders IN SHARE MODE", explicit).at(0.6).done().at(0.7).reads(&[share]);
    sample.at(0.8).send("SAVEPOINT before_users", explicit).at(0.9).done().at(1.0).reads(&[share]);
    sample.at(1.05).sampled_before(0.0).seen(share);
    sample
        .at(1.1)
        .send("ALTER TABLE users ADD CONSTRAINT email_given CHECK (email <> '') NOT VALID", explicit);
    sample.at(6.0).sampled_before(1.05).seen(exclusive);
    sample.at(850.0).done().at(850.1).reads(&[share, exclusive]);
    sample.at(850.2).send("ROLLBACK TO before_users", explicit).at(850.9).done().at(851.0).reads(&[share]);
    sample.at(852.0).sampled_before(847.0).gone(exclusive);
    sample
        .at(852.1)
        .send("ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID", explicit);
    let orders = lock(ORDERS, LockMode::AccessExclusiveLock);
    sample.at(853.0).done().at(853.1).reads(&[share, orders]);
    sample.at(853.2).send("COMMIT", explicit).at(854.0).commit(853.2).done();
    sample.at(857.0).sampled_before(852.0).gone(share);
    sample.migrated(Outcome::Completed).sampler(170, 5_200);
    sample.inspected(
        &["public.idx_half_done"],
        &["public.orders: total_positive", "public.elsewhere: not_ours"],
    );
    sample.closed(Outcome::Completed, None).end();
    sample
}

/// One repetition that is whole, one in which the environment failed, and teardown that did not work.
fn troubled() -> Sample {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    for repetition in [1, 2] {
        sample.rehearse_again("plain", repetition).step("plain.up.sql", TransactionShape::File, "");
        sample.at(0.4).begin().send("ANALYZE users", StatementTransaction::File);
        sample.at(210.0).done().at(210.2).reads(&[lock(USERS, LockMode::ShareUpdateExclusiveLock)]);
        sample.at(211.0).commit(210.3).at(212.0).migrated(Outcome::Completed);
        if repetition == 1 {
            sample.sampler(40, 5_000).inspected(&[], &[]).closed(Outcome::Completed, None);
        } else {
            sample.event(Event::SamplerStopped(SamplerStopped {
                samples: 11,
                missed: 29,
                gap_us_max: 140_000,
                error: Some("connection closed".to_owned()),
            }));
            sample.closed(Outcome::Completed, Some("the server went away"));
        }
    }
    sample.rehearsal_none();
    sample.event(Event::Warned(Warned { message: "The disk is 97% full.".to_owned() }));
    let (what, error) = ("data directory".to_owned(), Some("it is busy".to_owned()));
    sample.event(Event::TornDown(TornDown { what, error })).end();
    sample
}

/// An application that waits behind a plain index, and one beside a migration that is tried twice and breaks a query.
fn application() -> Sample {
    let mut sample = Sample::new(vec![strategy("plain"), strategy("rename")], budget());
    let share = lock(USERS, LockMode::ShareLock);
    let write = lock(USERS, LockMode::RowExclusiveLock);
    sample.rehearse("plain").application(2).step("plain.up.sql", TransactionShape::File, "");
    sample.at(9.0).begin().send("CREATE INDEX i ON users (email)", StatementTransaction::File);
    sample.at(10.0).sampled_before(9.5).seen(share);
    for (pid, due_ms) in [(901, 20.0), (902, 40.0)] {
        sample.at(due_ms + 1.0).sampled_before(due_ms - 1.0);
        sample.blocked(pid, Waiter::Probe, Some(write), due_ms, &[Waiter::Migration]);
        sample.slow(WRITES, pid, due_ms, 1_661.0);
    }
    sample.request(READS, Some(901), 60.0, Some(1_662.0), Some(1_663.0), None);
    sample.at(1_650.0).done().at(1_651.0).reads(&[share]).at(1_661.0).commit(1_655.0);
    sample.at(1_662.0).sampled_before(1_657.0).gone(share).unblocked(901).unblocked(902);
    sample.at(1_700.0).migrated(Outcome::Completed).sampler(400, 5_200).phase(Phase::Settle);
    sample.at(2_000.0).application_over().inspected(&[], &[]).closed(Outcome::Completed, None);

    let exclusive = lock(USERS, LockMode::AccessExclusiveLock);
    let sql = "ALTER TABLE users RENAME username TO display_name";
    sample.at(3_000.0).rehearse("rename").application(20).step("rename.up.sql", TransactionShape::File, "");
    sample.hold("SELECT count(*) FROM users", 1_050.0);
    sample.at(10.0).begin().send(sql, StatementTransaction::File);
    sample.at(15.0).sampled_before(9.0).seen_waiting(exclusive, Some(11.0));
    sample.blocked(LEADER, Waiter::Migration, Some(exclusive), 11.0, &[Waiter::Hold]);
    sample.at(1_010.0).fails(refusal("55P03", "canceling statement due to lock timeout"));
    sample.at(1_011.0).roll_back(1_010.5).sampled_before(1_009.0).gone(exclusive).unblocked(LEADER);
    sample.retried(1, 10.0, "55P03").at(1_050.0).hold_over();
    sample.window(READS, 0.0, 5, &[(1_000, 5)]).window(WRITES, 0.0, 5, &[(1_000, 5)]);
    sample.at(1_111.0).begin().send(sql, StatementTransaction::File).at(1_112.0).done();
    sample.at(1_112.5).reads(&[exclusive]).at(1_114.0).commit(1_113.0);
    sample.refused(READS, 1_150.0, 1_151.0, "42703").refused(READS, 1_300.0, 1_301.0, "42703");
    sample.at(1_200.0).migrated(Outcome::Completed).sampler(240, 5_200).phase(Phase::Settle);
    sample.at(1_500.0).application_stopped(70_000, None).inspected(&[], &[]);
    sample.closed(Outcome::Completed, None).end();
    sample
}

/// Five repetitions of two strategies, of which one once fails and does less.
pub(super) fn repeated() -> Sample {
    let mut less = repeated::indexed();
    less.0.retain(|object| object.kind != "index");
    let mut sample = Sample::new(vec![strategy("plain"), strategy("quick")], budget());
    for repetition in 1..=6 {
        let noise = f64::from(repetition * 37 % 11);
        let plain = repeated::took(1_800.0 + noise * 8.0, 1_600.0 + noise * 9.0);
        let mut quick = repeated::took(1_000.0 + noise * 11.0, 20.0 + noise);
        if repetition == 4 {
            quick.outcome = Outcome::Failed;
        }
        sample.repeat("plain", repetition, plain, Some(repeated::indexed()));
        sample.repeat("quick", repetition, quick, Some(less.clone()));
    }
    sample.end();
    sample
}

/// Three phases with two versions of the application, of which one breaks, and rows that break a check.
fn phased() -> Sample {
    let mut sample = Sample::expanded(Ok(12));
    sample.at(621.0).refused(rollout::OLD, 620.0, 621.0, "42703");
    sample.closed(Outcome::Completed, None).end();
    sample
}

/// A way back that loses values, with the application beside it.
fn there_and_back() -> Sample {
    use crate::sample::rollback::{DISPLAY_NAME, EMAIL, ID, USERNAME};
    let limits = BudgetDeclared { broken_rollback_allowed: false, ..budget() };
    let after = [ID, EMAIL, DISPLAY_NAME];
    let mut sample = Sample::changed(strategy("plain"), limits, [&[ID, USERNAME, EMAIL], &after]);
    sample.application_writes(&["seen_at"], false, Some(1));
    sample.goes_back().application(5).window(WRITES, 0.0, 5, &[(1_000, 5)]).down(None).application_over();
    sample.rolled_back_to(&[ID, EMAIL, ("username", "", 0)]).goes_up_again(Ok(&after));
    sample.closed(Outcome::Completed, None).end();
    sample
}

/// A way back that fails.
fn no_way_back() -> Sample {
    use crate::sample::rollback::{DISPLAY_NAME, ID};
    let limits = BudgetDeclared { broken_rollback_allowed: false, ..budget() };
    let mut sample = Sample::changed(strategy("plain"), limits, [&[ID], &[ID, DISPLAY_NAME]]);
    sample.goes_back().down(Some(refusal("2BP01", "cannot drop column display_name: others depend on it")));
    sample.closed(Outcome::Completed, None).end();
    sample
}

/// A backfill in batches that ends, of which the way back was left out.
fn backfill() -> Sample {
    let mut sample = Sample::backfilled();
    sample.inspected(&[], &[]);
    sample.event(Event::RollBackSkipped(RollBackSkipped { why: "the run was told not to".to_owned() }));
    sample.closed(Outcome::Completed, None).end();
    sample
}

/// All of them, by name.
pub(crate) fn samples() -> Vec<(&'static str, Sample)> {
    vec![
        ("index_two_ways", index_two_ways()),
        ("failing", failing()),
        ("timed_out", timed_out()),
        ("interrupted", interrupted()),
        ("waits_and_rewrites", waits_and_rewrites()),
        ("new_table", new_table()),
        ("savepoint", savepoint()),
        ("troubled", troubled()),
        ("application", application()),
        ("other_data", other_data()),
        ("repeated", repeated()),
        ("phased", phased()),
        ("there_and_back", there_and_back()),
        ("no_way_back", no_way_back()),
        ("backfill", backfill()),
        ("endless_backfill", Sample::cancelled_loop(|second| (second * 6, second * 60_000))),
        ("not_even_loaded", Sample::begun(vec![strategy("plain")], budget())),
    ]
}
