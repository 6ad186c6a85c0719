//! The main path: prepare the dataset, then for each strategy copy it, watch, migrate, inspect, tear down.

use std::time::Instant;

use pgrehearse_reports::event::{Event, RunFinished, ServerPurpose, TornDown};
use pgrehearse_scenarios::Strategy;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

pub mod application;
pub(crate) mod declared;
mod rehearsal;

use self::rehearsal::Rehearsal;
use crate::dataset::disk::Disk;
use crate::dataset::prepare::{self, DATASET_DATABASE, Recipe};
use crate::error::Error;
use crate::events::{Events, Progress};
use crate::server::discover::Binaries;
use crate::server::{LocalServer, WorkDir, sweep};
use crate::workload;

/// Sessions of our own beside a rehearsal, and some to spare.
const OWN_CONNECTIONS: u64 = 30;
/// The server's default of `max_connections`.
const MAX_CONNECTIONS: u64 = 100;

/// Everything that a run needs to know.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is rehearsed, and on which rows.
    pub recipe: Recipe,
    /// Names of the strategies to rehearse, in order; those of the scenario where empty.
    pub strategies: Vec<String>,
    /// How often each strategy is rehearsed.
    pub repetitions: u32,
    /// The server's programs.
    pub binaries: Binaries,
    /// Where the server lives.
    pub work_dir: WorkDir,
    /// Leave the server's directory and the rehearsed databases on the disk.
    pub keep: bool,
    /// Let an application run beside the migration.
    pub with_workload: bool,
    /// Let the kernel trace the server's lock calls, if it can.
    pub trace_kernel: bool,
    /// Load the data and rehearse nothing.
    pub dataset_only: bool,
}

/// What a run leaves for its caller to say.
#[derive(Debug, Default)]
pub struct Done {
    /// Where the server was kept and how to use it, if it was asked for.
    pub kept: Option<String>,
}

/// Rehearses the strategies and tells everything. Whatever way it ends, what it made is gone afterwards.
/// `stopped` ends when the run is to be given up, with the reason.
///
/// # Errors
/// Everything that [`Error`] has; what a migration does wrong is not an error.
pub async fn run(
    request: &Request,
    events: &Events,
    stopped: impl Future<Output = Error>,
) -> Result<Done, Error> {
    tokio::pin!(stopped);
    events.tell(Event::RunStarted(declared::run(request)));
    for (dir, error) in sweep(&request.work_dir) {
        let what = format!("left behind by an earlier run: {}", dir.display());
        events.tell(Event::TornDown(TornDown { what, error }));
    }
    let mut server = None;
    let mut result = tokio::select! {
        biased;
        error = &mut stopped => Err(error),
        result = rehearse_all(request, &mut server, events) => result,
    };
    let mut done = Done::default();
    if let Some(server) = server {
        events.show(Progress::Stage("tearing down".to_owned()));
        // Not to be stopped: nothing may be left behind. Its own deadlines end it.
        let torn_down = if request.keep && result.is_ok() {
            server.keep().await.map(|kept| done.kept = Some(kept))
        } else {
            server.tear_down().await
        };
        let error = torn_down.as_ref().err().map(ToString::to_string);
        events.tell(Event::TornDown(TornDown { what: "server".to_owned(), error }));
        result = result.and(torn_down);
    }
    events.tell(Event::RunFinished(RunFinished {
        error: result.as_ref().err().map(ToString::to_string),
        interrupted: matches!(result, Err(Error::Interrupted)),
    }));
    result.map(|()| done)
}

/// Leaves the server in `slot`, so that the caller can end it whatever happens here.
async fn rehearse_all(
    request: &Request,
    slot: &mut Option<LocalServer>,
    events: &Events,
) -> Result<(), Error> {
    events.show(Progress::Stage(format!("starting PostgreSQL {}", request.binaries.version)));
    let mut wished = request.recipe.scenario.server.settings.clone();
    if request.with_workload {
        // Both pools of the default queries, holds, and our own sessions beside them.
        let holds = request.recipe.scenario.workload.holds.len() as u64;
        let wanted = u64::from(request.recipe.scenario.workload.connections) * 2 + holds + OWN_CONNECTIONS;
        wished.entry("max_connections".to_owned()).or_insert(wanted.max(MAX_CONNECTIONS).to_string());
    }
    let server = slot.insert(LocalServer::create(request.binaries.clone(), &request.work_dir, wished).await?);
    let started = server.start(ServerPurpose::Load).await?;
    server.try_wished().await?;
    let version_num = started.server_version_num;
    events.tell(Event::ServerStarted(started));

    let free_bytes = request.work_dir.free_bytes()?;
    let wanted = prepare::Wanted {
        recipe: &request.recipe,
        database: DATASET_DATABASE,
        disk: Some(Disk { dir: request.work_dir.path().to_owned(), free_bytes }),
    };
    let endpoint = server.endpoint();
    let loading = async {
        let began = Instant::now();
        let planned = prepare::prepare(&endpoint, &wanted, events).await?;
        let tables = application::tables(&planned.plans, &planned.catalog.tables);
        // Before the rows are made, which may take minutes.
        workload::check(&request.recipe.scenario.workload, &tables)?;
        let ready = prepare::fill(&endpoint, version_num / 10_000, &wanted, &planned, began, events).await?;
        Ok::<_, Error>((ready, tables))
    };
    let (ready, tables) = tokio::select! {
        biased;
        loaded = loading => loaded?,
        error = server.ended() => return Err(error),
    };

    if request.dataset_only {
        events.tell(Event::DatasetReady(ready));
        return Ok(());
    }
    events.show(Progress::Stage("restarting with production-like settings".to_owned()));
    events.tell(Event::ServerStarted(server.start(ServerPurpose::Rehearse).await?));
    events.tell(Event::DatasetReady(ready));
    for (number, (strategy, repetition)) in (1..).zip(schedule(request)) {
        let tables = &tables;
        let rehearsal =
            Rehearsal { request, strategy, repetition, number, version_num, endpoint: &endpoint, tables };
        let events = events.for_rehearsal(number);
        tokio::select! {
            biased;
            done = rehearsal.run(&events) => done?,
            error = server.ended() => return Err(error),
        }
    }
    Ok(())
}

/// The strategies to rehearse, in order.
fn chosen(request: &Request) -> Vec<&Strategy> {
    let strategies = request.recipe.scenario.strategies.iter();
    strategies
        .filter(|_| !request.dataset_only)
        .filter(|strategy| request.strategies.is_empty() || request.strategies.contains(&strategy.name))
        .collect()
}

/// Every rehearsal, in order: round by round, so that a machine whose speed drifts is fair to all strategies; who goes
/// first in a round after the first is chosen by the seed.
fn schedule(request: &Request) -> Vec<(&Strategy, u32)> {
    let mut random = StdRng::seed_from_u64(request.recipe.seed);
    let mut strategies = chosen(request);
    let mut all = Vec::new();
    for repetition in 1..=request.repetitions {
        all.extend(strategies.iter().map(|strategy| (*strategy, repetition)));
        strategies.shuffle(&mut random);
    }
    all
}
