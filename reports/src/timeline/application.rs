//! The events of the application that runs beside the migration.

use crate::event::{
    Entry, Event, HoldEnded, HoldStarted, ProbeRequest, ProbeWindow, WorkloadStarted, WorkloadStopped,
};

/// What was told of the application.
#[derive(Debug, Default)]
pub(crate) struct Application<'a> {
    pub(crate) started: Option<&'a WorkloadStarted>,
    pub(crate) windows: Vec<&'a ProbeWindow>,
    pub(crate) requests: Vec<&'a ProbeRequest>,
    pub(crate) stopped: Option<(u64, &'a WorkloadStopped)>,
    pub(crate) holds: Vec<(u64, &'a HoldStarted)>,
    pub(crate) holds_ended: Vec<(u64, &'a HoldEnded)>,
    /// The last time at which anything was told of it.
    last_us: u64,
}

impl<'a> Application<'a> {
    pub(super) fn take(&mut self, entry: &'a Entry) {
        match &entry.event {
            Event::WorkloadStarted(started) => {
                self.started.get_or_insert(started);
            }
            Event::ProbeWindow(window) => self.windows.push(window),
            Event::ProbeRequest(request) => self.requests.push(request),
            Event::WorkloadStopped(stopped) => {
                self.stopped.get_or_insert((entry.at_us, stopped));
            }
            Event::HoldStarted(hold) => self.holds.push((entry.at_us, hold)),
            Event::HoldEnded(hold) => self.holds_ended.push((entry.at_us, hold)),
            _ => return,
        }
        self.last_us = self.last_us.max(entry.at_us);
    }

    /// Until when a request that was never answered waited: the application's end; where that was not told, the last that
    /// was told of it, or `close_us` where that came later.
    pub(crate) fn end_us(&self, close_us: u64) -> u64 {
        self.stopped.map_or(self.last_us.max(close_us), |(at_us, _)| at_us)
    }
}
