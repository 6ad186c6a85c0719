//! Who was seen waiting for a lock of any kind.

use std::collections::BTreeMap;

use crate::event::{BlockedSeen, Blocker, Event, Waiter};
use crate::model::lock::{Blocked, is_behind_the_migration};
use crate::timeline::Timeline;
use crate::window::{Window, ms, ms_since};

/// A wait, from its beginning to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WaitSpan {
    pub(crate) pid: i32,
    pub(crate) waiter: Waiter,
    pub(crate) locktype: String,
    pub(crate) relation_oid: Option<u32>,
    pub(crate) mode: String,
    /// Who was ahead, each once.
    pub(crate) by: Vec<Waiter>,
    /// Their processes, each once.
    pub(crate) by_pids: Vec<i32>,
    /// Index of the migration's lock that was in the way; none until that is worked out, and where none was.
    pub(crate) lock: Option<usize>,
    /// The first sample that showed it.
    seen_us: u64,
    /// Earliest beginning.
    pub(crate) from_us: u64,
    /// How much later it may have begun.
    from_width_us: u64,
    pub(crate) end: Window,
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
                    Some(known) if known.is_same_wait(&span) => known.add(&seen.by),
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
        by_pids: Vec::new(),
        lock: None,
        seen_us: at_us,
        from_us,
        from_width_us,
        end: Window::exactly(at_us),
    };
    span.add(&seen.by);
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

    fn add(&mut self, by: &[Blocker]) {
        self.by.extend(by.iter().map(|blocker| blocker.who));
        self.by.sort_unstable();
        self.by.dedup();
        self.by_pids.extend(by.iter().map(|blocker| blocker.pid));
        self.by_pids.sort_unstable();
        self.by_pids.dedup();
    }

    /// Whether it was somebody else that waited behind the migration.
    pub(crate) fn is_behind_the_migration(&self) -> bool {
        self.waiter != Waiter::Migration && is_behind_the_migration(&self.by, self.lock)
    }

    /// As short as it can have been.
    pub(crate) fn shortest(&self) -> Window {
        let from_us = self.from_us.saturating_add(self.from_width_us);
        Window { from_us, to_us: self.end.from_us.max(from_us) }
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
            by_pids: self.by_pids.clone(),
            lock: self.lock,
            from_ms: ms_since(timeline.zero_us, self.from_us),
            to_ms: ms_since(timeline.zero_us, self.end.to_us),
            wait_ms: ms(longest_us),
            uncertainty_ms: ms((self.from_width_us + self.end.width_us()).min(longest_us)),
        }
    }
}
