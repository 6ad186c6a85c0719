//! Strategies in phases, and the versions of the application that live through them.

use serde_json::Value;

use crate::stage::Stage;

const WORKLOAD: &str = "
[workload]
baseline = \"300ms\"
settle = \"300ms\"
[[workload.probe]]
name = \"old\"
version = \"v1\"
kind = \"write\"
sql = \"UPDATE users SET status = md5(random()::text) WHERE id = $1\"
params = [\"users.id\"]
rate = 40
[[workload.probe]]
name = \"new\"
version = \"v2\"
kind = \"write\"
sql = \"UPDATE users SET status = status || '!', state = status || '!' WHERE id = $1\"
params = [\"users.id\"]
rate = 40
";

fn stage(phases: &str) -> Stage {
    let stage = Stage::empty();
    let head = "title = \"Test\"\nschema = \"schema.sql\"\nprofile = \"profile.toml\"\n[[strategy]]\nname = \"phased\"\n";
    stage.file("scenario.toml", &format!("{head}{phases}{WORKLOAD}"));
    stage.file("schema.sql", "CREATE TABLE users (id bigserial PRIMARY KEY, status text NOT NULL);\n");
    stage.file("profile.toml", "[tables.users]\nrows = 5_000\n");
    stage.file("add.sql", "ALTER TABLE users ADD COLUMN state text;\n");
    stage.file("fill.sql", "UPDATE users SET state = status WHERE state IS DISTINCT FROM status;\n");
    stage.file("drop.sql", "ALTER TABLE users DROP COLUMN status;\n");
    stage
}

const VERIFY: &str = "[[strategy.phase.verify]]\nname = \"both agree\"\n\
    sql = \"SELECT 1 FROM users WHERE state IS DISTINCT FROM status -- in every row\"\n";

fn strategy(stage: &Stage) -> Value {
    stage.assert_nothing_left();
    stage.report()["strategies"][0].clone()
}

fn ids(strategy: &Value) -> Vec<&str> {
    let findings = strategy["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

#[test]
fn each_version_lives_through_its_phases_and_the_data_agrees() {
    let stage = stage(&format!(
        "irreversible = \"a test\"\n\
         [[strategy.phase]]\nname = \"expand\"\nup = [\"add.sql\"]\nprobes = [\"v1\"]\n\
         [[strategy.phase]]\nname = \"deploy\"\nprobes = [\"v2\"]\n\
         [[strategy.phase]]\nname = \"backfill\"\nup = [\"fill.sql\"]\nprobes = [\"new\"]\n{VERIFY}"
    ));
    stage.run_with_workload(&[]).expect_code(0);
    let strategy = strategy(&stage);
    let rehearsal = &strategy["rehearsals"][0];
    let phases: Vec<_> = rehearsal["phases"].as_array().unwrap().iter().collect();
    let told: Vec<_> = phases.iter().map(|phase| (&phase["name"], phase["probes"].to_string())).collect();
    assert_eq!(told.len(), 3);
    assert_eq!(told[0], (&"expand".into(), "[\"old\"]".to_owned()));
    assert_eq!(told[2], (&"backfill".into(), "[\"new\"]".to_owned()));
    assert!(
        phases.windows(2).all(|two| two[0]["to_ms"].as_f64() <= two[1]["from_ms"].as_f64()),
        "{phases:?}"
    );
    let checks = rehearsal["checks"].as_array().unwrap();
    assert_eq!((checks.len(), &checks[0]["violations"]), (1, &0.into()), "{checks:?}");
    for probe in rehearsal["probes"].as_array().unwrap() {
        let sent = probe["completed"].as_u64().unwrap();
        assert!(sent > 0 && probe["failed"] == 0 && probe["settle_failed"] == 0, "{probe}");
    }
    // The pauses between the phases are no part of its duration.
    let pauses_ms = 600.0;
    let end_ms = phases[2]["to_ms"].as_f64().unwrap();
    assert!(rehearsal["duration_ms"].as_f64().unwrap() <= end_ms - pauses_ms, "{phases:?}");
}

#[test]
fn a_version_that_should_work_and_does_not_is_named() {
    let stage = stage(
        "irreversible = \"a test\"\n[[strategy.phase]]\nname = \"expand\"\nup = [\"add.sql\"]\nprobes = [\"v1\"]\n\
         [[strategy.phase]]\nname = \"contract\"\nup = [\"drop.sql\"]\nprobes = [\"v1\"]\n",
    );
    stage.run_with_workload(&[]).expect_code(1);
    let strategy = strategy(&stage);
    let findings = strategy["findings"].as_array().unwrap();
    let broken = findings.iter().find(|finding| finding["id"] == "app-query-broken").unwrap();
    let evidence = broken["evidence"].as_str().unwrap();
    for word in ["v1", "contract", "42703", "status"] {
        assert!(evidence.contains(word), "no {word} in {evidence}");
    }
}

#[test]
fn data_that_does_not_agree_fails_the_strategy() {
    let stage = stage(&format!(
        "irreversible = \"a test\"\n[[strategy.phase]]\nname = \"expand\"\nup = [\"add.sql\", \"fill.sql\"]\nprobes = [\"v1\"]\n{VERIFY}"
    ));
    let ended = stage.run_with_workload(&[]);
    ended.expect_code(1);
    let strategy = strategy(&stage);
    assert!(ids(&strategy).contains(&"data-inconsistent"), "{:?}", ids(&strategy));
    assert!(ended.stdout.contains("both agree"), "{}", ended.stdout);
}

#[test]
fn a_check_that_cannot_be_made_is_no_pass() {
    let stage = stage(
        "irreversible = \"a test\"\nup = [\"add.sql\"]\nprobes = [\"v1\"]\n\
         [[strategy.verify]]\nname = \"wrong\"\nsql = \"SELECT nothing FROM users\"\n",
    );
    stage.run_with_workload(&[]).expect_code(1);
    let strategy = strategy(&stage);
    let lines = strategy["budget"].as_array().unwrap();
    let verify = lines.iter().find(|line| line["limit"] == "verify").unwrap();
    assert_eq!((&verify["status"], &verify["broken"]), (&"not_measured".into(), &true.into()));
}

#[test]
fn a_loop_inside_one_statement_is_seen_to_move() {
    let stage = Stage::with_steps(&[(
        "fill",
        "DO $$ BEGIN FOR batch IN 0..19 LOOP UPDATE users SET status = 'x' WHERE id > batch * 100 AND id <= batch * 100 + 100; \
         COMMIT; END LOOP; END $$;",
    )]);
    stage.run(&[]).expect_code(0);
    let strategy = strategy(&stage);
    let backfill = &strategy["rehearsals"][0]["backfills"][0];
    assert_eq!((&backfill["rows"], &backfill["batches"]), (&2_000.into(), &20.into()), "{backfill}");
    assert_eq!((&backfill["batch_rows_max"], &backfill["ended"]), (&100.into(), &true.into()), "{backfill}");
    let transactions = backfill["transactions"].as_u64().unwrap();
    assert!((20..=21).contains(&transactions), "{backfill}");
}

#[test]
fn a_loop_that_changes_the_same_rows_again_and_again_is_named() {
    let stage = Stage::with_steps(&[(
        "fill",
        "DO $$ BEGIN LOOP UPDATE users SET status = status; COMMIT; END LOOP; END $$;",
    )]);
    let toml = std::fs::read_to_string(stage.scenario().join("scenario.toml")).unwrap();
    stage.file("scenario.toml", &(toml + "[budget]\nduration = \"3s\"\n"));
    stage.run(&[]).expect_code(1);
    let strategy = strategy(&stage);
    let ids = ids(&strategy);
    assert!(ids.contains(&"backfill-no-progress") && ids.contains(&"timed-out"), "{ids:?}");
}
