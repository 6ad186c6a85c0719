//! Checks of the data that found rows.

use super::{DATA_INCONSISTENT, numbers};
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::rollout::DataCheck;
use crate::model::strategy::{Finding, Severity};
use crate::units;

pub(super) fn findings(rehearsal: &Rehearsal) -> Vec<Finding> {
    let broken = |check: &DataCheck| {
        let rows = check.violations.filter(|rows| *rows > 0)?;
        let after = match rehearsal.phase_name(check.phase) {
            Some(phase) => format!("after phase {phase}"),
            None => "after the migration".to_owned(),
        };
        Some(Finding {
            id: DATA_INCONSISTENT.to_owned(),
            severity: Severity::High,
            repetition: rehearsal.repetition,
            statement: None,
            relation: None,
            subject: Some(match rehearsal.phase_name(check.phase) {
                Some(phase) => format!("{} after {phase}", check.name),
                None => check.name.clone(),
            }),
            evidence: format!(
                "{} {} \"{}\" {after}, while the application ran",
                units::plural(rows, "row", "rows"),
                if rows == 1 { "breaks" } else { "break" },
                check.name,
            ),
            numbers: numbers([("rows", Some(Quantity::Whole(rows)))]),
            advice: format!(
                "Look at these rows (`{}`): what the application wrote after they were copied has to reach both places, by \
                 writing both or by a trigger that is there before the backfill begins.",
                check.sql.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches(';')
            ),
        })
    };
    rehearsal.checks.iter().filter_map(broken).collect()
}
