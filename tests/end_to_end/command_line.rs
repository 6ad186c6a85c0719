//! The commands that need no server.

use crate::stage::{Stage, wait};

#[test]
fn check_says_what_is_there_and_what_is_wrong() {
    let stage = Stage::with_steps(&[("add", "ALTER TABLE users ADD COLUMN note text;")]);
    let scenario = stage.scenario();
    let ended = wait(stage.command(&["check", scenario.to_str().unwrap(), "index-without-downtime"]));
    ended.expect_code(0);
    assert!(ended.stdout.contains("2,000 rows in 1 table;"), "{}", ended.stdout);
    assert!(ended.stdout.contains("plain, concurrently"), "{}", ended.stdout);

    stage.file("scenario.toml", "title = 3\n");
    let ended = wait(stage.command(&["check", scenario.to_str().unwrap()]));
    ended.expect_code(2).expect_stderr(&["title", "strategy", "schema"]);
}

#[test]
fn list_names_the_bundled_scenarios() {
    let ended = wait(Stage::empty().command(&["list"]));
    ended.expect_code(0);
    assert!(ended.stdout.contains("index-without-downtime"), "{}", ended.stdout);
}

#[test]
fn doctor_shows_the_server_that_run_would_take() {
    let ended = wait(Stage::empty().command(&["doctor"]));
    ended.expect_code(0);
    assert!(ended.stdout.contains("  * "), "{}", ended.stdout);
    let ended = wait(Stage::empty().command(&["doctor", "--pg-version", "99"]));
    ended.expect_code(3);
    assert!(ended.stdout.contains("postgresql-99"), "{}", ended.stdout);
}

#[test]
fn report_refuses_what_is_no_record() {
    let stage = Stage::empty();
    let path = stage.scenario().join("record.jsonl");
    for text in [
        "",
        "hello\n",
        "{\"at_us\":1}\n",
        "{\"at_us\":0,\"event\":\"record_started\",\"format\":\"pgrehearse.record/99\",\"program_version\":\"9\",\"started_at\":\"x\"}\n",
    ] {
        std::fs::write(&path, text).unwrap();
        let ended = wait(stage.command(&["report", path.to_str().unwrap()]));
        ended.expect_code(2).expect_stderr(&["record.jsonl"]);
    }
    wait(stage.command(&["report", "no-such-file"])).expect_code(2).expect_stderr(&["no-such-file"]);
}

#[test]
fn help_teaches_and_wrong_arguments_are_usage_errors() {
    let stage = Stage::empty();
    let help = wait(stage.command(&["run", "--help"]));
    help.expect_code(0);
    for word in ["--strategy", "--scale", "--rows", "--out", "--pg-bin", "disposable", "Exit codes"] {
        assert!(help.stdout.contains(word), "no {word} in\n{}", help.stdout);
    }
    wait(stage.command(&[])).expect_code(2);
    wait(stage.command(&["run"])).expect_code(2);
    wait(stage.command(&["run", "x", "--rows", "users"])).expect_code(2);
    wait(stage.command(&["frobnicate"])).expect_code(2);
}
