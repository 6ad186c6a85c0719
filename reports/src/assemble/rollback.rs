//! The way back: how it went, whether it leads back, and what is lost on it.

mod data;
mod losses;
mod writes;

#[cfg(test)]
mod tests;

use super::rehearsal::duration_ms;
use crate::differences::{Changes, changes};
use crate::event::{BudgetDeclared, Moment, Outcome, StateSeen};
use crate::locks;
use crate::model::comparison::EndDifference;
use crate::model::rollback::{Reapply, Rollback};
use crate::model::statement::Statement;
use crate::statements;
use crate::timeline::{Legs, Timeline};
use crate::units;
use crate::workload;
use writes::Writes;

/// The way back; none where nothing at all was told of one. `before` is the database before the migration.
pub(super) fn rollback(legs: &Legs, before: Option<&StateSeen>, budget: &BudgetDeclared) -> Option<Rollback> {
    let Some(timeline) = &legs.roll_back else {
        return legs.skipped.map(|skipped| Rollback { skipped: Some(skipped.why.clone()), ..unknown() });
    };
    let watched = locks::watch(timeline);
    let felt = workload::felt(timeline, &watched, budget);
    let statements = statements::statements(timeline, &watched.migration_waits);
    let outcome = outcome(timeline);
    let mut rollback = Rollback {
        ran: outcome == Some(Outcome::Completed),
        outcome,
        error: stopped(timeline, &statements),
        duration_ms: duration_ms(timeline),
        statements,
        strongest_locks: watched.strongest,
        probes: felt.probes,
        workload: felt.run,
        reapply: legs.reapply.as_ref().map(|timeline| reapply(timeline, legs)),
        ..unknown()
    };
    let Some((before, back)) = before.zip(legs.state(Moment::RolledBack)) else { return Some(rollback) };
    let schema = changes(before, back);
    rollback.schema_equal = Some(schema.differences.is_empty());
    rollback.schema_differences = in_words(&schema);
    rollback.differences = rollback.schema_differences.clone();
    let writes = Writes::new(legs);
    let after = legs.state(Moment::After);
    data::compare([before, back], after, &schema, &writes, &mut rollback);
    if let Some(after) = after {
        losses::find([before, after, back], &writes, &mut rollback);
    }
    Some(rollback)
}

/// Of which nothing is known.
fn unknown() -> Rollback {
    Rollback {
        ran: false,
        skipped: None,
        outcome: None,
        error: None,
        duration_ms: None,
        statements: Vec::new(),
        strongest_locks: Vec::new(),
        probes: Vec::new(),
        workload: None,
        schema_equal: None,
        data_equal: None,
        differences: Vec::new(),
        schema_differences: Vec::new(),
        data_differences: Vec::new(),
        not_compared: Vec::new(),
        losses: Vec::new(),
        reapply: None,
    }
}

fn reapply(timeline: &Timeline, legs: &Legs) -> Reapply {
    let statements = statements::statements(timeline, &[]);
    let outcome = outcome(timeline);
    let states = legs.state(Moment::After).zip(legs.state(Moment::Reapplied));
    let schema = states.map(|(first, again)| changes(first, again));
    Reapply {
        ran: outcome == Some(Outcome::Completed),
        outcome,
        schema_equal: schema.as_ref().map(|schema| schema.differences.is_empty()),
        differences: schema.as_ref().map_or_else(Vec::new, in_words),
        error: stopped(timeline, &statements),
        duration_ms: duration_ms(timeline),
    }
}

fn outcome(timeline: &Timeline) -> Option<Outcome> {
    timeline.migration_finished.map(|(_, finished)| finished.outcome)
}

/// What stopped the steps of a leg, in words; none where they ran through.
fn stopped(timeline: &Timeline, statements: &[Statement]) -> Option<String> {
    let at = |statement: &Statement| {
        let sql = statement.sql.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{}:{} `{}`", statement.file, statement.line, sql.replace('`', "'"))
    };
    match outcome(timeline) {
        Some(Outcome::Completed) => None,
        Some(Outcome::Failed) => {
            let failed = statements.iter().rev().filter(|statement| !statement.retried);
            let failed = failed.filter_map(|statement| Some((statement, statement.error.as_ref()?))).next();
            Some(failed.map_or_else(
                || "it did not come to its end, although no statement of it failed".to_owned(),
                |(statement, error)| {
                    let code = error.sqlstate.as_deref().unwrap_or("a lost connection");
                    format!("{} failed with {code}: {}", at(statement), error.message)
                },
            ))
        }
        Some(Outcome::TimedOut) => {
            let after = duration_ms(timeline)
                .map_or_else(String::new, |ms| format!(" after {}", units::duration(ms)));
            let running =
                statements.last().map_or_else(String::new, |statement| format!(": {}", at(statement)));
            Some(format!("it was cancelled{after}, its time being over{running}"))
        }
        Some(Outcome::Interrupted) => Some("it was interrupted".to_owned()),
        None => Some("the run ended before it did".to_owned()),
    }
}

/// What differs, and which tables have their columns in another order.
fn in_words(schema: &Changes) -> Vec<String> {
    let mut words: Vec<String> = schema.differences.iter().map(EndDifference::as_change).collect();
    words.extend(schema.reordered.iter().map(|table| {
        format!("the columns of {table} are in another order, which `SELECT *` and an INSERT without names can tell")
    }));
    words
}
