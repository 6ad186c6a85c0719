//! The way back: down after up, and up again.

use serde_json::Value;

use crate::stage::{Ended, Stage};

/// A scenario whose only strategy has these steps up and down.
fn stage(up: &str, down: &str) -> Stage {
    let stage = Stage::with_steps(&[("change", up)]);
    stage.edit("scenario.toml", "up = [\"change.sql\"]", "up = [\"change.sql\"]\ndown = [\"back.sql\"]");
    stage.file("back.sql", down);
    stage
}

fn rehearsed(stage: &Stage, more: &[&str], code: i32) -> (Ended, Value) {
    let ended = stage.run(more);
    ended.expect_code(code);
    stage.assert_nothing_left();
    let report = stage.report();
    (ended, report["strategies"][0].clone())
}

fn rollback(strategy: &Value) -> &Value {
    &strategy["rehearsals"][0]["rollback"]
}

fn found(strategy: &Value, id: &str) -> Option<String> {
    let findings = strategy["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["id"] == id)?;
    Some(finding["evidence"].as_str().unwrap().to_owned())
}

fn line<'a>(strategy: &'a Value, limit: &str) -> Option<&'a Value> {
    strategy["budget"].as_array().unwrap().iter().find(|line| line["limit"] == limit)
}

#[test]
fn down_restores_schema_and_data_and_up_works_again() {
    let stage = stage("ALTER TABLE users ADD COLUMN n int DEFAULT 3;", "ALTER TABLE users DROP COLUMN n;");
    let (ended, strategy) = rehearsed(&stage, &[], 0);
    let back = rollback(&strategy);
    assert_eq!(
        (&back["ran"], &back["schema_equal"], &back["data_equal"]),
        (&true.into(), &true.into(), &true.into())
    );
    assert_eq!(back["differences"].as_array().unwrap().len(), 0, "{back}");
    assert_eq!(back["statements"].as_array().unwrap().len(), 1);
    assert_eq!((&back["reapply"]["ran"], &back["reapply"]["schema_equal"]), (&true.into(), &true.into()));
    assert_eq!(line(&strategy, "broken_rollback").unwrap()["status"], "pass");
    // What goes back is no part of the way up.
    assert_eq!(strategy["rehearsals"][0]["statements"].as_array().unwrap().len(), 1);
    assert!(ended.stdout.contains("PASS"), "{}", ended.stdout);
}

#[test]
fn a_down_that_fails_fails_the_strategy() {
    let stage = stage("ALTER TABLE users ADD COLUMN n int;", "ALTER TABLE users\n  DROP COLUMN m;");
    let (ended, strategy) = rehearsed(&stage, &[], 1);
    assert_eq!(rollback(&strategy)["ran"], false);
    let evidence = found(&strategy, "rollback-failed").unwrap();
    for word in ["42703", "column \"m\"", "back.sql:1"] {
        assert!(evidence.contains(word), "no {word} in {evidence}");
    }
    assert_eq!(line(&strategy, "broken_rollback").unwrap()["status"], "fail");
    assert!(ended.stdout.contains("rollback-failed"), "{}", ended.stdout);

    stage.file(
        "scenario.toml",
        &(std::fs::read_to_string(stage.scenario().join("scenario.toml")).unwrap()
            + "[budget]\nbroken_rollback = \"allow\"\n"),
    );
    let (_, strategy) = rehearsed(&stage, &[], 0);
    assert!(found(&strategy, "rollback-failed").is_some() && line(&strategy, "broken_rollback").is_none());
}

#[test]
fn a_down_that_does_not_lead_back_is_noticed() {
    let up = "CREATE INDEX users_status ON users (status); ALTER TABLE users ADD COLUMN n int;";
    let stage = stage(up, "ALTER TABLE users DROP COLUMN n;");
    let (_, strategy) = rehearsed(&stage, &[], 1);
    assert_eq!(rollback(&strategy)["schema_equal"], false);
    assert!(found(&strategy, "rollback-incomplete").unwrap().contains("users_status"));
    // The index is there when it is to be made again.
    assert!(found(&strategy, "reapply-failed").unwrap().contains("42P07"));
}

#[test]
fn values_that_do_not_come_back_are_counted() {
    let stage = stage("ALTER TABLE users DROP COLUMN status;", "ALTER TABLE users ADD COLUMN status text;");
    stage.edit("schema.sql", "status text NOT NULL", "status text");
    let (ended, strategy) = rehearsed(&stage, &[], 0);
    let back = rollback(&strategy);
    assert_eq!((&back["schema_equal"], &back["data_equal"]), (&true.into(), &false.into()));
    let evidence = found(&strategy, "rollback-loses-data").unwrap();
    assert!(evidence.contains("public.users.status") && evidence.contains("2,000 values"), "{evidence}");
    assert!(ended.stdout.contains("2,000 values"), "{}", ended.stdout);
}

#[test]
fn an_up_that_leaves_half_of_its_work_is_not_rolled_back() {
    let stage = stage(
        "-- Statement by statement.\nALTER TABLE users ADD COLUMN n int;\nCREATE INDEX CONCURRENTLY ON users (m);\n",
        "ALTER TABLE users DROP COLUMN n;",
    );
    let (_, strategy) = rehearsed(&stage, &[], 1);
    let evidence = found(&strategy, "half-applied").unwrap();
    assert!(evidence.contains("public.users") && evidence.contains('n'), "{evidence}");
    assert!(rollback(&strategy)["skipped"].as_str().unwrap().contains("did not come to its end"));
    assert_ne!(line(&strategy, "broken_rollback").unwrap()["status"], "pass");
}

#[test]
fn it_is_left_out_where_that_is_asked_for_and_nobody_says_that_it_works() {
    let stage = stage("ALTER TABLE users ADD COLUMN n int;", "SELECT 1/0;");
    let (_, strategy) = rehearsed(&stage, &["--no-rollback"], 0);
    assert!(rollback(&strategy)["skipped"].is_string(), "{}", rollback(&strategy));
    assert_eq!(line(&strategy, "broken_rollback").unwrap()["status"], "not_measured");
    let seventh = strategy["checklist"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(seventh["status"], "not_measured", "{seventh}");
}

#[test]
fn the_application_can_go_on_beside_it_and_is_not_mistaken_for_the_migration() {
    let stage = stage("ALTER TABLE users ADD COLUMN n int;", "ALTER TABLE users DROP COLUMN n;");
    let toml = std::fs::read_to_string(stage.scenario().join("scenario.toml")).unwrap();
    let workload = "[workload]\nbaseline = \"300ms\"\nsettle = \"300ms\"\nduring_rollback = true\n\
        [[workload.probe]]\nname = \"mark\"\nkind = \"write\"\nrate = 50\nparams = [\"users.id\"]\n\
        sql = \"UPDATE users SET status = md5(random()::text) WHERE id = $1\"\n";
    stage.file("scenario.toml", &(toml + workload));
    let ended = stage.run_with_workload(&[]);
    ended.expect_code(0);
    let strategy = stage.report()["strategies"][0].clone();
    let back = rollback(&strategy);
    assert!(
        back["probes"][0]["due"].as_u64().unwrap() + back["probes"][0]["completed"].as_u64().unwrap() > 0,
        "{back}"
    );
    assert_eq!(back["data_equal"], Value::Null, "only the application changed a value: {back}");
    assert!(back["not_compared"].to_string().contains("status"), "{back}");
    assert!(found(&strategy, "rollback-loses-data").is_none());
}

#[test]
fn a_version_that_the_down_brings_back_may_fail_until_then() {
    let stage = stage(
        "ALTER TABLE users RENAME COLUMN status TO state;",
        "ALTER TABLE users RENAME COLUMN state TO status;",
    );
    let toml = std::fs::read_to_string(stage.scenario().join("scenario.toml")).unwrap();
    let workload = "[workload]\nbaseline = \"300ms\"\nsettle = \"300ms\"\nduring_rollback = true\n\
        [[workload.probe]]\nname = \"status\"\nkind = \"read\"\nrate = 50\nparams = [\"users.id\"]\n\
        sql = \"SELECT status FROM users WHERE id = $1\"\n";
    stage.file("scenario.toml", &(toml + workload));
    stage.run_with_workload(&[]).expect_code(1);
    let strategy = stage.report()["strategies"][0].clone();
    assert!(found(&strategy, "app-query-broken").unwrap().contains("42703"));
    let back = rollback(&strategy);
    assert_eq!((&back["ran"], &back["data_equal"]), (&true.into(), &true.into()), "{back}");
    let settled = back["probes"][0]["settle"]["max_ms"].as_f64();
    assert!(settled.is_some() && back["probes"][0]["settle_failed"] == 0, "it works again: {back}");
}
