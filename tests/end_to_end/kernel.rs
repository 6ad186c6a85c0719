//! The locks that are found without the kernel, held against the kernel's own trace of the server's lock calls.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount, umount};
use serde_json::Value;

use crate::stage::{Stage, wait};

const SCHEMA: &str = "\
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE orgs (id int PRIMARY KEY, name text);
CREATE TABLE users (id bigserial PRIMARY KEY, email text, status text, code varchar(40), n int, bio text);
CREATE INDEX users_n ON users (n);
CREATE TABLE orders (
    id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, org_id int, total int NOT NULL);
CREATE TABLE notes (id int PRIMARY KEY, org_id int REFERENCES orgs);
CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_a PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_b PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_d PARTITION OF events DEFAULT;
CREATE INDEX ON events (at);
CREATE TABLE visits (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE visits_a PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE visits_b PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE VIEW active AS SELECT id, code FROM users WHERE status = 'a';
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
CREATE UNIQUE INDEX ON totals (user_id);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
";

const PROFILE: &str = "\
[tables.orgs]
rows = 1_000
[tables.users]
rows = 30_000
[tables.users.columns.status]
null_frac = 0.0
most_common = { a = 0.7, b = 0.3 }
[tables.users.columns.email]
generator = \"email\"
n_distinct = -1
null_frac = 0
[tables.users.columns.bio]
avg_width = 80
[tables.orders]
rows = 40_000
[tables.orders.columns.total]
histogram_bounds = [1, 1000]
[tables.orders.columns.org_id]
histogram_bounds = [1, 1000]
[tables.notes]
rows = 1_000
[tables.events]
rows = 20_000
[tables.events.columns.at]
histogram_bounds = [\"2024-01-01\", \"2025-12-31\"]
[tables.visits]
rows = 5_000
[tables.visits.columns.at]
histogram_bounds = [\"2024-01-01\", \"2025-12-31\"]
";

const MIGRATIONS: [(&str, &str); 50] = [
    ("add-column", "ALTER TABLE users ADD COLUMN nick text;"),
    ("add-column-default", "ALTER TABLE users ADD COLUMN flag boolean NOT NULL DEFAULT false;"),
    ("add-column-volatile", "ALTER TABLE users ADD COLUMN seen timestamptz DEFAULT clock_timestamp();"),
    ("add-identity", "ALTER TABLE orgs ADD COLUMN k int GENERATED ALWAYS AS IDENTITY;"),
    ("drop-column", "ALTER TABLE users DROP COLUMN bio;"),
    ("rename-column", "ALTER TABLE users RENAME COLUMN email TO mail;"),
    ("rename-table", "ALTER TABLE users RENAME TO members;"),
    ("type-rewrite", "ALTER TABLE users ALTER COLUMN n TYPE bigint;"),
    ("type-cheap", "ALTER TABLE orgs ALTER COLUMN name TYPE varchar;"),
    ("set-not-null", "ALTER TABLE users ALTER COLUMN status SET NOT NULL;"),
    ("set-default", "ALTER TABLE users ALTER COLUMN status SET DEFAULT 'new';"),
    ("set-statistics", "ALTER TABLE users ALTER COLUMN status SET STATISTICS 500;"),
    ("set-fillfactor", "ALTER TABLE users SET (fillfactor = 90);"),
    ("set-schema", "CREATE SCHEMA app;\nALTER TABLE orders SET SCHEMA app;"),
    ("row-security", "ALTER TABLE users ENABLE ROW LEVEL SECURITY;"),
    ("replica-identity", "ALTER TABLE users REPLICA IDENTITY FULL;"),
    ("add-check", "ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 0);"),
    (
        "check-in-two-steps",
        "ALTER TABLE users ADD CONSTRAINT p CHECK (id > 0) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT p;",
    ),
    ("add-foreign-key", "ALTER TABLE orders ADD CONSTRAINT o FOREIGN KEY (org_id) REFERENCES orgs (id);"),
    (
        "foreign-key-in-two-steps",
        "ALTER TABLE orders ADD CONSTRAINT o FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;\n\
         ALTER TABLE orders VALIDATE CONSTRAINT o;",
    ),
    ("add-unique", "ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (email);"),
    (
        "unique-using-index",
        "CREATE UNIQUE INDEX u ON users (email);\nALTER TABLE users ADD CONSTRAINT k UNIQUE USING INDEX u;",
    ),
    ("create-index", "CREATE INDEX users_status ON users (status);"),
    ("create-index-concurrently", "CREATE INDEX CONCURRENTLY users_status ON users (status);"),
    ("drop-index", "DROP INDEX users_n;"),
    ("drop-index-concurrently", "DROP INDEX CONCURRENTLY users_n;"),
    ("reindex", "REINDEX INDEX users_n;"),
    ("reindex-concurrently", "REINDEX INDEX CONCURRENTLY users_n;"),
    (
        "attach-partition",
        "CREATE TABLE events_c (LIKE events INCLUDING ALL);\n\
         ALTER TABLE events ATTACH PARTITION events_c FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
    ),
    ("detach-partition", "ALTER TABLE events DETACH PARTITION events_a;"),
    ("detach-concurrently", "ALTER TABLE visits DETACH PARTITION visits_a CONCURRENTLY;"),
    ("drop-table", "DROP TABLE notes;"),
    ("drop-table-cascade", "DROP TABLE orgs CASCADE;"),
    ("truncate", "TRUNCATE orders;"),
    ("create-table", "CREATE TABLE posts (id bigserial PRIMARY KEY, user_id bigint REFERENCES users);"),
    ("enum", "ALTER TYPE mood ADD VALUE 'new';"),
    ("create-trigger", "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();"),
    ("disable-trigger", "ALTER TABLE orders DISABLE TRIGGER USER;"),
    ("refresh", "REFRESH MATERIALIZED VIEW totals;"),
    ("refresh-concurrently", "REFRESH MATERIALIZED VIEW CONCURRENTLY totals;"),
    ("cluster", "CLUSTER users USING users_pkey;"),
    ("vacuum-full", "VACUUM FULL users;"),
    ("vacuum", "VACUUM users;"),
    ("update", "UPDATE users SET n = n + 1 WHERE id < 1000;"),
    (
        "savepoint",
        "BEGIN;\nSAVEPOINT a;\nLOCK TABLE orders IN EXCLUSIVE MODE;\nROLLBACK TO a;\n\
         ALTER TABLE users ADD COLUMN x int;\nCOMMIT;",
    ),
    (
        "do-block",
        "DO $$ BEGIN ALTER TABLE users ADD COLUMN x int; COMMIT; ALTER TABLE orgs ADD COLUMN x int; END $$;",
    ),
    ("lock-table", "LOCK TABLE users, orders IN SHARE ROW EXCLUSIVE MODE;"),
    ("replace-view", "CREATE OR REPLACE VIEW active AS SELECT id, code FROM users WHERE status = 'b';"),
    ("sequence", "ALTER SEQUENCE users_id_seq RESTART WITH 1000000;"),
    (
        "several",
        "ALTER TABLE users ADD COLUMN x int;\nUPDATE orders SET total = total + 1 WHERE id < 500;\n\
         CREATE INDEX orders_total ON orders (total);\nALTER TABLE orgs ADD COLUMN y int;",
    ),
];

/// Servers: that which a run would choose, and those put under `target/postgres`.
fn servers() -> Vec<Option<PathBuf>> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/postgres");
    let versions = std::fs::read_dir(fetched).into_iter().flatten().flatten();
    let mut found: Vec<Option<PathBuf>> = versions.map(|version| Some(version.path())).collect();
    found.sort();
    found.insert(0, None);
    found
}

#[test]
fn the_locks_are_those_that_the_kernel_sees() {
    for server in servers() {
        let stage = Stage::with_steps(&MIGRATIONS);
        stage.file("schema.sql", SCHEMA);
        stage.file("profile.toml", PROFILE);
        let mut args = vec!["--lock-source", "kernel"];
        let copy = stage.out().with_file_name("server");
        let bin = copy.join("bin");
        if let Some(dir) = &server {
            // As root, the server runs as another user, who may not get to where it was built.
            let copied = Command::new("cp").arg("-a").args([dir, &copy]).status().unwrap();
            assert!(copied.success());
            args.extend(["--pg-bin", bin.to_str().unwrap()]);
        }
        let ended = stage.run(&args);
        let traced = stage.report();
        let version = traced["environment"]["server_version"].as_str().unwrap_or("?").to_owned();
        let first = &rehearsal(&traced["strategies"][0])["kernel_trace"];
        if let Some(why) = first["error"].as_str() {
            say(&format!("skipped: the kernel's trace: {why}"));
            return;
        }
        let ordinary = without_kernel(&stage);
        let mut totals = Totals::default();
        let strategies = traced["strategies"].as_array().unwrap().iter();
        for (traced, ordinary) in strategies.zip(ordinary["strategies"].as_array().unwrap()) {
            let name = traced["name"].as_str().unwrap();
            let outcome = rehearsal(traced)["outcome"].as_str().unwrap();
            // PostgreSQL 13 does not know it.
            let known = name != "detach-concurrently" || !version.starts_with("13");
            assert!(outcome == "completed" || !known, "{name}: {}", ended.stdout);
            compare(name, rehearsal(traced), rehearsal(ordinary), &mut totals);
        }
        say(&format!("held against the kernel's trace of PostgreSQL {version}: {totals:?}"));
        assert!(totals.kept > 100, "{totals:?}");
        stage.assert_nothing_left();
    }
    assert_no_probe_left();
}

/// Fails where a probe of a run that is over is still set. The runs themselves mount the files only for as long as they
/// need them.
fn assert_no_probe_left() {
    let dir = tempfile::tempdir().unwrap();
    let nothing: Option<&str> = None;
    mount(Some("tracefs"), dir.path(), Some("tracefs"), MsFlags::empty(), nothing).unwrap();
    let probes = std::fs::read_to_string(dir.path().join("uprobe_events"));
    umount(dir.path()).unwrap();
    let is_over = |line: &&str| {
        let ours = line.split_once("pgrehearse_").and_then(|(_, rest)| rest.split('_').next());
        ours.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
    };
    let left: Vec<String> = probes.unwrap().lines().filter(is_over).map(str::to_owned).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Past the test runner, which shows the output of failing tests only.
fn say(words: &str) {
    drop(writeln!(std::io::stderr(), "{words}"));
}

#[derive(Debug, Default)]
struct Totals {
    migrations: u64,
    /// Locks that were still held when a statement in a transaction ended.
    kept: u64,
    /// The others.
    passing: u64,
    passing_found: u64,
}

fn rehearsal(strategy: &Value) -> &Value {
    &strategy["rehearsals"][0]
}

/// The report as it is where the kernel is not asked.
fn without_kernel(stage: &Stage) -> Value {
    let record = std::fs::read_to_string(stage.out().join("record.jsonl")).unwrap();
    let ordinary: Vec<&str> = record.lines().filter(|line| !line.contains("\"event\":\"kernel_")).collect();
    let path = stage.out().join("ordinary.jsonl");
    std::fs::write(&path, ordinary.join("\n") + "\n").unwrap();
    let ended = wait(stage.command(&["report", path.to_str().unwrap(), "--format", "json"]));
    serde_json::from_str(&ended.expect_code(0).stdout).unwrap()
}

type Key = (u64, String, String);

/// From when to when each lock was held, by statement, relation and mode.
fn holds(rehearsal: &Value) -> BTreeMap<Key, Vec<(f64, f64, &Value)>> {
    let mut holds: BTreeMap<Key, Vec<_>> = BTreeMap::new();
    for lock in rehearsal["locks"].as_array().unwrap() {
        let (Some(granted), Some(released)) = (lock["granted_ms"].as_f64(), lock["released_ms"].as_f64())
        else {
            continue;
        };
        let Some(statement) = lock["statement"].as_u64() else { continue };
        let text = |key: &str| lock[key].as_str().unwrap().to_owned();
        let key = (statement, text("relation"), text("mode"));
        holds.entry(key).or_default().push((granted, released, lock));
    }
    holds
}

fn compare(name: &str, traced: &Value, ordinary: &Value, totals: &mut Totals) {
    totals.migrations += 1;
    let (kernel, found) = (holds(traced), holds(ordinary));
    let statements = traced["statements"].as_array().unwrap();
    let gap_ms = ordinary["sampler"]["gap_ms_max"].as_f64().unwrap();
    for (key, held) in &kernel {
        let statement = &statements[usize::try_from(key.0).unwrap()];
        let transactional = statement["transaction"] != "none";
        let ended_ms =
            statement["started_ms"].as_f64().unwrap() + statement["duration_ms"].as_f64().unwrap_or(f64::MAX);
        let kept =
            transactional && statement["error"].is_null() && held.iter().any(|(_, to, _)| *to > ended_ms);
        let longest_ms = held.iter().map(|(from, to, _)| to - from).fold(0.0, f64::max);
        if kept {
            totals.kept += 1;
            assert!(found.contains_key(key), "{name}: {key:?} was not found");
        } else {
            totals.passing += 1;
            totals.passing_found += u64::from(found.contains_key(key));
            let surely_sampled = longest_ms > gap_ms.max(5.0);
            assert!(
                !surely_sampled || found.contains_key(key),
                "{name}: {key:?}, {longest_ms} ms, was not found"
            );
        }
        let Some(seen) = found.get(key) else { continue };
        // What is let go and taken again between two samples is one lock there.
        let joined = join(held, gap_ms);
        for (from, to, lock) in seen {
            let (most, less) = (to - from, lock["hold_uncertainty_ms"].as_f64().unwrap());
            let off = |held_ms: f64| (most - less - held_ms).max(held_ms - most).max(0.0);
            let best = joined.iter().copied().min_by(|one, other| off(*one).total_cmp(&off(*other))).unwrap();
            let tolerated = (0.02 * best).max(2.0);
            assert!(
                off(best) <= tolerated,
                "{name}: {key:?} was held {best} ms, not {} to {most}",
                most - less
            );
        }
    }
    for key in found.keys() {
        assert!(kernel.contains_key(key), "{name}: {key:?} never was");
    }
}

/// How long a lock was held, pauses of up to `gap_ms` left out of account, and each time for itself.
fn join(held: &[(f64, f64, &Value)], gap_ms: f64) -> Vec<f64> {
    let mut lengths: Vec<f64> = held.iter().map(|(from, to, _)| to - from).collect();
    for (at, (from, until, _)) in held.iter().enumerate() {
        let mut until = *until;
        for (next, to, _) in &held[at + 1..] {
            if *next - until > gap_ms {
                break;
            }
            until = until.max(*to);
            lengths.push(until - from);
        }
    }
    lengths
}
