//! Numbers and moments: between declared bounds, or where such columns usually have them.

use std::collections::BTreeSet;

use super::kinds::stream;
use super::share::Shares;
use super::{Layout, Report};
use crate::dataset::encode::width::stored_bytes;
use crate::dataset::generate::rng::Stream;
use crate::dataset::generate::values::{Cell, Lattice, Made};
use crate::dataset::plan::lattice::{self, Misfit, Rest, Stretch};
use crate::dataset::plan::literal::{Decimal, Literal, limits, units};
use crate::postgres::shape::ColumnType;

/// Digits after the point that what is declared needs.
pub(super) fn scale(report: &Report<'_, '_>) -> u32 {
    let profile = report.brief.profile;
    let (least, most) = lattice::scales(&report.brief.column.kind);
    let written = profile.most_common.iter().map(|value| &value.value);
    let written = written.chain(profile.histogram_bounds.iter().map(|bound| &bound.value));
    let needed = written.filter_map(|text| Decimal::parse(text).ok()).map(|decimal| decimal.scale).max();
    needed.unwrap_or(0).clamp(least, most.max(least))
}

/// Where numbers lie.
#[derive(Debug, Clone)]
pub(super) enum Bounds {
    /// Between these, which ascend.
    Given(Vec<i64>),
    /// Where they usually do, as the type is written; wider if there is no room.
    Usual(Option<(&'static str, &'static str)>),
}

/// The declared histogram in units, at least two bounds, ascending.
pub(super) fn declared_bounds(report: &mut Report<'_, '_>, scale: u32) -> Option<Vec<i64>> {
    let (profile, kind) = (report.brief.profile, &report.brief.column.kind);
    let lattice = lattice::lattice(kind, scale)?;
    let mut bounds: Vec<i64> = Vec::new();
    let mut sound = true;
    for bound in &profile.histogram_bounds {
        match units(&bound.value, lattice, kind) {
            Ok(units) if bounds.last().is_some_and(|&last| last >= units) => {
                let message = format!("has histogram_bounds that do not ascend at `{}`", bound.value);
                report.error(Some(&bound.place), message).help = Some(
                    "bounds ascend; a value that would be a bound twice belongs into most_common".into(),
                );
                sound = false;
            }
            Ok(units) => bounds.push(units),
            Err(reason) => {
                let message = format!("has a histogram bound that is wrong for its type: {reason}");
                report.error(Some(&bound.place), message);
                sound = false;
            }
        }
    }
    if sound && bounds.len() < 2 {
        report.error(profile.histogram_bounds_place.as_ref(), "needs at least two histogram_bounds");
        return None;
    }
    sound.then_some(bounds)
}

/// Numbers and moments. With more digits after the point there is room for more values, as far as the type allows.
pub(super) fn numbers(
    report: &mut Report<'_, '_>,
    shares: &Shares,
    bounds: Bounds,
    rest: Rest,
) -> Option<Layout> {
    let kind = &report.brief.column.kind;
    let first_scale = scale(report);
    let mut misfit = None;
    for scale in first_scale..=lattice::scales(kind).1.max(first_scale) {
        let Some(lattice) = lattice::lattice(kind, scale) else { continue };
        let factor = 10i64.pow(scale - first_scale);
        let Some(mut common) = rescaled(&shares.common, factor, lattice) else { break };
        let ends = match &bounds {
            Bounds::Given(bounds) => match bounds.iter().map(|bound| bound.checked_mul(factor)).collect() {
                Some(bounds) => bounds,
                None => break,
            },
            Bounds::Usual(range) => usual_bounds(*range, lattice, kind, shares, rest, scale),
        };
        let (least, most) = limits(lattice, kind);
        if ends.iter().any(|end| !(least..=most).contains(end)) {
            break;
        }
        if !shares.chosen.is_empty()
            && !choose(&mut common, &shares.chosen, &ends, lattice, kind, stream(report))
        {
            misfit = Some(Misfit::Room(ends[ends.len() - 1].abs_diff(ends[0]).saturating_add(1)));
            continue;
        }
        let rest = match rest {
            Rest::Exactly(distinct) => Rest::Exactly(distinct),
            Rest::AtMost(distinct) => Rest::AtMost(distinct.min(shares.rest)),
        };
        let mut ready = Vec::new();
        match lattice::lay_out(&common, &ends, shares.rest, rest, &mut ready) {
            Ok(stretches) => {
                let width_bytes = match kind.fixed_width_bytes() {
                    Some(width) => width.into(),
                    None => mean_width(&stretches, &common, lattice, kind),
                };
                return Some(Layout { stretches, ready, lattice, made: Made::Never, width_bytes });
            }
            Err(Misfit::Room(room)) => misfit = Some(Misfit::Room(room)),
            Err(other) => {
                misfit = Some(other);
                break;
            }
        }
    }
    report_misfit(report, misfit, rest);
    None
}

/// The whole numbers from 1 to `values`, over `rows` rows.
pub(super) fn from_one(report: &mut Report<'_, '_>, values: u64, rows: u64) -> Option<Layout> {
    let kind = &report.brief.column.kind;
    let lattice = lattice::lattice(kind, 0)?;
    let most = u64::try_from(limits(lattice, kind).1).unwrap_or(0);
    if values > most {
        report.too_few(values, most);
        return None;
    }
    let cell = Cell::Steps { first: 1, step: 1 << 64 };
    let stretches = vec![Stretch { count: rows.max(1), distinct: values.max(1), cell }];
    let width_bytes = kind.fixed_width_bytes().unwrap_or(8).into();
    Some(Layout { stretches, ready: Vec::new(), lattice, made: Made::Never, width_bytes })
}

fn report_misfit(report: &mut Report<'_, '_>, misfit: Option<Misfit>, rest: Rest) {
    let (profile, column) = (report.brief.profile, report.brief.column);
    let (Rest::Exactly(wanted) | Rest::AtMost(wanted)) = rest;
    let place = profile.n_distinct_place.as_ref().or(profile.histogram_bounds_place.as_ref());
    let message = match misfit {
        Some(Misfit::Room(room)) if report.brief.unique_key.is_some() => return report.too_few(wanted, room),
        Some(Misfit::Room(room)) => {
            format!("needs {wanted} different values, but there are only {room} between its bounds")
        }
        Some(Misfit::Buckets(buckets)) => {
            format!(
                "has {wanted} values besides the most_common, but each of {buckets} histogram buckets needs one"
            )
        }
        Some(Misfit::Empty(_)) => {
            "has a histogram bucket in which there is no value besides the most_common".to_owned()
        }
        None => format!("has values that {} cannot hold", column.type_name),
    };
    report.error(place, message);
}

fn rescaled(common: &[(Literal, u64)], factor: i64, lattice: Lattice) -> Option<Vec<(Literal, u64)>> {
    // Types with digits after the point are the only ones with a factor, and ranges know their bounds better.
    if factor == 1 {
        return Some(common.to_vec());
    }
    let rescale = |(literal, count): &(Literal, u64)| {
        if matches!(lattice, Lattice::Range(_)) {
            return Some((Literal { rank: literal.rank.saturating_mul(factor), ..literal.clone() }, *count));
        }
        let rank = literal.rank.checked_mul(factor)?;
        let mut field = Vec::new();
        lattice.write(rank, &mut field);
        Some((Literal { rank, field, ..literal.clone() }, *count))
    };
    common.iter().map(rescale).collect()
}

/// Where numbers lie when nobody says: in the usual range, or from 1 on for whole numbers; wider where that has no room.
fn usual_bounds(
    range: Option<(&str, &str)>,
    lattice: Lattice,
    kind: &ColumnType,
    shares: &Shares,
    rest: Rest,
    scale: u32,
) -> Vec<i64> {
    let (least, most) = limits(lattice, kind);
    let wanted = match rest {
        Rest::Exactly(distinct) => distinct,
        Rest::AtMost(distinct) => distinct.min(shares.rest).min(1_000_000),
    };
    let needed = i64::try_from(wanted.max(1) + shares.common.len() as u64).unwrap_or(i64::MAX);
    let read = |text: &str| units(text, lattice, kind).ok();
    let (first, last) = match range.and_then(|(first, last)| Some((read(first)?, read(last)?))) {
        Some(range) => range,
        None => match lattice {
            Lattice::Int2 | Lattice::Int4 | Lattice::Int8 => (1, needed),
            Lattice::Numeric { times, .. } if times > 1 => (0, 1000),
            Lattice::Bits(_) => (0, most),
            _ => (10i64.pow(scale) / 10, 1000 * 10i64.pow(scale)),
        },
    };
    let must = if matches!(rest, Rest::Exactly(_)) { needed } else { 1 };
    let (first, mut last) = (first.clamp(least, most), last.clamp(least, most));
    if last.saturating_sub(first) < must - 1 {
        last = first.saturating_add(must - 1).min(most);
    }
    let first =
        if last.saturating_sub(first) < must - 1 { last.saturating_sub(must - 1).max(least) } else { first };
    vec![first, last.max(first)]
}

/// Adds values of the generator's own choice to the most common ones, spread over the bounds in no order of frequency.
/// False where there are not enough.
fn choose(
    common: &mut Vec<(Literal, u64)>,
    chosen: &[u64],
    bounds: &[i64],
    lattice: Lattice,
    kind: &ColumnType,
    stream: Stream,
) -> bool {
    let (first, last) = (i128::from(bounds[0]), i128::from(bounds[bounds.len() - 1]));
    let mut taken: BTreeSet<i64> = common.iter().map(|(literal, _)| literal.rank).collect();
    let mut counts = chosen.to_vec();
    stream.shuffle(&mut counts);
    for (&count, at) in counts.iter().zip(0..) {
        let wanted = first + (last - first) * (2 * at + 1) / (2 * counts.len() as i128);
        let near = (wanted..=last).chain((first..wanted).rev());
        let Some(rank) = near.map(|rank| rank as i64).find(|rank| !taken.contains(rank)) else {
            return false;
        };
        taken.insert(rank);
        let mut field = Vec::new();
        lattice.write(rank, &mut field);
        let width_bytes = stored_bytes(kind, &field[4..]);
        common.push((Literal { rank, key: Vec::new(), field, width_bytes }, count));
    }
    true
}

fn mean_width(stretches: &[Stretch], common: &[(Literal, u64)], lattice: Lattice, kind: &ColumnType) -> f64 {
    let (mut sum, mut rows) = (0.0, 0u64);
    for (literal, count) in common {
        sum += (literal.width_bytes * count) as f64;
        rows += count;
    }
    const SAMPLE: u64 = 64;
    let mut field = Vec::new();
    for stretch in stretches {
        if let Cell::Steps { first, step } = &stretch.cell {
            let sample = SAMPLE.min(stretch.distinct);
            let mut width = |at: u64| {
                let index = (u128::from(at) * u128::from(stretch.distinct) / u128::from(sample)) as u64;
                field.clear();
                lattice.write(first.wrapping_add(((u128::from(index) * step) >> 64) as i64), &mut field);
                stored_bytes(kind, &field[4..]) as f64
            };
            sum += (0..sample).map(&mut width).sum::<f64>() / sample as f64 * stretch.count as f64;
            rows += stretch.count;
        }
    }
    sum / rows.max(1) as f64
}
