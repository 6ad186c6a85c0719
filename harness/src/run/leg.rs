//! A way through the database, watched and with the application beside it: the steps up, those down, or those up again.

use std::time::Instant;

use pgrehearse_reports::event::{
    Event, Outcome, Phase, PhaseStarted, StrategyPhaseFinished, StrategyPhaseStarted, Warned,
};
use pgrehearse_scenarios::scenario::{Hold, StrategyPhase};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tokio_postgres::Client;

use super::Request;
use crate::error::Error;
use crate::events::Events;
use crate::inspect;
use crate::migrate::{self, Migration};
use crate::observe::{Observer, Watched};
use crate::postgres::{Endpoint, admin, changes};
use crate::workload::{Holds, SWITCHED_WITHIN, Wanted, Workload};

/// One way through the database of a rehearsal.
pub(super) struct Leg<'a> {
    pub(super) request: &'a Request,
    pub(super) endpoint: &'a Endpoint,
    pub(super) version_num: u32,
    /// A superuser's connection to another database.
    pub(super) home: &'a Client,
    pub(super) database: &'a str,
    pub(super) events: &'a Events,
    /// [`Phase::Migrate`], [`Phase::RollBack`] or [`Phase::Reapply`].
    pub(super) part: Phase,
    pub(super) phases: &'a [StrategyPhase],
    /// The application that runs beside it, if one does.
    pub(super) application: Option<Wanted<'a>>,
}

/// What runs beside a migration.
struct Application {
    /// None where there is nothing that could be sent.
    workload: Option<Workload>,
    holds: Holds,
    /// Write-ahead log that it wrote by itself.
    wal_bytes_per_s: Option<f64>,
}

impl Leg<'_> {
    /// Goes it, and tells everything.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server fails; a failing migration is an outcome.
    pub(super) async fn run(&self) -> Result<Outcome, Error> {
        let is_up = self.part == Phase::Migrate;
        if !is_up {
            phase(self.events, self.part);
        }
        let (sample_interval, sampled) = watch::channel(migrate::SAMPLE_INTERVAL);
        let (ended, told_of_end) = mpsc::channel(1);
        let counts_changes = changes::count_next(self.home, self.database).await?;
        let opening =
            Migration::open(self.endpoint, self.database, self.events.clone(), sample_interval, ended);
        let mut migration = opening.await?;
        if counts_changes {
            changes::stop_counting_new(self.home, self.database).await?;
        }
        let traced = self.request.trace_kernel && is_up;
        let watched = Watched {
            database: self.database.to_owned(),
            backend_pid: migration.backend_pid(),
            version_num: self.version_num,
            counts_changes,
            traced_program: traced.then(|| self.request.binaries.dir.join("postgres")),
        };

        let mut application = match self.application {
            Some(wanted) => Some(self.begin_application(wanted).await?),
            None => None,
        };
        let observing = Observer::start(self.endpoint, watched, sampled, told_of_end, self.events.clone());
        let observer = observing.await?;
        let wal_bytes_per_s = application.as_ref().and_then(|begun| begun.wal_bytes_per_s);
        let stock = migration.take_stock(wal_bytes_per_s).await?;
        if is_up {
            phase(self.events, Phase::Migrate);
        }
        migration.start(stock, self.request.recipe.scenario.budget.duration.allowed);
        if let Some(begun) = &mut application {
            begun.holds.start_during();
        }
        let workload = application.as_ref().and_then(|begun| begun.workload.as_ref());
        let outcome = self.run_phases(&mut migration, workload).await?;
        migration.finish(outcome).await;
        if is_up && application.is_some() {
            phase(self.events, Phase::Settle);
        }
        self.let_it_settle().await;
        if outcome == Outcome::Completed {
            self.verify(self.phases.len() - 1).await?;
        }
        if let Some(begun) = application {
            // First, so that no last answer has to wait for them.
            begun.holds.stop().await;
            if let Some(workload) = begun.workload {
                workload.stop().await;
            }
        }
        observer.stop(self.events).await;
        Ok(outcome)
    }

    /// Between two phases the application goes on for a while, and the data is checked.
    async fn run_phases(
        &self,
        migration: &mut Migration,
        workload: Option<&Workload>,
    ) -> Result<Outcome, Error> {
        for (index, phase) in self.phases.iter().enumerate() {
            if index > 0 {
                self.let_it_settle().await;
                self.verify(index - 1).await?;
            }
            let number = self.number(index);
            if let Some((index, name)) = number.zip(phase.name.clone()) {
                let probes = match workload {
                    Some(workload) => self.deploy(workload, &name, phase).await,
                    None => Vec::new(),
                };
                self.events.tell(Event::StrategyPhaseStarted(StrategyPhaseStarted { index, name, probes }));
            }
            let outcome = migration.run(number, &phase.up).await?;
            if let Some(index) = number {
                self.events.tell(Event::StrategyPhaseFinished(StrategyPhaseFinished { index }));
            }
            if outcome != Outcome::Completed {
                return Ok(outcome);
            }
        }
        Ok(Outcome::Completed)
    }

    /// Gives the indices of the probes that are sent in a phase.
    async fn deploy(&self, workload: &Workload, name: &str, phase: &StrategyPhase) -> Vec<u32> {
        let (probes, others_wait) = workload.switch(phase.probes.as_deref()).await;
        if others_wait {
            let seconds = SWITCHED_WITHIN.as_secs();
            let message = format!(
                "phase {name} begins although requests of an earlier version of the application still wait after {seconds} s"
            );
            self.events.tell(Event::Warned(Warned { message }));
        }
        probes
    }

    /// The index of a phase that has a name.
    fn number(&self, index: usize) -> Option<u32> {
        self.phases[index].name.as_ref().and_then(|_| u32::try_from(index).ok())
    }

    async fn let_it_settle(&self) {
        if let Some(wanted) = self.application {
            sleep(wanted.declared.settle).await;
        }
    }

    /// Looks whether what a phase declares holds of the data, while the application goes on.
    async fn verify(&self, index: usize) -> Result<(), Error> {
        let checks = &self.phases[index].verify;
        if checks.is_empty() {
            return Ok(());
        }
        inspect::check_data(self.endpoint, self.database, checks, self.number(index), self.events).await
    }

    /// Starts the application, lets it run undisturbed for a while before the steps up, and starts the long transactions
    /// that are open when the migration begins.
    async fn begin_application(&self, wanted: Wanted<'_>) -> Result<Application, Error> {
        let is_up = self.part == Phase::Migrate;
        if is_up {
            phase(self.events, Phase::Baseline);
        }
        let workload = Workload::start(self.endpoint, self.database, wanted, self.events).await?;
        let mut wal_bytes_per_s = None;
        if is_up && workload.is_some() {
            let (began, before) = (Instant::now(), admin::wal_lsn(self.home).await?);
            sleep(wanted.declared.baseline).await;
            let written = admin::wal_lsn(self.home).await?.saturating_sub(before);
            wal_bytes_per_s = Some(written as f64 / began.elapsed().as_secs_f64());
        }
        let holds: &[Hold] = if is_up { &wanted.declared.holds } else { &[] };
        let mut holds = Holds::new(self.endpoint, self.database, holds, wanted.tables, self.events)?;
        holds.start_before().await?;
        Ok(Application { workload, holds, wal_bytes_per_s })
    }
}

pub(super) fn phase(events: &Events, phase: Phase) {
    events.tell(Event::PhaseStarted(PhaseStarted { phase }));
}
