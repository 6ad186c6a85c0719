//! Statements that changed rows, and how they got on.

mod looks;
mod stuck;

#[cfg(test)]
mod tests;

use crate::event::{LockMode, Outcome, RelationKind, StatementTransaction};
use crate::model::backfill::{Backfill, Progress};
use crate::model::dataset::Dataset;
use crate::model::lock::Lock;
use crate::model::rehearsal::After;
use crate::model::statement::Statement;
use crate::statements::leading_keyword;
use crate::timeline::{StatementSpan, Timeline};
use crate::window::{Window, ms, ms_since};
use looks::Looks;

/// Points that are kept of the rows over time.
const POINTS_KEPT: usize = 200;
/// Said where nothing but the statement's own result tells of it.
const NO_LOOKS: &str = "the server did not count what the statements inside it changed";
/// Said where it was stopped before anything of it counts.
const UNFINISHED: &str = "no execution of it had come to its end";

/// What is known of a rehearsal besides its events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) statements: &'a [Statement],
    pub(super) locks: &'a [Lock],
    pub(super) after: &'a After,
    pub(super) dataset: Option<&'a Dataset>,
}

/// One for each statement that changed rows of what was there, in order.
pub(super) fn backfills(timeline: &Timeline, known: Known) -> Vec<Backfill> {
    let spans = timeline.statements.values();
    let all = spans.filter_map(|span| {
        let statement = known.statements.iter().find(|of| of.index == span.started.statement)?;
        backfill(timeline, span, statement, known)
    });
    let mut all: Vec<Backfill> = all.collect();
    if let [only] = all.as_mut_slice() {
        let (left, before) = (known.after.dead_tuples, known.after.dead_tuples_before);
        only.dead_tuples_left = left.zip(before).map(|(left, before)| left.saturating_sub(before));
    }
    all
}

fn backfill(
    timeline: &Timeline,
    span: &StatementSpan,
    statement: &Statement,
    known: Known,
) -> Option<Backfill> {
    // What a try changed that was followed by another was rolled back.
    if statement.retried {
        return None;
    }
    let looks = Looks::of(timeline, span);
    let keyword = leading_keyword(&statement.sql).to_ascii_uppercase();
    let changes_itself = matches!(keyword.as_str(), "UPDATE" | "DELETE" | "INSERT" | "MERGE");
    let may_change_inside = matches!(keyword.as_str(), "DO" | "CALL" | "SELECT" | "WITH");
    let locked = touches(known, statement);
    let ended = statement.duration_ms.is_some() && statement.error.is_none();
    // An execution counts when it is over: that none is counted of what was stopped says nothing.
    let counted = looks.as_ref().map(Looks::rows).filter(|rows| ended || *rows > 0);
    let rows = counted.max(statement.rows.filter(|_| changes_itself));
    let changed = match rows {
        Some(rows) => rows > 0,
        None => changes_itself || (may_change_inside && looks.is_none() && locked == Some(true)),
    };
    if !changed || locked == Some(false) || !(changes_itself || may_change_inside) {
        return None;
    }
    let end_us = span.end_us(timeline.close_us);
    let within = Window::between(span.started_us, end_us);
    let cancelled = !ended
        && timeline.migration_finished.is_some_and(|(_, finished)| finished.outcome == Outcome::TimedOut);
    let proof = looks.as_ref().filter(|_| cancelled).and_then(|looks| stuck::proof(timeline, looks, known));
    let longest = longest_transaction(timeline, span, looks.as_ref());
    Some(Backfill {
        statement: statement.index,
        rows,
        batches: looks.as_ref().map(Looks::batches).or((changes_itself && ended).then_some(1)),
        batch_rows_max: looks.as_ref().map_or(rows.filter(|_| changes_itself), Looks::batch_rows_max),
        duration_ms: ms(within.width_us()),
        rows_per_s: rows.and_then(|rows| looks::per_second(rows, within.width_us())),
        rows_per_s_at_end: looks.as_ref().and_then(Looks::rows_per_s_at_end),
        rows_over_time: looks.as_ref().map_or_else(Vec::new, |looks| {
            let points = looks.points();
            thinned(&points).into_iter().map(|(us, rows)| (ms_since(timeline.zero_us, us), rows)).collect()
        }),
        rows_per_s_over_time: looks.as_ref().map_or_else(Vec::new, Looks::rows_per_s_over_time),
        longest_transaction_ms: longest.map(|window| ms(window.to_us)),
        longest_transaction_uncertainty_ms: longest.map(|window| ms(window.width_us())),
        transactions: transactions(span),
        wal_bytes: statement.wal_bytes.or_else(|| looks.as_ref()?.wal_bytes(timeline, span)),
        dead_tuples_left: None,
        ended,
        progress: match &proof {
            Some(_) => Progress::Stuck,
            None if ended => Progress::Done,
            None if rows.is_some() => Progress::Moving,
            None => Progress::NotMeasured,
        },
        stuck: proof,
        not_measured: match (&looks, rows) {
            (None, _) => Some(NO_LOOKS.to_owned()),
            (Some(_), None) => Some(UNFINISHED.to_owned()),
            (Some(_), Some(_)) => None,
        },
    })
}

/// Whether a statement locked a table that was there before its step as changing rows does; none where no such lock is known.
/// A lock that an earlier statement of its transaction took is no news to the server.
fn touches(known: Known, statement: &Statement) -> Option<bool> {
    let is_open = |lock: &Lock| {
        let (granted_ms, released_ms) = lock.granted_ms.zip(lock.released_ms)?;
        Some(granted_ms <= statement.started_ms && released_ms > statement.started_ms)
    };
    let is_of_it = |lock: &&Lock| {
        matches!(lock.relation_kind, RelationKind::Table | RelationKind::PartitionedTable)
            && lock.mode == LockMode::RowExclusiveLock
            && (lock.statement == Some(statement.index) || is_open(lock) == Some(true))
    };
    let mut of_rows = known.locks.iter().filter(is_of_it).peekable();
    of_rows.peek()?;
    Some(of_rows.any(|lock| was_there(known, lock, statement.step)))
}

/// Whether a table was there when that step began, if only because an earlier step made it.
fn was_there(known: Known, lock: &Lock, step: u32) -> bool {
    if lock.created_by_migration != Some(true) {
        return true;
    }
    let of_it = known.locks.iter().filter(|of| of.relation_oid == lock.relation_oid);
    let first = of_it.filter_map(|of| of.statement).min();
    let first = known.statements.iter().find(|statement| Some(statement.index) == first);
    first.is_some_and(|first| first.step < step)
}

/// How long its longest transaction was open, between the two, microseconds.
fn longest_transaction(timeline: &Timeline, span: &StatementSpan, looks: Option<&Looks>) -> Option<Window> {
    if span.started.transaction == StatementTransaction::None {
        return looks.and_then(Looks::longest_transaction);
    }
    let mut transactions = timeline.transactions.iter();
    let around = transactions.rfind(|transaction| transaction.started_us <= span.started_us)?;
    let from_us = around.started_us;
    let ended = around.ended.unwrap_or(Window::exactly(timeline.close_us.max(from_us)));
    Some(Window::between(ended.from_us.saturating_sub(from_us), ended.to_us.saturating_sub(from_us)))
}

fn transactions(span: &StatementSpan) -> Option<u64> {
    match span.started.transaction {
        // Looks in between miss short ones.
        StatementTransaction::None => span.finished.and_then(|(_, finished)| finished.transactions),
        _ => Some(1),
    }
}

/// So many points at most, evenly chosen, the first and the last among them.
fn thinned(points: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let all = points.len();
    if all <= POINTS_KEPT {
        return points.to_vec();
    }
    let chosen = (0..POINTS_KEPT).map(|index| index * (all - 1) / (POINTS_KEPT - 1));
    chosen.filter_map(|index| points.get(index).copied()).collect()
}
