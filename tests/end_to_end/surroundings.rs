//! Odd folders, odd settings, and other runs at the same time.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::stage::{Stage, wait};

const INDEX: &str = "CREATE INDEX ON users (email);\n";
const SLEEP: &str = "SELECT pg_sleep(200);\n";

fn with_settings(settings: &str, sql: &str) -> Stage {
    let stage = Stage::with_steps(&[("step", sql)]);
    stage.edit(
        "scenario.toml",
        "[[strategy]]",
        &format!("[server]\nsettings = {{ {settings} }}\n[[strategy]]"),
    );
    stage
}

fn work_dir(stage: &Stage, name: &str) -> String {
    let work = stage.work().join(name);
    fs::create_dir(&work).unwrap();
    fs::set_permissions(&work, fs::Permissions::from_mode(0o777)).unwrap();
    work.to_str().unwrap().to_owned()
}

#[test]
fn a_work_dir_may_have_spaces_commas_and_quotes() {
    let stage = Stage::with_steps(&[("step", INDEX)]);
    let work = work_dir(&stage, "a, b'\"c");
    stage.run(&["--work-dir", &work]).expect_code(0);
    fs::remove_dir(&work).unwrap();
    stage.assert_nothing_left();
}

#[test]
fn a_kept_server_is_started_and_removed_by_the_commands_that_are_printed() {
    let stage = Stage::with_steps(&[("step", INDEX)]);
    // pg_ctl itself cannot do with double quotes, nor psql with commas.
    let work = work_dir(&stage, "a b'c");
    let ended = stage.run(&["--keep", "--work-dir", &work]);
    ended.expect_code(0);
    let command = |label: &str| {
        let line = ended.stderr.lines().find_map(|line| line.trim().strip_prefix(label)).unwrap();
        let mut shell = std::process::Command::new("sh");
        shell.arg("-ec").arg(line.trim()).current_dir("/");
        shell
    };
    // Not through pipes, which the server would hold open.
    assert!(command("start it").stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    wait(command("remove it")).expect_code(0);
    fs::remove_dir(&work).unwrap();
    stage.assert_nothing_left();
}

#[test]
fn what_a_removal_cut_short_left_is_cleared_away() {
    let stage = Stage::with_steps(&[("step", INDEX)]);
    let left = stage.work().join(format!("pgrehearse-{}-00000000dead", nix::unistd::Uid::effective()));
    fs::create_dir_all(left.join("data/base")).unwrap();
    stage.run(&[]).expect_code(0);
    stage.assert_nothing_left();
}

#[test]
fn two_runs_do_not_write_one_record() {
    let stage = Stage::with_steps(&[("sleep", SLEEP)]);
    let mut first = stage.start(&[]);
    first.wait_for(&["statement_started", "pg_sleep"]);
    stage.run(&[]).expect_code(4).expect_stderr(&["another run is writing it", "--out DIR"]);
    assert!(first.is_running());
    first.signal(Signal::SIGINT);
    assert_eq!(first.wait().code(), Some(130), "{}", first.stderr());
    assert_eq!(stage.record().pop().unwrap()["event"], "run_finished");
    stage.assert_nothing_left();
}

#[test]
fn scenarios_of_one_name_are_not_rehearsed_over_each_other() {
    let stage = Stage::with_steps(&[("step", INDEX)]);
    let scenario = stage.scenario();
    stage.run(&[scenario.to_str().unwrap()]).expect_code(2).expect_stderr(&["called scenario"]);
}

#[test]
fn settings_that_the_server_refuses_are_found_before_loading() {
    for settings in ["nonsense = 1", "shared_buffers = \"1000TB\""] {
        let stage = with_settings(settings, INDEX);
        stage.run(&["--rows", "users=500"]).expect_code(2).expect_stderr(&[
            "does not start with the scenario's [server] settings",
            settings.split(' ').next().unwrap(),
        ]);
        assert!(!stage.record().iter().any(|entry| entry["event"] == "table_loaded"));
        stage.assert_nothing_left();
    }
}

#[test]
fn limits_of_the_migration_do_not_hold_for_the_harness() {
    let settings = "statement_timeout = 200, default_transaction_read_only = false, lock_timeout = 5";
    let stage = with_settings(settings, "SELECT pg_sleep(5);\n");
    stage.run(&[]).expect_code(1);
    let report = stage.report();
    let statement = &report["strategies"][0]["rehearsals"][0]["statements"][0];
    assert_eq!(statement["error"]["sqlstate"], "57014", "{statement}");
    assert_eq!(report["environment"]["settings"]["statement_timeout"], "200");
    stage.assert_nothing_left();
}

#[test]
fn a_hang_up_ends_a_run() {
    let stage = Stage::with_steps(&[("sleep", SLEEP)]);
    let mut run = stage.start(&[]);
    run.wait_for(&["statement_started", "pg_sleep"]);
    run.signal(Signal::SIGHUP);
    assert_eq!(run.wait().code(), Some(130), "{}", run.stderr());
    stage.assert_nothing_left();
}
