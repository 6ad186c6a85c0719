//! Values that are nowhere any more. A digest depends on the primary key and the values, not on a column's name: two columns
//! of a table with one digest hold the same.

use super::data::excuse;
use super::writes::Writes;
use crate::event::{ColumnContent, StateSeen, TableContent};
use crate::model::rollback::{Loss, Rollback};
use crate::units;

/// Adds what is lost, of the three states before the migration, after it, and after the way back.
pub(super) fn find([before, after, back]: [&StateSeen; 3], writes: &Writes, rollback: &mut Rollback) {
    let (Some(befores), Some(afters), Some(backs)) = (&before.tables, &after.tables, &back.tables) else {
        let why = [before, after, back].into_iter().find_map(|state| state.not_read.clone());
        let why = why.map_or_else(
            || "the rows were not read".to_owned(),
            |why| format!("the rows were not read: {why}"),
        );
        if !rollback.not_compared.contains(&why) {
            rollback.not_compared.push(why);
        }
        return;
    };
    for after in afters {
        match of(backs, &after.table) {
            Some(back) => dropped_columns(of(befores, &after.table), after, back, writes, rollback),
            None => dropped_table(befores, after, backs, rollback),
        }
    }
    for before in befores {
        let Some((after, back)) = of(afters, &before.table).zip(of(backs, &before.table)) else { continue };
        came_back(before, after, back, writes, rollback);
    }
}

fn of<'a>(tables: &'a [TableContent], name: &str) -> Option<&'a TableContent> {
    tables.iter().find(|table| table.table == name)
}

fn column<'a>(table: &'a TableContent, name: &str) -> Option<&'a ColumnContent> {
    table.columns.iter().find(|column| column.column == name)
}

fn holds(table: &TableContent, digest: &str) -> bool {
    table.columns.iter().any(|column| column.digest == digest)
}

/// Columns that the way back drops.
fn dropped_columns(
    before: Option<&TableContent>,
    after: &TableContent,
    back: &TableContent,
    writes: &Writes,
    rollback: &mut Rollback,
) {
    let table = &after.table;
    // Under its name, or under another one.
    let was_there = |gone: &ColumnContent| {
        before.is_some_and(|before| column(before, &gone.column).is_some() || holds(before, &gone.digest))
    };
    let gone = after.columns.iter().filter(|gone| gone.not_null > 0 && column(back, &gone.column).is_none());
    for gone in gone {
        let name = format!("{table}.{}", gone.column);
        if after.key != back.key {
            rollback.not_compared.push(format!(
                "whether the values of {name} are in another column is not known, because the primary key of {table} is another"
            ));
        } else if !holds(back, &gone.digest) {
            // A column that took its values, some of which the application then wrote anew.
            let heir = back.columns.iter().find(|heir| {
                let is_another = column(after, &heir.column).is_none_or(|known| known.digest != heir.digest);
                is_another && writes.explain(table, gone.not_null, heir.not_null.min(gone.not_null))
            });
            match heir.filter(|_| writes.meanwhile && writes.may_touch(table)) {
                Some(heir) => rollback.not_compared.push(format!(
                    "whether {table}.{} holds the values of {name} is not known, because the application wrote meanwhile",
                    heir.column
                )),
                None => rollback.losses.push(Loss {
                    words: format!(
                        "dropping {name} loses {} that no other column has",
                        units::plural(gone.not_null, "value", "values")
                    ),
                    of: name,
                    values: gone.not_null,
                    written_since: !was_there(gone),
                }),
            }
        }
    }
}

/// A table that the way back drops, unless another has what was in it.
fn dropped_table(
    befores: &[TableContent],
    gone: &TableContent,
    backs: &[TableContent],
    rollback: &mut Rollback,
) {
    let filled = || gone.columns.iter().filter(|column| column.not_null > 0);
    let has_all = |heir: &TableContent| filled().all(|column| holds(heir, &column.digest));
    let is_anywhere = |tables: &[TableContent]| filled().next().is_some() && tables.iter().any(has_all);
    if gone.rows == 0 || is_anywhere(backs) {
        return;
    }
    rollback.losses.push(Loss {
        of: gone.table.clone(),
        values: gone.rows,
        written_since: of(befores, &gone.table).is_none() && !is_anywhere(befores),
        words: format!("dropping {} loses {}", gone.table, units::plural(gone.rows, "row", "rows")),
    });
}

/// Columns that the migration dropped and the way back has to bring back.
fn came_back(
    before: &TableContent,
    after: &TableContent,
    back: &TableContent,
    writes: &Writes,
    rollback: &mut Rollback,
) {
    let table = &before.table;
    let was_dropped = |was: &&ColumnContent| was.not_null > 0 && column(after, &was.column).is_none();
    for was in before.columns.iter().filter(was_dropped) {
        if before.key == back.key && holds(back, &was.digest) {
            continue;
        }
        let name = format!("{table}.{}", was.column);
        let found = column(back, &was.column);
        let fell = was.not_null.saturating_sub(found.map_or(0, |found| found.not_null));
        let is_excused = found.is_some_and(|found| writes.explain(table, was.not_null, found.not_null))
            && (before.key != back.key || excuse(was, back, Some(after), writes).is_some());
        if is_excused {
            continue;
        }
        let lost = |values: u64| {
            let are = if values == 1 { "is" } else { "are" };
            format!("{} {are} lost", units::plural(values, "value", "values"))
        };
        let (words, values) = match found {
            None => (format!("{name} did not come back: {}", lost(was.not_null)), was.not_null),
            Some(found) if found.not_null == 0 => {
                (format!("{name} came back empty: {}", lost(was.not_null)), was.not_null)
            }
            Some(_) if fell > 0 => (format!("{name} came back with fewer values: {}", lost(fell)), fell),
            Some(_) if before.key != back.key => continue,
            Some(_) => {
                let words = format!("{name} came back with other values, and no column has those of before");
                (words, was.not_null)
            }
        };
        rollback.losses.push(Loss { of: name, values, written_since: false, words });
    }
}
