//! `pgrehearse explain`

use std::fmt::Write;

use pgrehearse::error::{Error, exit_code};
use pgrehearse_reports::explain::{self, Explained};

use super::output;

/// Prints what a finding means, or the list of all findings.
pub(super) fn explain(id: Option<&str>) -> Result<u8, Error> {
    let text = match id {
        None => list(),
        Some(id) => page(explain::find(id).ok_or_else(|| {
            let known: Vec<&str> = explain::catalogue().iter().map(|finding| finding.id).collect();
            Error::Usage(format!("there is no finding {id}; known: {}", known.join(", ")))
        })?),
    };
    output::result(&text)?;
    Ok(exit_code::OK)
}

fn list() -> String {
    let mut text = String::new();
    let widest = explain::catalogue().iter().map(|finding| finding.id.len()).max().unwrap_or(0);
    for finding in explain::catalogue() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:widest$}  {}", finding.id, finding.title);
    }
    text.push_str("\nMore of one: pgrehearse explain <id>\n");
    text
}

fn page(finding: &Explained) -> String {
    let Explained { id, title, what, why, instead, .. } = finding;
    format!(
        "{id}: {title}\n\nWhat was seen\n{what}\n\nWhy it hurts\n{why}\n\nWhat to do instead\n{instead}\n"
    )
}
