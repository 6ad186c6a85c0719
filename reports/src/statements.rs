//! The statements of a rehearsal with what each of them did.

use std::collections::BTreeSet;

use crate::event::{self, RelationKind, RelationNamed, StatementTransaction};
use crate::model::statement::{Notice, Statement, StatementPhase};
use crate::timeline::{StatementSpan, Timeline};
use crate::window::{Window, ms, ms_since, union_length_us};

/// Notices that are kept of one statement: a loop that raises one per row must not fill the report.
const NOTICES_KEPT: usize = 100;

/// The statements, in order. `migration_waits` are the times in which the migration waited for a lock.
pub(crate) fn statements(timeline: &Timeline, migration_waits: &[Window]) -> Vec<Statement> {
    let mut known_lsn = timeline.migration.map(|(_, started)| started.wal_lsn);
    timeline
        .statements
        .values()
        .map(|span| {
            let mut statement = statement(timeline, span, migration_waits);
            let lsn = span.finished.and_then(|(_, finished)| finished.wal_lsn);
            statement.wal_bytes = lsn.zip(known_lsn).map(|(lsn, before)| lsn.saturating_sub(before));
            known_lsn = lsn.or(known_lsn);
            statement
        })
        .collect()
}

fn statement(timeline: &Timeline, span: &StatementSpan, migration_waits: &[Window]) -> Statement {
    let started = span.started;
    let index = started.statement;
    let within = Window::between(span.started_us, span.end_us(timeline.close_us));
    let said = timeline.notices.get(&index).map_or(&[][..], Vec::as_slice);
    let storage = storage(timeline, index, &started.sql, said);
    let scans = distinct(said.iter().filter_map(|notice| scan(&notice.message, timeline)));
    let built = said.iter().filter_map(|notice| built(&notice.message));
    let built = built.map(|name| resolve(name, timeline)).filter(|name| !storage.rebuilds.contains(name));
    let builds = distinct(built);
    let moved = timeline.storage.iter().any(|changed| changed.statement == index);
    let touched_data = moved
        || [&storage.rewrites, &storage.rebuilds, &scans, &builds].iter().any(|names| !names.is_empty());
    let metadata_only = changes_the_catalog(&started.sql) && !span.failed() && span.finished.is_some();
    Statement {
        index,
        step: started.step,
        file: started.file.clone(),
        line: started.line,
        sql: started.sql.clone(),
        transaction: started.transaction,
        started_ms: ms_since(timeline.zero_us, span.started_us),
        duration_ms: span.finished.map(|_| ms(within.width_us())),
        rows: span.finished.and_then(|(_, finished)| finished.rows),
        error: span.finished.and_then(|(_, finished)| finished.error.clone()),
        retried: timeline.is_retried(span),
        lock_wait_ms: timeline
            .was_sampled()
            .then(|| ms(union_length_us(migration_waits.iter().copied(), within))),
        rewrites: storage.rewrites,
        rebuilds: storage.rebuilds,
        scans,
        builds,
        metadata_only: metadata_only.then_some(!touched_data),
        phases: phases(timeline, within),
        wal_bytes: None,
        notices: said
            .iter()
            .take(NOTICES_KEPT)
            .map(|notice| Notice { severity: notice.severity.clone(), message: notice.message.clone() })
            .collect(),
        notices_omitted: said.len().saturating_sub(NOTICES_KEPT) as u64,
    }
}

/// Whether a statement is one that may do without touching rows.
fn changes_the_catalog(sql: &str) -> bool {
    ["ALTER", "COMMENT", "DROP"].iter().any(|keyword| leading_keyword(sql).eq_ignore_ascii_case(keyword))
}

/// The phases that were seen in that time.
fn phases(timeline: &Timeline, within: Window) -> Vec<StatementPhase> {
    let seen = timeline.progress.iter().filter(|(at_us, _)| (within.from_us..=within.to_us).contains(at_us));
    seen.map(|(at_us, seen)| StatementPhase {
        command: seen.command.clone(),
        phase: seen.phase.clone(),
        from_ms: ms_since(timeline.zero_us, *at_us),
    })
    .collect()
}

/// What was written anew.
#[derive(Debug, Default)]
struct Storage {
    rewrites: Vec<String>,
    rebuilds: Vec<String>,
}

/// Two signals, the changed file node and the server's own words, see different halves: CLUSTER and VACUUM
/// FULL say nothing, and the file node of a table that is made and rewritten in one transaction is unknown
/// before. So a rewrite that either of them tells of is one.
fn storage(timeline: &Timeline, statement: u32, sql: &str, said: &[&event::Notice]) -> Storage {
    let mut rewrites: Vec<String> = said
        .iter()
        .filter_map(|notice| quoted_after(&notice.message, "rewriting table "))
        .map(|name| resolve(name, timeline))
        .collect();
    let mut rebuilds = Vec::new();
    let empties = only_empties(timeline, statement, sql);
    let changed = timeline.storage.iter().filter(|changed| changed.statement == statement && !empties);
    for oid in changed.map(|changed| changed.relation_oid) {
        match timeline.relation(oid) {
            Some(RelationNamed {
                kind: RelationKind::Index | RelationKind::PartitionedIndex, name, ..
            }) => {
                rebuilds.push(name.clone());
            }
            Some(RelationNamed { kind: RelationKind::ToastTable, of_table_oid: Some(owner_oid), .. }) => {
                rewrites.push(timeline.relation_name(*owner_oid));
            }
            Some(RelationNamed { kind: RelationKind::Sequence, .. }) => {}
            _ => {
                rewrites.push(timeline.relation_name(oid));
            }
        }
    }
    Storage { rewrites: distinct(rewrites), rebuilds: distinct(rebuilds) }
}

/// Whether new files are empty ones. TRUNCATE inside a function looks like a rewrite, but for the copy that a
/// rewrite makes: a relation of its own, locked while it is there.
fn only_empties(timeline: &Timeline, statement: u32, sql: &str) -> bool {
    let keyword = leading_keyword(sql).to_ascii_uppercase();
    if !matches!(keyword.as_str(), "DO" | "CALL" | "SELECT" | "WITH" | "EXECUTE") {
        return keyword == "TRUNCATE";
    }
    // Outside a transaction a short-lived copy may not have been seen.
    let mut readings =
        timeline.readings.iter().filter(|(_, reading)| reading.statement == statement).peekable();
    readings.peek().is_some()
        && !readings
            .any(|(_, reading)| reading.held.iter().any(|lock| timeline.is_transient(lock.relation_oid)))
}

/// What a notice says was read from end to end.
fn scan(message: &str, timeline: &Timeline) -> Option<String> {
    let table = quoted_after(message, "verifying table ").map(|name| resolve(name, timeline));
    table.or_else(|| {
        quoted_after(message, "validating foreign key constraint ").map(|name| format!("foreign key {name}"))
    })
}

/// The index that a notice says is built.
fn built(message: &str) -> Option<&str> {
    let (name, _) = message.strip_prefix("building index \"")?.split_once("\" on table \"")?;
    // The index of a TOAST table is its table's affair.
    (!name.starts_with("pg_toast_")).then_some(name)
}

/// The name in double quotes that follows `words` at the start of a message.
fn quoted_after<'m>(message: &'m str, words: &str) -> Option<&'m str> {
    let (name, _) = message.strip_prefix(words)?.strip_prefix('"')?.rsplit_once('"')?;
    Some(name)
}

/// The server's messages name tables without their schema. One that is there once is that one.
fn resolve(name: &str, timeline: &Timeline) -> String {
    let (plain, quoted) = (format!(".{name}"), format!(".\"{}\"", name.replace('"', "\"\"")));
    let named = distinct(
        timeline
            .relations()
            .filter(|relation| is_table(relation.kind) && !relation.system)
            .filter(|relation| relation.name.ends_with(&plain) || relation.name.ends_with(&quoted))
            .map(|relation| relation.name.clone()),
    );
    match named.as_slice() {
        [only] => only.clone(),
        _ => name.to_owned(),
    }
}

/// Each once, in order.
fn distinct(names: impl IntoIterator<Item = String>) -> Vec<String> {
    names.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

fn is_table(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::Table | RelationKind::PartitionedTable | RelationKind::MaterializedView)
}

/// Whether a statement ran outside any transaction, where nothing but samples tells of its locks. Those that
/// begin or end a transaction lock nothing.
pub(crate) fn runs_alone(transaction: StatementTransaction, sql: &str) -> bool {
    let controls = ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"];
    let keyword = leading_keyword(sql);
    transaction == StatementTransaction::None
        && !controls.iter().any(|control| keyword.eq_ignore_ascii_case(control))
}

/// The first word of a statement, comments before it skipped; empty where there is none.
pub(crate) fn leading_keyword(sql: &str) -> &str {
    let rest = skip_comments(sql);
    let end = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// A statement without the comments before it.
pub(crate) fn skip_comments(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after).trim_start();
        } else if rest.starts_with("/*") {
            rest = after_block_comment(rest).trim_start();
        } else {
            return rest;
        }
    }
}

/// What follows the block comment that `sql` begins with; PostgreSQL nests them.
fn after_block_comment(sql: &str) -> &str {
    let mut depth = 0_u32;
    let mut rest = sql;
    loop {
        let (open, close) = (rest.find("/*"), rest.find("*/"));
        let end = match (open, close) {
            (Some(open), Some(close)) if open < close => {
                depth += 1;
                open + 2
            }
            (Some(open), None) => {
                depth += 1;
                open + 2
            }
            (_, Some(close)) => {
                depth = depth.saturating_sub(1);
                close + 2
            }
            (None, None) => return "",
        };
        rest = rest.get(end..).unwrap_or_default();
        if depth == 0 {
            return rest;
        }
    }
}

#[cfg(test)]
mod tests;
