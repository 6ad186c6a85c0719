//! Every bundled scenario, rehearsed at a small scale and held to what it expects.
//!
//! Alone in its program, so that no other test runs beside it: what an application waits for is measured here.
//! `PGREHEARSE_CATALOG_SCALE` sets another scale, `1` being the one that the scenarios are written for.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails; it says what it saw"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Large enough for what blocks to be felt, small enough for a machine with two cores.
const SCALE: &str = "0.3";
/// Several million rows are loaded, and a migration that never ends has its limit.
const DEADLINE: Duration = Duration::from_secs(900);

#[test]
fn every_bundled_scenario_ends_as_it_expects() {
    let scale = std::env::var("PGREHEARSE_CATALOG_SCALE").unwrap_or_else(|_| SCALE.to_owned());
    let dir = tempfile::Builder::new().prefix("pgr-test-").tempdir_in("/var/tmp").unwrap();
    // As root, the server runs as another user and has to get to its own directory.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let work = dir.path().join("work");
    fs::create_dir(&work).unwrap();
    fs::set_permissions(&work, fs::Permissions::from_mode(0o777)).unwrap();

    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/catalog");
    let mut ids: Vec<String> = fs::read_dir(catalog)
        .unwrap()
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect();
    ids.sort();
    assert!(ids.len() >= 10, "{ids:?}");
    let mut wrong = Vec::new();
    for id in &ids {
        let out = dir.path().join(id);
        let (code, stderr) = run(id, &scale, &work, &out);
        let report = fs::read_to_string(out.join("report.json")).unwrap_or_default();
        let report: Value = serde_json::from_str(&report).unwrap_or_default();
        let strategies = report["strategies"].as_array().cloned().unwrap_or_default();
        println!("{id}");
        for strategy in &strategies {
            println!("  {}", told(strategy));
            if strategy["as_expected"] != Value::Bool(true) {
                wrong.push(format!("{id}, {}", told(strategy)));
            }
        }
        if code != Some(0) || strategies.len() < 2 {
            wrong.push(format!("{id} ended with {code:?}: {stderr}"));
        }
        let left: Vec<_> = fs::read_dir(&work).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{id} left on the disk: {left:?}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A strategy with its verdict and what speaks for it.
fn told(strategy: &Value) -> String {
    let findings = strategy["findings"].as_array().unwrap().iter();
    let findings: Vec<&str> = findings
        .filter(|finding| finding["severity"] == "high")
        .map(|finding| finding["id"].as_str().unwrap())
        .collect();
    let broken = strategy["budget"].as_array().unwrap().iter().filter(|line| line["broken"] == true);
    let broken: Vec<String> = broken.map(|line| format!("{} {}", line["limit"], line["measured"])).collect();
    format!(
        "{}: {}, as expected: {}, high: {findings:?}, broken: {broken:?}",
        strategy["name"], strategy["verdict"], strategy["as_expected"]
    )
}

/// The exit code and what was said on stderr.
fn run(id: &str, scale: &str, work: &Path, out: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgrehearse"));
    command.args(["run", id, "--scale", scale, "--no-cache", "--quiet", "--out"]).arg(out);
    command.env("PGREHEARSE_WORK_DIR", work).env_remove("PGREHEARSE_PG_BIN");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > DEADLINE {
            // What it leaves is what the next assertion finds.
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}
