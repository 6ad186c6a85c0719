//! The stretches of time within which a lock can live: it never outlives its transaction, nor a statement
//! that runs in none.

use crate::statements::runs_alone;
use crate::timeline::{StatementSpan, Timeline};
use crate::window::Window;

/// A transaction, or a statement outside one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) started_us: u64,
    /// When a lock that is still there goes.
    pub(super) end: Window,
    pub(super) is_transaction: bool,
}

impl Scope {
    /// Whether the scope was open at that time.
    pub(super) fn contains(&self, at_us: u64) -> bool {
        self.started_us <= at_us && at_us <= self.end.to_us
    }
}

/// The scopes of a rehearsal, by time.
pub(super) fn scopes(timeline: &Timeline) -> Vec<Scope> {
    let mut scopes = transactions(timeline);
    scopes.extend(bare_statements(timeline));
    // A reading of locks that were held outside any known transaction: facts are not thrown away.
    let orphans: Vec<Scope> = timeline
        .readings
        .iter()
        .filter(|(at_us, _)| !scopes.iter().any(|scope| scope.is_transaction && scope.contains(*at_us)))
        .map(|(at_us, reading)| {
            let started_us =
                timeline.statements.get(&reading.statement).map_or(*at_us, |span| span.started_us);
            let next_us = scopes.iter().map(|scope| scope.started_us).filter(|next_us| next_us > at_us).min();
            let end_us = next_us.unwrap_or(timeline.close_us).max(*at_us);
            Scope {
                started_us: started_us.min(*at_us),
                end: Window::between(*at_us, end_us),
                is_transaction: true,
            }
        })
        .collect();
    scopes.extend(orphans);
    scopes.sort_by_key(|scope| (scope.started_us, scope.end.to_us));
    scopes
}

fn transactions(timeline: &Timeline) -> Vec<Scope> {
    let mut scopes = Vec::new();
    for transaction in &timeline.transactions {
        let unended = Window::exactly(timeline.close_us.max(transaction.started_us));
        let mut end = transaction.ended.unwrap_or(unended);
        // An error aborts the transaction at once: the server lets its locks go before it is told to roll
        // back, unless a savepoint keeps some of them until then.
        let error_us = timeline
            .statements
            .values()
            .filter(|span| span.failed())
            .map(|span| span.end_us(timeline.close_us))
            .find(|at_us| (transaction.started_us..=end.to_us).contains(at_us));
        if let Some(error_us) = error_us {
            end = Window::between(error_us.min(end.from_us), end.to_us);
        }
        scopes.push(Scope { started_us: transaction.started_us, end, is_transaction: true });
    }
    scopes
}

fn bare_statements(timeline: &Timeline) -> Vec<Scope> {
    let mut scopes = Vec::new();
    let alone = |span: &&StatementSpan| runs_alone(span.started.transaction, &span.started.sql);
    for span in timeline.statements.values().filter(alone) {
        let ended_us = span.end_us(timeline.close_us);
        let in_transaction = timeline.transactions.iter().any(|transaction| {
            let transaction_ended_us = transaction.ended.map_or(u64::MAX, |end| end.to_us);
            transaction.started_us < ended_us && span.started_us < transaction_ended_us
        });
        if in_transaction {
            continue;
        }
        let end = if span.failed() {
            // The error is sent before the locks go.
            Window::between(ended_us, timeline.close_us.max(ended_us))
        } else {
            Window::exactly(ended_us)
        };
        scopes.push(Scope { started_us: span.started_us, end, is_transaction: false });
    }
    scopes
}
