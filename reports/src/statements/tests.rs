//! What statements did, told by the server's words and by file nodes.

use super::*;
use crate::event::{
    Event, HeldLock, LockMode, Outcome, StatementTransaction, StorageChanged, TransactionShape,
};
use crate::sample::*;

const TOAST: u32 = 16_700;
const IDS: u32 = 16_701;

fn sample() -> Sample {
    let mut sample = Sample::new(vec![strategy("plain")], budget());
    sample.rehearse("plain").step("a.sql", TransactionShape::File, "");
    sample.relation(USERS_EMAIL, "public.users_email_key", RelationKind::Index, Some(USERS));
    sample.relation(TOAST, "pg_toast.pg_toast_16410", RelationKind::ToastTable, Some(ORDERS));
    sample.relation(IDS, "public.users_id_seq", RelationKind::Sequence, None);
    sample
}

fn changed(sample: &mut Sample, statement: u32, oids: &[u32]) {
    for relation_oid in oids.iter().copied() {
        let changed = StorageChanged { statement, relation_oid, old_filenode: 1, new_filenode: 2 };
        sample.event(Event::StorageChanged(changed));
    }
}

fn statements(sample: &Sample) -> Vec<Statement> {
    sample.report().strategies.remove(0).rehearsals.remove(0).statements
}

#[test]
fn tables_are_rewritten_and_indexes_rebuilt() {
    let mut sample = sample();
    sample.at(1.0).send("ALTER TABLE users …", StatementTransaction::File);
    sample.notice("rewriting table \"users\"").at(5.0).done();
    changed(&mut sample, 0, &[USERS, USERS_EMAIL, TOAST, IDS]);
    let statement = statements(&sample).remove(0);
    // A TOAST table counts for its owner, a sequence for nothing.
    assert_eq!(statement.rewrites, ["public.orders", "public.users"]);
    assert_eq!(statement.rebuilds, ["public.users_email_key"]);
}

#[test]
fn truncate_rewrites_nothing() {
    let mut sample = sample();
    sample
        .at(1.0)
        .send("-- all of them\n/* a /* b */ c */ truncate users", StatementTransaction::File)
        .at(5.0)
        .done();
    changed(&mut sample, 0, &[USERS, USERS_EMAIL]);
    let statement = statements(&sample).remove(0);
    assert_eq!((statement.rewrites.len(), statement.rebuilds.len()), (0, 0));
}

#[test]
fn the_servers_word_alone_is_enough_and_its_name_is_completed() {
    let mut sample = sample();
    sample.new_relation(20_000, "shop.\"Odd \"\"Name\"\"\"", RelationKind::Table, None);
    sample.relation(20_001, "other.orders", RelationKind::Table, None);
    sample.at(1.0).send("ALTER TABLE …", StatementTransaction::File);
    sample.notice("rewriting table \"Odd \"Name\"\"").notice("rewriting table \"orders\"").at(5.0).done();
    // Two tables are called orders: the server does not say which.
    assert_eq!(statements(&sample)[0].rewrites, ["orders", "shop.\"Odd \"\"Name\"\"\""]);
}

#[test]
fn scans_are_what_the_server_verifies() {
    let mut sample = sample();
    sample.at(1.0).send("ALTER TABLE users ALTER COLUMN id SET NOT NULL", StatementTransaction::File);
    sample.notice("verifying table \"users\"").notice("verifying table \"users\"").at(2.0).done();
    sample.at(3.0).send("ALTER TABLE orders VALIDATE CONSTRAINT f", StatementTransaction::File);
    sample.notice("validating foreign key constraint \"orders_user_id_fkey\"").at(4.0).done();
    sample.at(5.0).send("CREATE INDEX …", StatementTransaction::File);
    sample.notice("building index \"a\" on table \"users\" serially").at(6.0).done();
    let scans: Vec<Vec<String>> = statements(&sample).into_iter().map(|statement| statement.scans).collect();
    assert_eq!(scans, [vec!["public.users"], vec!["foreign key orders_user_id_fkey"], vec![]]);
}

#[test]
fn wal_is_the_difference_to_the_last_known_position() {
    let mut sample = sample();
    for (at, lsn) in [(1.0, Some(1_000_000_100)), (2.0, None), (3.0, Some(1_000_000_350))] {
        sample.at(at).send("UPDATE users SET …", StatementTransaction::File).done_with(Some(7), lsn);
    }
    let statements = statements(&sample);
    let wal: Vec<Option<u64>> = statements.iter().map(|statement| statement.wal_bytes).collect();
    assert_eq!(wal, [Some(100), None, Some(250)]);
    assert_eq!(statements[0].rows, Some(7));
}

#[test]
fn a_flood_of_notices_is_cut_and_counted() {
    let mut sample = sample();
    sample.at(1.0).send("DO …", StatementTransaction::File);
    for number in 0..NOTICES_KEPT + 7 {
        sample.notice(&format!("row {number}"));
    }
    sample.at(2.0).done();
    let statement = statements(&sample).remove(0);
    assert_eq!((statement.notices.len(), statement.notices_omitted), (NOTICES_KEPT, 7));
}

#[test]
fn waits_of_a_statement_are_cut_to_it_and_counted_once() {
    let mut sample = sample();
    let exclusive = lock(USERS, LockMode::AccessExclusiveLock);
    sample.at(10.0).begin().send("a", StatementTransaction::File);
    sample.at(15.0).sampled_before(10.0).seen_waiting(exclusive, Some(11.0));
    sample.blocked(LEADER, event::Waiter::Migration, Some(exclusive), 12.0, &[]);
    sample.at(31.0).sampled_before(26.0).seen(exclusive).unblocked(LEADER);
    sample.at(30.0).done().at(30.1).send("b", StatementTransaction::File).at(40.0).done();
    sample.at(50.0).over(Outcome::Completed);
    let waits: Vec<Option<f64>> =
        statements(&sample).iter().map(|statement| statement.lock_wait_ms).collect();
    assert_eq!(waits, [Some(19.0), Some(0.9)]);
}

#[test]
fn the_first_word_of_a_statement() {
    let cases = [
        ("SELECT 1", "SELECT"),
        ("  \n-- a\n  VACUUM;", "VACUUM"),
        ("/* a /* b */ */ /**/do $$ $$", "do"),
        ("-- only", ""),
        ("/* open", ""),
        ("", ""),
        ("(SELECT 1)", ""),
    ];
    for (sql, word) in cases {
        assert_eq!(leading_keyword(sql), word, "{sql}");
    }
}
#[test]
fn truncate_inside_a_function_is_told_from_a_rewrite_by_the_copy() {
    const COPY: HeldLock = HeldLock { relation_oid: 30_000, mode: LockMode::AccessExclusiveLock };
    let did = |held: &[HeldLock]| {
        let mut sample = sample();
        sample.at(1.0).begin().send("DO $$ BEGIN … END $$", StatementTransaction::File);
        sample.at(5.0).done();
        changed(&mut sample, 0, &[USERS, USERS_EMAIL]);
        sample.at(5.1).reads(held).at(6.0).commit(5.2).at(7.0).over(Outcome::Completed).end();
        let statement = statements(&sample).remove(0);
        (statement.rewrites, statement.rebuilds)
    };
    assert_eq!(did(&[]), (vec![], vec![]));
    let rewritten = (vec!["public.users".to_owned()], vec!["public.users_email_key".to_owned()]);
    assert_eq!(did(&[COPY]), rewritten);
}
