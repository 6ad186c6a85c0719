//! Statistics that contradict each other: no data could have them all.

use crate::diagnostic::Diagnostic;
use crate::profile::ColumnProfile;
use crate::source::Place;

/// Declared fractions are decimal, their sum is not.
const TOLERANCE: f64 = 1e-9;

/// What cannot be true at once of a column in a table of that many rows.
pub(super) fn check(column: &ColumnProfile, rows: Option<u64>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let common: f64 = column.most_common.iter().map(|value| value.frequency).sum();
    let null_frac = column.null_frac.unwrap_or(0.0);
    let place = |place: &Option<Place>| place.clone().unwrap_or_else(|| column.place.clone());

    if common + null_frac > 1.0 + TOLERANCE {
        let with_nulls = if null_frac > 0.0 { " and `null_frac`" } else { "" };
        let message = format!(
            "the frequencies{with_nulls} add up to {}, more than all rows",
            rounded(common + null_frac)
        );
        found.push(
            Diagnostic::error(place(&column.most_common_place), message)
                .help("each is a fraction of all rows, null ones included; together they are 1 at most"),
        );
    }
    let unique = column.n_distinct == Some(-1.0);
    if unique && !column.most_common.is_empty() {
        found.push(
            Diagnostic::error(place(&column.most_common_place), "a unique column cannot have common values")
                .help("take out `most_common`, or n_distinct = -1, which makes every value different"),
        );
    } else if let (Some(n_distinct), Some(rows)) = (column.n_distinct, rows) {
        let distinct = if n_distinct < 0.0 { -n_distinct * rows as f64 } else { n_distinct };
        let not_null = rows as f64 * (1.0 - null_frac);
        if !unique && rows > 0 && distinct > not_null + 0.5 {
            let message = format!("{distinct:.0} distinct values in {not_null:.0} rows that are not null");
            found.push(
                Diagnostic::error(place(&column.n_distinct_place), message)
                    .help("lower `n_distinct`, or write n_distinct = -1 for a unique column"),
            );
        }
        if n_distinct > 0.0 && column.most_common.len() as f64 > n_distinct {
            let message =
                format!("{} common values, but only {n_distinct} distinct ones", column.most_common.len());
            found.push(
                Diagnostic::error(place(&column.most_common_place), message)
                    .help("`n_distinct` counts the common values too"),
            );
        }
    }
    found.extend(descending(column));
    found
}

/// Bounds that can be compared without knowing the column's type: numbers and ISO dates.
fn descending(column: &ColumnProfile) -> Option<Diagnostic> {
    let pair = column.histogram_bounds.windows(2).find(|pair| {
        match (pair[0].value.parse::<f64>(), pair[1].value.parse::<f64>()) {
            (Ok(low), Ok(high)) => low > high,
            _ => iso_date(&pair[0].value).zip(iso_date(&pair[1].value)).is_some_and(|(low, high)| low > high),
        }
    })?;
    let message = format!("the bound {} is below the one before it, {}", pair[1].value, pair[0].value);
    Some(
        Diagnostic::error(pair[1].place.clone(), message).help("write `histogram_bounds` in ascending order"),
    )
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

/// A sum of decimal fractions, without the dust of binary ones.
fn rounded(number: f64) -> f64 {
    (number * 1e9).round() / 1e9
}
