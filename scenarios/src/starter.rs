//! A scenario to start from: the files of one that a person goes on writing.

use std::fmt::Write;

use crate::catalog::Bundled;
use crate::diagnostic::Diagnostic;
use crate::fingerprint::sha256;
use crate::folder::SCENARIO_FILE;
use crate::migrations::{Migration, Migrations, lock};
use crate::scenario::TransactionMode;
use crate::source::{Place, Source, decode};
use crate::sql::{self, Shape};

mod tables;
#[cfg(test)]
mod tests;

pub use tables::{Column, Hint, Table, profile};

/// Rows of every table of a scenario to start from.
pub const ROWS: u64 = 100_000;
const PROFILE_FILE: &str = "profile.toml";
const MIGRATIONS_FOLDER: &str = "migrations";

/// Files by their path in the scenario's folder, with their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// The files, `scenario.toml` first.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Starter {
    /// The files of a bundled scenario.
    pub fn from_bundled(bundled: &Bundled) -> Self {
        let mut files: Vec<(String, Vec<u8>)> =
            bundled.files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        files.sort_by_key(|(path, _)| path != SCENARIO_FILE);
        Self { files }
    }

    /// A scenario with a schema file and a strategy to write.
    ///
    /// # Errors
    /// What is wrong with the schema, which people know as `shown`.
    pub fn from_schema(shown: &str, bytes: &[u8]) -> Result<Self, Vec<Diagnostic>> {
        let source = decode(shown, bytes).map_err(|problem| vec![problem])?;
        let (statements, found) = sql::split(&source);
        let errors: Vec<Diagnostic> =
            found.into_iter().filter(|problem| problem.severity == crate::Severity::Error).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        if statements.is_empty() {
            let help = "name a schema as pg_dump --schema-only writes it, or a folder of migrations";
            return Err(vec![
                Diagnostic::error(Place::new(&source, 0..0), "the schema has no statement").help(help),
            ]);
        }
        let mut starter = Self::to_write("schema.sql", "schema.sql: as pg_dump --schema-only writes it");
        starter.files.push(("schema.sql".to_owned(), bytes.to_vec()));
        Ok(starter)
    }

    /// A scenario whose schema is a folder of migrations. The last of them is the strategy; where it is the only one, it is
    /// part of the schema and the strategy is to be written. Repeatable ones run with the strategy. `read` gives the bytes of a file of the folder.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn from_migrations<E>(
        migrations: &Migrations,
        read: impl Fn(&str) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let versioned: Vec<&Migration> = migrations.list.iter().filter(|one| !one.repeatable).collect();
        let last = versioned.last().filter(|_| versioned.len() > 1);
        // They run after it, and may need what it makes.
        let again: Vec<&Migration> =
            migrations.list.iter().filter(|one| one.repeatable && last.is_some()).collect();
        let tool = migrations.tool.word();
        let schema = format!("{{ migrations = \"{MIGRATIONS_FOLDER}/\", tool = \"{tool}\" }}");
        let mut starter = match last {
            Some(last) => Self::of_migration(last, &again, &schema),
            None => Self::to_write(&schema, "migrations/: what is deployed already"),
        };
        let mut sums = String::new();
        for file in again.iter().flat_map(|one| &one.files) {
            starter.files.push((file.path.clone(), read(&file.path)?));
        }
        let kept = migrations.list.iter().filter(|one| {
            last.is_none_or(|last| one.file != last.file) && !again.iter().any(|again| again.file == one.file)
        });
        for migration in kept {
            for file in &migration.files {
                let bytes = read(&file.path)?;
                if !migration.repeatable {
                    // Writing to a string cannot fail.
                    let _ = writeln!(sums, "{}  {}", sha256(&bytes), file.path);
                }
                starter.files.push((format!("{MIGRATIONS_FOLDER}/{}", file.path), bytes));
            }
        }
        starter.files.push((format!("{MIGRATIONS_FOLDER}/{}", lock::LOCK_FILE), sums.into_bytes()));
        Ok(starter)
    }

    /// Replaces the profile.
    pub fn set_profile(&mut self, text: &str) {
        for (path, bytes) in &mut self.files {
            if path == PROFILE_FILE {
                *bytes = text.as_bytes().to_vec();
            }
        }
    }

    /// A scenario whose strategy is not written yet.
    fn to_write(schema: &str, about: &str) -> Self {
        let schema = if schema.starts_with('{') { schema.to_owned() } else { format!("\"{schema}\"") };
        let scenario = format!(
            "# {about}.\n\
             # change.up.sql and change.down.sql are yours to write; then `pgrehearse run` this folder.\n\
             title   = \"A change to rehearse\"\n\
             schema  = {schema}\n\
             profile = \"{PROFILE_FILE}\"\n\
             \n\
             [[strategy]]\n\
             name = \"change\"\n\
             up   = [\"change.up.sql\"]\n\
             down = [\"change.down.sql\"]\n{}",
            budget()
        );
        let up =
            "-- The change, as your migration tool would run it, in place of this statement.\nSELECT 1;\n";
        let down = "-- What undoes it, in place of this statement.\nSELECT 1;\n";
        Self::of(scenario, &[("change.up.sql", up), ("change.down.sql", down)])
    }

    /// A scenario whose strategy is a migration that is there.
    fn of_migration(migration: &Migration, again: &[&Migration], schema: &str) -> Self {
        let name = migration.name.trim_matches(|letter: char| !letter.is_alphanumeric());
        let name = if name.is_empty() { "change" } else { name };
        let file = |direction: &str| format!("{name}.{direction}.sql");
        let (up, down) = migration.texts();
        let step = |file: &str, transaction: &str| {
            let file = toml_string(file);
            if transaction == "auto" {
                file
            } else {
                format!("{{ file = {file}, transaction = \"{transaction}\" }}")
            }
        };
        let down_line = match (&down, migration.down.first()) {
            (Some(_), Some(undo)) => format!("down = [{}]\n", step(&file("down"), transaction(undo))),
            _ => "# down = [\"…\"], or why there is no way back: irreversible = \"…\"\n".to_owned(),
        };
        let mut ups = vec![step(&file("up"), transaction(&migration.up))];
        ups.extend(again.iter().map(|one| step(&one.file, transaction(&one.up))));
        let scenario = format!(
            "# migrations/: what is deployed already; the strategy is the last one, taken out of there.\n\
             # A second [[strategy]] with another way to the same end is compared with it.\n\
             title   = {}\n\
             schema  = {schema}\n\
             profile = \"{PROFILE_FILE}\"\n\
             \n\
             [[strategy]]\n\
             name = {}\n\
             up   = [{}]\n{down_line}{}",
            toml_string(&migration.file),
            toml_string(name),
            ups.join(", "),
            budget()
        );
        let mut starter = Self::of(scenario, &[(&file("up"), &up)]);
        if let Some(down) = down.filter(|_| !migration.down.is_empty()) {
            starter.files.push((file("down"), down.into_bytes()));
        }
        starter
    }

    fn of(scenario: String, others: &[(&str, &str)]) -> Self {
        let profile = format!("# Rows of every table of the schema.\nrows = {}\n", with_underscores(ROWS));
        let mut files = vec![
            (SCENARIO_FILE.to_owned(), scenario.into_bytes()),
            (PROFILE_FILE.to_owned(), profile.into_bytes()),
        ];
        files.extend(others.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())));
        Self { files }
    }
}

/// The limits that hold where nobody writes others.
fn budget() -> &'static str {
    "\n\
     # [budget]\n\
     # read_stall  = \"500ms\"   # the longest wait of a read; write_stall too\n\
     # write_stall = \"500ms\"\n\
     # duration    = \"30min\"   # also the hard stop\n"
}

/// How a step is wrapped, in a word of `scenario.toml`.
fn transaction(step: &crate::Step) -> &'static str {
    let statements = &step.file.statements;
    let bears = |statement: &sql::Statement| statement.kind == sql::StatementKind::Transactional;
    match sql::shape(statements, step.transaction).0 {
        // What it does by itself needs no word.
        shape if shape == sql::shape(statements, TransactionMode::Auto).0 => "auto",
        Shape::File if statements.iter().all(bears) => "file",
        Shape::Statement => "none",
        Shape::File | Shape::Explicit => "auto",
    }
}

/// A string as TOML has it.
fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn with_underscores(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap_or_default()).collect();
    groups.join("_")
}

/// The same problems with the names that people know, where files were copied before they were read.
pub fn renamed(problems: Vec<Diagnostic>, from: &str, to: &str) -> Vec<Diagnostic> {
    let rename = |mut problem: Diagnostic| {
        if let Some(source) = &problem.place.source
            && let Some(rest) = source.path.strip_prefix(from)
        {
            problem.place.source = Some(Source::new(format!("{to}{rest}"), source.text.clone()));
        }
        problem
    };
    problems.into_iter().map(rename).collect()
}
