//! Text, and JSON with text in it.

use pgrehearse_scenarios::profile::Generator;

use super::kinds::{generated, rest_distinct, rest_width, stream};
use super::share::Shares;
use super::{Layout, Report};
use crate::dataset::generate::values::Made;
use crate::dataset::plan::habits::Habit;
use crate::dataset::plan::literal::stored_bytes;
use crate::dataset::plan::text::{self, Style, Wish};
use crate::postgres::shape::ColumnType;

/// Text, and JSON around it.
pub(super) fn texts(report: &mut Report<'_, '_>, habit: &Habit, shares: &Shares) -> Option<Layout> {
    let (profile, column) = (report.brief.profile, report.brief.column);
    let kind = &column.kind;
    let (before, after): (&'static [u8], &'static [u8]) = match kind {
        ColumnType::Json => (b"{\"note\": \"", b"\"}"),
        ColumnType::Jsonb => (b"\x01{\"note\": \"", b"\"}"),
        ColumnType::Xml => (b"<note>", b"</note>"),
        _ => (b"", b""),
    };
    let extra_bytes = match kind {
        ColumnType::Json => 12.0,
        ColumnType::Xml => 13.0,
        // A header for the object, one for the key and one for the value, of four bytes each, and the key.
        ColumnType::Jsonb => 16.0,
        _ => 0.0,
    };
    let declared = profile.generator.map(Style::Like);
    let style = declared.or(habit.style).unwrap_or(Style::Like(Generator::Sentence));
    let padded = match kind {
        ColumnType::Char(limit) => Some(stored_bytes(u64::from(*limit)) as f64),
        _ => kind.fixed_width_bytes().map(f64::from),
    };
    let width = match padded {
        Some(_) => None,
        None => rest_width(report, shares),
    };
    let usual_width = habit.width_bytes.filter(|_| declared.is_none_or(|style| habit.style == Some(style)));
    let limit = kind.char_limit().map(u64::from);
    // A usual width is no promise: it gives way to the limit.
    let room = limit.map_or(f64::MAX, |limit| (limit as f64 * 0.6).max(2.0));
    let width = width.or(usual_width.filter(|_| padded.is_none()).map(|usual| usual.min(room)));
    let usual = match declared.or(habit.style) {
        Some(style) => text::usual_distinct(style).unwrap_or(u64::MAX),
        None => u64::MAX,
    };
    let usual = usual.min(habit.distinct_max.filter(|_| declared.is_none()).unwrap_or(u64::MAX));
    let distinct = rest_distinct(shares, usual.min(limit.map_or(u64::MAX, text::capacity)));
    if let Some(limit) = limit
        .filter(|&limit| shares.rest > 0 && distinct + shares.chosen.len() as u64 > text::capacity(limit))
    {
        report.too_few(distinct, text::capacity(limit));
        return None;
    }
    let taken: Vec<Vec<u8>> = shares.common.iter().map(|(literal, _)| literal.key.clone()).collect();
    let wish = Wish {
        style,
        distinct: distinct + shares.chosen.len() as u64,
        limit,
        width_bytes: width,
        extra_bytes,
        taken: &taken,
        stream: stream(report),
    };
    let mut recipe = text::recipe(&wish);
    if recipe.is_err() && declared.is_none() && profile.avg_width.is_none() {
        // Nobody asked for this look; running text or, in little room, letters do as well.
        let plain = Wish { style: Style::Like(Generator::Sentence), width_bytes: None, ..wish };
        recipe = text::recipe(&plain);
    }
    if shares.rest == 0 && shares.chosen.is_empty() {
        let layout = generated(shares, 0, Made::Never, 0.0);
        let width_bytes = padded.unwrap_or(layout.width_bytes);
        return Some(Layout { width_bytes, ..layout });
    }
    match recipe {
        Ok(recipe) => {
            let made = Made::Text { text: recipe.text, before, after };
            let layout = generated(shares, distinct, made, recipe.width_bytes);
            let width_bytes = padded.unwrap_or(layout.width_bytes);
            Some(Layout { width_bytes, ..layout })
        }
        Err(reason) => {
            let place = profile.avg_width_place.as_ref().filter(|_| profile.avg_width.is_some());
            report
                .error(place.or(profile.generator_place.as_ref()), format!("cannot be generated: {reason}"));
            None
        }
    }
}
