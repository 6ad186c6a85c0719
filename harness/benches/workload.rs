//! What the application itself costs: the default queries on an idle server, timed from the moment each was due, and how
//! late the generator was.
//!
//! `PGREHEARSE_BENCH_ROWS` (1,000,000) and `PGREHEARSE_BENCH_SECONDS` (10) set the size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on fails, and prints its result"
)]

mod loaded;
mod sized;

use std::fs::File;
use std::io::BufReader;
use std::time::Duration;

use pgrehearse::dataset::prepare::DATASET_DATABASE;
use pgrehearse::run::application;
use pgrehearse::workload::{Wanted, Workload};
use pgrehearse_reports::event::Event;

use self::loaded::Loaded;

fn main() {
    sized::main(("SECONDS", 10), bench);
}

async fn bench(rows: u64, seconds: u64) {
    let Loaded { server, endpoint, home, recorder, record, mut recipe, planned, files, .. } =
        loaded::load(rows).await;
    drop(home);
    recipe.scenario.workload.probes.clear();
    let tables = application::tables(&planned.plans, &planned.catalog.tables);
    let events = recorder.events().for_rehearsal(1);
    let declared = &recipe.scenario.workload;
    let wanted =
        Wanted { declared, probes: None, at_first: None, tables: &tables, seed: 42, has_to_work: true };
    let workload = Workload::start(&endpoint, DATASET_DATABASE, wanted, &events).await.unwrap();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    workload.unwrap().stop().await;
    drop(events);
    recorder.finish().unwrap();
    server.tear_down().await.unwrap();
    print(&record);
    drop(files);
}

fn print(path: &std::path::Path) {
    let entries = pgrehearse_reports::record::read(BufReader::new(File::open(path).unwrap())).unwrap();
    let mut latencies_us = Vec::new();
    let mut failed = 0;
    for entry in &entries {
        match &entry.event {
            Event::ProbeWindow(window) => {
                for (us, count) in &window.latencies {
                    latencies_us.extend(std::iter::repeat_n(*us, usize::try_from(*count).unwrap()));
                }
            }
            Event::ProbeRequest(request) => {
                failed += u64::from(request.sqlstate.is_some() || request.done_us.is_none());
                latencies_us.extend(request.done_us.map(|done_us| done_us - request.due_us));
            }
            Event::WorkloadStopped(stopped) => println!(
                "generator late by {:.2} ms (p50), {:.2} ms (p99), {:.2} ms at most",
                stopped.lag_us_p50 as f64 / 1e3,
                stopped.lag_us_p99 as f64 / 1e3,
                stopped.lag_us_max as f64 / 1e3
            ),
            _ => {}
        }
    }
    latencies_us.sort_unstable();
    let at = |part: f64| latencies_us[((latencies_us.len() - 1) as f64 * part) as usize] as f64 / 1e3;
    println!(
        "{} requests, {failed} failed; from being due to the answer {:.2} ms (p50), {:.2} ms (p99), {:.2} ms at most",
        latencies_us.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
