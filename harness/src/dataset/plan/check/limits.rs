//! What a condition leaves a column: intervals, lists, lengths.

use std::collections::BTreeSet;

use super::expression::{Comparison, Expression};
use crate::dataset::generate::values::Lattice;
use crate::dataset::plan::lattice::lattice;
use crate::dataset::plan::literal::{Decimal, units};
use crate::postgres::shape::ColumnType;

/// Values that are not null, as far as conditions are understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dataset::plan) struct Limits {
    pub(in crate::dataset::plan) values: Allowed,
    /// The most characters of a text.
    pub(super) chars_max: Option<u64>,
    /// The fewest characters of a text.
    pub(super) chars_min: Option<u64>,
    /// Whether NULL is forbidden.
    pub(super) not_null: bool,
}

/// A set of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dataset::plan) enum Allowed {
    All,
    /// Of an ordered type: ascending intervals of ticks, both ends included, no two of which touch.
    Ticks(Vec<(i128, i128)>),
    /// Of any other: these.
    Only(BTreeSet<String>),
    /// Of any other: all but these.
    Without(BTreeSet<String>),
}

/// Digits after the point that ticks of numbers have.
const TICK_DIGITS: u32 = 12;
const LEAST: i128 = i128::MIN / 4;
const MOST: i128 = i128::MAX / 4;

/// A constant as a whole number that orders values of the column's type, if it has such an order here: 10^-12ths of
/// numbers, days, microseconds, places of labels.
pub(in crate::dataset::plan) fn tick(text: &str, kind: &ColumnType) -> Option<i128> {
    match kind {
        ColumnType::Bool => match text {
            "true" | "t" => Some(1),
            "false" | "f" => Some(0),
            _ => None,
        },
        ColumnType::Enum(labels) => labels.iter().position(|label| label == text).map(|at| at as i128),
        ColumnType::Date => {
            let us = units(text, Lattice::Timestamp, &ColumnType::Timestamp).ok()?;
            const DAY_US: i64 = crate::dataset::encode::DAY_US;
            (us % DAY_US == 0).then_some(i128::from(us / DAY_US))
        }
        ColumnType::Timestamp | ColumnType::Timestamptz => {
            units(text, Lattice::Timestamp, kind).ok().map(i128::from)
        }
        ColumnType::Int2
        | ColumnType::Int4
        | ColumnType::Int8
        | ColumnType::Numeric { .. }
        | ColumnType::Float4
        | ColumnType::Float8
        | ColumnType::Oid => {
            let decimal = Decimal::parse(text.trim()).ok()?;
            let shift = TICK_DIGITS.checked_sub(decimal.scale)?;
            Some(i128::from(decimal.digits) * 10i128.pow(shift))
        }
        _ => None,
    }
}

/// How many ticks a unit of a lattice has.
pub(in crate::dataset::plan) fn ticks_per_unit(lattice: Lattice) -> i128 {
    let power = |scale: u32| 10i128.pow(TICK_DIGITS.saturating_sub(scale));
    match lattice {
        Lattice::Int2 | Lattice::Int4 | Lattice::Int8 | Lattice::Oid => power(0),
        Lattice::Float4(scale) | Lattice::Float8(scale) => power(scale),
        Lattice::Numeric { scale, times } => power(scale) * i128::from(times),
        Lattice::Date | Lattice::Timestamp => 1,
        // Types without ticks: no constant of theirs is understood.
        Lattice::Time
        | Lattice::Timetz
        | Lattice::Interval
        | Lattice::Inet
        | Lattice::Cidr
        | Lattice::Macaddr
        | Lattice::Money
        | Lattice::Bits(_)
        | Lattice::Range(_) => 1,
    }
}

/// The units of a lattice that lie in an interval of ticks, both ends included, if there are any.
pub(in crate::dataset::plan) fn within((first, last): (i128, i128), lattice: Lattice) -> Option<(i64, i64)> {
    let ticks = ticks_per_unit(lattice);
    let clamped = |units: i128| units.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    let first = -(-first).div_euclid(ticks);
    let last = last.div_euclid(ticks);
    (first <= last).then(|| (clamped(first), clamped(last)))
}

/// Whether [`tick`] orders a type's values.
pub(in crate::dataset::plan) fn is_ordered(kind: &ColumnType) -> bool {
    matches!(kind, ColumnType::Bool | ColumnType::Enum(_)) || lattice(kind, 0).is_some()
}

impl Limits {
    /// No limit.
    pub(super) const NONE: Self =
        Self { values: Allowed::All, chars_max: None, chars_min: None, not_null: false };

    /// No value at all: what `IS NULL` leaves.
    fn nothing(kind: &ColumnType) -> Self {
        let values =
            if is_ordered(kind) { Allowed::Ticks(Vec::new()) } else { Allowed::Only(BTreeSet::new()) };
        Self { values, ..Self::NONE }
    }

    pub(in crate::dataset::plan) fn of(values: Allowed) -> Self {
        Self { values, ..Self::NONE }
    }

    /// What both allow.
    pub(super) fn and(&self, other: &Self) -> Self {
        let least = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
        let most = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).max();
        Self {
            values: self.values.and(&other.values),
            chars_max: least(self.chars_max, other.chars_max),
            chars_min: most(self.chars_min, other.chars_min),
            not_null: self.not_null || other.not_null,
        }
    }

    /// What one of both allows, if that can be said.
    fn or(&self, other: &Self) -> Option<Self> {
        let plain = |limits: &Self| limits.chars_max.is_none() && limits.chars_min.is_none();
        let empty = |limits: &Self| match &limits.values {
            Allowed::Ticks(ticks) => ticks.is_empty(),
            Allowed::Only(values) => values.is_empty(),
            _ => false,
        };
        let not_null = self.not_null && other.not_null;
        if empty(self) || empty(other) {
            let kept = if empty(self) { other } else { self };
            return Some(Self { not_null, ..kept.clone() });
        }
        (plain(self) && plain(other)).then(|| Self {
            values: self.values.or(&other.values),
            not_null,
            ..Self::NONE
        })
    }

    /// Whether a value, as it is written, is within the limits; true where that cannot be said.
    pub(super) fn allow(&self, text: &str, kind: &ColumnType) -> bool {
        let chars = text.chars().count() as u64;
        let sized = !kind.is_text()
            || (self.chars_max.is_none_or(|most| chars <= most)
                && self.chars_min.is_none_or(|least| chars >= least));
        // The server reads no spaces at the end of char(n).
        let text = if matches!(kind, ColumnType::Char(_)) { text.trim_end_matches(' ') } else { text };
        sized
            && match &self.values {
                Allowed::All => true,
                Allowed::Ticks(ticks) => tick(text, kind)
                    .is_none_or(|tick| ticks.iter().any(|&(first, last)| (first..=last).contains(&tick))),
                Allowed::Only(values) => values.contains(text),
                Allowed::Without(values) => !values.contains(text),
            }
    }
}

impl Allowed {
    fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, values) | (values, Self::All) => values.clone(),
            (Self::Ticks(one), Self::Ticks(other)) => {
                let pairs = one.iter().flat_map(|&(first, last)| {
                    other.iter().map(move |&(from, to)| (first.max(from), last.min(to)))
                });
                Self::Ticks(pairs.filter(|(first, last)| first <= last).collect())
            }
            (Self::Only(one), Self::Only(other)) => Self::Only(one & other),
            (Self::Only(only), Self::Without(without)) | (Self::Without(without), Self::Only(only)) => {
                Self::Only(only - without)
            }
            (Self::Without(one), Self::Without(other)) => Self::Without(one | other),
            (Self::Ticks(_), values) | (values, Self::Ticks(_)) => values.clone(),
        }
    }

    fn or(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Ticks(one), Self::Ticks(other)) => Self::union(one.iter().chain(other).copied().collect()),
            (Self::Only(one), Self::Only(other)) => Self::Only(one | other),
            (Self::Only(only), Self::Without(without)) | (Self::Without(without), Self::Only(only)) => {
                Self::Without(without - only)
            }
            (Self::Without(one), Self::Without(other)) => Self::Without(one & other),
            _ => Self::All,
        }
    }

    /// Intervals in any order, joined where they touch.
    pub(in crate::dataset::plan) fn union(mut intervals: Vec<(i128, i128)>) -> Self {
        intervals.sort_unstable();
        let mut joined: Vec<(i128, i128)> = Vec::new();
        for (first, last) in intervals {
            match joined.last_mut() {
                Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        Self::Ticks(joined)
    }

    fn compared(comparison: Comparison, text: &str, kind: &ColumnType) -> Option<Self> {
        if !is_ordered(kind) {
            let value = if matches!(kind, ColumnType::Char(_)) { text.trim_end_matches(' ') } else { text };
            let one = BTreeSet::from([value.to_owned()]);
            return match comparison {
                Comparison::Equal => Some(Self::Only(one)),
                Comparison::NotEqual => Some(Self::Without(one)),
                // Text is ordered by a collation, of which nothing is known here.
                _ => None,
            };
        }
        let tick = tick(text, kind)?;
        Some(Self::Ticks(match comparison {
            Comparison::Less => vec![(LEAST, tick - 1)],
            Comparison::LessOrEqual => vec![(LEAST, tick)],
            Comparison::Equal => vec![(tick, tick)],
            Comparison::NotEqual => vec![(LEAST, tick - 1), (tick + 1, MOST)],
            Comparison::GreaterOrEqual => vec![(tick, MOST)],
            Comparison::Greater => vec![(tick + 1, MOST)],
        }))
    }
}

/// What a condition leaves the column `name`, if it speaks of nothing else and is understood.
pub(super) fn limits(condition: &Expression, name: &str, kind: &ColumnType) -> Option<Limits> {
    let of = |part: &Expression| limits(part, name, kind);
    match condition {
        Expression::And(parts) => {
            parts.iter().try_fold(Limits::NONE, |limits, part| Some(limits.and(&of(part)?)))
        }
        Expression::Or(parts) => {
            let mut parts = parts.iter();
            let first = of(parts.next()?)?;
            parts.try_fold(first, |limits, part| limits.or(&of(part)?))
        }
        Expression::Not(part) => match &**part {
            Expression::Compare(comparison, left, right) => {
                of(&Expression::Compare(comparison.negated(), left.clone(), right.clone()))
            }
            Expression::AnyOf(left, right) => of(&Expression::NoneOf(left.clone(), right.clone())),
            Expression::NoneOf(left, right) => of(&Expression::AnyOf(left.clone(), right.clone())),
            Expression::IsNull(part) => of(&Expression::IsNotNull(part.clone())),
            Expression::IsNotNull(part) => of(&Expression::IsNull(part.clone())),
            part if is_column(part, name, kind) && *kind == ColumnType::Bool => {
                Some(Limits::of(Allowed::Ticks(vec![(0, 0)])))
            }
            _ => None,
        },
        Expression::IsNull(part) => is_column(part, name, kind).then(|| Limits::nothing(kind)),
        Expression::IsNotNull(part) => {
            is_column(part, name, kind).then_some(Limits { not_null: true, ..Limits::NONE })
        }
        Expression::AnyOf(part, array) => {
            is_column(part, name, kind).then_some(())?;
            let values = constants(array)?;
            let mut allowed = values.iter().map(|text| Allowed::compared(Comparison::Equal, text, kind));
            let first = allowed.next()??;
            let all = allowed.try_fold(first, |all, one| Some(all.or(&one?)))?;
            Some(Limits::of(all))
        }
        Expression::NoneOf(part, array) => {
            is_column(part, name, kind).then_some(())?;
            let values = constants(array)?;
            let refused = values.iter().map(|text| Allowed::compared(Comparison::NotEqual, text, kind));
            let all = refused.into_iter().try_fold(Allowed::All, |all, one| Some(all.and(&one?)))?;
            Some(Limits::of(all))
        }
        Expression::Compare(comparison, left, right) => {
            if let Some(text) = constant(right) {
                compared(*comparison, left, text, name, kind)
            } else {
                compared(comparison.turned(), right, constant(left)?, name, kind)
            }
        }
        part if is_column(part, name, kind) && *kind == ColumnType::Bool => {
            Some(Limits::of(Allowed::Ticks(vec![(1, 1)])))
        }
        _ => None,
    }
}

fn compared(
    comparison: Comparison,
    part: &Expression,
    text: &str,
    name: &str,
    kind: &ColumnType,
) -> Option<Limits> {
    if is_column(part, name, kind) {
        return Allowed::compared(comparison, text, kind).map(Limits::of);
    }
    let Expression::Call(function, arguments) = part else { return None };
    let counts = ["length", "char_length", "character_length"].contains(&function.as_str());
    let [of] = &arguments[..] else { return None };
    if !counts || !kind.is_text() || matches!(kind, ColumnType::Char(_)) || !is_column(of, name, kind) {
        return None;
    }
    let count: i64 = text.parse().ok()?;
    let chars = |count: i64| u64::try_from(count.max(0)).ok();
    let (min, max) = match comparison {
        Comparison::Less => (None, chars(count - 1)),
        Comparison::LessOrEqual => (None, chars(count)),
        Comparison::Equal => (chars(count), chars(count)),
        Comparison::GreaterOrEqual => (chars(count), None),
        Comparison::Greater => (chars(count + 1), None),
        Comparison::NotEqual => return None,
    };
    Some(Limits { chars_min: min, chars_max: max, ..Limits::NONE })
}

/// The column itself, whatever it is read as, as long as its values keep their order and differ as before.
pub(super) fn is_column(part: &Expression, name: &str, kind: &ColumnType) -> bool {
    match part {
        Expression::Column(found) => found == name,
        Expression::Cast(of, to) => {
            let harmless = match to.as_str() {
                "text" | "character varying" | "bpchar" => kind.is_text(),
                "numeric" => matches!(
                    kind,
                    ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric { .. }
                ),
                "bigint" | "integer" => {
                    matches!(kind, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8)
                }
                "double precision" => lattice(kind, 0).is_some(),
                "timestamp without time zone" | "timestamp with time zone" => {
                    matches!(kind, ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz)
                }
                _ => false,
            };
            harmless && is_column(of, name, kind)
        }
        _ => false,
    }
}

fn constant(part: &Expression) -> Option<&str> {
    match part {
        Expression::Constant(text) => Some(text),
        Expression::Cast(of, _) => constant(of),
        _ => None,
    }
}

/// The elements of an array of constants.
fn constants(part: &Expression) -> Option<Vec<&str>> {
    match part {
        Expression::Array(parts) => parts.iter().map(constant).collect(),
        Expression::Cast(of, _) => constants(of),
        // `'{a,b}'::text[]`, as long as no element is quoted.
        Expression::Constant(text) => {
            let inner = text.strip_prefix('{')?.strip_suffix('}')?;
            (!inner.contains(['"', '\\', '{'])).then(|| inner.split(',').collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::expression::parse;
    use super::*;

    fn of(text: &str, kind: ColumnType) -> Option<Limits> {
        limits(&parse(text).expect("it can be read"), "x", &kind)
    }

    fn allows(text: &str, kind: &ColumnType, value: &str) -> bool {
        of(text, kind.clone()).expect("it is understood").allow(value, kind)
    }

    #[test]
    fn numbers_in_intervals() {
        let int = ColumnType::Int4;
        let between = "((x >= 1) AND (x <= 99))";
        assert!(allows(between, &int, "1") && allows(between, &int, "99"));
        assert!(!allows(between, &int, "0") && !allows(between, &int, "100"));
        let apart = "((x < 0) OR (x > 10) OR (x = 5))";
        assert!(allows(apart, &int, "-1") && allows(apart, &int, "5") && !allows(apart, &int, "6"));
        let numeric = ColumnType::Numeric { precision: Some(10), scale: Some(2) };
        assert!(!allows("(x > (0)::numeric)", &numeric, "0"));
        assert!(allows("((0)::numeric < x)", &numeric, "0.01"));
        assert!(!allows("(NOT (x <= (5)::numeric))", &numeric, "5"));
        assert!(allows("(x <> '-1'::integer)", &int, "0") && !allows("(x <> '-1'::integer)", &int, "-1"));
        assert!(
            allows("((x IS NULL) OR (x > 3))", &int, "4") && !allows("((x IS NULL) OR (x > 3))", &int, "3")
        );
    }

    #[test]
    fn moments_lists_and_lengths() {
        let date = ColumnType::Date;
        assert!(allows("(x >= '2024-01-01'::date)", &date, "2024-01-01"));
        assert!(!allows("(x > '2024-01-01'::date)", &date, "2024-01-01"));
        let text = ColumnType::Text;
        let list = "((x)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))";
        assert!(allows(list, &text, "a") && !allows(list, &text, "c"));
        assert!(!allows("(x <> ALL (ARRAY['a'::text]))", &text, "a"));
        assert!(allows("(x = ANY ('{a,b}'::text[]))", &text, "b"));
        assert!(!allows("(x <> ''::text)", &text, ""));
        assert!(!allows("(char_length(x) <= 3)", &text, "abcd") && allows("(length(x) < 5)", &text, "abcd"));
        let mood = ColumnType::Enum(vec!["sad".into(), "ok".into(), "happy".into()]);
        assert!(
            allows("(x >= 'ok'::app.mood)", &mood, "happy") && !allows("(x >= 'ok'::mood)", &mood, "sad")
        );
        assert!(!allows("(NOT x)", &ColumnType::Bool, "true"));
    }

    #[test]
    fn what_is_not_understood_says_nothing() {
        for text in [
            "(x ~ 'a'::text)",
            "(lower(x) = x)",
            "(x > 'a'::text)",
            "((x = 'a'::text) OR (y = 'b'::text))",
            "((x)::date > '2024-01-01'::date)",
            "(length(btrim(x)) > 0)",
            "((x IS NULL) <> (y IS NULL))",
        ] {
            assert_eq!(of(text, ColumnType::Text), None, "{text}");
        }
        assert_eq!(of("(x > now())", ColumnType::Timestamp), None);
        assert_eq!(of("((x)::date > '2024-01-01'::date)", ColumnType::Timestamp), None);
    }
}
