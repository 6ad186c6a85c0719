//! One column: its NULLs, its order and its values.

use std::ops::Range;
use std::sync::Arc;

use super::nulls::{BLOCK, Nulls};
use super::order::Order;
use super::segments::Slot;
use super::values::Values;
use crate::dataset::encode;

/// Everything that decides a column's cells.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) nulls: Nulls,
    pub(crate) order: Order,
    pub(crate) values: Arc<Values>,
}

impl Column {
    /// Fills `slots` with what stands in `rows`, one slot per row.
    pub(crate) fn locate(&self, rows: Range<u64>, slots: &mut [u64]) {
        debug_assert_eq!(rows.end - rows.start, slots.len() as u64);
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
                *slot = block.rank + u64::from(earlier.count_ones());
            }
            self.place(here);
            for (bit, slot) in (first..).zip(here) {
                // All ones where the row is NULL: the slot that stands for it.
                *slot |= (block.mask >> bit & 1).wrapping_neg();
            }
            start = end;
        }
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
