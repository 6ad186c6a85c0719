//! Everything that can be wrong from the start gets a clear error, the right exit code, and leaves nothing.

use crate::stage::{Ended, Stage, wait};

const STEP: &[(&str, &str)] = &[("add", "ALTER TABLE users ADD COLUMN note text;\n")];

/// Runs a stage that must be refused.
#[track_caller]
fn refused(stage: &Stage, code: i32, words: &[&str]) -> Ended {
    refused_with(stage, &[], code, words)
}

#[track_caller]
fn refused_with(stage: &Stage, more: &[&str], code: i32, words: &[&str]) -> Ended {
    let ended = stage.run(more);
    ended.expect_code(code).expect_stderr(words);
    stage.assert_nothing_left();
    ended
}

#[test]
fn unknown_key_in_the_scenario() {
    let stage = Stage::with_steps(STEP);
    stage.edit("scenario.toml", "title = \"Test\"", "title = \"Test\"\nsede = 7");
    refused(&stage, 2, &["sede", "seed", "scenario.toml:2:1"]);
}

#[test]
fn a_missing_file() {
    let stage = Stage::with_steps(STEP);
    stage.edit("scenario.toml", "add.sql", "addd.sql");
    refused(&stage, 2, &["addd.sql", "scenario.toml:6:7", "add.sql"]);
}

#[test]
fn a_missing_scenario() {
    let stage = Stage::empty();
    let ended = wait(stage.command(&["run", "no-such-scenario"]));
    ended.expect_code(2).expect_stderr(&["no-such-scenario"]);
}

#[test]
fn all_problems_are_reported_at_once() {
    let stage = Stage::with_steps(STEP);
    stage.edit("scenario.toml", "title = \"Test\"", "titel = \"Test\"\nseed = \"seven\"");
    stage.edit("profile.toml", "rows = 2_000", "rows = -5\nrow = 3");
    refused(&stage, 2, &["titel", "seed", "rows", "row"]);
}

#[test]
fn a_table_in_the_profile_that_the_schema_lacks() {
    let stage = Stage::with_steps(STEP);
    stage.edit("profile.toml", "tables.users", "tables.user");
    refused(&stage, 2, &["profile.toml:1:", "user", "users"]);
}

#[test]
fn a_column_in_the_profile_that_the_schema_lacks() {
    let stage = Stage::with_steps(STEP);
    stage.file("profile.toml", "[tables.users]\nrows = 10\n[tables.users.columns.emial]\nn_distinct = 5\n");
    refused(&stage, 2, &["profile.toml:3:", "emial", "email"]);
}

#[test]
fn most_common_values_of_a_unique_column() {
    let stage = Stage::with_steps(STEP);
    stage.edit("schema.sql", "status text NOT NULL", "status text NOT NULL UNIQUE");
    stage.file(
        "profile.toml",
        "[tables.users]\nrows = 100\n[tables.users.columns.status]\nmost_common = { active = 0.5, gone = 0.1 }\n",
    );
    refused(&stage, 2, &["profile.toml:4:", "status", "unique"]);
}

#[test]
fn a_schema_with_a_syntax_error() {
    let stage = Stage::with_steps(STEP);
    stage.file("schema.sql", "CREATE TABLE users (id int);\n\nCREATE TABEL orders (id int);\n");
    refused(&stage, 2, &["schema.sql:3:8", "syntax error", "CREATE TABEL orders", "42601"]);
}

#[test]
fn a_schema_that_refers_to_what_is_not_there() {
    let stage = Stage::with_steps(STEP);
    stage.file("schema.sql", "CREATE TABLE users (id int, email text, status text, x nosuchtype);\n");
    refused(&stage, 2, &["schema.sql:1:", "nosuchtype", "42704"]);
}

#[test]
fn a_disk_that_is_too_small() {
    let stage = Stage::with_steps(STEP);
    refused_with(&stage, &["--rows", "users=3900M"], 3, &["disk is too small", "--scale", "--work-dir"]);
}

#[test]
fn rows_of_a_table_that_is_not_there() {
    let stage = Stage::with_steps(STEP);
    refused_with(&stage, &["--rows", "userz=10"], 2, &["userz", "users"]);
}

#[test]
fn a_version_that_is_not_installed() {
    let stage = Stage::with_steps(STEP);
    refused_with(
        &stage,
        &["--pg-version", "99"],
        3,
        &["PostgreSQL 99", "apt-get install postgresql-99", "found: "],
    );
}

#[test]
fn a_folder_without_a_server() {
    let stage = Stage::with_steps(STEP);
    refused_with(&stage, &["--pg-bin", "/var"], 2, &["--pg-bin", "/var", "postgres"]);
}

#[test]
fn no_server_on_the_machine() {
    // In a file system view of its own, where the usual folders are empty: Linux and root only.
    let script = "for dir in /usr/lib/postgresql /usr/local/bin; do \
                  if [ -d $dir ]; then mount -t tmpfs none $dir || exit 77; fi; done; exec \"$@\"";
    let stage = Stage::with_steps(STEP);
    let run = stage.command(&[
        "run",
        stage.scenario().to_str().unwrap(),
        "--no-workload",
        "--out",
        stage.out().to_str().unwrap(),
    ]);
    let mut hidden = std::process::Command::new("unshare");
    hidden.args(["--mount", "sh", "-c", script, "sh"]).arg(run.get_program()).args(run.get_args());
    hidden.env("PATH", "/bin").env("PGREHEARSE_WORK_DIR", stage.work()).env_remove("PGREHEARSE_PG_BIN");
    hidden.env("PATH", "/nowhere:/bin:/sbin").current_dir("/");
    if !nix::unistd::Uid::effective().is_root() || std::path::Path::new("/usr/bin/postgres").exists() {
        eprintln!("skipped: needs root, and no server in /usr/bin");
        return;
    }
    // On a merged /usr, /bin holds pg_config: what it names is hidden too.
    let ended = wait(hidden);
    if ended.code == Some(77) || ended.stderr.contains("unshare") {
        eprintln!("skipped: no mount namespaces here: {}", ended.stderr);
        return;
    }
    ended.expect_code(3).expect_stderr(&[
        "no PostgreSQL server was found",
        "apt-get install postgresql",
        "--pg-bin",
    ]);
    stage.assert_nothing_left();
}

#[test]
fn an_out_folder_that_cannot_be_made() {
    let stage = Stage::with_steps(STEP);
    std::fs::write(stage.out(), "a file").unwrap();
    refused(&stage, 4, &["cannot make the folder", "out"]);
}

#[test]
fn a_record_that_cannot_be_written() {
    let stage = Stage::with_steps(STEP);
    std::fs::create_dir(stage.out()).unwrap();
    // Opens, and then has no room: the disk is full.
    std::os::unix::fs::symlink("/dev/full", stage.out().join("record.jsonl")).unwrap();
    refused(&stage, 4, &["cannot write", "record.jsonl"]);
}

#[test]
fn a_work_dir_that_is_not_there() {
    let stage = Stage::with_steps(STEP);
    refused_with(&stage, &["--work-dir", "/no/such/folder"], 3, &["/no/such/folder", "--work-dir"]);
}

#[test]
fn a_setting_that_the_server_does_not_know() {
    let stage = Stage::with_steps(STEP);
    stage.edit(
        "scenario.toml",
        "[[strategy]]",
        "[server]\nsettings = { shared_bufers = \"1MB\" }\n[[strategy]]",
    );
    // The server's own words are shown.
    refused(&stage, 2, &["the end of its log", "shared_bufers"]);
}

#[test]
fn a_setting_that_would_open_the_server_to_the_network() {
    let stage = Stage::with_steps(STEP);
    stage.edit(
        "scenario.toml",
        "[[strategy]]",
        "[server]\nsettings = { listen_addresses = \"*\" }\n[[strategy]]",
    );
    refused(&stage, 2, &["listen_addresses"]);
}

#[test]
fn a_strategy_that_the_scenario_lacks() {
    let stage = Stage::with_steps(STEP);
    refused_with(&stage, &["--strategy", "ad"], 2, &["--strategy ad", "it has: add"]);
}

#[test]
fn an_impossible_scale() {
    let stage = Stage::with_steps(STEP);
    for scale in ["0", "nan", "inf"] {
        refused_with(&stage, &["--scale", scale], 2, &["--scale"]);
    }
}

#[test]
fn values_that_the_schema_refuses() {
    let stage = Stage::with_steps(STEP);
    for (schema, words) in [
        (
            "n int NOT NULL, EXCLUDE (n WITH =)",
            ["building the indexes of public.users", "users_n_excl", "drop it"],
        ),
        (
            "n int, g int GENERATED ALWAYS AS (1 / (id - 5)) STORED",
            ["loading public.users", "division", "generated column"],
        ),
        ("n int REFERENCES a REFERENCES b", ["users.n references two columns", "users_n_fkey1", "drop one"]),
    ] {
        let keys = "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int PRIMARY KEY);\n";
        stage.file("schema.sql", &format!("{keys}CREATE TABLE users (id int PRIMARY KEY, {schema});\n"));
        let n = if schema.contains("EXCLUDE") { "[tables.users.columns.n]\nn_distinct = 5\n" } else { "" };
        stage.file("profile.toml", &format!("[tables.users]\nrows = 2_000\n{n}"));
        refused(&stage, 2, &words);
        refused(&stage, 2, &["profile.toml:1:9"]);
    }
}

#[test]
fn values_that_break_a_constraint_that_is_not_understood() {
    let stage = Stage::with_steps(STEP);
    stage.file(
        "schema.sql",
        "CREATE DOMAIN odd AS int CONSTRAINT is_odd CHECK (VALUE % 2 = 1);\n\
         CREATE TABLE users (id int PRIMARY KEY, n int CONSTRAINT small CHECK (n % 7 < 5), o odd);\n",
    );
    stage.file(
        "profile.toml",
        "[tables.users]\nrows = 2_000\n[tables.users.columns.o]\nmost_common = { 3 = 1 }\n",
    );
    let said = ["loading public.users", "CHECK small ((n % 7) < 5)", "Failing row contains (", "reads n"];
    refused(&stage, 2, &said);
    refused(&stage, 2, &["under [tables.users.columns.n]", "profile.toml:1:9"]);
    stage.file(
        "profile.toml",
        "[tables.users]\nrows = 2_000\n[tables.users.columns.n]\nmost_common = { 3 = 0.5, 6 = 0.5 }\n\
         [tables.users.columns.o]\nmost_common = { 3 = 1 }\n",
    );
    refused(&stage, 2, &["CHECK small", ", 6, 3)", "satisfy it here", "profile.toml:3:23"]);
    stage.file(
        "profile.toml",
        "[tables.users]\nrows = 2_000\n[tables.users.columns.n]\nmost_common = { 3 = 1 }\n\
         [tables.users.columns.o]\nmost_common = { 4 = 1 }\n",
    );
    refused(&stage, 2, &["CHECK is_odd", "column o", "profile.toml:5:23"]);
}

#[test]
fn an_extension_that_the_server_does_not_have() {
    let stage = Stage::with_steps(STEP);
    stage.file(
        "schema.sql",
        "CREATE TABLE users (id int PRIMARY KEY);\n\nCREATE EXTENSION IF NOT EXISTS not_here;\n",
    );
    refused(&stage, 2, &["not_here", "not available", "schema.sql:3:1", "install the package", "drop it"]);
}
