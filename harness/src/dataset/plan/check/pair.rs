//! Two columns of which one is never above the other: both follow the same order over the rows, and one lies above the
//! other at every place of it.

use std::sync::Arc;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{Bound, ColumnProfile};
use pgrehearse_scenarios::source::Place;

use super::expression::Expression;
use super::limits::{is_column, ticks_per_unit};
use super::written::written;
use super::{Adapted, Column, Rule, below};
use crate::dataset::generate::nulls::Nulls;
use crate::dataset::generate::order::{Order, bucket_start};
use crate::dataset::generate::rng::Stream;
use crate::dataset::generate::values::Values;
use crate::dataset::plan::column::Built;
use crate::dataset::plan::habits::habit;
use crate::dataset::plan::lattice::{lattice, scales};
use crate::dataset::plan::literal;
use crate::dataset::plan::units::units_at;
use crate::postgres::shape::{ColumnShape, ColumnType, TableShape};

/// `low < high` or `low <= high`, between columns by their positions.
#[derive(Debug, Clone)]
pub(in crate::dataset::plan) struct Pair {
    pub(super) says: String,
    low: usize,
    high: usize,
    strict: bool,
}

impl Pair {
    /// The other column, if `column` is one of the two.
    pub(in crate::dataset::plan) fn other(&self, column: usize) -> Option<usize> {
        match column {
            _ if column == self.low => Some(self.high),
            _ if column == self.high => Some(self.low),
            _ => None,
        }
    }
}

/// A column that goes along with another.
#[derive(Debug)]
pub(in crate::dataset::plan) struct Followed {
    pair: Pair,
    leader: Arc<Built>,
    /// The leader's order over the rows, or one beside it.
    pub(in crate::dataset::plan) order: Order,
    column: usize,
    /// Fraction of rows that are NULL whatever the leader has there.
    null_frac: f64,
    declared: bool,
}

/// Whether anything is declared of a column's values.
pub(in crate::dataset::plan) fn says_values(profile: &ColumnProfile) -> bool {
    !profile.most_common.is_empty()
        || !profile.most_common_freqs.is_empty()
        || !profile.histogram_bounds.is_empty()
        || profile.n_distinct.is_some()
}

/// Lets a column go along with `leader`, if it can: takes over the order, and bounds after it where nothing is declared.
pub(in crate::dataset::plan) fn follow(
    pair: &Pair,
    leader: Arc<Built>,
    column: &Column<'_>,
    adapted: &mut Adapted,
    rules: &[Rule],
    at: usize,
    seed: u64,
) -> Option<Followed> {
    let profile = column.profile;
    let positions = leader.column.values.segments.positions();
    if positions != column.rows || profile.correlation.is_some() || column.unique || column.numbered {
        return None;
    }
    let usual_nulls = if adapted.shape.not_null { 0.0 } else { habit(column.shape).null_frac };
    let null_frac = profile.null_frac.unwrap_or(usual_nulls);
    let declared = says_values(profile);
    let mut order = leader.column.order.clone();
    if declared {
        // What is declared counts rows that are not null, which would be others than the leader's.
        (null_frac == 0.0).then_some(())?;
    } else {
        let kind = &adapted.shape.kind;
        let bounds = bounds(pair, &leader, at == pair.high, kind, rules, column.table_place)?;
        let buckets = bounds.len() as u64 - 1;
        adapted.profile.histogram_bounds = bounds;
        adapted.profile.null_frac = Some(0.0);
        // Within a bucket any value goes with any of the leader's.
        let stream = Stream::new(seed, &column.table.full_name(), &column.shape.name, "order");
        order = Order::beside(&order, buckets, stream);
    }
    Some(Followed { pair: pair.clone(), leader, order, column: at, null_frac, declared })
}

impl Followed {
    /// Puts the NULLs over what was made, and adds an error where what is declared breaks the pair.
    pub(in crate::dataset::plan) fn finish(
        &self,
        built: &mut Built,
        table: &TableShape,
        profile: &ColumnProfile,
        table_place: &Place,
        seed: u64,
        problems: &mut Vec<Diagnostic>,
    ) {
        if self.declared {
            let both = if self.column == self.pair.high {
                (&*self.leader, &*built)
            } else {
                (&*built, &*self.leader)
            };
            check(&self.pair, both, table, profile, table_place, problems);
        }
        let rows = self.leader.column.values.segments.positions();
        let nulls = (self.null_frac.clamp(0.0, 1.0) * rows as f64).round() as u64;
        if nulls > 0 {
            let name = &table.columns[self.column].name;
            let stream = Stream::new(seed, &table.full_name(), name, "nulls");
            built.column.nulls = Nulls::new(rows, nulls, stream);
            built.column.by_row = true;
            built.null_frac = nulls as f64 / rows as f64;
        }
    }
}

/// Reads a comparison of two columns of kinds that have an order; NULL in either is allowed anyway.
pub(super) fn read(part: &Expression, table: &TableShape, one: usize, other: usize) -> Option<Pair> {
    let is = |part: &Expression, at: usize| {
        let column: &ColumnShape = &table.columns[at];
        is_column(part, &column.name, &column.kind)
    };
    match part {
        Expression::Or(parts) => {
            let null =
                |part: &Expression| matches!(part, Expression::IsNull(of) if is(of, one) || is(of, other));
            let mut rest = parts.iter().filter(|part| !null(part));
            match (rest.next(), rest.next()) {
                (Some(only), None) => read(only, table, one, other),
                _ => None,
            }
        }
        Expression::Not(part) => match &**part {
            Expression::Compare(comparison, left, right) => {
                let turned = Expression::Compare(comparison.negated(), left.clone(), right.clone());
                read(&turned, table, one, other)
            }
            _ => None,
        },
        Expression::Compare(comparison, left, right) => {
            let (left, right) = match () {
                () if is(left, one) && is(right, other) => (one, other),
                () if is(left, other) && is(right, one) => (other, one),
                () => return None,
            };
            let (low, high, strict) = match (below(*comparison), below(comparison.turned())) {
                (Some(strict), _) => (left, right, strict),
                (_, Some(strict)) => (right, left, strict),
                _ => return None,
            };
            comparable(&table.columns[one].kind, &table.columns[other].kind).then(|| Pair {
                says: String::new(),
                low,
                high,
                strict,
            })
        }
        _ => None,
    }
}

/// Whether ticks of both mean the same.
fn comparable(one: &ColumnType, other: &ColumnType) -> bool {
    let family = |kind: &ColumnType| match kind {
        ColumnType::Date => Some(0),
        ColumnType::Timestamp | ColumnType::Timestamptz => Some(1),
        ColumnType::Bool | ColumnType::Enum(_) => None,
        kind => lattice(kind, 0).map(|_| 2),
    };
    family(one).is_some() && family(one) == family(other)
}

/// Ticks of the value at a position.
fn ticks_at(values: &Values, position: u64) -> Option<i128> {
    Some(i128::from(units_at(values, position)?) * ticks_per_unit(values.lattice))
}

/// Stretches that the follower's values are cut into, each above (or below) what the leader has there.
const BUCKETS: u64 = 100;

/// Bounds for a column of which nothing is declared, so that it satisfies `pair` with `leader`, which is the pair's other
/// column; `is_high` says whether the column is the greater one. None where there is no room.
fn bounds(
    pair: &Pair,
    leader: &Built,
    is_high: bool,
    kind: &ColumnType,
    rules: &[Rule],
    place: &Place,
) -> Option<Vec<Bound>> {
    let values = &*leader.column.values;
    let positions = values.segments.positions();
    let lattice = lattice(kind, scales(kind).0)?;
    let ticks = ticks_per_unit(lattice);
    let buckets = BUCKETS.min(positions / 2).max(1);
    let cut = |bucket: u64| bucket_start(positions, buckets, bucket);
    let strict = i128::from(pair.strict);
    let mut bounds: Vec<i128> = Vec::new();
    if is_high {
        // Bucket `b` begins above everything that the leader has in it.
        for bucket in 0..buckets {
            let top = ticks_at(values, cut(bucket + 1).checked_sub(1)?)?;
            let least = -(-(top + strict)).div_euclid(ticks);
            bounds.push(bounds.last().map_or(least, |&before| least.max(before + 1)));
        }
        let last = *bounds.last()?;
        let span = (last - bounds[0]) / i128::from(buckets);
        bounds.push(last + span.max(1));
    } else {
        // Bucket `b` ends below everything that the leader has in it.
        for bucket in (0..buckets).rev() {
            let bottom = ticks_at(values, cut(bucket))?;
            let most = (bottom - strict).div_euclid(ticks);
            bounds.push(bounds.last().map_or(most, |&after| most.min(after - 1)));
        }
        let first = *bounds.last()?;
        let span = (bounds[0] - first) / i128::from(buckets);
        let floor = if first > 0 { 0 } else { i128::MIN };
        bounds.push((first - span.max(1)).max(floor));
        bounds.reverse();
    }
    let (least, most) = literal::limits(lattice, kind);
    let allowed = |units: i128| {
        let units = i64::try_from(units).ok().filter(|units| (least..=most).contains(units))?;
        let text = written(units, lattice);
        rules
            .iter()
            .all(|rule| rule.limits.allow(&text, kind))
            .then(|| Bound { value: text, place: place.clone() })
    };
    bounds.into_iter().map(allowed).collect()
}

/// Places that are looked at, besides the ends of all stretches.
const PLACES: u64 = 2_000;

/// Adds an error where two declared columns that follow the same order break `pair` at some place of it: a row that is
/// surely wrong.
fn check(
    pair: &Pair,
    (low, high): (&Built, &Built),
    table: &TableShape,
    profile: &ColumnProfile,
    table_place: &Place,
    problems: &mut Vec<Diagnostic>,
) {
    let (low, high) = (&*low.column.values, &*high.column.values);
    let positions = low.segments.positions();
    if positions != high.segments.positions() || positions == 0 {
        return;
    }
    let ends = low.segments.list().iter().chain(high.segments.list());
    let ends = ends.flat_map(|segment| [segment.start, segment.start + segment.count - 1]);
    let spread = (0..PLACES).map(|at| (u128::from(positions) * u128::from(at) / u128::from(PLACES)) as u64);
    let broken = ends.chain(spread).find_map(|position| {
        let (below, above) = (ticks_at(low, position)?, ticks_at(high, position)?);
        let holds = if pair.strict { below < above } else { below <= above };
        (!holds).then(|| Some((units_at(low, position)?, units_at(high, position)?)))?
    });
    let Some((below, above)) = broken else { return };
    let name = |at: usize| table.columns[at].name.as_str();
    let message = format!(
        "{}.{} and {} cannot both be as declared: where {} is `{}`, {} would be `{}`, which {} refuses",
        table.name,
        name(pair.low),
        name(pair.high),
        name(pair.low),
        written(below, low.lattice),
        name(pair.high),
        written(above, high.lattice),
        pair.says,
    );
    let place = profile.histogram_bounds_place.as_ref().or(profile.most_common_place.as_ref());
    let place = place.unwrap_or(&profile.place);
    let place = if place.source.is_some() { place } else { table_place }.clone();
    problems.push(
        Diagnostic::error(place, message)
            .help("declare values of one column only; those of the other are made to satisfy the condition"),
    );
}
