//! A rehearsal's copy of the dataset against `cp` of the dataset's files, with every file brought to the disk by both: what
//! the system still has to write would disturb the migration.
//!
//! Both in turn, so that a machine whose speed drifts is fair to both; every copy is removed before the next is made.
//! `PGREHEARSE_BENCH_ROWS` (1,000,000) and `PGREHEARSE_BENCH_ROUNDS` (9) set the size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on fails, and prints its result"
)]

mod loaded;
mod paired;
mod sized;

use std::process::Command;
use std::time::Instant;

use pgrehearse::dataset::prepare::DATASET_DATABASE;
use pgrehearse::postgres::admin;

use self::loaded::Loaded;
use self::paired::{in_turn, median};

fn main() {
    sized::main(("ROUNDS", 9), bench);
}

async fn bench(rows: u64, rounds: u64) {
    let Loaded { server, home, version_num, planned, .. } = loaded::load(rows).await;
    drop(planned);
    let oid = admin::database_oid(&home, DATASET_DATABASE).await.unwrap();
    let data = server.socket_dir().parent().unwrap().join("data");
    let files = data.join("base").join(oid.to_string());
    let copy = data.join("base").join("copy");
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let [database, cp] = in_turn(round, async |turn| {
            let began = Instant::now();
            if turn == 0 {
                admin::copy_database(&home, version_num, DATASET_DATABASE, "bench").await.unwrap();
            } else {
                assert!(Command::new("cp").arg("-r").arg(&files).arg(&copy).status().unwrap().success());
                assert!(Command::new("sync").arg("-f").arg(&copy).status().unwrap().success());
            }
            let seconds = began.elapsed().as_secs_f64();
            admin::drop_database(&home, "bench").await.unwrap();
            drop(std::fs::remove_dir_all(&copy));
            // What was removed is not to be written in the other's time.
            assert!(Command::new("sync").status().unwrap().success());
            seconds
        })
        .await;
        ours.push(database);
        theirs.push(cp);
        ratios.push(database / cp);
    }
    println!(
        "{rows} rows: copied in {:.3} s, by cp and sync in {:.3} s; ratio {:.3} (median of {rounds}, {:.3} to {:.3})",
        median(&mut ours),
        median(&mut theirs),
        median(&mut ratios),
        ratios[0],
        ratios[ratios.len() - 1]
    );
    drop(home);
    server.tear_down().await.unwrap();
}
