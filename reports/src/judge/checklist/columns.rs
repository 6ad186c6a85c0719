//! Columns that the migration adds to tables that were there.

use super::objects::{is_table, is_whole, locks, was_there};
use super::{Answer, Terms};
use crate::event::{LockMode, StatementTransaction};
use crate::model::comparison::{EndDifference, HowDifferent};
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::CheckStatus;
use crate::names::unquoted;
use crate::statements::leading_keyword;

/// What the schema says where it was read before and after; else what locks say.
pub(super) fn new_columns(rehearsals: &[Rehearsal], terms: Terms) -> Answer {
    let errors = rehearsals
        .iter()
        .flat_map(|rehearsal| &rehearsal.statements)
        .filter_map(|statement| statement.error.as_ref());
    if let Some(error) = errors.into_iter().find(|error| error.sqlstate.as_deref() == Some("23502")) {
        return (CheckStatus::Fail, error.message.clone());
    }
    let whole = rehearsals.iter().filter(|rehearsal| is_whole(rehearsal));
    match whole.filter_map(|rehearsal| rehearsal.schema_changes.as_deref()).next() {
        Some(changes) if rehearsals.iter().all(is_whole) => by_schema(changes, terms),
        _ => by_locks(rehearsals),
    }
}

fn by_schema(changes: &[EndDifference], terms: Terms) -> Answer {
    let of_columns =
        |how: HowDifferent| changes.iter().filter(move |change| change.kind == "column" && change.how == how);
    let mut gone: Vec<&EndDifference> = of_columns(HowDifferent::OnlyInOne).collect();
    let (mut told, mut renamed) = (Vec::new(), Vec::new());
    for column in of_columns(HowDifferent::OnlyInOther) {
        let name = column.name.replacen(": ", ".", 1);
        let definition = column.other.as_deref().unwrap_or_default();
        // What may be another name for what was there is no new column.
        let was = |gone: &&EndDifference| table_of(gone) == table_of(column) && gone.one == column.other;
        if let Some(place) = gone.iter().position(was) {
            let gone = gone.swap_remove(place);
            renamed.push(format!("{name} is defined as {} was", gone.name.replacen(": ", ".", 1)));
            continue;
        }
        let (is_not_null, has_default) = read(definition);
        if is_not_null && !has_default {
            let table = table_of(column);
            let tables = terms.dataset.iter().flat_map(|dataset| &dataset.tables);
            let is_it = |name: &str| unquoted(name) == unquoted(table);
            if !tables.into_iter().any(|of| is_it(&of.name) && of.rows > 0) {
                let evidence =
                    format!("{name} is NOT NULL and has no default; {table} has no rows that refuse it");
                return (CheckStatus::Fail, evidence);
            }
            // On rows that are there it cannot be added so.
            told.push(format!("{name} (NOT NULL since it was filled)"));
        } else {
            let how = match (is_not_null, has_default) {
                (false, false) => "nullable",
                (false, true) => "nullable, with a default",
                _ => "NOT NULL with a default",
            };
            told.push(format!("{name} ({how})"));
        }
    }
    if told.is_empty() {
        let renamed = renamed.iter().map(|renamed| format!("; {renamed}")).collect::<String>();
        (CheckStatus::NotApplicable, format!("it adds no column to a table that was there{renamed}"))
    } else {
        (CheckStatus::Pass, told.join(", "))
    }
}

/// The table of a column's `schema.table: name`.
fn table_of(column: &EndDifference) -> &str {
    column.name.split(": ").next().unwrap_or_default()
}

/// Whether a column is NOT NULL, and whether something fills it by itself, from its definition as the server's catalog has
/// it: type, `NOT NULL`, then the default.
fn read(definition: &str) -> (bool, bool) {
    let filled = [" DEFAULT ", " GENERATED "].iter().filter_map(|keyword| definition.find(keyword)).min();
    let before = filled.map_or(definition, |at| definition.get(..at).unwrap_or_default());
    (before.ends_with("NOT NULL") || before.contains(" NOT NULL "), filled.is_some())
}

/// A column cannot be added without AccessExclusiveLock, and a NOT NULL one without a default fails on the
/// first row that is there.
fn by_locks(rehearsals: &[Rehearsal]) -> Answer {
    let exclusive = |lock: &&Lock| {
        lock.mode == LockMode::AccessExclusiveLock && is_table(lock.relation_kind) && was_there(lock)
    };
    if locks(rehearsals).any(|lock| exclusive(&lock)) {
        return (CheckStatus::NotMeasured, "the events do not say which columns a statement adds".to_owned());
    }
    // What such a statement does inside is committed before its locks can be read.
    let opaque = |rehearsal: &Rehearsal| {
        rehearsal.statements.iter().any(|statement| {
            let keyword = leading_keyword(&statement.sql).to_ascii_uppercase();
            statement.transaction == StatementTransaction::None && matches!(keyword.as_str(), "DO" | "CALL")
        })
    };
    if rehearsals.iter().any(opaque) || !rehearsals.iter().all(is_whole) {
        return (CheckStatus::NotMeasured, "not every statement's locks are known to the last".to_owned());
    }
    let evidence = "no existing table was locked in AccessExclusiveLock, which a new column needs";
    (CheckStatus::NotApplicable, evidence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_read_up_to_its_default() {
        for (definition, expected) in [
            ("text", (false, false)),
            ("text NOT NULL", (true, false)),
            ("boolean NOT NULL DEFAULT true", (true, true)),
            ("text DEFAULT ' NOT NULL '::text", (false, true)),
            ("bigint NOT NULL GENERATED ALWAYS AS IDENTITY", (true, true)),
            ("text NOT NULL STORAGE e", (true, false)),
        ] {
            assert_eq!(read(definition), expected, "{definition}");
        }
    }
}
