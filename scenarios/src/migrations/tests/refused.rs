//! Folders that cannot be read, with the words that people get.

use super::*;

fn refused(files: &[(&str, &str)]) -> String {
    let (migrations, mut problems) = read(&listing(files), None);
    problems.extend(migrations.iter().flat_map(|all| &all.list).flat_map(|one| one.misfits(true)));
    assert!(problems.iter().any(|one| one.severity == Severity::Error), "{}", render(&problems, false));
    render(&problems, false)
}

const TABLE: &str = "CREATE TABLE t (a int);\n";

#[test]
fn two_files_of_one_version() {
    assert_snapshot!(refused(&[("001_a.sql", TABLE), ("002_b.sql", TABLE), ("2_c.sql", TABLE)]), @r"
    error: `002_b.sql` and `2_c.sql` are both version 2
     --> migrations/2_c.sql:1:1
      |
    1 | CREATE TABLE t (a int);
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: give the later one a version of its own, if it is not deployed yet
    ");
    assert_snapshot!(refused(&[("V1__a.sql", TABLE), ("V1.0__b.sql", TABLE)]), @r"
    error: `V1.0__b.sql` and `V1__a.sql` are both version 1
     --> migrations/V1__a.sql:1:1
      |
    1 | CREATE TABLE t (a int);
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: give the later one a version of its own, if it is not deployed yet
    ");
}

#[test]
fn gaps() {
    assert_snapshot!(refused(&[("001_a.sql", TABLE), ("002_b.sql", TABLE), ("004_d.sql", TABLE)]), @r"
    error: no migration 003 between `002_b.sql` and `004_d.sql`
     --> migrations/004_d.sql:1:1
      |
    1 | CREATE TABLE t (a int);
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: put the missing file back, or number the later ones without a gap; if it was taken out for good, let a migration of that number do nothing
    ");
    assert_snapshot!(
        refused(&[("1_a.up.sql", TABLE), ("2_b.up.sql", TABLE), ("3_c.up.sql", TABLE), ("7_g.up.sql", TABLE)]),
        @r"
        error: no migrations 4 to 6 between `3_c.up.sql` and `7_g.up.sql`
         --> migrations/7_g.up.sql:1:1
          |
        1 | CREATE TABLE t (a int);
          | ^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: put the missing file back, or number the later ones without a gap; if it was taken out for good, let a migration of that number do nothing
        "
    );
    let apart = [("10_a.sql", TABLE), ("20_b.sql", TABLE), ("30_c.sql", TABLE)];
    assert_eq!(read(&listing(&apart), None).1, [], "numbered with room between");
    let times =
        [("20260101000000_a.sql", TABLE), ("20260101000001_b.sql", TABLE), ("20260301000000_c.sql", TABLE)];
    assert_eq!(read(&listing(&times), None).1, []);
}

#[test]
fn formats_that_nobody_has() {
    assert_snapshot!(refused(&[]), @r"
    error: `migrations` has no file in it
     |
     = help: name the folder that has the migrations, or write the first one
    ");
    assert_snapshot!(refused(&[("schema.sql", TABLE), ("README.md", "")]), @r"
    error: no migration in `migrations`: it has schema.sql, README.md
     |
     = help: migrations are called like 001_users.sql, or 001_users.up.sql and 001_users.down.sql (numbered); 20260101120000_users.sql, or .up.sql and .down.sql (sqlx); 000001_users.up.sql and 000001_users.down.sql (golang-migrate); V1__users.sql, U1__users.sql and R__views.sql (flyway); V1__users.sql (refinery); 20260101120000_users.sql with `-- migrate:up` (dbmate); 00001_users.sql with `-- +goose Up` (goose); 20260101120000_users/up.sql (diesel); 20260101120000_users/migration.sql (prisma)
    ");
    assert_snapshot!(refused(&[("001_a.sql", TABLE), ("V1__b.sql", TABLE)]), @r"
    error: `migrations` mixes migrations of several tools: 001_a.sql, V1__b.sql
     |
     = help: keep those of one tool in a folder, and move the others out of it
    ");
    assert_snapshot!(
        refused(&[("1_a.sql", "-- migrate:up\nSELECT 1;"), ("2_b.sql", "-- +goose Up\nSELECT 1;")]),
        @r"
        error: `migrations` mixes migrations of several tools: 1_a.sql (a comment of dbmate), 2_b.sql (a comment of goose)
         |
         = help: keep those of one tool in a folder, and move the others out of it
        "
    );
    assert_snapshot!(refused(&[("00001_a.sql", "-- +goose Up\nSELECT 1;"), ("00002_b.go", "package x")]), @r"
    error: `migrations/00002_b.go` is a migration that is not written in SQL
     |
     = help: only SQL can be rehearsed: write what it does as SQL in its place
    ");
}

#[test]
fn markers_and_directions() {
    assert_snapshot!(refused(&[("001_a.up.sql", TABLE), ("002_b.down.sql", TABLE)]), @r"
    error: nothing is there for `002_b.down.sql` to undo
     --> migrations/002_b.down.sql:1:1
      |
    1 | CREATE TABLE t (a int);
      | ^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: put back the file that makes the change of version 002, or take this one away
    ");
    assert_snapshot!(refused(&[("1_a.sql", "-- migrate:up\nSELECT 1;"), ("2_b.sql", "-- migrate:down\nSELECT 1;")]), @r"
    error: no `-- migrate:up` in this migration
     --> migrations/2_b.sql:1:1
      |
    1 | -- migrate:down
      | ^^^^^^^^^^^^^^^
      |
      = help: write `-- migrate:up`, at the beginning of a line, above the statements that make the change
    ");
    assert_snapshot!(refused(&[("1_a.sql", "-- +goose Up\nSELECT 1;"), ("2_b.sql", "SELECT 1;\n")]), @r"
    error: no `-- +goose Up` in this migration
     --> migrations/2_b.sql:1:1
      |
    1 | SELECT 1;
      | ^^^^^^^^^
      |
      = help: write `-- +goose Up`, at the beginning of a line, above the statements that make the change
    ");
}

#[test]
fn what_cannot_run_as_the_tool_runs_it() {
    let concurrently = "SELECT 1;\nCREATE INDEX CONCURRENTLY i\n  ON t (a);\n";
    assert_snapshot!(refused(&[("20260101000000_a.sql", concurrently)]), @r"
    error: CREATE INDEX CONCURRENTLY cannot run in a transaction, and sqlx runs the migration in one
     --> migrations/20260101000000_a.sql:2:1
      |
    2 | CREATE INDEX CONCURRENTLY i
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: move it to a migration of its own whose first line is `-- no-transaction`
    ");
    assert_snapshot!(refused(&[("1_a.up.sql", concurrently)]), @r"
    error: CREATE INDEX CONCURRENTLY cannot run in a transaction, and golang-migrate sends the whole file in one call, which is one
     --> migrations/1_a.up.sql:2:1
      |
    2 | CREATE INDEX CONCURRENTLY i
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: move it to a migration of its own
    ");
    assert_snapshot!(render(&read(&listing(&[("V1__a.sql", concurrently)]), None).0.unwrap().list[0].misfits(true), false), @r"
    warning: CREATE INDEX CONCURRENTLY cannot run in a transaction and other statements of the file can: Flyway refuses such a mixture
     --> migrations/V1__a.sql:2:1
      |
    2 | CREATE INDEX CONCURRENTLY i
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: move it to a migration of its own; with flyway.mixed = true it runs as it does here
    ");
}

#[test]
fn locked_files() {
    let sum = "0".repeat(64);
    let lock = format!("{sum}  001_a.sql\n{sum}  000_gone.sql\n{sum}  README\nnot a sum\n");
    assert_snapshot!(refused(&[("001_a.sql", TABLE), ("README", ""), (LOCK_FILE, &lock)]), @r"
    error: not a line of sha256sum
     --> migrations/migrations.lock:4:1
      |
    4 | not a sum
      | ^^^^^^^^^
      |
      = help: a line has the SHA-256 in 64 hexadecimal digits, two blanks and the path of a file

    error: `001_a.sql` was deployed and is changed: its SHA-256 is 25312a357ba5c43fcf8242755b307bf3c82a057fcc4c030926b979b34cca9bc8, and 0000000000000000000000000000000000000000000000000000000000000000 by migrations.lock
     --> migrations/migrations.lock:1:1
      |
    1 | 0000000000000000000000000000000000000000000000000000000000000000  001_a.sql
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: put the file back as it was, and write a new migration for the change

    error: `000_gone.sql` is locked, and it is not in the folder
     --> migrations/migrations.lock:2:1
      |
    2 | 0000000000000000000000000000000000000000000000000000000000000000  000_gone.sql
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: put the file back: it was deployed; what it did is undone by a new migration

    error: `README` is locked, and it is no file of a migration
     --> migrations/migrations.lock:3:1
      |
    3 | 0000000000000000000000000000000000000000000000000000000000000000  README
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: take its line out of the lock
    ");
}

#[test]
fn a_tool_that_does_not_fit() {
    let (_, problems) = read(&listing(&[("V1__a.sql", TABLE)]), Some(Tool::Sqlx));
    assert_snapshot!(render(&problems, false), @r"
    error: `migrations/V1__a.sql` is not how sqlx names its migrations
     |
     = help: they would be called like 20260101120000_users.sql, or .up.sql and .down.sql; this looks like flyway
    ");
    let (_, problems) = read(&listing(&[("1_a.sql", "-- migrate:up\nSELECT 1;\n")]), Some(Tool::Sqlx));
    assert_snapshot!(render(&problems, false), @r"
    error: `migrations` has migrations with the comments of dbmate
     |
     = help: leave the tool out, or name dbmate: sqlx does not read them
    ");
}
