//! Datasets that are kept from one run to the next.

use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::stage::{Ended, Stage, Started, wait};

const STEP: &[(&str, &str)] = &[("add", "ALTER TABLE users ADD COLUMN note text;\nSELECT pg_sleep(0.2);\n")];

/// A stage with a cache of its own, beside its other folders.
struct Cached(Stage);

impl Cached {
    fn new() -> Self {
        Self(Stage::with_steps(STEP))
    }

    fn dir(&self) -> PathBuf {
        self.0.out().with_file_name("cache")
    }

    fn datasets(&self) -> PathBuf {
        self.dir().join("datasets-1")
    }

    fn command(&self, out: &str, args: &[&str]) -> std::process::Command {
        let (scenario, out) = (self.0.scenario(), self.0.out().join(out));
        let mut all =
            vec!["run", scenario.to_str().unwrap(), "--no-workload", "--out", out.to_str().unwrap()];
        all.extend(args);
        let mut command = self.0.command(&all);
        command.env("PGREHEARSE_CACHE", self.dir());
        command
    }

    fn run(&self, out: &str, args: &[&str]) -> Ended {
        wait(self.command(out, args))
    }

    /// `pgrehearse cache …`
    fn cache(&self, args: &[&str]) -> Ended {
        let mut all = vec!["cache"];
        all.extend(args);
        let mut command = self.0.command(&all);
        command.env("PGREHEARSE_CACHE", self.dir());
        wait(command)
    }

    fn dataset(&self, out: &str) -> Value {
        let text = std::fs::read_to_string(self.0.out().join(out).join("report.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["dataset"].take()
    }

    fn source(&self, out: &str) -> String {
        self.dataset(out)["source"].as_str().unwrap().to_owned()
    }

    /// Datasets, and what is half made of some.
    fn entries(&self) -> (usize, usize) {
        let names: Vec<String> = std::fs::read_dir(self.datasets())
            .map(|dir| dir.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default();
        let whole = names.iter().filter(|name| !name.contains('.')).count();
        (whole, names.iter().filter(|name| name.ends_with(".new")).count())
    }
}

#[test]
fn the_second_run_takes_the_dataset_of_the_first() {
    let stage = Cached::new();
    stage.run("first", &[]).expect_code(0);
    stage.run("second", &["--repeat", "2"]).expect_code(0);
    let (first, second) = (stage.dataset("first"), stage.dataset("second"));
    assert_eq!((&first["source"], &second["source"]), (&"generated".into(), &"cached".into()));
    for same in ["fingerprint", "rows", "bytes", "fidelity_ok", "fidelity"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    assert_eq!(first["tables"][0]["columns"], second["tables"][0]["columns"], "the proof goes with it");
    // Another seed is another dataset.
    stage.run("other", &["--seed", "7"]).expect_code(0);
    assert_eq!(stage.source("other"), "generated");
    assert_eq!(stage.entries(), (2, 0));
    let listed = stage.cache(&["list"]);
    listed.expect_code(0);
    assert!(
        listed.stdout.contains("2,000 rows") && listed.stdout.contains("2 datasets, "),
        "{}",
        listed.stdout
    );
    stage.0.assert_nothing_left();
    stage.cache(&["clear"]).expect_code(0);
    assert_eq!(stage.entries(), (0, 0));
    stage.run("without", &["--no-cache"]).expect_code(0);
    assert_eq!((stage.source("without"), stage.entries()), ("generated".to_owned(), (0, 0)));
}

#[test]
fn what_was_not_used_for_longest_makes_room() {
    let stage = Cached::new();
    stage.run("one", &["--seed", "1"]).expect_code(0);
    stage.run("two", &["--seed", "2"]).expect_code(0);
    stage.run("one again", &["--seed", "1"]).expect_code(0);
    // Each takes about 60 MiB, most of it catalogs and write-ahead log.
    let mut third = stage.command("three", &["--seed", "3"]);
    third.env("PGREHEARSE_CACHE_SIZE", "150MiB");
    wait(third).expect_code(0);
    assert_eq!(stage.entries(), (2, 0));
    stage.run("one is there", &["--seed", "1"]).expect_code(0);
    assert_eq!(stage.source("one is there"), "cached");
    let mut fourth = stage.command("four", &["--seed", "4"]);
    fourth.env("PGREHEARSE_CACHE_SIZE", "1MiB");
    let ended = wait(fourth);
    ended.expect_code(0);
    assert!(ended.stdout.contains("is not kept for the next run: it is larger"), "{}", ended.stdout);
    stage.cache(&["prune", "--max-size", "0B"]).expect_code(0);
    assert_eq!(stage.entries(), (0, 0));
}

#[test]
fn two_runs_at_once_load_it_once() {
    let stage = Cached::new();
    // Enough rows that the second finds the first at it.
    let rows = ["--rows", "users=300k"];
    let both = ["one", "two"].map(|out| stage.0.spawn(stage.command(out, &rows), &stage.0.out().join(out)));
    for mut run in both {
        assert_eq!(run.wait().code(), Some(0), "{}", run.stderr());
    }
    let mut sources = [stage.source("one"), stage.source("two")];
    sources.sort_unstable();
    assert_eq!(sources, ["cached", "generated"]);
    assert_eq!(stage.entries(), (1, 0));
    stage.0.assert_nothing_left();
}

/// Kills a run when `moment` returns, and looks what the next one makes of it.
fn killed(stage: &Cached, moment: impl FnOnce(&mut Started)) -> String {
    let rows = ["--rows", "users=200k"];
    let mut run = stage.0.spawn(stage.command("killed", &rows), &stage.0.out().join("killed"));
    moment(&mut run);
    run.signal(Signal::SIGKILL);
    run.wait();
    stage.run("next", &rows).expect_code(0);
    assert_eq!(stage.dataset("next")["rows"], 200_000);
    assert_eq!(stage.entries(), (1, 0));
    stage.0.assert_nothing_left();
    stage.source("next")
}

#[test]
fn after_kill_9_nothing_half_made_is_used() {
    for (moment, source) in
        [("server_started", "generated"), ("dataset_ready", "cached"), ("statement_started", "cached")]
    {
        let stage = Cached::new();
        assert_eq!(killed(&stage, |run| run.wait_for(&[moment])), source, "{moment}");
        // From the cache, too, at whatever point of copying it.
        assert_eq!(killed(&stage, |run| run.wait_for(&["run_started"])), "cached");
    }
    let stage = Cached::new();
    let while_it_is_kept = |_: &mut Started| {
        while stage.entries().1 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    };
    assert_eq!(killed(&stage, while_it_is_kept), "generated");
}

#[test]
fn a_dataset_that_lost_a_part_is_loaded_anew() {
    let stage = Cached::new();
    stage.run("first", &[]).expect_code(0);
    let mut entries = std::fs::read_dir(stage.datasets()).unwrap().map(|entry| entry.unwrap().path());
    let entry = entries.find(|path| path.is_dir()).unwrap();
    let file = std::fs::File::options().write(true).open(entry.join("data/global/pg_control")).unwrap();
    file.set_len(4_096).unwrap();
    stage.run("second", &[]).expect_code(0);
    assert_eq!(stage.source("second"), "generated");
    // What another version wrote is none either.
    std::fs::write(entry.join("dataset.json"), "{\"scenario\": 1}").unwrap();
    stage.run("third", &[]).expect_code(0);
    assert_eq!((stage.source("third"), stage.entries()), ("generated".to_owned(), (1, 0)));
}

#[test]
fn what_else_is_in_the_folder_stays_there() {
    let stage = Cached::new();
    let other = stage.dir().join("0123456789abcdef0123456789abcdef");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("precious"), "").unwrap();
    stage.run("first", &[]).expect_code(0);
    stage.cache(&["clear"]).expect_code(0);
    assert!(other.join("precious").exists());
    assert_eq!(stage.entries(), (0, 0));
}

#[test]
fn settings_that_the_server_refuses_are_not_the_caches_fault() {
    let stage = Cached::new();
    stage.run("first", &[]).expect_code(0);
    let toml = std::fs::read_to_string(stage.0.scenario().join("scenario.toml")).unwrap();
    stage.0.file("scenario.toml", &format!("{toml}[server.settings]\nshared_bufers = \"1GB\"\n"));
    let ended = stage.run("second", &[]);
    ended.expect_code(2).expect_stderr(&["shared_bufers", "[server] settings"]);
    assert_eq!(stage.entries(), (1, 0));
    stage.0.assert_nothing_left();
}

#[test]
fn a_cache_that_cannot_be_used_is_an_error_where_somebody_named_it() {
    let stage = Cached::new();
    let mut named = stage.command("named", &[]);
    named.env("PGREHEARSE_CACHE", "/proc/nowhere");
    wait(named).expect_code(3).expect_stderr(&["/proc/nowhere", "PGREHEARSE_CACHE", "--no-cache"]);
    let mut usual = stage.command("usual", &[]);
    usual.env_remove("PGREHEARSE_CACHE").env_remove("XDG_CACHE_HOME").env("HOME", "/proc/nowhere");
    let ended = wait(usual);
    ended.expect_code(0);
    assert!(ended.stdout.contains("/proc/nowhere"), "{}", ended.stdout);
    let mut size = stage.command("size", &[]);
    size.env("PGREHEARSE_CACHE_SIZE", "much");
    wait(size).expect_code(2).expect_stderr(&["PGREHEARSE_CACHE_SIZE=much"]);
    stage.0.assert_nothing_left();
}
