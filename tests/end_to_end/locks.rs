//! What the lock watch sees.

use serde_json::Value;

use crate::stage::Stage;

fn relation_modes(strategy: &Value) -> Vec<(String, String)> {
    let locks = strategy["rehearsals"][0]["locks"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    locks.iter().map(|lock| (text(&lock["relation"]), text(&lock["mode"]))).collect()
}

fn has(strategy: &Value, relation: &str, mode: &str) -> bool {
    relation_modes(strategy).contains(&(relation.to_owned(), mode.to_owned()))
}

#[test]
fn a_foreign_key_locks_the_referenced_table_too() {
    let stage = Stage::with_steps(&[(
        "key",
        "CREATE TABLE notes (user_id bigint);\nALTER TABLE notes ADD FOREIGN KEY (user_id) REFERENCES users;\n",
    )]);
    stage.run(&[]).expect_code(0);
    let report = stage.report();
    let strategy = &report["strategies"][0];
    assert!(has(strategy, "public.users", "ShareRowExclusiveLock"), "{:#?}", relation_modes(strategy));
    let locks = strategy["rehearsals"][0]["locks"].as_array().unwrap();
    let created = |name: &str| {
        let mut of_it = locks.iter().filter(|lock| lock["relation"] == name).peekable();
        assert!(of_it.peek().is_some(), "no lock on {name}");
        of_it.all(|lock| lock["created_by_migration"] == true)
    };
    assert!(created("public.notes"));
    assert!(!created("public.users"));
    assert!(
        locks.iter().all(|lock| !lock["relation"].as_str().unwrap().starts_with("pg_catalog.")),
        "{locks:#?}"
    );
}

#[test]
fn a_rewrite_is_recognised_and_a_change_of_the_catalog_is_not_one() {
    let stage = Stage::with_steps(&[
        ("rewrite", "ALTER TABLE users ALTER COLUMN status TYPE varchar(10);\n"),
        ("catalog", "ALTER TABLE users ADD COLUMN active boolean NOT NULL DEFAULT true;\n"),
        ("scan", "ALTER TABLE users ADD CONSTRAINT short CHECK (length(status) < 1000);\n"),
    ]);
    stage.run(&[]).expect_code(0);
    let report = stage.report();
    let statement = |strategy: usize| &report["strategies"][strategy]["rehearsals"][0]["statements"][0];
    assert_eq!(statement(0)["rewrites"], serde_json::json!(["public.users"]));
    assert_eq!(statement(1)["rewrites"], serde_json::json!([]));
    assert_eq!(statement(1)["scans"], serde_json::json!([]));
    assert_eq!(statement(2)["scans"], serde_json::json!(["public.users"]));
    assert_eq!(statement(2)["rewrites"], serde_json::json!([]));
    assert!(statement(0)["wal_bytes"].as_u64().unwrap() > statement(1)["wal_bytes"].as_u64().unwrap());
    for strategy in 0..3 {
        assert!(has(&report["strategies"][strategy], "public.users", "AccessExclusiveLock"));
    }
}

#[test]
fn a_lock_is_held_until_its_transaction_ends() {
    let stage = Stage::with_steps(&[
        ("together", "ALTER TABLE users ADD COLUMN a int;\nSELECT pg_sleep(0.5);\n"),
        ("apart", "BEGIN;\nALTER TABLE users ADD COLUMN a int;\nCOMMIT;\nSELECT pg_sleep(0.5);\n"),
    ]);
    stage.run(&[]).expect_code(0);
    let report = stage.report();
    let hold = |strategy: usize| {
        let locks = report["strategies"][strategy]["rehearsals"][0]["locks"].as_array().unwrap();
        let exclusive =
            |lock: &&Value| lock["relation"] == "public.users" && lock["mode"] == "AccessExclusiveLock";
        locks.iter().find(exclusive).unwrap()["hold_ms"].as_f64().unwrap()
    };
    assert!(hold(0) >= 500.0, "{}", hold(0));
    assert!(hold(1) < 450.0, "{}", hold(1));
}

#[test]
fn an_index_that_cannot_be_built_is_left_invalid_and_found() {
    let stage = Stage::with_steps(&[("twice", "CREATE UNIQUE INDEX CONCURRENTLY once ON users (status);\n")]);
    stage.file(
        "profile.toml",
        "[tables.users]\nrows = 2000\n[tables.users.columns.status]\nmost_common = { a = 0.5, b = 0.5 }\n",
    );
    stage.run(&[]).expect_code(1);
    let report = stage.report();
    assert_eq!(
        report["strategies"][0]["rehearsals"][0]["after"]["invalid_indexes"],
        serde_json::json!(["public.once"])
    );
    let findings = report["strategies"][0]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["id"] == "invalid-index-left"), "{findings:?}");
}

#[test]
fn locks_outside_a_transaction_are_sampled() {
    let stage = Stage::with_steps(&[("vacuum", "VACUUM (FULL) users;\n")]);
    stage.file("profile.toml", "[tables.users]\nrows = 100_000\n");
    stage.run(&[]).expect_code(0);
    let report = stage.report();
    let locks = report["strategies"][0]["rehearsals"][0]["locks"].as_array().unwrap();
    let full = locks
        .iter()
        .find(|lock| lock["relation"] == "public.users" && lock["mode"] == "AccessExclusiveLock")
        .expect("VACUUM FULL takes AccessExclusiveLock");
    assert_eq!(full["source"], "sampler");
    assert_eq!(full["blocks"], "both");
    let statement = &report["strategies"][0]["rehearsals"][0]["statements"][0];
    assert_eq!(statement["rewrites"], serde_json::json!(["public.users"]));
    let (held, took) = (full["hold_ms"].as_f64().unwrap(), statement["duration_ms"].as_f64().unwrap());
    assert!(held <= took && held >= took * 0.5, "held {held} ms of {took} ms");
}
