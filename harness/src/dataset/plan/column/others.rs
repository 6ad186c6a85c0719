//! Types whose values are sent as text: what the profile says, and what is known of a few of them.

use super::kinds::{generated, mean_width, rest_distinct, stream};
use super::share::Shares;
use super::{Layout, Report};
use crate::dataset::generate::pool::Pool;
use crate::dataset::generate::quota::largest_remainder;
use crate::dataset::generate::text::{Part, Text};
use crate::dataset::generate::values::Made;
use crate::dataset::generate::words;
use crate::postgres::shape::ColumnType;

/// Whether values are known without anybody declaring some.
pub(in crate::dataset::plan) fn is_known(kind: &ColumnType) -> bool {
    parts(kind).is_some()
}

/// Gives rows for which no value is known to the values that are, or to NULL where it is allowed.
pub(super) fn settle(report: &Report<'_, '_>, mut shares: Shares) -> Shares {
    let column = report.brief.column;
    if column.kind.is_binary() || report.brief.parent.is_some() || is_known(&column.kind) || shares.rest == 0
    {
        return shares;
    }
    if !column.not_null || shares.common.is_empty() {
        shares.nulls += shares.rest;
    } else {
        let weights: Vec<f64> = shares.common.iter().map(|&(_, count)| count.max(1) as f64).collect();
        for ((_, count), more) in shares.common.iter_mut().zip(largest_remainder(shares.rest, &weights)) {
            *count += more;
        }
    }
    Shares { rest: 0, distinct: None, ..shares }
}

/// Lays out a column whose values are sent as text.
pub(super) fn others(report: &mut Report<'_, '_>, shares: &Shares) -> Option<Layout> {
    let kind = &report.brief.column.kind;
    let Some((parts, room)) = parts(kind) else {
        if !shares.chosen.is_empty() {
            let message = format!(
                "has most_common_freqs, but no values are known for type {}",
                report.brief.column.type_name
            );
            report.error(None, message).help =
                Some("declare most_common, with values as PostgreSQL writes them".into());
            return None;
        }
        return Some(generated(shares, 0, Made::Never, 0.0));
    };
    let taken = (shares.common.len() + shares.chosen.len()) as u64;
    let distinct = rest_distinct(shares, room.saturating_sub(taken).max(1));
    if distinct + taken > room {
        report.too_few(distinct + taken, room);
        return None;
    }
    let text = Text::new(parts, stream(report));
    // What the server stores for it is not known here.
    let width = stored_width(kind);
    let made = Made::Text { text, before: b"", after: b"" };
    let layout = generated(shares, distinct, made, width);
    Some(Layout { width_bytes: mean_width(shares, width), ..layout })
}

/// Stored bytes on average of the values that are known, more or less.
fn stored_width(kind: &ColumnType) -> f64 {
    match kind {
        ColumnType::Other(name) => match name.as_str() {
            "point" => 16.0,
            "box" | "lseg" => 32.0,
            "circle" => 24.0,
            "macaddr8" | "pg_lsn" => 8.0,
            "hstore" => 45.0,
            _ => 30.0,
        },
        _ => 30.0,
    }
}

/// Parts of the texts of well-known types, and how many different ones they make.
fn parts(kind: &ColumnType) -> Option<(Vec<Part>, u64)> {
    let ColumnType::Other(name) = kind else { return None };
    let fixed = |text: &str| Part::Fixed(text.as_bytes().into());
    let numbers = |from: i32, to: i32| Pool::new((from..=to).map(|number| number.to_string()));
    let any = |from, to| Part::Any(numbers(from, to));
    // Ten thousand of them: two make 10^8 values.
    let fraction = || Part::digit(Pool::new((0..10_000).map(|number| format!("{number:04}"))));
    let word = || Part::digit(Pool::new(words::words()));
    let hex = || Part::digit(Pool::new((0..0x1_0000).map(|number| format!("{number:04x}"))));
    let words = words::words().len() as u64;
    const FINE: u64 = 100_000_000;
    let point = || {
        vec![
            fixed("("),
            any(-179, 179),
            fixed("."),
            fraction(),
            fixed(","),
            any(-89, 89),
            fixed("."),
            fraction(),
            fixed(")"),
        ]
    };
    let (parts, room) = match name.as_str() {
        "point" => (point(), FINE),
        "circle" => ([vec![fixed("<")], point(), vec![fixed(","), any(1, 50), fixed(">")]].concat(), FINE),
        // The second corner is above and to the right of the first, as the server writes them.
        "box" | "lseg" => {
            let (open, close) = if name == "box" { ("", "") } else { ("[", "]") };
            let first = vec![
                fixed(open),
                fixed("("),
                any(100, 179),
                fixed("."),
                fraction(),
                fixed(","),
                any(50, 89),
                fixed("."),
                fraction(),
                fixed(")"),
            ];
            let second = vec![fixed(",("), any(-179, 99), fixed(","), any(-89, 49), fixed(")"), fixed(close)];
            ([first, second].concat(), FINE)
        }
        "polygon" | "path" => {
            let corner = |dx: &'static str| vec![fixed(dx), any(-89, 89), fixed(")")];
            let parts =
                [vec![fixed("(")], point(), corner(",(10,"), corner(",(20,"), vec![fixed(")")]].concat();
            (parts, FINE)
        }
        "macaddr8" => {
            let parts = vec![
                fixed("08:00:2b:ff:fe:"),
                Part::digit(byte_pool()),
                fixed(":"),
                Part::digit(byte_pool()),
                fixed(":"),
                Part::digit(byte_pool()),
            ];
            (parts, 1 << 24)
        }
        "pg_lsn" => (vec![any(1, 9), fixed("/"), hex(), hex()], 1 << 32),
        "ltree" => (vec![fixed("top."), word(), fixed("."), word(), fixed("."), word()], words.pow(3)),
        "hstore" => {
            let parts = vec![
                fixed("\"color\"=>\""),
                word(),
                fixed("\", \"size\"=>\""),
                word(),
                fixed("\", \"weight\"=>\""),
                fraction(),
                fixed("\""),
            ];
            (parts, words.pow(2) * 10_000)
        }
        "tsquery" => (
            vec![fixed("'"), word(), fixed("' & '"), word(), fixed("' & '"), word(), fixed("'")],
            words.pow(3),
        ),
        "jsonpath" => (vec![fixed("$."), word(), fixed("."), word(), fixed("."), word()], words.pow(3)),
        _ => return None,
    };
    let mut parts = parts;
    parts.insert(0, Part::spread(room));
    Some((parts, room))
}

fn byte_pool() -> Pool {
    Pool::new((0..256).map(|number| format!("{number:02x}")))
}
