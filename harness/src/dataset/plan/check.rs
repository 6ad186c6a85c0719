//! CHECK constraints and partitions, as far as they are understood: what they leave a column, and which columns follow
//! each other. What is not understood is left to the server, which looks at every row.

mod adapt;
mod expression;
mod limits;
mod pair;
mod written;

use std::collections::BTreeMap;

pub(super) use self::adapt::{Adapted, Column, adapt};
use self::expression::Comparison;
pub(super) use self::expression::{Expression, parse};
pub(super) use self::limits::{Allowed, Limits, is_ordered, tick, ticks_per_unit};
pub(super) use self::pair::{Pair, follow, says_values};
use super::partition;
use crate::postgres::shape::{CheckConstraint, TableShape};

/// What one constraint leaves one column.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// `CHECK price_positive (price > 0)`, or the table's partitions.
    says: String,
    /// How to mend what breaks it.
    mend: &'static str,
    limits: Limits,
}

/// What is understood of a table's constraints.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// By the column's position.
    columns: BTreeMap<usize, Vec<Rule>>,
    /// Columns of which one is never above the other.
    pub(super) pairs: Vec<Pair>,
}

impl Rules {
    /// What is demanded of a column.
    pub(super) fn of(&self, column: usize) -> &[Rule] {
        self.columns.get(&column).map_or(&[], Vec::as_slice)
    }
}

/// Reads the constraints of a table.
pub(super) fn rules(table: &TableShape) -> Rules {
    let mut rules = Rules::default();
    for check in &table.checks {
        let Some(condition) = parse(&check.expression) else { continue };
        let parts = match condition {
            Expression::And(parts) => parts,
            whole => vec![whole],
        };
        for part in parts {
            add(&mut rules, table, check, &part);
        }
    }
    if let Some((column, limits)) = partition::limits(table) {
        let says = format!("the partitions of {}", table.full_name());
        let mend = "add a partition for it to the schema of the scenario, a DEFAULT one for instance, or declare \
                    values that the partitions take";
        rules.columns.entry(column).or_default().push(Rule { says, mend, limits });
    }
    rules
}

fn add(rules: &mut Rules, table: &TableShape, check: &CheckConstraint, part: &Expression) {
    for &at in &check.columns {
        let column = &table.columns[at];
        let name = if check.domain.is_some() { "VALUE" } else { &column.name };
        if let Some(limits) = limits::limits(part, name, &column.kind) {
            let of = check.domain.as_ref().map(|domain| format!(" of the domain {domain}"));
            let condition = &check.expression;
            let says = format!("CHECK {}{} {condition}", check.name, of.unwrap_or_default());
            let mend = "declare values that satisfy it, or drop it from the schema of the scenario";
            rules.columns.entry(at).or_default().push(Rule { says, mend, limits });
        }
    }
    if let (&[one, other], None) = (&check.columns[..], &check.domain)
        && let Some(mut pair) = pair::read(part, table, one, other)
    {
        pair.says = format!("CHECK {} {}", check.name, check.expression);
        rules.pairs.push(pair);
    }
}

/// Whether a comparison of two columns says that the first is below the second: strictly, or perhaps equal.
fn below(comparison: Comparison) -> Option<bool> {
    match comparison {
        Comparison::Less => Some(true),
        Comparison::LessOrEqual => Some(false),
        _ => None,
    }
}
