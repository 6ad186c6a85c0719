//! Tables that were written anew.

use super::{TABLE_REWRITE, numbers};
use crate::event::LockMode;
use crate::judge::Terms;
use crate::judge::budget::is_new;
use crate::model::Quantity;
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::statement::Statement;
use crate::model::strategy::{Finding, Severity};
use crate::statements::leading_keyword;
use crate::units;

pub(super) fn findings(rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    let of = |statement: &Statement| {
        let tables = statement.rewrites.iter().filter(|table| !is_new(rehearsal, table));
        tables.map(|table| rewritten(rehearsal, statement, table, terms)).collect::<Vec<_>>()
    };
    rehearsal.statements.iter().flat_map(of).collect()
}

fn rewritten(rehearsal: &Rehearsal, statement: &Statement, table: &str, terms: Terms) -> Finding {
    let sized = terms.dataset.and_then(|dataset| dataset.tables.iter().find(|sized| sized.name == table));
    let lock = exclusive_lock(rehearsal, statement, table);
    let hold = lock.and_then(|lock| lock.hold_ms.zip(lock.hold_uncertainty_ms));
    let blocks_too_long = hold.is_some_and(|(hold_ms, _)| hold_ms > terms.budget.read_stall_ms);
    let is_high = !terms.budget.rewrite_allowed || blocks_too_long;
    let rows = sized.map_or_else(String::new, |sized| {
        format!(" ({} in the dataset)", units::plural(sized.rows, "row", "rows"))
    });
    let took = statement.duration_ms.map_or_else(String::new, |ms| format!(" in {}", units::duration(ms)));
    let blocked = hold.map_or_else(String::new, |(hold_ms, uncertainty_ms)| {
        format!("; nobody could read or write it for {}", units::held(hold_ms, uncertainty_ms))
    });
    let wal = statement.wal_bytes.map_or_else(String::new, |wal| format!("; {} of WAL", units::bytes(wal)));
    Finding {
        id: TABLE_REWRITE.to_owned(),
        severity: if is_high { Severity::High } else { Severity::Medium },
        repetition: rehearsal.repetition,
        statement: Some(statement.index),
        relation: Some(table.to_owned()),
        subject: None,
        evidence: format!("{table}{rows} was written anew{took}{blocked}{wal}"),
        numbers: numbers([
            ("table_rows", sized.map(|sized| Quantity::Whole(sized.rows))),
            ("table_bytes", sized.and_then(|sized| sized.bytes).map(Quantity::Whole)),
            ("statement_ms", statement.duration_ms.map(Quantity::Fraction)),
            ("hold_ms", hold.map(|(hold_ms, _)| Quantity::Fraction(hold_ms))),
            ("hold_uncertainty_ms", hold.map(|(_, uncertainty_ms)| Quantity::Fraction(uncertainty_ms))),
            ("wal_bytes", statement.wal_bytes.map(Quantity::Whole)),
        ]),
        advice: advice(statement, table),
    }
}

fn advice(statement: &Statement, table: &str) -> String {
    match leading_keyword(&statement.sql).to_ascii_uppercase().as_str() {
        keyword @ ("VACUUM" | "CLUSTER" | "REPACK") => format!(
            "Do it in a maintenance window, or not at all: {keyword} writes every row of {table} and keeps everybody \
             out until it is done. A plain VACUUM makes the room of dead rows usable again and blocks neither reads \
             nor writes."
        ),
        "REFRESH" => format!(
            "`REFRESH MATERIALIZED VIEW CONCURRENTLY {table}` lets reads go on; it needs a unique index without a \
             condition, and takes longer."
        ),
        _ => format!(
            "Leave {table} where it is: add a new column (nullable, or with a constant default), backfill it in \
             batches, and change over to it. A change of type and a volatile default write every row and hold \
             AccessExclusiveLock until the transaction ends."
        ),
    }
}

/// The longest lock of that table that kept everybody out while the statement ran.
fn exclusive_lock<'a>(rehearsal: &'a Rehearsal, statement: &Statement, table: &str) -> Option<&'a Lock> {
    let ended_ms = statement.started_ms + statement.duration_ms.unwrap_or(f64::INFINITY);
    let meets = |lock: &Lock| {
        lock.granted_ms.is_some_and(|granted_ms| granted_ms <= ended_ms)
            && lock.released_ms.is_none_or(|released_ms| released_ms >= statement.started_ms)
    };
    let hold_ms = |lock: &Lock| lock.hold_ms.unwrap_or(0.0);
    rehearsal
        .locks
        .iter()
        .filter(|lock| lock.relation == table && lock.mode == LockMode::AccessExclusiveLock && meets(lock))
        .max_by(|one, other| hold_ms(one).total_cmp(&hold_ms(other)))
}
