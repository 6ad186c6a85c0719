//! The data is proven: what was declared is what was loaded, and what was not shows.

use serde_json::Value;

use crate::stage::Stage;

fn checks(report: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for table in report["dataset"]["tables"].as_array().unwrap() {
        let columns = table["columns"].as_array().unwrap().iter();
        for (name, owner) in
            [("", table)].into_iter().chain(columns.map(|column| (column["name"].as_str().unwrap(), column)))
        {
            for check in owner["checks"].as_array().unwrap() {
                all.push((format!("{name} {}", check["metric"].as_str().unwrap()), check.clone()));
            }
        }
    }
    all
}

#[test]
fn every_check_of_the_bundled_scenario_holds_whatever_the_seed() {
    for seed in ["1", "2", "3"] {
        let stage = Stage::empty();
        let more = ["--no-workload", "--scale", "0.05", "--strategy", "plain", "--seed", seed];
        let ended = stage.run_scenario("index-without-downtime", &more);
        let report = stage.report();
        let checks = checks(&report);
        let failed: Vec<_> = checks.iter().filter(|(_, check)| check["ok"] != true).collect();
        assert!(failed.is_empty(), "seed {seed}: {failed:#?}");
        assert_eq!(report["dataset"]["fidelity_ok"], true);
        for metric in [
            "org_id nulls",
            "org_id n_distinct",
            "is_active count[true]",
            "is_active most_common_freqs[true]",
            "created_at histogram_bounds",
            "created_at correlation",
            "bio avg_width",
        ] {
            assert!(checks.iter().any(|(name, _)| name == metric), "no {metric} among {checks:#?}");
        }
        assert!(ended.stdout.contains("checks hold"), "{}", ended.stdout);
    }
}

#[test]
fn statistics_that_are_not_those_of_the_plan_fail_and_missing_ones_do_not_pass() {
    let stage = Stage::with_steps(&[("nothing", "SELECT 1;")]);
    stage.file(
        "schema.sql",
        "CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL, status text NOT NULL);\n\
         ALTER TABLE users ALTER COLUMN status SET (n_distinct = 500);\n\
         ALTER TABLE users ALTER COLUMN email SET STATISTICS 0;\n",
    );
    stage.file(
        "profile.toml",
        "[tables.users]\nrows = 2_000\n\
         [tables.users.columns.status]\nmost_common = { active = 0.9, gone = 0.1 }\n",
    );
    let ran = stage.run(&[]);
    ran.expect_code(0);
    let report = stage.report();
    let failed: Vec<String> =
        checks(&report).into_iter().filter(|(_, check)| check["ok"] != true).map(|(name, _)| name).collect();
    assert_eq!(failed, ["status n_distinct"]);
    assert_eq!(report["dataset"]["fidelity_ok"], false);
    assert_eq!(report["dataset"]["fidelity"]["failed"], 1);
    let email = &report["dataset"]["tables"][0]["columns"][1];
    assert_eq!(email["not_measured"][0]["metric"], "pg_stats", "{email}");
    assert!(ran.stdout.contains("DOES NOT HOLD"), "{}", ran.stdout);
    assert!(ran.stdout.contains("The data is not what was declared"), "{}", ran.stdout);
}

#[test]
fn verifying_leaves_nothing_behind() {
    let seen = "DO $$ BEGIN RAISE NOTICE 'found % % %', (SELECT count(*) FROM pg_statistic_ext), \
                (SELECT count(*) FROM pg_extension), (SELECT count(*) FROM pg_namespace WHERE oid >= 16384); END $$;";
    let stage = Stage::with_steps(&[("look", seen)]);
    stage.run(&[]).expect_code(0);
    let notice = stage.record().into_iter().find_map(|entry| {
        let message = entry["message"].as_str()?;
        message.strip_prefix("found ").map(str::to_owned)
    });
    assert_eq!(notice.as_deref(), Some("0 1 0"), "plpgsql is the only extension");
}
