//! Ways of writing migrations that hurt sooner or later, whether or not they did this time.

mod lock_timeout;

use std::collections::BTreeMap;

use super::{MIXED_SCHEMA_AND_DATA, NO_DOWN, NO_LOCK_TIMEOUT, numbers, statement_of};
use crate::event::{RelationKind, StatementTransaction, StrategyDeclared};
use crate::judge::Terms;
use crate::model::Quantity;
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::statement::Statement;
use crate::model::strategy::{Finding, Severity};
use crate::statements::leading_keyword;
use crate::units;
use crate::window::to_the_us;

pub(super) fn findings(declared: &StrategyDeclared, rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    let mut found = mixed(rehearsal, terms);
    found.extend(no_lock_timeout(rehearsal));
    found.extend(no_down(declared, rehearsal));
    found
}

/// Locks of the migration that keep others from a table that was there before.
fn blocking(rehearsal: &Rehearsal) -> impl Iterator<Item = &Lock> {
    rehearsal.locks.iter().filter(|lock| {
        let is_table = matches!(lock.relation_kind, RelationKind::Table | RelationKind::PartitionedTable);
        is_table && lock.blocks.writes() && lock.created_by_migration != Some(true)
    })
}

fn keyword(statement: &Statement) -> String {
    leading_keyword(&statement.sql).to_ascii_uppercase()
}

fn mixed(rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    let mut of_tables: BTreeMap<(u32, &str), Finding> = BTreeMap::new();
    for lock in blocking(rehearsal) {
        let Some(ddl) = statement_of(rehearsal, lock.statement) else { continue };
        if !matches!(keyword(ddl).as_str(), "ALTER" | "CREATE" | "DROP" | "COMMENT") {
            continue;
        }
        let Some((granted_ms, released_ms)) = lock.granted_ms.zip(lock.released_ms) else { continue };
        let under_it: Vec<&Statement> = rehearsal
            .statements
            .iter()
            .filter(|statement| {
                let in_transaction = matches!(
                    statement.transaction,
                    StatementTransaction::File | StatementTransaction::Explicit
                );
                let changes_rows =
                    matches!(keyword(statement).as_str(), "UPDATE" | "DELETE" | "INSERT" | "MERGE");
                let ended_ms = statement.started_ms + statement.duration_ms.unwrap_or(f64::INFINITY);
                in_transaction
                    && changes_rows
                    && statement.index > ddl.index
                    && statement.started_ms >= granted_ms
                    && ended_ms <= released_ms
            })
            .collect();
        if let Some(finding) = mixed_finding(rehearsal, lock, ddl, &under_it, terms) {
            of_tables.entry((ddl.index, &lock.relation)).or_insert(finding);
        }
    }
    of_tables.into_values().collect()
}

fn mixed_finding(
    rehearsal: &Rehearsal,
    lock: &Lock,
    ddl: &Statement,
    under_it: &[&Statement],
    terms: Terms,
) -> Option<Finding> {
    let first = under_it.first()?;
    let changing_ms: f64 = under_it.iter().filter_map(|statement| statement.duration_ms).sum();
    let changing_ms = to_the_us(changing_ms);
    let rows: u64 = under_it.iter().filter_map(|statement| statement.rows).sum();
    let limit_ms = terms.budget.write_stall_ms.min(terms.budget.read_stall_ms);
    let kept_out = if lock.blocks.reads() { "reads and writes" } else { "writes" };
    Some(Finding {
        id: MIXED_SCHEMA_AND_DATA.to_owned(),
        severity: if changing_ms > limit_ms { Severity::Medium } else { Severity::Low },
        repetition: rehearsal.repetition,
        statement: Some(ddl.index),
        relation: Some(lock.relation.clone()),
        subject: None,
        evidence: format!(
            "{} of {} ({}:{}) ran for {} in the same transaction, while its {:?} on {} kept {kept_out} out",
            keyword(first),
            units::plural(rows, "row", "rows"),
            first.file,
            first.line,
            units::duration(changing_ms),
            lock.mode,
            lock.relation,
        ),
        numbers: numbers([
            ("data_ms", Some(Quantity::Fraction(changing_ms))),
            ("rows", Some(Quantity::Whole(rows))),
            ("hold_ms", lock.hold_ms.map(Quantity::Fraction)),
        ]),
        advice: format!(
            "Commit the schema change of {} first and change the rows in a migration of its own, in batches: a lock is held \
             until its transaction ends, however short its statement was.",
            lock.relation
        ),
    })
}

fn no_lock_timeout(rehearsal: &Rehearsal) -> Option<Finding> {
    let (lock, statement) = blocking(rehearsal)
        .filter_map(|lock| Some((lock, statement_of(rehearsal, lock.statement)?)))
        .find(|(_, statement)| !is_limited(rehearsal, statement))?;
    let relation = &lock.relation;
    Some(Finding {
        id: NO_LOCK_TIMEOUT.to_owned(),
        severity: Severity::Low,
        repetition: rehearsal.repetition,
        statement: Some(statement.index),
        relation: Some(relation.clone()),
        subject: None,
        evidence: format!(
            "{:?} on {relation} was asked for without a lock_timeout: behind a long transaction it waits as long as that \
             lasts, and everybody who comes after it waits too",
            lock.mode
        ),
        numbers: numbers([("lock_wait_ms", lock.wait_ms.map(Quantity::Fraction))]),
        advice: format!(
            "`SET lock_timeout = '1s';` before the first statement that locks {relation}, and try the step again when it gives \
             up (SQLSTATE 55P03)."
        ),
    })
}

/// Whether a limit was in force: the last that the session was given before that statement, or else the one that the step
/// declares, which is set as it begins. What is set for a transaction holds in its own step.
fn is_limited(rehearsal: &Rehearsal, statement: &Statement) -> bool {
    let step = usize::try_from(statement.step).ok().and_then(|step| rehearsal.steps.get(step));
    let declared = step.and_then(|step| step.lock_timeout_ms);
    let mut limited = false;
    let mut in_step = None;
    let before = rehearsal.statements.iter().filter(|before| before.index < statement.index);
    for before in before.filter(|before| before.error.is_none()) {
        let Some(set) = lock_timeout::set_by(&before.sql) else { continue };
        if before.step == statement.step {
            in_step = Some(set.limited);
        } else if !set.local {
            limited = set.limited;
        }
    }
    in_step.or(declared.map(|ms| ms > 0)).unwrap_or(limited)
}

fn no_down(declared: &StrategyDeclared, rehearsal: &Rehearsal) -> Option<Finding> {
    let has_none = declared.down.is_empty() && declared.irreversible.is_none() && !declared.nothing_to_undo;
    has_none.then(|| Finding {
        id: NO_DOWN.to_owned(),
        severity: Severity::Low,
        repetition: rehearsal.repetition,
        statement: None,
        relation: None,
        subject: None,
        evidence: "there is no migration down, and nothing says that there can be none".to_owned(),
        numbers: numbers([]),
        advice: "Write the way back (`down = [\"….down.sql\"]`), or say why there is none (`irreversible = \"…\"`)."
            .to_owned(),
    })
}
