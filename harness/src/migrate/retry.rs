//! Trying a step again that could not get its locks, as migration tools do.

use std::time::Duration;

use pgrehearse_reports::event::{Event, StepRetried};
use pgrehearse_scenarios::Step;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Migration, READ_DEADLINE, Stop, unanswered};
use crate::postgres::inventory;

/// `lock_not_available` and `deadlock_detected`: the same may work later.
const WORTH_A_RETRY: [&str; 2] = ["55P03", "40P01"];

/// Whole milliseconds, which is what the server's `lock_timeout` counts; not 0, which would be no limit.
pub(super) fn server_ms(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1)
}

impl Migration {
    /// Sets the session's `lock_timeout` and gives what it was.
    pub(super) async fn set_lock_timeout(&self, lock_timeout: &str) -> Result<String, Stop> {
        let client = self.session.client();
        let sql = "SELECT pg_catalog.current_setting('lock_timeout'), \
                   pg_catalog.set_config('lock_timeout', $1, false)";
        let row = timeout(READ_DEADLINE, client.query_one(sql, &[&lock_timeout])).await;
        Ok(row.map_err(|_| unanswered())??.get(0))
    }

    /// Whether the try that failed, counted from 1, is not the last one.
    pub(super) fn may_retry(&self, step: &Step, attempt: u32) -> bool {
        let worth_it = self.refused.as_deref().is_some_and(|sqlstate| WORTH_A_RETRY.contains(&sqlstate));
        worth_it && attempt <= step.retry.retries && Instant::now() < self.deadline
    }

    /// Tells what the try left behind, and waits until the next.
    pub(super) async fn back_off(
        &self,
        index: u32,
        step: &Step,
        attempt: u32,
        began_us: u64,
    ) -> Result<(), Stop> {
        let looking = inventory::leftovers(&self.beside);
        let left = timeout(READ_DEADLINE, looking).await.map_err(|_| unanswered())??;
        let new = left.invalid_indexes.into_iter().filter(|index| !self.invalid_before.contains(index));
        self.events.tell(Event::StepRetried(StepRetried {
            step: index,
            attempt,
            began_us,
            sqlstate: self.refused.clone(),
            backoff_us: u64::try_from(step.retry.backoff.as_micros()).unwrap_or(u64::MAX),
            invalid_indexes: new.collect(),
        }));
        sleep_until((Instant::now() + step.retry.backoff).min(self.deadline)).await;
        Ok(())
    }
}
