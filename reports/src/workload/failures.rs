//! Requests that failed since the migration began, and the statement after which they did.

use std::collections::BTreeMap;

use super::requests::{Part, Request};
use crate::model::workload::ProbeFailure;
use crate::statements::leading_keyword;
use crate::timeline::{StatementSpan, Timeline};
use crate::window::ms_since;

/// Those of one probe, by phase and SQLSTATE. `messages` are the server's first words by SQLSTATE.
pub(super) fn failures<'a>(
    requests: impl Iterator<Item = &'a Request<'a>>,
    messages: &BTreeMap<String, String>,
    timeline: &Timeline,
) -> Vec<ProbeFailure> {
    let mut sums: BTreeMap<(Option<usize>, &str), (u64, u64)> = BTreeMap::new();
    for request in requests.filter(|request| request.part != Part::Baseline) {
        let Some(sqlstate) = request.failure() else { continue };
        let place = timeline.phase_of(request.told.probe, request.due_us);
        let (number, first_us) = sums.entry((place, sqlstate)).or_insert((0, request.end_us));
        *number += 1;
        *first_us = request.end_us.min(*first_us);
    }
    let failure = |((place, sqlstate), (requests, first_us)): ((Option<usize>, &str), (u64, u64))| {
        let phase = place.and_then(|place| timeline.phases.get(place));
        ProbeFailure {
            phase: phase.map(|phase| phase.started.index),
            sqlstate: sqlstate.to_owned(),
            requests,
            first_ms: ms_since(timeline.zero_us, first_us),
            statement: after(timeline, first_us, messages.get(sqlstate).map_or("", String::as_str)),
        }
    };
    sums.into_iter().map(failure).collect()
}

/// The statement that is most likely the one that broke it: see [`ProbeFailure::statement`].
fn after(timeline: &Timeline, failed_us: u64, message: &str) -> Option<u32> {
    let named: Vec<&str> = message.split('"').skip(1).step_by(2).filter(|name| !name.is_empty()).collect();
    let done = timeline.statements.values().filter(|span| is_in_force(timeline, span, failed_us));
    let likely = done.max_by_key(|span| {
        let sql = &span.started.sql;
        let names = named.iter().filter(|name| sql.contains(*name)).count();
        let keyword = leading_keyword(sql).to_ascii_uppercase();
        let of_schema = matches!(keyword.as_str(), "ALTER" | "CREATE" | "DROP" | "DO");
        (names, of_schema, span.started.statement)
    });
    likely.map(|span| span.started.statement)
}

/// Whether others could see by then what a statement had done.
fn is_in_force(timeline: &Timeline, span: &StatementSpan, at_us: u64) -> bool {
    let mut transactions = timeline.transactions.iter();
    let around = transactions.rfind(|transaction| {
        let ended_us = transaction.ended.map_or(u64::MAX, |end| end.to_us);
        (transaction.started_us..=ended_us).contains(&span.started_us)
    });
    // What a statement outside a transaction does can be seen while it still runs.
    let visible_us = around.map_or(Some(span.started_us), |around| around.ended.map(|end| end.from_us));
    !span.failed() && visible_us.is_some_and(|visible_us| visible_us <= at_us)
}
