//! How far a migration is that changes rows.

use std::collections::HashMap;
use std::time::Duration;

use pgrehearse_reports::event::{ChangeNamed, Changed, ChangesSeen, Event};
use pgrehearse_scenarios::sql;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::Watched;
use crate::error::Error;
use crate::events::Events;
use crate::postgres::{Connection, changes};

/// How often it is looked while a statement runs.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Watches one migration's session.
pub(super) struct ChangeWatch {
    home: Connection,
    watched: Watched,
    events: Events,
    /// Numbers of statements that change rows; none of those that do not.
    numbers: HashMap<i64, Option<u32>>,
    named: u32,
    last: Option<ChangesSeen>,
}

impl ChangeWatch {
    pub(super) fn new(home: Connection, watched: Watched, events: Events) -> Self {
        Self { home, watched, events, numbers: HashMap::new(), named: 0, last: None }
    }

    /// Watches until told to stop; answers whoever says that a statement has ended when what was changed by then has been
    /// told. Gives up where the server does not answer (which the lock sampler tells).
    pub(super) async fn run(
        mut self,
        mut ended: mpsc::Receiver<(u32, oneshot::Sender<()>)>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let looked = tokio::select! {
                biased;
                Some((statement, seen)) = ended.recv() => {
                    let looked = self.look(Some(statement)).await;
                    // Whoever asked may be gone.
                    let _ = seen.send(());
                    looked
                }
                _ = ticks.tick() => self.look(None).await,
                _ = stop.changed() => return,
            };
            if looked.is_err() {
                return;
            }
        }
    }

    /// Tells what is seen, unless nothing is new.
    async fn look(&mut self, statement: Option<u32>) -> Result<(), Error> {
        let Some(session) = changes::session(&self.home, self.watched.backend_pid).await? else {
            return Ok(());
        };
        let changes = if self.watched.counts_changes { self.changed().await? } else { None };
        let seen = ChangesSeen {
            statement,
            changes,
            transaction_us: session.transaction_us,
            wal_lsn: session.wal_lsn,
        };
        let is_news = statement.is_some()
            || self.last.as_ref().is_none_or(|last| {
                (&last.changes, last.transaction_us) != (&seen.changes, seen.transaction_us)
            });
        if is_news {
            self.last = Some(seen.clone());
            self.events.tell(Event::ChangesSeen(seen));
        }
        Ok(())
    }

    /// Executions and rows of the statements that change rows, each named when it is first seen; none where there are too
    /// many statements to tell.
    async fn changed(&mut self) -> Result<Option<Vec<Changed>>, Error> {
        let Some(counted) = changes::counted(&self.home, &self.watched.database).await? else {
            return Ok(None);
        };
        let mut all = Vec::new();
        for counted in counted {
            let number = match self.numbers.get(&counted.query_id) {
                Some(number) => *number,
                None => self.number(counted.query_id).await?,
            };
            if let Some(change) = number {
                all.push(Changed { change, calls: counted.calls, rows: counted.rows });
            }
        }
        Ok(Some(all))
    }

    async fn number(&mut self, query_id: i64) -> Result<Option<u32>, Error> {
        let text = changes::text(&self.home, query_id).await?;
        let text = text.filter(|text| sql::counts_changes(text));
        let number = text.is_some().then_some(self.named);
        if let Some(sql) = text {
            self.events.tell(Event::ChangeNamed(ChangeNamed { change: self.named, sql }));
            self.named += 1;
        }
        self.numbers.insert(query_id, number);
        Ok(number)
    }
}
