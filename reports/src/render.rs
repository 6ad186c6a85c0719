//! The report as text, Markdown or JSON: pure functions of the finished model, which compute nothing.
//!
//! Every warning is in every format, and "not measured" is always said in these words.

mod json;
mod markdown;
mod text;
mod words;

#[cfg(test)]
pub(crate) mod tests;

use crate::model::Report;

pub use json::json;
pub use markdown::markdown;
pub use text::{Style, dataset, text};

/// A format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal, without colour and 100 columns wide; [`text()`] has both to choose.
    Text,
    /// `report.json`.
    Json,
    /// `report.md`.
    Markdown,
}

/// The report in that format, ending with a line end.
pub fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Text => text(report, Style::default()),
        Format::Json => json(report),
        Format::Markdown => markdown(report),
    }
}
