//! The digits that tell members of a family apart: unique keys of several columns, counted through.

use std::collections::BTreeMap;
use std::sync::Arc;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{Degrees, FanOut};

use super::degrees::Wanted;
use super::keys::{Demands, Digits, Group, values_of};
use super::{Declared, FanOutPlan, Planner};
use crate::dataset::generate::fan_out::{Arrangement, FanOut as Shared};
use crate::dataset::generate::nulls::Nulls;
use crate::dataset::generate::order::{Disorder, Order};
use crate::dataset::generate::permutation::Permutation;
use crate::dataset::generate::relation::{Digit, Relation};
use crate::dataset::generate::rng::Stream;
use crate::postgres::shape::TableShape;

/// The digits of a unique key that could be made.
#[derive(Debug)]
pub(super) struct Grouped {
    /// One for each member that has one; the others are unique without, and may have any value.
    pub(super) digits: Vec<Option<Digit>>,
    /// What is planned of the foreign keys among its members.
    pub(super) plans: Vec<FanOutPlan>,
}

impl<'a> Planner<'a> {
    /// The digit of a member of a group; none within where it needs none.
    pub(super) fn digit(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        table: usize,
        (group, at): (usize, usize),
    ) -> Option<Option<Digit>> {
        if !self.groups.contains_key(&(table, group)) {
            let made = self.group(declared, demands, table, &demands[&table].groups[group]);
            self.groups.insert((table, group), made);
        }
        self.groups[&(table, group)].as_ref().map(|grouped| grouped.digits[at].clone())
    }

    fn group(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        table: usize,
        group: &Group,
    ) -> Option<Grouped> {
        let shape = &self.request.tables[table];
        let entry = &declared[&table];
        let (rows, place) = (entry.rows, entry.place.clone());
        let relation = match group.leader {
            Some(leader) => self.relation(declared, demands, table, leader)?,
            None => Arc::new(self.all_rows(shape, group, rows)),
        };
        let needed = relation.fan_out.degree_max().max(1);
        let mut before = 1u64;
        let mut digits = vec![None; group.digits.len()];
        let mut plans = Vec::new();
        let mut open = Vec::new();
        let mut fixed = Vec::new();
        for (at, &member) in group.digits.iter().enumerate() {
            let (name, values, meaning) = match member {
                Digits::Column(column) => match values_of(&shape.columns[column].kind) {
                    Some(values) => (shape.columns[column].name.clone(), values, None),
                    None => {
                        open.push(at);
                        continue;
                    }
                },
                Digits::Foreign(foreign) => {
                    let key = self.key(declared, table, foreign);
                    if key.parents == 0 {
                        let message = format!("{} references {}, which gets no rows", key.name(), key.parent);
                        let help = format!("declare rows for {} in the profile", key.parent);
                        self.report(&key, None, message).help = Some(help);
                        return None;
                    }
                    let childless = key.fan_out().and_then(|fan_out| fan_out.childless_frac).unwrap_or(0.0);
                    let fan_out = FanOut {
                        degrees: Degrees::Uniform,
                        childless_frac: Some(childless),
                        clustering: None,
                        place: place.clone(),
                    };
                    let wanted = Wanted { fan_out: Some(&fan_out), parents_used: None };
                    if let Some(misfit) = wanted.misfit(key.rows_declared, key.parents_declared.max(1))
                        && childless > 0.0
                    {
                        let message = format!("{} {misfit}", key.name());
                        self.report(&key, key.fan_out().map(|fan_out| &fan_out.place), message);
                        return None;
                    }
                    let childless = (key.parents as f64 * childless).round() as u64;
                    let stream = key.stream(self.request.seed).child(3);
                    let meaning = Permutation::new(key.parents, stream);
                    (key.name(), (key.parents - childless).max(1), Some(meaning))
                }
            };
            fixed.push(format!("{name}: {values}"));
            if before >= needed && meaning.is_none() {
                continue;
            }
            digits[at] =
                Some(Digit { relation: Arc::clone(&relation), before, radix: values.max(1), meaning });
            before = before.saturating_mul(values.max(1));
        }
        let mut left = open.len() as u32;
        for at in open {
            let rest = needed.div_ceil(before);
            if rest > 1 {
                let radix = root(rest, left);
                digits[at] = Some(Digit { relation: Arc::clone(&relation), before, radix, meaning: None });
                before = before.saturating_mul(radix);
            }
            left -= 1;
        }
        if before < needed {
            let whose = group.leader.map_or_else(String::new, |leader| {
                format!(" for one value of {}", self.key(declared, table, leader).name())
            });
            let message = format!(
                "{} has {needed} rows{whose}, which {} cannot tell apart: its other columns have only {before} combinations ({})",
                shape.name,
                group.key,
                fixed.join(", ")
            );
            self.problems.push(Diagnostic::error(place, message));
            return None;
        }
        // Rows without a leading parent have any digits, which are counted nowhere.
        if relation.nulls.count() == 0 {
            for (digit, &member) in digits.iter().zip(&group.digits) {
                if let (Some(digit), Digits::Foreign(foreign)) = (digit, member) {
                    let key = self.key(declared, table, foreign);
                    let exact = key
                        .profiles
                        .iter()
                        .all(|profile| profile.is_none_or(|profile| profile.null_frac.unwrap_or(0.0) == 0.0));
                    if exact {
                        plans.push(key.plan(shares(relation.fan_out.slots(), digit, key.parents)));
                    }
                }
            }
        }
        Some(Grouped { digits, plans })
    }

    /// All rows as one family, in no order.
    fn all_rows(&self, shape: &TableShape, group: &Group, rows: u64) -> Relation {
        let stream = Stream::new(self.request.seed, &shape.full_name(), &group.key, "combinations");
        Relation {
            nulls: Nulls::new(rows, 0, stream),
            root_instead_of: None,
            order: Order::new(rows, Disorder { window: rows, reversed: false }, stream.child(2)),
            fan_out: Shared::new([(rows, 1)], Arrangement::Kept, stream),
            strays: stream.child(4),
        }
    }
}

/// The least number whose `degree`-th power is at least `of`.
fn root(of: u64, degree: u32) -> u64 {
    if degree <= 1 {
        return of;
    }
    let (mut low, mut high) = (1u64, of);
    while low < high {
        let middle = low + (high - low) / 2;
        if middle.checked_pow(degree).is_none_or(|power| power >= of) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// How many parents have each number of children, where a digit of consecutive slots says which.
fn shares(slots: u64, digit: &Digit, parents: u64) -> Vec<(u64, u64)> {
    let period = digit.before.saturating_mul(digit.radix);
    let (whole, rest) = (slots / period, slots % period);
    let (full, part) = (rest / digit.before, rest % digit.before);
    let least = whole * digit.before;
    let mut degrees = BTreeMap::new();
    for (degree, count) in [
        (0, parents - digit.radix.min(parents)),
        (least + digit.before, full),
        (least + part, 1),
        (least, digit.radix - full - 1),
    ] {
        if count > 0 {
            *degrees.entry(degree).or_insert(0) += count;
        }
    }
    degrees.into_iter().collect()
}
