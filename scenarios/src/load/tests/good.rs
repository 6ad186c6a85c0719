//! What good input becomes.

use std::time::Duration;

use super::*;
use crate::profile::{Generator, MostCommon};
use crate::scenario::{
    Budget, ExpectedVerdict, HoldStart, Limit, ProbeKind, Scenario, TransactionMode, Workload,
};

fn good(files: &[(&str, &str)]) -> Scenario {
    let loaded = loaded(files).unwrap_or_else(|found| panic!("{}", render(&found, false)));
    assert_eq!(loaded.warnings, []);
    loaded.scenario
}

#[test]
fn the_least_scenario_has_every_default() {
    let scenario = good(&[("scenario.toml", &format!("{HEAD}{STRATEGY}"))]);
    assert_eq!((scenario.name.as_str(), scenario.title.as_str(), scenario.about), ("demo", "Demo", None));
    assert_eq!(scenario.seed, 42);
    assert_eq!(scenario.fingerprint.len(), 64);
    assert_eq!(scenario.server.version, None);
    assert!(scenario.server.settings.is_empty());
    assert_eq!(scenario.budget, Budget::default());
    assert_eq!(scenario.workload.connections, Workload::default().connections);
    assert_eq!(scenario.schema.steps[0].file.source.path, "demo/schema.sql");
    assert_eq!(scenario.schema.deployed, None);
    let strategy = &scenario.strategies[0];
    assert_eq!((strategy.name.as_str(), strategy.down.len()), ("plain", 0));
    assert_eq!(strategy.phases[0].up[0].transaction, TransactionMode::Auto);
    assert_eq!(strategy.phases[0].up[0].file.statements[0].text, "CREATE INDEX ON users (id)");
    assert_eq!(scenario.profile.tables[0].rows, 100);
}

#[test]
fn everything_that_can_be_written_is_read() {
    let scenario = good(&[(
        "scenario.toml",
        r#"
        title = "Démonstration"
        about = "All of it."
        schema = "./schema.sql"
        profile = "profile.toml"
        seed = 7
        [server]
        version = 15
        settings = { shared_buffers = "512MB", fsync = true, work_mem = 0x1000, random_page_cost = 1.1, "a.b" = 1 }
        [[strategy]]
        name = "plain"
        up = ["up.sql", { file = "down.sql", transaction = "none" }]
        down = [{ file = "down.sql", transaction = "file" }]
        expect = { verdict = "fail", findings = ["write-stall"] }
        [[strategy]]
        name = "other"
        up = ["up.sql"]
        irreversible = "the index was never there"
        [workload]
        connections = 5
        baseline = "0s"
        settle = "500ms"
        [[workload.probe]]
        name = "login"
        kind = "read"
        sql = "SELECT id FROM users WHERE email = $1"
        params = ["users.email"]
        rate = 100
        [[workload.probe]]
        name = "touch"
        kind = "write"
        sql = "UPDATE users SET id = id"
        rate = 0.5
        [[workload.hold]]
        sql = "SELECT 1"
        start = "during"
        for = "5s"
        [budget]
        read_stall = "1.5s"
        write_stall = "500ms"
        duration = "1h"
        probe_errors = 3
        rewrite = "deny"
        unmeasured = "allow"
        wal = "10GiB"
        disk_growth = 1_000
        "#,
    )]);
    assert_eq!(scenario.seed, 7);
    assert_eq!(scenario.server.version, Some(15));
    let settings: Vec<_> = scenario.server.settings.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(
        settings,
        ["a.b=1", "fsync=on", "random_page_cost=1.1", "shared_buffers=512MB", "work_mem=4096"]
    );

    let [plain, other] = &scenario.strategies[..] else { panic!("two strategies") };
    let modes: Vec<_> = plain.up().chain(&plain.down).map(|step| step.transaction).collect();
    assert_eq!(modes, [TransactionMode::Auto, TransactionMode::None, TransactionMode::File]);
    let expect = plain.expect.as_ref().unwrap();
    assert_eq!(expect.verdict, Some(ExpectedVerdict::Fail));
    assert_eq!(expect.findings, ["write-stall"]);
    assert_eq!(other.irreversible.as_deref(), Some("the index was never there"));

    let workload = &scenario.workload;
    assert_eq!((workload.connections, workload.baseline), (5, Duration::ZERO));
    assert_eq!(workload.settle, Duration::from_millis(500));
    assert_eq!(workload.probes[0].kind, ProbeKind::Read);
    assert_eq!(workload.probes[0].params[0].column, "users.email");
    assert_eq!((workload.probes[1].kind, workload.probes[1].rate), (ProbeKind::Write, 0.5));
    assert_eq!(
        (workload.holds[0].start, workload.holds[0].duration),
        (HoldStart::During, Duration::from_secs(5))
    );

    let budget = scenario.budget;
    assert_eq!(budget.read_stall, Limit { allowed: Duration::from_millis(1_500), declared: true });
    assert_eq!(budget.write_stall, Limit { allowed: Duration::from_millis(500), declared: true });
    assert_eq!(budget.duration.allowed, Duration::from_secs(3_600));
    assert_eq!(budget.probe_errors.allowed, 3);
    assert!(!budget.rewrite_allowed.allowed && budget.unmeasured_allowed);
    assert_eq!((budget.wal_bytes, budget.disk_growth_bytes), (Some(10 << 30), Some(1_000)));
}

const COLUMNS: &str = r#"
[tables.users]
rows = "1.5k"
[tables.users.columns.status]
most_common = { deleted = 0.02, active = 0.9, "" = 0.03 }
null_frac = 0.05
n_distinct = 3
[tables.users.columns.at]
histogram_bounds = [1979-05-27T07:32:00Z, "1979-05-28", 1979-05-29]
correlation = -1
[tables.users.columns.a_bio]
avg_width = 120.5
generator = "sentence"
[tables."shop.orders"]
rows = 0
"#;

#[test]
fn a_profile_keeps_its_order_and_its_places() {
    let profile = good(&[("scenario.toml", &format!("{HEAD}{STRATEGY}")), ("profile.toml", COLUMNS)]).profile;
    let names: Vec<_> = profile.tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    assert_eq!(names, [("users", 1_500), ("shop.orders", 0)]);
    let [status, at, bio] = &profile.tables[0].columns[..] else { panic!("three columns") };
    let common = |value: &str, frequency| MostCommon { value: value.to_owned(), frequency };
    assert_eq!(status.most_common, [common("active", 0.9), common("", 0.03), common("deleted", 0.02)]);
    assert_eq!((status.null_frac, status.n_distinct), (Some(0.05), Some(3.0)));
    assert_eq!(status.n_distinct_place.as_ref().unwrap().text(), Some("3"));
    assert_eq!(status.place.text(), Some("status"));
    let bounds: Vec<_> = at.histogram_bounds.iter().map(|bound| bound.value.as_str()).collect();
    assert_eq!(bounds, ["1979-05-27T07:32:00Z", "1979-05-28", "1979-05-29"]);
    assert_eq!(at.histogram_bounds[2].place.to_string(), "demo/profile.toml:9:57");
    assert_eq!(at.correlation, Some(-1.0));
    assert_eq!((bio.avg_width, bio.generator), (Some(120.5), Some(Generator::Sentence)));
}

#[test]
fn a_profile_can_stand_inline() {
    let inline = COLUMNS.replace("[tables.", "[profile.tables.");
    let head = HEAD.replace("profile = \"profile.toml\"\n", "");
    let scenario = good(&[("scenario.toml", &format!("{head}{STRATEGY}{inline}"))]);
    assert_eq!(scenario.profile.tables[0].columns.len(), 3);
    assert_eq!(scenario.profile.tables[0].place.source.as_ref().unwrap().path, "demo/scenario.toml");
}

#[test]
fn the_fingerprint_is_of_all_files_read_and_no_others() {
    let scenario = format!("{HEAD}{STRATEGY}");
    let print = |name, text| good(&[("scenario.toml", &scenario), (name, text)]).fingerprint;
    let base = print("up.sql", "CREATE INDEX ON users (id);\n");
    assert_eq!(base, print("not-named.sql", "SELECT 1;"));
    assert_ne!(base, print("up.sql", "CREATE INDEX ON users (id); \n"));
    assert_ne!(base, print("profile.toml", "[tables.users]\nrows = 101\n"));
    assert_ne!(base, print("schema.sql", "CREATE TABLE users (id int PRIMARY KEY);\n"));
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_text() {
    let scenario = good(&[
        ("scenario.toml", &format!("\u{feff}{HEAD}{STRATEGY}")),
        ("up.sql", "\u{feff}CREATE INDEX ON users (id);"),
    ]);
    assert_eq!(scenario.strategies[0].phases[0].up[0].file.statements[0].offset, 0);
}
