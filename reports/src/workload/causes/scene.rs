//! What server processes waited for, from the waits and locks that were seen.

use std::collections::BTreeMap;

use super::{Waited, What};
use crate::event::Waiter;
use crate::locks::{WaitSpan, Watched};
use crate::model::lock::Lock;
use crate::model::workload::Culprit;
use crate::timeline::Timeline;
use crate::window::Window;
use crate::workload::requests::Request;

/// Everything that waits and locks tell.
pub(super) struct Scene<'a, 't> {
    timeline: &'a Timeline<'t>,
    locks: &'a [Lock],
    /// By process, by time.
    waits: BTreeMap<i32, Vec<&'a WaitSpan>>,
    /// The migration's own.
    own: Vec<&'a WaitSpan>,
}

impl<'a, 't> Scene<'a, 't> {
    pub(super) fn new(timeline: &'a Timeline<'t>, watched: &'a Watched) -> Self {
        let mut waits: BTreeMap<i32, Vec<&WaitSpan>> = BTreeMap::new();
        for wait in &watched.waits {
            waits.entry(wait.pid).or_default().push(wait);
        }
        let own = watched.waits.iter().filter(|wait| wait.waiter == Waiter::Migration).collect();
        Self { timeline, locks: &watched.locks, waits, own }
    }

    /// What the process that served a request waited for while it did.
    pub(super) fn waits_of(&self, request: &Request) -> Vec<Waited> {
        let mut waited = Vec::new();
        let Some(pid) = request.told.pid else { return waited };
        for (wait, time) in self.waits_of_process(pid, request.served()) {
            self.add(wait, time, &mut waited);
        }
        waited
    }

    /// The waits of a process, each with the part that lies in that time.
    fn waits_of_process(&self, pid: i32, within: Window) -> impl Iterator<Item = (&'a WaitSpan, Window)> {
        let waits = self.waits.get(&pid).map_or(&[][..], Vec::as_slice);
        // A process waits for one lock at a time, so that its waits end in the order in which they begin.
        let since = waits.partition_point(|wait| wait.end.to_us <= within.from_us);
        let from_then_on = waits.get(since..).unwrap_or_default().iter();
        from_then_on
            .take_while(move |wait| wait.from_us < within.to_us)
            .filter_map(move |wait| Some((*wait, part_within(wait, within)?)))
    }

    fn add(&self, wait: &WaitSpan, time: Window, waited: &mut Vec<Waited>) {
        let relation_oid = wait.relation_oid.map(|oid| self.table(oid));
        let others =
            [(Waiter::Hold, Culprit::Hold), (Waiter::Probe, Culprit::Probe), (Waiter::Other, Culprit::Other)];
        let surely = shortest(wait, time);
        for (_, culprit) in others.into_iter().filter(|(who, _)| wait.by.contains(who)) {
            waited.push(Waited { what: What::of(culprit, relation_oid), time, surely });
        }
        if wait.is_behind_the_migration() {
            self.add_migration(wait, time, waited);
        } else if wait.by.is_empty() {
            waited.push(Waited { what: What::of(Culprit::Unexplained, relation_oid), time, surely });
        } else {
            self.follow(wait, time, &mut vec![wait.pid], waited);
        }
    }

    /// Whoever waits for somebody waits for what keeps that one: the second that wants a row waits for the first, which
    /// waits for the migration.
    fn follow(&self, wait: &WaitSpan, time: Window, known: &mut Vec<i32>, waited: &mut Vec<Waited>) {
        for pid in &wait.by_pids {
            if known.contains(pid) {
                continue;
            }
            known.push(*pid);
            for (ahead, common) in self.waits_of_process(*pid, time) {
                if ahead.waiter == Waiter::Migration {
                    continue;
                }
                if ahead.is_behind_the_migration() {
                    self.add_migration(ahead, common, waited);
                } else {
                    self.follow(ahead, common, known, waited);
                }
            }
        }
    }

    /// The migration's lock that is in the way, and whoever is ahead of the migration: they are ahead of those behind it.
    fn add_migration(&self, wait: &WaitSpan, time: Window, waited: &mut Vec<Waited>) {
        let rows = matches!(wait.locktype.as_str(), "tuple" | "transactionid");
        let lock = wait.lock.and_then(|index| self.locks.get(index));
        let what = What {
            who: Culprit::Migration,
            relation_oid: wait.relation_oid.map(|oid| self.table(oid)),
            rows,
            mode: lock.filter(|_| !rows).map(|lock| lock.mode),
            statement: lock.and_then(|lock| lock.statement),
        };
        waited.push(Waited { what, time, surely: shortest(wait, time) });
        for own in &self.own {
            let Some(time) = part_within(own, time) else { continue };
            let relation_oid = own.relation_oid.map(|oid| self.table(oid));
            for (who, culprit) in [(Waiter::Hold, Culprit::Hold), (Waiter::Other, Culprit::Other)] {
                if own.by.contains(&who) {
                    let surely = shortest(own, time);
                    waited.push(Waited { what: What::of(culprit, relation_oid), time, surely });
                }
            }
        }
    }

    /// The table that a relation is, or belongs to.
    fn table(&self, oid: u32) -> u32 {
        self.timeline.relation(oid).and_then(|named| named.of_table_oid).unwrap_or(oid)
    }
}

/// The part of a wait that lies in that time; none where there is none.
fn part_within(wait: &WaitSpan, within: Window) -> Option<Window> {
    let from_us = wait.from_us.max(within.from_us);
    let to_us = wait.end.to_us.min(within.to_us);
    (from_us < to_us).then_some(Window { from_us, to_us })
}

/// The part of that time in which it surely waited.
fn shortest(wait: &WaitSpan, within: Window) -> Window {
    let surely = wait.shortest();
    Window {
        from_us: surely.from_us.clamp(within.from_us, within.to_us),
        to_us: surely.to_us.clamp(within.from_us, within.to_us),
    }
}
