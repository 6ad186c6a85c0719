//! Folders of every tool, and what people read where one cannot be understood.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::lock::LOCK_FILE;
use super::*;
use crate::diagnostic::{Severity, render};
use crate::source::decode;
use crate::sql::shape;

mod refused;
mod since;

fn listing(files: &[(&str, &str)]) -> Listing {
    let mut listing = Listing {
        shown: "migrations".to_owned(),
        place: Place::default(),
        paths: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
        files: BTreeMap::new(),
    };
    for (path, text) in files.iter().filter(|(path, _)| is_read(path)) {
        let source = decode(&format!("migrations/{path}"), text.as_bytes()).unwrap();
        listing.add(path, source, text.as_bytes());
    }
    listing
}

/// What a folder is read as: the tool, and each migration with the sentence that says how it runs.
fn told(files: &[(&str, &str)]) -> String {
    let (migrations, problems) = read(&listing(files), None);
    assert!(problems.iter().all(|one| one.severity == Severity::Warning), "{}", render(&problems, false));
    let migrations = migrations.unwrap();
    let mut text = format!("{}\n", migrations.tool.word());
    for migration in &migrations.list {
        let step = |step: &Step| {
            let statements = step.file.statements.iter();
            let of_line = |statement: &Statement| format!("{}:{}", statement.line, statement.text);
            let (shape, why) = shape(&step.file.statements, step.transaction);
            format!("{} | {shape:?} | {why}", statements.map(of_line).collect::<Vec<_>>().join("; "))
        };
        text += &format!("{} {} ({})\n", migration.version, migration.name, migration.file);
        text += &format!("  up   {}\n", step(&migration.up));
        for down in &migration.down {
            text += &format!("  down {}\n", step(down));
        }
        let more: Vec<&str> = migration.files.iter().skip(1).map(|file| file.path.as_str()).collect();
        if !more.is_empty() {
            text += &format!("  with {}\n", more.join(", "));
        }
    }
    text
}

#[test]
fn numbered() {
    let files = [
        ("002_index.up.sql", "CREATE INDEX CONCURRENTLY i ON t (a);"),
        ("002_index.down.sql", "DROP INDEX i;"),
        ("001_t.sql", "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);"),
        ("001_t.down.sql", "DROP TABLE t;"),
        ("README.md", "about"),
    ];
    let mut single = files;
    single[0].0 = "002_index.sql";
    assert_snapshot!(told(&single), @r"
    numbered
    001 t (001_t.sql)
      up   1:CREATE TABLE t (a int); 2:INSERT INTO t VALUES (1) | File | In one transaction: the file has neither its own BEGIN nor a statement that cannot run in one.
      down 1:DROP TABLE t | File | In one transaction: the file has neither its own BEGIN nor a statement that cannot run in one.
      with 001_t.down.sql
    002 index (002_index.sql)
      up   1:CREATE INDEX CONCURRENTLY i ON t (a) | Statement | Statement by statement, because CREATE INDEX CONCURRENTLY on line 1 cannot run in a transaction.
      down 1:DROP INDEX i | File | In one transaction: the file has neither its own BEGIN nor a statement that cannot run in one.
      with 002_index.down.sql
    ");
    assert_snapshot!(told(&[("1.sql", "SELECT 1;"), ("2-x.sql", ""), ("10-y.sql", "SELECT 2;")]), @r"
    numbered
    1  (1.sql)
      up   1:SELECT 1 | File | In one transaction: the file has neither its own BEGIN nor a statement that cannot run in one.
    2 x (2-x.sql)
      up    | File | In one transaction: the file has neither its own BEGIN nor a statement that cannot run in one.
    10 y (10-y.sql)
      up   1:SELECT 2 | File | In one transaction: the file has neither its own BEGIN nor a statement that cannot run in one.
    ");
}

#[test]
fn sqlx() {
    let files = [
        ("20260102000000_b.up.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);"),
        ("20260102000000_b.down.sql", "DROP INDEX i;"),
        ("20260101000000_a.up.sql", "CREATE TABLE t (a int);\nCREATE TABLE u (a int);"),
        ("20260101000000_a.down.sql", "-- nothing"),
    ];
    assert_snapshot!(told(&files), @r"
    sqlx
    20260101000000 a (20260101000000_a.up.sql)
      up   1:CREATE TABLE t (a int); 2:CREATE TABLE u (a int) | File | In one transaction, as sqlx runs a migration.
      with 20260101000000_a.down.sql
    20260102000000 b (20260102000000_b.up.sql)
      up   2:CREATE INDEX CONCURRENTLY i ON t (a) | Statement | By itself: sqlx sends the file as it is, and a single statement needs no transaction.
      down 1:DROP INDEX i | File | In one transaction, as sqlx runs a migration.
      with 20260102000000_b.down.sql
    ");
    assert_snapshot!(told(&[("20260101000000_a.sql", "SELECT 1;")]), @r"
    sqlx
    20260101000000 a (20260101000000_a.sql)
      up   1:SELECT 1 | File | In one transaction, as sqlx runs a migration.
    ");
}

#[test]
fn golang_migrate() {
    let files = [
        ("000001_a.up.sql", "CREATE TABLE t (a int);\nCREATE TABLE u (a int);"),
        ("000001_a.down.sql", "DROP TABLE u; DROP TABLE t;"),
        ("000002_b.up.sql", "CREATE INDEX CONCURRENTLY i ON t (a);"),
        ("000002_b.down.sql", "DROP INDEX CONCURRENTLY i;"),
        ("000003_c.up.sql", "BEGIN;\nALTER TABLE t ADD b int;\nCOMMIT;"),
    ];
    assert_snapshot!(told(&files), @r"
    golang-migrate
    000001 a (000001_a.up.sql)
      up   1:CREATE TABLE t (a int); 2:CREATE TABLE u (a int) | File | In one transaction: golang-migrate sends the file in one call, and PostgreSQL runs the statements of one call in one transaction.
      down 1:DROP TABLE u; 1:DROP TABLE t | File | In one transaction: golang-migrate sends the file in one call, and PostgreSQL runs the statements of one call in one transaction.
      with 000001_a.down.sql
    000002 b (000002_b.up.sql)
      up   1:CREATE INDEX CONCURRENTLY i ON t (a) | Statement | By itself: golang-migrate sends the file as it is, and a single statement needs no transaction.
      down 1:DROP INDEX CONCURRENTLY i | Statement | By itself: golang-migrate sends the file as it is, and a single statement needs no transaction.
      with 000002_b.down.sql
    000003 c (000003_c.up.sql)
      up   1:BEGIN; 2:ALTER TABLE t ADD b int; 3:COMMIT | Explicit | golang-migrate sends the file in one call, and the file manages its own transactions: BEGIN on line 1 is kept.
    ");
}

#[test]
fn flyway() {
    let files = [
        ("V1__a.sql", "CREATE TABLE t (a int);"),
        ("V1_10__c.sql", "CREATE INDEX CONCURRENTLY i ON t (a);"),
        ("sub/V1.2__b.sql", "VACUUM t;\nVACUUM t;"),
        ("sub/V1.2__b.sql.conf", "executeInTransaction=false\n"),
        ("U1.2__b.sql", "SELECT 1;"),
        ("V2__d.sql", "SELECT 1;\nSELECT 2;"),
        ("V2__d.sql.conf", "# on purpose\nexecuteInTransaction = false"),
        ("R__views.sql", "CREATE OR REPLACE VIEW v AS SELECT 1;"),
    ];
    assert_snapshot!(told(&files), @r"
    flyway
    1 a (V1__a.sql)
      up   1:CREATE TABLE t (a int) | File | In one transaction, as Flyway runs a migration.
    1.2 b (sub/V1.2__b.sql)
      up   1:VACUUM t; 2:VACUUM t | Statement | Statement by statement, as the migration tells Flyway to.
      down 1:SELECT 1 | File | In one transaction, as Flyway runs a migration.
      with U1.2__b.sql, sub/V1.2__b.sql.conf
    1_10 c (V1_10__c.sql)
      up   1:CREATE INDEX CONCURRENTLY i ON t (a) | Statement | Statement by statement, because Flyway sees that CREATE INDEX CONCURRENTLY on line 1 cannot run in a transaction.
    2 d (V2__d.sql)
      up   1:SELECT 1; 2:SELECT 2 | Statement | Statement by statement, as the migration tells Flyway to.
      with V2__d.sql.conf
     views (R__views.sql)
      up   1:CREATE OR REPLACE VIEW v AS SELECT 1 | File | In one transaction, as Flyway runs a migration.
    ");
}

#[test]
fn refinery() {
    let files = [
        ("V1__a.sql", "CREATE TABLE t (a int);"),
        ("U3__c.sql", "ALTER TABLE t ADD b int;"),
        ("V2__b.sql", "SELECT 1;\nSELECT 2;"),
    ];
    assert_snapshot!(told(&files), @r"
    refinery
    1 a (V1__a.sql)
      up   1:CREATE TABLE t (a int) | File | In one transaction, as refinery runs a migration.
    2 b (V2__b.sql)
      up   1:SELECT 1; 2:SELECT 2 | File | In one transaction, as refinery runs a migration.
    3 c (U3__c.sql)
      up   1:ALTER TABLE t ADD b int | File | In one transaction, as refinery runs a migration.
    ");
}

#[test]
fn dbmate() {
    let files = [
        ("20260101000000_a.sql", "-- migrate:up\nCREATE TABLE t (a int)\n\n-- migrate:down\nDROP TABLE t\n"),
        (
            "20260102000000_b.sql",
            "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON t (a);\n\n-- migrate:down\nDROP INDEX i;\nSELECT 1;",
        ),
        ("20260103000000_c.sql", "-- migrate:up transaction:false\nSELECT 1;\nSELECT 2;\n-- migrate:down\n"),
    ];
    assert_snapshot!(told(&files), @r"
    dbmate
    20260101000000 a (20260101000000_a.sql)
      up   2:CREATE TABLE t (a int) | File | In one transaction, as dbmate runs a migration.
      down 5:DROP TABLE t | File | In one transaction, as dbmate runs a migration.
    20260102000000 b (20260102000000_b.sql)
      up   2:CREATE INDEX CONCURRENTLY i ON t (a) | Statement | By itself: dbmate sends the file as it is, and a single statement needs no transaction.
      down 5:DROP INDEX i; 6:SELECT 1 | File | In one transaction, as dbmate runs a migration.
    20260103000000 c (20260103000000_c.sql)
      up   2:SELECT 1; 3:SELECT 2 | File | In one transaction: dbmate sends the file in one call, and PostgreSQL runs the statements of one call in one transaction.
    ");
}

#[test]
fn goose() {
    let files = [
        (
            "00001_a.sql",
            "-- +goose Up\n-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n\
             -- +goose StatementEnd\n-- +goose Down\nDROP FUNCTION f;\n",
        ),
        ("00002_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nVACUUM;\nVACUUM;\n"),
    ];
    assert_snapshot!(told(&files), @r"
    goose
    00001 a (00001_a.sql)
      up   3:CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1' | File | In one transaction, as goose runs a migration.
      down 6:DROP FUNCTION f | File | In one transaction, as goose runs a migration.
    00002 b (00002_b.sql)
      up   3:VACUUM; 4:VACUUM | Statement | Statement by statement, as the migration tells goose to.
    ");
}

#[test]
fn diesel() {
    let files = [
        ("00000000000000_setup/up.sql", "SELECT 1;\nSELECT 2;"),
        ("00000000000000_setup/down.sql", "SELECT 3;"),
        ("2026-01-01-000000_i/up.sql", "CREATE INDEX CONCURRENTLY i ON t (a);"),
        ("2026-01-01-000000_i/metadata.toml", "run_in_transaction = false\n"),
    ];
    assert_snapshot!(told(&files), @r"
    diesel
    00000000000000 setup (00000000000000_setup/up.sql)
      up   1:SELECT 1; 2:SELECT 2 | File | In one transaction, as Diesel runs a migration.
      down 1:SELECT 3 | File | In one transaction, as Diesel runs a migration.
      with 00000000000000_setup/down.sql
    2026-01-01-000000 i (2026-01-01-000000_i/up.sql)
      up   1:CREATE INDEX CONCURRENTLY i ON t (a) | Statement | By itself: Diesel sends the file as it is, and a single statement needs no transaction.
      with 2026-01-01-000000_i/metadata.toml
    ");
}

#[test]
fn prisma() {
    let files = [
        ("20260101000000_a/migration.sql", "CREATE TABLE \"T\" (a int);\nCREATE TABLE u (a int);"),
        ("20260102000000_b/migration.sql", "CREATE INDEX CONCURRENTLY i ON u (a);"),
        ("migration_lock.toml", "provider = \"postgresql\"\n"),
    ];
    assert_snapshot!(told(&files), @r#"
    prisma
    20260101000000 a (20260101000000_a/migration.sql)
      up   1:CREATE TABLE "T" (a int); 2:CREATE TABLE u (a int) | File | In one transaction: Prisma sends the file in one call, and PostgreSQL runs the statements of one call in one transaction.
    20260102000000 b (20260102000000_b/migration.sql)
      up   1:CREATE INDEX CONCURRENTLY i ON u (a) | Statement | By itself: Prisma sends the file as it is, and a single statement needs no transaction.
    "#);
}

#[test]
fn a_place_in_a_part_is_one_of_the_file() {
    let text = "-- migrate:up\nCREATE TABLE t (a int);\n-- migrate:down\nSELECT 'never closed;\n";
    let (_, problems) = read(&listing(&[("1_a.sql", text)]), None);
    assert_snapshot!(render(&problems, false), @r"
    error: this string is never closed
     --> migrations/1_a.sql:4:8
      |
    4 | SELECT 'never closed;
      |        ^
      |
      = help: end it with ' (a quote inside it is written '')
    ");
}

#[test]
fn a_lock_is_what_sha256sum_writes() {
    let sums = "f3ba8a5e6a4f0bd65a44bd6d8a9d2a5ccb1c8c7e9d2b3f6a0d3c6a4d8f2b1e09";
    let files = [("001_a.sql", "SELECT 1;\n"), (LOCK_FILE, &*format!("{sums} *./001_a.sql\n"))];
    let (_, problems) = read(&listing(&files), None);
    assert_eq!(problems.len(), 1);
    let right = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd";
    assert!(problems[0].message.contains(right), "{}", problems[0].message);
    let files = [("001_a.sql", "SELECT 1;\n"), (LOCK_FILE, &*format!("{right}  001_a.sql\n"))];
    assert_eq!(read(&listing(&files), None).1, []);
}

proptest! {
    #[test]
    fn no_folder_panics(
        names in prop::collection::vec("(V|U|R|0*[1-9]{0,4})[0-9_.]{0,4}_{1,2}[a-z]{0,2}(/up|/migration)?(\\.up|\\.down)?\\.(sql|go|sql\\.conf)", 0..6),
        text in "(-- migrate:up|-- \\+goose (Up|Down)|-- no-transaction|SELECT 1;|VACUUM;|BEGIN;|\n|é){0,6}",
    ) {
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), text.as_str())).collect();
        for tool in [None, Some(Tool::Sqlx), Some(Tool::Refinery)] {
            let (migrations, problems) = read(&listing(&files), tool);
            prop_assert!(migrations.is_some() || !problems.is_empty());
            render(&problems, false);
            for migration in migrations.iter().flat_map(|migrations| &migrations.list) {
                migration.misfits(true);
                shape(&migration.up.file.statements, migration.up.transaction);
            }
        }
    }
}
