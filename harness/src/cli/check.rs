//! `pgrehearse check`

use indicatif::HumanCount;
use pgrehearse::error::{Error, exit_code};
use pgrehearse_scenarios::{Folder, Scenario, load};

use super::output;

/// Reads scenarios and says what is wrong with them.
pub(super) fn check(scenarios: &[String]) -> Result<u8, Error> {
    let mut code = exit_code::OK;
    for wanted in scenarios {
        let loaded = Folder::find(wanted).map_err(|problem| vec![problem]).and_then(|folder| load(&folder));
        match loaded {
            Ok(loaded) => {
                output::diagnostics(&loaded.warnings);
                output::result(&summary(&loaded.scenario))?;
            }
            Err(problems) => {
                output::diagnostics(&problems);
                code = exit_code::USAGE;
            }
        }
    }
    Ok(code)
}

fn summary(scenario: &Scenario) -> String {
    let strategies: Vec<&str> = scenario.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
    let tables = scenario.profile.tables.len();
    let rows: u64 = scenario.profile.tables.iter().map(|table| table.rows).sum();
    let named =
        format!("{} rows in {tables} {}", HumanCount(rows), if tables == 1 { "table" } else { "tables" });
    let others = scenario.profile.rows.map(|rows| format!("{} rows in every other table", HumanCount(rows)));
    let rows = match (tables, others) {
        (_, None) => named,
        (0, Some(others)) => others.replace("every other", "every"),
        (_, Some(others)) => format!("{named}, {others}"),
    };
    format!("ok: {}: {} ({rows}; strategies: {})\n", scenario.name, scenario.title, strategies.join(", "))
}
