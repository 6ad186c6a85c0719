//! Whether every table and column that was there before holds what it held.

use super::writes::Writes;
use crate::differences::Changes;
use crate::event::{ColumnContent, StateSeen, TableContent};
use crate::model::comparison::{EndDifference, HowDifferent};
use crate::model::rollback::Rollback;
use crate::units;

/// What comparing comes to.
#[derive(Debug, Default)]
struct Compared {
    differs: Vec<EndDifference>,
    /// What the application may have changed, or what nobody can tell, and why.
    unknown: Vec<String>,
}

/// Fills in `data_equal`, with the differences and what is not known.
pub(super) fn compare(
    [before, back]: [&StateSeen; 2],
    after: Option<&StateSeen>,
    schema: &Changes,
    writes: &Writes,
    rollback: &mut Rollback,
) {
    let (Some(tables), Some(backs)) = (&before.tables, &back.tables) else {
        let why = [before, back].into_iter().find_map(|state| state.not_read.clone());
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        rollback.not_compared.push(format!("the rows were not read{why}"));
        return;
    };
    let mut compared = Compared::default();
    for table in tables {
        match backs.iter().find(|back| back.table == table.table) {
            Some(back) => {
                let after = after.and_then(|after| after.tables.as_ref());
                let after = after.and_then(|after| after.iter().find(|after| after.table == table.table));
                compared.table(table, back, after, writes);
            }
            None if table.rows > 0 => compared.rows(table, None),
            None => {}
        }
    }
    rollback.data_equal = match (compared.differs.as_slice(), compared.unknown.as_slice()) {
        ([_, ..], _) => Some(false),
        ([], [_, ..]) => None,
        ([], []) => Some(true),
    };
    // That a whole table or column is gone is told of the schema already.
    let is_told = |difference: &EndDifference| {
        schema.differences.iter().any(|told| told.is_of_one_alone() && told.name == difference.name)
    };
    let news = compared.differs.iter().filter(|difference| !is_told(difference));
    rollback.differences.extend(news.map(EndDifference::as_change));
    rollback.data_differences = compared.differs.iter().map(EndDifference::as_change).collect();
    rollback.not_compared.extend(compared.unknown);
}

impl Compared {
    fn table(
        &mut self,
        before: &TableContent,
        back: &TableContent,
        after: Option<&TableContent>,
        writes: &Writes,
    ) {
        let table = &before.table;
        let excused = (before.rows != back.rows).then(|| writes.may_change_rows(table));
        match excused {
            None => {}
            Some(Some(why)) if writes.explain(table, before.rows, back.rows) => {
                self.unknown.push(format!(
                    "{table} had {} rows and has {}, but {why}",
                    units::count(before.rows),
                    units::count(back.rows)
                ));
            }
            Some(_) => return self.rows(before, Some(back)),
        }
        for column in &before.columns {
            let found = back.columns.iter().find(|found| found.column == column.column);
            let excuse = excuse(column, back, after, writes);
            let not_null = found.map_or(0, |found| found.not_null);
            let excuse = excuse.filter(|_| writes.explain(table, column.not_null, not_null));
            self.column(before, back, column, found, excuse);
        }
    }

    fn rows(&mut self, before: &TableContent, back: Option<&TableContent>) {
        self.differs.push(EndDifference {
            how: HowDifferent::Rows,
            kind: "table".to_owned(),
            name: before.table.clone(),
            one: Some(units::count(before.rows)),
            other: back.map(|back| units::count(back.rows)),
        });
    }

    fn column(
        &mut self,
        before: &TableContent,
        back: &TableContent,
        column: &ColumnContent,
        found: Option<&ColumnContent>,
        excuse: Option<String>,
    ) {
        let table = &before.table;
        let not_null = found.map_or(0, |found| found.not_null);
        if found.is_none() && column.not_null == 0 {
            return;
        }
        // Digests depend on the primary key.
        if found.is_some() && before.key != back.key && not_null == column.not_null {
            self.unknown.push(format!(
                "the values of {table}.{} are not compared, because the primary key of {table} is another",
                column.column
            ));
            return;
        }
        if found.is_some_and(|found| found.not_null == column.not_null && found.digest == column.digest) {
            return;
        }
        if let Some(why) = excuse.filter(|_| found.is_some()) {
            let name = format!("{table}.{}", column.column);
            self.unknown.push(if not_null == column.not_null {
                format!("the values of {name} are not those of before, but {why}")
            } else {
                let (had, has) = (units::count(column.not_null), units::count(not_null));
                format!("{name} had {had} values and has {has}, but {why}")
            });
            return;
        }
        self.differs.push(EndDifference {
            how: HowDifferent::Values,
            kind: "column".to_owned(),
            name: format!("{table}: {}", column.column),
            one: Some(units::count(column.not_null)),
            other: Some(units::count(not_null)),
        });
    }
}

/// Why values of a column may have changed by the application's doing: it changes that column, or, where that column was not
/// there between the two ways, one that was there then alone and may have been copied or renamed to it.
pub(super) fn excuse(
    column: &ColumnContent,
    back: &TableContent,
    after: Option<&TableContent>,
    writes: &Writes,
) -> Option<String> {
    let table = &back.table;
    let is_there = |name: &str| back.columns.iter().any(|column| column.column == name);
    let was_gone = |after: &&TableContent| !after.columns.iter().any(|known| known.column == column.column);
    let between = after.filter(was_gone).into_iter().flat_map(|after| &after.columns);
    let mut between = between.filter(|between| !is_there(&between.column));
    writes
        .may_change(table, &column.column)
        .or_else(|| between.find_map(|between| writes.may_change(table, &between.column)))
}
