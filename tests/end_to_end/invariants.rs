//! The invariants of the README that hold for the whole, not for one room.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::stage::{Stage, wait};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn scenarios_and_reports_open_no_socket_and_start_no_process() {
    for room in ["scenarios", "reports"] {
        let mut files = Vec::new();
        rust_files(&workspace().join(room).join("src"), &mut files);
        assert!(files.len() > 5, "{files:?}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for word in ["std::net", "std::process", "std::os::unix::net", "tokio"] {
                // A sentence may speak of what the code does not do.
                let used =
                    text.lines().any(|line| line.contains(word) && !line.trim_start().starts_with("//"));
                assert!(!used, "{} uses {word}", file.display());
            }
        }
        let manifest = fs::read_to_string(workspace().join(room).join("Cargo.toml")).unwrap();
        assert!(!manifest.contains("tokio") && !manifest.contains("pgrehearse.workspace"), "{manifest}");
    }
}

#[test]
fn helpers_of_the_main_path_do_not_import_each_other() {
    let helpers = ["server", "dataset", "migrate", "observe", "inspect"];
    for helper in helpers {
        let mut files = vec![workspace().join(format!("harness/src/{helper}.rs"))];
        let dir = workspace().join("harness/src").join(helper);
        if dir.is_dir() {
            rust_files(&dir, &mut files);
        }
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for other in helpers.iter().filter(|other| **other != helper) {
                assert!(!text.contains(&format!("crate::{other}")), "{} imports {other}", file.display());
            }
        }
    }
}

#[test]
fn the_main_path_neither_prints_nor_holds_sql() {
    let text = fs::read_to_string(workspace().join("harness/src/run.rs")).unwrap();
    for word in ["print", "SELECT", "CREATE", "DROP", "query"] {
        assert!(!text.contains(word), "run.rs has {word}");
    }
}

#[test]
fn the_server_listens_on_a_private_unix_socket_only() {
    let stage = Stage::with_steps(&[("sleep", "SELECT pg_sleep(200);\n")]);
    let mut run = stage.start(&[]);
    run.wait_for(&["statement_started"]);
    let homes: Vec<_> = fs::read_dir(stage.work()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [home] = &homes[..] else { panic!("{homes:?}") };
    for dir in [home.clone(), home.join("socket"), home.join("data")] {
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700, "{}", dir.display());
    }
    let addresses = stage
        .record()
        .into_iter()
        .filter(|entry| entry["event"] == "server_started")
        .map(|entry| entry["settings"]["listen_addresses"].clone());
    assert!(addresses.clone().count() == 2 && addresses.clone().all(|address| address == ""));
    run.signal(nix::sys::signal::SIGTERM);
    run.wait();
    stage.assert_nothing_left();
}

#[test]
fn the_callers_own_connection_settings_are_neither_used_nor_told() {
    let stage = Stage::with_steps(&[("add", "ALTER TABLE users ADD COLUMN note text;\nSELECT 1 / 0;\n")]);
    let (scenario, out) = (stage.scenario(), stage.out());
    let mut command =
        stage.command(&["run", scenario.to_str().unwrap(), "--no-workload", "--out", out.to_str().unwrap()]);
    for (name, value) in [
        ("PGPASSWORD", "sekrit-1"),
        ("PGHOST", "sekrit-2"),
        ("PGPORT", "1"),
        ("PGOPTIONS", "-c fsync=sekrit-3"),
    ] {
        command.env(name, value);
    }
    let ended = wait(command);
    ended.expect_code(1);
    let mut told = ended.stdout + &ended.stderr;
    for file in ["record.jsonl", "report.json", "report.md"] {
        told.push_str(&fs::read_to_string(out.join(file)).unwrap());
    }
    for secret in ["sekrit", "host=", "password="] {
        assert!(!told.contains(secret), "{secret} is told");
    }
}
