//! `report.json`.

use crate::model::Report;

/// The model itself, indented.
pub fn json(report: &Report) -> String {
    let mut text =
        serde_json::to_string_pretty(report).expect("the model has string keys only, and writes to memory");
    text.push('\n');
    text
}
