use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use super::*;
use crate::Folder;
use crate::diagnostic::render;
use crate::load::load;
use crate::migrations;
use crate::scenario::Scenario;

fn table() -> Table {
    let column = |name: &str, about: &str, hint: Option<Hint>, nullable| Column {
        name: name.to_owned(),
        about: about.to_owned(),
        hint,
        nullable,
    };
    Table {
        name: "app.users".to_owned(),
        rows: 1_234_567,
        is_full: false,
        columns: vec![
            column("id", "bigint, not null, unique", None, false),
            column("org_id", "bigint, references app.orgs", Some(Hint::References), true),
            column("Full \"Name\"", "text, not null", Some(Hint::Text), false),
            column("mood", "app.mood, not null", Some(Hint::Values(vec!["so so".into(), "b".into()])), false),
            column("seen_at", "timestamp with time zone", Some(Hint::Time), true),
            column("score", "integer, not null", Some(Hint::Number), false),
            column("home", "point", None, true),
        ],
    }
}

#[test]
fn a_profile_has_every_table() {
    let full = Table { name: "moods".to_owned(), rows: 3, is_full: true, columns: Vec::new() };
    let text = profile(&[full, table()], 1_234_567);
    assert_snapshot!(text, @r#"
    # Every table of the schema. Put in what production has; these say it there:
    #   SELECT relname, reltuples FROM pg_class WHERE relkind IN ('r', 'p');
    #   SELECT attname, null_frac, n_distinct, correlation, avg_width FROM pg_stats WHERE tablename = '…';
    # A line that begins with `# columns.` is an example: take the # away, and write what is true.

    rows = 1_234_567  # of every table that is not named below, or as many as its keys have room for
    # [tables.moods]
    # rows = 3

    [tables."app.users"]
    rows = 1_234_567
    # columns.org_id = { fan_out = { zipf = 1.1 }, null_frac = 0.1 }  # bigint, references app.orgs
    # columns.'Full "Name"' = { avg_width = 24 }  # text, not null
    # columns.mood = { most_common = { "so so" = 0.7, b = 0.1 } }  # app.mood, not null
    # columns.seen_at = { correlation = 0.99, null_frac = 0.1 }  # timestamp with time zone
    # columns.score = { n_distinct = 1000 }  # integer, not null
    # columns.home = { null_frac = 0.1 }  # point
    "#);
    // What it proposes can be taken as it is.
    let taken = text.replace("# columns.", "columns.");
    let starter = Starter::from_schema("s.sql", b"CREATE TABLE t ();").unwrap();
    let mut files = starter;
    files.set_profile(&taken);
    let scenario = loaded(&files);
    assert_eq!(scenario.profile.tables[0].columns.len(), 6);
}

/// What the files are as a scenario.
fn loaded(starter: &Starter) -> Scenario {
    let temp = tempfile::tempdir().unwrap();
    for (path, bytes) in &starter.files {
        let path = temp.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    load(&Folder::OnDisk(temp.path().to_owned()))
        .unwrap_or_else(|found| panic!("{}", render(&found, false)))
        .scenario
}

fn of_migrations(files: &[(&str, &str)]) -> Starter {
    let temp = tempfile::tempdir().unwrap();
    for (path, text) in files {
        fs::write(temp.path().join(path), text).unwrap();
    }
    let (migrations, _) = migrations::open(temp.path(), None).unwrap();
    let read = |path: &str| fs::read(Path::new(temp.path()).join(path));
    Starter::from_migrations(&migrations, read).unwrap()
}

fn texts(starter: &Starter) -> BTreeMap<&str, &str> {
    starter.files.iter().map(|(path, bytes)| (path.as_str(), str::from_utf8(bytes).unwrap())).collect()
}

#[test]
fn the_last_migration_becomes_the_strategy() {
    let starter = of_migrations(&[
        (
            "20260101000000_users.sql",
            "-- migrate:up\nCREATE TABLE users (id int);\n-- migrate:down\nDROP TABLE users;\n",
        ),
        (
            "20260102000000_index.sql",
            "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON users (id);\n\n-- migrate:down\nDROP INDEX i;\n",
        ),
    ]);
    let texts = texts(&starter);
    assert_snapshot!(texts["scenario.toml"], @r#"
    # migrations/: what is deployed already; the strategy is the last one, taken out of there.
    # A second [[strategy]] with another way to the same end is compared with it.
    title   = "20260102000000_index.sql"
    schema  = { migrations = "migrations/", tool = "dbmate" }
    profile = "profile.toml"

    [[strategy]]
    name = "index"
    up   = ["index.up.sql"]
    down = ["index.down.sql"]

    # [budget]
    # read_stall  = "500ms"   # the longest wait of a read; write_stall too
    # write_stall = "500ms"
    # duration    = "30min"   # also the hard stop
    "#);
    assert_snapshot!(texts["index.up.sql"], @r"
    -- migrate:up transaction:false
    CREATE INDEX CONCURRENTLY i ON users (id);
    ");
    assert_snapshot!(texts["index.down.sql"], @r"
    -- migrate:down
    DROP INDEX i;
    ");
    let scenario = loaded(&starter);
    assert_eq!(scenario.schema.steps.len(), 1);
    assert_eq!(scenario.strategies[0].down.len(), 1);
    assert!(texts["migrations/migrations.lock"].ends_with("  20260101000000_users.sql\n"));
}

#[test]
fn one_migration_is_the_schema() {
    let starter = of_migrations(&[("001_users.sql", "CREATE TABLE users (id int);")]);
    let scenario = loaded(&starter);
    assert_eq!(scenario.schema.deployed.unwrap().migrations, 1);
    assert_eq!(scenario.strategies[0].name, "change");
}

#[test]
fn a_transaction_that_auto_would_not_make_is_named() {
    let starter = of_migrations(&[
        ("20260101000000_a.up.sql", "-- no-transaction\nCREATE TABLE t (id int);"),
        ("20260102000000_b.up.sql", "-- no-transaction\nALTER TABLE t ADD b int;"),
    ]);
    let scenario = loaded(&starter);
    assert_eq!(scenario.strategies[0].phases[0].up[0].transaction, TransactionMode::None);
}

#[test]
fn a_schema_that_cannot_be_read() {
    let refused =
        |text: &str| render(&Starter::from_schema("db/schema.sql", text.as_bytes()).unwrap_err(), false);
    assert_snapshot!(refused("-- nothing\n"), @r"
    error: the schema has no statement
     --> db/schema.sql:1:1
      |
    1 | -- nothing
      | ^
      |
      = help: name a schema as pg_dump --schema-only writes it, or a folder of migrations
    ");
    assert_snapshot!(refused("SELECT 'a;\n"), @r"
    error: this string is never closed
     --> db/schema.sql:1:8
      |
    1 | SELECT 'a;
      |        ^
      |
      = help: end it with ' (a quote inside it is written '')
    ");
}

#[test]
fn every_bundled_scenario_can_be_copied() {
    for bundled in crate::catalog::BUNDLED {
        let starter = Starter::from_bundled(bundled);
        assert_eq!(starter.files[0].0, "scenario.toml");
        assert_eq!(
            loaded(&starter).strategies.len(),
            load(&Folder::Bundled(bundled)).unwrap().scenario.strategies.len()
        );
    }
}
