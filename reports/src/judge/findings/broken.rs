//! Migrations that do not come to their end.

use super::backfill;
use super::rollback::listed;
use super::{HALF_APPLIED, STATEMENT_FAILED, TIMED_OUT, numbers};
use crate::event::{Outcome, SqlError, StatementTransaction};
use crate::judge::Terms;
use crate::model::Quantity;
use crate::model::comparison::EndDifference;
use crate::model::rehearsal::Rehearsal;
use crate::model::statement::Statement;
use crate::model::strategy::{Finding, Severity};
use crate::units;

pub(super) fn findings(rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    let mut found = stopped(rehearsal, terms);
    found.extend(half_applied(rehearsal));
    found
}

/// What a migration that did not come to its end did to the schema all the same.
fn half_applied(rehearsal: &Rehearsal) -> Option<Finding> {
    let stopped = matches!(rehearsal.outcome, Outcome::Failed | Outcome::TimedOut);
    let changes = rehearsal.schema_changes.as_ref().filter(|changes| stopped && !changes.is_empty())?;
    let words: Vec<String> = changes.iter().map(EndDifference::as_change).collect();
    Some(Finding {
        id: HALF_APPLIED.to_owned(),
        severity: Severity::High,
        repetition: rehearsal.repetition,
        statement: None,
        relation: None,
        subject: None,
        evidence: format!("half of it stays in the schema: {}", listed(&words)),
        numbers: numbers([("schema_changes", Some(Quantity::Whole(changes.len() as u64)))]),
        advice: "What is there now is neither the old schema nor the new one: the migration cannot simply be tried again, and \
                 its way back may not fit either. Clean up by hand, or by a forward migration, before the next try; one \
                 transaction around all that can be in one leaves no halves."
            .to_owned(),
    })
}

fn stopped(rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    match rehearsal.outcome {
        Outcome::TimedOut => vec![timed_out(rehearsal, terms)],
        Outcome::Failed => {
            let failures = rehearsal.statements.iter().filter(|statement| !statement.retried);
            let failures = failures
                .filter_map(|statement| Some(failed(rehearsal, statement, statement.error.as_ref()?)));
            let failures: Vec<Finding> = failures.collect();
            if failures.is_empty() { vec![failed_without_an_error(rehearsal)] } else { failures }
        }
        // A statement that was cancelled because somebody stopped the run is not at fault.
        Outcome::Completed | Outcome::Interrupted => Vec::new(),
    }
}

fn failed(rehearsal: &Rehearsal, statement: &Statement, error: &SqlError) -> Finding {
    let code = error.sqlstate.as_deref().map_or_else(String::new, |sqlstate| format!(" {sqlstate}"));
    let after =
        statement.duration_ms.map_or_else(String::new, |ms| format!(" after {}", units::duration(ms)));
    Finding {
        id: STATEMENT_FAILED.to_owned(),
        severity: Severity::High,
        repetition: rehearsal.repetition,
        statement: Some(statement.index),
        relation: None,
        subject: None,
        evidence: format!("ERROR{code}{after}: {}", error.message),
        numbers: numbers([
            ("statement_ms", statement.duration_ms.map(Quantity::Fraction)),
            ("lock_wait_ms", statement.lock_wait_ms.map(Quantity::Fraction)),
        ]),
        advice: format!("{} {}", cure(error), what_stays(statement)),
    }
}

/// A file that leaves its transaction open fails without any statement doing so.
fn failed_without_an_error(rehearsal: &Rehearsal) -> Finding {
    Finding {
        id: STATEMENT_FAILED.to_owned(),
        severity: Severity::High,
        repetition: rehearsal.repetition,
        statement: rehearsal.statements.last().map(|statement| statement.index),
        relation: None,
        subject: None,
        evidence: "the migration did not come to its end, although no statement of it failed".to_owned(),
        numbers: numbers([]),
        advice: "The warnings say what happened; a file that begins a transaction has to end it.".to_owned(),
    }
}

/// By SQLSTATE, never by the words of a message.
fn cure(error: &SqlError) -> &'static str {
    match error.sqlstate.as_deref() {
        Some("23502") => {
            "Rows that are there lack the value: add the column nullable or with a constant default, backfill, and \
             constrain it afterwards."
        }
        Some("23505") => "There are duplicates: find and mend them in a migration before this one.",
        Some("23503") => {
            "There are rows without their parent: find and mend them in a migration before this one."
        }
        Some("23514") => "There are rows that break the check: mend them in a migration before this one.",
        Some("25001") => {
            "It cannot run inside a transaction: give it a file of its own, or `transaction = \"none\"`."
        }
        Some("40P01") => {
            "It ran into a deadlock: take the locks of a migration in one order, and one table per transaction."
        }
        Some("42501") => "The role that runs the migration lacks the right to do this.",
        Some("55P03") => {
            "It gave up waiting for a lock, which is what lock_timeout is for: have it tried again."
        }
        Some("57014") => "It was cancelled, by statement_timeout or from outside.",
        _ => "Mend the statement: against these rows it does not run.",
    }
}

/// What a production database would be left with.
fn what_stays(statement: &Statement) -> &'static str {
    match statement.transaction {
        StatementTransaction::File => "Its file was rolled back as a whole; earlier files stay applied.",
        StatementTransaction::Explicit => {
            "Its transaction was rolled back; what was committed before it in the same file stays applied."
        }
        StatementTransaction::Own | StatementTransaction::None => {
            "The statements before it in the same file stay applied, so that the file is left half done."
        }
    }
}

fn timed_out(rehearsal: &Rehearsal, terms: Terms) -> Finding {
    let running = rehearsal.statements.last();
    let allowed_ms = terms.budget.duration_ms;
    let after = rehearsal
        .duration_ms
        .map_or_else(|| "before its end".to_owned(), |ms| format!("after {}", units::duration(ms)));
    let wait_ms = running.and_then(|statement| statement.lock_wait_ms).unwrap_or(0.0);
    let waiting = if wait_ms > 0.0 {
        format!(", {} of it spent waiting for locks", units::duration(wait_ms))
    } else {
        String::new()
    };
    let mut backfills = rehearsal.backfills.iter();
    let backfill =
        backfills.find(|backfill| running.is_some_and(|running| running.index == backfill.statement));
    let rows = backfill.and_then(|backfill| backfill.rows);
    let running_ms = running.and_then(|statement| statement.duration_ms);
    let statement = running_ms.map_or_else(String::new, |ms| {
        let far = backfill::how_far(rehearsal, running.map(|statement| statement.index));
        format!("; the statement that was cancelled had run for {}{waiting}{far}", units::duration(ms))
    });
    Finding {
        id: TIMED_OUT.to_owned(),
        severity: Severity::High,
        repetition: rehearsal.repetition,
        statement: running.map(|statement| statement.index),
        relation: None,
        subject: None,
        evidence: format!("cancelled {after}, the limit being {}{statement}", units::duration(allowed_ms)),
        numbers: numbers([
            ("duration_ms", rehearsal.duration_ms.map(Quantity::Fraction)),
            ("allowed_ms", Some(Quantity::Fraction(allowed_ms))),
            ("statement_ms", running_ms.map(Quantity::Fraction)),
            ("rows_changed", rows.map(Quantity::Whole)),
        ]),
        advice: if backfill.is_some_and(|backfill| backfill.stuck.is_some()) {
            "Nothing shows that more time would help: it made no progress any more (see `backfill-no-progress`)."
        } else if running_ms.is_some_and(|running_ms| wait_ms * 2.0 > running_ms) {
            "It spent its time waiting for others to end: run it when no long transaction is open, and let it give up \
             early and try again (`SET lock_timeout = '1s';` before it)."
        } else {
            "Do the work in smaller pieces, each in a transaction of its own, or raise `duration` if the time is right \
             for this change."
        }
        .to_owned(),
    }
}
