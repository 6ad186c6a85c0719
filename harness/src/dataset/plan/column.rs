//! One column: what is declared of it, what it usually holds and what its type and constraints demand, made into a recipe
//! for its cells, or the reasons why there is none.

mod compound;
mod foreign;
mod kinds;
mod numbers;
mod others;
mod share;
mod texts;
mod wide;

use std::sync::Arc;

pub(super) use self::others::is_known;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::ColumnProfile;
use pgrehearse_scenarios::source::Place;

use super::habits::{Habit, habit};
use super::lattice::Stretch;
use super::text::close_width;
use crate::dataset::generate::column::{Column, Source};
use crate::dataset::generate::nulls::Nulls;
use crate::dataset::generate::order::{self, Disorder, Order};
use crate::dataset::generate::quota::largest_remainder;
use crate::dataset::generate::relation::Number;
use crate::dataset::generate::rng::Stream;
use crate::dataset::generate::segments::Segments;
use crate::dataset::generate::values::{Cell, Lattice, Made, Values};
use crate::postgres::shape::{ColumnShape, ColumnType, TableShape};

/// Everything that decides a column.
#[derive(Debug)]
pub(super) struct Brief<'a> {
    pub(super) table: &'a TableShape,
    pub(super) column: &'a ColumnShape,
    /// What is declared of it.
    pub(super) profile: &'a ColumnProfile,
    /// Where to point where nothing is declared.
    pub(super) table_place: &'a Place,
    /// Rows to make.
    pub(super) rows: u64,
    /// Rows that are declared, before scaling.
    pub(super) rows_declared: u64,
    /// The key that demands that all values differ.
    pub(super) unique_key: Option<&'a str>,
    /// Whether it is numbered from 1 in row order.
    pub(super) numbered: bool,
    /// The key that it references.
    pub(super) parent: Option<Parent>,
    /// The order over the rows that it shares with another column, for as many rows that are not null.
    pub(super) order: Option<Order>,
    /// Whether it does so together with other columns.
    pub(super) composite: bool,
    pub(super) seed: u64,
}

/// A referenced key.
#[derive(Debug, Clone)]
pub(super) struct Parent {
    /// `schema.table`
    pub(super) table: String,
    /// The key's values; none where the table gets no rows.
    pub(super) key: Option<Arc<Built>>,
    /// The key's type.
    pub(super) kind: ColumnType,
    /// Rows of its table that are declared, before scaling.
    pub(super) keys_declared: u64,
}

/// A column that can be made.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) column: Column,
    /// Stored bytes of values that are not null, on average.
    pub(super) width_bytes: f64,
    /// Fraction of rows that are null.
    pub(super) null_frac: f64,
    /// Bytes out of line of values that are not null, on average.
    pub(super) out_of_line_bytes: f64,
    /// The greatest value, for whole numbers.
    pub(super) greatest: Option<i64>,
}

/// Values in order, before they are laid out.
#[derive(Debug)]
struct Layout {
    stretches: Vec<Stretch>,
    ready: Vec<u8>,
    lattice: Lattice,
    made: Made,
    /// Stored bytes on average.
    width_bytes: f64,
}

/// Collects problems of one column.
struct Report<'a, 'b> {
    brief: &'a Brief<'a>,
    problems: &'b mut Vec<Diagnostic>,
}

impl Report<'_, '_> {
    /// `users.email`
    fn name(&self) -> String {
        format!("{}.{}", self.brief.table.name, self.brief.column.name)
    }

    /// Adds an error where `place` says, else at the column, else at the table. The message follows the column's name.
    fn error(&mut self, place: Option<&Place>, message: impl AsRef<str>) -> &mut Diagnostic {
        let column = &self.brief.profile.place;
        let written = if column.source.is_some() { column } else { self.brief.table_place };
        let place = place.unwrap_or(written).clone();
        let message = format!("{} {}", self.name(), message.as_ref());
        self.problems.push(Diagnostic::error(place, message));
        self.problems.last_mut().expect("just added")
    }

    /// Adds the error that there are not enough values of the column's type.
    fn too_few(&mut self, wanted: u64, room: u64) {
        let brief = self.brief;
        let key = brief.unique_key.map(|key| format!(" for {key}")).unwrap_or_default();
        let type_name = &brief.column.type_name;
        let place = brief.profile.n_distinct_place.as_ref().or(brief.profile.most_common_place.as_ref());
        let message =
            format!("needs {wanted} different values{key}, but {type_name} has only {room} of them to give");
        self.error(place, message);
    }
}

/// Makes a column, or adds every reason why it cannot be made to `problems`.
pub(super) fn build(brief: &Brief<'_>, problems: &mut Vec<Diagnostic>) -> Option<Built> {
    let before = problems.len();
    let mut report = Report { brief, problems };
    let habit = habit(brief.column);
    kinds::check_fit(&mut report);
    let common = kinds::most_common(&mut report);
    let shares = share::share(&mut report, &habit, common);
    let built = shares.and_then(|shares| {
        let shares = others::settle(&report, shares);
        let layout = match &brief.parent {
            Some(parent) => foreign::lay_out(&mut report, parent, &shares),
            None => kinds::lay_out(&mut report, &habit, &shares),
        }?;
        check_width(&mut report, &layout, &shares);
        let disorder = disorder(&mut report, &habit, &layout)?;
        Some(assemble(brief, layout, shares.nulls, disorder))
    });
    (problems.len() == before).then_some(built).flatten()
}

/// What a column follows from, instead of an order of its own.
#[derive(Debug)]
pub(super) enum Follows {
    /// It has the value of the referenced column in a row of the parent.
    Parent {
        /// The row.
        row: Number,
        /// Rows that are NULL, for a row that is found for every row.
        nulls: Option<Nulls>,
    },
    /// It has a value for each number.
    Number {
        /// The number.
        number: Number,
        /// How many numbers there are.
        values: u64,
        /// Whether values are whole numbers from 1 on.
        from_one: bool,
    },
}

/// Makes a column that follows from something else, or adds every reason why it cannot be made to `problems`.
pub(super) fn follow(brief: &Brief<'_>, follows: Follows, problems: &mut Vec<Diagnostic>) -> Option<Built> {
    let before = problems.len();
    let mut report = Report { brief, problems };
    let habit = habit(brief.column);
    kinds::check_fit(&mut report);
    let built = match follows {
        Follows::Parent { row, nulls } => {
            let parent = brief.parent.as_ref()?;
            let nulls = match nulls {
                Some(nulls) => nulls,
                None => nulls_of(&mut report, &habit)?,
            };
            foreign::related(&mut report, parent, row, nulls)
        }
        Follows::Number { number, values, from_one } => {
            let nulls = nulls_of(&mut report, &habit)?;
            let rest = brief.rows.max(values);
            let shares = share::Shares {
                nulls: nulls.count(),
                common: Vec::new(),
                chosen: Vec::new(),
                wide: (0, 0),
                rest,
                distinct: Some(super::lattice::Rest::Exactly(values)),
            };
            let layout = if from_one {
                numbers::from_one(&mut report, values, rest)
            } else {
                kinds::lay_out(&mut report, &habit, &shares)
            };
            layout.map(|layout| {
                check_width(&mut report, &layout, &shares);
                let kept = Disorder { window: 1, reversed: false };
                let mut built = assemble(brief, layout, nulls.count(), kept);
                built.column.source = Source::Number(number);
                built
            })
        }
    };
    (problems.len() == before).then_some(built).flatten()
}

fn nulls_of(report: &mut Report<'_, '_>, habit: &Habit) -> Option<Nulls> {
    let null_frac = share::null_frac(report, habit)?;
    let brief = report.brief;
    let nulls = largest_remainder(brief.rows, &[null_frac, 1.0 - null_frac])[0];
    let stream = Stream::new(brief.seed, &brief.table.full_name(), &brief.column.name, "nulls");
    Some(Nulls::new(brief.rows, nulls, stream))
}

fn assemble(brief: &Brief<'_>, layout: Layout, nulls: u64, disorder: Disorder) -> Built {
    let stream = |purpose| Stream::new(brief.seed, &brief.table.full_name(), &brief.column.name, purpose);
    let segments = Segments::new(layout.stretches.iter().map(|stretch| (stretch.count, stretch.distinct)));
    let order = match &brief.order {
        Some(order) => order.clone(),
        None => Order::new(segments.positions(), disorder, stream("order")),
    };
    let greatest = layout.stretches.last().and_then(|last| match &last.cell {
        Cell::Steps { first, step } => {
            Some(first.wrapping_add(((u128::from(last.distinct - 1) * step) >> 64) as i64))
        }
        _ => None,
    });
    let cells = layout.stretches.into_iter().map(|stretch| stretch.cell).collect();
    let values = Values { segments, cells, ready: layout.ready, lattice: layout.lattice, made: layout.made };
    let column = Column {
        nulls: Nulls::new(brief.rows, nulls, stream("nulls")),
        by_row: false,
        order,
        values: Arc::new(values),
        source: Source::Order,
    };
    let null_frac = nulls as f64 / brief.rows.max(1) as f64;
    let out_of_line_bytes = wide::out_of_line_bytes(brief.profile.toasted.as_ref());
    Built { column, width_bytes: layout.width_bytes, null_frac, out_of_line_bytes, greatest }
}

/// How far a correlation may be from what generated text has, which is not sorted.
const CORRELATION_TOLERANCE: f64 = 0.05;

fn disorder(report: &mut Report<'_, '_>, habit: &Habit, layout: &Layout) -> Option<Disorder> {
    let profile = report.brief.profile;
    let segments = Segments::new(layout.stretches.iter().map(|stretch| (stretch.count, stretch.distinct)));
    let rows = segments.positions().max(1);
    let shuffled = Disorder { window: rows, reversed: false };
    let sortable = match &layout.made {
        Made::Never => true,
        Made::Foreign { key, .. } => key.cells.iter().all(|cell| matches!(cell, Cell::Steps { .. })),
        _ => !layout.stretches.iter().any(|stretch| stretch.cell == Cell::Made),
    };
    let place = profile.correlation_place.as_ref();
    match profile.correlation {
        Some(wanted) if !(-1.0..=1.0).contains(&wanted) => {
            report.error(place, "has a correlation that is not between -1 and 1");
            None
        }
        Some(wanted) if sortable => {
            let (disorder, reached) = order::solve(wanted, segments.list());
            if (reached - wanted).abs() > CORRELATION_TOLERANCE && segments.distinct() > 1 && rows > 100 {
                let message = format!(
                    "cannot have a correlation of {wanted}: with its frequencies, {reached:.2} is the least"
                );
                report.error(place, message).help = Some(
                    "equal values keep their physical order when ANALYZE sorts, which raises the correlation"
                        .into(),
                );
                return None;
            }
            Some(disorder)
        }
        Some(wanted) => {
            let usual = order::expected(shuffled, rows, segments.list());
            if (wanted - usual).abs() > CORRELATION_TOLERANCE && rows > 100 {
                let message =
                    format!("cannot have a correlation of {wanted}: its generated values are in no order");
                report.error(place, message).help =
                    Some(format!("leave it out, or declare {usual:.2}, which is what it will be"));
                return None;
            }
            Some(shuffled)
        }
        None if report.brief.numbered => Some(Disorder { window: 1, reversed: false }),
        None => match habit.correlation.filter(|_| sortable) {
            Some(usual) => Some(order::solve(usual, segments.list()).0),
            None => Some(shuffled),
        },
    }
}

/// Whether the declared width is what the values will have. Text is made to measure before; here nothing can be done.
fn check_width(report: &mut Report<'_, '_>, layout: &Layout, shares: &share::Shares) {
    let profile = report.brief.profile;
    let Some(wanted) = profile.avg_width else { return };
    let kind = &report.brief.column.kind;
    let found = layout.width_bytes;
    let rows = report.brief.rows - shares.nulls;
    if rows == 0 || close_width(found, wanted) {
        return;
    }
    let message = match kind.fixed_width_bytes() {
        Some(width) => {
            format!(
                "has an avg_width of {wanted}, but every {} takes {width} bytes",
                report.brief.column.type_name
            )
        }
        // A small table does not tell: quotas of rare, wide values round to nothing.
        None if rows < 100 => return,
        // How the server stores what is sent as text is not known here.
        None if !kind.is_binary() => return,
        None => format!("has an avg_width of {wanted}, but its values take {found:.1} bytes on average"),
    };
    report.error(profile.avg_width_place.as_ref(), message);
}
