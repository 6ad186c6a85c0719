//! The main path: prepare the dataset, then for each strategy copy it, watch, migrate, inspect, tear down.

use std::time::Instant;

use pgrehearse_reports::event::{
    Event, Phase, PhaseStarted, RehearsalFinished, RehearsalStarted, RunFinished, ServerPurpose, TornDown,
};
use pgrehearse_scenarios::Strategy;
use tokio::sync::watch;

pub(crate) mod declared;

use crate::dataset::disk::Disk;
use crate::dataset::prepare::{self, DATASET_DATABASE, Recipe};
use crate::error::Error;
use crate::events::{Events, Progress, micros_since};
use crate::inspect;
use crate::migrate::{self, Migration};
use crate::observe::{Observer, Watched};
use crate::postgres::{Endpoint, HOME_DATABASE, admin};
use crate::server::discover::Binaries;
use crate::server::{LocalServer, WorkDir, sweep};

/// Everything that a run needs to know.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is rehearsed, and on which rows.
    pub recipe: Recipe,
    /// Names of the strategies to rehearse, in order; those of the scenario where empty.
    pub strategies: Vec<String>,
    /// The server's programs.
    pub binaries: Binaries,
    /// Where the server lives.
    pub work_dir: WorkDir,
    /// Leave the server's directory and the rehearsed databases on the disk.
    pub keep: bool,
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
    let wished = request.recipe.scenario.server.settings.clone();
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
    let ready = tokio::select! {
        biased;
        ready = prepare::prepare(&endpoint, version_num / 10_000, &wanted, events) => ready?,
        error = server.ended() => return Err(error),
    };

    if request.dataset_only {
        events.tell(Event::DatasetReady(ready));
        return Ok(());
    }
    events.show(Progress::Stage("restarting with production-like settings".to_owned()));
    events.tell(Event::ServerStarted(server.start(ServerPurpose::Rehearse).await?));
    events.tell(Event::DatasetReady(ready));
    for (number, strategy) in (1..).zip(chosen(request)) {
        let rehearsal = Rehearsal { request, strategy, number, version_num, endpoint: &endpoint };
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

/// One strategy, once, on its own fresh copy of the data.
struct Rehearsal<'a> {
    request: &'a Request,
    strategy: &'a Strategy,
    number: u32,
    version_num: u32,
    endpoint: &'a Endpoint,
}

impl Rehearsal<'_> {
    async fn run(&self, events: &Events) -> Result<(), Error> {
        let database = format!("pgrehearse_{}", self.number);
        let home = self.endpoint.connect_as_superuser(HOME_DATABASE, "pgrehearse").await?;
        self.copy_dataset(&home, &database, events).await?;

        let (sample_interval, sampled) = watch::channel(migrate::SAMPLE_INTERVAL);
        let migration = Migration::open(self.endpoint, &database, events.clone(), sample_interval).await?;
        let watched = Watched {
            database: database.clone(),
            backend_pid: migration.backend_pid(),
            version_num: self.version_num,
            traced_program: self.request.trace_kernel.then(|| self.request.binaries.dir.join("postgres")),
        };
        let observer = Observer::start(self.endpoint, watched, sampled, events.clone()).await?;

        phase(events, Phase::Migrate);
        let limit = self.request.recipe.scenario.budget.duration.allowed;
        let migrated = migration.run(&self.strategy.up, limit).await;
        observer.stop(events).await;
        let outcome = migrated?;

        phase(events, Phase::Inspect);
        inspect::inspect(self.endpoint, &database, events).await?;
        let events_dropped = events.dropped();
        events.tell(Event::RehearsalFinished(RehearsalFinished { outcome, error: None, events_dropped }));
        if !self.request.keep {
            let error = admin::drop_database(&home, &database).await.err().map(|error| error.to_string());
            events.tell(Event::TornDown(TornDown { what: format!("database {database}"), error }));
        }
        Ok(())
    }

    async fn copy_dataset(
        &self,
        home: &tokio_postgres::Client,
        database: &str,
        events: &Events,
    ) -> Result<(), Error> {
        let strategy = self.strategy.name.clone();
        events.show(Progress::Stage(format!("copying the dataset for {strategy}")));
        let began = Instant::now();
        admin::copy_database(home, self.version_num, DATASET_DATABASE, database).await?;
        let copy_us = micros_since(began);
        let (repetition, database) = (1, database.to_owned());
        events.tell(Event::RehearsalStarted(RehearsalStarted { strategy, repetition, database, copy_us }));
        Ok(())
    }
}

fn phase(events: &Events, phase: Phase) {
    events.tell(Event::PhaseStarted(PhaseStarted { phase }));
}
