//! What the application itself changed between two looks at the database.

use crate::event::{ApplicationWrites, TableWritten};
use crate::names::unquoted;
use crate::statements::leading_keyword;
use crate::timeline::{Legs, Timeline};

/// What the application changes. The default queries change nothing that stays: they write what is there already.
#[derive(Debug)]
pub(super) struct Writes<'a> {
    told: Option<&'a ApplicationWrites>,
    /// Requests of its writes, from the baseline to the end of the way back; 0 where nobody declared any.
    requests: u64,
    /// Whether it wrote while the way back ran.
    pub(super) meanwhile: bool,
    /// What a long transaction runs that changes rows.
    hold: Option<&'a str>,
}

impl<'a> Writes<'a> {
    pub(super) fn new(legs: &Legs<'a>) -> Self {
        let meanwhile = legs.roll_back.as_ref().map_or(0, requests);
        let hold_meanwhile = legs.roll_back.as_ref().and_then(changing_hold);
        let hold = changing_hold(&legs.up).or(hold_meanwhile);
        let requests = requests(&legs.up).saturating_add(meanwhile);
        Self {
            told: legs.application_writes,
            requests,
            meanwhile: meanwhile > 0 || hold_meanwhile.is_some(),
            hold,
        }
    }

    fn table(&self, table: &str) -> Option<&'a TableWritten> {
        let table = unquoted(table);
        self.told?.tables.iter().find(|written| unquoted(&written.table) == table)
    }

    /// Why rows of that table may have come or gone by its doing; none where they cannot.
    pub(super) fn may_change_rows(&self, table: &str) -> Option<String> {
        if !self.writes() {
            return None;
        }
        if self.table(table).is_some_and(|written| written.rows) {
            return Some(format!("the application inserts or deletes rows of {table}"));
        }
        self.unknown()
    }

    /// Why values of that column may have changed by its doing; none where they cannot.
    pub(super) fn may_change(&self, table: &str, column: &str) -> Option<String> {
        let is_it = |written: &String| unquoted(written) == unquoted(column);
        let is_written = |written: &TableWritten| written.columns.iter().any(is_it);
        if self.writes() && self.table(table).is_some_and(is_written) {
            return Some(format!("the application changes {table}.{column}"));
        }
        self.may_change_rows(table)
    }

    /// Whether it may have changed anything in that table at all.
    pub(super) fn may_touch(&self, table: &str) -> bool {
        self.writes() && (self.table(table).is_some() || self.unknown().is_some())
    }

    /// Whether so many rows or values of that table can have become so many by its doing, as far as numbers tell. Where
    /// nobody knows how many one request changes, any number can.
    pub(super) fn explain(&self, table: &str, before: u64, back: u64) -> bool {
        let of_request = match self.table(table) {
            _ if self.unknown().is_some() => None,
            Some(written) => written.rows_per_request_max,
            None => Some(0),
        };
        of_request.is_none_or(|rows| before.abs_diff(back) <= self.requests.saturating_mul(rows))
    }

    /// Whether it writes anything at all.
    fn writes(&self) -> bool {
        self.requests > 0 || self.hold.is_some()
    }

    fn unknown(&self) -> Option<String> {
        if let Some(sql) = self.hold {
            return Some(format!(
                "a long transaction of the workload changes rows (`{}`)",
                sql.replace('`', "'")
            ));
        }
        match self.told {
            None => Some("what the application changes was not asked".to_owned()),
            Some(told) => {
                let why = told.not_known.as_ref()?;
                Some(format!("what the application changes is not known of all its requests: {why}"))
            }
        }
    }
}

/// What a long transaction runs that changes rows; those that are made for a table (`kind = "writer"`) write what is there.
fn changing_hold<'a>(timeline: &Timeline<'a>) -> Option<&'a str> {
    let changes = |sql: &&str| {
        let keyword = leading_keyword(sql).to_ascii_uppercase();
        let writes_the_same = sql.contains("WHERE ctid = (SELECT ctid FROM ");
        matches!(keyword.as_str(), "INSERT" | "UPDATE" | "DELETE" | "MERGE") && !writes_the_same
    };
    timeline.application.holds.iter().map(|(_, hold)| hold.sql.as_str()).find(changes)
}

/// Requests of the writes that somebody declared.
fn requests(timeline: &Timeline) -> u64 {
    let Some(started) = timeline.application.started.filter(|started| !started.by_default) else { return 0 };
    let writes = |probe: u32| {
        let probe = usize::try_from(probe).ok().and_then(|index| started.probes.get(index));
        probe.is_some_and(|probe| probe.kind == "write")
    };
    let windows = timeline.application.windows.iter().filter(|window| writes(window.probe));
    let due = windows.fold(0_u64, |sum, window| sum.saturating_add(window.due));
    // Where no window was told, those that were told one by one are known.
    let told = timeline.application.requests.iter().filter(|request| writes(request.probe)).count();
    due.max(told as u64)
}
