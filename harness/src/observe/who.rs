//! Who a backend is.

use std::collections::HashMap;

use pgrehearse_reports::event::Waiter;

use crate::error::Error;
use crate::postgres::{Connection, HOLD_NAME, PROBE_NAME, locks};

/// Backends by process id, as far as anybody has asked.
#[derive(Debug)]
pub(super) struct Who {
    migration_pid: i32,
    known: HashMap<i32, Waiter>,
}

impl Who {
    pub(super) fn new(migration_pid: i32) -> Self {
        Self { migration_pid, known: HashMap::from([(migration_pid, Waiter::Migration)]) }
    }

    /// Looks those of `pids` up that are not known yet.
    pub(super) async fn learn(
        &mut self,
        pids: impl Iterator<Item = i32>,
        beside: &Connection,
    ) -> Result<(), Error> {
        let unknown: Vec<i32> = pids.filter(|pid| !self.known.contains_key(pid)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let backends = locks::backends(beside).await?;
        for pid in unknown {
            let backend = backends.iter().find(|backend| backend.pid == pid);
            let who = match backend {
                Some(backend) if backend.leader_pid == Some(self.migration_pid) => Waiter::Migration,
                Some(backend) if backend.application_name == PROBE_NAME => Waiter::Probe,
                Some(backend) if backend.application_name == HOLD_NAME => Waiter::Hold,
                // Also one that has ended since: a parallel worker is looked at while its leader waits for
                // it, so it cannot be one.
                _ => Waiter::Other,
            };
            self.known.insert(pid, who);
        }
        Ok(())
    }

    pub(super) fn is(&self, pid: i32) -> Waiter {
        self.known.get(&pid).copied().unwrap_or(Waiter::Other)
    }
}
