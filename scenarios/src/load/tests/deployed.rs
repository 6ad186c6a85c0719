//! A folder of migrations as the schema.

use insta::assert_snapshot;

use super::*;
use crate::migrations::{Rule, Tool};
use crate::scenario::{Scenario, TransactionMode};

const HEAD: &str =
    "title = \"Demo\"\nprofile = { rows = \"1M\" }\n[[strategy]]\nname = \"plain\"\nup = [\"up.sql\"]\n";
const A: &str = "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n";

fn with(schema: &str, files: &[(&str, &str)]) -> Result<Scenario, String> {
    let toml = format!("schema = {schema}\n{HEAD}");
    let mut all = vec![("scenario.toml", toml.as_str())];
    all.extend(files);
    loaded(&all).map(|loaded| loaded.scenario).map_err(|found| render(&found, false))
}

#[test]
fn its_up_parts_are_the_schema() {
    let b = "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (id);\n-- migrate:down\nDROP INDEX i;\n";
    let files = [("db/2_b.sql", b), ("db/1_a.sql", A), ("db/notes.md", "x")];
    let scenario = with("\"db/\"", &files).unwrap();
    let texts: Vec<&str> = scenario.schema.statements().map(|statement| statement.text.as_str()).collect();
    assert_eq!(texts, ["CREATE TABLE a (id int)", "CREATE INDEX CONCURRENTLY i ON a (id)"]);
    assert_eq!(scenario.schema.steps[1].transaction, TransactionMode::Tool(Tool::Dbmate, Rule::OneCall));
    let deployed = scenario.schema.deployed.unwrap();
    assert_eq!((deployed.migrations, deployed.last.as_deref()), (2, Some("2_b.sql")));
    assert_eq!(deployed.folder, "demo/db");
    assert_eq!(scenario.profile.rows, Some(1_000_000));
    // Every file counts.
    let changed = [("db/2_b.sql", b), ("db/1_a.sql", &*A.replace("DROP TABLE a", "DROP TABLE IF EXISTS a"))];
    assert_ne!(with("\"db\"", &changed).unwrap().fingerprint, scenario.fingerprint);
}

#[test]
fn the_tool_can_be_named() {
    let files = [("db/1_a.up.sql", "CREATE TABLE a (id int);"), ("db/1_a.down.sql", "DROP TABLE a;")];
    let tool = |schema| with(schema, &files).unwrap().schema.deployed.unwrap().tool;
    assert_eq!(tool("\"db\""), Tool::GolangMigrate);
    assert_eq!(tool("{ migrations = \"db\", tool = \"sqlx\" }"), Tool::Sqlx);
    assert_snapshot!(with("{ migrations = \"db\", tool = \"flyweg\" }", &files).unwrap_err(), @r#"
    error: `tool` cannot be "flyweg"
     --> demo/scenario.toml:1:38
      |
    1 | schema = { migrations = "db", tool = "flyweg" }
      |                                      ^^^^^^^^
      |
      = help: did you mean "flyway"? it is one of "numbered", "sqlx", "golang-migrate", "flyway", "refinery", "dbmate", "goose", "diesel", "prisma"
    "#);
    assert_snapshot!(with("{ migrations = \"db\", tool = \"dbmate\" }", &files).unwrap_err(), @r#"
    error: `demo/db/1_a.down.sql` is not how dbmate names its migrations
     --> demo/scenario.toml:1:25
      |
    1 | schema = { migrations = "db", tool = "dbmate" }
      |                         ^^^^
      |
      = help: they would be called like 20260101120000_users.sql with `-- migrate:up`; this looks like golang-migrate
    "#);
}

#[test]
fn what_cannot_have_been_deployed() {
    let files = [("db/1_a.up.sql", "SELECT 1;\nVACUUM;\n")];
    assert_snapshot!(with("\"db\"", &files).unwrap_err(), @r"
    error: VACUUM cannot run in a transaction, and golang-migrate sends the whole file in one call, which is one
     --> demo/db/1_a.up.sql:2:1
      |
    2 | VACUUM;
      | ^^^^^^
      |
      = help: move it to a migration of its own
    ");
    assert_snapshot!(with("\"db\"", &[("db/x.md", "")]).unwrap_err(), @r#"
    error: no migration in `demo/db`: it has x.md
     --> demo/scenario.toml:1:10
      |
    1 | schema = "db"
      |          ^^^^
      |
      = help: migrations are called like 001_users.sql, or 001_users.up.sql and 001_users.down.sql (numbered); 20260101120000_users.sql, or .up.sql and .down.sql (sqlx); 000001_users.up.sql and 000001_users.down.sql (golang-migrate); V1__users.sql, U1__users.sql and R__views.sql (flyway); V1__users.sql (refinery); 20260101120000_users.sql with `-- migrate:up` (dbmate); 00001_users.sql with `-- +goose Up` (goose); 20260101120000_users/up.sql (diesel); 20260101120000_users/migration.sql (prisma)
    "#);
    assert_snapshot!(with("{ migrations = \"../db\" }", &[]).unwrap_err(), @r#"
    error: `../db` leads out of the scenario folder
     --> demo/scenario.toml:1:25
      |
    1 | schema = { migrations = "../db" }
      |                         ^^^^^^^
      |
      = help: copy or link the file into the folder and name it from there
    "#);
    assert_snapshot!(with("{ migrations = \"db\" }", &[]).unwrap_err(), @r#"
    error: `demo/db` has no file in it
     --> demo/scenario.toml:1:25
      |
    1 | schema = { migrations = "db" }
      |                         ^^^^
      |
      = help: name the folder that has the migrations, or write the first one
    "#);
}
