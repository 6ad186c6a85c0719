//! What a plan expects the server to find in a table once it is loaded: what verification measures against.

use std::collections::BTreeMap;

use pgrehearse_scenarios::profile::{ColumnProfile, TableProfile};

use super::TablePlan;
use super::column::Built;
use crate::dataset::generate::column::Source;
use crate::dataset::generate::order;
use crate::dataset::generate::segments::{Segment, Slot};
use crate::dataset::generate::values::{Cell, Lattice, Made, Values};
use crate::postgres::shape::TableShape;

/// What the profile itself says of a table, for telling its lines from what the plan chose.
#[derive(Debug, Clone, Default)]
pub(super) struct Declarations {
    table: TableProfile,
    columns: BTreeMap<String, ColumnProfile>,
}

impl Declarations {
    /// What `profile` says of the table.
    pub(super) fn of(shape: &TableShape, profile: Option<&TableProfile>) -> Self {
        let Some(profile) = profile else { return Self::default() };
        let known = profile
            .columns
            .iter()
            .filter(|column| shape.columns.iter().any(|shape| shape.name == column.name));
        let columns = known.map(|column| (column.name.clone(), column.clone())).collect();
        Self { table: TableProfile { columns: Vec::new(), ..profile.clone() }, columns }
    }
}

/// How values of a column are read as numbers, so that places in its distribution can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// As the number that it is.
    Number,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since 1970-01-01 (UTC).
    Timestamp,
}

/// A stretch of value order whose values have equally many rows, give or take one.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareExpectation {
    /// Rows that have one of its values.
    pub rows: u64,
    /// Different values.
    pub distinct: u64,
    /// Its least and greatest value on the column's axis, where it has one.
    pub ends: Option<(f64, f64)>,
    /// The value in the binary format, where there is a single one.
    pub field: Option<Vec<u8>>,
}

/// What one column should hold.
#[derive(Debug, Clone)]
pub struct ColumnExpectation {
    /// Its name.
    pub name: String,
    /// What the profile says of it, if anything.
    pub profile: Option<ColumnProfile>,
    /// Rows that are NULL.
    pub nulls: u64,
    /// Different values.
    pub distinct: u64,
    /// What it holds, in value order as far as it has one; empty where that is not known.
    pub shares: Vec<ShareExpectation>,
    /// What its values follow from, where that is not their own distribution.
    pub follows: Option<&'static str>,
    /// How its values are read as numbers; none where they are not.
    pub axis: Option<Axis>,
    /// The correlation to be expected; none where value order is not known.
    pub correlation: Option<f64>,
    /// Mean of the stored bytes of values that are not null.
    pub width_bytes: f64,
    /// Standard deviation of their length.
    pub width_deviation: f64,
}

/// Values whose lengths are looked at for [`ColumnExpectation::width_deviation`].
const WIDTHS_SAMPLED: u64 = 512;

impl TablePlan {
    /// What the server should find in each column, in the order of [`Self::copy_columns`].
    pub fn expectations(&self) -> Vec<ColumnExpectation> {
        let columns = self.copy_columns().iter().zip(self.built()).enumerate();
        columns.map(|(at, (name, built))| self.expectation(at, name, built)).collect()
    }

    /// What the profile says of the table as a whole; empty where it says nothing. Its columns are not in it.
    pub fn declared(&self) -> &TableProfile {
        &self.declarations.table
    }

    fn expectation(&self, at: usize, name: &str, built: &Built) -> ColumnExpectation {
        let follows = match &built.column.source {
            Source::Order => return self.of_own_values(at, name, built),
            Source::Parent { .. } => "its values are those of the rows that it references",
            Source::Number(_) => "its values count the rows of a key",
            Source::Decided(_) => {
                "another column decides its values, so that counts are near what is declared"
            }
        };
        // Each referenced row has a value of its own, and so many rows.
        let fan_out =
            self.fan_outs().iter().find(|fan_out| fan_out.columns.first().is_some_and(|first| first == name));
        let degrees = fan_out.map_or(&[][..], |fan_out| &fan_out.degrees).iter();
        let shares: Vec<ShareExpectation> = degrees
            .filter(|&&(children, parents)| children * parents > 0)
            .map(|&(children, parents)| ShareExpectation {
                rows: children * parents,
                distinct: parents,
                ends: None,
                field: None,
            })
            .collect();
        let filled: u64 = shares.iter().map(|share| share.rows).sum();
        let distinct = match shares.is_empty() {
            true => built.column.values.segments.distinct(),
            false => shares.iter().map(|share| share.distinct).sum(),
        };
        ColumnExpectation {
            name: name.to_owned(),
            profile: self.declarations.columns.get(name).cloned(),
            nulls: match shares.is_empty() {
                true => built.column.nulls.count(),
                false => self.rows().saturating_sub(filled),
            },
            distinct,
            shares,
            follows: Some(follows),
            axis: None,
            correlation: None,
            width_bytes: built.width_bytes,
            width_deviation: self.width_deviation(at),
        }
    }

    fn of_own_values(&self, at: usize, name: &str, built: &Built) -> ColumnExpectation {
        let values = &*built.column.values;
        let segments = values.segments.list();
        let has_steps = values.cells.iter().any(|cell| matches!(cell, Cell::Steps { .. }));
        let lattice = Some(values.lattice).filter(|lattice| has_steps && axis(*lattice).is_some());
        let shares = (0u64..).zip(segments).zip(&values.cells).map(|((number, segment), cell)| {
            let field = (segment.distinct == 1).then(|| field(values, number));
            let ends = lattice.and_then(|lattice| match cell {
                Cell::Steps { first, step } => {
                    let last = (u128::from(segment.distinct - 1) * step) >> 64;
                    Some((number_of(lattice, *first), number_of(lattice, first.wrapping_add(last as i64))))
                }
                _ => field.as_deref().and_then(|field| decoded(lattice, field)).map(|value| (value, value)),
            });
            ShareExpectation { rows: segment.count, distinct: segment.distinct, ends, field }
        });
        ColumnExpectation {
            name: name.to_owned(),
            profile: self.declarations.columns.get(name).cloned(),
            nulls: built.column.nulls.count(),
            distinct: values.segments.distinct(),
            shares: shares.collect(),
            follows: None,
            axis: lattice.and_then(axis),
            correlation: correlation(built, segments),
            width_bytes: built.width_bytes,
            width_deviation: self.width_deviation(at),
        }
    }

    fn width_deviation(&self, column: usize) -> f64 {
        let sample = WIDTHS_SAMPLED.min(self.rows());
        let mut field = Vec::new();
        let mut lengths: Vec<f64> = Vec::new();
        for number in 0..sample {
            field.clear();
            let row = (u128::from(number) * u128::from(self.rows()) / u128::from(sample)) as u64;
            self.encode_field(column, row, &mut field);
            if field.len() >= 4 && field[..4] != [0xFF; 4] {
                lengths.push((field.len() - 4) as f64);
            }
        }
        let count = lengths.len().max(1) as f64;
        let mean = lengths.iter().sum::<f64>() / count;
        (lengths.iter().map(|length| (length - mean).powi(2)).sum::<f64>() / count).sqrt()
    }
}

/// The correlation that ANALYZE should find. Where values are not made in value order, their order says nothing, unless
/// rows are in no order at all.
fn correlation(built: &Built, segments: &[Segment]) -> Option<f64> {
    let values = &*built.column.values;
    let rows = values.segments.positions();
    let is_made = values.cells.contains(&Cell::Made);
    let sorted = match &values.made {
        Made::Foreign { key, .. } => key.cells.iter().all(|cell| matches!(cell, Cell::Steps { .. })),
        _ => !is_made,
    };
    let disorder = built.column.order.disorder();
    let shuffled = disorder.window >= rows;
    (rows > 1 && values.segments.distinct() > 1 && (sorted || shuffled))
        .then(|| order::expected(disorder, rows, segments))
}

/// The only value of a segment, without its length.
fn field(values: &Values, segment: u64) -> Vec<u8> {
    let mut field = Vec::new();
    values.write(Slot(segment << 32), &mut field);
    field.split_off(4.min(field.len()))
}

/// The axis of a lattice, where the server gives its values as numbers.
fn axis(lattice: Lattice) -> Option<Axis> {
    match lattice {
        Lattice::Date => Some(Axis::Date),
        Lattice::Timestamp => Some(Axis::Timestamp),
        Lattice::Int2
        | Lattice::Int4
        | Lattice::Int8
        | Lattice::Float4(_)
        | Lattice::Float8(_)
        | Lattice::Numeric { .. } => Some(Axis::Number),
        Lattice::Time
        | Lattice::Timetz
        | Lattice::Interval
        | Lattice::Inet
        | Lattice::Cidr
        | Lattice::Macaddr
        | Lattice::Oid
        | Lattice::Money
        | Lattice::Bits(_)
        | Lattice::Range(_) => None,
    }
}

/// Units of a lattice as a number of its axis.
fn number_of(lattice: Lattice, units: i64) -> f64 {
    let scaled = |scale: u32| units as f64 / 10f64.powi(scale.cast_signed());
    match lattice {
        Lattice::Float4(scale) => f64::from(scaled(scale) as f32),
        Lattice::Float8(scale) => scaled(scale),
        Lattice::Numeric { scale, times } => scaled(scale) * times as f64,
        _ => units as f64,
    }
}

/// A field in the binary format as a number of its axis.
fn decoded(lattice: Lattice, field: &[u8]) -> Option<f64> {
    use crate::dataset::encode::{DAY_US, EPOCH_DAYS};
    let whole = || match field.len() {
        2 => Some(i64::from(i16::from_be_bytes(field.try_into().ok()?))),
        4 => Some(i64::from(i32::from_be_bytes(field.try_into().ok()?))),
        8 => Some(i64::from_be_bytes(field.try_into().ok()?)),
        _ => None,
    };
    Some(match lattice {
        Lattice::Float4(_) => f64::from(f32::from_be_bytes(field.try_into().ok()?)),
        Lattice::Float8(_) => f64::from_be_bytes(field.try_into().ok()?),
        Lattice::Numeric { .. } => return numeric(field),
        Lattice::Date => (whole()? + EPOCH_DAYS) as f64,
        Lattice::Timestamp => (whole()? + EPOCH_DAYS * DAY_US) as f64,
        _ => whole()? as f64,
    })
}

fn numeric(field: &[u8]) -> Option<f64> {
    const NEGATIVE: u16 = 0x4000;
    let words: Vec<u16> = field.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let [_, weight, sign, scale, groups @ ..] = &words[..] else { return None };
    // Summed as a whole number first, so that the result is the double nearest to the decimal number.
    let mut magnitude: i128 = 0;
    for group in groups {
        magnitude = magnitude.checked_mul(10_000)?.checked_add(i128::from(*group))?;
    }
    let exponent = (i32::from(weight.cast_signed()) + 1 - i32::try_from(groups.len()).ok()?) * 4;
    let scale = i32::from(*scale);
    let surplus = u32::try_from(-exponent - scale).unwrap_or(0);
    let (magnitude, exponent) = (magnitude / 10i128.checked_pow(surplus)?, exponent + surplus.cast_signed());
    let value = if exponent < 0 {
        magnitude as f64 / 10f64.powi(-exponent)
    } else {
        magnitude as f64 * 10f64.powi(exponent)
    };
    Some(if *sign == NEGATIVE { -value } else { value })
}
