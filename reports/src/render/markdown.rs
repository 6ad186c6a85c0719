//! `report.md`: the report for a merge request or a wiki.

mod application;
mod comparison;
mod data;
mod rollout;
mod write;

use super::words;
use crate::model::Report;
use crate::model::lock::StrongestLock;
use crate::model::rehearsal::Rehearsal;
use crate::model::statement::Statement;
use crate::model::strategy::{BudgetLine, BudgetStatus, Finding, Strategy};
use crate::units;
use write::{Markdown, code};

/// The whole report as GitHub-flavoured Markdown.
pub fn markdown(report: &Report) -> String {
    let mut page = Markdown::default();
    page.heading(1, &report.scenario.title);
    page.paragraph(&format!(
        "**{}** — {}, pgrehearse {}, {}, run {}",
        words::verdict(report.verdict).to_uppercase(),
        code(&report.scenario.name),
        report.run.program_version,
        report.run.started_at,
        words::run_end(report.run.ended),
    ));
    if let Some(about) = &report.scenario.about {
        page.paragraph(&write::escape(about));
    }
    if !report.warnings.is_empty() {
        page.heading(2, "Warnings");
        page.list(report.warnings.iter().map(|warning| write::escape(warning)));
    }
    comparison::comparison(&mut page, report);
    for strategy in &report.strategies {
        strategy_section(&mut page, strategy);
    }
    data::data(&mut page, report);
    page.finish()
}

fn strategy_section(page: &mut Markdown, strategy: &Strategy) {
    let verdict = words::verdict_and_expectation(strategy.verdict, strategy.as_expected);
    page.heading(2, &format!("{}: {verdict}", strategy.name));
    if strategy.rehearsals.is_empty() {
        page.paragraph("It was not rehearsed.");
    }
    for finding in &strategy.findings {
        finding_section(page, strategy, finding);
    }
    match strategy.rehearsals.as_slice() {
        [] => {}
        [only] => rehearsal_section(page, only, "Rehearsal"),
        many => {
            if let Some(worst) = words::most_painful(strategy) {
                let title = format!("Repetition {}, the worst of {}", worst.repetition, many.len());
                rehearsal_section(page, worst, &title);
            }
            page.heading(3, "All repetitions");
            let (heads, rows) = words::repetitions_table(strategy);
            page.table(&heads, rows.into_iter());
        }
    }
    rollout::way_back(page, strategy);
    page.heading(3, "Budget");
    page.table(&["limit", "allowed", "measured", "status"], strategy.budget.iter().map(budget_row));
    page.heading(3, "Checklist");
    let rows = strategy.checklist.iter().map(|item| {
        let item_text = format!("{}. {}", item.number, item.item);
        vec![item_text, words::check_status(item.status).to_owned(), write::escape(&item.evidence)]
    });
    page.table(&["item", "status", "evidence"], rows);
}

fn finding_section(page: &mut Markdown, strategy: &Strategy, finding: &Finding) {
    let rehearsal = strategy.rehearsals.iter().find(|rehearsal| rehearsal.repetition == finding.repetition);
    let statement = rehearsal.and_then(|rehearsal| {
        let index = finding.statement?;
        rehearsal.statements.iter().find(|statement| statement.index == index)
    });
    page.heading(3, &format!("{} ({})", finding.id, words::how_bad(strategy, finding)));
    page.paragraph(&write::escape(&finding.evidence));
    if let Some(statement) = statement {
        page.paragraph(&format!("{}:{}", code(&statement.file), statement.line));
        page.block("sql", &statement.sql);
        let error = statement.error.as_ref().filter(|_| finding.id == "statement-failed");
        if let Some(error) = error {
            let more = [("DETAIL", &error.detail), ("HINT", &error.hint)];
            page.list(
                more.into_iter().filter_map(|(label, text)| {
                    Some(format!("{label}: {}", write::escape(text.as_deref()?)))
                }),
            );
            if let Some(snippet) = &error.snippet {
                page.block("text", snippet);
            }
        }
    }
    page.paragraph(&format!("**Instead:** {}", write::escape(&finding.advice)));
}

fn rehearsal_section(page: &mut Markdown, rehearsal: &Rehearsal, title: &str) {
    page.heading(3, title);
    page.paragraph(&format!(
        "{} in {}; {} of WAL; the database had {}, {} at its peak, {} afterwards.",
        words::outcome(rehearsal.outcome),
        words::duration(rehearsal.duration_ms),
        words::bytes(rehearsal.after.wal_bytes),
        words::bytes(rehearsal.after.bytes_before),
        words::bytes(rehearsal.after.bytes_peak),
        words::bytes(rehearsal.after.bytes_after),
    ));
    let steps = rehearsal.steps.iter();
    page.list(steps.flat_map(|step| {
        let ran = format!("{}: {}", code(&step.file), write::escape(words::how_it_ran(step)));
        let attempts = words::attempts(step).into_iter().map(|attempt| write::escape(&attempt));
        [ran].into_iter().chain(attempts).collect::<Vec<_>>()
    }));
    rollout::phases(page, rehearsal);
    application::application(page, rehearsal);
    rollout::backfills(page, rehearsal);
    rollout::checks(page, rehearsal);
    statements(page, &rehearsal.statements);
    locks(page, rehearsal);
    let mut notes: Vec<String> = rehearsal.strongest_locks.iter().filter_map(words::longer_block).collect();
    notes.extend(words::own_waits(rehearsal));
    notes.extend(words::queue_note(rehearsal));
    notes.extend(words::sampling_note(rehearsal));
    page.list(notes.iter().map(|note| write::escape(note)));
}

fn statements(page: &mut Markdown, statements: &[Statement]) {
    let rows = statements.iter().map(|statement| {
        let did = [
            ("rewrites", &statement.rewrites),
            ("rebuilds", &statement.rebuilds),
            ("builds", &statement.builds),
            ("scans", &statement.scans),
        ];
        let did = did.iter().filter(|(_, names)| !names.is_empty());
        let did = did.map(|(verb, names)| format!("{verb} {}", names.join(", ")));
        let did = did.chain(statement.metadata_only.filter(|only| *only).map(|_| "metadata only".to_owned()));
        let failed = statement
            .error
            .as_ref()
            .map(|error| format!("failed: {}", error.sqlstate.as_deref().unwrap_or("connection lost")));
        vec![
            words::place(statement),
            code(&words::one_line(&statement.sql)),
            words::duration(statement.duration_ms),
            words::waited(statement.lock_wait_ms),
            statement.rows.map_or_else(String::new, units::count),
            words::bytes(statement.wal_bytes),
            did.chain(failed).map(|text| write::escape(&text)).collect::<Vec<_>>().join("; "),
        ]
    });
    page.table(&["at", "statement", "took", "waited", "rows", "WAL", "did"], rows);
}

fn strongest_locks(page: &mut Markdown, locks: &[StrongestLock], statements: &[Statement]) {
    let strongest = locks.iter().map(|lock| {
        let on =
            if lock.relation == lock.table { String::new() } else { format!(" on {}", code(&lock.relation)) };
        vec![
            code(&lock.table),
            format!("{:?}{on}", lock.mode),
            words::hold(lock.hold_ms, lock.hold_uncertainty_ms),
            words::blocks(lock).to_owned(),
            place_of(statements, lock.statement),
        ]
    });
    page.table(&["table", "strongest lock", "held", "blocks", "taken by"], strongest);
}

fn locks(page: &mut Markdown, rehearsal: &Rehearsal) {
    strongest_locks(page, &rehearsal.strongest_locks, &rehearsal.statements);
    if rehearsal.locks.is_empty() {
        page.paragraph("No lock was seen.");
        return;
    }
    let all = rehearsal.locks.iter().map(|lock| {
        vec![
            code(&lock.relation),
            format!("{:?}", lock.mode),
            place_of(&rehearsal.statements, lock.statement),
            lock.granted_ms.or(lock.requested_ms).map_or_else(String::new, |ms| format!("{ms:.3}")),
            words::waited(lock.wait_ms),
            words::hold(lock.hold_ms, lock.hold_uncertainty_ms),
            format!("{:?}", lock.source).to_lowercase(),
        ]
    });
    page.details(&format!("All {}", units::plural(rehearsal.locks.len() as u64, "lock", "locks")), |page| {
        page.table(&["relation", "mode", "taken by", "at ms", "waited", "held", "source"], all);
    });
}

fn place_of(statements: &[Statement], statement: Option<u32>) -> String {
    let found = statement.and_then(|index| statements.iter().find(|statement| statement.index == index));
    found.map_or_else(|| "outside any statement".to_owned(), words::place)
}

fn budget_row(line: &BudgetLine) -> Vec<String> {
    let status = match line.status {
        BudgetStatus::Pass => "pass",
        BudgetStatus::Fail => "fail",
        BudgetStatus::NotMeasured if line.broken => "not measured, so failed",
        BudgetStatus::NotMeasured => words::NOT_MEASURED,
    };
    let declared = if line.declared { "" } else { " (default)" };
    vec![
        code(&line.limit),
        format!("{}{declared}", words::quantity(line.allowed, &line.unit)),
        line.measured.map_or_else(
            || words::NOT_MEASURED.to_owned(),
            |measured| {
                let note =
                    line.note.as_ref().map_or_else(String::new, |note| format!("; {}", write::escape(note)));
                format!("{}{note}", words::quantity(measured, &line.unit))
            },
        ),
        line.doubt
            .as_ref()
            .map_or_else(|| status.to_owned(), |doubt| format!("{status}: {}", write::escape(doubt))),
    ]
}
