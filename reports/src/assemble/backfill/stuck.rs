//! Whether a statement that was cancelled made no progress any more, by what it had changed until then: nothing shows that it
//! would have come to an end. That a backfill is slow is no sign of that.

use std::collections::BTreeMap;

use pgrehearse_scenarios::sql::updated_table;

use super::Known;
use super::looks::Looks;
use crate::event::Changed;
use crate::model::backfill::{HowStuck, Stuck};
use crate::names::unquoted;
use crate::statements::leading_keyword;
use crate::timeline::Timeline;
use crate::window::ms_since;

/// Executions in a row that change nothing, from which on it is no chance. A walk along a key with a gap finds nothing for a
/// while, too: that may be as long as it had found something before.
const EXECUTIONS_MIN: u64 = 1_000;
/// Rows of an execution, from which on it is not one for each row of something else.
const BATCH_ROWS_MIN: u64 = 10;

/// What shows that it made no progress; none where nothing does.
pub(super) fn proof(timeline: &Timeline, looks: &Looks, known: Known) -> Option<Stuck> {
    let of_each = looks.of_each();
    let last_rows = |looks: &[(u64, Changed)]| looks.last().map_or(0, |(_, last)| last.rows);
    let is_alone = of_each.values().filter(|looks| last_rows(looks) > 0).count() == 1;
    let again =
        of_each.iter().find_map(|(number, looks)| same_rows_again(timeline, *number, looks, is_alone, known));
    again.or_else(|| nothing_found(timeline, looks, &of_each, known))
}

/// An UPDATE that changed more rows than there can be. One that is executed for each row of another table, by a trigger or in
/// a loop, may well change a row of its own more than once: it is held against the rows of all tables.
fn same_rows_again(
    timeline: &Timeline,
    number: u32,
    looks: &[(u64, Changed)],
    is_alone: bool,
    known: Known,
) -> Option<Stuck> {
    let named = timeline.changes_named.get(&number)?;
    let table = updated_table(&named.sql)?;
    let (_, last) = looks.last()?;
    let is_in_batches = last.rows >= last.calls.saturating_mul(BATCH_ROWS_MIN);
    let rows_there = rows_there(timeline, known, Some(table.as_str()).filter(|_| is_alone && is_in_batches))?;
    let (since_us, _) = looks.iter().find(|(_, changed)| changed.rows > rows_there)?;
    Some(Stuck {
        how: HowStuck::SameRowsAgain,
        sql: named.sql.clone(),
        rows: last.rows,
        rows_there,
        executions: last.calls,
        since_ms: ms_since(timeline.zero_us, *since_us),
    })
}

/// Executed on and on, of whatever statements there are inside, and not a row is changed any more.
fn nothing_found(
    timeline: &Timeline,
    looks: &Looks,
    of_each: &BTreeMap<u32, Vec<(u64, Changed)>>,
    known: Known,
) -> Option<Stuck> {
    let idle = |looks: &[(u64, Changed)]| -> Option<(u64, u64)> {
        let (_, last) = looks.last()?;
        let (since_us, first) = looks.iter().find(|(_, changed)| changed.rows == last.rows)?;
        Some((*since_us, last.calls.saturating_sub(first.calls)))
    };
    // Where one of them still finds something, the loop moves.
    let since_us = of_each.values().filter_map(|looks| idle(looks)).map(|(since_us, _)| since_us).max()?;
    if looks.ended_us.saturating_sub(since_us) < since_us.saturating_sub(looks.started_us) {
        return None;
    }
    let mut executed = of_each.iter().filter_map(|(number, looks)| {
        let at_us = looks.iter().find(|(at_us, _)| *at_us >= since_us)?;
        let (_, last) = looks.last()?;
        Some((number, last, last.calls.saturating_sub(at_us.1.calls)))
    });
    let (number, last, executions) = executed.find(|(_, _, executions)| *executions >= EXECUTIONS_MIN)?;
    Some(Stuck {
        how: HowStuck::NothingFound,
        sql: timeline.changes_named.get(number)?.sql.clone(),
        rows: last.rows,
        rows_there: rows_there(timeline, known, None).unwrap_or(0),
        executions,
        since_ms: ms_since(timeline.zero_us, since_us),
    })
}

/// Rows that there can be in that table at most, or in all where it is none that is known: those of the dataset, with what
/// the migration inserted, and a row for each write of the application. None where the dataset is not known.
fn rows_there(timeline: &Timeline, known: Known, table: Option<&str>) -> Option<u64> {
    let dataset = known.dataset?;
    let named: Vec<u64> = dataset
        .tables
        .iter()
        .filter(|of| table.is_some_and(|table| is_named(&of.name, table)))
        .map(|of| of.rows)
        .collect();
    let rows = match named.as_slice() {
        [rows] => *rows,
        _ => dataset.rows?,
    };
    let inserts =
        timeline.changes_named.values().filter(|named| !is_update(&named.sql)).map(|named| named.change);
    let inserted = inserts.filter_map(|number| {
        let seen = timeline.changes.iter().filter_map(|(_, seen)| seen.changes.as_ref()).flatten();
        seen.filter(|changed| changed.change == number).map(|changed| changed.rows).max()
    });
    let unseen = known.statements.iter().filter(|statement| {
        matches!(leading_keyword(&statement.sql).to_ascii_uppercase().as_str(), "INSERT" | "COPY" | "MERGE")
    });
    let unseen = unseen.filter_map(|statement| statement.rows);
    let writes = timeline.application.started.map_or(0, |started| {
        let is_write = |probe: u32| {
            let probe = usize::try_from(probe).ok().and_then(|probe| started.probes.get(probe));
            probe.is_some_and(|probe| probe.kind == "write")
        };
        let windows = timeline.application.windows.iter().filter(|window| is_write(window.probe));
        windows.fold(0_u64, |sum, window| sum.saturating_add(window.due))
    });
    Some(inserted.chain(unseen).fold(rows.saturating_add(writes), u64::saturating_add))
}

/// Whether that table of the dataset is meant, with its schema or without.
fn is_named(name: &str, table: &str) -> bool {
    let name = unquoted(name);
    name == table || name.strip_suffix(table).is_some_and(|schema| schema.ends_with('.'))
}

fn is_update(sql: &str) -> bool {
    updated_table(sql).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_known_with_its_schema_or_without() {
        assert!(is_named("public.\"Users\"", "public.Users") && is_named("public.users", "users"));
        assert!(!is_named("public.users", "Users") && !is_named("public.superusers", "users"));
    }
}
