//! Data without a rehearsal: what it has besides rows, on a disposable server and on a given one.

use std::collections::BTreeMap;

use pgrehearse::postgres::HOME_DATABASE;
use pgrehearse::server::discover::{self, Places};
use pgrehearse::server::{LocalServer, WorkDir};
use pgrehearse_reports::event::ServerPurpose;
use serde_json::Value;

use crate::stage::Stage;

/// A check of a table as a whole.
fn check<'a>(report: &'a Value, table: &str, metric: &str) -> &'a Value {
    let tables = report["dataset"]["tables"].as_array().unwrap();
    let table = tables.iter().find(|found| found["name"] == table).unwrap();
    let checks = table["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["metric"] == metric)
        .unwrap_or_else(|| panic!("no {metric} in {checks:#?}"))
}

#[test]
fn the_shop_is_as_it_is_declared() {
    for seed in ["42", "7"] {
        let stage = Stage::empty();
        let ended = stage.generate("shop", &["--scale", "0.02", "--seed", seed]);
        ended.expect_code(0);
        assert!(ended.stdout.contains("Fidelity  all "), "{}", ended.stdout);
        let report = stage.report();
        assert_eq!(report["dataset"]["fidelity_ok"], true);
        assert_eq!(report["dataset"]["rows"], 115_000);
        for (table, metric) in [
            ("public.customers", "dead_frac"),
            ("public.products", "free_frac"),
            ("public.products", "all_visible_frac"),
            ("public.events", "toasted"),
        ] {
            assert_eq!(check(&report, table, metric)["ok"], true, "{table} {metric}");
        }
        stage.assert_nothing_left();
    }
}

#[test]
fn pages_are_in_the_declared_state() {
    let stage = Stage::with_steps(&[("one", "SELECT 1;")]);
    let columns = "id bigserial PRIMARY KEY, email text NOT NULL UNIQUE";
    stage.file(
        "schema.sql",
        &format!(
            "CREATE TABLE dead ({columns});\nCREATE TABLE roomy ({columns}) WITH (fillfactor = 80);\n\
             CREATE TABLE hidden ({columns});\nCREATE TABLE everything ({columns});\n"
        ),
    );
    stage.file(
        "profile.toml",
        "[tables.dead]\nrows = 30_000\ndead_frac = 0.2\n[tables.roomy]\nrows = 30_000\nfree_frac = 0.3\n\
         [tables.hidden]\nrows = 60_000\nall_visible_frac = 0.6\n\
         [tables.everything]\nrows = 60_000\ndead_frac = 0.1\nfree_frac = 0.1\nall_visible_frac = 0.7\n",
    );
    stage.generate(stage.scenario().to_str().unwrap(), &[]).expect_code(0);
    let report = stage.report();
    let measured = |table: &str, metric: &str| check(&report, table, metric)["measured"].as_f64().unwrap();
    assert_eq!(measured("public.dead", "dead_frac"), 0.2);
    assert!((measured("public.everything", "dead_frac") - 0.1).abs() < 1e-4);
    assert!((measured("public.everything", "all_visible_frac") - 0.7).abs() < 0.01);
    assert!((measured("public.hidden", "all_visible_frac") - 0.6).abs() < 0.01);
    stage.assert_nothing_left();
}

#[test]
fn more_dead_tuples_than_hidden_pages_hold_are_refused() {
    let stage = Stage::with_steps(&[("one", "SELECT 1;")]);
    stage.file("schema.sql", "CREATE TABLE users (id int PRIMARY KEY) WITH (fillfactor = 70);\n");
    stage.file("profile.toml", "[tables.users]\nrows = 2_000\nfree_frac = 0.1\n");
    let scenario = stage.scenario();
    let ended = stage.generate(scenario.to_str().unwrap(), &[]);
    ended.expect_code(2).expect_stderr(&["fillfactor of 70", "0.30", "profile.toml:3:13"]);
    stage.assert_nothing_left();
}

/// A server that runs already, and its address.
async fn somebodys_server(stage: &Stage, purpose: ServerPurpose) -> (LocalServer, String) {
    let work_dir = WorkDir::choose(Some(&stage.work()));
    let binaries = discover::choose(&Places::of_this_machine(None), None).unwrap();
    let mut server = LocalServer::create(binaries, &work_dir, BTreeMap::new()).await.unwrap();
    server.start(purpose).await.unwrap();
    let url = format!("postgresql://pgrehearse@{}:{}/{HOME_DATABASE}", socket(&server), server.port());
    (server, url)
}

/// The directory of its socket, as a URL has it.
fn socket(server: &LocalServer) -> String {
    server.socket_dir().to_str().unwrap().replace('/', "%2F")
}

#[test]
fn a_given_server_gets_a_new_database_and_keeps_everything_else() {
    let stage = Stage::with_steps(&[("one", "SELECT 1;")]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (server, url) = somebodys_server(&stage, ServerPurpose::Rehearse).await;
        let client = server.endpoint().connect_as_superuser(HOME_DATABASE, "test").await.unwrap();
        let databases = "SELECT datname::text FROM pg_database ORDER BY 1";
        let names = async || -> Vec<String> {
            client.query(databases, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
        };
        let before = names().await;
        let scenario = stage.scenario();
        for number in ["", "_2"] {
            let ended = stage.generate(scenario.to_str().unwrap(), &["--server", &url]);
            ended.expect_code(0).expect_stderr(&[&format!("database: pgrehearse_scenario{number}")]);
        }
        // One that fails leaves nothing behind.
        stage.file(
            "schema.sql",
            "CREATE TABLE users (id bigint PRIMARY KEY, p point NOT NULL);\nCREATE TABEL x;\n",
        );
        stage.generate(scenario.to_str().unwrap(), &["--server", &url]).expect_code(2);
        let mut after = before;
        after.extend(["pgrehearse_scenario".to_owned(), "pgrehearse_scenario_2".to_owned()]);
        after.sort();
        assert_eq!(names().await, after);
        let made = server.endpoint().connect_as_superuser("pgrehearse_scenario", "test").await.unwrap();
        let rows: i64 = made.query_one("SELECT count(*) FROM users", &[]).await.unwrap().get(0);
        assert_eq!(rows, 2_000);
        let record = std::fs::read_to_string(stage.out().join("record.jsonl")).unwrap();
        assert!(!record.contains(&socket(&server)) && !record.contains("postgresql://"), "{record}");
        drop((client, made));
        server.tear_down().await.unwrap();
    });
    stage.assert_nothing_left();
}

#[test]
fn rows_are_the_same_with_any_number_of_threads_and_every_time() {
    let stage = Stage::empty();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (server, url) = somebodys_server(&stage, ServerPurpose::Load).await;
        let mut first = Vec::new();
        for (database, threads) in [
            ("pgrehearse_shop", "1"),
            ("pgrehearse_shop_2", "1"),
            ("pgrehearse_shop_3", "2"),
            ("pgrehearse_shop_4", "4"),
        ] {
            let ended = stage.generate("shop", &["--server", &url, "--scale", "0.005", "--threads", threads]);
            ended.expect_code(0).expect_stderr(&[&format!("database: {database}")]);
            let client = server.endpoint().connect_as_superuser(database, "test").await.unwrap();
            let tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = \
                          'public'::regnamespace ORDER BY 1";
            let mut sums = Vec::new();
            for table in client.query(tables, &[]).await.unwrap() {
                let table: String = table.get(0);
                // With the place of every row, dead tuples leave gaps in which.
                let sum =
                    format!("SELECT md5(string_agg(ctid::text || t::text, '' ORDER BY ctid)) FROM {table} t");
                let sum: Option<String> = client.query_one(&sum, &[]).await.unwrap().get(0);
                sums.push((table, sum));
            }
            assert!(sums.len() > 10 && sums.iter().all(|(_, sum)| sum.is_some()), "{sums:?}");
            if first.is_empty() {
                first = sums;
            } else {
                assert_eq!(sums, first, "{threads} threads");
            }
        }
        server.tear_down().await.unwrap();
    });
    stage.assert_nothing_left();
}

#[test]
fn an_address_that_does_not_answer_is_said_at_once() {
    let stage = Stage::with_steps(&[("one", "SELECT 1;")]);
    let scenario = stage.scenario();
    let missing = stage.work().join("nowhere");
    let url = format!("postgresql://me:hidden@{}/postgres", missing.to_str().unwrap().replace('/', "%2F"));
    let ended = stage.generate(scenario.to_str().unwrap(), &["--server", &url]);
    ended.expect_code(3);
    assert!(!ended.stderr.contains("hidden"), "{}", ended.stderr);
}
