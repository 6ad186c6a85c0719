//! Sampling `pg_locks` at a steady pace.

use std::collections::HashSet;
use std::time::Duration;

use pgrehearse_reports::event::{Event, SamplerStopped};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Watched;
use super::edges::Edges;
use super::who::Who;
use crate::error::Error;
use crate::events::Events;
use crate::postgres::inventory::{self, FIRST_USER_OID};
use crate::postgres::locks::{SampledLock, Sampler};
use crate::postgres::{Connection, Endpoint, HOME_DATABASE};

/// The sampler of one rehearsal.
#[derive(Debug)]
pub(super) struct LockSampler {
    /// In the home database: a snapshot taken in the rehearsed one would hold CONCURRENTLY up.
    beside: Connection,
    /// In the rehearsed database, for the names of relations that turn up.
    inside: Connection,
    sampler: Sampler,
    who: Who,
    events: Events,
    named: HashSet<u32>,
    edges: Edges,
}

impl LockSampler {
    pub(super) async fn open(endpoint: &Endpoint, watched: &Watched, events: Events) -> Result<Self, Error> {
        let beside = endpoint.connect_as_superuser(HOME_DATABASE, "pgrehearse sampler").await?;
        let inside = endpoint.connect_as_superuser(&watched.database, "pgrehearse names").await?;
        let sampler = Sampler::prepare(&beside, watched.version_num, &watched.database).await?;
        let named = inventory::relations(&inside).await?.into_keys().collect();
        let edges = Edges::new(events.now_us());
        Ok(Self { beside, inside, sampler, who: Who::new(watched.backend_pid), events, named, edges })
    }

    /// Samples until told to stop, then once more.
    pub(super) async fn run(
        mut self,
        mut interval: watch::Receiver<Duration>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut told = SamplerStopped { samples: 0, missed: 0, gap_us_max: 0, error: None };
        let mut due = Instant::now();
        loop {
            let last = *stop.borrow();
            let before_us = self.edges.previous_us();
            if let Err(error) = self.sample().await {
                told.error = Some(error.to_string());
                break;
            }
            if told.samples > 0 {
                told.gap_us_max = told.gap_us_max.max(self.edges.previous_us() - before_us);
            }
            told.samples += 1;
            if last {
                break;
            }
            let step = *interval.borrow_and_update();
            due += step;
            let now = Instant::now();
            if now > due {
                let missed = (now - due).as_micros() / step.as_micros().max(1);
                told.missed += u64::try_from(missed).unwrap_or(u64::MAX);
                due = now;
            }
            tokio::select! {
                () = sleep_until(due) => {}
                // A statement that must be watched more closely begins: do not sleep through its start.
                _ = interval.changed() => due = Instant::now(),
                _ = stop.changed() => {}
            }
        }
        self.events.tell(Event::SamplerStopped(told));
    }

    async fn sample(&mut self) -> Result<(), Error> {
        // What the sample shows was so at some time between the two.
        let sent_us = self.events.now_us();
        let sample = self.sampler.sample(&self.beside).await?;
        let received_us = self.events.now_us();
        let pids = sample.iter().flat_map(|lock| lock.blocked_by.iter().copied().chain([lock.pid]));
        self.who.learn(pids, &self.beside).await?;

        for event in self.edges.take(sent_us, received_us, &sample, &self.who) {
            self.events.tell_at(received_us, event);
        }
        self.name_new(&sample).await
    }

    /// Names relations that did not exist when the migration began, while they do.
    async fn name_new(&mut self, sample: &[SampledLock]) -> Result<(), Error> {
        let new = |oid: &u32| *oid >= FIRST_USER_OID && !self.named.contains(oid);
        if !sample.iter().filter_map(|lock| lock.relation_oid).any(|oid| new(&oid)) {
            return Ok(());
        }
        let relations = inventory::relations(&self.inside).await?;
        for oid in sample.iter().filter_map(|lock| lock.relation_oid) {
            if oid >= FIRST_USER_OID && self.named.insert(oid) {
                // Not committed yet: the migration's session names it.
                let Some(relation) = relations.get(&oid) else { continue };
                self.events.tell(Event::RelationNamed(relation.named(oid, true)));
            }
        }
        Ok(())
    }
}
