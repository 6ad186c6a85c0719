//! Strategies and their steps.

use insta::assert_snapshot;

use super::*;

/// What people read where a strategy has these keys after its name.
fn refused_strategy(keys: &str) -> String {
    refused_scenario(&format!("{HEAD}[[strategy]]\nname = \"plain\"\n{keys}"))
}

#[test]
fn none_at_all() {
    assert_snapshot!(refused_scenario(&format!("strategy = []\n{HEAD}")), @r#"
    error: a scenario needs a strategy
     --> demo/scenario.toml:1:12
      |
    1 | strategy = []
      |            ^^
      |
      = help: write [[strategy]] with name = "plain" and up = ["plain.up.sql"]
    "#);
}

#[test]
fn names_that_are_blank_or_taken() {
    assert_snapshot!(refused_tail("[[strategy]]\nname = \"plain\"\nup = [\"up.sql\"]\n[[strategy]]\nname = \"\"\nup = []\n"), @r#"
    error: a strategy named `plain` is there already
     --> demo/scenario.toml:8:8
      |
    8 | name = "plain"
      |        ^^^^^^^
      |
      = help: the other is on line 5; a name is given once

    error: `name` is empty
      --> demo/scenario.toml:11:8
       |
    11 | name = ""
       |        ^^
       |
       = help: write name = "concurrently"

    error: `up` has no step
      --> demo/scenario.toml:12:6
       |
    12 | up = []
       |      ^^
       |
       = help: write up = ["concurrently.up.sql"]
    "#);
}

#[test]
fn missing_keys_point_at_the_strategy() {
    assert_snapshot!(refused_tail("[[strategy]]\n"), @r#"
    error: a strategy needs `name`
     --> demo/scenario.toml:7:1
      |
    7 | [[strategy]]
      | ^^^^^^^^^^^^
      |
      = help: write name = "concurrently"

    error: a strategy needs `up`
     --> demo/scenario.toml:7:1
      |
    7 | [[strategy]]
      | ^^^^^^^^^^^^
      |
      = help: write up = ["concurrently.up.sql"]
    "#);
}

#[test]
fn steps_that_are_none() {
    assert_snapshot!(
        refused_strategy("up = \"up.sql\"\ndown = [1, { transaction = \"file\" }, { file = \"up.sql\", transaction = \"nome\" }]\n"),
        @r#"
    error: `up` must be an array, not a string
     --> demo/scenario.toml:6:6
      |
    6 | up = "up.sql"
      |      ^^^^^^^^
      |
      = help: write up = ["concurrently.up.sql"]

    error: a value of `down` must be a file name or { file = "…", transaction = "…" }, not an integer
     --> demo/scenario.toml:7:9
      |
    7 | down = [1, { transaction = "file" }, { file = "up.sql", transaction = "nome" }]
      |         ^
      |
      = help: write down = ["concurrently.down.sql"]

    error: a step needs `file`
     --> demo/scenario.toml:7:12
      |
    7 | down = [1, { transaction = "file" }, { file = "up.sql", transaction = "nome" }]
      |            ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write file = "plain.up.sql"

    error: `transaction` cannot be "nome"
     --> demo/scenario.toml:7:71
      |
    7 | down = [1, { transaction = "file" }, { file = "up.sql", transaction = "nome" }]
      |                                                                       ^^^^^^
      |
      = help: did you mean "none"? it is one of "auto", "file", "none"
    "#
    );
}

#[test]
fn a_way_back_and_none() {
    assert_snapshot!(refused_strategy("up = [\"up.sql\"]\ndown = [\"down.sql\"]\nirreversible = \"no\"\n"), @r#"
    error: both `down` and `irreversible`
     --> demo/scenario.toml:8:16
      |
    8 | irreversible = "no"
      |                ^^^^
      |
      = help: keep `down` where there is a way back, `irreversible` where there is none
    "#);
}

#[test]
fn expectations_that_cannot_be_met() {
    assert_snapshot!(
        refused_strategy("up = [\"up.sql\"]\nexpect = { verdict = \"failed\", findings = [\"\", 1], severity = 3 }\n"),
        @r#"
    error: `verdict` cannot be "failed"
     --> demo/scenario.toml:7:22
      |
    7 | expect = { verdict = "failed", findings = ["", 1], severity = 3 }
      |                      ^^^^^^^^
      |
      = help: did you mean "fail"? it is one of "pass", "fail"

    error: a value of `findings` is empty
     --> demo/scenario.toml:7:44
      |
    7 | expect = { verdict = "failed", findings = ["", 1], severity = 3 }
      |                                            ^^
      |
      = help: write findings = ["write-stall"]

    error: a value of `findings` must be a string, not an integer
     --> demo/scenario.toml:7:48
      |
    7 | expect = { verdict = "failed", findings = ["", 1], severity = 3 }
      |                                                ^
      |
      = help: write findings = ["write-stall"]

    error: unknown key `severity`
     --> demo/scenario.toml:7:52
      |
    7 | expect = { verdict = "failed", findings = ["", 1], severity = 3 }
      |                                                    ^^^^^^^^
      |
      = help: expect knows verdict, findings
    "#
    );
}

#[test]
fn an_expectation_of_nothing_is_a_warning() {
    let loaded = loaded(&[("scenario.toml", &format!("{HEAD}{STRATEGY}expect = {{}}\n"))]).unwrap();
    assert_snapshot!(render(&loaded.warnings, false), @r#"
    warning: `expect` expects nothing
     --> demo/scenario.toml:7:10
      |
    7 | expect = {}
      |          ^^
      |
      = help: write expect = { verdict = "fail" }, or leave it out
    "#);
}

#[test]
fn one_transaction_around_what_cannot_be_in_it() {
    let scenario = format!(
        "{HEAD}[[strategy]]\nname = \"plain\"\nup = [{{ file = \"up.sql\", transaction = \"file\" }}]\n"
    );
    let up = "-- größer\r\nBEGIN;\r\nALTER TABLE users ADD a int;\r\nCOMMIT;\r\n/* ü */ CREATE INDEX CONCURRENTLY\r\n  ON users (a);\r\n";
    assert_snapshot!(refused(&[("scenario.toml", &scenario), ("up.sql", up)]), @r#"
    error: this file has its own transactions, but the step has transaction = "file"
     --> demo/up.sql:2:1
      |
    2 | BEGIN;
      | ^^^^^
      |
      = help: take BEGIN and COMMIT out of the file, or write transaction = "auto", which keeps them

    error: this file has its own transactions, but the step has transaction = "file"
     --> demo/up.sql:4:1
      |
    4 | COMMIT;
      | ^^^^^^
      |
      = help: take BEGIN and COMMIT out of the file, or write transaction = "auto", which keeps them

    error: this statement cannot run inside a transaction, but the step has transaction = "file"
     --> demo/up.sql:5:9
      |
    5 | /* ü */ CREATE INDEX CONCURRENTLY
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: move it to a step of its own, or write transaction = "none" or "auto"
    "#);
}

#[test]
fn a_file_shared_by_strategies_is_reported_once() {
    let text = format!("{HEAD}{STRATEGY}[[strategy]]\nname = \"other\"\nup = [\"up.sql\"]\n");
    let loaded = loaded(&[("scenario.toml", &text), ("up.sql", "BEGIN;\nSELECT 1;\n")]).unwrap();
    assert_snapshot!(render(&loaded.warnings, false), @r#"
    warning: the transaction begun here is never committed, so nothing of it stays
     --> demo/up.sql:1:1
      |
    1 | BEGIN;
      | ^^^^^
      |
      = help: add COMMIT; where it should end
    "#);
}
