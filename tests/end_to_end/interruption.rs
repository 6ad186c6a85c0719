//! Runs that are stopped, or killed, in every phase.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::stage::{Stage, Started, processes_in};

const SLEEP: &str = "ALTER TABLE users ADD COLUMN note text;\nSELECT pg_sleep(200);\n";

fn stopped_cleanly(stage: &Stage, signal: Signal, more: &[&str], moment: &[&str]) {
    stops_cleanly(stage, stage.start(more), signal, moment);
}

fn stops_cleanly(stage: &Stage, mut run: Started, signal: Signal, moment: &[&str]) {
    run.wait_for(moment);
    run.signal(signal);
    let status = run.wait();
    assert_eq!(status.code(), Some(130), "{}", run.stderr());
    assert!(run.stderr().contains("interrupted"), "{}", run.stderr());
    stage.assert_nothing_left();
    let last = stage.record().pop().unwrap();
    assert_eq!((&last["event"], &last["interrupted"]), (&"run_finished".into(), &true.into()));
}

#[test]
fn ctrl_c_while_loading() {
    let stage = Stage::with_steps(&[("sleep", SLEEP)]);
    // Enough rows that it is still loading when the signal comes.
    stopped_cleanly(&stage, Signal::SIGINT, &["--rows", "users=20M"], &["server_started"]);
}

#[test]
fn ctrl_c_while_migrating() {
    let stage = Stage::with_steps(&[("sleep", SLEEP)]);
    stopped_cleanly(&stage, Signal::SIGINT, &[], &["statement_started", "pg_sleep"]);
    // What was seen until then is reported.
    let report = stage.report();
    assert_eq!(report["verdict"], "error");
    assert_eq!(report["strategies"][0]["rehearsals"][0]["outcome"], "interrupted");
    assert_eq!(report["strategies"][0]["rehearsals"][0]["statements"][0]["error"], serde_json::Value::Null);
}

#[test]
fn sigterm_while_migrating() {
    let stage = Stage::with_steps(&[("sleep", SLEEP)]);
    stopped_cleanly(&stage, Signal::SIGTERM, &[], &["statement_started", "pg_sleep"]);
}

#[test]
fn ctrl_c_while_the_application_runs() {
    for moment in
        [["phase_started", "baseline"], ["hold_started", "VACUUM"], ["statement_started", "pg_sleep"]]
    {
        // Locked, so that requests are under way which nobody answers.
        let stage = Stage::with_steps(&[(
            "sleep",
            "LOCK TABLE users IN ACCESS EXCLUSIVE MODE;\nSELECT pg_sleep(200);\n",
        )]);
        let toml = std::fs::read_to_string(stage.scenario().join("scenario.toml")).unwrap();
        let holds = "[[workload.hold]]\nkind = \"idle\"\ntable = \"users\"\nstart = \"during\"\nfor = \"1h\"\n\
                     [[workload.hold]]\nkind = \"vacuum\"\ntable = \"users\"\nstart = \"before\"\nfor = \"1h\"\n";
        stage.file("scenario.toml", &format!("{toml}[workload]\nbaseline = \"500ms\"\n{holds}"));
        stops_cleanly(&stage, stage.start_with_workload(&[]), Signal::SIGINT, &moment);
    }
}

#[test]
fn ctrl_c_while_tearing_down() {
    let stage = Stage::with_steps(&[("sleep", SLEEP)]);
    let mut run = stage.start(&[]);
    run.wait_for(&["statement_started", "pg_sleep"]);
    // The first one starts the teardown; the others hit it, wherever it is.
    let mut sent = 0;
    while run.is_running() {
        run.signal(if sent % 2 == 0 { Signal::SIGINT } else { Signal::SIGTERM });
        sent += 1;
        std::thread::sleep(Duration::from_millis(3));
    }
    assert_eq!(run.wait().code(), Some(130), "{}", run.stderr());
    assert!(sent > 1);
    stage.assert_nothing_left();
}

#[test]
fn ctrl_c_while_the_server_is_made() {
    let stage = Stage::with_steps(&[("sleep", SLEEP)]);
    let mut run = stage.start(&[]);
    run.wait_for(&["record_started"]);
    run.signal(Signal::SIGINT);
    let status = run.wait();
    assert_eq!(status.code(), Some(130), "{}", run.stderr());
    stage.assert_nothing_left();
}

#[test]
fn after_kill_9_no_server_survives_and_the_next_run_clears_the_disk() {
    let stage = Stage::with_steps(&[("sleep", SLEEP)]);
    for (moment, more) in [
        (&["statement_started", "pg_sleep"][..], &[][..]),
        (&["server_started"][..], &["--rows", "users=20M"][..]),
        (&["record_started"][..], &[][..]),
    ] {
        let mut run = stage.start(more);
        run.wait_for(moment);
        run.signal(Signal::SIGKILL);
        assert_eq!(run.wait().code(), None);
        let began = std::time::Instant::now();
        while !processes_in(&stage.work()).is_empty() {
            let left = processes_in(&stage.work());
            assert!(began.elapsed() < Duration::from_secs(20), "survived: {left:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    stage.file("sleep.sql", "ALTER TABLE users ADD COLUMN note text;\n");
    stage.run(&[]).expect_code(0);
    stage.assert_nothing_left();
    let swept = stage.record().iter().filter(|entry| entry["event"] == "torn_down").count();
    assert!(swept >= 2, "the record says what was cleared away");
}

#[test]
fn a_server_that_dies_is_an_error_of_the_environment() {
    let stage = Stage::with_steps(&[("sleep", SLEEP)]);
    let mut run = stage.start(&[]);
    run.wait_for(&["statement_started", "pg_sleep"]);
    let postmaster = processes_in(&stage.work()).into_iter().find(|line| line.contains(" -D ")).unwrap();
    let pid = postmaster.split_whitespace().next().unwrap().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGQUIT).unwrap();
    assert_eq!(run.wait().code(), Some(3), "{}", run.stderr());
    stage.assert_nothing_left();
}
