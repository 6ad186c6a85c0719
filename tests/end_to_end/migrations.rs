//! How migrations are run, and how they fail.

use serde_json::Value;

use crate::stage::Stage;

fn rehearsal(report: &Value, strategy: usize) -> &Value {
    &report["strategies"][strategy]["rehearsals"][0]
}

#[test]
fn a_migration_that_fails_half_way_is_reported_and_the_next_one_runs() {
    let stage = Stage::with_steps(&[
        (
            "broken",
            "ALTER TABLE users ADD COLUMN a int;\n\nALTER TABLE userz\n  ADD COLUMN b int;\nSELECT 1;\n",
        ),
        ("whole", "ALTER TABLE users ADD COLUMN a int;\n"),
    ]);
    let ended = stage.run(&[]);
    ended.expect_code(1);
    stage.assert_nothing_left();
    let report = stage.report();
    assert_eq!(report["strategies"][0]["verdict"], "fail");
    assert_eq!(report["strategies"][1]["verdict"], "pass");
    let broken = rehearsal(&report, 0);
    assert_eq!(broken["outcome"], "failed");
    assert_eq!(broken["statements"].as_array().unwrap().len(), 2, "nothing runs after the failure");
    let error = &broken["statements"][1]["error"];
    assert_eq!(error["sqlstate"], "42P01");
    assert_eq!(error["line"], 3);
    assert!(error["snippet"].as_str().unwrap().contains("ALTER TABLE userz"), "{error}");
    for word in ["42P01", "broken.sql", "userz"] {
        assert!(ended.stdout.contains(word), "no {word} in\n{}", ended.stdout);
    }
    let findings = report["strategies"][0]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["id"] == "statement-failed"), "{findings:?}");
}

#[test]
fn the_transaction_shape_follows_the_file() {
    let stage = Stage::with_steps(&[
        ("one", "ALTER TABLE users ADD COLUMN a int;\nALTER TABLE users ADD COLUMN b int;\n"),
        (
            "own",
            "BEGIN;\nALTER TABLE users ADD COLUMN a int;\nCOMMIT;\nALTER TABLE users ADD COLUMN b int;\n",
        ),
        ("each", "ALTER TABLE users ADD COLUMN a int;\nCREATE INDEX CONCURRENTLY i ON users (email);\n"),
    ]);
    stage.run(&[]).expect_code(0);
    let report = stage.report();
    let wrapped = |strategy: usize| -> Vec<String> {
        let statements = rehearsal(&report, strategy)["statements"].as_array().unwrap();
        statements.iter().map(|statement| statement["transaction"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(wrapped(0), ["file", "file"]);
    assert_eq!(wrapped(1), ["none", "explicit", "explicit", "own"]);
    assert_eq!(wrapped(2), ["own", "none"]);
}

#[test]
fn a_migration_past_its_time_is_cancelled() {
    let stage = Stage::with_steps(&[
        ("slow", "ALTER TABLE users ADD COLUMN a int;\nSELECT pg_sleep(100);\n"),
        ("quick", "ALTER TABLE users ADD COLUMN a int;\n"),
    ]);
    stage.edit(
        "scenario.toml",
        "[[strategy]]\nname = \"slow\"",
        "[budget]\nduration = \"1s\"\n[[strategy]]\nname = \"slow\"",
    );
    stage.run(&[]).expect_code(1);
    stage.assert_nothing_left();
    let report = stage.report();
    let slow = rehearsal(&report, 0);
    assert_eq!(slow["outcome"], "timed_out");
    assert_eq!(slow["statements"][1]["error"]["sqlstate"], "57014");
    assert_eq!(report["strategies"][1]["verdict"], "pass");
}

#[test]
fn a_migration_cannot_reach_the_host() {
    let stage = Stage::with_steps(&[
        ("program", "COPY users (email) FROM PROGRAM 'echo x';\n"),
        ("file", "SELECT pg_read_file('/etc/passwd');\n"),
    ]);
    stage.run(&[]).expect_code(1);
    let report = stage.report();
    for strategy in 0..2 {
        assert_eq!(rehearsal(&report, strategy)["statements"][0]["error"]["sqlstate"], "42501");
    }
}

#[test]
fn rows_of_a_copy_in_the_file_are_sent() {
    let copy = "COPY users (email, status) FROM stdin;\na@example.com\tnew\nb@example.com\tnew\n\\.\n\
                DO $$ BEGIN ASSERT (SELECT count(*) FROM users) = 2002; END $$;\n";
    let stage = Stage::with_steps(&[("copy", copy)]);
    stage.run(&[]).expect_code(0);
    assert_eq!(rehearsal(&stage.report(), 0)["statements"][0]["rows"], 2);
}

#[test]
fn an_error_at_commit_is_reported() {
    let stage = Stage::with_steps(&[(
        "deferred",
        "CREATE TABLE child (user_id bigint REFERENCES users DEFERRABLE INITIALLY DEFERRED);\n\
         INSERT INTO child VALUES (-1);\n",
    )]);
    stage.run(&[]).expect_code(1);
    let report = stage.report();
    let statements = rehearsal(&report, 0)["statements"].as_array().unwrap().clone();
    let last = statements.last().unwrap();
    assert_eq!((&last["sql"], &last["error"]["sqlstate"]), (&"COMMIT".into(), &"23503".into()));
}

#[test]
fn a_transaction_left_open_is_no_success() {
    let stage = Stage::with_steps(&[("open", "BEGIN;\nALTER TABLE users ADD COLUMN a int;\n")]);
    let ended = stage.run(&[]);
    ended.expect_code(1);
    assert!(ended.stdout.contains("transaction still open"), "{}", ended.stdout);
}

#[test]
fn each_strategy_gets_the_same_untouched_data() {
    let stage = Stage::with_steps(&[
        ("empty", "DELETE FROM users;\n"),
        ("count", "DO $$ BEGIN ASSERT (SELECT count(*) FROM users) = 2000; END $$;\n"),
    ]);
    stage.run(&[]).expect_code(0);
}
