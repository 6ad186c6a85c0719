//! Arrays, composites and text search vectors.

use std::sync::Arc;

use pgrehearse_scenarios::profile::ColumnProfile;

use super::kinds::{generated, mean_width, rest_distinct, rest_width, stream};
use super::share::Shares;
use super::{Brief, Built, Layout, Report, build};
use crate::dataset::encode::width::stored_bytes;
use crate::dataset::generate::compound::{Array, Composite, DIGITS_MAX, Tsvector};
use crate::dataset::generate::pool::Pool;
use crate::dataset::generate::quota::within_room;
use crate::dataset::generate::segments::Slot;
use crate::dataset::generate::values::{Cell, Made};
use crate::dataset::generate::words;
use crate::dataset::plan::habits;
use crate::dataset::plan::lattice::{Rest, Stretch};
use crate::dataset::plan::text;
use crate::postgres::shape::{Attribute, ColumnShape, ColumnType};

/// Different elements that arrays usually choose from.
const ELEMENTS: u64 = 1_000;
/// Values that are measured.
const SAMPLE: u64 = 500;

/// How many different values of a type can be made, as far as that is few.
fn capacity(kind: &ColumnType) -> u64 {
    match kind {
        ColumnType::Bool => 2,
        ColumnType::Enum(labels) => labels.len() as u64,
        ColumnType::Bit(bits) | ColumnType::Varbit(Some(bits)) if *bits < 32 => 1 << bits,
        ColumnType::Int2 => 1 << 14,
        ColumnType::Numeric { precision: Some(precision), .. } => {
            10u64.checked_pow((*precision).into()).unwrap_or(u64::MAX)
        }
        kind => kind.char_limit().map_or(u64::MAX, |limit| text::capacity(limit.into())),
    }
}

/// So many different values of a type inside the column's.
fn inner(
    report: &mut Report<'_, '_>,
    name: &str,
    kind: &ColumnType,
    count: u64,
    width: Option<f64>,
) -> Option<Built> {
    let column = ColumnShape {
        name: name.to_owned(),
        type_name: report.brief.column.type_name.clone(),
        kind: kind.clone(),
        not_null: true,
        ..ColumnShape::default()
    };
    let profile = ColumnProfile {
        avg_width: width,
        place: report.brief.profile.place.clone(),
        ..ColumnProfile::default()
    };
    let brief = Brief {
        column: &column,
        profile: &profile,
        rows: count,
        rows_declared: count,
        unique_key: Some("the values in it"),
        numbered: false,
        parent: None,
        composite: false,
        order: None,
        ..*report.brief
    };
    build(&brief, report.problems)
}

/// Arrays: counts of elements with their rows.
pub(super) fn arrays(
    report: &mut Report<'_, '_>,
    shares: &Shares,
    element: &ColumnType,
    element_oid: u32,
) -> Option<Layout> {
    let profile = report.brief.profile;
    let place = profile.elem_count_histogram_place.clone();
    let histogram = &profile.elem_count_histogram;
    if !histogram.is_empty()
        && (histogram.len() < 2 || !histogram.is_sorted() || histogram.iter().any(|&count| count > 100_000))
    {
        let message = "needs an elem_count_histogram of at least two bounds that ascend, none above 100000";
        report.error(place.as_ref(), message);
        return None;
    }
    let usual = habits::element_counts(&report.brief.column.name);
    let most =
        u64::from(histogram.last().copied().unwrap_or(0)).max(usual.last().map_or(1, |&count| count.into()));
    let capacity = capacity(element);
    if most > capacity && !histogram.is_empty() {
        let message =
            format!("has arrays of {most} different elements, but there are only {capacity} of them");
        report.error(place.as_ref(), message);
        return None;
    }
    let wanted_width = rest_width(report, shares);
    let made = shares.rest + shares.chosen.len() as u64;
    // First with a choice that is usual; where that makes too few different arrays, with as many elements as arrays.
    let mut choices = vec![ELEMENTS.max(most).min(capacity)];
    if let Some(Rest::Exactly(distinct)) = shares.distinct {
        choices.push((distinct + shares.chosen.len() as u64 + 1).max(most).min(capacity));
    }
    let mut room = 0;
    for choice in choices {
        let name = report.brief.column.name.clone();
        let mut maker = Array {
            elements: Arc::clone(&inner(report, &name, element, choice, None)?.column.values),
            element_oid,
            counts: Vec::new(),
            stride: coprime(choice),
            stream: stream(report).child(12),
        };
        let counts = if !histogram.is_empty() {
            if let Some(width) = wanted_width.filter(|_| element.is_text()) {
                // The number of elements is declared: their width has to make up for it.
                let counts = rows_by_count(histogram, made.max(1));
                let (sum, rows) = counts.iter().fold((0.0, 0), |(sum, rows), &(count, more)| {
                    (sum + f64::from(count) * more as f64, rows + more)
                });
                let per_element = (width - 24.0) * rows as f64 / f64::max(sum, 1.0) - 4.5;
                if let Some(built) = inner(report, &name, element, choice, Some((per_element).max(2.0))) {
                    maker.elements = Arc::clone(&built.column.values);
                } else {
                    return None;
                }
            }
            rows_by_count(histogram, shares.rest)
        } else if let Some(width) = wanted_width {
            counts_for_width(&maker, report, width, shares.rest, choice)
        } else {
            // Empty arrays are all the same, and there are few of one element.
            let exact = matches!(shares.distinct, Some(Rest::Exactly(_)));
            let usual = usual.iter().map(|&count| if exact { count.max(2) } else { count });
            let usual: Vec<u32> = usual.map(|count| u64::from(count).min(choice) as u32).collect();
            rows_by_count(&usual, shares.rest)
        };
        match array_layout(report, shares, &counts, maker, choice) {
            Ok(layout) => return Some(layout),
            Err(found) => room = found,
        }
    }
    let wanted = match shares.distinct {
        Some(Rest::Exactly(distinct)) => distinct,
        _ => shares.rest,
    };
    report.too_few(wanted + shares.chosen.len() as u64, room);
    None
}

/// Arrays of so many elements each have so many rows. Gives how many different ones there are where those are too few.
fn array_layout(
    report: &Report<'_, '_>,
    shares: &Shares,
    counts: &[(u32, u64)],
    mut maker: Array,
    choice: u64,
) -> Result<Layout, u64> {
    let kind = &report.brief.column.kind;
    let chosen = shares.chosen.len() as u64;
    // Values of the generator's own choice are of the most frequent length.
    let modal = counts.iter().max_by_key(|&&(_, rows)| rows).map_or(1, |&(count, _)| count.max(1));
    let room_of = |count: u32| falling(choice, (count as usize).min(DIGITS_MAX));
    let rows: Vec<u64> = counts.iter().map(|&(_, rows)| rows).collect();
    let room: Vec<u64> = counts
        .iter()
        .map(|&(count, rows)| {
            let own = if count == modal { chosen } else { 0 };
            room_of(count).saturating_sub(own + shares.common.len() as u64).max(1).min(rows)
        })
        .collect();
    let total: u64 = room.iter().sum();
    let distinct = match shares.distinct {
        Some(Rest::Exactly(distinct)) if shares.rest > 0 => {
            within_room(distinct, &rows, &room).ok_or(total)?
        }
        Some(Rest::AtMost(distinct)) if shares.rest > 0 => {
            within_room(distinct.min(total), &rows, &room).unwrap_or_else(|| room.clone())
        }
        _ => room.clone(),
    };
    if chosen > room_of(modal) {
        return Err(room_of(modal));
    }
    // Without any rest, only what is most common is laid out.
    let only_known = Shares {
        nulls: shares.nulls,
        common: shares.common.clone(),
        chosen: Vec::new(),
        wide: (0, 0),
        rest: 0,
        distinct: None,
    };
    let Layout { mut stretches, mut ready, lattice, .. } = generated(&only_known, 0, Made::Never, 0.0);
    let digits = |count: u32, distinct: u64| {
        (0..=(count as usize).min(DIGITS_MAX))
            .find(|&digits| falling(choice, digits) >= distinct)
            .unwrap_or(DIGITS_MAX)
    };
    let modal_distinct = counts
        .iter()
        .zip(&distinct)
        .find(|((count, _), _)| *count == modal)
        .map_or(0, |(_, &distinct)| distinct);
    let modal_digits = digits(modal, modal_distinct + chosen);
    let (mut sum, mut made_rows) = (0.0, 0);
    let mut field = Vec::new();
    maker.counts = vec![(modal, modal_digits)];
    for (&rows, number) in shares.chosen.iter().zip(modal_distinct..) {
        field.clear();
        maker.write(Slot(number), &mut field);
        sum += (stored_bytes(kind, &field[4..]) * rows) as f64;
        made_rows += rows;
        let start = ready.len() as u32;
        ready.extend_from_slice(&field);
        stretches.push(Stretch { count: rows, distinct: 1, cell: Cell::Ready(start..ready.len() as u32) });
    }
    maker.counts = vec![(0, 0); stretches.len()];
    for (&(count, rows), &distinct) in counts.iter().zip(&distinct) {
        let digits = if count == modal { modal_digits } else { digits(count, distinct) };
        let segment = stretches.len() as u64;
        maker.counts.push((count, digits));
        stretches.push(Stretch { count: rows, distinct, cell: Cell::Made });
        sum += mean_of(kind, distinct, |number, out| maker.write(Slot(segment << 32 | number), out))
            * rows as f64;
        made_rows += rows;
    }
    let width = if made_rows == 0 { 0.0 } else { sum / made_rows as f64 };
    let width_bytes = mean_width(shares, width);
    Ok(Layout { stretches, ready, lattice, made: Made::Array(maker), width_bytes })
}

/// Mean stored bytes of `distinct` values.
fn mean_of(kind: &ColumnType, distinct: u64, write: impl Fn(u64, &mut Vec<u8>)) -> f64 {
    let sample = distinct.clamp(1, SAMPLE);
    let mut field = Vec::new();
    let width = |at: u64| {
        field.clear();
        write((u128::from(at) * u128::from(distinct) / u128::from(sample)) as u64, &mut field);
        stored_bytes(kind, &field[4..]) as f64
    };
    (0..sample).map(width).sum::<f64>() / sample as f64
}

/// `choice * (choice - 1) * …`, so many factors.
fn falling(choice: u64, factors: usize) -> u64 {
    (0..factors as u64).fold(1, |product: u64, at| product.saturating_mul(choice.saturating_sub(at)))
}

fn coprime(number: u64) -> u64 {
    let shared = |mut one: u64, mut other: u64| {
        while other > 0 {
            (one, other) = (other, one % other);
        }
        one
    };
    let near = (number as f64 * 0.618_033_988_75) as u64;
    (near.max(1)..).find(|&stride| shared(stride, number) == 1).unwrap_or(1)
}

/// Splits rows over numbers of elements, as an equi-depth histogram with straight lines between its bounds has them.
fn rows_by_count(histogram: &[u32], rows: u64) -> Vec<(u32, u64)> {
    let buckets = histogram.len().saturating_sub(1).max(1) as f64;
    let mut found: Vec<(u32, u64)> = Vec::new();
    let mut given = 0;
    let mut give = |count: u32, until: f64| {
        let end = ((until / buckets * rows as f64).round() as u64).clamp(given, rows);
        let more = end - given;
        given = end;
        match found.last_mut() {
            Some((last, rows)) if *last == count => *rows += more,
            _ => found.push((count, more)),
        }
    };
    for (bucket, ends) in histogram.windows(2).enumerate() {
        let (low, high) = (ends[0], ends[1]);
        let span = f64::from(high - low);
        // Coarser where there are thousands of them.
        let step = ((high - low) / 500).max(1);
        let mut count = low;
        loop {
            let part = if span == 0.0 {
                1.0
            } else {
                ((f64::from(count - low) + f64::from(step) / 2.0) / span).min(1.0)
            };
            let last = count >= high;
            give(count, bucket as f64 + if last { 1.0 } else { part });
            if last {
                break;
            }
            count = count.saturating_add(step).min(high);
        }
    }
    if histogram.len() < 2 {
        give(histogram.first().copied().unwrap_or(1), buckets);
    }
    found.retain(|&(_, rows)| rows > 0);
    found
}

/// Two numbers of elements, one more than the other, with as many rows each as make the width come out.
fn counts_for_width(
    maker: &Array,
    report: &Report<'_, '_>,
    width: f64,
    rows: u64,
    choice: u64,
) -> Vec<(u32, u64)> {
    let kind = &report.brief.column.kind;
    let measured = |count: u32| {
        let digits = (count as usize).min(DIGITS_MAX).min(1);
        let maker = Array { counts: vec![(count, digits)], ..maker.clone() };
        mean_of(kind, choice, |number, out| maker.write(Slot(number), out))
    };
    let most = choice.min(100_000) as u32;
    let (mut low, mut high) = (0u32, most);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if measured(middle) <= width {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (less, more) = (measured(low), measured(high));
    let part = if more > less { ((width - less) / (more - less)).clamp(0.0, 1.0) } else { 0.0 };
    let above = (rows as f64 * part).round() as u64;
    [(low, rows - above), (high, above)].into_iter().filter(|&(_, rows)| rows > 0).collect()
}

/// Values of a composite type.
pub(super) fn composites(
    report: &mut Report<'_, '_>,
    shares: &Shares,
    attributes: &[Attribute],
) -> Option<Layout> {
    let taken = (shares.chosen.len() + shares.common.len()) as u64;
    let mut choices: Vec<u64> =
        attributes.iter().map(|attribute| capacity(&attribute.kind).min(ELEMENTS)).collect();
    let product =
        |choices: &[u64]| choices.iter().fold(1u64, |product, &choice| product.saturating_mul(choice));
    let exact = matches!(shares.distinct, Some(Rest::Exactly(_)));
    let mut distinct = rest_distinct(shares, product(&choices).saturating_sub(taken).max(1));
    if exact && product(&choices) < distinct + taken {
        // The attribute with the most values gets as many as are needed.
        if let Some(at) = (0..attributes.len()).max_by_key(|&at| capacity(&attributes[at].kind)) {
            choices[at] = capacity(&attributes[at].kind).min(distinct + taken);
        }
        if product(&choices) < distinct + taken {
            report.too_few(distinct + taken, product(&choices));
            return None;
        }
    }
    distinct = distinct.min(product(&choices).saturating_sub(taken).max(1));
    let mut inside = Vec::new();
    for (attribute, &choice) in attributes.iter().zip(&choices) {
        let built = inner(report, &attribute.name, &attribute.kind, choice, None)?;
        inside.push((attribute.type_oid, Arc::clone(&built.column.values)));
    }
    let digits = (0..=choices.len())
        .find(|&digits| product(&choices[..digits]) >= distinct + taken)
        .unwrap_or(choices.len());
    let maker = Composite { attributes: inside, digits, stream: stream(report).child(12) };
    let kind = &report.brief.column.kind;
    let width = mean_of(kind, distinct, |number, out| maker.write(number, out));
    Some(generated(shares, distinct, Made::Composite(maker), width))
}

/// Lexemes of a text search vector, usually.
const LEXEMES: f64 = 12.0;

/// Text search vectors.
pub(super) fn tsvectors(report: &mut Report<'_, '_>, shares: &Shares) -> Option<Layout> {
    let mut lexemes = words::words();
    lexemes.sort_unstable();
    let distinct = rest_distinct(shares, shares.rest.max(1));
    let most = lexemes.len() as f64;
    let maker = Tsvector { lexemes: Pool::new(&lexemes), count: LEXEMES, stream: stream(report).child(12) };
    let kind = report.brief.column.kind.clone();
    let measured = |count: f64| {
        mean_of(&kind, distinct, |number, out| Tsvector { count, ..maker.clone() }.write(number, out))
    };
    let mut count = LEXEMES;
    if let Some(wanted) = rest_width(report, shares) {
        let (mut low, mut high) = (Tsvector::LEAST as f64, most);
        for _ in 0..20 {
            count = f64::midpoint(low, high);
            if measured(count) < wanted {
                low = count;
            } else {
                high = count;
            }
        }
    }
    let width = measured(count);
    Some(generated(shares, distinct, Made::Tsvector(Tsvector { count, ..maker }), width))
}
