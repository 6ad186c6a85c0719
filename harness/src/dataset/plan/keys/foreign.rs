//! Which foreign key decides which columns.

use super::{Finder, has_marginals};
use crate::postgres::shape::{ForeignKey, TableShape};

const DROP_IT: &str =
    "leave the table out of the profile, or drop one of the constraints from the schema of the scenario";

impl Finder<'_> {
    /// Gives each foreign key its columns, those with many columns first, and sees which of them are relations.
    pub(super) fn foreign_keys(&mut self) {
        let table = self.table;
        let mut order: Vec<usize> = (0..table.foreign_keys.len()).collect();
        order.sort_by_key(|&key| std::cmp::Reverse(table.foreign_keys[key].columns.len()));
        let mut owning = Vec::new();
        for key in order {
            if self.owns(key) {
                owning.push(key);
                for &column in &table.foreign_keys[key].columns {
                    self.owners.insert(column, key);
                }
            }
        }
        for key in owning {
            let foreign = &table.foreign_keys[key];
            let declared = foreign
                .columns
                .iter()
                .any(|column| self.profile.get(column).is_some_and(|profile| profile.fan_out.is_some()));
            let described = foreign
                .columns
                .iter()
                .any(|column| self.profile.get(column).is_some_and(|profile| has_marginals(profile)));
            let tree = foreign.ref_table_oid == table.oid && !described;
            if foreign.columns.len() > 1 || declared || tree {
                self.relate(key);
            } else if let (&[column], &[referenced]) = (&foreign.columns[..], &foreign.ref_columns[..]) {
                self.demands.references.insert(column, (foreign.ref_table_oid, referenced));
            }
        }
        self.fan_outs_of_no_key();
    }

    /// Whether a foreign key decides its columns. It does not where any value satisfies it, or one that decides them all
    /// implies it; where it can neither decide nor be implied, that is a problem.
    fn owns(&mut self, key: usize) -> bool {
        let table = self.table;
        let foreign = &table.foreign_keys[key];
        if foreign.ref_table_oid == table.oid {
            if foreign.columns == foreign.ref_columns {
                return false;
            }
            if let Some(&shared) = foreign.columns.iter().find(|column| foreign.ref_columns.contains(column))
            {
                let message = format!(
                    "{} references itself in {} by {}, with {} on both sides, which cannot be generated",
                    table.name,
                    self.names(&foreign.columns),
                    foreign.name,
                    self.name(shared)
                );
                self.error(None, message, DROP_IT);
                return false;
            }
        }
        let mut owners: Vec<usize> =
            foreign.columns.iter().filter_map(|column| self.owners.get(column).copied()).collect();
        if owners.is_empty() {
            return true;
        }
        owners.dedup();
        if let &[owner] = &owners[..]
            && self.implies(&table.foreign_keys[owner], foreign)
        {
            return false;
        }
        let other = &table.foreign_keys[owners[0]];
        let message = if foreign.columns.len() == 1 && other.columns.len() == 1 {
            format!(
                "{}.{} references two columns at once ({} is the second), which cannot be generated",
                table.name,
                self.name(foreign.columns[0]),
                foreign.name
            )
        } else {
            let shared: Vec<usize> =
                foreign.columns.iter().copied().filter(|column| other.columns.contains(column)).collect();
            format!(
                "{} has the foreign keys {} and {}, which share {} without one following from the other, which cannot be generated",
                table.name,
                other.name,
                foreign.name,
                self.names(&shared)
            )
        };
        self.error(None, message, DROP_IT);
        false
    }

    /// Whether rows that satisfy `owner` satisfy `other`, whose columns are among its columns, as well.
    fn implies(&self, owner: &ForeignKey, other: &ForeignKey) -> bool {
        let Some(columns) = through(owner, &other.columns) else { return false };
        reaches(self.tables, owner.ref_table_oid, &columns, other, 8)
    }

    /// Says so where a fan-out is declared of a column that references nothing.
    fn fan_outs_of_no_key(&mut self) {
        let table = self.table;
        for (&column, profile) in self.profile {
            let Some(fan_out) = &profile.fan_out else { continue };
            let keys = || table.foreign_keys.iter().filter(|key| key.columns.contains(&column));
            let name = self.name(column);
            if keys().next().is_none() {
                let message = format!("{}.{name} has a fan_out, but is part of no foreign key", table.name);
                self.error(
                    Some(&fan_out.place),
                    message,
                    "declare it of the column that references another table",
                );
            } else if let Some(&owner) = self.owners.get(&column) {
                let others = &table.foreign_keys[owner].columns;
                let first = others
                    .iter()
                    .find(|other| self.profile.get(other).is_some_and(|profile| profile.fan_out.is_some()));
                if first != Some(&column) {
                    let message = format!(
                        "{}.{name} has a fan_out, but that of foreign key {} is declared already",
                        table.name, table.foreign_keys[owner].name
                    );
                    self.error(Some(&fan_out.place), message, "declare it of one of the key's columns");
                }
            }
        }
    }
}

/// The columns that `key` references by `columns`, if it references one by each.
fn through(key: &ForeignKey, columns: &[usize]) -> Option<Vec<usize>> {
    let at = |column: &usize| key.columns.iter().position(|member| member == column);
    columns.iter().map(|column| at(column).and_then(|at| key.ref_columns.get(at).copied())).collect()
}

/// Whether these columns of a table reference, in the end, what `wanted` references.
fn reaches(tables: &[TableShape], oid: u32, columns: &[usize], wanted: &ForeignKey, steps: u32) -> bool {
    if oid == wanted.ref_table_oid && columns == wanted.ref_columns {
        return true;
    }
    let Some(table) = tables.iter().find(|table| table.oid == oid).filter(|_| steps > 0) else {
        return false;
    };
    table.foreign_keys.iter().any(|key| {
        through(key, columns)
            .is_some_and(|columns| reaches(tables, key.ref_table_oid, &columns, wanted, steps - 1))
    })
}
