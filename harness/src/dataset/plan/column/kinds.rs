//! Values by type: which kinds there are, and the simple ones, labels, UUIDs and bytes.

use pgrehearse_scenarios::profile::Generator;

use super::numbers::{Bounds, declared_bounds, numbers, scale};
use super::share::Shares;
use super::texts::texts;
use super::{Layout, Report, compound, others, wide};
use crate::dataset::generate::permutation::Permutation;
use crate::dataset::generate::prose::Lengths;
use crate::dataset::generate::quota::largest_remainder;
use crate::dataset::generate::rng::Stream;
use crate::dataset::generate::segments::Slot;
use crate::dataset::generate::text::Blob;
use crate::dataset::generate::values::{Cell, Lattice, Made};
use crate::dataset::plan::habits::Habit;
use crate::dataset::plan::lattice::{self, Rest, Stretch, ready_stretch};
use crate::dataset::plan::literal::{Literal, literal};
use crate::postgres::shape::ColumnType;

/// Whether what is declared makes sense for the column's type at all.
pub(super) fn check_fit(report: &mut Report<'_, '_>) {
    let (profile, column) = (report.brief.profile, report.brief.column);
    let kind = &column.kind;
    let type_name = &column.type_name;
    if let Some(generator) = profile.generator.filter(|_| !kind.is_text()) {
        let name =
            Generator::ALL.iter().find(|&&(_, known)| known == generator).map_or("", |&(name, _)| name);
        let message = format!("has the generator {name}, which makes text, but is of type {type_name}");
        report.error(profile.generator_place.as_ref(), message);
    }
    let sorted = lattice::lattice(kind, 0).is_some() && !matches!(kind, ColumnType::Range(_));
    if !sorted && !profile.histogram_bounds.is_empty() {
        let message =
            format!("has histogram_bounds, which values of type {type_name} cannot be generated between");
        report.error(profile.histogram_bounds_place.as_ref(), message).help = Some(
            "numbers, times, addresses and the like have histograms here; for text, declare most_common or avg_width"
                .into(),
        );
    }
    if !profile.elem_count_histogram.is_empty() && !matches!(kind, ColumnType::Array { .. }) {
        let message = format!("has an elem_count_histogram, which is for arrays, but is of type {type_name}");
        report.error(profile.elem_count_histogram_place.as_ref(), message);
    }
    if let Some(toasted) = &profile.toasted {
        wide::check_fit(report, toasted);
    }
    if !profile.most_common_freqs.is_empty() && !profile.most_common.is_empty() {
        report.error(None, "has both most_common and most_common_freqs").help = Some(
            "most_common_freqs are for values that are left to the generator: declare one of the two".into(),
        );
    }
    if profile.avg_width.is_some_and(|width| !width.is_finite() || width < 1.0) {
        report.error(profile.avg_width_place.as_ref(), "has an avg_width of less than one byte");
    }
    if let (Some(width), Some(limit)) = (profile.avg_width, kind.char_limit()) {
        // Up to four bytes per character, and the header.
        if width > f64::from(limit) * 4.0 + 4.0 {
            let message = format!("has an avg_width of {width}, which {type_name} has no room for");
            report.error(profile.avg_width_place.as_ref(), message);
        }
    }
}

/// The most common values in the column's type, with their frequencies; declared ones only.
pub(super) fn most_common(report: &mut Report<'_, '_>) -> Option<Vec<(Literal, f64)>> {
    let (profile, kind) = (report.brief.profile, &report.brief.column.kind);
    let lattice = lattice::lattice(kind, scale(report));
    let place = profile.most_common_place.as_ref();
    let mut common: Vec<(Literal, f64)> = Vec::new();
    for value in &profile.most_common {
        if !(value.frequency > 0.0 && value.frequency <= 1.0) {
            let message = format!("has `{}` with a frequency that is not above 0 and up to 1", value.value);
            report.error(place, message);
            continue;
        }
        match literal(&value.value, kind, lattice) {
            Ok(literal)
                if common
                    .iter()
                    .any(|(other, _)| (other.rank, &other.key) == (literal.rank, &literal.key)) =>
            {
                report.error(place, format!("has `{}` twice among its most_common values", value.value));
            }
            Ok(literal) => common.push((literal, value.frequency)),
            Err(reason) => {
                report.error(place, format!("has a most_common value that is wrong for its type: {reason}"));
            }
        }
    }
    (common.len() == profile.most_common.len()).then_some(common)
}

/// Lays out a column that references nothing.
pub(super) fn lay_out(report: &mut Report<'_, '_>, habit: &Habit, shares: &Shares) -> Option<Layout> {
    let layout = by_type(report, habit, shares)?;
    Some(wide::added(report, shares, layout))
}

fn by_type(report: &mut Report<'_, '_>, habit: &Habit, shares: &Shares) -> Option<Layout> {
    let kind = &report.brief.column.kind;
    match kind {
        ColumnType::Bool | ColumnType::Enum(_) => labels(report, habit, shares),
        ColumnType::Uuid => {
            let made = Made::Uuid(stream(report));
            Some(generated(shares, shares.rest, made, 16.0))
        }
        ColumnType::Bytea => bytea(report, shares),
        kind if !kind.is_binary() => others::others(report, shares),
        ColumnType::Json | ColumnType::Jsonb | ColumnType::Xml => texts(report, habit, shares),
        kind if kind.is_text() => texts(report, habit, shares),
        ColumnType::Array { element, element_oid } => compound::arrays(report, shares, element, *element_oid),
        ColumnType::Composite(attributes) => compound::composites(report, shares, attributes),
        ColumnType::Tsvector => compound::tsvectors(report, shares),
        _ => {
            let bounds = if !report.brief.profile.histogram_bounds.is_empty() {
                Bounds::Given(declared_bounds(report, scale(report))?)
            } else if report.brief.numbered {
                Bounds::Given(vec![1, i64::try_from(shares.rest.max(1)).ok()?])
            } else {
                Bounds::Usual(habit.range)
            };
            let rest = shares.distinct.unwrap_or(Rest::AtMost(habit.distinct_max.unwrap_or(u64::MAX)));
            numbers(report, shares, bounds, rest)
        }
    }
}

pub(super) fn stream(report: &Report<'_, '_>) -> Stream {
    let brief = report.brief;
    Stream::new(brief.seed, &brief.table.full_name(), &brief.column.name, "value")
}

/// How many different values the rest has: as declared, else `usual`, but never more than rows.
pub(super) fn rest_distinct(shares: &Shares, usual: u64) -> u64 {
    let wanted = match shares.distinct {
        Some(Rest::Exactly(distinct)) => distinct,
        Some(Rest::AtMost(distinct)) => distinct.min(usual),
        None => usual,
    };
    wanted.clamp(1, shares.rest.max(1))
}

/// Most common values in order, then the rest as `made` makes it.
pub(super) fn generated(shares: &Shares, usual: u64, made: Made, rest_width: f64) -> Layout {
    let mut ready = Vec::new();
    let mut common: Vec<&(Literal, u64)> = shares.common.iter().filter(|&&(_, count)| count > 0).collect();
    common.sort_by(|one, two| (one.0.rank, &one.0.key).cmp(&(two.0.rank, &two.0.key)));
    let mut stretches: Vec<Stretch> =
        common.iter().map(|(literal, count)| ready_stretch(literal, *count, &mut ready)).collect();
    let distinct = if shares.rest > 0 { rest_distinct(shares, usual) } else { 0 };
    for (&count, number) in shares.chosen.iter().zip(distinct..) {
        let start = ready.len() as u32;
        made.write(Slot(number), &mut ready);
        stretches.push(Stretch { count, distinct: 1, cell: Cell::Ready(start..ready.len() as u32) });
    }
    if shares.rest > 0 {
        stretches.push(Stretch { count: shares.rest, distinct, cell: Cell::Made });
    }
    let width_bytes = mean_width(shares, rest_width);
    Layout { stretches, ready, lattice: Lattice::Int8, made, width_bytes }
}

fn common_width(shares: &Shares) -> (f64, u64) {
    shares.common.iter().fold((0.0, 0), |(sum, rows), (literal, count)| {
        (sum + (literal.width_bytes * count) as f64, rows + count)
    })
}

/// Rows whose values the generator makes as it makes the rest.
fn made_rows(shares: &Shares) -> u64 {
    shares.rest + shares.chosen.iter().sum::<u64>()
}

pub(super) fn mean_width(shares: &Shares, rest_width: f64) -> f64 {
    let (sum, rows) = common_width(shares);
    let made = made_rows(shares);
    (sum + rest_width * made as f64) / (rows + made).max(1) as f64
}

/// The width that the rest must have for the column to have its declared one.
pub(super) fn rest_width(report: &Report<'_, '_>, shares: &Shares) -> Option<f64> {
    let wanted = report.brief.profile.avg_width?;
    let (sum, rows) = common_width(shares);
    let (made, wide) = (made_rows(shares), shares.wide.0);
    let sum = sum + wide as f64 * wide::POINTER_BYTES;
    (made > 0).then(|| (wanted * (rows + made + wide) as f64 - sum) / made as f64)
}

/// `boolean` and enums: the few values there are.
fn labels(report: &mut Report<'_, '_>, habit: &Habit, shares: &Shares) -> Option<Layout> {
    let brief = report.brief;
    let kind = &brief.column.kind;
    let names: Vec<String> = match kind {
        ColumnType::Enum(labels) => labels.clone(),
        _ => vec!["false".into(), "true".into()],
    };
    let read = |name: &String| literal(name, kind, None).expect("labels are values of their type");
    let mut counted: Vec<(Literal, u64)> = shares.common.clone();
    let mut left: Vec<Literal> = names
        .iter()
        .map(read)
        .filter(|label| !counted.iter().any(|(known, _)| known.rank == label.rank))
        .collect();
    if shares.chosen.len() > left.len() {
        report.too_few((counted.len() + shares.chosen.len()) as u64, names.len() as u64);
        return None;
    }
    counted.extend(left.drain(..shares.chosen.len()).zip(shares.chosen.iter().copied()));
    if shares.rest > 0 {
        let usual =
            if shares.distinct.is_none() && shares.common.is_empty() { habit.most_common } else { &[] };
        let wanted = rest_distinct(shares, left.len() as u64);
        if wanted > left.len() as u64 || left.is_empty() {
            report.too_few(wanted, left.len() as u64);
            return None;
        }
        left.truncate(wanted as usize);
        let weight = |label: &Literal| {
            let known = |name: &str| literal(name, kind, None).is_ok_and(|known| known.rank == label.rank);
            usual.iter().find(|(name, _)| known(name)).map_or(1.0, |&(_, frequency)| frequency)
        };
        let weights: Vec<f64> = left.iter().map(weight).collect();
        let mut counts = largest_remainder(shares.rest, &weights);
        // What is asked for must appear, however seldom.
        while let Some(missing) = counts.iter().position(|&count| count == 0) {
            let largest = (0..counts.len()).max_by_key(|&at| counts[at]).expect("there are labels");
            counts[largest] -= 1;
            counts[missing] += 1;
        }
        counted.extend(left.into_iter().zip(counts));
    }
    let width = kind.fixed_width_bytes().unwrap_or(4).into();
    let shares = Shares { common: counted, chosen: Vec::new(), rest: 0, distinct: None, ..*shares };
    Some(Layout { width_bytes: width, ..generated(&shares, 0, Made::Never, 0.0) })
}

/// Random bytes, so wide on average where nobody says.
const BYTEA_WIDTH: f64 = 33.0;

fn bytea(report: &mut Report<'_, '_>, shares: &Shares) -> Option<Layout> {
    let distinct = rest_distinct(shares, shares.rest);
    let mut number_bytes = 1;
    // Room for the values and as many that are taken.
    while number_bytes < 4
        && 1u64 << (8 * number_bytes) < distinct + (shares.common.len() + shares.chosen.len()) as u64
    {
        number_bytes += 1;
    }
    let width = rest_width(report, shares).unwrap_or(BYTEA_WIDTH);
    let lengths = Lengths::with_mean_width(width, 0.0, number_bytes as u64, 1 << 24);
    let permutation = Permutation::new(1 << (8 * number_bytes), stream(report).child(9));
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    let mut skip: Vec<u64> = shares
        .common
        .iter()
        .filter_map(|(literal, _)| literal.key.get(..number_bytes))
        .map(|bytes| permutation.invert(number(bytes)))
        .collect();
    skip.sort_unstable();
    skip.dedup();
    let made = Made::Blob(Blob { permutation, number_bytes, lengths, skip, stream: stream(report) });
    Some(generated(shares, distinct, made, lengths.mean_width_bytes(0.0)))
}
