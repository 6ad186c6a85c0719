//! One column: its NULLs, its order and its values.

use std::ops::Range;
use std::sync::Arc;

use super::dependence::Dependence;
use super::nulls::{BLOCK, Nulls};
use super::order::Order;
use super::relation::{Number, mark};
use super::segments::Slot;
use super::values::Values;
use crate::dataset::encode;

/// Everything that decides a column's cells.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) nulls: Nulls,
    /// Whether a row's place is its own number, not its rank among the rows that are not NULL: the column then goes along
    /// with another that has no NULLs, and what a NULL takes the place of is in no row.
    pub(crate) by_row: bool,
    pub(crate) order: Order,
    pub(crate) values: Arc<Values>,
    pub(crate) source: Source,
}

/// What a row's value follows from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Its rank among the rows that are not NULL, by the column's order.
    Order,
    /// The row of a referenced table that it is tied to: the value that its column has there. NULL where there is none.
    Parent {
        /// The number of the referenced row.
        row: Number,
        /// The referenced column, which has the same values.
        key: Arc<Column>,
        /// Whether the number counts only rows in which the referenced column is not NULL.
        ranked: bool,
    },
    /// A number that the row has: the value with that number in value order.
    Number(Number),
    /// The value of another column, in part.
    Decided(Arc<Dependence>),
}

impl Column {
    /// Fills `slots` with what stands in `rows`, one slot per row.
    pub(crate) fn locate(&self, rows: Range<u64>, slots: &mut [u64]) {
        debug_assert_eq!(rows.end - rows.start, slots.len() as u64);
        if !matches!(self.source, Source::Order) {
            for (row, slot) in rows.zip(&mut *slots) {
                *slot = row;
            }
            self.locate_rows(slots);
            return;
        }
        if self.nulls.count() == 0 {
            for (row, slot) in rows.zip(&mut *slots) {
                *slot = row;
            }
            self.place(slots);
            return;
        }
        let mut start = rows.start;
        while start < rows.end {
            let index = start / BLOCK;
            let end = ((index + 1) * BLOCK).min(rows.end);
            let here = &mut slots[(start - rows.start) as usize..(end - rows.start) as usize];
            let block = self.nulls.block(index);
            let first = start % BLOCK;
            for (bit, slot) in (first..).zip(&mut *here) {
                let earlier = !block.mask & ((1 << bit) - 1);
                let rank = block.rank + u64::from(earlier.count_ones());
                *slot = if self.by_row { index * BLOCK + bit } else { rank };
            }
            self.place(here);
            for (bit, slot) in (first..).zip(here) {
                // All ones where the row is NULL: the slot that stands for it.
                *slot |= (block.mask >> bit & 1).wrapping_neg();
            }
            start = end;
        }
    }

    /// Replaces rows, in any order, by what stands in them; [`Slot::NULL`] stays.
    pub(crate) fn locate_rows(&self, rows: &mut [u64]) {
        for rows in rows.chunks_mut(BLOCK as usize) {
            match &self.source {
                Source::Order => {
                    let null = if self.by_row { self.own_nulls(rows) } else { self.nulls.ranks(rows) };
                    self.place(rows);
                    mark(rows, null);
                }
                Source::Parent { row, key, ranked } => {
                    // Rows without a parent are NULL as it is.
                    let own = if matches!(row, Number::Parent(_)) { 0 } else { self.own_nulls(rows) };
                    row.find(rows);
                    if *ranked {
                        key.locate_ranks(rows);
                    } else {
                        key.locate_rows(rows);
                    }
                    mark(rows, own);
                }
                Source::Number(number) => {
                    let own = self.own_nulls(rows);
                    number.find(rows);
                    for row in rows.iter_mut().filter(|row| **row != Slot::NULL.0) {
                        *row = self.values.segments.nth(*row).0;
                    }
                    mark(rows, own);
                }
                Source::Decided(dependence) => {
                    let mut slots = [0; BLOCK as usize];
                    let slots = &mut slots[..rows.len()];
                    slots.copy_from_slice(rows);
                    dependence.column.locate_rows(slots);
                    let null = self.nulls.ranks(rows);
                    self.order.positions(rows);
                    let segments = &self.values.segments;
                    if segments.positions() > 0 {
                        for (row, slot) in rows.iter_mut().zip(slots) {
                            *row = segments.locate(dependence.position(Slot(*slot)).unwrap_or(*row)).0;
                        }
                    }
                    mark(rows, null);
                }
            }
        }
    }

    /// Replaces ranks among the rows that are not NULL by what stands there; [`Slot::NULL`] stays.
    fn locate_ranks(&self, ranks: &mut [u64]) {
        let null = (ranks.iter().enumerate())
            .fold(0, |null, (at, rank)| null | u64::from(*rank == Slot::NULL.0) << at);
        self.place(ranks);
        mark(ranks, null);
    }

    /// A bit for each row that is NULL whatever it follows from.
    fn own_nulls(&self, rows: &[u64]) -> u64 {
        if self.nulls.count() == 0 {
            return 0;
        }
        let mut ranks = [0; BLOCK as usize];
        let ranks = &mut ranks[..rows.len()];
        ranks.copy_from_slice(rows);
        self.nulls.ranks(ranks)
    }

    fn place(&self, ranks: &mut [u64]) {
        if self.values.segments.positions() == 0 {
            return;
        }
        self.order.positions(ranks);
        for rank in ranks {
            *rank = self.values.segments.locate(*rank).0;
        }
    }

    /// Appends the field that stands in a slot.
    #[inline]
    pub(crate) fn write(&self, slot: Slot, out: &mut Vec<u8>) {
        if slot == Slot::NULL {
            encode::null(out);
        } else {
            self.values.write(slot, out);
        }
    }
}
