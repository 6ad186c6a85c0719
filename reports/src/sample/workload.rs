//! The application in samples: probe 0 reads users by email, probe 1 updates users, 50 requests a second each.

use super::{HOLD, LEADER, Sample};
use crate::event::*;

/// Index of the probe that reads.
pub(crate) const READS: u32 = 0;
/// Index of the probe that writes.
pub(crate) const WRITES: u32 = 1;

impl Sample {
    /// The application begins, its requests taking 1 ms (2 ms one in ten) from a second before the migration on.
    pub(crate) fn application(&mut self, connections: u32) -> &mut Self {
        let probe = |name: &str, kind: &str, sql: &str| ProbeDeclared {
            version: None,
            name: name.to_owned(),
            kind: kind.to_owned(),
            sql: sql.to_owned(),
            rate: 50.0,
        };
        let probes = vec![
            probe("login", "read", "SELECT id FROM users WHERE email = $1"),
            probe("users update", "write", "UPDATE users SET seen_at = now() WHERE id = $1"),
        ];
        self.event(Event::WorkloadStarted(WorkloadStarted { connections, probes, by_default: false }));
        for window in 0..10 {
            for probe in [READS, WRITES] {
                self.window(probe, -1_000.0 + 100.0 * f64::from(window), 5, &[(1_000, 4), (2_000, 1)]);
            }
        }
        self
    }

    /// 100 ms from then on, with requests of so many microseconds.
    pub(crate) fn window(
        &mut self,
        probe: u32,
        from_ms: f64,
        due: u64,
        latencies: &[(u64, u64)],
    ) -> &mut Self {
        let from_us = self.us(from_ms);
        let latencies = latencies.to_vec();
        self.event(Event::ProbeWindow(ProbeWindow { probe, from_us, length_us: 100_000, due, latencies }))
    }

    /// A request that was answered well, by a connection that was free at once.
    pub(crate) fn slow(&mut self, probe: u32, pid: i32, due_ms: f64, done_ms: f64) -> &mut Self {
        self.request(probe, Some(pid), due_ms, Some(due_ms), Some(done_ms), None)
    }

    /// A request that the server refused.
    pub(crate) fn refused(&mut self, probe: u32, due_ms: f64, done_ms: f64, sqlstate: &str) -> &mut Self {
        self.request(probe, Some(900), due_ms, Some(due_ms), Some(done_ms), Some(sqlstate))
    }

    pub(crate) fn request(
        &mut self,
        probe: u32,
        pid: Option<i32>,
        due_ms: f64,
        sent_ms: Option<f64>,
        done_ms: Option<f64>,
        sqlstate: Option<&str>,
    ) -> &mut Self {
        let (due_us, us) = (self.us(due_ms), |ms: Option<f64>| ms.map(|ms| self.us(ms)));
        let (sent_us, done_us) = (us(sent_ms), us(done_ms));
        self.event(Event::ProbeRequest(ProbeRequest {
            lag_us: 0,
            probe,
            due_us,
            sent_us,
            done_us,
            pid,
            sqlstate: sqlstate.map(str::to_owned),
            message: sqlstate.map(|_| "column \"username\" does not exist".to_owned()),
        }))
    }

    /// The generator came to the request before only so much later than it was due.
    pub(crate) fn lagged(&mut self, ms: f64) -> &mut Self {
        if let Some(Entry { event: Event::ProbeRequest(request), .. }) = self.entries.last_mut() {
            request.lag_us = (ms * 1000.0).round() as u64;
        }
        self
    }

    /// The application ends now; its generator was punctual.
    pub(crate) fn application_over(&mut self) -> &mut Self {
        self.application_stopped(3_000, None)
    }

    pub(crate) fn application_stopped(&mut self, lag_us_p99: u64, error: Option<&str>) -> &mut Self {
        self.event(Event::WorkloadStopped(WorkloadStopped {
            lag_us_p50: 120,
            lag_us_p99,
            lag_us_max: lag_us_p99 * 2,
            error: error.map(str::to_owned),
        }))
    }

    pub(crate) fn hold(&mut self, sql: &str, for_ms: f64) -> &mut Self {
        let for_us = (for_ms * 1000.0).round() as u64;
        self.event(Event::HoldStarted(HoldStarted { hold: 0, sql: sql.to_owned(), pid: HOLD, for_us }))
    }

    pub(crate) fn hold_over(&mut self) -> &mut Self {
        self.event(Event::HoldEnded(HoldEnded { hold: 0, cut: false, error: None }))
    }

    /// The step that began then has failed and is tried again in 100 ms.
    pub(crate) fn retried(&mut self, attempt: u32, began_ms: f64, sqlstate: &str) -> &mut Self {
        let (step, began_us) = (self.step.saturating_sub(1), self.us(began_ms));
        self.event(Event::StepRetried(StepRetried {
            step,
            attempt,
            began_us,
            sqlstate: Some(sqlstate.to_owned()),
            backoff_us: 100_000,
            invalid_indexes: Vec::new(),
        }))
    }

    /// A phase begins now.
    pub(crate) fn phase(&mut self, phase: Phase) -> &mut Self {
        self.event(Event::PhaseStarted(PhaseStarted { phase }))
    }

    /// The migration waits for that lock from then until now, behind a long transaction.
    pub(crate) fn queued_behind_a_hold(&mut self, lock: HeldLock, since_ms: f64, until_ms: f64) -> &mut Self {
        self.at(since_ms + 4.0).sampled_before(since_ms - 1.0).seen_waiting(lock, Some(since_ms));
        self.blocked(LEADER, Waiter::Migration, Some(lock), since_ms, &[Waiter::Hold]);
        self.at(until_ms).sampled_before(until_ms - 2.0).seen(lock).unblocked(LEADER)
    }
}
