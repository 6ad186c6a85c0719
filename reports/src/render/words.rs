//! What the renderers for people say alike.

mod comparison;
mod end;
mod fidelity;
mod repetitions;
mod rollback;
mod rollout;
mod waits;
mod workload;

use crate::event::{Outcome, TransactionShape, Waiter};
use crate::model::dataset::Dataset;
use crate::model::environment::Environment;
use crate::model::lock::{Blocks, StrongestLock};
use crate::model::rehearsal::{KernelTrace, Rehearsal, Step};
use crate::model::statement::Statement;
use crate::model::strategy::{BudgetLine, CheckStatus, Finding, Severity, Strategy, Verdict};
use crate::model::{Quantity, Report, RunEnd};
use crate::statements::runs_alone;
use crate::units;

pub(super) use comparison::{comparison_table, pair_table};
pub(super) use end::end_sections;
pub(super) use fidelity::{check_cells, checks, failed_checks, fidelity, not_measured};
pub(super) use repetitions::{most_painful, repetitions_table};
pub(super) use rollback::way_back;
pub(super) use rollout::{backfills, check_rows, phase_table, sparkline};
pub(super) use waits::{own_waits, queue_note};
pub(super) use workload::{application, attempts, holds, probe_cells};

/// Said wherever a number is not known.
pub(super) const NOT_MEASURED: &str = "not measured";

/// Said of the comparison where strategies were rehearsed more than once.
pub(super) const MEDIANS: &str = "Medians of the repetitions that completed, with the interval that holds the true one in \
                                  about 9 of 10 cases.";

/// Tables that are named with their load rate.
const TABLES_NAMED: usize = 3;
/// Longest piece of a statement that is shown on one line, characters.
const SQL_SHOWN: usize = 72;

pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Error => "error",
    }
}

/// The verdict, and whether it was expected.
pub(super) fn verdict_and_expectation(of: Verdict, as_expected: Option<bool>) -> String {
    let expectation = match as_expected {
        None => "",
        Some(true) => ", as expected",
        Some(false) => ", not as expected",
    };
    format!("{}{expectation}", verdict(of).to_uppercase())
}

pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Failed => "failed",
        Outcome::TimedOut => "timed out",
        Outcome::Interrupted => "interrupted",
    }
}

/// How much a finding hurts, and, where there are several, in which repetition it was first seen.
pub(super) fn how_bad(strategy: &Strategy, finding: &Finding) -> String {
    let severity = severity(finding.severity);
    match strategy.rehearsals.len() {
        0 | 1 => severity.to_owned(),
        _ => format!("{severity}, repetition {}", finding.repetition),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

pub(super) fn check_status(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "pass",
        CheckStatus::Fail => "fail",
        CheckStatus::NotMeasured => NOT_MEASURED,
        CheckStatus::NotApplicable => "not applicable",
    }
}

pub(super) fn waiter(waiter: Waiter) -> &'static str {
    match waiter {
        Waiter::Migration => "the migration itself",
        Waiter::Probe => "a probe",
        Waiter::Hold => "a long transaction of the workload",
        Waiter::Other => "another session",
    }
}

/// How a file was wrapped in transactions, in the words of whoever decided.
pub(super) fn how_it_ran(step: &Step) -> &str {
    match (step.why.as_str(), step.transaction) {
        ("", TransactionShape::File) => "In one transaction.",
        ("", TransactionShape::Explicit) => "With its own BEGIN and COMMIT.",
        ("", TransactionShape::Statement) => "Statement by statement.",
        (why, _) => why,
    }
}

/// What a table's strongest lock keeps others from.
pub(super) fn blocks(lock: &StrongestLock) -> &'static str {
    match (lock.created_by_migration, lock.blocks) {
        (Some(true), _) => "nobody (new)",
        (_, Blocks::None) => "neither",
        (_, Blocks::Reads) => "reads",
        (_, Blocks::Writes) => "writes",
        (_, Blocks::Both) => "reads, writes",
    }
}

/// How long it was held.
pub(super) fn hold(hold_ms: Option<f64>, uncertainty_ms: Option<f64>) -> String {
    hold_ms.map_or_else(
        || "never granted".to_owned(),
        |hold_ms| units::held(hold_ms, uncertainty_ms.unwrap_or(0.0)),
    )
}

pub(super) fn duration(ms: Option<f64>) -> String {
    ms.map_or_else(|| NOT_MEASURED.to_owned(), units::duration)
}

/// A duration that is `none` where it is 0.
pub(super) fn waited(ms: Option<f64>) -> String {
    if ms == Some(0.0) { "none".to_owned() } else { duration(ms) }
}

pub(super) fn bytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| NOT_MEASURED.to_owned(), units::bytes)
}

/// A quantity of a budget line.
pub(super) fn quantity(quantity: Quantity, unit: &str) -> String {
    match (quantity, unit) {
        (Quantity::Fraction(ms), "ms") => units::duration(ms),
        (Quantity::Whole(bytes), "bytes") => units::bytes(bytes),
        (Quantity::Whole(count), "tables") => units::plural(count, "table", "tables"),
        (Quantity::Whole(count), "rows") => units::plural(count, "row", "rows"),
        (Quantity::Whole(count), "rollbacks") => units::plural(count, "rollback", "rollbacks"),
        (Quantity::Whole(count), "requests") => units::plural(count, "request", "requests"),
        (Quantity::Whole(count), _) => units::count(count),
        (Quantity::Fraction(value), _) => format!("{value} {unit}"),
    }
}

/// `duration 1.84 s (limit 30 min)`; without a number where there is none.
pub(super) fn budget_line(line: &BudgetLine) -> String {
    let measured =
        line.measured.map_or_else(|| NOT_MEASURED.to_owned(), |measured| quantity(measured, &line.unit));
    let doubt = line.doubt.as_ref().map_or_else(String::new, |doubt| format!(", no proof because {doubt}"));
    let note = line.note.as_ref().map_or_else(String::new, |note| format!("; {note}"));
    format!("{} {measured} (limit {}{doubt}{note})", line.limit, quantity(line.allowed, &line.unit))
}

pub(super) fn server(environment: &Environment) -> String {
    let mut parts = vec![format!("PostgreSQL {}", environment.server_version), environment.provider.clone()];
    parts.extend(environment.cpus.map(|cpus| units::plural(u64::from(cpus), "processor", "processors")));
    parts.extend(environment.memory_bytes.map(|bytes| format!("{} memory", units::bytes(bytes))));
    parts.join(", ")
}

/// The data in one line.
pub(super) fn data(report: &Report) -> String {
    let drawn = format!("seed {}, scale {}", report.seed, report.scale);
    let Some(dataset) = &report.dataset else { return format!("not loaded; {drawn}") };
    let Some(rows) = dataset.rows else { return format!("loading did not end; {drawn}") };
    let tables = units::plural(dataset.tables.len() as u64, "table", "tables");
    format!("{} in {tables}, {}; {drawn}", units::plural(rows, "row", "rows"), bytes(dataset.bytes))
}

/// What made the schema, in one line; none where a schema file did.
pub(super) fn schema(report: &Report) -> Option<String> {
    let migrations = report.scenario.migrations.as_ref()?;
    let count = units::plural(migrations.count, "migration", "migrations");
    let last = migrations.last.as_ref().map_or_else(String::new, |last| format!(", the last {last}"));
    Some(format!("{count} ({}){last}", migrations.tool))
}

/// How it was loaded, in one line; none where it was not.
pub(super) fn load(dataset: &Dataset) -> Option<String> {
    let source = dataset.source.as_deref()?;
    let mut parts = vec![format!("{source} in {}", duration(dataset.load_ms))];
    let mut tables: Vec<_> = dataset.tables.iter().filter(|table| table.rows_per_second.is_some()).collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.rows));
    // How fast they were made says nothing of a copy.
    tables.retain(|_| source == "generated");
    for table in tables.iter().take(TABLES_NAMED) {
        if let Some(rate) = table.rows_per_second {
            parts.push(format!("{} at {}", table.name, units::rows_per_second(rate)));
        }
    }
    Some(parts.join(", "))
}

/// `file:line  SQL in one line`.
pub(super) fn place_and_sql(statements: &[Statement], statement: Option<u32>) -> String {
    let found = statement.and_then(|index| statements.iter().find(|statement| statement.index == index));
    found.map_or_else(
        || "outside any statement".to_owned(),
        |found| format!("{}  {}", place(found), one_line(&found.sql)),
    )
}

/// `file:line`, the folder left out.
pub(super) fn place(statement: &Statement) -> String {
    let name = statement.file.rsplit_once('/').map_or(statement.file.as_str(), |(_, name)| name);
    format!("{name}:{}", statement.line)
}

/// A statement as one line, cut where it is long.
pub(super) fn one_line(sql: &str) -> String {
    cut(&sql.split_whitespace().collect::<Vec<_>>().join(" "), SQL_SHOWN)
}

/// Text of at most `room` characters.
pub(super) fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// What has to be known of locks that were only sampled; none where there can be none.
pub(super) fn sampling_note(rehearsal: &Rehearsal) -> Option<String> {
    if let Some(KernelTrace { calls: Some(calls), lost: Some(0), error: None }) = rehearsal.kernel_trace {
        return Some(format!(
            "Locks are those of the kernel's trace of the server's {}: none is missing.",
            units::plural(calls, "lock call", "lock calls"),
        ));
    }
    let bare = rehearsal.statements.iter().any(|statement| runs_alone(statement.transaction, &statement.sql));
    let failed = rehearsal.statements.iter().any(|statement| statement.error.is_some());
    let what = match (bare, failed) {
        (true, false) => "What ran outside a transaction was",
        (true, true) => "What ran outside a transaction, and the statement that failed, were",
        (false, true) => "The statement that failed was",
        (false, false) => return None,
    };
    let sampler = rehearsal.sampler.as_ref()?;
    Some(format!(
        "{what} watched by lock samples alone ({} in all): a lock shorter than {} may be missing.",
        units::count(sampler.samples),
        units::duration(sampler.gap_ms_max),
    ))
}

/// Where a weaker lock kept others out for longer than the strongest did.
pub(super) fn longer_block(lock: &StrongestLock) -> Option<String> {
    if lock.created_by_migration == Some(true) {
        return None;
    }
    let strongest_ms = lock.hold_ms.unwrap_or(0.0);
    let writes_ms = lock.writes_blocked_ms.filter(|ms| *ms > strongest_ms || !lock.blocks.writes())?;
    Some(format!(
        "{}: writes were blocked for longer, {}, by a weaker lock",
        lock.table,
        units::duration(writes_ms)
    ))
}

pub(super) fn run_end(end: RunEnd) -> &'static str {
    match end {
        RunEnd::Finished => "finished",
        RunEnd::Interrupted => "interrupted",
        RunEnd::Failed => "stopped by an error",
        RunEnd::CutOff => "cut off",
    }
}
