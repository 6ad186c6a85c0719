//! Backfills that make no progress any more.

use super::{BACKFILL_NO_PROGRESS, numbers};
use crate::model::Quantity;
use crate::model::backfill::{Backfill, HowStuck, Stuck};
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Finding, Severity};
use crate::units;

/// Longest piece of a statement inside another that is shown, characters.
const SQL_SHOWN: usize = 160;

pub(super) fn findings(rehearsal: &Rehearsal) -> Vec<Finding> {
    let of = |backfill: &Backfill| Some(finding(rehearsal, backfill, backfill.stuck.as_ref()?));
    rehearsal.backfills.iter().filter_map(of).collect()
}

fn finding(rehearsal: &Rehearsal, backfill: &Backfill, stuck: &Stuck) -> Finding {
    let sql = shown(&stuck.sql);
    let since = units::duration(stuck.since_ms);
    let evidence = match stuck.how {
        HowStuck::SameRowsAgain => format!(
            "`{sql}` had changed {} when it was cancelled, and there are {} at most: since {since} into the migration it \
             changes rows again that it had changed before, and nothing shows that it would end",
            units::plural(stuck.rows, "row", "rows"),
            units::count(stuck.rows_there),
        ),
        HowStuck::NothingFound => format!(
            "`{sql}` was executed {} since {since} into the migration without changing a row (it had changed {} before), and \
             nothing shows that it would end",
            units::plural(stuck.executions, "time", "times"),
            units::count(stuck.rows),
        ),
    };
    Finding {
        id: BACKFILL_NO_PROGRESS.to_owned(),
        severity: Severity::High,
        repetition: rehearsal.repetition,
        statement: Some(backfill.statement),
        relation: None,
        subject: None,
        evidence,
        numbers: numbers([
            ("rows_changed", Some(Quantity::Whole(stuck.rows))),
            ("rows_there", Some(Quantity::Whole(stuck.rows_there)).filter(|_| stuck.rows_there > 0)),
            ("executions", Some(Quantity::Whole(stuck.executions))),
            ("since_ms", Some(Quantity::Fraction(stuck.since_ms))),
        ]),
        advice: match stuck.how {
            HowStuck::SameRowsAgain => {
                "Most likely what it sets does not take a row out of what it asks for: where the new value is NULL itself, `WHERE new IS \
                 NULL` finds the row again. Walk along the primary key instead (`WHERE id > $1 ORDER BY id LIMIT 10000`, and \
                 go on from the last), or ask for rows that would change (`WHERE new IS DISTINCT FROM lower(old)`)."
            }
            HowStuck::NothingFound => {
                "The loop went on although it found nothing more to change: end it where an execution changes no row \
                 (`EXIT WHEN NOT FOUND`), or walk along the primary key up to its last value. Rows that are locked by others \
                 and skipped (`SKIP LOCKED`) have to be come back to, not waited for."
            }
        }
        .to_owned(),
    }
}

fn shown(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "'");
    if line.chars().count() <= SQL_SHOWN {
        return line;
    }
    let kept: String = line.chars().take(SQL_SHOWN).collect();
    format!("{}…", kept.trim_end())
}

/// How far the statement that was cancelled had come: `, having changed 120,000 rows, 9,400 rows/s at the end`; empty where
/// that is not known.
pub(super) fn how_far(rehearsal: &Rehearsal, statement: Option<u32>) -> String {
    let backfill = rehearsal.backfills.iter().find(|backfill| Some(backfill.statement) == statement);
    let Some((backfill, rows)) = backfill.and_then(|backfill| Some((backfill, backfill.rows?))) else {
        return String::new();
    };
    let rate = backfill
        .rows_per_s_at_end
        .map_or_else(String::new, |rate| format!(", {} at the end", units::rows_per_second(rate)));
    format!(", having changed {}{rate}", units::plural(rows, "row", "rows"))
}
