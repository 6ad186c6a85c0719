//! `pgrehearse list`

use std::fmt::Write;

use pgrehearse::error::{Error, exit_code};
use pgrehearse_scenarios::catalog;

use super::output;

/// Prints the bundled scenarios.
pub(super) fn list() -> Result<u8, Error> {
    let mut text = String::new();
    for scenario in catalog::list() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}\n  {}\n  strategies: {}",
            scenario.id,
            scenario.title,
            scenario.strategies.join(", ")
        );
    }
    text.push_str("\nRehearse one with: pgrehearse run <id>\n");
    output::result(&text)?;
    Ok(exit_code::OK)
}
