//! Others that queued behind the migration.

use std::collections::BTreeMap;

use super::{LOCK_QUEUE, advice, numbers, statement_of};
use crate::event::Waiter;
use crate::judge::Terms;
use crate::model::Quantity;
use crate::model::lock::{Blocked, Lock};
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Finding, Severity};
use crate::model::workload::HoldRun;
use crate::units;
use crate::window::{at_once, to_the_us};

/// The part of the limit up to which a wait goes unnoticed.
const UNNOTICED: f64 = 0.2;

pub(super) fn findings(rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    let mut queues: BTreeMap<(Option<u32>, Option<&str>), Vec<&Blocked>> = BTreeMap::new();
    for blocked in rehearsal.blocked.iter().filter(|blocked| blocked.is_behind_the_migration()) {
        let statement = lock_of(rehearsal, blocked).and_then(|lock| lock.statement);
        let statement = statement.map(|index| last_try(rehearsal, index));
        queues.entry((statement, blocked.relation.as_deref())).or_default().push(blocked);
    }
    let of_queue = |((statement, relation), waiters): ((Option<u32>, Option<&str>), Vec<&Blocked>)| {
        queue(rehearsal, statement, relation, &waiters, terms)
    };
    queues.into_iter().filter_map(of_queue).collect()
}

/// The same statement in the last try of its step, so that all tries are one queue.
fn last_try(rehearsal: &Rehearsal, index: u32) -> u32 {
    let Some(one) = statement_of(rehearsal, Some(index)).filter(|statement| statement.retried) else {
        return index;
    };
    let same = rehearsal.statements.iter().rfind(|other| (other.step, other.line) == (one.step, one.line));
    same.map_or(index, |last| last.index)
}

/// The migration's lock that was in the way.
fn lock_of<'a>(rehearsal: &'a Rehearsal, blocked: &Blocked) -> Option<&'a Lock> {
    rehearsal.locks.get(blocked.lock?)
}

fn wait_ms(blocked: &Blocked) -> f64 {
    to_the_us(blocked.to_ms - blocked.from_ms)
}

/// A wait that nobody would notice is worth knowing: behind a long transaction it is as long as that.
fn severity(wait_ms: f64, limit_ms: f64) -> Severity {
    if wait_ms > limit_ms {
        Severity::High
    } else if wait_ms > limit_ms * UNNOTICED {
        Severity::Medium
    } else {
        Severity::Low
    }
}

/// Those who waited for the same thing.
struct Queue<'a> {
    waits: u64,
    longest: &'a Blocked,
    /// At one time.
    waiting_max: u64,
    /// How long it took to go when the migration had let go.
    drain_ms: Option<f64>,
}

impl<'a> Queue<'a> {
    /// None where nobody waited.
    fn new(rehearsal: &Rehearsal, waiters: &[&'a Blocked]) -> Option<Self> {
        let longest = waiters.iter().max_by(|one, other| wait_ms(one).total_cmp(&wait_ms(other)))?;
        // Whole microseconds, which can be put in order.
        let us = |ms: f64| (ms * 1000.0).round() as i64;
        let lengths = at_once(waiters.iter().map(|blocked| (us(blocked.from_ms), us(blocked.to_ms))));
        let drains = waiters.iter().filter_map(|blocked| lock_of(rehearsal, blocked)?.drain_ms);
        Some(Self {
            waits: waiters.len() as u64,
            longest,
            waiting_max: lengths.into_iter().map(|(_, waiting)| waiting).max().unwrap_or(0),
            drain_ms: drains.max_by(f64::total_cmp),
        })
    }

    fn drained(&self) -> String {
        self.drain_ms.map_or_else(String::new, |ms| format!(", {} to drain", units::duration(ms)))
    }
}

fn queue(
    rehearsal: &Rehearsal,
    statement: Option<u32>,
    relation: Option<&str>,
    waiters: &[&Blocked],
    terms: Terms,
) -> Option<Finding> {
    let queue = Queue::new(rehearsal, waiters)?;
    let (wait_ms_max, uncertainty_ms) = (wait_ms(queue.longest), queue.longest.uncertainty_ms);
    let limit_ms = terms.budget.read_stall_ms.min(terms.budget.write_stall_ms);
    let for_rows = matches!(queue.longest.locktype.as_str(), "tuple" | "transactionid");
    let lock = lock_of(rehearsal, queue.longest);
    let behind = lock
        .filter(|_| !for_rows)
        .map_or_else(|| "the migration".to_owned(), |lock| format!("its {:?}", lock.mode));
    let own_wait_ms = lock.and_then(|lock| lock.wait_ms).filter(|wait_ms| *wait_ms > 0.0);
    let what = match (relation, for_rows) {
        (Some(relation), false) => relation.to_owned(),
        (Some(relation), true) => format!("rows of {relation} that it had changed"),
        (None, true) => "rows that it had changed".to_owned(),
        (None, false) => "a lock that is not of a relation".to_owned(),
    };
    Some(Finding {
        id: LOCK_QUEUE.to_owned(),
        severity: severity(wait_ms_max, limit_ms),
        repetition: rehearsal.repetition,
        statement,
        relation: relation.map(str::to_owned),
        subject: None,
        evidence: match lock.and_then(|lock| Some((lock, own_wait_ms?))).filter(|_| !for_rows) {
            Some((lock, own_wait_ms)) => in_the_queue(rehearsal, lock, own_wait_ms, &queue),
            None => format!(
                "{} for {what} behind {behind}, the longest {}{}",
                units::plural(queue.waits, "wait", "waits"),
                units::held(wait_ms_max, uncertainty_ms),
                queue.drained(),
            ),
        },
        numbers: numbers([
            ("waits", Some(Quantity::Whole(queue.waits))),
            ("wait_ms_max", Some(Quantity::Fraction(wait_ms_max))),
            ("wait_uncertainty_ms", Some(Quantity::Fraction(uncertainty_ms))),
            ("migration_wait_ms", own_wait_ms.map(Quantity::Fraction)),
            ("migration_hold_ms", lock.and_then(|lock| lock.hold_ms).map(Quantity::Fraction)),
            ("waiting_max", Some(Quantity::Whole(queue.waiting_max))),
            ("drain_ms", queue.drain_ms.map(Quantity::Fraction)),
        ]),
        advice: if for_rows { advice::in_batches(relation) } else { give_up_early(&what) },
    })
}

fn give_up_early(what: &str) -> String {
    format!(
        "Let the statement give up early and try again (`SET lock_timeout = '1s';` before it): while it waits for {what}, \
         everybody who comes after it waits too. Better still, take a weaker lock or hold it for less."
    )
}

/// What a lock did that was itself waited for: nobody is in its way for long, and it is in everybody's.
fn in_the_queue(rehearsal: &Rehearsal, lock: &Lock, own_wait_ms: f64, queue: &Queue) -> String {
    let held = match lock.hold_ms {
        None => "was never granted".to_owned(),
        Some(hold_ms) => {
            let only = if hold_ms < own_wait_ms { " only" } else { "" };
            let hold = units::held(hold_ms, lock.hold_uncertainty_ms.unwrap_or(0.0));
            format!("was held for {hold}{only}")
        }
    };
    let but = if lock.hold_ms.is_some_and(|hold_ms| hold_ms >= own_wait_ms) { "and" } else { "but" };
    let longest = units::held(wait_ms(queue.longest), queue.longest.uncertainty_ms);
    format!(
        "{:?} on {} {held}, {but} waited {} {}, and everybody who came after it waited too: up to {} at once, the longest {longest}{}",
        lock.mode,
        lock.relation,
        units::held(own_wait_ms, lock.wait_uncertainty_ms.unwrap_or(0.0)),
        ahead(rehearsal, lock),
        units::plural(queue.waiting_max, "session", "sessions"),
        queue.drained(),
    )
}

/// Whoever the migration itself waited for.
fn ahead(rehearsal: &Rehearsal, lock: &Lock) -> String {
    let by = |who: Waiter| lock.waits.iter().any(|wait| wait.by.contains(&who));
    if by(Waiter::Hold) {
        let is_ahead = |hold: &&HoldRun| {
            lock.waits.iter().any(|wait| {
                wait.by_pids.contains(&hold.pid)
                    && hold.from_ms <= wait.to_ms
                    && hold.to_ms.is_none_or(|to_ms| to_ms >= wait.from_ms)
            })
        };
        let open = rehearsal.holds.iter().find(is_ahead);
        let sql = open.map(|hold| hold.sql.split_whitespace().collect::<Vec<_>>().join(" "));
        sql.map_or_else(
            || "behind a long transaction".to_owned(),
            |sql| format!("behind a long transaction (`{sql}`)"),
        )
    } else if by(Waiter::Other) {
        "behind another session".to_owned()
    } else if by(Waiter::Probe) {
        "behind the application's own requests".to_owned()
    } else {
        "for its turn".to_owned()
    }
}
