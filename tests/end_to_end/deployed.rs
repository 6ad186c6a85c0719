//! Deployed migrations as the schema, their lock, and what a branch adds to them.

use std::fs;
use std::process::Command;

use crate::stage::{Ended, Stage, wait};

const USERS: &str = "\
-- migrate:up
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, status text)

-- migrate:down
DROP TABLE users;
";
const ORDERS: &str = "\
-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY users_email ON users (email);

-- migrate:down
DROP INDEX users_email;
";

/// A scenario whose schema is the folder `migrations`, with one strategy.
fn stage(up: &str) -> Stage {
    let stage = Stage::empty();
    fs::create_dir(stage.scenario().join("migrations")).unwrap();
    stage.file(
        "scenario.toml",
        "title = \"Deployed\"\nschema = \"migrations/\"\nprofile = \"profile.toml\"\n\
         [[strategy]]\nname = \"change\"\nup = [\"change.sql\"]\n",
    );
    stage.file("profile.toml", "rows = 500\n");
    stage.file("change.sql", up);
    stage
}

fn program(stage: &Stage, args: &[&str]) -> Ended {
    wait(stage.command(args))
}

#[test]
fn a_folder_of_dbmate_is_the_schema() {
    let stage = stage(
        "DO $$ BEGIN\n  ASSERT (SELECT count(*) FROM users) = 500;\n  ASSERT (SELECT indisvalid FROM pg_index WHERE indexrelid = \
         'users_email'::regclass);\nEND $$;\nALTER TABLE users ADD COLUMN name text;\n",
    );
    stage.file("migrations/20260101000000_users.sql", USERS);
    stage.file("migrations/20260102000000_index.sql", ORDERS);
    let ended = stage.run(&[]);
    ended.expect_code(0);
    let line = "Schema    2 migrations (dbmate), the last 20260102000000_index.sql";
    assert!(ended.stdout.contains(line), "{}", ended.stdout);
    let migrations = &stage.report()["scenario"]["migrations"];
    assert_eq!(migrations["tool"], "dbmate");
    let files = migrations["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    assert_eq!(files[0]["path"], "20260101000000_users.sql");
    assert_eq!(files[0]["sha256"].as_str().unwrap().len(), 64);
    stage.assert_nothing_left();
}

#[test]
fn a_folder_of_sqlx_with_one_outside_of_a_transaction() {
    let stage = stage("ALTER TABLE users ADD COLUMN name text;\n");
    let users =
        "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL);\nCREATE TABLE logs (id int);\n";
    stage.file("migrations/20260101000000_users.sql", users);
    let index = "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);\n";
    stage.file("migrations/20260102000000_index.sql", index);
    let ended = stage.run(&[]);
    ended.expect_code(0);
    assert!(ended.stdout.contains("2 migrations (sqlx)"), "{}", ended.stdout);
    assert_eq!(stage.report()["dataset"]["tables"].as_array().unwrap().len(), 2, "every table has rows");

    // Without its first line it would never have been deployed.
    stage.edit("migrations/20260102000000_index.sql", "-- no-transaction\n", "");
    let words = ["CREATE INDEX CONCURRENTLY cannot run in a transaction, and sqlx runs the migration in one"];
    stage.run(&[]).expect_code(2).expect_stderr(&words);
}

#[test]
fn what_the_server_refuses_has_its_place() {
    let stage = stage("SELECT 1;\n");
    stage.file("migrations/001_users.sql", "CREATE TABLE users (id int PRIMARY KEY);\n");
    stage.file("migrations/002_more.sql", "SELECT 1;\nALTER TABLE usr ADD x int;\n");
    let ended = stage.run(&[]);
    ended.expect_code(2).expect_stderr(&[
        "relation \"usr\" does not exist",
        "migrations/002_more.sql:2:1",
        "on an empty database",
    ]);
    stage.assert_nothing_left();
}

#[test]
fn a_locked_file_that_was_changed_is_refused() {
    let stage = stage("ALTER TABLE users ADD COLUMN name text;\n");
    stage.file("migrations/20260101000000_users.sql", USERS);
    let folder = stage.scenario().join("migrations");
    let folder = folder.to_str().unwrap();
    let ended = program(&stage, &["lock", folder]);
    ended.expect_code(0);
    assert!(ended.stdout.contains("1 new, 1 files are locked"), "{}", ended.stdout);
    let lock = fs::read_to_string(stage.scenario().join("migrations/migrations.lock")).unwrap();
    let was = lock.split_whitespace().next().unwrap().to_owned();
    // Others can check it.
    let mut checked = Command::new("sha256sum");
    checked.args(["--strict", "-c", "migrations.lock"]).current_dir(folder);
    wait(checked).expect_code(0);

    stage.file("migrations/20260102000000_index.sql", ORDERS);
    program(&stage, &["check", stage.scenario().to_str().unwrap()]).expect_code(0);
    let ended = program(&stage, &["lock", folder]);
    assert!(ended.stdout.contains("1 new, 2 files are locked"), "{}", ended.stdout);

    stage.edit("migrations/20260101000000_users.sql", "status text", "state text");
    let sum = wait({
        let mut sum = Command::new("sha256sum");
        sum.arg("20260101000000_users.sql").current_dir(folder);
        sum
    });
    let is = sum.stdout.split_whitespace().next().unwrap();
    let words = [was.as_str(), is, "20260101000000_users.sql", "write a new migration"];
    stage.run(&[]).expect_code(2).expect_stderr(&words);
    let locked = fs::read(stage.scenario().join("migrations/migrations.lock")).unwrap();
    program(&stage, &["lock", folder]).expect_code(2).expect_stderr(&words);
    assert_eq!(fs::read(stage.scenario().join("migrations/migrations.lock")).unwrap(), locked);
    fs::remove_file(stage.scenario().join("migrations/20260101000000_users.sql")).unwrap();
    program(&stage, &["lock", folder])
        .expect_code(2)
        .expect_stderr(&["is locked, and it is not in the folder"]);
}

/// A repository in the stage's `scenario/` with migrations in `db/migrations`, committed, on a branch of its own.
fn repository() -> Stage {
    let stage = Stage::empty();
    fs::create_dir_all(stage.scenario().join("db/migrations")).unwrap();
    stage.file("db/migrations/20260101000000_users.sql", USERS);
    git(&stage, &["init", "--quiet", "--initial-branch=main"]);
    git(&stage, &["add", "."]);
    git(&stage, &["commit", "--quiet", "--message=users"]);
    git(&stage, &["checkout", "--quiet", "-b", "feature/orders"]);
    stage
}

fn git(stage: &Stage, args: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=test", "-c", "user.email=test@example.com"]).args(args);
    wait({
        git.current_dir(stage.scenario());
        git
    })
    .expect_code(0);
}

fn since(stage: &Stage, revision: &str, more: &[&str]) -> Ended {
    let (folder, out) = (stage.scenario().join("db/migrations"), stage.out());
    let mut args = vec!["run", "--migrations", folder.to_str().unwrap(), "--since", revision];
    args.extend(["--no-workload", "--no-cache", "--out", out.to_str().unwrap()]);
    args.extend(more);
    program(stage, &args)
}

#[test]
fn what_a_branch_adds_is_rehearsed_on_what_its_base_had() {
    let stage = repository();
    let orders = "-- migrate:up\nCREATE TABLE orders (id bigserial PRIMARY KEY, user_id bigint REFERENCES users);\n\
                  -- migrate:down\nDROP TABLE orders;\n";
    stage.file("db/migrations/20260102000000_orders.sql", orders);
    git(&stage, &["add", "."]);
    git(&stage, &["commit", "--quiet", "--message=orders"]);
    // Not committed yet.
    stage
        .file("db/migrations/20260103000000_status.sql", "-- migrate:up\nUPDATE users SET status = 'new';\n");
    let ended = since(&stage, "main", &["--rows", "800"]);
    ended.expect_code(0);
    let report = stage.report();
    assert_eq!(report["strategies"].as_array().unwrap().len(), 1);
    assert_eq!(report["strategies"][0]["name"], "feature-orders");
    assert_eq!(report["dataset"]["tables"][0]["rows"], 800);
    assert_eq!(report["dataset"]["tables"].as_array().unwrap().len(), 1, "the base has one table");
    let statements = report["strategies"][0]["rehearsals"][0]["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 2, "{statements:#?}");
    assert_eq!(report["scenario"]["migrations"]["last"], "20260101000000_users.sql");
    stage.assert_nothing_left();
}

#[test]
fn a_folder_that_is_the_whole_repository_and_a_profile() {
    let stage = Stage::empty();
    let table = "CREATE TABLE settings (id boolean PRIMARY KEY CHECK (id), name text);\nCREATE TABLE t (id int PRIMARY KEY);\n";
    stage.file("001_settings.sql", table);
    git(&stage, &["init", "--quiet"]);
    git(&stage, &["add", "."]);
    git(&stage, &["commit", "--quiet", "--message=settings"]);
    git(&stage, &["checkout", "--quiet", "--detach"]);
    stage.file("002_more.sql", "ALTER TABLE settings ADD COLUMN more text;\n");
    stage.file("002_more.down.sql", "ALTER TABLE settings DROP COLUMN more;\n");
    // What no rows can be made for can be left empty.
    let profile = "rows = 300\n[tables.settings]\nrows = 0\n";
    fs::write(stage.work().join("../profile.toml"), profile).unwrap();
    let run = [
        "run",
        "--migrations",
        ".",
        "--since",
        "HEAD",
        "--profile",
        "../profile.toml",
        "--no-workload",
        "--no-cache",
    ];
    let mut command = stage.command(&run);
    command.current_dir(stage.scenario()).args(["--out", stage.out().to_str().unwrap()]);
    wait(command).expect_code(0);
    let report = stage.report();
    assert_eq!(report["strategies"][0]["name"], "since-HEAD");
    assert_eq!(report["scenario"]["name"], "scenario");
    assert_eq!(report["dataset"]["rows"], 300);

    let mut command = stage.command(&run[..5]);
    command
        .current_dir(stage.scenario())
        .args(["--rows", "10", "--no-cache"])
        .args(["--out", stage.out().to_str().unwrap()]);
    wait(command)
        .expect_code(2)
        .expect_stderr(&["settings_id_check", "--rows settings=0 leaves the table empty"]);
    stage.assert_nothing_left();
}

#[test]
fn a_branch_that_edits_what_is_deployed_is_refused() {
    let stage = repository();
    stage.edit("db/migrations/20260101000000_users.sql", "status text", "state text");
    stage.file("db/migrations/20260102000000_orders.sql", "-- migrate:up\nSELECT 1;\n");
    let ended = since(&stage, "main", &[]);
    ended.expect_code(2).expect_stderr(&["was deployed and is changed", "by main", "write a new migration"]);
    fs::remove_file(stage.scenario().join("db/migrations/20260101000000_users.sql")).unwrap();
    since(&stage, "main", &[]).expect_code(2).expect_stderr(&["was deployed by main and is gone"]);
}

#[test]
fn revisions_and_folders_that_are_not_there() {
    let stage = repository();
    since(&stage, "main", &[]).expect_code(2).expect_stderr(&["no migration was added to", "since main"]);
    since(&stage, "mian", &[]).expect_code(2).expect_stderr(&["--since mian", "no such revision"]);
    since(&stage, "--all", &[]).expect_code(2);
    let outside = Stage::empty();
    fs::create_dir_all(outside.scenario().join("db/migrations")).unwrap();
    let ended = since(&outside, "main", &[]);
    ended.expect_code(2).expect_stderr(&["is not in a git repository"]);
    let nowhere = Stage::empty();
    since(&nowhere, "main", &[]).expect_code(2).expect_stderr(&["no such folder"]);
    let mut command = stage.command(&["run", "--migrations", "scenario/db/migrations", "--since", "main"]);
    command.env("PATH", "/nowhere");
    wait(command).expect_code(3).expect_stderr(&["--since needs git"]);
    program(&stage, &["run", "shop", "--migrations", "x", "--since", "main"]).expect_code(2);
    program(&stage, &["run", "--migrations", "x"]).expect_code(2).expect_stderr(&["--since"]);
}
