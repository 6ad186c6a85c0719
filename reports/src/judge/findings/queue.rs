//! Others that queued behind the migration.

use std::collections::BTreeMap;

use super::{LOCK_QUEUE, numbers};
use crate::event::Waiter;
use crate::judge::Terms;
use crate::model::Quantity;
use crate::model::lock::{Blocked, Lock};
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Finding, Severity};
use crate::units;

pub(super) fn findings(rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    let mut queues: BTreeMap<(Option<u32>, Option<&str>), Vec<&Blocked>> = BTreeMap::new();
    for blocked in &rehearsal.blocked {
        if blocked.waiter != Waiter::Migration && blocked.by.contains(&Waiter::Migration) {
            let statement = lock_waited_for(rehearsal, blocked).and_then(|lock| lock.statement);
            let running = || statement_running_at(rehearsal, blocked.from_ms);
            let key = (statement.or_else(running), blocked.relation.as_deref());
            queues.entry(key).or_default().push(blocked);
        }
    }
    let of_queue = |((statement, relation), waiters): ((Option<u32>, Option<&str>), Vec<&Blocked>)| {
        queue(rehearsal, statement, relation, &waiters, terms)
    };
    queues.into_iter().map(of_queue).collect()
}

fn queue(
    rehearsal: &Rehearsal,
    statement: Option<u32>,
    relation: Option<&str>,
    waiters: &[&Blocked],
    terms: Terms,
) -> Finding {
    let wait_ms = |blocked: &Blocked| round_to_us(blocked.to_ms - blocked.from_ms);
    let longest = waiters.iter().copied().max_by(|one, other| wait_ms(one).total_cmp(&wait_ms(other)));
    let wait_ms_max = longest.map_or(0.0, wait_ms);
    let uncertainty_ms = longest.map_or(0.0, |blocked| blocked.uncertainty_ms);
    let limit_ms = terms.budget.read_stall_ms.min(terms.budget.write_stall_ms);
    let lock = longest.and_then(|blocked| lock_waited_for(rehearsal, blocked));
    let behind = lock.map_or_else(|| "the migration".to_owned(), |lock| format!("its {:?}", lock.mode));
    let own_wait_ms = lock.and_then(|lock| lock.wait_ms).filter(|wait_ms| *wait_ms > 0.0);
    let itself = own_wait_ms.map_or_else(String::new, |wait_ms| {
        format!(
            "; the migration itself waited up to {} for that lock, and they behind it",
            units::duration(wait_ms)
        )
    });
    let what = relation.unwrap_or("a lock that is not of a relation");
    Finding {
        id: LOCK_QUEUE.to_owned(),
        severity: if wait_ms_max > limit_ms { Severity::High } else { Severity::Medium },
        repetition: rehearsal.repetition,
        statement,
        relation: relation.map(str::to_owned),
        evidence: format!(
            "{} for {what} behind {behind}, the longest {}{itself}",
            units::plural(waiters.len() as u64, "wait", "waits"),
            units::held(wait_ms_max, uncertainty_ms),
        ),
        numbers: numbers([
            ("waits", Some(Quantity::Whole(waiters.len() as u64))),
            ("wait_ms_max", Some(Quantity::Fraction(wait_ms_max))),
            ("wait_uncertainty_ms", Some(Quantity::Fraction(uncertainty_ms))),
            ("migration_wait_ms", own_wait_ms.map(Quantity::Fraction)),
        ]),
        advice: format!(
            "Let the statement give up early and try again (`SET lock_timeout = '1s';` before it): while it waits for \
             {what}, everybody who comes after it waits too. Better still, take a weaker lock or hold it for less."
        ),
    }
}

/// The strongest lock of the migration on that relation, held or asked for, in that time.
fn lock_waited_for<'a>(rehearsal: &'a Rehearsal, blocked: &Blocked) -> Option<&'a Lock> {
    let relation = blocked.relation.as_deref()?;
    let begins_ms = |lock: &Lock| lock.requested_ms.or(lock.granted_ms);
    let ends_ms = |lock: &Lock| lock.released_ms.or_else(|| Some(lock.requested_ms? + lock.wait_ms?));
    let in_that_time = |lock: &&Lock| {
        let begins_before = begins_ms(lock).is_some_and(|begins_ms| begins_ms <= blocked.to_ms);
        begins_before && ends_ms(lock).is_some_and(|ends_ms| ends_ms >= blocked.from_ms)
    };
    rehearsal
        .locks
        .iter()
        .filter(|lock| lock.relation == relation)
        .filter(in_that_time)
        .max_by_key(|lock| lock.mode)
}

fn statement_running_at(rehearsal: &Rehearsal, at_ms: f64) -> Option<u32> {
    let started = rehearsal.statements.iter().rev().find(|statement| statement.started_ms <= at_ms);
    started.map(|statement| statement.index)
}

fn round_to_us(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}
