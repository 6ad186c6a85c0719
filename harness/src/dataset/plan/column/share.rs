//! How many rows are NULL, how many have each most common value, and how many different values the rest has.

use super::Report;
use crate::dataset::generate::quota::largest_remainder;
use crate::dataset::plan::habits::Habit;
use crate::dataset::plan::lattice::Rest;
use crate::dataset::plan::literal::Literal;

/// The rows of a column by what they hold.
#[derive(Debug)]
pub(in crate::dataset::plan) struct Shares {
    /// Rows that are NULL.
    pub(super) nulls: u64,
    /// Most common values with their rows, in no order.
    pub(super) common: Vec<(Literal, u64)>,
    /// Rows of each most common value that is left to the generator.
    pub(super) chosen: Vec<u64>,
    /// Rows with values that are stored out of line, and how many such values there are.
    pub(super) wide: (u64, u64),
    /// Rows with other values.
    pub(super) rest: u64,
    /// How many other values, where somebody says.
    pub(super) distinct: Option<Rest>,
}

/// Frequencies that sum to one are written in decimal fractions, which are not quite what they seem.
const ROUNDING: f64 = 1e-6;

/// Splits the rows; `common` are the most common values with their frequencies.
pub(super) fn share(
    report: &mut Report<'_, '_>,
    habit: &Habit,
    common: Option<Vec<(Literal, f64)>>,
) -> Option<Shares> {
    let null_frac = null_frac(report, habit)?;
    let common = common?;
    let profile = report.brief.profile;
    let place = profile.most_common_place.as_ref();
    let chosen = &profile.most_common_freqs;
    if chosen.iter().any(|frequency| !(*frequency > 0.0 && *frequency <= 1.0)) {
        report.error(None, "has one of its most_common_freqs that is not above 0 and up to 1");
        return None;
    }
    let frequencies: f64 = common.iter().map(|&(_, frequency)| frequency).chain(chosen.iter().copied()).sum();
    if frequencies + null_frac > 1.0 + ROUNDING {
        let what =
            if null_frac > 0.0 { "most_common and null_frac sum" } else { "most_common frequencies sum" };
        report.error(place, format!("has {what} to {:.6}, which is more than 1", frequencies + null_frac));
        return None;
    }
    if let Some(key) = report.brief.unique_key.filter(|_| !common.is_empty() || !chosen.is_empty()) {
        let message = format!("has most_common values, which cannot be: {key} makes every value different");
        report.error(place, message).help =
            Some("leave out most_common; unique values are made different from each other".into());
        return None;
    }
    let rest = 1.0 - null_frac - frequencies;
    let rest = if rest.abs() < ROUNDING { 0.0 } else { rest };
    let split = |rows| {
        let weights: Vec<f64> =
            [null_frac, rest].into_iter().chain(common.iter().map(|common| common.1)).collect();
        let weights: Vec<f64> = weights.into_iter().chain(chosen.iter().copied()).collect();
        largest_remainder(rows, &weights)
    };
    let declared = split(report.brief.rows_declared);
    let rows = split(report.brief.rows);
    let known = (common.len() + chosen.len()) as u64;
    let distinct = distinct(report, known, declared[0], declared[1], rows[1], rest > 0.0)?;
    let (common_rows, chosen) = rows[2..].split_at(common.len());
    let common = common.into_iter().map(|(literal, _)| literal).zip(common_rows.iter().copied()).collect();
    let chosen = chosen.iter().copied().filter(|&rows| rows > 0).collect();
    let shares = Shares { nulls: rows[0], common, chosen, wide: (0, 0), rest: rows[1], distinct };
    with_wide(report, shares)
}

/// Takes the rows of values that are stored out of line from the rest.
fn with_wide(report: &mut Report<'_, '_>, mut shares: Shares) -> Option<Shares> {
    let Some(toasted) = &report.brief.profile.toasted else { return Some(shares) };
    if !((0.0..=1.0).contains(&toasted.frac)
        && (0.0..1.0).contains(&toasted.compressibility)
        && toasted.raw_width.is_finite()
        && toasted.raw_width >= 1.0)
    {
        let message = "has a toasted value with a frac that is not from 0 to 1, a compressibility that is not from 0 to less \
                       than 1, or a raw_width of less than one byte";
        report.error(Some(&toasted.place), message);
        return None;
    }
    let wide = ((report.brief.rows - shares.nulls) as f64 * toasted.frac).round() as u64;
    if wide > shares.rest {
        let message = format!(
            "has {wide} values to be stored out of line, but its most common values leave only {} rows for others",
            shares.rest
        );
        report.error(Some(&toasted.place), message);
        return None;
    }
    let all = shares.rest;
    shares.rest -= wide;
    let mut wide_distinct = wide;
    if let (Some(Rest::Exactly(distinct)), true) = (shares.distinct, wide > 0) {
        let share = (u128::from(distinct) * u128::from(wide) / u128::from(all)) as u64;
        wide_distinct = share.clamp(1, wide).max(distinct.saturating_sub(shares.rest)).min(distinct);
        let left = distinct - wide_distinct;
        if shares.rest > 0 && left == 0 {
            report.error(None, "needs at least two different values: wide ones and others");
            return None;
        }
        shares.distinct = Some(Rest::Exactly(left));
    }
    shares.wide = (wide, wide_distinct);
    Some(shares)
}

/// The fraction of NULLs, as declared, else as usual.
pub(super) fn null_frac(report: &mut Report<'_, '_>, habit: &Habit) -> Option<f64> {
    let brief = report.brief;
    let place = brief.profile.null_frac_place.as_ref();
    let orphan = brief.parent.as_ref().is_some_and(|parent| parent.key.is_none());
    let Some(null_frac) = brief.profile.null_frac else {
        let usual = if orphan { 1.0 } else { habit.null_frac };
        return Some(if brief.column.not_null { 0.0 } else { usual });
    };
    if !(0.0..=1.0).contains(&null_frac) {
        report.error(place, "has a null_frac that is not between 0 and 1");
        return None;
    }
    if null_frac > 0.0 && brief.column.not_null {
        report.error(place, format!("is NOT NULL, but has a null_frac of {null_frac}"));
        return None;
    }
    Some(null_frac)
}

/// How many different values there are besides the `common` ones; `Some(None)` where nobody says.
fn distinct(
    report: &mut Report<'_, '_>,
    common: u64,
    nulls_declared: u64,
    rest_declared: u64,
    rest: u64,
    has_rest: bool,
) -> Option<Option<Rest>> {
    let brief = report.brief;
    let rows = brief.rows_declared;
    let place = brief.profile.n_distinct_place.as_ref();
    let Some(n_distinct) = brief.profile.n_distinct else {
        return Some(brief.unique_key.map(|_| Rest::Exactly(rest)));
    };
    if !n_distinct.is_finite() || n_distinct == 0.0 || n_distinct < -1.0 {
        report.error(place, "has an n_distinct that is neither a positive count nor a fraction from -1 to 0");
        return None;
    }
    let filled = rows - nulls_declared;
    let declared = match n_distinct {
        // In PostgreSQL's words -1 is a unique column, whatever part of it is NULL.
        -1.0 => filled,
        fraction if fraction < 0.0 => (-fraction * rows as f64).round() as u64,
        count => count.round() as u64,
    };
    if let Some(key) = brief.unique_key.filter(|_| declared != filled) {
        let message = format!("has an n_distinct of {n_distinct}, but {key} makes every value different");
        report.error(place, message).help = Some("leave it out, or declare -1".into());
        return None;
    }
    let message = if declared > filled {
        format!("has an n_distinct of {declared}, but only {filled} rows that are not null")
    } else if declared < common {
        format!("has an n_distinct of {declared}, but {common} most_common values")
    } else if declared == common && has_rest && rest_declared > 0 {
        format!(
            "has an n_distinct of {declared}, but its most_common values leave {rest_declared} rows for other values"
        )
    } else if declared > common && !has_rest {
        format!("has an n_distinct of {declared}, but its most_common values leave no rows for others")
    } else if declared - common > rest_declared {
        format!(
            "has an n_distinct of {declared}, but its most_common values leave only {rest_declared} rows for others"
        )
    } else {
        // Fewer rows than declared hold fewer different values; a fraction stays what it is.
        let scaled = match n_distinct {
            -1.0 => rest,
            fraction if fraction < 0.0 => ((-fraction * brief.rows as f64).round() as u64)
                .saturating_sub(common)
                .max(u64::from(rest > 0)),
            _ => declared - common,
        };
        let scaled = scaled.min(rest).max(u64::from(rest > 0));
        return Some(Some(Rest::Exactly(scaled)));
    };
    report.error(place, message);
    None
}
