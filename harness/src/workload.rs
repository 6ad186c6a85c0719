//! The application that runs beside the migration: requests that are due at a steady rate, through a pool of
//! connections, each timed from the moment it was due; and long transactions that disturb.

mod defaults;
mod generator;
mod hold;
mod pool;
mod query;
mod table;
mod tally;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use pgrehearse_reports::event::{Event, Warned, WorkloadStarted};

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::scenario::Workload as Declared;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

pub use self::hold::Holds;
pub use self::table::{Column, Table, Values};

use self::generator::Go;
use self::pool::{Address, Session};
use self::query::Query;
use crate::error::Error;
use crate::events::Events;
use crate::postgres::{Endpoint, MIGRATOR, PROBE_NAME, words_of};

/// How long a query may take on an idle server.
const TRIED_WITHIN: Duration = Duration::from_secs(10);

/// The application at work. It ends when dropped.
#[derive(Debug)]
pub struct Workload {
    go: watch::Sender<Go>,
    thread: Option<JoinHandle<()>>,
}

impl Workload {
    /// Prepares the declared queries, or the default ones where none are declared, connects and begins. None where
    /// there is nothing that could be sent.
    ///
    /// # Errors
    /// [`Error::Scenario`] with every declared query that cannot run before the migration, each with its place;
    /// [`Error::Environment`] where the server does not answer.
    pub async fn start(
        endpoint: &Endpoint,
        database: &str,
        declared: &Declared,
        tables: &[Table],
        seed: u64,
        events: &Events,
    ) -> Result<Option<Self>, Error> {
        let by_default = declared.probes.is_empty();
        let queries = queries(declared, tables)?;
        let queries = Arc::new(tried(queries, endpoint, database, seed, events).await?);
        if queries.is_empty() {
            return Ok(None);
        }
        let address = Address { endpoint: endpoint.clone(), database: database.to_owned(), queries };
        let started = WorkloadStarted {
            connections: declared.connections,
            probes: address.queries.iter().map(Query::declared).collect(),
            by_default,
        };
        let (go, told_to_go) = watch::channel(Go::On);
        let (ready, begun) = oneshot::channel();
        let (connections, told) = (declared.connections, events.clone());
        // A thread of its own: what else the program does must not make requests late.
        let thread = std::thread::Builder::new()
            .name("workload".to_owned())
            .spawn(move || on_thread(address, connections, seed, &told, told_to_go, started, ready))
            .map_err(|error| Error::Environment(format!("cannot start a thread: {error}")))?;
        let workload = Self { go, thread: Some(thread) };
        begun.await.map_err(|_| Error::Environment("the workload did not begin".to_owned()))??;
        Ok(Some(workload))
    }

    /// Sends nothing more, waits a little for the last answers, and tells the end.
    pub async fn stop(mut self) {
        self.go.send_replace(Go::Finish);
        if let Some(thread) = self.thread.take() {
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        self.go.send_replace(Go::Abort);
        // It waits for nothing any more, and has its last events told before the run's own.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// The thread's life: connect, tell that it begins, send.
fn on_thread(
    address: Address,
    connections: u32,
    seed: u64,
    events: &Events,
    mut go: watch::Receiver<Go>,
    started: WorkloadStarted,
    ready: oneshot::Sender<Result<(), Error>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            drop(ready.send(Err(Error::Environment(format!("cannot start a runtime: {error}")))));
            return;
        }
    };
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let opened = tokio::select! {
            biased;
            _ = go.wait_for(|go| *go == Go::Abort) => return,
            opened = open_pools(&address, connections) => opened,
        };
        let pools = match opened {
            Ok(pools) => pools,
            Err(error) => {
                drop(ready.send(Err(error.while_doing("while the workload's pool was connecting"))));
                return;
            }
        };
        events.tell(Event::WorkloadStarted(started));
        if ready.send(Ok(())).is_ok() {
            generator::run(address, pools, seed, events.clone(), go).await;
        }
    });
}

async fn open_pools(address: &Address, connections: u32) -> Result<Vec<Vec<Session>>, Error> {
    let mut pools = Vec::new();
    for _ in 0..=address.queries.iter().map(|query| query.pool).max().unwrap_or(0) {
        let mut pool = Vec::new();
        for _ in 0..connections {
            let mut session = address.open().await?;
            session.prepare(&address.queries).await?;
            pool.push(session);
        }
        pools.push(pool);
    }
    Ok(pools)
}

/// Whether what the declared queries and long transactions name is there, as far as can be told before there are rows.
///
/// # Errors
/// [`Error::Scenario`] with everything that is not, each with its place.
pub fn check(declared: &Declared, tables: &[Table]) -> Result<(), Error> {
    let mut problems = match queries(declared, tables) {
        Err(Error::Scenario(problems)) => problems,
        other => other.map(|_| Vec::new())?,
    };
    problems.extend(hold::check(&declared.holds, tables).err().unwrap_or_default());
    if problems.is_empty() { Ok(()) } else { Err(Error::Scenario(problems)) }
}

fn queries(declared: &Declared, tables: &[Table]) -> Result<Vec<Query>, Error> {
    if declared.probes.is_empty() {
        return Ok(defaults::queries(tables));
    }
    let (mut queries, mut problems) = (Vec::new(), Vec::new());
    for probe in &declared.probes {
        match Query::of_probe(probe, tables) {
            Ok(query) => queries.push(query),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(queries) } else { Err(Error::Scenario(problems)) }
}

/// Runs each query once and takes it back. A declared one that fails is a mistake of the scenario; a default one is left
/// out, with a word.
async fn tried(
    queries: Vec<Query>,
    endpoint: &Endpoint,
    database: &str,
    seed: u64,
    events: &Events,
) -> Result<Vec<Query>, Error> {
    let client = endpoint.connect(database, MIGRATOR, PROBE_NAME).await?;
    let mut random = StdRng::seed_from_u64(seed);
    let (mut working, mut problems) = (Vec::new(), Vec::new());
    for query in queries {
        let values = query.values(&mut random);
        let Ok(tried) = timeout(TRIED_WITHIN, pool::try_out(&client, &query, &values)).await else {
            let message = format!(
                "the probe {} does not come to its end within {} s on an idle server",
                query.name,
                TRIED_WITHIN.as_secs()
            );
            let help = "a probe is a request of an application; take one that an index answers";
            let place = query.place.unwrap_or_default();
            return Err(Error::Scenario(vec![Diagnostic::error(place, message).help(help)]));
        };
        let why = match tried {
            Ok(wanted) if wanted == values.len() => None,
            Ok(wanted) => Some((
                format!(
                    "the probe {} has {wanted} parameters, and {} of them are declared",
                    query.name,
                    values.len()
                ),
                "name a column for each: params = [\"users.email\"]",
            )),
            Err(error) if error.is_closed() => return Err(error.into()),
            Err(error) => Some((
                format!("the probe {} fails before the migration: {}", query.name, words_of(&error)),
                "probes run as the owner of the database, on the data before the migration; mend its sql",
            )),
        };
        match (why, &query.place) {
            (None, _) => working.push(query),
            (Some((message, help)), Some(place)) => {
                problems.push(Diagnostic::error(place.clone(), message).help(help));
            }
            (Some((message, _)), None) => {
                events.tell(Event::Warned(Warned { message: format!("left out: {message}") }));
            }
        }
        // A failed one may have left its transaction open.
        client.batch_execute("ROLLBACK").await?;
    }
    if problems.is_empty() { Ok(working) } else { Err(Error::Scenario(problems)) }
}
