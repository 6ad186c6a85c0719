//! What watching costs: a migration under watch against the same file through `psql`, each on a fresh copy of the same
//! data.
//!
//! Both run in turn, so that a machine whose speed drifts is fair to both; of `psql`, the time that it needs for an empty
//! file is taken off. Prints medians and ratios. `PGREHEARSE_BENCH_ROWS` (1,000,000) and `PGREHEARSE_BENCH_ROUNDS` (9)
//! set the size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on fails, and prints its result"
)]

mod loaded;
mod paired;
mod sized;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pgrehearse::dataset::prepare::DATASET_DATABASE;
use pgrehearse::events::Recorder;
use pgrehearse::migrate::{self, Migration};
use pgrehearse::observe::{Observer, Watched};
use pgrehearse::postgres::{Connection, Endpoint, HOME_DATABASE, MIGRATOR, admin, changes};
use pgrehearse::server::discover::{Places, choose};
use pgrehearse_reports::event::Outcome;
use pgrehearse_scenarios::{Folder, Scenario};
use tokio::sync::{mpsc, watch};

use self::loaded::Loaded;
use self::paired::{in_turn, median};

/// Files by the shapes that are watched differently.
const MIGRATIONS: [(&str, &str); 3] = [
    ("a rewrite in a transaction", "ALTER TABLE users ALTER COLUMN org_id TYPE bigint;\n"),
    ("an index in a transaction", "CREATE INDEX i ON users (username);\n"),
    ("an index CONCURRENTLY", "CREATE INDEX CONCURRENTLY i ON users (username);\n"),
];

fn main() {
    sized::main(("ROUNDS", 9), bench);
}

/// The server and what is compared on it.
struct Bench {
    endpoint: Endpoint,
    home: Connection,
    psql: PathBuf,
    socket_dir: PathBuf,
    port: u16,
    version_num: u32,
    recorder: Recorder,
    files: tempfile::TempDir,
}

async fn bench(rows: u64, rounds: u64) {
    let binaries = choose(&Places::of_this_machine(None), None).unwrap();
    let psql = binaries.dir.join("psql");
    if !psql.exists() {
        println!("psql is not beside the server's programs: nothing to compare with");
        return;
    }
    let Loaded { server, endpoint, home, version_num, recorder, files, .. } = loaded::load(rows).await;
    let (socket_dir, port) = (server.socket_dir(), server.port());
    let bench = Bench { endpoint, home, psql, socket_dir, port, version_num, recorder, files };
    let nothing_s = bench.nothing().await;
    for (what, sql) in MIGRATIONS {
        bench.compare(what, sql, rounds, nothing_s).await;
    }
    drop(bench);
    server.tear_down().await.unwrap();
}

impl Bench {
    /// Seconds that `psql` needs to start, connect and end.
    async fn nothing(&self) -> f64 {
        let file = self.files.path().join("empty.sql");
        std::fs::write(&file, "SELECT 1;\n").unwrap();
        admin::copy_database(&self.home, self.version_num, DATASET_DATABASE, "bench").await.unwrap();
        let mut seconds: Vec<f64> = (0..9).map(|_| self.through_psql(&file, &[])).collect();
        admin::drop_database(&self.home, "bench").await.unwrap();
        median(&mut seconds)
    }

    async fn compare(&self, what: &str, sql: &str, rounds: u64, nothing_s: f64) {
        let file = self.files.path().join("up.sql");
        std::fs::write(&file, sql).unwrap();
        let scenario = self.scenario(sql);
        // What runs in one transaction under watch runs in one here.
        let options: &[&str] = if sql.contains("CONCURRENTLY") { &[] } else { &["--single-transaction"] };
        let (mut watched, mut plain, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            let [ours, theirs] = in_turn(round, async |turn| {
                admin::copy_database(&self.home, self.version_num, DATASET_DATABASE, "bench").await.unwrap();
                let seconds = if turn == 0 {
                    self.under_watch(&scenario).await
                } else {
                    self.through_psql(&file, options) - nothing_s
                };
                admin::drop_database(&self.home, "bench").await.unwrap();
                seconds
            })
            .await;
            watched.push(ours);
            plain.push(theirs);
            ratios.push(ours / theirs);
        }
        let ratio = median(&mut ratios);
        println!(
            "{what}: watched {:.3} s, psql {:.3} s; ratio {ratio:.3} (median of {rounds}, {:.3} to {:.3})",
            median(&mut watched),
            median(&mut plain),
            ratios[0],
            ratios[ratios.len() - 1],
        );
    }

    /// A scenario whose only strategy is that file.
    fn scenario(&self, sql: &str) -> Scenario {
        let dir = self.files.path().join("scenario");
        std::fs::create_dir_all(&dir).unwrap();
        let toml = "title = \"Bench\"\nschema = \"schema.sql\"\nprofile = \"profile.toml\"\n\
                    [[strategy]]\nname = \"up\"\nup = [\"up.sql\"]\n";
        for (name, text) in [
            ("scenario.toml", toml),
            ("schema.sql", "CREATE TABLE users (id int);\n"),
            ("profile.toml", "[tables.users]\nrows = 1\n"),
            ("up.sql", sql),
        ] {
            std::fs::write(dir.join(name), text).unwrap();
        }
        pgrehearse_scenarios::load(&Folder::find(dir.to_str().unwrap()).unwrap()).unwrap().scenario
    }

    async fn under_watch(&self, scenario: &Scenario) -> f64 {
        let events = self.recorder.events().for_rehearsal(1);
        let (sample_interval, sampled) = watch::channel(migrate::SAMPLE_INTERVAL);
        let (ended, told_of_end) = mpsc::channel(1);
        let home = self.endpoint.connect_as_superuser(HOME_DATABASE, "bench").await.unwrap();
        let counts_changes = changes::count_next(&home, "bench").await.unwrap();
        let mut migration =
            Migration::open(&self.endpoint, "bench", events.clone(), sample_interval, ended).await.unwrap();
        let watched = Watched {
            database: "bench".to_owned(),
            backend_pid: migration.backend_pid(),
            version_num: self.version_num,
            counts_changes,
            traced_program: None,
        };
        let observer =
            Observer::start(&self.endpoint, watched, sampled, told_of_end, events.clone()).await.unwrap();
        let stock = migration.take_stock(None).await.unwrap();
        let began = Instant::now();
        migration.start(stock, Duration::from_secs(600));
        let outcome = migration.run(None, &scenario.strategies[0].phases[0].up).await.unwrap();
        migration.finish(outcome).await;
        let seconds = began.elapsed().as_secs_f64();
        assert_eq!(outcome, Outcome::Completed);
        observer.stop(&events).await;
        seconds
    }

    fn through_psql(&self, file: &Path, options: &[&str]) -> f64 {
        let mut command = Command::new(&self.psql);
        command.args(["-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-h"]).arg(&self.socket_dir);
        command.args(["-p", &self.port.to_string(), "-U", MIGRATOR, "-d", "bench"]).args(options);
        command.arg("-f").arg(file);
        let began = Instant::now();
        let output = command.output().unwrap();
        let seconds = began.elapsed().as_secs_f64();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        seconds
    }
}
