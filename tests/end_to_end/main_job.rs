//! The bundled scenario, end to end, at a small scale.

use serde_json::Value;

use crate::stage::{Stage, wait};

fn strategy<'a>(report: &'a Value, name: &str) -> &'a Value {
    let strategies = report["strategies"].as_array().unwrap();
    strategies.iter().find(|strategy| strategy["name"] == name).unwrap()
}

fn locks(strategy: &Value) -> Vec<&Value> {
    strategy["rehearsals"][0]["locks"].as_array().unwrap().iter().collect()
}

#[test]
fn indexing_blocks_writes_and_indexing_concurrently_does_not() {
    let stage = Stage::empty();
    let ended = stage.run_scenario("index-without-downtime", &["--scale", "0.3"]);
    ended.expect_code(0);
    stage.assert_nothing_left();

    let report = stage.report();
    assert_eq!(report["dataset"]["rows"], 300_000);
    assert_eq!(report["environment"]["settings"]["fsync"], "on");

    let plain = strategy(&report, "plain");
    let statement = &plain["rehearsals"][0]["statements"][0];
    let share = locks(plain)
        .into_iter()
        .find(|lock| lock["relation"] == "public.users" && lock["mode"] == "ShareLock")
        .expect("CREATE INDEX takes ShareLock");
    assert_eq!(share["blocks"], "writes");
    assert_eq!(share["source"], "session");
    let (held, took) = (share["hold_ms"].as_f64().unwrap(), statement["duration_ms"].as_f64().unwrap());
    let committed = plain["rehearsals"][0]["duration_ms"].as_f64().unwrap();
    assert!(
        held >= took * 0.9 && held <= committed * 1.05,
        "held {held} ms, took {took} ms of {committed} ms"
    );

    let concurrently = strategy(&report, "concurrently");
    let of_users: Vec<_> =
        locks(concurrently).into_iter().filter(|lock| lock["relation"] == "public.users").collect();
    assert!(of_users.iter().any(|lock| lock["mode"] == "ShareUpdateExclusiveLock"), "{of_users:?}");
    assert!(of_users.iter().all(|lock| lock["blocks"] == "none"), "{of_users:?}");
    assert_eq!(concurrently["rehearsals"][0]["statements"][0]["transaction"], "none");

    for word in ["plain", "concurrently", "ShareLock", "public.users"] {
        assert!(ended.stdout.contains(word), "no {word} in\n{}", ended.stdout);
    }
}

#[test]
fn reports_are_rebuilt_from_the_record_byte_for_byte() {
    let stage = Stage::with_steps(&[("add", "ALTER TABLE users ADD COLUMN note text;")]);
    let ran = stage.run(&[]);
    ran.expect_code(0);
    let record = stage.out().join("record.jsonl");
    let rebuilt = |format: &str| {
        let ended = wait(stage.command(&["report", record.to_str().unwrap(), "--format", format]));
        ended.expect_code(0);
        ended.stdout
    };
    let written = |name: &str| std::fs::read_to_string(stage.out().join(name)).unwrap();
    assert_eq!(rebuilt("json"), written("report.json"));
    assert_eq!(rebuilt("markdown"), written("report.md"));
    assert_eq!(rebuilt("text"), ran.stdout);
}

#[test]
fn an_ordinary_user_can_run_it() {
    if !nix::unistd::Uid::effective().is_root() {
        // Then all other tests have shown it.
        return;
    }
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    let stage = Stage::with_steps(&[("add", "ALTER TABLE users ADD COLUMN note text;")]);
    // The checkout may be out of reach for somebody else.
    let program = stage.scenario().join("pgrehearse");
    std::fs::copy(env!("CARGO_BIN_EXE_pgrehearse"), &program).unwrap();
    let out = stage.work().join("reports");
    let mut command = std::process::Command::new("setpriv");
    command
        .args(["--reuid", "nobody", "--regid", &nobody.gid.to_string(), "--clear-groups", "--reset-env"])
        .arg(&program)
        .arg("run")
        .arg(stage.scenario())
        .arg("--out")
        .arg(&out)
        .arg("--work-dir")
        .arg(stage.work())
        .current_dir("/");
    wait(command).expect_code(0);
    assert!(out.join("report.json").exists());
    std::fs::remove_dir_all(&out).unwrap();
    stage.assert_nothing_left();
}

#[test]
fn the_same_seed_gives_the_same_rows_and_another_seed_others() {
    let checksum = "CREATE TABLE sum AS SELECT md5(string_agg(u::text, ',' ORDER BY id)) AS md5 FROM users u;\n\
                    DO $$ BEGIN RAISE NOTICE 'checksum %', (SELECT md5 FROM sum); END $$;";
    let stage = Stage::with_steps(&[("sum", checksum)]);
    let sum = |seed: &str| {
        stage.run(&["--seed", seed]).expect_code(0);
        let notice = stage.record().into_iter().find_map(|entry| {
            let message = entry["message"].as_str()?;
            message.strip_prefix("checksum ").map(str::to_owned)
        });
        notice.expect("the notice is in the record")
    };
    assert_eq!(sum("7"), sum("7"));
    assert_ne!(sum("7"), sum("8"));
}
