//! Foreign keys: values of the referenced key, found by computing them, not by looking them up.

use std::sync::Arc;

use super::numbers::{self, Bounds};
use super::share::Shares;
use super::{Built, Layout, Parent, Report, kinds};
use crate::dataset::generate::column::{Column, Source};
use crate::dataset::generate::nulls::Nulls;
use crate::dataset::generate::order::{Disorder, Order};
use crate::dataset::generate::relation::Number;
use crate::dataset::generate::segments::Segments;
use crate::dataset::generate::values::{Cell, Lattice, Made, Values, step};
use crate::dataset::plan::lattice::{self, Rest, Stretch};
use crate::dataset::plan::literal::limits;
use crate::postgres::shape::ColumnType;

/// Lays out a column that references `parent`.
pub(super) fn lay_out(report: &mut Report<'_, '_>, parent: &Parent, shares: &Shares) -> Option<Layout> {
    let filled = report.brief.rows - shares.nulls;
    let Some(key) = &parent.key else {
        if filled > 0 {
            let message =
                format!("references {}, which gets no rows, but is not null in {filled} rows", parent.table);
            report.error(None, message).help =
                Some(format!("declare rows for {} in the profile", parent.table));
            return None;
        }
        return Some(empty());
    };
    let keys = key.column.values.segments.positions();
    let kind = &report.brief.column.kind;
    check_type(report, parent, key)?;
    if let Some(unique) = report.brief.unique_key.filter(|_| filled > keys) {
        let message = format!(
            "has {filled} different values, as {unique} demands, but {} has only {keys} keys to reference",
            parent.table
        );
        report.error(None, message);
        return None;
    }
    let wanted = match shares.distinct {
        // Fewer keys than declared can only be referenced in fewer ways.
        Some(Rest::Exactly(distinct)) if distinct <= parent.keys_declared => distinct.min(keys),
        Some(Rest::Exactly(distinct)) => distinct,
        Some(Rest::AtMost(distinct)) => distinct.min(keys),
        None => keys.saturating_sub((shares.common.len() + shares.chosen.len()) as u64),
    };
    let wanted = wanted.min(shares.rest);
    if wanted > keys {
        let message =
            format!("has {wanted} different values, but {} has only {keys} keys to reference", parent.table);
        report.error(report.brief.profile.n_distinct_place.as_ref(), message);
        return None;
    }
    match dense(key) {
        Some((first, last)) if is_whole(kind) => numbers(report, parent, shares, (first, last), wanted),
        _ => computed(report, parent, key, shares, wanted),
    }
}

/// Whether the column can hold the key's values.
fn check_type(report: &mut Report<'_, '_>, parent: &Parent, key: &Built) -> Option<()> {
    let kind = &report.brief.column.kind;
    let compatible = match lattice::lattice(kind, 0) {
        Some(child) if is_whole(kind) && is_whole(&parent.kind) => {
            let (least, most) = limits(child, kind);
            key.greatest.is_none_or(|greatest| (least..=most).contains(&greatest))
        }
        _ => *kind == parent.kind || (kind.is_text() && parent.kind.is_text() && fits(kind, &parent.kind)),
    };
    if !compatible {
        let message = format!("references {} with a type that cannot hold all of its keys", parent.table);
        report.error(None, message);
        return None;
    }
    Some(())
}

/// A column that has the value of a column of the row that `number` says; `nulls` of its rows are NULL, by `nulls_stream`
/// where the number does not say which.
pub(super) fn related(
    report: &mut Report<'_, '_>,
    parent: &Parent,
    number: Number,
    nulls: Nulls,
) -> Option<Built> {
    let Some(key) = &parent.key else {
        // There is nothing to reference, and every row says so.
        let values = Values {
            segments: Segments::new([]),
            cells: Vec::new(),
            ready: Vec::new(),
            lattice: Lattice::Int8,
            made: Made::Never,
        };
        let order = Order::new(0, Disorder { window: 1, reversed: false }, kinds::stream(report));
        let column = Column { nulls, by_row: false, order, values: Arc::new(values), source: Source::Order };
        return Some(Built {
            column,
            width_bytes: 0.0,
            null_frac: 1.0,
            out_of_line_bytes: 0.0,
            greatest: None,
        });
    };
    check_type(report, parent, key)?;
    let in_key = key.column.nulls.count();
    let ranked = in_key > 0 && matches!(key.column.source, Source::Order) && !report.brief.composite;
    if in_key > 0 && !ranked {
        let message = format!(
            "references a column of {} that is NULL in {in_key} rows, which cannot be generated here",
            parent.table
        );
        report.error(None, message).help = Some(
            "declare a null_frac of 0 for the referenced column, or leave the table out of the profile"
                .into(),
        );
        return None;
    }
    let kind = &report.brief.column.kind;
    let mut values = Arc::clone(&key.column.values);
    if *kind != parent.kind && is_whole(kind) {
        if values.cells.iter().any(|cell| matches!(cell, Cell::Ready(_))) {
            let message = format!("references values of {} that are declared in another type", parent.table);
            report.error(None, message);
            return None;
        }
        values = Arc::new(Values { lattice: lattice::lattice(kind, 0)?, ..Values::clone(&values) });
    }
    let rows = report.brief.rows.max(1);
    let null_frac = nulls.count() as f64 / rows as f64;
    let order = Order::new(0, Disorder { window: 1, reversed: false }, kinds::stream(report));
    let source = Source::Parent { row: number, key: Arc::new(key.column.clone()), ranked };
    Some(Built {
        column: Column { nulls, by_row: false, order, values, source },
        width_bytes: key.width_bytes,
        null_frac,
        out_of_line_bytes: key.out_of_line_bytes,
        greatest: key.greatest,
    })
}

fn is_whole(kind: &ColumnType) -> bool {
    matches!(kind, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8)
}

fn fits(kind: &ColumnType, parent: &ColumnType) -> bool {
    match (kind.char_limit(), parent.char_limit()) {
        (None, _) => true,
        (Some(limit), Some(parent)) => limit >= parent,
        (Some(_), None) => false,
    }
}

fn empty() -> Layout {
    Layout {
        stretches: Vec::new(),
        ready: Vec::new(),
        lattice: Lattice::Int8,
        made: Made::Never,
        width_bytes: 0.0,
    }
}

/// The first and last key, where keys are whole numbers without gaps.
fn dense(key: &Built) -> Option<(i64, i64)> {
    let Values { cells, segments, .. } = &*key.column.values;
    match &cells[..] {
        [Cell::Steps { first, step }] if *step == 1 << 64 || segments.distinct() == 1 => {
            Some((*first, first.checked_add_unsigned(segments.distinct() - 1)?))
        }
        _ => None,
    }
}

/// Keys are numbers without gaps: the column is a column of numbers, with most common ones and a histogram if declared.
fn numbers(
    report: &mut Report<'_, '_>,
    parent: &Parent,
    shares: &Shares,
    (first, last): (i64, i64),
    wanted: u64,
) -> Option<Layout> {
    let profile = report.brief.profile;
    let keys = first..=last;
    for (literal, _) in &shares.common {
        if !keys.contains(&literal.rank) {
            let message = format!(
                "has {} among its most_common values, but the keys of {} go from {first} to {last}",
                literal.rank, parent.table
            );
            report.error(profile.most_common_place.as_ref(), message);
            return None;
        }
    }
    let rest = match shares.distinct {
        Some(Rest::Exactly(_)) => Rest::Exactly(wanted),
        _ => Rest::AtMost(wanted),
    };
    if profile.histogram_bounds.is_empty() {
        return numbers::numbers(report, shares, Bounds::Given(vec![first, last]), rest);
    }
    let bounds = numbers::declared_bounds(report, 0)?;
    if let Some((bound, written)) =
        bounds.iter().zip(&profile.histogram_bounds).find(|(bound, _)| !keys.contains(bound))
    {
        let message = format!(
            "has {bound} among its histogram_bounds, but the keys of {} go from {first} to {last}",
            parent.table
        );
        report.error(Some(&written.place), message);
        return None;
    }
    numbers::numbers(report, shares, Bounds::Given(bounds), rest)
}

/// Keys are whatever they are: a value's number stands for a key's.
fn computed(
    report: &mut Report<'_, '_>,
    parent: &Parent,
    key: &Built,
    shares: &Shares,
    wanted: u64,
) -> Option<Layout> {
    let profile = report.brief.profile;
    for (declared, what, place) in [
        (!profile.most_common.is_empty(), "most_common values", &profile.most_common_place),
        (!profile.histogram_bounds.is_empty(), "histogram_bounds", &profile.histogram_bounds_place),
    ] {
        if declared {
            let message =
                format!("has {what}, which a reference to generated keys of {} cannot have", parent.table);
            report.error(place.as_ref(), message);
            return None;
        }
    }
    if !shares.chosen.is_empty() {
        let message = format!(
            "has most_common_freqs, which a reference to generated keys of {} cannot have",
            parent.table
        );
        report.error(None, message);
        return None;
    }
    let kind = &report.brief.column.kind;
    let mut values = Values::clone(&key.column.values);
    if is_whole(kind) {
        values.lattice = lattice::lattice(kind, 0)?;
    }
    let keys = values.segments.positions();
    let lattice = values.lattice;
    let made = Made::Foreign { key: Arc::new(values), step: step(keys, wanted) };
    let stretches = if shares.rest == 0 {
        Vec::new()
    } else {
        vec![Stretch { count: shares.rest, distinct: wanted, cell: Cell::Made }]
    };
    Some(Layout { stretches, ready: Vec::new(), lattice, made, width_bytes: key.width_bytes })
}
