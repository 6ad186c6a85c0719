//! Loading against the server's own `COPY … FROM` a file of the same bytes.
//!
//! Both fill the same empty table of the bundled scenario in the same way (truncated in the same transaction,
//! `FREEZE`, indexes not maintained), in turn, so that a machine whose speed drifts is fair to both. Prints each
//! round and the median ratio. `PGREHEARSE_BENCH_ROWS` (1,000,000) and `PGREHEARSE_BENCH_ROUNDS` (7) set the size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on fails, and prints its result"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use pgrehearse::dataset::plan::{Request, TablePlan, plan};
use pgrehearse::dataset::{encode, load};
use pgrehearse::postgres::{Connection, HOME_DATABASE, bulk, catalog};
use pgrehearse::server::discover::{Places, choose};
use pgrehearse::server::{LocalServer, WorkDir};
use pgrehearse_reports::event::ServerPurpose;
use pgrehearse_scenarios::Folder;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.replace('_', "").parse().ok()).unwrap_or(default)
}

fn main() {
    // `cargo test --benches` passes --test: then one small round shows that it works.
    let test = std::env::args().any(|arg| arg == "--test");
    let rows = if test { 10_000 } else { setting("PGREHEARSE_BENCH_ROWS", 1_000_000) };
    let rounds = if test { 1 } else { setting("PGREHEARSE_BENCH_ROUNDS", 7) };
    tokio::runtime::Runtime::new().unwrap().block_on(bench(rows, rounds));
}

async fn bench(rows: u64, rounds: u64) {
    let work_dir = WorkDir::choose(None);
    let binaries = choose(&Places::of_this_machine(None), None).unwrap();
    let mut server = LocalServer::create(binaries, &work_dir, BTreeMap::new()).await.unwrap();
    server.start(ServerPurpose::Load).await.unwrap();
    let mut client = server.endpoint().connect_as_superuser(HOME_DATABASE, "bench").await.unwrap();
    let plan = Arc::new(users(&client, rows).await);
    let file = server.endpoint().socket_dir.join("rows.bin");
    let bytes = write_rows(&plan, &file);
    println!("{rows} rows of {}, {:.1} MiB of COPY data", plan.full_name(), bytes as f64 / 1_048_576.0);

    let mut ratios = Vec::new();
    let (mut ours_s, mut server_s) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let mut seconds = [0.0; 2];
        // Who goes first changes with the round.
        for turn in [round % 2, (round + 1) % 2] {
            let from_file = (turn == 1).then_some(file.to_str().unwrap());
            seconds[usize::try_from(turn).unwrap()] = fill(&mut client, &plan, from_file).await;
        }
        let [ours, servers] = seconds;
        println!(
            "round {round}: pgrehearse {:.0} rows/s, server's COPY from a file {:.0} rows/s, ratio {:.3}",
            rows as f64 / ours,
            rows as f64 / servers,
            servers / ours
        );
        ratios.push(servers / ours);
        ours_s.push(ours);
        server_s.push(servers);
    }
    println!(
        "median: pgrehearse {:.0} rows/s, server {:.0} rows/s, ratio {:.3}",
        rows as f64 / median(ours_s),
        rows as f64 / median(server_s),
        median(ratios)
    );
    drop(client);
    server.tear_down().await.unwrap();
}

/// The table of the bundled scenario.
async fn users(client: &Connection, rows: u64) -> TablePlan {
    let scenario =
        pgrehearse_scenarios::load(&Folder::find("index-without-downtime").unwrap()).unwrap().scenario;
    for statement in &scenario.schema.statements {
        client.batch_execute(&statement.text).await.unwrap();
    }
    let tables = catalog::read(client).await.unwrap().tables;
    let rows_override = BTreeMap::from([("users".to_owned(), rows)]);
    let request = Request {
        tables: &tables,
        profile: &scenario.profile,
        seed: scenario.seed,
        scale: 1.0,
        rows_override: &rows_override,
    };
    plan(&request).unwrap().tables.remove(0)
}

/// Writes all rows to a file that the server can read; gives its size.
fn write_rows(plan: &TablePlan, path: &std::path::Path) -> usize {
    let mut bytes = Vec::new();
    encode::header(&mut bytes);
    plan.encode_rows(0..plan.rows(), &mut bytes);
    encode::trailer(&mut bytes);
    std::fs::write(path, &bytes).unwrap();
    bytes.len()
}

/// Seconds that it takes to fill the table, with our rows or from a file; all is rolled back afterwards.
async fn fill(client: &mut Connection, plan: &Arc<TablePlan>, from_file: Option<&str>) -> f64 {
    let name = plan.qualified_name();
    let transaction = client.transaction().await.unwrap();
    bulk::open_for_load(&transaction, plan.oid(), &name).await.unwrap();
    let began = Instant::now();
    let rows = match from_file {
        Some(path) => {
            let statement = bulk::copy_statement(&name, plan.copy_columns());
            let statement = statement.replace("FROM STDIN", &format!("FROM '{path}'"));
            transaction.execute(&statement, &[]).await.unwrap()
        }
        None => load::copy(&transaction, plan, 1, |_| ()).await.unwrap().0,
    };
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(rows, plan.rows());
    transaction.rollback().await.unwrap();
    seconds
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
