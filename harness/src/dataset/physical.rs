//! What a table has besides its rows: dead tuples, free space, pages that are not all-visible.
//!
//! Surplus rows are sent among the others and deleted: those for free space are vacuumed away, those that are to be dead
//! tuples are not. Where they stand is a function of their place in the stream, so that the server finds them by
//! counting rows in physical order. Pages that are not all-visible come in stretches, as many as leave each long enough
//! for its ragged ends not to matter; dead tuples stand in these stretches only.

use std::ops::Range;

/// Pages per stretch below which there is a single one.
const STRETCH_PAGES: f64 = 512.0;
/// Never more stretches than this: each is a range for the server to compare with.
const STRETCHES_MAX: u64 = 64;

/// The declared physical state of one table, in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Physical {
    /// Live rows.
    live: u64,
    /// Rows that are deleted and stay as dead tuples.
    dead: u64,
    /// Rows that are deleted and vacuumed, which leaves free space.
    free: u64,
    /// Fraction of pages that are all-visible.
    visible_frac: f64,
    /// Whether somebody declared it.
    visible_declared: bool,
    /// Stretches that the table is cut in; the end of each is not all-visible.
    stretches: u64,
    /// Rows on such pages, by stretch, with how many there are in earlier stretches.
    hidden: Vec<(Range<u64>, u64)>,
}

/// Where dead tuples do not fit on the pages that are not all-visible: how many rows those have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooDense {
    /// Rows that have to be dead.
    pub dead: u64,
    /// Rows on pages that are not all-visible.
    pub room: u64,
}

/// `number * share / whole`, rounded down, for `number <= whole`.
#[inline]
fn part(number: u64, share: u64, whole: u64) -> u64 {
    match number.checked_mul(share) {
        Some(product) => product / whole.max(1),
        None => (u128::from(number) * u128::from(share) / u128::from(whole.max(1))) as u64,
    }
}

impl Physical {
    /// The state of a table of `live` rows of which a page holds `rows_per_page`.
    ///
    /// # Errors
    /// [`TooDense`] where dead tuples do not fit on the pages that are not all-visible.
    pub fn new(
        live: u64,
        rows_per_page: f64,
        dead_frac: f64,
        free_frac: f64,
        visible_frac: Option<f64>,
    ) -> Result<Self, TooDense> {
        let surplus = |frac: f64, rows: u64| (frac / (1.0 - frac) * rows as f64).round() as u64;
        let dead = surplus(dead_frac, live);
        // Free space is a fraction of all bytes, and rows are as wide one as the other.
        let free = surplus(free_frac, live + dead);
        let pages = (live + dead + free) as f64 / rows_per_page.max(1.0);
        let stretches = ((pages / STRETCH_PAGES) as u64).clamp(1, STRETCHES_MAX);
        // Without a word on visibility, dead tuples are anywhere, and what has none is visible.
        let unsaid = if dead > 0 { 0.0 } else { 1.0 };
        let visible_declared = visible_frac.is_some();
        let visible_frac = visible_frac.unwrap_or(unsaid);
        let mut physical =
            Self { live, dead, free, visible_frac, visible_declared, stretches, hidden: Vec::new() };
        let mut room = 0;
        for stretch in 0..stretches {
            let rows = physical.hidden(stretch, physical.kept());
            physical.hidden.push((rows.clone(), room));
            room += rows.end - rows.start;
        }
        if dead > room { Err(TooDense { dead, room }) } else { Ok(physical) }
    }

    /// A table of `live` rows and nothing else.
    pub fn only_rows(live: u64) -> Self {
        Self {
            live,
            dead: 0,
            free: 0,
            visible_frac: 1.0,
            visible_declared: false,
            stretches: 1,
            hidden: Vec::new(),
        }
    }

    /// Whether there is nothing but rows.
    pub fn is_plain(&self) -> bool {
        self.dead + self.free == 0 && self.visible_frac().is_none()
    }

    /// Rows to send.
    pub fn sent(&self) -> u64 {
        self.live + self.dead + self.free
    }

    /// Rows after the ones for free space were vacuumed away.
    pub fn kept(&self) -> u64 {
        self.live + self.dead
    }

    /// Dead tuples that stay.
    pub fn dead(&self) -> u64 {
        self.dead
    }

    /// Rows that make room and are vacuumed away.
    pub fn free(&self) -> u64 {
        self.free
    }

    /// Fraction of pages that are to be all-visible where it needs more than the deletions do.
    pub fn visible_frac(&self) -> Option<f64> {
        (self.visible_declared && self.visible_frac < 1.0).then_some(self.visible_frac)
    }

    /// Stretches of pages that are not all-visible.
    pub fn stretches(&self) -> u64 {
        self.stretches
    }

    /// Where the stretch that is not all-visible begins and ends, of the stretches that `whole` (rows or pages) is cut in.
    pub fn hidden(&self, stretch: u64, whole: u64) -> Range<u64> {
        let start = part(stretch, whole, self.stretches);
        let end = part(stretch + 1, whole, self.stretches);
        let visible = ((end - start) as f64 * self.visible_frac).round() as u64;
        (start + visible).min(end)..end
    }

    /// Rows on pages that are not all-visible.
    fn room(&self) -> u64 {
        self.hidden.last().map_or(0, |(rows, before)| before + rows.end - rows.start)
    }

    /// The same among the first `row` rows of those kept.
    #[inline]
    fn hidden_before(&self, row: u64) -> u64 {
        let stretch = part(row, self.stretches, self.kept()).min(self.stretches - 1) as usize;
        // Rounding may leave the row at the very end of the stretch before.
        let stretch =
            if stretch > 0 && row <= self.hidden[stretch - 1].0.end { stretch - 1 } else { stretch };
        let (rows, before) = &self.hidden[stretch];
        before + row.clamp(rows.start, rows.end) - rows.start
    }

    /// Rows for free space before place `place` of the stream: evenly spread.
    fn free_before(&self, place: u64) -> u64 {
        part(place, self.free, self.sent())
    }

    /// Dead rows before place `place` of what is kept: evenly spread over the pages that are not all-visible.
    fn dead_before(&self, place: u64) -> u64 {
        if self.dead == 0 { 0 } else { part(self.hidden_before(place), self.dead, self.room()) }
    }

    /// The rows of a stretch of the stream: calls `rows` with ranges of live rows, in order. A surplus row is a copy of
    /// the live one that stands next to it, so that it is as wide and as plausible as any.
    pub fn for_rows(&self, places: Range<u64>, mut rows: impl FnMut(Range<u64>)) {
        if self.dead + self.free == 0 {
            return rows(places);
        }
        let mut run: Option<Range<u64>> = None;
        for place in places {
            let free = self.free_before(place);
            let is_free = self.free_before(place + 1) > free;
            let kept = place - free;
            let dead = self.dead_before(kept);
            let is_surplus = is_free || self.dead_before(kept + 1) > dead;
            let row = kept - dead;
            match &mut run {
                Some(run) if !is_surplus && run.end == row => run.end += 1,
                _ => {
                    if let Some(done) = run.take() {
                        rows(done);
                    }
                    if is_surplus {
                        let copied = row.min(self.live - 1);
                        rows(copied..copied + 1);
                    } else {
                        run = Some(row..row + 1);
                    }
                }
            }
        }
        if let Some(run) = run {
            rows(run);
        }
    }

    /// An SQL expression over `place` (a `bigint`, counted from 0 in physical order among [`Self::sent`] rows) that is true
    /// for the rows that make free space.
    pub fn is_free_sql(&self, place: &str) -> String {
        rises(place, self.free, self.sent())
    }

    /// The same for the rows that become dead tuples, among [`Self::kept`] rows.
    pub fn is_dead_sql(&self, place: &str) -> String {
        // Rows on such pages before the place: a step function.
        let mut cases = String::from("CASE");
        for (Range { start, end }, before) in &self.hidden {
            cases.push_str(&format!(
                " WHEN {place} < {start} THEN NULL WHEN {place} < {end} THEN {place} - {start} + {before}"
            ));
        }
        cases.push_str(" END");
        rises(&format!("({cases})::bigint"), self.dead, self.room())
    }
}

/// True where `floor((n + 1) * share / whole)` is above `floor(n * share / whole)`.
fn rises(number: &str, share: u64, whole: u64) -> String {
    // Products of bigints overflow from about 3 * 10^9 squared on.
    let wide = share.checked_mul(whole).is_none_or(|product| product > i64::MAX as u64);
    let number = if wide { format!("({number})::numeric") } else { number.to_owned() };
    // The remainder of the first tells whether the second is a whole number more.
    format!("({number} * {share}) % {whole} >= {whole} - {share}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(physical: &Physical, step: u64) -> Vec<u64> {
        let mut rows = Vec::new();
        let mut start = 0;
        while start < physical.sent() {
            let end = (start + step).min(physical.sent());
            physical.for_rows(start..end, |run| rows.extend(run));
            start = end;
        }
        rows
    }

    #[test]
    fn nothing_declared_is_the_rows_as_they_are() {
        let physical = Physical::new(1_000, 50.0, 0.0, 0.0, None).unwrap();
        assert_eq!((physical.sent(), physical.visible_frac()), (1_000, None));
        assert!(stream(&physical, 300).into_iter().eq(0..1_000));
    }

    #[test]
    fn dead_rows_stand_where_pages_are_not_visible() {
        let physical = Physical::new(9_000, 50.0, 0.1, 0.0, Some(0.75)).unwrap();
        assert_eq!((physical.dead(), physical.kept()), (1_000, 10_000));
        assert_eq!(physical.hidden(0, 10_000), 7_500..10_000);
        assert_eq!((physical.dead_before(7_500), physical.dead_before(10_000)), (0, 1_000));
        assert_eq!(
            Physical::new(9_000, 50.0, 0.1, 0.0, Some(0.95)),
            Err(TooDense { dead: 1_000, room: 500 })
        );
    }

    proptest! {
        #[test]
        fn every_live_row_is_sent_in_order_and_the_surplus_beside_it(
            live in 1u64..3_000, dead in 0.0f64..0.6, free in 0.0f64..0.6, visible in prop::option::of(0.0f64..0.4),
            step in 1u64..700,
        ) {
            let Ok(physical) = Physical::new(live, 2.0, dead, free, visible) else { return Ok(()) };
            let rows = stream(&physical, step);
            prop_assert_eq!(rows.len() as u64, physical.sent());
            prop_assert!(rows.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 1));
            prop_assert_eq!((rows[0], *rows.last().unwrap()), (0, live - 1));
            // As the server counts: those for free space first, the dead among the rest.
            let hidden: Vec<u64> = (0..=physical.kept()).map(|row| physical.hidden_before(row)).collect();
            let counted = (0..physical.kept()).scan(0, |before, row| {
                *before += u64::from(physical.hidden.iter().any(|(rows, _)| rows.contains(&row)));
                Some(*before)
            });
            prop_assert!(hidden[1..].iter().copied().eq(counted));
            let free = (0..physical.sent()).filter(|&at| physical.free_before(at + 1) > physical.free_before(at));
            prop_assert_eq!(free.count() as u64, physical.free());
            let dead = (0..physical.kept()).filter(|&at| physical.dead_before(at + 1) > physical.dead_before(at));
            prop_assert_eq!(dead.count() as u64, physical.dead());
        }
    }
}
