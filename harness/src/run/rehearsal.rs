//! One strategy, once: copy the dataset, let the application begin, watch, migrate, inspect, drop the copy.

use std::time::Instant;

use pgrehearse_reports::event::{
    Event, Moment, Phase, PhaseStarted, RehearsalFinished, RehearsalStarted, TornDown,
};
use pgrehearse_scenarios::Strategy;
use tokio::sync::watch;
use tokio::time::sleep;

use super::Request;
use crate::dataset::prepare::DATASET_DATABASE;
use crate::error::Error;
use crate::events::{Events, Progress, micros_since};
use crate::inspect;
use crate::migrate::{self, Migration};
use crate::observe::{Observer, Watched};
use crate::postgres::{Endpoint, HOME_DATABASE, admin};
use crate::workload::{Holds, Table, Workload};

/// One strategy, once, on its own fresh copy of the data.
pub(super) struct Rehearsal<'a> {
    pub(super) request: &'a Request,
    pub(super) strategy: &'a Strategy,
    /// From 1.
    pub(super) repetition: u32,
    /// Among all rehearsals of the run, from 1.
    pub(super) number: u32,
    /// Whether there is another strategy that should come to the same end.
    pub(super) is_compared: bool,
    pub(super) version_num: u32,
    pub(super) endpoint: &'a Endpoint,
    /// What an application knows of the data.
    pub(super) tables: &'a [Table],
}

impl Rehearsal<'_> {
    pub(super) async fn run(&self, events: &Events) -> Result<(), Error> {
        let scenario = &self.request.recipe.scenario;
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

        let application = self.begin_application(&home, &database, events).await?;
        let observer = Observer::start(self.endpoint, watched, sampled, events.clone()).await?;
        let stock =
            migration.take_stock(application.as_ref().and_then(|begun| begun.wal_bytes_per_s)).await?;
        phase(events, Phase::Migrate);
        let migrating = migration.run(stock, &self.strategy.up, scenario.budget.duration.allowed);
        let migrated = match application {
            None => migrating.await,
            Some(mut begun) => {
                begun.holds.start_during();
                let migrated = migrating.await;
                phase(events, Phase::Settle);
                sleep(scenario.workload.settle).await;
                // First, so that no last answer has to wait for them.
                begun.holds.stop().await;
                if let Some(workload) = begun.workload {
                    workload.stop().await;
                }
                migrated
            }
        };
        observer.stop(events).await;
        let outcome = migrated?;

        phase(events, Phase::Inspect);
        inspect::inspect(self.endpoint, &database, events).await?;
        if self.is_compared {
            // Two tell which values differ from one repetition to the next anyway.
            let with_rows = self.repetition <= 2;
            inspect::state(self.endpoint, &database, Moment::After, with_rows, events).await?;
        }
        let events_dropped = events.dropped();
        events.tell(Event::RehearsalFinished(RehearsalFinished { outcome, error: None, events_dropped }));
        if !self.request.keep {
            let error = admin::drop_database(&home, &database).await.err().map(|error| error.to_string());
            events.tell(Event::TornDown(TornDown { what: format!("database {database}"), error }));
        }
        Ok(())
    }

    /// Starts the application, lets it run undisturbed for a while, and starts the long transactions that are open when
    /// the migration begins. None where there is to be no application.
    async fn begin_application(
        &self,
        home: &tokio_postgres::Client,
        database: &str,
        events: &Events,
    ) -> Result<Option<Application>, Error> {
        if !self.request.with_workload {
            return Ok(None);
        }
        let (declared, seed) = (&self.request.recipe.scenario.workload, self.request.recipe.seed);
        events.show(Progress::Stage(format!("the application before {}", self.strategy.name)));
        phase(events, Phase::Baseline);
        let workload = Workload::start(self.endpoint, database, declared, self.tables, seed, events).await?;
        let mut wal_bytes_per_s = None;
        if workload.is_some() {
            let (began, before) = (Instant::now(), admin::wal_lsn(home).await?);
            sleep(declared.baseline).await;
            let written = admin::wal_lsn(home).await?.saturating_sub(before);
            wal_bytes_per_s = Some(written as f64 / began.elapsed().as_secs_f64());
        }
        let mut holds = Holds::new(self.endpoint, database, &declared.holds, self.tables, events)?;
        holds.start_before().await?;
        Ok(Some(Application { workload, holds, wal_bytes_per_s }))
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
        let (repetition, database) = (self.repetition, database.to_owned());
        events.tell(Event::RehearsalStarted(RehearsalStarted { strategy, repetition, database, copy_us }));
        Ok(())
    }
}

/// What runs beside a migration.
struct Application {
    /// None where there is nothing that could be sent.
    workload: Option<Workload>,
    holds: Holds,
    /// Write-ahead log that it wrote by itself.
    wal_bytes_per_s: Option<f64>,
}

fn phase(events: &Events, phase: Phase) {
    events.tell(Event::PhaseStarted(PhaseStarted { phase }));
}
