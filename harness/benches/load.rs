//! Loading against the server's own `COPY … FROM` a file of the same bytes, one table and two at once, and against
//! `pgbench -i` on its own table.
//!
//! Both fill the same empty table in the same way (truncated in the same transaction, `FREEZE`, indexes not
//! maintained), in turn, so that a machine whose speed drifts is fair to both. Prints medians and ratios. `PGREHEARSE_BENCH_ROWS` (1,000,000) and `PGREHEARSE_BENCH_ROUNDS` (7) set the size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on fails, and prints its result"
)]

mod paired;
mod sized;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use pgrehearse::dataset::plan::{Request, TablePlan, plan};
use pgrehearse::dataset::{encode, load};
use pgrehearse::postgres::{Connection, Endpoint, HOME_DATABASE, SUPERUSER, bulk, catalog};
use pgrehearse::server::discover::{Places, choose};
use pgrehearse::server::{LocalServer, WorkDir};
use pgrehearse_reports::event::ServerPurpose;
use pgrehearse_scenarios::Folder;
use pgrehearse_scenarios::profile::{ColumnProfile, MostCommon, Profile, TableProfile};

use self::paired::{in_turn, median};

fn main() {
    sized::main(("ROUNDS", 7), bench);
}

async fn bench(rows: u64, rounds: u64) {
    let work_dir = WorkDir::choose(None);
    let binaries = choose(&Places::of_this_machine(None), None).unwrap();
    let pgbench = binaries.dir.join("pgbench");
    let mut server = LocalServer::create(binaries, &work_dir, BTreeMap::new()).await.unwrap();
    server.start(ServerPurpose::Load).await.unwrap();
    let endpoint = server.endpoint();
    let pipes = endpoint.pipes();
    let mut clients = [connect(&endpoint).await, connect(&endpoint).await];

    let plans = users(&clients[0], rows).await;
    let file = server.socket_dir().join("rows.bin");
    let bytes = write_rows(&plans[0], &file);
    println!("{rows} rows of {}, {:.1} MiB of COPY data", plans[0].full_name(), bytes as f64 / 1_048_576.0);
    for streams in [1, 2] {
        let mut pairs =
            Pairs::new(format!("{streams} at once"), "the server's COPY from a file", rows * streams as u64);
        for round in 0..rounds {
            let [ours, servers] = in_turn(round, async |turn| {
                let from_file = (turn == 1).then_some(file.to_str().unwrap());
                let began = Instant::now();
                let [one, another] = &mut clients;
                if streams == 1 {
                    fill(one, &plans[0], pipes, from_file).await;
                } else {
                    tokio::join!(
                        fill(one, &plans[0], pipes, from_file),
                        fill(another, &plans[1], pipes, from_file)
                    );
                }
                began.elapsed().as_secs_f64()
            })
            .await;
            pairs.add(ours, servers);
        }
        pairs.close();
    }

    if !pgbench.exists() {
        println!("pgbench is not beside the server's programs: not compared with it");
    } else {
        let scale = (rows / 100_000).max(1);
        let rows = scale * 100_000;
        let initialize = |steps: &str| {
            let mut command = Command::new(&pgbench);
            command.args(["-i", "-q", "-I", steps, "-s", &scale.to_string(), "-h"]).arg(server.socket_dir());
            command.args(["-p", &server.port().to_string(), "-U", SUPERUSER, HOME_DATABASE]);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        initialize("dtp");
        let plan = pgbench_accounts(&clients[0], rows).await;
        let mut pairs = Pairs::new("pgbench_accounts".to_owned(), "pgbench -i -I g", rows);
        for round in 0..rounds {
            let [ours, servers] = in_turn(round, async |turn| {
                let began = Instant::now();
                if turn == 1 {
                    initialize("g");
                    began.elapsed().as_secs_f64()
                } else {
                    fill(&mut clients[0], &plan, pipes, None).await;
                    began.elapsed().as_secs_f64()
                }
            })
            .await;
            pairs.add(ours, servers);
        }
        pairs.close();
    }
    drop(clients);
    server.tear_down().await.unwrap();
}

async fn connect(endpoint: &Endpoint) -> Connection {
    endpoint.connect_as_superuser(HOME_DATABASE, "bench").await.unwrap()
}

/// Rounds of two sides.
struct Pairs {
    what: String,
    other: &'static str,
    rows: u64,
    ours_s: Vec<f64>,
    others_s: Vec<f64>,
    ratios: Vec<f64>,
}

impl Pairs {
    fn new(what: String, other: &'static str, rows: u64) -> Self {
        Self { what, other, rows, ours_s: Vec::new(), others_s: Vec::new(), ratios: Vec::new() }
    }

    fn add(&mut self, ours_s: f64, others_s: f64) {
        self.ours_s.push(ours_s);
        self.others_s.push(others_s);
        self.ratios.push(others_s / ours_s);
    }

    fn close(mut self) {
        let rate = |seconds: f64| self.rows as f64 / seconds;
        println!(
            "{}: pgrehearse {:.0} rows/s, {} {:.0} rows/s; ratio {:.3} (median of {}, {:.3} to {:.3})",
            self.what,
            rate(median(&mut self.ours_s)),
            self.other,
            rate(median(&mut self.others_s)),
            median(&mut self.ratios),
            self.ratios.len(),
            self.ratios[0],
            self.ratios[self.ratios.len() - 1],
        );
    }
}

/// The table of the bundled scenario, twice.
async fn users(client: &Connection, rows: u64) -> Vec<Arc<TablePlan>> {
    let scenario =
        pgrehearse_scenarios::load(&Folder::find("index-without-downtime").unwrap()).unwrap().scenario;
    for statement in scenario.schema.statements() {
        client.batch_execute(&statement.text).await.unwrap();
    }
    client.batch_execute("CREATE TABLE public.users_again (LIKE public.users INCLUDING ALL)").await.unwrap();
    let mut profile = scenario.profile;
    profile.tables.push(TableProfile { name: "users_again".to_owned(), ..profile.tables[0].clone() });
    plans(client, &profile, rows).await
}

/// The largest table of `pgbench`, with the values that it has there.
async fn pgbench_accounts(client: &Connection, rows: u64) -> Arc<TablePlan> {
    let only = |name: &str, value: &str| ColumnProfile {
        name: name.to_owned(),
        most_common: vec![MostCommon { value: value.to_owned(), frequency: 1.0 }],
        ..ColumnProfile::default()
    };
    let bid = ColumnProfile {
        name: "bid".to_owned(),
        n_distinct: Some((rows / 100_000) as f64),
        correlation: Some(1.0),
        ..ColumnProfile::default()
    };
    let table = TableProfile {
        name: "pgbench_accounts".to_owned(),
        rows,
        columns: vec![bid, only("abalance", "0"), only("filler", "")],
        ..TableProfile::default()
    };
    plans(client, &Profile { tables: vec![table], rows: None }, rows).await.remove(0)
}

async fn plans(client: &Connection, profile: &Profile, rows: u64) -> Vec<Arc<TablePlan>> {
    let tables = catalog::read(client).await.unwrap().tables;
    let rows_override = profile.tables.iter().map(|table| (table.name.clone(), rows)).collect();
    let request = Request {
        tables: &tables,
        profile,
        seed: 42,
        scale: 1.0,
        rows_override: &rows_override,
        rows_otherwise: None,
    };
    plan(&request).unwrap().tables.into_iter().map(Arc::new).collect()
}

/// Writes all rows to a file that the server can read; gives its size.
fn write_rows(plan: &TablePlan, path: &Path) -> usize {
    let mut bytes = Vec::new();
    encode::header(&mut bytes);
    plan.encode_rows(0..plan.rows(), &mut bytes);
    encode::trailer(&mut bytes);
    std::fs::write(path, &bytes).unwrap();
    bytes.len()
}

/// Fills the table, with our rows or from a file; all is rolled back afterwards.
async fn fill(client: &mut Connection, plan: &Arc<TablePlan>, pipes: Option<&Path>, from_file: Option<&str>) {
    let target = &plan.targets()[0];
    let transaction = client.transaction().await.unwrap();
    bulk::open_for_load(&transaction, target.oid, &target.qualified_name).await.unwrap();
    let rows = match from_file {
        Some(path) => {
            let from = bulk::from_file(Path::new(path));
            let (columns, format) = (plan.copy_columns(), plan.copy_format());
            let statement = bulk::copy_statement(&target.qualified_name, columns, &from, format, true);
            transaction.execute(&statement, &[]).await.unwrap()
        }
        None => load::copy(&transaction, plan, 0, 1, pipes, |_| ()).await.unwrap().0,
    };
    assert_eq!(rows, plan.rows());
    transaction.rollback().await.unwrap();
}
