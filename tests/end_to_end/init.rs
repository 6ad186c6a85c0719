//! A scenario to start from can be checked and run at once.

use std::fs;

use crate::stage::{Ended, Stage, wait};

fn program(stage: &Stage, args: &[&str]) -> Ended {
    wait(stage.command(args))
}

/// Checks the scenario of that folder and rehearses it with few rows.
fn works(stage: &Stage, folder: &str) -> Ended {
    program(stage, &["check", folder]).expect_code(0);
    let ended = stage.run_scenario(folder, &["--scale", "0.01", "--no-workload"]);
    ended.expect_code(0);
    ended
}

const SCHEMA: &str = "\
CREATE TYPE mood AS ENUM ('happy', 'so so');
CREATE SCHEMA app;
CREATE TABLE app.users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, mood mood, seen_at timestamptz);
CREATE TABLE moods (mood mood PRIMARY KEY, label text NOT NULL);
CREATE TABLE orders (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES app.users, total numeric(10,2));
CREATE TABLE votes (mood mood REFERENCES moods, really boolean, PRIMARY KEY (mood, really));
CREATE TABLE likes (user_id bigint REFERENCES app.users, order_id bigint REFERENCES orders, PRIMARY KEY (user_id, order_id));
";

#[test]
fn from_a_schema() {
    let stage = Stage::empty();
    stage.file("db.sql", SCHEMA);
    let ended = program(&stage, &["init", "scenario/db.sql", "--into", "new/shop"]);
    ended.expect_code(0);
    let profile = fs::read_to_string(stage.scenario().join("../new/shop/profile.toml")).unwrap();
    for words in [
        "[tables.\"app.users\"]\nrows = 100_000",
        "# [tables.moods]\n# rows = 2\n",
        "columns.user_id = { fan_out",
    ] {
        assert!(profile.contains(words), "no {words:?} in\n{profile}");
    }
    let ended = works(&stage, "new/shop");
    assert!(ended.stdout.contains("tables"), "{}", ended.stdout);
    // What the lines of the profile propose can be taken as it is.
    fs::write(stage.scenario().join("../new/shop/profile.toml"), profile.replace("# columns.", "columns."))
        .unwrap();
    program(&stage, &["check", "new/shop"]).expect_code(0);
    // A second time, nothing is written over.
    let again = program(&stage, &["init", "scenario/db.sql", "--into", "new/shop"]);
    again.expect_code(2).expect_stderr(&["is there already"]);
    stage.assert_nothing_left();
}

#[test]
fn from_migrations() {
    let stage = Stage::empty();
    fs::create_dir(stage.scenario().join("db")).unwrap();
    let table = "-- +goose Up\nCREATE TABLE t (id bigserial PRIMARY KEY, a int NOT NULL);\n-- +goose Down\nDROP TABLE t;\n";
    stage.file("db/00001_t.sql", table);
    let index = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n-- +goose Down\nDROP INDEX t_a;\n";
    stage.file("db/00002_t_a.sql", index);
    let ended = program(&stage, &["init", "scenario/db"]);
    ended.expect_code(0);
    let ended = works(&stage, "rehearsal");
    assert!(ended.stdout.contains("Schema    1 migration (goose), the last 00001_t.sql"), "{}", ended.stdout);
    let report = stage.report();
    assert_eq!(report["strategies"][0]["name"], "t_a");
    assert_eq!(report["strategies"][0]["rehearsals"][0]["statements"].as_array().unwrap().len(), 1);
    stage.assert_nothing_left();
}

#[test]
fn from_a_bundled_scenario() {
    let stage = Stage::empty();
    program(&stage, &["init", "--from", "index-without-downtime"]).expect_code(0);
    let folder = stage.scenario().join("../index-without-downtime");
    assert!(folder.join("scenario.toml").is_file());
    program(&stage, &["check", "./index-without-downtime"]).expect_code(0);
    let strategy = ["--strategy", "concurrently", "--scale", "0.001", "--no-workload"];
    stage.run_scenario("./index-without-downtime", &strategy);
    assert_eq!(stage.report()["strategies"][0]["rehearsals"][0]["outcome"], "completed");
    let unknown = program(&stage, &["init", "--from", "index"]);
    unknown.expect_code(2).expect_stderr(&["no such bundled scenario; there are"]);
}

#[test]
fn nothing_is_written_where_something_is_wrong() {
    let stage = Stage::empty();
    stage.file("bad.sql", "CREATE TABLE t (id int);\nCREATE TABLE u (id nonsense);\n");
    let ended = program(&stage, &["init", "scenario/bad.sql"]);
    ended.expect_code(2).expect_stderr(&["type \"nonsense\" does not exist", "scenario/bad.sql:2:20"]);
    program(&stage, &["init", "scenario/none.sql"])
        .expect_code(2)
        .expect_stderr(&["cannot read scenario/none.sql"]);
    program(&stage, &["init", "work"]).expect_code(2).expect_stderr(&["`work` has no file in it"]);
    program(&stage, &["init"]).expect_code(2);
    let left: Vec<_> =
        fs::read_dir(stage.scenario().join("..")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    stage.assert_nothing_left();
}
