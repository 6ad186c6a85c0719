//! Statistics that contradict each other: no data could have them all.

use super::sum::{DUST, ROUNDED, shown};
use crate::diagnostic::Diagnostic;
use crate::profile::{Bound, ColumnProfile};
use crate::source::Place;

/// How far a correlation may be out of reach before it is refused; tables of few rows reach more than large ones.
const CORRELATION_TOLERANCE: f64 = 0.05;

/// What cannot be true at once of a column in a table of that many rows.
pub(super) fn check(column: &ColumnProfile, rows: Option<u64>) -> Vec<Diagnostic> {
    let mut found = of_reference(column);
    if let Some(shares) = Shares::of(column) {
        found.extend(shares.values(column, rows.filter(|rows| *rows > 0)));
        found.extend(shares.bounds_of_nothing(column));
        found.extend(shares.correlation(column));
    }
    found
}

/// The same of a column with a fan-out, whose values are those of the parents and not for other words to say.
pub(super) fn of_reference(column: &ColumnProfile) -> Vec<Diagnostic> {
    let too_much = Shares::of(column).and_then(|shares| shares.too_much(column));
    descending(column).chain(too_much).collect()
}

/// How many distinct values `n_distinct` means in so many rows.
pub(super) fn distinct(column: &ColumnProfile, rows: u64) -> Option<f64> {
    let not_null = rows as f64 * (1.0 - column.null_frac.unwrap_or(0.0));
    column.n_distinct.map(|n_distinct| match n_distinct {
        // A unique column, whatever part of it is NULL.
        -1.0 => not_null,
        fraction if fraction < 0.0 => -fraction * rows as f64,
        count => count,
    })
}

fn or_column(place: Option<&Place>, column: &ColumnProfile) -> Place {
    place.unwrap_or(&column.place).clone()
}

/// The column's rows by what they hold, as fractions.
struct Shares {
    null_frac: f64,
    /// Most common values, with and without their values.
    common: Vec<f64>,
    /// Out of line: too wide to be among the others.
    toasted: f64,
    /// The key that the most common values stand under.
    key: &'static str,
    /// Where they stand.
    place: Option<Place>,
}

impl Shares {
    /// None where a part was declared, but could not be read: what follows would mislead.
    fn of(column: &ColumnProfile) -> Option<Self> {
        let values = column.most_common.iter().map(|value| value.frequency);
        let common: Vec<_> = values.chain(column.most_common_freqs.iter().copied()).collect();
        let place = column.most_common_place.as_ref().or(column.most_common_freqs_place.as_ref());
        let values_read = column.most_common_place.is_none()
            || !column.most_common.is_empty()
            || column.most_common_place == column.most_common_freqs_place;
        let freqs_read = column.most_common_freqs_place.is_none() || !column.most_common_freqs.is_empty();
        let null_read = column.null_frac.is_some() || column.null_frac_place.is_none();
        let null_frac = column.null_frac.unwrap_or(0.0);
        let toasted = column.toasted.as_ref().map_or(0.0, |toasted| toasted.frac * (1.0 - null_frac));
        let key = if column.most_common_place.is_some() { "most_common" } else { "most_common_freqs" };
        (values_read && freqs_read && null_read).then(|| Self {
            null_frac,
            common,
            toasted,
            key,
            place: place.cloned(),
        })
    }

    fn frequencies(&self) -> f64 {
        self.common.iter().sum()
    }

    /// The rows that hold none of the most common values and are not null.
    fn rest(&self) -> f64 {
        let rest = 1.0 - self.null_frac - self.frequencies();
        if rest < ROUNDED { 0.0 } else { rest }
    }

    fn too_much(&self, column: &ColumnProfile) -> Option<Diagnostic> {
        let sum = self.frequencies() + self.null_frac;
        if sum > 1.0 + DUST {
            let with_nulls = if self.null_frac > 0.0 { " and `null_frac`" } else { "" };
            let message = format!("the frequencies{with_nulls} add up to {}, more than all rows", shown(sum));
            let place = or_column(self.place.as_ref().or(column.null_frac_place.as_ref()), column);
            let help = "each is a fraction of all rows, null ones included; together they are 1 at most";
            return Some(Diagnostic::error(place, message).help(help));
        }
        if self.toasted > 0.0 && !self.common.is_empty() && sum + self.toasted > 1.0 + ROUNDED {
            let place = column.toasted.as_ref().map(|toasted| &toasted.place);
            let with_nulls = if self.null_frac > 0.0 { ", `null_frac`" } else { "" };
            let message = format!(
                "the frequencies{with_nulls} and the values out of line add up to {}, more than all rows",
                shown(sum + self.toasted)
            );
            let help = "values that are stored out of line are too wide to be counted as most common: lower `frac`, \
                        which is a fraction of the values that are not null";
            return Some(Diagnostic::error(or_column(place, column), message).help(help));
        }
        None
    }

    /// `n_distinct` against everything that needs a value of its own, or rows of its own.
    fn values(&self, column: &ColumnProfile, rows: Option<u64>) -> Option<Diagnostic> {
        let n_distinct = column.n_distinct?;
        let common = self.common.len();
        if n_distinct == -1.0 {
            let message = "a unique column cannot have common values";
            let help =
                format!("take out `{}`, or n_distinct = -1, which makes every value different", self.key);
            let place = or_column(self.place.as_ref(), column);
            return (common > 0).then(|| Diagnostic::error(place, message).help(help));
        }
        if n_distinct > 0.0 && common as f64 > n_distinct {
            let message = format!("{common} common values, but only {n_distinct} distinct ones");
            let help = "`n_distinct` counts the common values too";
            return Some(Diagnostic::error(or_column(self.place.as_ref(), column), message).help(help));
        }
        let place = or_column(column.n_distinct_place.as_ref(), column);
        // A fraction of the rows is a number of values only where the rows are known.
        let distinct = if n_distinct > 0.0 { n_distinct } else { distinct(column, rows?)? };
        let others = distinct - common as f64;
        let bounds = unequal(column);
        if bounds > 0 && others + 0.5 < bounds as f64 {
            let besides = if common > 0 { " besides the common values" } else { "" };
            let message =
                format!("{distinct:.0} distinct values, but {bounds} bounds of a histogram{besides}");
            let help = "each bound is a value of its own: raise `n_distinct`, or write fewer bounds";
            return Some(Diagnostic::error(place, message).help(help));
        }
        if let Some(rows) = rows {
            let not_null = rows as f64 * (1.0 - self.null_frac);
            if distinct > not_null + 0.5 {
                let message =
                    format!("{distinct:.0} distinct values in {not_null:.0} rows that are not null");
                let help = "lower `n_distinct`, or write n_distinct = -1 for a unique column";
                return Some(Diagnostic::error(place, message).help(help));
            }
            let rest = rows as f64 * self.rest();
            if common > 0 && others > rest + 1.0 {
                let message = format!(
                    "{distinct:.0} distinct values, but the common ones leave {rest:.0} rows for the others"
                );
                let help = "each value needs a row: lower `n_distinct`, or the frequencies";
                return Some(Diagnostic::error(place, message).help(help));
            }
        }
        if common > 0 && others < 0.5 && self.rest() > 0.0 {
            let message = format!(
                "no more than the common values are distinct, but {} of the rows have another",
                shown(self.rest())
            );
            let help = "raise `n_distinct`, or let the frequencies and `null_frac` add up to 1";
            return Some(Diagnostic::error(place, message).help(help));
        }
        None
    }

    /// Bounds of values that no row has.
    fn bounds_of_nothing(&self, column: &ColumnProfile) -> Option<Diagnostic> {
        let others = self.rest() - self.toasted;
        if column.histogram_bounds.is_empty() || others >= ROUNDED {
            return None;
        }
        let message = "`histogram_bounds` of no rows: all are null, most common or out of line";
        let help = "the bounds are of the other rows: lower the frequencies, or take the bounds out";
        let place = or_column(column.histogram_bounds_place.as_ref(), column);
        Some(Diagnostic::error(place, message).help(help))
    }

    /// Equal values keep the order in which they stand, so that even a descending order correlates a little.
    fn correlation(&self, column: &ColumnProfile) -> Option<Diagnostic> {
        let wanted = column.correlation?;
        let not_null = 1.0 - self.null_frac;
        if not_null < ROUNDED || self.frequencies() > not_null + DUST {
            return None;
        }
        let cubes: f64 = self.common.iter().map(|frequency| (frequency / not_null).powi(3)).sum();
        let least = -1.0 + 2.0 * cubes;
        if wanted >= least - CORRELATION_TOLERANCE {
            return None;
        }
        let message = format!("a `correlation` of {wanted} is out of reach: {least:.2} is the least");
        let help = "ANALYZE counts equal values as ascending: with these frequencies even the reverse order has this much";
        let place = or_column(column.correlation_place.as_ref(), column);
        Some(Diagnostic::error(place, message).help(help))
    }
}

/// How many different bounds there are; those that are equal stand beside each other.
fn unequal(column: &ColumnProfile) -> usize {
    let same = |pair: &&[Bound]| match numbers(&pair[0], &pair[1]) {
        Some((low, high)) => low == high,
        None => pair[0].value == pair[1].value,
    };
    let bounds = &column.histogram_bounds;
    bounds.len() - bounds.windows(2).filter(same).count()
}

/// Bounds that can be compared without knowing the column's type: numbers and ISO dates.
fn descending(column: &ColumnProfile) -> impl Iterator<Item = Diagnostic> {
    let below = |pair: &&[Bound]| match numbers(&pair[0], &pair[1]) {
        // In quotes they may be text, which sorts otherwise: "10" before "9".
        Some(_) if quoted(&pair[0]) || quoted(&pair[1]) => false,
        Some((low, high)) => low > high,
        None => iso_date(&pair[0].value).zip(iso_date(&pair[1].value)).is_some_and(|(low, high)| low > high),
    };
    column.histogram_bounds.windows(2).filter(below).map(|pair| {
        let message = format!("the bound {} is below the one before it, {}", pair[1].value, pair[0].value);
        Diagnostic::error(pair[1].place.clone(), message).help("write `histogram_bounds` in ascending order")
    })
}

fn numbers(low: &Bound, high: &Bound) -> Option<(f64, f64)> {
    Some((low.value.parse().ok()?, high.value.parse().ok()?))
}

fn quoted(bound: &Bound) -> bool {
    bound.place.text().is_some_and(|text| text.starts_with(['"', '\'']))
}

/// The date that a text begins with; such dates sort as they read.
fn iso_date(text: &str) -> Option<&str> {
    let date = text.get(..10)?;
    let shaped = date.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    shaped.then_some(date)
}
