//! What became of the requests, told in stretches of time, and one by one where it hurt.

use std::collections::{BTreeMap, HashSet};

use hdrhistogram::Histogram;
use pgrehearse_reports::event::{Event, ProbeRequest, ProbeWindow, SLOW_US, WorkloadStopped};

use crate::events::Events;

/// The length of a stretch, microseconds.
const WINDOW_US: u64 = 100_000;
/// A stretch is told when this much time has passed since its end: whatever is not answered by then is slow, and is told
/// by itself.
const SETTLED_US: u64 = 2 * SLOW_US;
/// Digits that latencies keep.
const DIGITS: u8 = 3;
/// The generator's own lateness is counted up to a minute.
const LAG_US_MAX: u64 = 60_000_000;

/// A request that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered<'a> {
    pub(super) probe: u32,
    pub(super) due_us: u64,
    /// When the generator came to it.
    pub(super) came_us: u64,
    pub(super) sent_us: Option<u64>,
    pub(super) done_us: Option<u64>,
    pub(super) pid: Option<i32>,
    /// SQLSTATE and words.
    pub(super) error: Option<(&'a str, &'a str)>,
}

/// Counts requests and tells of them.
#[derive(Debug)]
pub(super) struct Tally {
    events: Events,
    /// By beginning and probe.
    windows: BTreeMap<(u64, u32), Window>,
    latencies: Histogram<u64>,
    lags: Histogram<u64>,
    /// Failures whose words were told.
    told: HashSet<(u32, String)>,
}

#[derive(Debug, Default)]
struct Window {
    due: u64,
    fast_us: Vec<u64>,
}

impl Tally {
    pub(super) fn new(events: Events) -> Self {
        let histogram = |most| Histogram::new_with_max(most, DIGITS).expect("bounds that a histogram takes");
        Self {
            events,
            windows: BTreeMap::new(),
            latencies: histogram(SLOW_US),
            lags: histogram(LAG_US_MAX),
            told: HashSet::new(),
        }
    }

    /// A request is due, and the generator comes to it at `now_us`.
    pub(super) fn due(&mut self, probe: u32, due_us: u64, now_us: u64) {
        self.window(probe, due_us).due += 1;
        self.lags.saturating_record(now_us.saturating_sub(due_us));
    }

    pub(super) fn answered(&mut self, answered: Answered<'_>) {
        let Answered { probe, due_us, came_us, sent_us, done_us, pid, error } = answered;
        let latency_us = done_us.map(|done_us| done_us.saturating_sub(due_us));
        if let (Some(fast_us), None) = (latency_us.filter(|us| *us < SLOW_US), error) {
            self.window(probe, due_us).fast_us.push(fast_us);
            return;
        }
        let message = error.filter(|(sqlstate, _)| self.told.insert((probe, (*sqlstate).to_owned())));
        self.events.tell(Event::ProbeRequest(ProbeRequest {
            probe,
            due_us,
            lag_us: came_us.saturating_sub(due_us),
            sent_us,
            done_us,
            pid,
            sqlstate: error.map(|(sqlstate, _)| sqlstate.to_owned()),
            message: message.map(|(_, message)| message.to_owned()),
        }));
    }

    fn window(&mut self, probe: u32, due_us: u64) -> &mut Window {
        self.windows.entry((due_us / WINDOW_US * WINDOW_US, probe)).or_default()
    }

    /// Tells the stretches that nothing more can be added to at `now_us`.
    pub(super) fn tell_settled(&mut self, now_us: u64) {
        while let Some(entry) = self.windows.first_entry() {
            if entry.key().0 + WINDOW_US + SETTLED_US > now_us {
                return;
            }
            let ((from_us, probe), window) = entry.remove_entry();
            self.tell(from_us, probe, &window);
        }
    }

    fn tell(&mut self, from_us: u64, probe: u32, window: &Window) {
        self.latencies.reset();
        for fast_us in &window.fast_us {
            self.latencies.saturating_record(*fast_us);
        }
        let counted = self.latencies.iter_recorded();
        let latencies = counted.map(|value| (value.value_iterated_to(), value.count_at_value())).collect();
        self.events.tell(Event::ProbeWindow(ProbeWindow {
            probe,
            from_us,
            length_us: WINDOW_US,
            due: window.due,
            latencies,
        }));
    }

    /// Tells the rest.
    pub(super) fn finish(mut self, error: Option<String>) {
        for ((from_us, probe), window) in std::mem::take(&mut self.windows) {
            self.tell(from_us, probe, &window);
        }
        self.events.tell(Event::WorkloadStopped(WorkloadStopped {
            lag_us_p50: self.lags.value_at_quantile(0.5),
            lag_us_p99: self.lags.value_at_quantile(0.99),
            lag_us_max: self.lags.max(),
            error,
        }));
    }
}
