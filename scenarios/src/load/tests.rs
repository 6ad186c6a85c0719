//! Each kind of bad input with the words that people get, and what a good one becomes.

use proptest::prelude::*;

use super::{Loaded, load};
use crate::catalog::Bundled;
use crate::diagnostic::{Diagnostic, render};
use crate::folder::Folder;

mod bad_columns;
mod bad_dependencies;
mod bad_fan_outs;
mod bad_files;
mod bad_heaps;
mod bad_limits;
mod bad_phases;
mod bad_profiles;
mod bad_scenarios;
mod bad_strategies;
mod bad_widths;
mod deployed;
mod good;
mod good_profiles;
mod random_profiles;

/// The keys that every scenario needs, but for its strategy.
const HEAD: &str = "title = \"Demo\"\nschema = \"schema.sql\"\nprofile = \"profile.toml\"\n";
const STRATEGY: &str = "[[strategy]]\nname = \"plain\"\nup = [\"up.sql\"]\n";
const PROFILE: &str = "[tables.users]\nrows = 100\n";
/// Files that any scenario of these tests may name.
const FILES: &[(&str, &str)] = &[
    ("schema.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n"),
    ("profile.toml", PROFILE),
    ("up.sql", "CREATE INDEX ON users (id);\n"),
    ("down.sql", "DROP INDEX users_id_idx;\n"),
];

/// Loads these files, and those of [`FILES`] that are not among them.
pub(super) fn loaded(files: &[(&str, &str)]) -> Result<Loaded, Vec<Diagnostic>> {
    let others = FILES.iter().filter(|(name, _)| files.iter().all(|(other, _)| other != name));
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let files: Vec<_> = files.iter().chain(others).map(|(name, text)| (leak(name), leak(text))).collect();
    let bundled = Bundled { id: "demo", files: Box::leak(files.into_boxed_slice()) };
    load(&Folder::Bundled(Box::leak(Box::new(bundled))))
}

/// What people read where these files do not load.
fn refused(files: &[(&str, &str)]) -> String {
    match loaded(files) {
        Ok(loaded) => panic!("it loads: {:#?}", loaded.scenario),
        Err(found) => render(&found, false),
    }
}

/// What people read where a `scenario.toml` does not load.
fn refused_scenario(text: &str) -> String {
    refused(&[("scenario.toml", text)])
}

/// What people read where a good scenario has this at its end.
fn refused_tail(tail: &str) -> String {
    refused_scenario(&format!("{HEAD}{STRATEGY}{tail}"))
}

/// What people read where a `profile.toml` does not load.
fn refused_profile(text: &str) -> String {
    refused(&[("scenario.toml", &format!("{HEAD}{STRATEGY}")), ("profile.toml", text)])
}

/// What people read where a column has these keys.
fn refused_column(keys: &str) -> String {
    refused_profile(&format!("{PROFILE}[tables.users.columns.a]\n{keys}"))
}

/// Text made of the pieces of scenarios, so that it gets past the first character.
fn toml_like() -> impl Strategy<Value = String> {
    let shapes = super::keys::OF_SCENARIO.iter().chain(super::keys::OF_PROFILE);
    let names = shapes.flat_map(|(_, shape)| shape.names());
    let names: Vec<_> = names.chain(["tables", "users", "public", "\"\"", "x.y"]).collect();
    let key = prop::sample::select(names);
    let scalars = [
        "1",
        "-1",
        "0.5",
        "1e400",
        "nan",
        "true",
        "\"\"",
        "\"up.sql\"",
        "\"3s\"",
        "\"5M\"",
        "\"é\\u0000\"",
        "[]",
        "[1, \"a\"]",
        "{}",
        "{ a = 1 }",
        "1979-05-27",
        "'scenario.toml'",
        "{ file = 'up.sql', transaction = 'file' }",
        "99999999999999999999999999999999999999999999",
        "0xff",
        "'''\n",
        "[\"2020-01-01\", 3, 2]",
    ];
    let value = prop::sample::select(scalars.to_vec());
    let line = (key.clone(), key.clone(), value, 0_u8..5).prop_map(|(key, other, value, form)| match form {
        0 => format!("[{key}]\n"),
        1 => format!("[[{key}]]\n"),
        2 => format!("[profile.tables.{key}.columns.{other}]\n"),
        3 => format!("[{key}.{other}]\r\n"),
        _ => format!("{key} = {value}\n"),
    });
    prop::collection::vec(line, 0..20).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn no_scenario_text_panics(text in "(?s).{0,200}", like in toml_like()) {
        for text in [text, like.clone(), format!("{HEAD}{STRATEGY}{like}")] {
            if let Err(found) = loaded(&[("scenario.toml", &text)]) {
                prop_assert!(!found.is_empty());
                render(&found, true);
            }
        }
    }

    #[test]
    fn no_profile_or_sql_text_panics(profile in toml_like(), column in toml_like(), sql in "(?s).{0,200}") {
        let scenario = format!("{HEAD}{STRATEGY}");
        for profile in [profile, format!("{PROFILE}[tables.users.columns.a]\n{column}")] {
            let files = [("scenario.toml", scenario.as_str()), ("profile.toml", &profile), ("up.sql", &sql)];
            if let Err(found) = loaded(&files) {
                render(&found, false);
            }
        }
    }
}
