//! The application that runs beside the migration: requests that are due at a steady rate, through a pool of
//! connections, each timed from the moment it was due; and long transactions that disturb.

mod defaults;
mod generator;
mod hold;
mod pool;
mod query;
mod table;
mod tally;
mod writes;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use pgrehearse_reports::event::{Event, Warned, WorkloadStarted};

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::scenario::Workload as Declared;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

pub use self::hold::Holds;
pub use self::table::{Column, Table, Values};
pub use self::writes::Writes;

use self::generator::{Go, Switch};
use self::pool::{Address, Session};
use self::query::Query;
use crate::error::Error;
use crate::events::Events;
use crate::postgres::{Endpoint, MIGRATOR, PROBE_NAME, words_of};

/// How long a query may take on an idle server.
const TRIED_WITHIN: Duration = Duration::from_secs(10);

/// How long requests of queries that are to be sent no more may still take.
pub const SWITCHED_WITHIN: Duration = Duration::from_secs(30);

/// The application at work. It ends when dropped.
#[derive(Debug)]
pub struct Workload {
    go: watch::Sender<Go>,
    switches: mpsc::Sender<Switch>,
    /// By query.
    names: Vec<String>,
    thread: Option<JoinHandle<()>>,
}

/// What an application is made of.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What the scenario says.
    pub declared: &'a Declared,
    /// Names of the probes that are ever sent; none where all are.
    pub probes: Option<&'a [String]>,
    /// Names of those that are sent from the first on; none where all are.
    pub at_first: Option<&'a [String]>,
    /// What it knows of the data.
    pub tables: &'a [Table],
    /// Seed of what it asks for.
    pub seed: u64,
    /// Whether those that are sent from the first on are tried and prepared before: on a database where they may fail, as
    /// after a migration that breaks them, they are not.
    pub has_to_work: bool,
}

impl Workload {
    /// Prepares the declared queries, or the default ones where none are declared, connects and begins. None where
    /// there is nothing that could be sent.
    ///
    /// # Errors
    /// [`Error::Scenario`] with every declared query that is sent from the first on and cannot run, each with its place;
    /// [`Error::Environment`] where the server does not answer.
    pub async fn start(
        endpoint: &Endpoint,
        database: &str,
        wanted: Wanted<'_>,
        events: &Events,
    ) -> Result<Option<Self>, Error> {
        let Wanted { declared, probes, at_first, tables, seed, has_to_work } = wanted;
        let mut queries = queries(declared, tables)?;
        queries.retain(|query| is_named(&query.name, probes));
        let (now, later): (Vec<_>, Vec<_>) =
            queries.into_iter().partition(|query| is_named(&query.name, at_first));
        let mut queries = if has_to_work { tried(now, endpoint, database, seed, events).await? } else { now };
        let mut live = vec![true; queries.len()];
        queries.extend(later);
        live.resize(queries.len(), false);
        if queries.is_empty() {
            return Ok(None);
        }
        share_out_pools(&mut queries);
        let names = queries.iter().map(|query| query.name.clone()).collect();
        let address =
            Address { endpoint: endpoint.clone(), database: database.to_owned(), queries: Arc::new(queries) };
        let started = WorkloadStarted {
            connections: declared.connections,
            probes: address.queries.iter().map(Query::declared).collect(),
            by_default: declared.probes.is_empty(),
        };
        let (go, told_to_go) = watch::channel(Go::On);
        let (switches, told_to_switch) = mpsc::channel(1);
        let (ready, begun) = oneshot::channel();
        let (connections, prepares) = (declared.connections, has_to_work);
        let start = Start { address, connections, live, prepares, seed, started, ready };
        let told = events.clone();
        // A thread of its own: what else the program does must not make requests late.
        let thread = std::thread::Builder::new()
            .name("workload".to_owned())
            .spawn(move || on_thread(start, &told, told_to_go, told_to_switch))
            .map_err(|error| Error::Environment(format!("cannot start a thread: {error}")))?;
        let workload = Self { go, switches, names, thread: Some(thread) };
        begun.await.map_err(|_| Error::Environment("the workload did not begin".to_owned()))??;
        Ok(Some(workload))
    }

    /// Sends from now on the named queries and no others, and waits a while until nothing is under way for others, as a
    /// deploy does that lets old processes finish. Gives the indices of those that are sent, and whether others are still
    /// waiting for their answers.
    pub async fn switch(&self, probes: Option<&[String]>) -> (Vec<u32>, bool) {
        let live: Vec<bool> = self.names.iter().map(|name| is_named(name, probes)).collect();
        let sent = (0..).zip(&live).filter(|(_, live)| **live).map(|(index, _)| index).collect();
        let (done, switched) = oneshot::channel();
        let switching = async {
            // Where it has ended, it tells so itself.
            if self.switches.send(Switch { live, done }).await.is_ok() {
                drop(switched.await);
            }
        };
        let are_left = timeout(SWITCHED_WITHIN, switching).await.is_err();
        (sent, are_left)
    }

    /// Sends nothing more, waits a little for the last answers, and tells the end.
    pub async fn stop(mut self) {
        self.go.send_replace(Go::Finish);
        if let Some(thread) = self.thread.take() {
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
    }
}

fn is_named(name: &String, named: Option<&[String]>) -> bool {
    named.is_none_or(|named| named.contains(name))
}

impl Drop for Workload {
    fn drop(&mut self) {
        self.go.send_replace(Go::Abort);
        // It waits for nothing any more, and has its last events told before the run's own.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// What the workload's thread begins with.
struct Start {
    address: Address,
    connections: u32,
    /// Which queries are sent from the first on.
    live: Vec<bool>,
    /// Whether these are prepared before.
    prepares: bool,
    seed: u64,
    started: WorkloadStarted,
    ready: oneshot::Sender<Result<(), Error>>,
}

/// The thread's life: connect, tell that it begins, send.
fn on_thread(start: Start, events: &Events, mut go: watch::Receiver<Go>, switches: mpsc::Receiver<Switch>) {
    let Start { address, connections, live, prepares, seed, started, ready } = start;
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
            opened = open_pools(&address, connections, if prepares { &live } else { &[] }) => opened,
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
            generator::run(address, pools, live, seed, events.clone(), go, switches).await;
        }
    });
}

/// Opens every pool, its connections with the queries prepared that are marked.
async fn open_pools(
    address: &Address,
    connections: u32,
    prepared: &[bool],
) -> Result<Vec<Vec<Session>>, Error> {
    let mut pools = Vec::new();
    for _ in 0..=address.queries.iter().map(|query| query.pool).max().unwrap_or(0) {
        let mut pool = Vec::new();
        for _ in 0..connections {
            let mut session = address.open().await?;
            session.prepare(&address.queries, prepared).await?;
            pool.push(session);
        }
        pools.push(pool);
    }
    Ok(pools)
}

/// Numbers the pools from 0 on: some may be those of versions that are never sent.
fn share_out_pools(queries: &mut [Query]) {
    let used: BTreeSet<usize> = queries.iter().map(|query| query.pool).collect();
    for query in queries {
        query.pool = used.range(..query.pool).count();
    }
}

/// Pools that the declared queries have: one for each version of the application; two of the default queries.
pub fn pools(declared: &Declared) -> u64 {
    let versions: BTreeSet<_> = declared.probes.iter().map(|probe| &probe.version).collect();
    if declared.probes.is_empty() { 2 } else { versions.len() as u64 }
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
    let mut versions: Vec<&Option<String>> = Vec::new();
    for probe in &declared.probes {
        let known = versions.iter().position(|version| **version == probe.version);
        let pool = known.unwrap_or_else(|| {
            versions.push(&probe.version);
            versions.len() - 1
        });
        match Query::of_probe(probe, pool, tables) {
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
