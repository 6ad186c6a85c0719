//! What was seen from beside of one statement while it ran.

use std::collections::BTreeMap;

use crate::event::{Changed, ChangesSeen};
use crate::timeline::{StatementSpan, Timeline};
use crate::window::{Window, to_the_us};

/// Parts of its time of which the rate is told.
const PARTS: u64 = 40;

/// The looks at the migration's session while a statement ran, and the one right after it.
#[derive(Debug)]
pub(super) struct Looks<'a> {
    pub(super) started_us: u64,
    /// When its result was here, or the record ends.
    pub(super) ended_us: u64,
    /// In order; the last one, after it, counts as being made when its result was here.
    seen: Vec<(u64, &'a ChangesSeen)>,
    /// What each statement inside had changed, as of each of them, without what it had before.
    counted: Vec<(u64, BTreeMap<u32, Changed>)>,
}

impl<'a> Looks<'a> {
    /// None where nobody counted, or not to the end: what had been changed by some look before says nothing of all of it.
    pub(super) fn of(timeline: &Timeline<'a>, span: &StatementSpan) -> Option<Self> {
        let statement = span.started.statement;
        let (started_us, ended_us) = (span.started_us, span.end_us(timeline.close_us));
        let is_of_it = |at_us: u64, seen: &ChangesSeen| match seen.statement {
            Some(after) => after == statement,
            None => (started_us..=ended_us).contains(&at_us),
        };
        let counts = |seen: &&ChangesSeen| seen.changes.is_some();
        let before = timeline.changes.iter().filter(|(at_us, seen)| {
            let is_earlier = *at_us <= started_us && seen.statement != Some(statement);
            is_earlier && !is_of_it(*at_us, seen)
        });
        let before = before.map(|(_, seen)| *seen).rfind(counts);
        let zero: BTreeMap<u32, Changed> = by_number(before);
        let seen: Vec<(u64, &ChangesSeen)> = timeline
            .changes
            .iter()
            .filter(|(at_us, seen)| is_of_it(*at_us, seen))
            .map(|(at_us, seen)| ((*at_us).clamp(started_us, ended_us), *seen))
            .collect();
        let since_zero = |changed: &Changed| {
            let zero = zero.get(&changed.change);
            Changed {
                change: changed.change,
                calls: changed.calls.saturating_sub(zero.map_or(0, |zero| zero.calls)),
                rows: changed.rows.saturating_sub(zero.map_or(0, |zero| zero.rows)),
            }
        };
        let counted: Vec<(u64, BTreeMap<u32, Changed>)> = seen
            .iter()
            .filter_map(|(at_us, seen)| {
                let changes = seen.changes.as_ref()?.iter().map(since_zero);
                Some((*at_us, changes.map(|changed| (changed.change, changed)).collect()))
            })
            .collect();
        let to_the_end = seen.last().is_some_and(|(_, last)| last.changes.is_some());
        to_the_end.then_some(Self { started_us, ended_us, seen, counted })
    }

    /// Rows so far, by time, from 0 on.
    pub(super) fn points(&self) -> Vec<(u64, u64)> {
        let mut points = vec![(self.started_us, 0)];
        points.extend(self.counted.iter().map(|(at_us, counted)| (*at_us, sum(counted, |of| of.rows))));
        points
    }

    pub(super) fn rows(&self) -> u64 {
        self.points().last().map_or(0, |(_, rows)| *rows)
    }

    /// Executions between two looks between which rows were changed, and how many rows, of each statement inside.
    fn steps(&self) -> Vec<(u64, u64)> {
        let mut steps = Vec::new();
        let mut known: BTreeMap<u32, Changed> = BTreeMap::new();
        for (_, counted) in &self.counted {
            for (number, now) in counted {
                let (calls, rows) = known.get(number).map_or((0, 0), |known| (known.calls, known.rows));
                let rows = now.rows.saturating_sub(rows);
                if rows > 0 {
                    // An execution that is not over may have changed rows all the same: it is one.
                    steps.push((now.calls.saturating_sub(calls).max(1), rows));
                }
            }
            known.extend(counted.iter().map(|(number, now)| (*number, *now)));
        }
        steps
    }

    pub(super) fn batches(&self) -> u64 {
        self.steps().iter().fold(0, |sum, (calls, _)| sum.saturating_add(*calls))
    }

    pub(super) fn batch_rows_max(&self) -> Option<u64> {
        self.steps().iter().map(|(calls, rows)| rows.div_ceil(*calls)).max()
    }

    /// See [`Backfill::rows_per_s_at_end`](crate::model::backfill::Backfill::rows_per_s_at_end).
    pub(super) fn rows_per_s_at_end(&self) -> Option<f64> {
        let tenth_us = (self.ended_us - self.started_us) / 10;
        let points = self.points();
        let (last_us, last) = *points.last()?;
        let since = points
            .iter()
            .rev()
            .find(|(at_us, _)| *at_us < last_us && self.ended_us.saturating_sub(*at_us) >= tenth_us);
        let (since_us, since) = *since?;
        per_second(last.saturating_sub(since), last_us - since_us)
    }

    /// In equal parts of the time, as many as there were looks and not more than [`PARTS`].
    pub(super) fn rows_per_s_over_time(&self) -> Vec<f64> {
        let mut points = self.points();
        let (last_us, last) = points.last().copied().unwrap_or((self.started_us, 0));
        if last_us < self.ended_us {
            points.push((self.ended_us, last));
        }
        let parts = PARTS.min(self.counted.len() as u64);
        let all_us = self.ended_us - self.started_us;
        let edge = |part: u64| {
            let share = u128::from(all_us) * u128::from(part) / u128::from(parts.max(1));
            self.started_us + u64::try_from(share).unwrap_or(all_us)
        };
        let rate = |part: u64| {
            let (from_us, to_us) = (edge(part), edge(part + 1));
            let rows = (rows_at(&points, to_us) - rows_at(&points, from_us)).max(0.0);
            (to_us > from_us).then(|| to_the_us(rows * 1e6 / (to_us - from_us) as f64))
        };
        (0..parts).filter_map(rate).collect()
    }

    /// How long its longest transaction was open, between the two, microseconds: one may have begun right after a look and
    /// gone on until right before the next.
    pub(super) fn longest_transaction(&self) -> Option<Window> {
        let seen_us = self.seen.iter().filter_map(|(_, seen)| seen.transaction_us).max()?;
        let mut gap_us = 0;
        let mut before_us = self.started_us;
        for at_us in self.seen.iter().map(|(at_us, _)| *at_us).chain([self.ended_us]) {
            gap_us = at_us.saturating_sub(before_us).max(gap_us);
            before_us = at_us;
        }
        let all_us = self.ended_us - self.started_us;
        Some(Window::between(seen_us.min(all_us), seen_us.saturating_add(gap_us).min(all_us)))
    }

    /// Write-ahead log up to the last look, from the last position that is known before it.
    pub(super) fn wal_bytes(&self, timeline: &Timeline, span: &StatementSpan) -> Option<u64> {
        let (_, last) = self.seen.last()?;
        let earlier = timeline.statements.range(..span.started.statement).rev();
        let mut earlier = earlier.filter_map(|(_, span)| span.finished.and_then(|(_, done)| done.wal_lsn));
        let from = earlier.next().or(timeline.migration.map(|(_, started)| started.wal_lsn))?;
        Some(last.wal_lsn.saturating_sub(from))
    }

    /// What each statement inside had changed, by time.
    pub(super) fn of_each(&self) -> BTreeMap<u32, Vec<(u64, Changed)>> {
        let mut of_each: BTreeMap<u32, Vec<(u64, Changed)>> = BTreeMap::new();
        for (at_us, counted) in &self.counted {
            for (number, changed) in counted {
                of_each.entry(*number).or_default().push((*at_us, *changed));
            }
        }
        of_each
    }
}

fn by_number(seen: Option<&ChangesSeen>) -> BTreeMap<u32, Changed> {
    let changes = seen.and_then(|seen| seen.changes.as_ref()).into_iter().flatten();
    changes.map(|changed| (changed.change, *changed)).collect()
}

fn sum(counted: &BTreeMap<u32, Changed>, of: fn(&Changed) -> u64) -> u64 {
    counted.values().fold(0, |sum, changed| sum.saturating_add(of(changed)))
}

/// Rows that had been changed by then, growing steadily from each look to the next.
fn rows_at(points: &[(u64, u64)], at_us: u64) -> f64 {
    let next = points.partition_point(|(point_us, _)| *point_us <= at_us);
    let before = next.checked_sub(1).and_then(|before| points.get(before)).copied().unwrap_or((at_us, 0));
    let Some((next_us, next)) = points.get(next).copied() else { return before.1 as f64 };
    let (passed_us, between_us) = (at_us.saturating_sub(before.0), next_us.saturating_sub(before.0).max(1));
    before.1 as f64 + next.saturating_sub(before.1) as f64 * passed_us as f64 / between_us as f64
}

/// None over no time at all.
pub(super) fn per_second(rows: u64, us: u64) -> Option<f64> {
    (us > 0).then(|| to_the_us(rows as f64 * 1e6 / us as f64))
}
