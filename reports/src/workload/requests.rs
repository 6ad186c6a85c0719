//! Requests that were told one by one, and the part of the rehearsal that each request belongs to.

use crate::event::{ProbeRequest, ProbeWindow, SLOW_US};
use crate::timeline::{Application, Timeline};
use crate::window::Window;

/// A wait for a connection that counts as one, microseconds.
const POOL_WAIT_US: u64 = 10_000;

/// A part of the rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Baseline,
    During,
    Settle,
}

/// A request that was slow, failed or was never answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) told: &'a ProbeRequest,
    pub(super) due_us: u64,
    /// When the generator came to it.
    pub(super) ready_us: u64,
    /// When it had a connection; its end where it never had one.
    pub(super) sent_us: u64,
    /// When it was answered; the workload's end where it never was.
    pub(super) end_us: u64,
    pub(super) part: Part,
}

impl Request<'_> {
    /// How long it took from the moment at which it was due.
    pub(super) fn wait_us(&self) -> u64 {
        self.end_us - self.due_us
    }

    /// How late the generator itself came to it.
    pub(super) fn lag_us(&self) -> u64 {
        self.ready_us - self.due_us
    }

    /// All of it but the generator's lag.
    pub(super) fn unlagged(&self) -> Window {
        Window { from_us: self.ready_us, to_us: self.end_us }
    }

    /// When a connection served it.
    pub(super) fn served(&self) -> Window {
        Window { from_us: self.sent_us, to_us: self.end_us }
    }

    /// When it waited for a connection; none where that was too short to count.
    pub(super) fn in_the_pool(&self) -> Option<Window> {
        let waiting = Window { from_us: self.ready_us, to_us: self.sent_us };
        (waiting.width_us() >= POOL_WAIT_US).then_some(waiting)
    }

    /// SQLSTATE of its failure; none where it was answered well.
    pub(super) fn failure(&self) -> Option<&str> {
        match self.told.done_us {
            None => Some("unanswered"),
            Some(_) => self.told.sqlstate.as_deref(),
        }
    }
}

/// All of them, by the time at which they were due.
pub(super) fn requests<'a>(timeline: &Timeline<'a>) -> Vec<Request<'a>> {
    let given_up_us = timeline.application.end_us(timeline.close_us);
    let untold_lag_us = untold_lag_us(&timeline.application);
    let request = |told: &&'a ProbeRequest| {
        let due_us = told.due_us;
        let end_us = told.done_us.unwrap_or(given_up_us).max(due_us);
        let sent_us = told.sent_us.unwrap_or(end_us).clamp(due_us, end_us);
        let ready_us = due_us.saturating_add(told.lag_us.max(untold_lag_us)).min(sent_us);
        let part = part(Window { from_us: due_us, to_us: end_us }, &timeline.running);
        Request { told, due_us, ready_us, sent_us, end_us, part }
    };
    let mut requests: Vec<Request> = timeline.application.requests.iter().map(request).collect();
    requests.sort_by_key(|request| (request.due_us, request.end_us, request.told.probe));
    requests
}

/// Records have not always told the lag of each request. Where the generator says that it was late and no request does,
/// each of them may have been sent off late by as much as that.
fn untold_lag_us(application: &Application) -> u64 {
    let lag_us_max = application.stopped.map_or(0, |(_, stopped)| stopped.lag_us_max);
    let is_told = lag_us_max < SLOW_US || application.requests.iter().any(|request| request.lag_us > 0);
    if is_told { 0 } else { lag_us_max }
}

/// Which part what was counted in a window belongs to. A request in it was due at any time within, so that whatever
/// overlaps the migration counts as during it: none that met the migration is missed, and one that did not may be taken
/// for one that did.
pub(super) fn part_of_window(window: &ProbeWindow, timeline: &Timeline) -> Part {
    // A window ends right before its last moment.
    let to_us = window.from_us.saturating_add(window.length_us).saturating_sub(1);
    part(Window::between(window.from_us, to_us.max(window.from_us)), &timeline.running)
}

/// What overlaps a time in which steps ran is of the migration; whatever else comes after the first of them is not.
fn part(time: Window, running: &[Window]) -> Part {
    let overlaps = |running: &Window| time.from_us <= running.to_us && time.to_us >= running.from_us;
    match running.first() {
        Some(first) if time.to_us >= first.from_us => {
            if running.iter().any(overlaps) {
                Part::During
            } else {
                Part::Settle
            }
        }
        _ => Part::Baseline,
    }
}
