//! Who was seen waiting for a lock of any kind.

use std::collections::BTreeMap;

use crate::event::{BlockedSeen, Event, Waiter};
use crate::model::lock::Blocked;
use crate::timeline::Timeline;
use crate::window::{Window, ms, ms_since};

/// A wait, from its beginning to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WaitSpan {
    pid: i32,
    pub(super) waiter: Waiter,
    locktype: String,
    pub(super) relation_oid: Option<u32>,
    pub(super) mode: String,
    /// Who was ahead, each once.
    pub(super) by: Vec<Waiter>,
    /// The first sample that showed it.
    seen_us: u64,
    /// Earliest beginning.
    pub(super) from_us: u64,
    /// How much later it may have begun.
    from_width_us: u64,
    pub(super) end: Window,
}

/// All waits, by time.
pub(super) fn waits(timeline: &Timeline) -> Vec<WaitSpan> {
    let mut open: BTreeMap<i32, WaitSpan> = BTreeMap::new();
    let mut done: Vec<WaitSpan> = Vec::new();
    for entry in &timeline.samples {
        let at_us = entry.at_us;
        match &entry.event {
            Event::BlockedSeen(seen) => {
                let span = begin(seen, at_us);
                match open.get_mut(&seen.pid) {
                    // The same wait again, with others ahead of it.
                    Some(known) if known.is_same_wait(&span) => known.add(&span.by),
                    _ => {
                        let end = Window::between(seen.previous_sample_us.min(at_us), at_us);
                        done.extend(open.insert(seen.pid, span).map(|before| before.until(end)));
                    }
                }
            }
            // The same sample that shows a backend waiting for one lock may tell that it waits no longer for
            // another; that wait ended when this one was seen.
            Event::BlockedGone(gone) if open.get(&gone.pid).is_some_and(|span| span.seen_us == at_us) => {}
            Event::BlockedGone(gone) => {
                let end = Window::between(gone.last_seen_us, at_us);
                done.extend(open.remove(&gone.pid).map(|span| span.until(end)));
            }
            _ => {}
        }
    }
    done.extend(open.into_values().map(|span| span.until(Window::exactly(timeline.close_us))));
    done.sort_by(|one, other| {
        let key = |span: &WaitSpan| (span.from_us, span.end.to_us, span.pid);
        key(one).cmp(&key(other))
    });
    done
}

fn begin(seen: &BlockedSeen, at_us: u64) -> WaitSpan {
    let (from_us, from_width_us) = match seen.wait_start_us {
        Some(start_us) => (start_us.min(at_us), 0),
        None => (seen.previous_sample_us.min(at_us), at_us.saturating_sub(seen.previous_sample_us)),
    };
    let mut span = WaitSpan {
        pid: seen.pid,
        waiter: seen.waiter,
        locktype: seen.locktype.clone(),
        relation_oid: seen.relation_oid,
        mode: seen.mode.clone(),
        by: Vec::new(),
        seen_us: at_us,
        from_us,
        from_width_us,
        end: Window::exactly(at_us),
    };
    let by: Vec<Waiter> = seen.by.iter().map(|blocker| blocker.who).collect();
    span.add(&by);
    span
}

impl WaitSpan {
    fn is_same_wait(&self, other: &Self) -> bool {
        let same_lock = self.locktype == other.locktype
            && self.relation_oid == other.relation_oid
            && self.mode == other.mode
            && self.waiter == other.waiter;
        // Without a known start both were seen without a gap: it is the same wait.
        let both_started = self.from_width_us == 0 && other.from_width_us == 0;
        same_lock && (!both_started || self.from_us == other.from_us)
    }

    fn add(&mut self, by: &[Waiter]) {
        self.by.extend(by);
        self.by.sort_unstable();
        self.by.dedup();
    }

    fn until(self, end: Window) -> Self {
        Self { end: end.not_before(self.from_us), ..self }
    }

    /// The wait as the report has it.
    pub(super) fn finish(&self, timeline: &Timeline) -> Blocked {
        let longest_us = self.end.to_us - self.from_us;
        Blocked {
            relation: self.relation_oid.map(|oid| timeline.relation_name(oid)),
            locktype: self.locktype.clone(),
            waiter: self.waiter,
            pid: self.pid,
            mode: self.mode.clone(),
            by: self.by.clone(),
            from_ms: ms_since(timeline.zero_us, self.from_us),
            to_ms: ms_since(timeline.zero_us, self.end.to_us),
            uncertainty_ms: ms((self.from_width_us + self.end.width_us()).min(longest_us)),
        }
    }
}
