//! The server and the data: what they were, and whether the data is what was declared.

use super::super::words;
use super::write::{self, Markdown, code};
use crate::model::Report;
use crate::units;

pub(super) fn data(page: &mut Markdown, report: &Report) {
    page.heading(2, "Server and data");
    if report.runs.len() > 1 {
        let runs = report.runs.iter().enumerate().map(|(index, run)| {
            let server = run.environment.as_ref().map_or_else(|| "none".to_owned(), words::server);
            vec![
                (index + 1).to_string(),
                run.run.started_at.clone(),
                words::run_end(run.run.ended).to_owned(),
                run.run.program_version.clone(),
                run.rehearsals.to_string(),
                write::escape(&server),
            ]
        });
        page.table(&["run", "begun", "ended", "pgrehearse", "rehearsals", "server"], runs);
    }
    let mut facts = vec![
        report.environment.as_ref().map_or_else(|| "No server was started.".to_owned(), words::server),
        words::data(report),
    ];
    facts.extend(words::schema(report).map(|schema| format!("Schema: {schema}")));
    if let Some(dataset) = &report.dataset {
        facts.extend(words::load(dataset));
        facts.push(format!("Fidelity: {}", words::fidelity(dataset)));
        facts.extend(dataset.state.clone());
    }
    page.list(facts.iter().map(|fact| write::escape(fact)));
    let tables = report.dataset.iter().flat_map(|dataset| &dataset.tables).map(|table| {
        vec![
            code(&table.name),
            units::count(table.rows),
            words::bytes(table.bytes),
            table.load_ms.map_or_else(|| "from the cache".to_owned(), units::duration),
            table.rows_per_second.map_or_else(String::new, units::rows_per_second),
        ]
    });
    page.table(&["table", "rows", "size", "loaded in", "copied at"], tables);
    fidelity(page, report);
    let settings = report.environment.iter().flat_map(|environment| {
        let of_both = [("rehearse", &environment.settings), ("load", &environment.settings_load)];
        of_both.into_iter().filter_map(|(purpose, settings)| Some((purpose, settings.as_ref()?)))
    });
    for (purpose, settings) in settings {
        page.details(&format!("Settings to {purpose} with"), |page| {
            page.table(
                &["setting", "value"],
                settings.iter().map(|(name, value)| vec![code(name), code(value)]),
            );
        });
    }
}

/// What was declared of the data against what was loaded: what failed, and everything folded away.
fn fidelity(page: &mut Markdown, report: &Report) {
    let Some(dataset) = &report.dataset else { return };
    if dataset.fidelity.is_none() {
        return;
    }
    page.heading(3, "Fidelity");
    page.paragraph(&write::escape(&format!("{}.", words::fidelity(dataset))));
    page.list(words::failed_checks(dataset).iter().map(|check| write::escape(&format!("✗ {check}"))));
    for table in &dataset.tables {
        let checks = words::checks(table);
        let title = format!("{}: {}", table.name, units::plural(checks.len() as u64, "check", "checks"));
        let rows = checks.into_iter().map(|(column, check)| {
            let mut cells = vec![if column.is_empty() { String::new() } else { code(column) }];
            cells.extend(words::check_cells(check).iter().map(|cell| write::escape(cell)));
            cells.push(if check.declared_in_profile { "profile" } else { "plan" }.to_owned());
            cells
        });
        let gaps = words::not_measured(table).into_iter().map(|(column, gap)| {
            let column = if column.is_empty() { String::new() } else { format!("{} ", code(column)) };
            let why = write::escape(&gap.why);
            format!("{column}{}: {}, because {why}", write::escape(&gap.metric), words::NOT_MEASURED)
        });
        page.details(&title, |page| {
            let heads = ["column", "metric", "declared", "measured", "tolerance", "ok", "declared by"];
            page.table(&heads, rows.into_iter());
            page.list(gaps);
        });
    }
}
