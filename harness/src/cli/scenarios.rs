//! Reading the scenarios that a command names.

use pgrehearse::error::Error;
use pgrehearse_scenarios::{Folder, Scenario, load};

use super::output;

/// Reads them all, and prints what is doubtful: a typo in the last one should not cost an hour.
pub(super) fn scenarios(wanted: &[String], scale: f64) -> Result<Vec<Scenario>, Error> {
    check_scale(scale)?;
    let mut scenarios = Vec::new();
    let mut problems = Vec::new();
    for wanted in wanted {
        match Folder::find(wanted).map_err(|problem| vec![problem]).and_then(|folder| load(&folder)) {
            Ok(loaded) => {
                problems.extend(loaded.warnings);
                scenarios.push(loaded.scenario);
            }
            Err(found) => problems.extend(found),
        }
    }
    if scenarios.len() < wanted.len() {
        return Err(Error::Scenario(problems));
    }
    output::diagnostics(&problems);
    Ok(scenarios)
}

/// Refuses a scale that makes no rows.
pub(super) fn check_scale(scale: f64) -> Result<(), Error> {
    if scale.is_finite() && scale > 0.0 {
        return Ok(());
    }
    Err(Error::Usage(format!("--scale {scale}: write a number greater than 0")))
}
