//! What is declared of a column, held against the constraints; and what is not declared, made after them.

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{Bound, ColumnProfile, MostCommon};
use pgrehearse_scenarios::source::Place;

use super::Rule;
use super::limits::{Allowed, Limits, tick, within};
use super::written::written;
use crate::dataset::plan::habits::habit;
use crate::dataset::plan::lattice::{lattice, scales};
use crate::dataset::plan::literal;
use crate::postgres::shape::{ColumnShape, ColumnType, TableShape};

/// A column, before constraints are looked at.
#[derive(Debug)]
pub(in crate::dataset::plan) struct Column<'a> {
    pub(in crate::dataset::plan) table: &'a TableShape,
    pub(in crate::dataset::plan) shape: &'a ColumnShape,
    pub(in crate::dataset::plan) profile: &'a ColumnProfile,
    pub(in crate::dataset::plan) table_place: &'a Place,
    pub(in crate::dataset::plan) rows: u64,
    /// Whether no value may appear twice.
    pub(in crate::dataset::plan) unique: bool,
    /// Whether it is numbered from 1 in row order.
    pub(in crate::dataset::plan) numbered: bool,
    /// Whether its values are those of another column.
    pub(in crate::dataset::plan) references: bool,
}

/// The same, with values that satisfy the constraints where they were left open.
#[derive(Debug, Clone)]
pub(in crate::dataset::plan) struct Adapted {
    pub(in crate::dataset::plan) shape: ColumnShape,
    pub(in crate::dataset::plan) profile: ColumnProfile,
}

/// Adds an error for everything declared that breaks one of `rules`, and makes what is left open after them.
pub(in crate::dataset::plan) fn adapt(
    column: &Column<'_>,
    rules: &[Rule],
    problems: &mut Vec<Diagnostic>,
) -> Adapted {
    for rule in rules {
        hold_against(column, rule, problems);
    }
    let mut adapted = Adapted { shape: column.shape.clone(), profile: column.profile.clone() };
    let limits = rules.iter().fold(Limits::NONE, |limits, rule| limits.and(&rule.limits));
    adapted.shape.not_null |= limits.not_null;
    if column.references {
        return adapted;
    }
    if let Some(most) = limits.chars_max.and_then(|most| u32::try_from(most).ok()) {
        adapted.shape.kind = match column.shape.kind {
            ColumnType::Text => ColumnType::Varchar(Some(most)),
            ColumnType::Varchar(limit) => ColumnType::Varchar(Some(limit.unwrap_or(most).min(most))),
            ref other => other.clone(),
        };
    }
    match list(&limits.values, &column.shape.kind) {
        Some(values) => take_from_list(column, values, rules, &mut adapted, problems),
        None => stay_between(column, &limits.values, &mut adapted.profile),
    }
    adapted
}

fn hold_against(column: &Column<'_>, rule: &Rule, problems: &mut Vec<Diagnostic>) {
    let (profile, kind) = (column.profile, &column.shape.kind);
    let mut refuse = |place: Option<&Place>, what: String| {
        let place = place.unwrap_or(&profile.place).clone();
        let message = format!("{}.{} has {what}", column.table.name, column.shape.name);
        problems.push(Diagnostic::error(place, message).help(rule.mend));
    };
    let says = &rule.says;
    let limits = &rule.limits;
    if let Some(bad) = profile.most_common.iter().find(|common| !limits.allow(&common.value, kind)) {
        let what = format!("`{}` among its most_common values, which {says} refuses", bad.value);
        refuse(profile.most_common_place.as_ref(), what);
    }
    let bounds = &profile.histogram_bounds;
    if let Some(bad) = bounds.iter().find(|bound| !limits.allow(&bound.value, kind)) {
        let what = format!("`{}` among its histogram_bounds, which {says} refuses", bad.value);
        refuse(Some(&bad.place), what);
    } else if let Allowed::Ticks(intervals) = &limits.values {
        let apart = bounds.windows(2).find(|ends| {
            let ticks = (tick(&ends[0].value, kind), tick(&ends[1].value, kind));
            let (Some(first), Some(last)) = ticks else { return false };
            !intervals.iter().any(|&(from, to)| from <= first && last <= to)
                // Neighbours have nothing between them.
                && lattice(kind, scales(kind).0)
                    .is_some_and(|lattice| last - first > super::ticks_per_unit(lattice))
        });
        if let Some([first, last]) = apart {
            let (from, to) = (&first.value, &last.value);
            let what = format!("a histogram bucket from `{from}` to `{to}`, of which {says} refuses a part");
            refuse(Some(&last.place), what);
        }
    }
    if limits.not_null
        && let Some(null_frac) = profile.null_frac.filter(|&null_frac| null_frac > 0.0)
    {
        refuse(profile.null_frac_place.as_ref(), format!("a null_frac of {null_frac}, which {says} refuses"));
    }
}

/// A list is a list up to so many values.
const LIST_MAX: usize = 1_000;

/// The values that are left, where they are few enough to be listed and not all of their type's.
fn list(values: &Allowed, kind: &ColumnType) -> Option<Vec<String>> {
    let labels: Vec<String> = match (values, kind) {
        (Allowed::Only(values), _) => return Some(values.iter().cloned().collect()),
        (Allowed::Ticks(_), ColumnType::Enum(labels)) => labels.clone(),
        (Allowed::Ticks(_), ColumnType::Bool) => vec!["false".into(), "true".into()],
        (Allowed::Ticks(intervals), _) => {
            let lattice = lattice(kind, scales(kind).1.min(scales(kind).0.max(6)))?;
            let mut points = Vec::new();
            for &interval in intervals {
                let (first, last) = within(interval, lattice)?;
                if last > first {
                    return None;
                }
                points.push(written(first, lattice));
            }
            return (points.len() <= LIST_MAX).then_some(points);
        }
        _ => return None,
    };
    let limits = Limits::of(values.clone());
    let left: Vec<String> = labels.iter().filter(|label| limits.allow(label, kind)).cloned().collect();
    (left.len() < labels.len()).then_some(left)
}

fn take_from_list(
    column: &Column<'_>,
    values: Vec<String>,
    rules: &[Rule],
    adapted: &mut Adapted,
    problems: &mut Vec<Diagnostic>,
) {
    let (declared, kind) = (column.profile, &column.shape.kind);
    if column.unique || column.numbered || values.is_empty() {
        return;
    }
    let name = format!("{}.{}", column.table.name, column.shape.name);
    let says = || rules.iter().map(|rule| rule.says.as_str()).collect::<Vec<_>>().join(" and ");
    if declared.generator.is_some() {
        let place = declared.generator_place.as_ref().unwrap_or(&declared.place).clone();
        let message = format!(
            "{name} has a generator, but {} leaves it these values only: {}",
            says(),
            values.join(", ")
        );
        problems
            .push(Diagnostic::error(place, message).help("leave the generator out, or declare most_common"));
        return;
    }
    if !declared.histogram_bounds.is_empty() {
        // Bounds that are all among few values have nothing between them that could be taken.
        return;
    }
    let taken = |value: &String| {
        declared.most_common.iter().any(|common| match (tick(&common.value, kind), tick(value, kind)) {
            (Some(one), Some(other)) => one == other,
            _ => common.value == *value,
        })
    };
    let mut left: Vec<String> = values.iter().filter(|value| !taken(value)).cloned().collect();
    if let Some(n_distinct) = declared.n_distinct.filter(|&count| count >= 1.0) {
        if n_distinct > values.len() as f64 {
            let place = declared.n_distinct_place.as_ref().unwrap_or(&declared.place).clone();
            let message = format!(
                "{name} has an n_distinct of {n_distinct}, but {} leaves it {} values",
                says(),
                values.len()
            );
            problems.push(
                Diagnostic::error(place, message).help("declare as many as there are, or leave it out"),
            );
            return;
        }
        left.truncate((n_distinct as usize).saturating_sub(declared.most_common.len()));
    }
    let usual_nulls = if adapted.shape.not_null { 0.0 } else { habit(column.shape).null_frac };
    let nulls = declared.null_frac.unwrap_or(usual_nulls);
    let mut rest = 1.0 - nulls - declared.most_common.iter().map(|common| common.frequency).sum::<f64>();
    let profile = &mut adapted.profile;
    if declared.most_common_freqs.len() <= left.len() {
        for (value, &frequency) in
            left.drain(..declared.most_common_freqs.len()).zip(&declared.most_common_freqs)
        {
            rest -= frequency;
            profile.most_common.push(MostCommon { value, frequency });
        }
        profile.most_common_freqs.clear();
    }
    if rest < 1e-9 || left.is_empty() {
        return;
    }
    let frequency = rest / left.len() as f64;
    profile.most_common.extend(left.into_iter().map(|value| MostCommon { value, frequency }));
}

/// Gives a number or moment bounds within what is left, where it would be outside by itself.
fn stay_between(column: &Column<'_>, values: &Allowed, profile: &mut ColumnProfile) {
    let Allowed::Ticks(intervals) = values else { return };
    let kind = &column.shape.kind;
    let Some(lattice) = lattice(kind, scales(kind).0) else { return };
    if !profile.histogram_bounds.is_empty() {
        return;
    }
    let least_and_most = literal::limits(lattice, kind);
    let usual = usual(column, lattice);
    let overlap =
        |&(first, last): &(i64, i64)| i128::from(last.min(usual.1)) - i128::from(first.max(usual.0));
    let ranges = intervals.iter().filter_map(|&interval| within(interval, lattice));
    let ranges = ranges.map(|(first, last)| (first.max(least_and_most.0), last.min(least_and_most.1)));
    let Some((first, last)) = ranges.filter(|(first, last)| first <= last).max_by_key(overlap) else {
        return;
    };
    if first <= usual.0 && usual.1 <= last {
        return;
    }
    let span = i64::try_from(i128::from(usual.1) - i128::from(usual.0)).unwrap_or(i64::MAX);
    let (mut from, mut to) = (first.max(usual.0), last.min(usual.1));
    if from > to || column.numbered {
        (from, to) = if first > least_and_most.0 {
            (first, first.saturating_add(span).min(last))
        } else {
            (last.saturating_sub(span).max(first), last)
        };
    }
    // As many different values as there have to be.
    let declared = profile.n_distinct.filter(|&count| count >= 1.0).map_or(1, |count| count as u64);
    let wanted = if column.unique { column.rows } else { declared };
    let steps = i64::try_from(wanted.max(1) - 1).unwrap_or(i64::MAX);
    if to.saturating_sub(from) < steps {
        to = from.saturating_add(steps).min(last);
        from = to.saturating_sub(steps).max(first).min(from);
    }
    if from == to {
        let rest = profile.most_common.iter().map(|common| common.frequency).sum::<f64>();
        let frequency = 1.0 - rest - profile.null_frac.unwrap_or(0.0);
        if frequency > 1e-9 && !column.unique {
            profile.most_common.push(MostCommon { value: written(from, lattice), frequency });
        }
        return;
    }
    let bound = |units| Bound { value: written(units, lattice), place: column.table_place.clone() };
    profile.histogram_bounds = vec![bound(from), bound(to)];
}

/// Where the column's values lie by themselves, in units.
fn usual(column: &Column<'_>, lattice: crate::dataset::generate::values::Lattice) -> (i64, i64) {
    use crate::dataset::generate::values::Lattice;

    let kind = &column.shape.kind;
    let read = |text: &str| literal::units(text, lattice, kind).ok();
    if column.numbered {
        return (1, i64::try_from(column.rows.max(1)).unwrap_or(i64::MAX));
    }
    let range = habit(column.shape).range;
    if let Some(range) = range.and_then(|(first, last)| Some((read(first)?, read(last)?))) {
        return range;
    }
    match lattice {
        Lattice::Int2 | Lattice::Int4 | Lattice::Int8 => {
            let known = column.profile.most_common.len() as u64;
            let wanted = if column.unique { column.rows } else { column.rows.min(1_000_000) };
            (1, i64::try_from(wanted + known).unwrap_or(i64::MAX))
        }
        Lattice::Numeric { times, .. } if times > 1 => (0, 1_000),
        Lattice::Float4(scale) | Lattice::Float8(scale) | Lattice::Numeric { scale, .. } => {
            (10i64.pow(scale) / 10, 1_000 * 10i64.pow(scale))
        }
        _ => literal::limits(lattice, kind),
    }
}
