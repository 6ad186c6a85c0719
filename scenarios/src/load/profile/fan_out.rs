//! `fan_out`: how the rows of a table are shared out over the rows that they reference.

use toml::de::DeValue;

use super::sum::{ROUNDED, shown};
use crate::diagnostic::Diagnostic;
use crate::load::keys;
use crate::load::toml_tree::{Node, Table};
use crate::profile::{ColumnProfile, Degrees, FanOut};
use crate::source::Place;

/// Reads `fan_out = "uniform"` and `fan_out = { zipf = 1.1, childless_frac = 0.2, clustering = 0.9 }`.
pub(super) fn read(node: &Node<'_>) -> Option<FanOut> {
    match node.value() {
        DeValue::String(word) if word == "uniform" => {
            let place = node.place();
            Some(FanOut { degrees: Degrees::Uniform, childless_frac: None, clustering: None, place })
        }
        DeValue::String(_) => {
            node.wrong("`fan_out` is either \"uniform\" or a table");
            None
        }
        DeValue::Table(entries) if entries.is_empty() => {
            node.wrong_with(
                "`fan_out` says nothing",
                "write fan_out = \"uniform\", { zipf = 1.1 } or { degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.4 } }",
            );
            None
        }
        DeValue::Table(_) => of_table(&node.table(&keys::FAN_OUT)?, node.place()),
        _ => {
            node.mistyped("\"uniform\" or a table");
            None
        }
    }
}

fn of_table(table: &Table<'_>, place: Place) -> Option<FanOut> {
    let clustering = match table.get("clustering") {
        Some(node) => node.number_between(0.0, 1.0).map(Some),
        None => Some(None),
    };
    let childless = match table.get("childless_frac") {
        Some(node) => node.fraction_below_one().map(Some),
        None => Some(None),
    };
    let degrees = one_of(table);
    let (degrees, clustering, mut childless_frac) = (degrees?, clustering?, childless?);
    if let Degrees::Explicit(list) = &degrees {
        let none = list.first().filter(|(degree, _)| *degree == 0).map_or(0.0, |(_, frac)| *frac);
        if let (Some(node), Some(frac)) = (table.get("childless_frac"), childless_frac)
            && (frac - none).abs() > ROUNDED
        {
            let zero = shown(none);
            node.wrong_with(
                format!(
                    "`childless_frac` is {frac}, but `degrees` leave {zero} of the parents without children"
                ),
                format!("take it out, or give both the same: degrees = {{ 0 = {frac}, … }}"),
            );
        }
        childless_frac = Some(none);
    }
    Some(FanOut { degrees, childless_frac, clustering, place })
}

/// The one key that says how many children each parent has; evenly many where there is none.
fn one_of(table: &Table<'_>) -> Option<Degrees> {
    let uniform = table.get("uniform").map(|node| uniform(&node));
    let zipf = table.get("zipf").map(|node| node.number_above_zero().map(Degrees::Zipf));
    let degrees = table.get("degrees").map(|node| degrees(&node).map(Degrees::Explicit));
    let written: Vec<_> =
        ["uniform", "zipf", "degrees"].into_iter().filter_map(|key| table.get(key)).collect();
    for more in written.iter().skip(1) {
        more.wrong_with(
            format!("both `{}` and `{}` in one `fan_out`", written[0].key(), more.key()),
            "each says how many children the parents have: keep one",
        );
    }
    uniform.or(zipf).or(degrees).unwrap_or(Some(Degrees::Uniform))
}

fn uniform(node: &Node<'_>) -> Option<Degrees> {
    match node.value() {
        DeValue::Boolean(true) => return Some(Degrees::Uniform),
        DeValue::Boolean(false) => node.wrong_with(
            "`uniform` can only be true",
            "leave it out and write zipf = 1.1 or degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.4 }",
        ),
        _ => node.mistyped("true"),
    }
    None
}

/// Numbers of children with the fraction of parents that have so many, ascending.
fn degrees(node: &Node<'_>) -> Option<Vec<(u64, f64)>> {
    if !node.value().is_table() {
        node.mistyped("a table of numbers of children with the fraction of parents that have so many");
        return None;
    }
    let entries = node.all_entries();
    if entries.is_empty() {
        node.wrong("`degrees` is empty");
        return None;
    }
    let read: Vec<_> = entries.iter().map(degree).collect();
    let mut list = read.into_iter().collect::<Option<Vec<_>>>()?;
    list.sort_by_key(|(degree, _)| *degree);
    let sum: f64 = list.iter().map(|(_, frac)| frac).sum();
    if (sum - 1.0).abs() > ROUNDED {
        node.wrong_with(
            format!("the fractions of `degrees` add up to {}, not 1", shown(sum)),
            "each is a fraction of all parents; those without children count too, as 0",
        );
        return None;
    }
    if list.last().is_some_and(|(most, _)| *most == 0) {
        node.wrong_with(
            "`degrees` give no parent a child",
            "add a number of children above 0; where nothing is referenced, write null_frac = 1 instead",
        );
        return None;
    }
    Some(list)
}

fn degree(entry: &Node<'_>) -> Option<(u64, f64)> {
    let key = entry.key();
    // Written in one way only, so that none is there twice.
    let degree = key.parse::<u64>().ok().filter(|degree| degree.to_string() == key);
    if degree.is_none() || entry.value().is_table() {
        // A key with a dot is read as a table in a table.
        let dot = if entry.value().is_table() { ".…" } else { "" };
        entry.wrong_at_key(
            format!("`{key}{dot}` is not a number of children"),
            "write whole numbers, nothing but digits: degrees = { 0 = 0.1, 1 = 0.5, 20 = 0.4 }",
        );
    }
    let frac = if entry.value().is_table() { None } else { entry.number_between(0.0, 1.0) }?;
    if frac == 0.0 {
        entry.wrong_with(
            format!("the fraction of parents with {key} children must be greater than 0"),
            "take it out where no parent has so many",
        );
        return None;
    }
    Some((degree?, frac))
}

/// Words that say the same as `fan_out` in another way, of a column that has one, readable or not.
pub(super) fn contradictions(column: &ColumnProfile) -> Vec<Diagnostic> {
    let values = "how often each parent is referenced";
    // `most_common` may be the list of frequencies.
    let common = column.most_common_place.as_ref();
    let freqs = column.most_common_freqs_place.as_ref().filter(|place| Some(*place) != common);
    let others = [
        ("most_common", values, common),
        ("most_common_freqs", values, freqs),
        ("histogram_bounds", values, column.histogram_bounds_place.as_ref()),
        ("n_distinct", "how many parents have a child", column.n_distinct_place.as_ref()),
    ];
    others
        .into_iter()
        .filter_map(|(key, what, place)| {
            let message = format!("both `{key}` and `fan_out` say {what}");
            let help = match key {
                "n_distinct" => "take it out; parents without children are declared by `childless_frac`",
                _ => "keep the one that is known of production",
            };
            Some(Diagnostic::error(place?.clone(), message).help(help))
        })
        .collect()
}

/// Children that are not there in a table of that many rows.
pub(super) fn too_few_rows(column: &ColumnProfile, rows: Option<u64>) -> Option<Diagnostic> {
    let fan_out = column.fan_out.as_ref()?;
    let null_frac = column.null_frac.unwrap_or(0.0);
    let (message, help) = if null_frac == 1.0 {
        let message = "a column that is always NULL references nothing".to_owned();
        (message, "lower `null_frac`, or take out `fan_out`")
    } else {
        let Degrees::Explicit(list) = &fan_out.degrees else { return None };
        let rows = rows.filter(|rows| *rows > 0)? as f64 * (1.0 - null_frac);
        let (most, _) = list.last().filter(|(most, _)| *most as f64 > rows + 0.5)?;
        let message = format!("a parent with {most} children, but {rows:.0} rows that are not null");
        (message, "each child is a row: lower the degree, or raise `rows`")
    };
    Some(Diagnostic::error(fan_out.place.clone(), message).help(help))
}
