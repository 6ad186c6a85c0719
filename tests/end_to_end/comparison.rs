//! Strategies beside each other: repetitions, the same end, several records.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::stage::{Ended, Stage, wait};

fn comparison(stage: &Stage) -> Value {
    stage.report()["comparison"].take()
}

#[test]
fn repetitions_are_rehearsed_in_turn_until_they_tell_the_strategies_apart() {
    let stage = Stage::with_steps(&[
        ("slow", "ALTER TABLE users ADD COLUMN note text;\nSELECT pg_sleep(0.3);\n"),
        ("fast", "ALTER TABLE users ADD COLUMN note text;\n"),
    ]);
    stage.run(&["--repeat", "9", "--stop-when-clear"]).expect_code(0);
    let report = stage.report();
    let repetitions = |at: usize| report["strategies"][at]["rehearsals"].as_array().unwrap().len();
    assert_eq!((repetitions(0), repetitions(1)), (5, 5), "five are the fewest that can tell");
    let order: Vec<(String, u64)> = stage
        .record()
        .iter()
        .filter(|entry| entry["event"] == "rehearsal_started")
        .map(|entry| (entry["strategy"].as_str().unwrap().to_owned(), entry["repetition"].as_u64().unwrap()))
        .collect();
    for (round, pair) in (1..).zip(order.chunks(2)) {
        assert!(pair.iter().all(|(_, repetition)| *repetition == round), "{order:?}");
        assert_ne!(pair[0].0, pair[1].0, "{order:?}");
    }
    let comparison = comparison(&stage);
    assert_eq!((&comparison["clear"], &comparison["order"][0]), (&true.into(), &"fast".into()));
    assert_eq!(comparison["end_state"]["status"], "same");
    let conclusion = comparison["conclusion"].as_str().unwrap();
    assert!(conclusion.starts_with("fast ") && conclusion.contains('×'), "{conclusion}");
    stage.assert_nothing_left();
}

#[test]
fn strategies_that_end_differently_are_told_apart() {
    let stage = Stage::with_steps(&[
        (
            "whole",
            "ALTER TABLE users ADD COLUMN note text;\nUPDATE users SET note = email;\nCREATE INDEX ON users (note);\n",
        ),
        ("half", "ALTER TABLE users ADD COLUMN note text;\nUPDATE users SET note = email WHERE id > 1;\n"),
        (
            "swapped",
            "ALTER TABLE users ADD COLUMN note text;\n\
                     UPDATE users u SET note = o.email FROM users o WHERE o.id = 2001 - u.id;\n\
                     CREATE INDEX ON users (note);\n",
        ),
    ]);
    stage.run(&[]).expect_code(0);
    let comparison = comparison(&stage);
    let end = &comparison["end_state"];
    assert_eq!(end["status"], "different");
    let pair = |one: &str, other: &str| {
        let pairs = end["pairs"].as_array().unwrap();
        let found = pairs.iter().find(|pair| {
            let names = [pair["one"].as_str().unwrap(), pair["other"].as_str().unwrap()];
            names.contains(&one) && names.contains(&other)
        });
        found.unwrap_or_else(|| panic!("no {one}, {other} in {pairs:#?}")).clone()
    };
    let half = pair("whole", "half").to_string();
    assert!(half.contains("users_note_idx") && half.contains("public.users: note"), "{half}");
    // The same values, but in other rows.
    let swapped = pair("whole", "swapped");
    assert_eq!((&swapped["schema"], &swapped["data"]), (&"same".into(), &"different".into()), "{swapped:#}");
    assert!(comparison["conclusion"].as_str().unwrap().contains("do not end alike"), "{comparison:#}");
}

#[test]
fn odd_names_heirs_and_moments_are_compared_for_what_they_are() {
    let stage = Stage::with_steps(&[
        (
            "a",
            "CREATE TABLE \"Odd. Name\" AS SELECT 1 AS \"A b\", now() AS at;\nCREATE TABLE heir () INHERITS (users);\n\
               INSERT INTO heir (email, status) VALUES ('x', 'y');\nCREATE TABLE nothing ();\n",
        ),
        (
            "b",
            "CREATE TABLE \"Odd. Name\" AS SELECT 1 AS \"A b\", now() AS at;\nCREATE TABLE heir () INHERITS (users);\n\
               INSERT INTO heir (email, status) VALUES ('x', 'z');\nCREATE TABLE nothing ();\n",
        ),
    ]);
    stage.run(&["--repeat", "2"]).expect_code(0);
    let pair = comparison(&stage)["end_state"]["pairs"][0].take();
    let names: Vec<&str> =
        pair["differences"].as_array().unwrap().iter().map(|told| told["name"].as_str().unwrap()).collect();
    // Rows of an heir are its own, and a moment differs from one repetition to the next.
    assert_eq!(names, ["public.heir: status"], "{pair:#}");
    assert!(pair["why"].to_string().contains("at is not compared"), "{pair:#}");
}

/// Runs one strategy with a record of its own.
fn shard(stage: &Stage, name: &str, more: &[&str]) -> PathBuf {
    let out = stage.out().join(name);
    let scenario = stage.scenario();
    let mut args = vec![
        "run",
        scenario.to_str().unwrap(),
        "--no-cache",
        "--no-workload",
        "--out",
        out.to_str().unwrap(),
    ];
    args.extend(more);
    wait(stage.command(&args)).expect_code(0);
    out.join("record.jsonl")
}

fn merged(stage: &Stage, records: &[&Path]) -> Ended {
    let mut args = vec!["report", "--format", "json"];
    args.extend(records.iter().map(|record| record.to_str().unwrap()));
    wait(stage.command(&args))
}

#[test]
fn records_of_several_runs_make_one_report_unless_their_data_differ() {
    let stage = Stage::with_steps(&[("one", "SELECT 1;\n"), ("two", "SELECT pg_sleep(0.1);\n")]);
    let (one, two) = (shard(&stage, "1", &["--strategy", "one"]), shard(&stage, "2", &["--repeat", "2"]));
    let ended = merged(&stage, &[&one, &two]);
    ended.expect_code(0);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let rehearsals = |at: usize| {
        let rehearsals = report["strategies"][at]["rehearsals"].as_array().unwrap();
        rehearsals
            .iter()
            .map(|rehearsal| (rehearsal["run"].as_u64().unwrap(), rehearsal["repetition"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!((rehearsals(0), rehearsals(1)), (vec![(0, 1), (1, 2), (1, 3)], vec![(1, 1), (1, 2)]));
    assert_eq!(report["runs"].as_array().unwrap().len(), 2);
    let other = shard(&stage, "3", &["--seed", "7"]);
    merged(&stage, &[&one, &other]).expect_code(2).expect_stderr(&["record.jsonl", "fingerprint"]);
    merged(&stage, &[&one, &one]).expect_code(2).expect_stderr(&["same"]);
    stage.assert_nothing_left();
}
