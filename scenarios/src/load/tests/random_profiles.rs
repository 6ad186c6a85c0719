//! Whatever is declared, there is an answer: a profile that the editors' schema finds right too, or what is wrong, with
//! its place.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::editor_schemas::{json, validator};
use super::*;
use crate::diagnostic::Severity;

/// Keys with values that they may have, and with values that they may not, of a table or of a column.
type Words = &'static [(&'static str, &'static [&'static str], &'static [&'static str])];

const OF_TABLE: Words = &[
    ("dead_frac", &["0", "0.05", "0.5"], &["1", "-0.1", "nan", "\"5%\"", "[]"]),
    ("free_frac", &["0", "0.2"], &["1", "inf", "{}"]),
    ("all_visible_frac", &["0", "0.3", "1"], &["1.1", "true"]),
];

const OF_COLUMN: Words = &[
    ("null_frac", &["0", "0.25", "1"], &["1.01", "-1", "\"0.1\"", "nan"]),
    ("n_distinct", &["-1", "-0.5", "1", "4", "60", "1e3"], &["0", "-2", "0.5", "[]", "inf"]),
    (
        "most_common",
        &["{ a = 0.5 }", "{ a = 0.5, \"\" = 0.25 }", "[0.5]", "[0.1, 0.2]", "{ x = 1.0 }"],
        &["{}", "[]", "[0]", "[0.5, \"a\"]", "{ 1.5 = 0.1 }", "0.5", "{ a = 0.9, b = 0.9 }"],
    ),
    ("most_common_freqs", &["[0.25]", "[0.1, 0.1]"], &["[]", "{ a = 0.1 }", "[2]", "[0.7, 0.7]"]),
    (
        "histogram_bounds",
        &["[1, 5]", "[\"2020-01-01\", 2021-01-01]", "[1, 1.0, 2]", "[\"a\", \"é\"]"],
        &["[1]", "[2, 1]", "[[], 1]", "5", "[true, false]"],
    ),
    ("correlation", &["0.9", "-0.2", "1", "-1"], &["1.5", "\"high\""]),
    ("avg_width", &["18", "240", "1.5"], &["0", "-4", "nan"]),
    ("generator", &["\"email\"", "\"hex\""], &["\"e-mail\"", "\"\"", "1"]),
    (
        "toasted",
        &[
            "{ frac = 0.1, raw_width = 4000 }",
            "{ frac = 1, raw_width = 1e6, compressibility = 0.9 }",
            "{ raw_width = 2005, frac = 0 }",
        ],
        &[
            "{}",
            "{ frac = 0.1 }",
            "{ frac = 2, raw_width = 4000 }",
            "{ frac = 0.1, raw_width = 2004 }",
            "{ frac = 0.1, raw_width = 1e12 }",
            "{ frac = 0.1, raw_width = 4000, compressibility = 1 }",
            "{ frac = 0.1, raw_width = 4000, compressibility = 0.9 }",
            "true",
        ],
    ),
    (
        "elem_count_histogram",
        &["[0, 0]", "[0, 1, 2, 3, 6]", "[1, 134217727]"],
        &["[]", "[1]", "[2, 1]", "[0, 1.5]", "[-1, 1]", "[1, 2, 99999999999999999999]", "\"1\""],
    ),
    (
        "fan_out",
        &[
            "\"uniform\"",
            "{ uniform = true }",
            "{ zipf = 1.1, childless_frac = 0.2, clustering = 0.9 }",
            "{ degrees = { 0 = 0.1, 1 = 0.5, 2 = 0.4 } }",
            "{ degrees = { 1 = 1 }, childless_frac = 0 }",
            "{ clustering = 0 }",
        ],
        &[
            "\"zipf\"",
            "{}",
            "{ zipf = 0 }",
            "{ zipf = 1, degrees = { 1 = 1 } }",
            "{ degrees = { 0 = 1 } }",
            "{ degrees = { 1 = 0.5 } }",
            "{ degrees = { x = 1 } }",
            "{ degrees = { 99999999999999999999 = 1 } }",
            "{ degrees = { 1000 = 1 } }",
            "{ degrees = { 1 = 1 }, childless_frac = 0.5 }",
            "{ childless_frac = 1 }",
            "{ uniform = false }",
            "7",
        ],
    ),
    (
        "depends_on",
        &["{ column = \"z\" }", "{ column = \"a\", degree = 0.5 }", "{ column = \"b\", degree = 0 }"],
        &["{}", "\"a\"", "{ column = \"\" }", "{ column = \"z\", degree = 2 }", "{ column = 1 }"],
    ),
    ("nul_frac", &[], &["0.5"]),
    ("\"\"", &[], &["1"]),
];

/// `key = value`, and whether the value is one that the key may have.
fn line(words: Words) -> impl Strategy<Value = (&'static str, &'static str, bool)> {
    let pairs = words.iter().flat_map(|(key, good, bad)| {
        let good = good.iter().map(move |value| (*key, *value, true));
        good.chain(bad.iter().map(move |value| (*key, *value, false)))
    });
    // Good ones more often: a profile with twenty mistakes tests little beyond the first.
    let (good, bad): (Vec<_>, Vec<_>) = pairs.partition(|(_, _, good)| *good);
    prop_oneof![5 => prop::sample::select(good), 1 => prop::sample::select(bad)]
}

/// A profile, with a heading for each column and no key twice.
fn profile() -> impl Strategy<Value = String> {
    let rows = prop::sample::select(vec!["0", "1", "100", "\"5k\"", "-1", "\"x\""]);
    let column =
        (prop::sample::select(vec!["a", "b", "c", "\"d e\""]), prop::collection::vec(line(OF_COLUMN), 0..5));
    let parts = (rows, prop::collection::vec(line(OF_TABLE), 0..4), prop::collection::vec(column, 0..4));
    parts.prop_map(|(rows, table, columns)| {
        let mut text = format!("[tables.users]\nrows = {rows}\n{}", lines(&table));
        let mut names = BTreeSet::new();
        for (name, keys) in columns {
            if names.insert(name) {
                text += &format!("[tables.users.columns.{name}]\n{}", lines(&keys));
            }
        }
        text
    })
}

fn lines(keys: &[(&str, &str, bool)]) -> String {
    let mut seen = BTreeSet::new();
    let once = keys.iter().filter(|(key, _, _)| seen.insert(*key));
    once.map(|(key, value, _)| format!("{key} = {value}\n")).collect()
}

fn answer(profile: &str) -> Result<Loaded, Vec<Diagnostic>> {
    let scenario = format!("{HEAD}{STRATEGY}");
    loaded(&[("scenario.toml", scenario.as_str()), ("profile.toml", profile)])
}

/// To the reader and to the editors' schema.
#[test]
fn every_good_value_is_good() {
    let schema = validator("profile");
    for (key, good, _) in OF_TABLE.iter().chain(OF_COLUMN) {
        for value in *good {
            let at = if OF_TABLE.iter().any(|(other, ..)| other == key) { "" } else { "columns.c." };
            let text = format!("[tables.users]\nrows = 5_000\n{at}{key} = {value}\n");
            if let Err(found) = answer(&text) {
                panic!("{}", render(&found, false));
            }
            let errors: Vec<_> = schema.iter_errors(&json(&text)).map(|error| error.to_string()).collect();
            assert_eq!(errors, [""; 0], "{text}");
        }
    }
}

proptest! {
    #[test]
    fn every_profile_has_an_answer(text in profile()) {
        match answer(&text) {
            Ok(_) => {
                let errors: Vec<_> = validator("profile").iter_errors(&json(&text)).map(|e| e.to_string()).collect();
                prop_assert!(errors.is_empty(), "the schema for editors refuses\n{text}{errors:?}");
            }
            Err(found) => {
                let errors = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
                prop_assert!(errors.count() > 0);
                for diagnostic in &found {
                    prop_assert!(diagnostic.place.text().is_some(), "no place: {diagnostic:?}");
                    prop_assert!(diagnostic.help.is_some(), "no way to mend: {diagnostic:?}");
                }
                render(&found, false);
            }
        }
    }

    #[test]
    fn every_bad_value_is_told_at_once(keys in prop::collection::vec(line(OF_COLUMN), 1..8)) {
        let mut text = "[tables.users]\nrows = 100\n".to_owned();
        for (index, (key, value, _)) in keys.iter().enumerate() {
            text += &format!("columns.c{index}.{key} = {value}\n");
        }
        let told: BTreeSet<_> = match answer(&text) {
            Ok(_) => BTreeSet::new(),
            Err(found) => found.iter().filter_map(|found| found.place.line_column()).map(|(line, _)| line).collect(),
        };
        for (index, (key, value, good)) in keys.iter().enumerate() {
            prop_assert!(*good || told.contains(&(index + 3)), "{key} = {value} is not refused");
        }
    }
}
