//! One strategy, once: copy the dataset, migrate with the application beside it, inspect, go back and up again, drop the
//! copy.

use std::time::Instant;

use pgrehearse_reports::event::{
    Event, Moment, Outcome, Phase, RehearsalFinished, RehearsalStarted, RollBackSkipped, TornDown,
};
use pgrehearse_scenarios::Strategy;
use pgrehearse_scenarios::scenario::StrategyPhase;
use tokio_postgres::Client;

use super::Request;
use super::leg::{self, Leg};
use crate::dataset::prepare::DATASET_DATABASE;
use crate::error::Error;
use crate::events::{Events, Progress, micros_since};
use crate::inspect;
use crate::postgres::{Endpoint, HOME_DATABASE, admin};
use crate::workload::{Table, Wanted, Writes};

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
    /// Names of the probes that the strategy ever sends; none where it sends all.
    pub(super) probes: Option<Vec<String>>,
}

impl Rehearsal<'_> {
    pub(super) async fn run(&self, events: &Events) -> Result<(), Error> {
        let database = format!("pgrehearse_{}", self.number);
        let home = self.endpoint.connect_as_superuser(HOME_DATABASE, "pgrehearse").await?;
        self.copy_dataset(&home, &database, events).await?;
        let mut writes = Writes::default();
        if let Some(wanted) = self.application().filter(|_| self.why_not_back().is_none()) {
            writes.learn(self.endpoint, &database, wanted, wanted.at_first).await?;
        }

        events.show(Progress::Stage(format!("migrating: {}", self.strategy.name)));
        let up = self.leg(&home, &database, events);
        let outcome = up.run().await?;

        leg::phase(events, Phase::Inspect);
        inspect::inspect(self.endpoint, &database, events).await?;
        // Two tell which values differ from one repetition to the next anyway.
        let compared = self.is_compared && self.repetition <= 2;
        let with_rows = compared || (outcome == Outcome::Completed && self.why_not_back().is_none());
        inspect::state(self.endpoint, &database, Moment::After, with_rows, events).await?;

        if !self.strategy.down.is_empty() {
            let failed =
                (outcome != Outcome::Completed).then(|| "the migration did not come to its end".to_owned());
            match self.why_not_back().or(failed) {
                Some(why) => events.tell(Event::RollBackSkipped(RollBackSkipped { why })),
                None => self.go_back(&up, writes).await?,
            }
        }
        let events_dropped = events.dropped();
        events.tell(Event::RehearsalFinished(RehearsalFinished { outcome, error: None, events_dropped }));
        if !self.request.keep {
            let error = admin::drop_database(&home, &database).await.err().map(|error| error.to_string());
            events.tell(Event::TornDown(TornDown { what: format!("database {database}"), error }));
        }
        Ok(())
    }

    /// The steps down on what the steps up left, and then those up again.
    async fn go_back(&self, up: &Leg<'_>, mut writes: Writes) -> Result<(), Error> {
        let Leg { endpoint, database, events, .. } = *up;
        if let Some(wanted) = up.application {
            writes.learn(endpoint, database, wanted, None).await?;
            if let Some(told) = writes.told(wanted)? {
                events.tell(Event::ApplicationWrites(told));
            }
        }
        events.show(Progress::Stage(format!("rolling back: {}", self.strategy.name)));
        let down = [StrategyPhase { up: self.strategy.down.clone(), ..StrategyPhase::default() }];
        let during = self.request.recipe.scenario.workload.during_rollback;
        // The version of the application that was there before is the one that comes back.
        let before =
            up.application.map(|wanted| Wanted { probes: wanted.at_first, has_to_work: false, ..wanted });
        let application = before.filter(|_| during);
        let outcome = Leg { part: Phase::RollBack, phases: &down, application, ..*up }.run().await?;
        let with_rows = outcome == Outcome::Completed;
        inspect::state(endpoint, database, Moment::RolledBack, with_rows, events).await?;
        if outcome != Outcome::Completed {
            return Ok(());
        }
        // Nothing has to be shown of the pauses and checks between its phases once more.
        let again = [StrategyPhase { up: self.strategy.up().cloned().collect(), ..StrategyPhase::default() }];
        Leg { part: Phase::Reapply, phases: &again, application: None, ..*up }.run().await?;
        inspect::state(endpoint, database, Moment::Reapplied, false, events).await
    }

    /// Why the way back is not rehearsed although there is one.
    fn why_not_back(&self) -> Option<String> {
        if !self.request.with_rollback {
            Some("it was not asked for".to_owned())
        } else if self.repetition > 1 {
            Some("only the first repetition is rolled back".to_owned())
        } else {
            self.strategy.down.is_empty().then(|| "there is none".to_owned())
        }
    }

    /// The steps up.
    fn leg<'a>(&'a self, home: &'a Client, database: &'a str, events: &'a Events) -> Leg<'a> {
        Leg {
            request: self.request,
            endpoint: self.endpoint,
            version_num: self.version_num,
            home,
            database,
            events,
            part: Phase::Migrate,
            phases: &self.strategy.phases,
            application: self.application(),
        }
    }

    /// The application that is to run beside the migration.
    fn application(&self) -> Option<Wanted<'_>> {
        let phases = &self.strategy.phases;
        self.request.with_workload.then(|| Wanted {
            declared: &self.request.recipe.scenario.workload,
            probes: self.probes.as_deref(),
            at_first: phases.first().and_then(|phase| phase.probes.as_deref()),
            tables: self.tables,
            seed: self.request.recipe.seed,
            has_to_work: true,
        })
    }

    async fn copy_dataset(&self, home: &Client, database: &str, events: &Events) -> Result<(), Error> {
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
