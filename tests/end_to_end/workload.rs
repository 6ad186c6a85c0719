//! What an application goes through while a migration runs.

use serde_json::Value;

use crate::stage::Stage;

/// One probe of each kind, and a short time before and after the migration.
const WORKLOAD: &str = "\
[workload]
baseline = \"700ms\"
settle = \"300ms\"
connections = 60
[[workload.probe]]
name = \"look up\"
kind = \"read\"
sql = \"SELECT email FROM users WHERE email = $1\"
params = [\"users.email\"]
rate = 50
[[workload.probe]]
name = \"change\"
kind = \"write\"
sql = \"UPDATE users SET status = status WHERE id = $1\"
params = [\"users.id\"]
rate = 50
";

fn stage(migration: &str, more: &str) -> Stage {
    let stage = Stage::with_steps(&[("up", migration)]);
    let toml = std::fs::read_to_string(stage.scenario().join("scenario.toml")).unwrap();
    stage.file("scenario.toml", &format!("{toml}{WORKLOAD}{more}"));
    stage
}

fn strategy(report: &Value) -> &Value {
    &report["strategies"][0]
}

fn rehearsal(report: &Value) -> &Value {
    &strategy(report)["rehearsals"][0]
}

fn probe<'a>(report: &'a Value, name: &str) -> &'a Value {
    let probes = rehearsal(report)["probes"].as_array().unwrap();
    probes.iter().find(|probe| probe["name"] == name).unwrap_or_else(|| panic!("no {name} in {probes:#?}"))
}

fn finding<'a>(report: &'a Value, id: &str) -> &'a Value {
    let findings = strategy(report)["findings"].as_array().unwrap();
    findings.iter().find(|found| found["id"] == id).unwrap_or_else(|| panic!("no {id} in {findings:#?}"))
}

/// The longest hold of a lock of that mode.
fn held_ms(report: &Value, mode: &str) -> f64 {
    let locks = rehearsal(report)["locks"].as_array().unwrap();
    let of_mode = locks.iter().filter(|lock| lock["mode"] == mode && lock["relation"] == "public.users");
    of_mode.filter_map(|lock| lock["hold_ms"].as_f64()).fold(0.0, f64::max)
}

#[test]
fn a_stall_is_as_long_as_the_lock_that_made_it() {
    let stage = stage("LOCK TABLE users IN ACCESS EXCLUSIVE MODE;\nSELECT pg_sleep(1);\n", "");
    let ended = stage.run_with_workload(&[]);
    ended.expect_code(1);
    let report = stage.report();
    let held_ms = held_ms(&report, "AccessExclusiveLock");
    assert!(held_ms > 1_000.0);
    for (name, id) in [("look up", "read-stall"), ("change", "write-stall")] {
        let stalled_ms = probe(&report, name)["stall_ms_max"].as_f64().unwrap();
        // The first request that waits is due up to a period (20 ms) after the lock.
        assert!(
            stalled_ms > held_ms - 60.0 && stalled_ms < held_ms + 250.0,
            "{name} stalled {stalled_ms} ms of {held_ms} ms"
        );
        assert_eq!(finding(&report, id)["relation"], "public.users");
    }
    assert_eq!(strategy(&report)["verdict"], "fail");
    stage.assert_nothing_left();
}

#[test]
fn a_lock_that_blocks_writes_lets_reads_through() {
    let stage = stage("LOCK TABLE users IN SHARE MODE;\nSELECT pg_sleep(0.8);\n", "");
    stage.run_with_workload(&[]).expect_code(1);
    let report = stage.report();
    assert_eq!(finding(&report, "write-stall")["relation"], "public.users");
    let findings = strategy(&report)["findings"].as_array().unwrap();
    assert!(findings.iter().all(|found| found["id"] != "read-stall"), "{findings:#?}");
    let causes = probe(&report, "change")["stalls"][0]["causes"].as_array().unwrap();
    assert!(
        causes.iter().any(|cause| cause["who"] == "migration" && cause["mode"] == "ShareLock"),
        "{causes:#?}"
    );
    stage.assert_nothing_left();
}

#[test]
fn a_fast_lock_behind_a_long_reader_stops_everybody() {
    let hold = "[[workload.hold]]\nkind = \"reader\"\ntable = \"users\"\nstart = \"before\"\nfor = \"2s\"\n";
    let stage = stage("ALTER TABLE users ADD COLUMN flag boolean DEFAULT true;\n", hold);
    let ended = stage.run_with_workload(&[]);
    ended.expect_code(1);
    let report = stage.report();
    let evidence = finding(&report, "lock-queue")["evidence"].as_str().unwrap();
    assert!(evidence.contains("waited"), "{evidence}");
    for name in ["look up", "change"] {
        let stalled_ms = probe(&report, name)["stall_ms_max"].as_f64().unwrap();
        assert!(stalled_ms > 1_000.0, "{name} stalled {stalled_ms} ms");
    }
    let queue = &rehearsal(&report)["lock_queue"];
    assert!(queue["waiting_max"].as_u64().unwrap() > 10, "{queue}");
    assert_eq!(rehearsal(&report)["holds"].as_array().unwrap().len(), 1);
    stage.assert_nothing_left();
}

#[test]
fn a_query_that_the_migration_breaks_is_named() {
    let stage = stage("ALTER TABLE users RENAME COLUMN email TO mail;\n", "");
    stage.run_with_workload(&[]).expect_code(1);
    let report = stage.report();
    let of_phase = |phase: &str| probe(&report, "look up")[phase]["42703"].as_u64().unwrap_or(0);
    assert!(of_phase("errors") + of_phase("settle_errors") > 0);
    assert_eq!(probe(&report, "change")["failed"], 0);
    let evidence = finding(&report, "app-query-broken")["evidence"].as_str().unwrap();
    assert!(evidence.contains("look up") && evidence.contains("42703"), "{evidence}");
    stage.assert_nothing_left();
}

#[test]
fn a_step_is_tried_again_until_it_gets_its_lock() {
    let hold =
        "[[workload.hold]]\nsql = \"SELECT count(*) FROM users\"\nstart = \"before\"\nfor = \"1500ms\"\n";
    let stage = stage("ALTER TABLE users ADD COLUMN flag boolean;\n", hold);
    let retry = "up = [{ file = \"up.sql\", lock_timeout = \"100ms\", retries = 50, backoff = \"100ms\" }]";
    stage.edit("scenario.toml", "up = [\"up.sql\"]", retry);
    stage.run_with_workload(&[]).expect_code(0);
    let report = stage.report();
    assert_eq!(rehearsal(&report)["outcome"], "completed");
    let attempts = rehearsal(&report)["steps"][0]["attempts"].as_array().unwrap();
    assert!(
        attempts.len() > 2 && attempts.iter().all(|attempt| attempt["sqlstate"] == "55P03"),
        "{attempts:#?}"
    );
    let stalled_ms = probe(&report, "change")["stall_ms_max"].as_f64().unwrap();
    assert!(stalled_ms < 500.0, "no stall is longer than a try: {stalled_ms} ms");
    stage.assert_nothing_left();
}

#[test]
fn a_steps_own_timeout_ends_with_it_and_the_sessions_goes_on() {
    let stage = Stage::with_steps(&[("up", "SET lock_timeout = '1234ms';\n")]);
    let is = |ms: u32| {
        format!(
            "DO $$ BEGIN ASSERT current_setting('lock_timeout') = '{ms}ms', current_setting('lock_timeout'); END $$;\n"
        )
    };
    stage.file("during.sql", &is(567));
    stage.file("after.sql", &is(1234));
    let steps = "up = [\"up.sql\", { file = \"during.sql\", lock_timeout = \"567ms\" }, \"after.sql\"]";
    stage.edit("scenario.toml", "up = [\"up.sql\"]", steps);
    stage.run(&[]).expect_code(0);
    stage.assert_nothing_left();
}

#[test]
fn a_hold_that_the_migration_breaks_is_told_and_the_rehearsal_goes_on() {
    let hold = "[[workload.hold]]\nsql = \"SELECT status FROM users\"\nstart = \"during\"\nfor = \"2s\"\n\
                [[workload.hold]]\nkind = \"reader\"\ntable = \"users\"\nstart = \"during\"\nfor = \"1h\"\n";
    let stage = stage("ALTER TABLE users DROP COLUMN status;\nSELECT pg_sleep(0.6);\n", hold);
    stage.run_with_workload(&[]).expect_code(1);
    let report = stage.report();
    assert_eq!(rehearsal(&report)["outcome"], "completed");
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("never began: ") && warnings.contains("42703"), "{warnings}");
    // The other got its lock when the migration was done, and is cut off with the rehearsal.
    let holds = rehearsal(&report)["holds"].as_array().unwrap();
    assert_eq!(holds.len(), 1, "{holds:#?}");
    assert!(holds[0]["from_ms"].as_f64().unwrap() > 500.0 && holds[0]["error"].is_null(), "{holds:#?}");
    stage.assert_nothing_left();
}

#[test]
fn what_no_update_can_set_is_not_set() {
    let stage = Stage::with_steps(&[("up", "SELECT 1;\n")]);
    stage.edit(
        "schema.sql",
        "id bigserial PRIMARY KEY",
        "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    );
    let toml = std::fs::read_to_string(stage.scenario().join("scenario.toml")).unwrap();
    let hold = "[[workload.hold]]\nkind = \"writer\"\ntable = \"users\"\nstart = \"before\"\nfor = \"1s\"\n";
    stage.file("scenario.toml", &format!("{toml}[workload]\nbaseline = \"500ms\"\n{hold}"));
    stage.run_with_workload(&[]).expect_code(0);
    let report = stage.report();
    let update = probe(&report, "users update");
    assert!(update["sql"].as_str().unwrap().contains("SET \"email\" = \"email\""), "{update:#?}");
    assert!(
        update["baseline"]["p50_ms"].as_f64().unwrap() > 0.0 && update["baseline_failed"] == 0,
        "{update:#?}"
    );
    stage.assert_nothing_left();
}

#[test]
fn without_declared_queries_every_table_is_read_and_written_by_key() {
    let stage = Stage::with_steps(&[("up", "LOCK TABLE users IN SHARE MODE;\nSELECT pg_sleep(0.7);\n")]);
    let toml = std::fs::read_to_string(stage.scenario().join("scenario.toml")).unwrap();
    stage.file("scenario.toml", &format!("{toml}[workload]\nbaseline = \"500ms\"\nsettle = \"200ms\"\n"));
    stage.run_with_workload(&[]).expect_code(1);
    let report = stage.report();
    let names: Vec<&str> = rehearsal(&report)["probes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|probe| probe["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["users read", "users update", "users insert"]);
    assert_eq!(finding(&report, "write-stall")["relation"], "public.users");
    assert_eq!(rehearsal(&report)["workload"]["by_default"], true);
    // What they write leaves the data as it was.
    assert!(rehearsal(&report)["probes"].as_array().unwrap().iter().all(|probe| probe["failed"] == 0));
    stage.assert_nothing_left();
}

#[test]
fn several_statements_of_a_probe_are_one_transaction() {
    let stage = stage("SELECT pg_sleep(0.3);\n", "");
    stage.edit(
        "scenario.toml",
        "sql = \"UPDATE users SET status = status WHERE id = $1\"\nparams = [\"users.id\"]",
        "sql = \"SELECT 1 FROM users WHERE id = $1 FOR UPDATE; UPDATE users SET status = 'new' WHERE email = $1\"\n\
         params = [\"users.id\", { column = \"users.email\", absent = 1.0 }]",
    );
    stage.run_with_workload(&[]).expect_code(0);
    let report = stage.report();
    let change = probe(&report, "change");
    assert!(change["completed"].as_u64().unwrap() > 5 && change["failed"] == 0, "{change:#?}");
    stage.assert_nothing_left();
}

#[test]
fn probes_and_holds_that_cannot_run_are_refused_with_their_place() {
    for (from, to, words) in [
        ("params = [\"users.email\"]", "params = [\"users.mail\"]", ["no column mail", "scenario.toml:15:"]),
        (
            "params = [\"users.email\"]",
            "params = [\"people.email\"]",
            ["a table people", "scenario.toml:15:"],
        ),
        ("params = [\"users.email\"]", "params = []", ["has 1 parameters, and 0", "scenario.toml:14:"]),
        ("SELECT email FROM users", "SELECT mail FROM users", ["42703", "scenario.toml:14:"]),
    ] {
        let stage = stage("SELECT 1;\n", "");
        stage.edit("scenario.toml", from, to);
        stage.run_with_workload(&[]).expect_code(2).expect_stderr(&words);
        stage.assert_nothing_left();
    }
    for probe_sql in ["-- nothing", "SELECT pg_sleep(1000)"] {
        let stage = stage("SELECT 1;\n", "");
        stage.edit(
            "scenario.toml",
            "SELECT email FROM users WHERE email = $1\"\nparams = [\"users.email\"]",
            &format!("{probe_sql}\"\nparams = []"),
        );
        stage.run_with_workload(&[]).expect_code(2).expect_stderr(&["look up", "scenario.toml:14:"]);
        stage.assert_nothing_left();
    }
    let hold = "[[workload.hold]]\nkind = \"reader\"\ntable = \"people\"\nstart = \"during\"\nfor = \"2s\"\n";
    let misnamed = stage("SELECT 1;\n", hold);
    let ended = misnamed.run_with_workload(&["--rows", "users=5M"]);
    ended.expect_code(2).expect_stderr(&["people", "scenario.toml:25:"]);
    misnamed.assert_nothing_left();
    let hold = "[[workload.hold]]\nsql = \"SELECT * FROM nowhere\"\nstart = \"before\"\nfor = \"2s\"\n";
    let stage = stage("SELECT 1;\n", hold);
    stage.run_with_workload(&[]).expect_code(2).expect_stderr(&["nowhere", "scenario.toml:"]);
    stage.assert_nothing_left();
}
