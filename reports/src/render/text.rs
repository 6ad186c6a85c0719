//! The report for a terminal: what a person takes in at one look.

mod comparison;
mod fidelity;
mod page;
mod rollout;
mod table;

use super::words;
use crate::model::Report;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{
    BudgetLine, BudgetStatus, CheckStatus, ChecklistItem, Finding, Strategy, Verdict,
};
use crate::units;
use page::{Ink, Page};
use table::{cut_last_column, table};

pub use fidelity::dataset;

/// How the text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to write ANSI colours.
    pub color: bool,
    /// Columns of the terminal; less than 60 is taken for 60.
    pub width: u16,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// Waits of the migration that are told one by one.
const WAITS_SHOWN: usize = 5;
/// Tables whose strongest lock is shown.
const TABLES_SHOWN: usize = 12;
/// Checks of the data that failed and are told one by one.
const FAILED_CHECKS_SHOWN: usize = 10;

/// The summary for a terminal.
pub fn text(report: &Report, style: Style) -> String {
    let mut page = Page::new(style);
    header(&mut page, report);
    for strategy in &report.strategies {
        page.gap();
        strategy_block(&mut page, strategy);
    }
    if report.strategies.len() > 1 {
        page.gap();
        comparison::comparison(&mut page, &report.comparison);
    }
    if !report.warnings.is_empty() {
        page.gap();
        page.line(Ink::Yellow, "Warnings");
        for warning in &report.warnings {
            page.item("  ! ", warning);
        }
    }
    page.gap();
    let verdict = format!("Verdict: {}", words::verdict(report.verdict).to_uppercase());
    page.line(ink_of(report.verdict == Verdict::Pass), &verdict);
    page.finish()
}

fn header(page: &mut Page, report: &Report) {
    page.line(Ink::Bold, &format!("{}  ({})", report.scenario.title, report.scenario.name));
    if let Some(about) = &report.scenario.about {
        page.item("", about);
    }
    page.gap();
    match &report.environment {
        Some(environment) => page.item("Server    ", &words::server(environment)),
        None => page.item("Server    ", "none was started"),
    }
    if report.runs.len() > 1 {
        let begun = report.runs.iter().map(|run| run.run.started_at.as_str());
        let begun = begun.collect::<Vec<_>>().join(", ");
        page.item("Runs      ", &format!("{}, begun {begun}", report.runs.len()));
    }
    data_lines(page, report);
}

/// The data, how it was loaded and whether it is what was declared.
fn data_lines(page: &mut Page, report: &Report) {
    if let Some(schema) = words::schema(report) {
        page.item("Schema    ", &schema);
    }
    page.item("Data      ", &words::data(report));
    let Some(dataset) = &report.dataset else { return };
    if let Some(load) = words::load(dataset) {
        page.item("Load      ", &load);
    }
    match dataset.fidelity_ok {
        Some(false) => page.line(Ink::Red, &format!("Fidelity  {}", words::fidelity(dataset))),
        _ => page.item("Fidelity  ", &words::fidelity(dataset)),
    }
    let failed = words::failed_checks(dataset);
    for check in failed.iter().take(FAILED_CHECKS_SHOWN) {
        page.item("  ✗ ", check);
    }
    if let Some(more @ 1..) = failed.len().checked_sub(FAILED_CHECKS_SHOWN) {
        page.item("  ", &format!("and {more} more"));
    }
}

fn strategy_block(page: &mut Page, strategy: &Strategy) {
    let verdict = words::verdict_and_expectation(strategy.verdict, strategy.as_expected);
    let mark = if strategy.verdict == Verdict::Pass { '✓' } else { '✗' };
    let extent = match strategy.rehearsals.as_slice() {
        [] => String::new(),
        [only] => format!("  {}", words::duration(only.duration_ms)),
        many => format!("  {} repetitions", many.len()),
    };
    let ink = ink_of(strategy.as_expected.unwrap_or(strategy.verdict == Verdict::Pass));
    page.line(ink, &format!("{mark} {}  {verdict}{extent}", strategy.name));
    match strategy.rehearsals.as_slice() {
        [] => page.item("  ", "It was not rehearsed."),
        [only] => rehearsal_block(page, only),
        many => {
            if let Some(worst) = words::most_painful(strategy) {
                let (number, duration) = (worst.repetition, words::duration(worst.duration_ms));
                let outcome = words::outcome(worst.outcome);
                page.item(
                    "  ",
                    &format!("Repetition {number}, the worst of {}: {outcome}, {duration}", many.len()),
                );
                rehearsal_block(page, worst);
            }
            page.item("  ", "All repetitions:");
            let (heads, rows) = words::repetitions_table(strategy);
            page.block(2, &table(&heads, &rows, page.width()));
        }
    }
    rollout::way_back(page, strategy);
    page.item("  budget     ", &budget(&strategy.budget));
    page.item("  checklist  ", &checklist(&strategy.checklist));
    for item in &strategy.checklist {
        let mark = match item.status {
            CheckStatus::Pass => "✓",
            CheckStatus::Fail => "✗",
            CheckStatus::NotMeasured => "?",
            CheckStatus::NotApplicable => "–",
        };
        page.item(&format!("    {mark} "), &format!("{}: {}", item.item, item.evidence));
    }
    for finding in &strategy.findings {
        finding_block(page, strategy, finding);
    }
}

fn rehearsal_block(page: &mut Page, rehearsal: &Rehearsal) {
    for step in &rehearsal.steps {
        page.item("  ", &format!("{}: {}", step.file, words::how_it_ran(step)));
        for attempt in words::attempts(step) {
            page.item("    ", &attempt);
        }
    }
    rollout::phases(page, rehearsal);
    let workload = rehearsal.workload.as_ref();
    for (kind, line) in words::application(workload, &rehearsal.probes, &rehearsal.statements) {
        page.item(&format!("  {kind:<8}"), &line);
    }
    rollout::backfills_and_checks(page, rehearsal);
    for hold in words::holds(rehearsal) {
        page.item("  ", &hold);
    }
    if rehearsal.strongest_locks.is_empty() {
        page.item("  ", "No lock was seen.");
    } else {
        let rows = rehearsal.strongest_locks.iter().take(TABLES_SHOWN).map(|lock| {
            let on =
                if lock.relation == lock.table { String::new() } else { format!(" on {}", lock.relation) };
            vec![
                lock.table.clone(),
                format!("{:?}{on}", lock.mode),
                words::hold(lock.hold_ms, lock.hold_uncertainty_ms),
                words::blocks(lock).to_owned(),
                words::place_and_sql(&rehearsal.statements, lock.statement),
            ]
        });
        let heads = ["table", "strongest lock", "held", "blocks", "taken by"];
        let mut rows: Vec<Vec<String>> = rows.collect();
        cut_last_column(&heads, &mut rows, page.width());
        page.block(2, &table(&heads, &rows, page.width()));
        if let Some(more @ 1..) = rehearsal.strongest_locks.len().checked_sub(TABLES_SHOWN) {
            page.item(
                "  ",
                &format!("and {} with weaker locks", units::plural(more as u64, "table", "tables")),
            );
        }
    }
    for longer in rehearsal.strongest_locks.iter().filter_map(words::longer_block) {
        page.item("  ", &longer);
    }
    let waits = words::own_waits(rehearsal);
    for wait in waits.iter().take(WAITS_SHOWN) {
        page.item("  ", wait);
    }
    if waits.len() > WAITS_SHOWN {
        page.item(
            "  ",
            &format!("and {} more", units::plural((waits.len() - WAITS_SHOWN) as u64, "wait", "waits")),
        );
    }
    for note in words::queue_note(rehearsal).into_iter().chain(words::sampling_note(rehearsal)) {
        page.item("  ", &note);
    }
}

/// Measured limits first, then the names of those that are not.
fn budget(lines: &[BudgetLine]) -> String {
    let mut parts: Vec<String> = lines
        .iter()
        .filter(|line| line.measured.is_some())
        .map(|line| {
            let mark = match line.status {
                BudgetStatus::Pass => "✓ ",
                BudgetStatus::Fail => "✗ ",
                BudgetStatus::NotMeasured if line.broken => "✗ ",
                BudgetStatus::NotMeasured => "",
            };
            format!("{mark}{}", words::budget_line(line))
        })
        .collect();
    let unknown: Vec<&str> =
        lines.iter().filter(|line| line.measured.is_none()).map(|line| line.limit.as_str()).collect();
    if !unknown.is_empty() {
        parts.push(format!("{}: {}", words::NOT_MEASURED, unknown.join(", ")));
    }
    parts.join(" · ")
}

fn checklist(items: &[ChecklistItem]) -> String {
    let all = [CheckStatus::Pass, CheckStatus::Fail, CheckStatus::NotMeasured, CheckStatus::NotApplicable];
    let counted = all.iter().filter_map(|status| {
        let number = items.iter().filter(|item| item.status == *status).count();
        (number > 0).then(|| format!("{number} {}", words::check_status(*status)))
    });
    counted.collect::<Vec<_>>().join(" · ")
}

fn finding_block(page: &mut Page, strategy: &Strategy, finding: &Finding) {
    let rehearsal = strategy.rehearsals.iter().find(|rehearsal| rehearsal.repetition == finding.repetition);
    let statement = rehearsal.and_then(|rehearsal| {
        let index = finding.statement?;
        rehearsal.statements.iter().find(|statement| statement.index == index)
    });
    page.gap();
    let place = statement.map_or_else(String::new, |statement| {
        format!("  {}  {}", words::place(statement), words::one_line(&statement.sql))
    });
    let heading = format!("  {} ({}){place}", finding.id, words::how_bad(strategy, finding));
    page.line(Ink::Red, &words::cut(&heading, page.width().into()));
    page.item("    ", &finding.evidence);
    let error =
        statement.and_then(|statement| statement.error.as_ref()).filter(|_| finding.id == "statement-failed");
    if let Some(error) = error {
        for (label, text) in [("DETAIL: ", &error.detail), ("HINT: ", &error.hint)] {
            if let Some(text) = text {
                page.item("    ", &format!("{label}{text}"));
            }
        }
        if let Some(snippet) = &error.snippet {
            page.block(4, snippet);
        }
    }
    page.item("    → ", &finding.advice);
}

fn ink_of(good: bool) -> Ink {
    if good { Ink::Green } else { Ink::Red }
}
