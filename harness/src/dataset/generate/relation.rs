//! How rows are tied to rows: several columns of a table may follow one relation, each taking another part of it.

use std::sync::Arc;

use super::fan_out::{Child, FanOut};
use super::nulls::Nulls;
use super::order::Order;
use super::permutation::Permutation;
use super::rng::Stream;
use super::segments::Slot;

/// The rows of a table as children of other rows.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// Rows without a parent.
    pub(crate) nulls: Nulls,
    /// In a tree, the first row has no parent, and this row, the first that would have none, has one instead.
    pub(crate) root_instead_of: Option<u64>,
    /// From the rank among the rows with a parent to a slot.
    pub(crate) order: Order,
    /// Parents of slots.
    pub(crate) fan_out: FanOut,
    /// Parents for what must not be NULL in rows without a parent.
    pub(crate) strays: Stream,
}

impl Relation {
    /// Replaces at most 64 rows (or [`Slot::NULL`]) by slots; NULL where a row has no parent.
    fn slots(&self, rows: &mut [u64]) {
        if let Some(swapped) = self.root_instead_of {
            // The root has no parent, and those up to that row move up by one.
            for row in rows.iter_mut().filter(|row| **row <= swapped) {
                *row = row.checked_sub(1).unwrap_or(Slot::NULL.0);
            }
        }
        let null = self.nulls.ranks(rows);
        self.order.positions(rows);
        mark(rows, null);
    }

    fn child(&self, slot: u64) -> Child {
        self.fan_out.child(slot)
    }
}

/// Sets what `null` has a bit for to [`Slot::NULL`].
pub(crate) fn mark(places: &mut [u64], mut null: u64) {
    while null != 0 {
        places[null.trailing_zeros() as usize] = Slot::NULL.0;
        null &= null - 1;
    }
}

/// A number that a row gets from a relation.
#[derive(Debug, Clone)]
pub(crate) enum Number {
    /// The parent's row.
    Parent(Arc<Relation>),
    /// The parent's row, or any where there is no parent.
    AnyParent(Arc<Relation>),
    /// How many siblings come before.
    Sibling(Arc<Relation>),
    /// 1 for the first of the siblings, 0 for the others; or the other way round.
    IsFirst {
        /// Whose siblings.
        relation: Arc<Relation>,
        /// Whether the first has 0.
        negated: bool,
    },
    /// One digit of the row's slot.
    Digit(Digit),
}

/// A digit of a slot's number: siblings are consecutive slots, so as long as no family has more members than all digits
/// together have combinations, no two of them have the same digits; and each digit is shared out evenly.
#[derive(Debug, Clone)]
pub(crate) struct Digit {
    /// Whose slots.
    pub(crate) relation: Arc<Relation>,
    /// Combinations of the digits before this one.
    pub(crate) before: u64,
    /// Values of this one.
    pub(crate) radix: u64,
    /// What the digit means.
    pub(crate) meaning: Option<Permutation>,
}

impl Number {
    /// Replaces at most 64 rows (or [`Slot::NULL`]) by their numbers; NULL where there is no parent.
    pub(crate) fn find(&self, rows: &mut [u64]) {
        match self {
            Self::Parent(relation) => {
                relation.slots(rows);
                replace(rows, |slot| relation.child(slot).parent);
            }
            Self::AnyParent(relation) => or_else(
                rows,
                |rows| {
                    relation.slots(rows);
                    replace(rows, |slot| relation.child(slot).parent);
                },
                |row| relation.strays.below(row, relation.fan_out.parents().max(1)),
            ),
            Self::Sibling(relation) => or_else(
                rows,
                |rows| {
                    relation.slots(rows);
                    replace(rows, |slot| relation.child(slot).sibling);
                },
                |_| 0,
            ),
            Self::IsFirst { relation, negated } => or_else(
                rows,
                |rows| {
                    relation.slots(rows);
                    replace(rows, |slot| u64::from((relation.child(slot).sibling == 0) != *negated));
                },
                |_| u64::from(!negated),
            ),
            Self::Digit(digit) => {
                let mean = |value| digit.meaning.as_ref().map_or(value, |meaning| meaning.apply(value));
                or_else(
                    rows,
                    |rows| {
                        digit.relation.slots(rows);
                        replace(rows, |slot| mean(slot / digit.before % digit.radix));
                    },
                    |row| mean(digit.relation.strays.below(row, digit.radix)),
                );
            }
        }
    }
}

fn replace(places: &mut [u64], with: impl Fn(u64) -> u64) {
    for place in places.iter_mut().filter(|place| **place != Slot::NULL.0) {
        *place = with(*place);
    }
}

/// Replaces rows by what `find` says, and those of which it says nothing by what `otherwise` says.
fn or_else(rows: &mut [u64], find: impl Fn(&mut [u64]), otherwise: impl Fn(u64) -> u64) {
    let mut asked = [0; 64];
    asked[..rows.len()].copy_from_slice(rows);
    find(rows);
    for (place, row) in rows.iter_mut().zip(asked) {
        if *place == Slot::NULL.0 && row != Slot::NULL.0 {
            *place = otherwise(row);
        }
    }
}
