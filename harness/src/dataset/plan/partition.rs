//! Which rows belong into which partition: the quantile axis of the key is cut where the partitions' bounds are, and the
//! rows are numbered leaf by leaf.

use std::ops::Range;

use super::check::{Allowed, Expression, Limits, is_ordered, parse, tick, ticks_per_unit};
use super::column::Built;
use super::units::units_at;
use crate::dataset::generate::order::{Disorder, Leaf, Order};
use crate::dataset::generate::rng::Stream;
use crate::dataset::generate::values::{Cell, Values};
use crate::postgres::shape::{ColumnType, PartitionStrategy, TableShape};

/// What a leaf takes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bound {
    /// Whatever no other takes.
    Default,
    /// Ticks from the first up to but not including the last.
    Range(i128, i128),
    /// These values.
    List(Vec<String>),
}

/// The key's only column and what each leaf takes, for tables partitioned once, by `RANGE` or `LIST` of a plain column
/// whose bounds are understood. Rows of other tables are shared out by the server.
fn bounds(table: &TableShape) -> Option<(usize, Vec<Bound>)> {
    let partitioning = table.partitioning.as_ref()?;
    let &[key] = &partitioning.key[..] else { return None };
    let kind = &table.columns[key].kind;
    let bound = |text: &str| match partitioning.strategy {
        _ if text == "DEFAULT" => Some(Bound::Default),
        PartitionStrategy::Range => range(text, kind),
        PartitionStrategy::List => list(text, kind),
        PartitionStrategy::Hash => None,
    };
    let leaves = partitioning.leaves.iter().map(|leaf| bound(leaf.bound.as_deref()?));
    leaves.collect::<Option<Vec<Bound>>>().map(|leaves| (key, leaves))
}

/// `FOR VALUES FROM ('2024-01-01') TO (MAXVALUE)`
fn range(text: &str, kind: &ColumnType) -> Option<Bound> {
    let (from, to) = text.strip_prefix("FOR VALUES FROM ")?.split_once(" TO ")?;
    let end = |text: &str| match parse(text)? {
        Expression::Column(word) if word.eq_ignore_ascii_case("minvalue") => Some(i128::MIN / 4),
        Expression::Column(word) if word.eq_ignore_ascii_case("maxvalue") => Some(i128::MAX / 4),
        Expression::Constant(text) => tick(&text, kind),
        _ => None,
    };
    Some(Bound::Range(end(from)?, end(to)?))
}

/// `FOR VALUES IN ('a', 'b', NULL)`
fn list(text: &str, kind: &ColumnType) -> Option<Bound> {
    let inner = text.strip_prefix("FOR VALUES IN (")?.strip_suffix(')')?;
    let Expression::Array(values) = parse(&format!("ARRAY[{inner}]"))? else { return None };
    let values = values.into_iter().filter_map(|value| match value {
        Expression::Constant(text) => Some(text),
        // NULL
        _ => None,
    });
    let values: Vec<String> = values.collect();
    (!is_ordered(kind) || values.iter().all(|value| tick(value, kind).is_some()))
        .then_some(Bound::List(values))
}

/// What the partitions together leave the key's column; none where one of them takes everything, or where that is not
/// known.
pub(super) fn limits(table: &TableShape) -> Option<(usize, Limits)> {
    let (key, leaves) = bounds(table)?;
    let kind = &table.columns[key].kind;
    let mut intervals = Vec::new();
    let mut texts = Vec::new();
    for leaf in leaves {
        match leaf {
            Bound::Default => return None,
            Bound::Range(from, to) => intervals.push((from, to - 1)),
            Bound::List(values) if is_ordered(kind) => {
                intervals
                    .extend(values.iter().filter_map(|value| tick(value, kind)).map(|tick| (tick, tick)));
            }
            Bound::List(values) => texts.extend(values),
        }
    }
    let values =
        if is_ordered(kind) { Allowed::union(intervals) } else { Allowed::Only(texts.into_iter().collect()) };
    Some((key, Limits::of(values)))
}

/// The position of the partition key, where rows can be numbered leaf by leaf.
pub(super) fn key(table: &TableShape) -> Option<usize> {
    bounds(table).map(|(key, _)| key)
}

/// Numbers the rows leaf by leaf: gives the rows of each leaf and arranges the key's order so that their values belong
/// there; how far it is from value order stays the same within each leaf. None where the values do not say to which leaf they belong; the
/// server then shares the rows out.
pub(super) fn cut(table: &TableShape, built: &mut Built, seed: u64) -> Option<Vec<Range<u64>>> {
    let (key, leaves) = bounds(table)?;
    let values = &*built.column.values;
    let rows = values.segments.positions();
    if built.column.nulls.count() > 0 || rows == 0 {
        return None;
    }
    let kind = &table.columns[key].kind;
    let pieces = pieces(&leaves, values, kind)?;
    let Disorder { window, reversed } = built.column.order.disorder();
    let window_frac = window as f64 / rows as f64;
    let stream = Stream::new(seed, &table.full_name(), &table.columns[key].name, "leaves");
    // Leaves are filled in the order of their values, so that what is numbered in row order ascends with the key.
    let mut turns: Vec<usize> = Vec::new();
    for &(leaf, _) in &pieces {
        if !turns.contains(&leaf) {
            turns.push(leaf);
        }
    }
    let mut parts: Vec<Leaf> = Vec::new();
    let mut ranges = vec![rows..rows; leaves.len()];
    let mut start = 0;
    for leaf in turns {
        let mine: Vec<Range<u64>> =
            pieces.iter().filter(|(of, _)| *of == leaf).map(|(_, piece)| piece.clone()).collect();
        let count: u64 = mine.iter().map(|piece| piece.end - piece.start).sum();
        let window = ((count as f64 * window_frac).round() as u64).clamp(1, count);
        let order = Order::new(count, Disorder { window, reversed }, stream.child(leaf as u64));
        parts.push(Leaf { order, pieces: mine });
        ranges[leaf] = start..start + count;
        start += count;
    }
    (start == rows).then(|| {
        built.column.order = Order::in_leaves(parts);
        ranges
    })
}

/// The quantile axis in pieces, each with the leaf that it belongs to, in value order.
fn pieces(leaves: &[Bound], values: &Values, kind: &ColumnType) -> Option<Vec<(usize, Range<u64>)>> {
    let default = leaves.iter().position(|leaf| *leaf == Bound::Default);
    if leaves.iter().any(|leaf| matches!(leaf, Bound::List(_))) {
        return listed(leaves, default, values, kind);
    }
    if values.cells.contains(&Cell::Made) {
        return None;
    }
    let rows = values.segments.positions();
    let ticks = ticks_per_unit(values.lattice);
    let at = |bound: i128| {
        partition_point(rows, |position| {
            units_at(values, position).is_some_and(|units| i128::from(units) * ticks < bound)
        })
    };
    let mut pieces: Vec<(usize, Range<u64>)> = Vec::new();
    for (leaf, bound) in leaves.iter().enumerate() {
        if let Bound::Range(from, to) = bound {
            pieces.push((leaf, at(*from)..at(*to)));
        }
    }
    pieces.retain(|(_, piece)| !piece.is_empty());
    pieces.sort_by_key(|(_, piece)| piece.start);
    let mut whole = Vec::new();
    let mut start = 0;
    for (leaf, piece) in pieces {
        if piece.start > start {
            whole.push((default?, start..piece.start));
        }
        start = piece.end;
        whole.push((leaf, piece));
    }
    if start < rows {
        whole.push((default?, start..rows));
    }
    Some(whole)
}

fn listed(
    leaves: &[Bound],
    default: Option<usize>,
    values: &Values,
    kind: &ColumnType,
) -> Option<Vec<(usize, Range<u64>)>> {
    let mut owners: Vec<(Vec<u8>, usize)> = Vec::new();
    for (leaf, bound) in leaves.iter().enumerate() {
        if let Bound::List(list) = bound {
            for text in list {
                let text =
                    if matches!(kind, ColumnType::Char(_)) { text.trim_end_matches(' ') } else { text };
                owners.push((field(text, values, kind)?, leaf));
            }
        }
    }
    let segments = values.segments.list().iter().zip(&values.cells);
    let pieces = segments.map(|(segment, cell)| {
        let Cell::Ready(range) = cell else { return None };
        let bytes = &values.ready[range.start as usize..range.end as usize];
        let owner = owners.iter().find(|(field, _)| field == bytes).map(|&(_, leaf)| leaf);
        Some((owner.or(default)?, segment.start..segment.start + segment.count))
    });
    pieces.collect()
}

/// A listed value as its cells are written.
fn field(text: &str, values: &Values, kind: &ColumnType) -> Option<Vec<u8>> {
    let lattice = super::lattice::lattice(kind, 0).map(|_| values.lattice);
    super::literal::literal(text, kind, lattice).ok().map(|literal| literal.field)
}

/// The first of `0..count` for which `before` no longer holds.
fn partition_point(count: u64, before: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
