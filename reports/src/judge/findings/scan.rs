//! Tables that were read from end to end while a lock kept their users out.

use super::{SCAN_UNDER_LOCK, advice, numbers};
use crate::judge::Terms;
use crate::model::Quantity;
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::statement::Statement;
use crate::model::strategy::{Finding, Severity};
use crate::units;

pub(super) fn findings(rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    let of = |statement: &Statement| {
        let scans = statement.scans.iter();
        scans.filter_map(|scanned| scan(rehearsal, statement, scanned, terms)).collect::<Vec<_>>()
    };
    rehearsal.statements.iter().flat_map(of).collect()
}

fn scan(rehearsal: &Rehearsal, statement: &Statement, scanned: &str, terms: Terms) -> Option<Finding> {
    let ended_ms = statement.started_ms + statement.duration_ms?;
    // The server does not name the tables of a foreign key: they are those that the statement itself locked.
    let is_foreign_key = scanned.starts_with("foreign key ");
    let is_on_it = |lock: &&Lock| {
        if is_foreign_key { lock.statement == Some(statement.index) } else { lock.relation == scanned }
    };
    let lock = rehearsal
        .locks
        .iter()
        .filter(|lock| lock.blocks.writes() && lock.created_by_migration != Some(true))
        .filter(is_on_it)
        .filter(|lock| lock.granted_ms.is_some() && lock.is_live_between(statement.started_ms, ended_ms))
        .max_by_key(|lock| lock.mode)?;
    let (hold_ms, uncertainty_ms) = lock.hold_ms.zip(lock.hold_uncertainty_ms)?;
    let (kept_out, limit_ms) = if lock.blocks.reads() {
        ("read or write", terms.budget.read_stall_ms.min(terms.budget.write_stall_ms))
    } else {
        ("write", terms.budget.write_stall_ms)
    };
    if hold_ms <= limit_ms {
        return None;
    }
    let what = if is_foreign_key {
        format!("the rows of {scanned} were checked")
    } else {
        format!("{scanned} was read from end to end")
    };
    Some(Finding {
        id: SCAN_UNDER_LOCK.to_owned(),
        severity: Severity::High,
        repetition: rehearsal.repetition,
        statement: Some(statement.index),
        relation: Some(lock.relation.clone()),
        subject: None,
        evidence: format!(
            "{what} under {:?} on {}, which nobody else could {kept_out} for {}",
            lock.mode,
            lock.relation,
            units::held(hold_ms, uncertainty_ms),
        ),
        numbers: numbers([
            ("hold_ms", Some(Quantity::Fraction(hold_ms))),
            ("hold_uncertainty_ms", Some(Quantity::Fraction(uncertainty_ms))),
            ("statement_ms", statement.duration_ms.map(Quantity::Fraction)),
            ("allowed_ms", Some(Quantity::Fraction(limit_ms))),
        ]),
        advice: advice::instead(Some(statement), Some(&lock.relation), false),
    })
}
