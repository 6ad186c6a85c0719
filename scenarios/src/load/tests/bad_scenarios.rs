//! The top of `scenario.toml`, and `[server]`.

use insta::assert_snapshot;

use super::*;

#[test]
fn every_syntax_error_is_reported() {
    assert_snapshot!(refused_scenario("title = Demo\nseed = 1\nseed = 2\nup = [\"up.sql\"\n"), @r#"
    error: `Demo` is not a value
     --> demo/scenario.toml:1:9
      |
    1 | title = Demo
      |         ^^^^
      |
      = help: put text in quotes: "Demo"

    error: duplicate key `seed`
     --> demo/scenario.toml:3:1
      |
    3 | seed = 2
      | ^^^^
      |
      = help: a key or table is written once; merge the two

    error: unclosed array, expected `]`
     --> demo/scenario.toml:4:15
      |
    4 | up = ["up.sql"
      |               ^
    "#);
}

#[test]
fn an_empty_scenario_lacks_everything_at_once() {
    assert_snapshot!(refused_scenario(""), @r#"
    error: a scenario needs `title`
     --> demo/scenario.toml:1:1
      |
    1 |
      | ^
      |
      = help: write title = "Index a busy table"

    error: a scenario needs `schema`
     --> demo/scenario.toml:1:1
      |
    1 |
      | ^
      |
      = help: write schema = "schema.sql"

    error: a scenario needs `profile`
     --> demo/scenario.toml:1:1
      |
    1 |
      | ^
      |
      = help: write profile = "profile.toml", or the same tables inline under [profile]

    error: a scenario needs `strategy`
     --> demo/scenario.toml:1:1
      |
    1 |
      | ^
      |
      = help: write [[strategy]] with name = "plain" and up = ["plain.up.sql"]
    "#);
}

#[test]
fn unknown_keys_name_the_known_ones() {
    assert_snapshot!(
        refused_scenario(&format!("titel = \"Demo\"\nschema = \"schema.sql\"\nprofile = \"profile.toml\"\ncolour = 1\n{STRATEGY}[budget]\nreadstall = \"3s\"\n")),
        @r#"
    error: unknown key `titel`
     --> demo/scenario.toml:1:1
      |
    1 | titel = "Demo"
      | ^^^^^
      |
      = help: did you mean `title`? a scenario knows title, about, schema, profile, seed, server, strategy, workload, budget

    error: unknown key `colour`
     --> demo/scenario.toml:4:1
      |
    4 | colour = 1
      | ^^^^^^
      |
      = help: a scenario knows title, about, schema, profile, seed, server, strategy, workload, budget

    error: unknown key `readstall`
     --> demo/scenario.toml:9:1
      |
    9 | readstall = "3s"
      | ^^^^^^^^^
      |
      = help: did you mean `read_stall`? [budget] knows read_stall, write_stall, duration, probe_errors, rewrite, broken_rollback, unmeasured, wal, disk_growth
    "#
    );
}

#[test]
fn a_key_of_the_top_below_a_table() {
    assert_snapshot!(refused_tail("seed = 1\n"), @r#"
    error: unknown key `seed`
     --> demo/scenario.toml:7:1
      |
    7 | seed = 1
      | ^^^^
      |
      = help: put `seed` at the top of scenario.toml, before the first [table]; a strategy knows name, up, down, phase, probes, verify, irreversible, lock_timeout, retries, backoff, expect
    "#);
}

#[test]
fn wrong_types_all_at_once() {
    let text = "title = 1\nabout = true\nschema = [\"schema.sql\"]\nprofile = 5\nseed = \"42\"\nserver = \"15\"\n\
                strategy = { name = \"x\" }\nworkload = 1979-05-27\nbudget = 1.5\n";
    assert_snapshot!(refused_scenario(text), @r#"
    error: `title` must be a string, not an integer
     --> demo/scenario.toml:1:9
      |
    1 | title = 1
      |         ^
      |
      = help: write title = "Index a busy table"

    error: `about` must be a string, not a boolean
     --> demo/scenario.toml:2:9
      |
    2 | about = true
      |         ^^^^
      |
      = help: write about = "A sentence or two for the reader of the report."

    error: `schema` must be a file, a folder of migrations or { migrations = "…", tool = "…" }, not an array
     --> demo/scenario.toml:3:10
      |
    3 | schema = ["schema.sql"]
      |          ^^^^^^^^^^^^^^
      |
      = help: write schema = "schema.sql"

    error: `profile` must be a file name or a table, not an integer
     --> demo/scenario.toml:4:11
      |
    4 | profile = 5
      |           ^
      |
      = help: write profile = "profile.toml", or the same tables inline under [profile]

    error: `seed` must be an integer, not a string
     --> demo/scenario.toml:5:8
      |
    5 | seed = "42"
      |        ^^^^
      |
      = help: write seed = 42

    error: `server` must be a table, not a string
     --> demo/scenario.toml:6:10
      |
    6 | server = "15"
      |          ^^^^
      |
      = help: write [server]

    error: `strategy` must be an array, not a table
     --> demo/scenario.toml:7:12
      |
    7 | strategy = { name = "x" }
      |            ^^^^^^^^^^^^^^
      |
      = help: write [[strategy]] with name = "plain" and up = ["plain.up.sql"]

    error: `workload` must be a table, not a date or time
     --> demo/scenario.toml:8:12
      |
    8 | workload = 1979-05-27
      |            ^^^^^^^^^^
      |
      = help: write [workload]

    error: `budget` must be a table, not a float
     --> demo/scenario.toml:9:10
      |
    9 | budget = 1.5
      |          ^^^
      |
      = help: write [budget]
    "#);
}

#[test]
fn blank_texts() {
    let text = HEAD.replace("Demo", "  ").replace("schema.sql", "a\\u0000b");
    assert_snapshot!(refused_scenario(&format!("{text}{STRATEGY}")), @r#"
    error: `title` is empty
     --> demo/scenario.toml:1:9
      |
    1 | title = "  "
      |         ^^^^
      |
      = help: write title = "Index a busy table"

    error: `schema` has a NUL character, which PostgreSQL cannot hold
     --> demo/scenario.toml:2:10
      |
    2 | schema = "a\u0000b"
      |          ^^^^^^^^^^
      |
      = help: write schema = "schema.sql"
    "#);
}

#[test]
fn seeds_and_versions_out_of_range() {
    let text = format!("seed = -1\n{HEAD}{STRATEGY}[server]\nversion = 9.6\n");
    assert_snapshot!(refused_scenario(&text), @r#"
    error: `seed` must be 0 or more
     --> demo/scenario.toml:1:8
      |
    1 | seed = -1
      |        ^^
      |
      = help: write seed = 42

    error: `version` must be an integer, not a float
     --> demo/scenario.toml:9:11
      |
    9 | version = 9.6
      |           ^^^
      |
      = help: write version = 17
    "#);
    assert_snapshot!(refused_tail("[server]\nversion = 9\n"), @r#"
    error: `version` must be from 10 to 99
     --> demo/scenario.toml:8:11
      |
    8 | version = 9
      |           ^
      |
      = help: write version = 17
    "#);
}

#[test]
fn settings_that_no_server_takes() {
    let tail = "[server.settings]\nwork_mem = [\"1MB\"]\n\"work mem\" = 1\nauto_explain.log_min_duration = 0\n\
                log_line_prefix = \"a\\nfsync = off\"\n";
    assert_snapshot!(refused_tail(tail), @r#"
    error: the setting `work_mem` must be a string, a number or a boolean
     --> demo/scenario.toml:8:12
      |
    8 | work_mem = ["1MB"]
      |            ^^^^^^^
      |
      = help: write it as postgresql.conf would have it: work_mem = "…"

    error: `work mem` is not the name of a setting
     --> demo/scenario.toml:9:1
      |
    9 | "work mem" = 1
      | ^^^^^^^^^^
      |
      = help: a name has letters, digits, _ and a dot: shared_buffers, "auto_explain.log_min_duration"

    error: the setting `auto_explain` cannot be a table
      --> demo/scenario.toml:10:1
       |
    10 | auto_explain.log_min_duration = 0
       | ^^^^^^^^^^^^
       |
       = help: put a name with a dot in quotes: "auto_explain.log_min_duration" = …

    error: the setting `log_line_prefix` has a line break or another control character
      --> demo/scenario.toml:11:19
       |
    11 | log_line_prefix = "a\nfsync = off"
       |                   ^^^^^^^^^^^^^^^^
       |
       = help: write its value on one line
    "#);
}

#[test]
fn columns_count_characters_across_crlf() {
    let text = format!(
        "title = \"Größe\"\r\nschema = \"schema.sql\"\r\nprofile = \"profile.toml\"\r\n{STRATEGY}budget = {{ \"größe\" = 1, wal = \"1é\" }}\r\n"
    );
    let text = text.replace(STRATEGY, "").to_owned() + STRATEGY;
    assert_snapshot!(refused_scenario(&text), @r#"
    error: unknown key `größe`
     --> demo/scenario.toml:4:12
      |
    4 | budget = { "größe" = 1, wal = "1é" }
      |            ^^^^^^^
      |
      = help: [budget] knows read_stall, write_stall, duration, probe_errors, rewrite, broken_rollback, unmeasured, wal, disk_growth

    error: `wal`: unknown unit `é`
     --> demo/scenario.toml:4:31
      |
    4 | budget = { "größe" = 1, wal = "1é" }
      |                               ^^^^
      |
      = help: write one number and one of B, kB, MB, GB, TB (steps of 1024, as PostgreSQL reads them) or KiB, MiB, GiB, TiB: "512MB", "10GiB"
    "#);
}
