//! How large the database is, and how far long commands are.

use std::collections::HashMap;
use std::time::Duration;

use pgrehearse_reports::event::{DatabaseSized, Event, ProgressSeen};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::Watched;
use crate::events::Events;
use crate::postgres::{Connection, admin, locks};

const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);
/// The server looks at every file of the database to tell its size.
const TICKS_PER_SIZE: u64 = 5;

/// Watches until told to stop, or until the server does not answer (which the lock sampler tells).
pub(super) async fn watch(
    beside: Connection,
    watched: Watched,
    events: Events,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = interval(PROGRESS_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut phases = HashMap::new();
    let mut bytes_before = None;
    for tick in 0.. {
        let last = *stop.borrow();
        if last || tick % TICKS_PER_SIZE == 0 {
            let Ok(bytes) = admin::database_bytes(&beside, &watched.database).await else { return };
            if bytes_before.replace(bytes) != Some(bytes) {
                events.tell(Event::DatabaseSized(DatabaseSized { bytes }));
            }
        }
        let Ok(progress) = locks::progress(&beside, &watched.database).await else { return };
        for (_, command, phase) in progress.into_iter().filter(|(pid, ..)| *pid == watched.backend_pid) {
            if phases.insert(command.clone(), phase.clone()).as_ref() != Some(&phase) {
                events.tell(Event::ProgressSeen(ProgressSeen { command, phase }));
            }
        }
        if last {
            return;
        }
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => {}
        }
    }
}
