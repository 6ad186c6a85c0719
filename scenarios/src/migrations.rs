//! Folders of migrations, read as the tool that they were written for reads them.
//!
//! The tool is recognised from the names of the files and the comments in them ([`Tool`] says how each names its
//! files and what it wraps in a transaction, and where that is written). Every file stays whole: a part of it, up or
//! down, is a choice of its statements, so that lines are those of the file.

mod build;
mod folder;
pub mod lock;
mod markers;
mod names;
mod order;
mod recognise;
mod since;
#[cfg(test)]
mod tests;
mod tool;

use std::sync::Arc;

pub use folder::open;
pub(crate) use folder::{Listing, is_read};
pub use since::{Base, BaseFile, Wanted, rehearse};
pub use tool::{Rule, Tool};

use crate::diagnostic::Diagnostic;
use crate::scenario::{Deployed, Schema, Step, TransactionMode};
use crate::source::{Place, Source};
use crate::sql::{Statement, StatementKind};

/// A folder of migrations.
#[derive(Debug, Clone)]
pub struct Migrations {
    /// The tool that they are written for.
    pub tool: Tool,
    /// The folder, as people should see it.
    pub folder: String,
    /// In the order in which the tool runs them.
    pub list: Vec<Migration>,
}

/// One migration.
#[derive(Debug, Clone)]
pub struct Migration {
    /// Its version as it is written: `001`, `2.1`, `20260101120000`; nothing for a repeatable one.
    pub version: String,
    /// What its name says after the version: `add_users`.
    pub name: String,
    /// The file that makes the change, relative to the folder.
    pub file: String,
    /// All its files with their checksums: the one that makes the change first, then the one that undoes it and those
    /// that configure it, if it has them.
    pub files: Vec<FileSum>,
    /// The change.
    pub up: Step,
    /// What undoes it; empty where nothing does.
    pub down: Vec<Step>,
    /// True where the tool runs it again whenever it changes (Flyway's `R__`), so that it may.
    pub repeatable: bool,
    /// What decides its place in the order.
    pub(crate) key: Vec<u64>,
}

/// A file with its checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSum {
    /// Its path relative to the folder of the migrations, `/` between the parts.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal, as `sha256sum` prints it.
    pub sha256: String,
}

/// Reads the migrations of a folder, and holds them to the lock file in it. `wanted` is the tool, where somebody says
/// which; where nobody does it is recognised.
///
/// Gives none where something is wrong that leaves no migrations to speak of; whether there is an error among the
/// diagnostics is for the caller to look.
pub(crate) fn read(listing: &Listing, wanted: Option<Tool>) -> (Option<Migrations>, Vec<Diagnostic>) {
    let (tool, found) = match recognise::recognise(listing, wanted) {
        Ok(recognised) => recognised,
        Err(problem) => return (None, vec![problem]),
    };
    let mut problems = found;
    let mut list = build::build(listing, tool, &mut problems);
    order::sort(tool, &mut list);
    problems.extend(order::check(tool, listing, &list));
    let migrations = Migrations { tool, folder: listing.shown.clone(), list };
    problems.extend(lock::check(listing, &migrations));
    (Some(migrations), problems)
}

impl Migrations {
    /// Every file with its checksum, migration by migration.
    pub fn files(&self) -> impl Iterator<Item = &FileSum> {
        self.list.iter().flat_map(|migration| &migration.files)
    }

    /// The schema that all of them make.
    pub fn schema(&self) -> Schema {
        Schema {
            steps: self.list.iter().map(|migration| migration.up.clone()).collect(),
            deployed: Some(Deployed {
                tool: self.tool,
                folder: self.folder.clone(),
                migrations: self.list.len(),
                last: self.list.last().map(|migration| migration.file.clone()),
                files: self.files().cloned().collect(),
            }),
        }
    }
}

impl Migration {
    /// The text of its change and, if it has one, of what undoes it, each without the other.
    pub fn texts(&self) -> (String, Option<String>) {
        let source = &self.up.file.source;
        let parts = match self.up.transaction {
            TransactionMode::Tool(Tool::Dbmate, _) => markers::dbmate(source).ok(),
            TransactionMode::Tool(Tool::Goose, _) => markers::goose(source).ok(),
            _ => None,
        };
        let cut = |span: std::ops::Range<usize>| format!("{}\n", source.text[span].trim_end());
        match parts {
            Some(parts) => (cut(parts.up.0), parts.down.map(|(span, _)| cut(span))),
            None => (source.text.clone(), self.down.first().map(|step| step.file.source.text.clone())),
        }
    }

    /// Statements of its change that cannot run the way the tool runs it, as errors or as warnings.
    pub(crate) fn misfits(&self, as_errors: bool) -> Vec<Diagnostic> {
        misfits(&self.up, as_errors)
    }
}

/// Statements that the server will refuse because of the transaction that the tool puts them in.
fn misfits(step: &Step, as_errors: bool) -> Vec<Diagnostic> {
    let TransactionMode::Tool(tool, rule) = step.transaction else { return Vec::new() };
    let statements = &step.file.statements;
    let own = statements.iter().any(|statement| statement.kind.controls_transaction());
    let alone = |statement: &&Statement| statement.kind == StatementKind::NonTransactional;
    let title = tool.title();
    let (why, help) = match rule {
        Rule::Transaction => ("runs the migration in one", tool.without_transaction()),
        Rule::OneCall if statements.len() > 1 => {
            ("sends the whole file in one call, which is one", "move it to a migration of its own")
        }
        Rule::Detected if statements.iter().any(|statement| !alone(&statement)) => {
            let Some(mixed) = statements.iter().find(alone).filter(|_| !own) else { return Vec::new() };
            let message = format!(
                "{} cannot run in a transaction and other statements of the file can: {title} refuses such a mixture",
                mixed.tag
            );
            return vec![Diagnostic::warning(first_line(&step.file.source, mixed), message).help(
                "move it to a migration of its own; with flyway.mixed = true it runs as it does here",
            )];
        }
        Rule::OneCall | Rule::Detected | Rule::Statements => return Vec::new(),
    };
    if own {
        // The splitter warns of what stands between the file's own BEGIN and COMMIT.
        return Vec::new();
    }
    statements
        .iter()
        .filter(alone)
        .map(|statement| {
            let message = format!("{} cannot run in a transaction, and {title} {why}", statement.tag);
            let place = first_line(&step.file.source, statement);
            let problem = if as_errors { Diagnostic::error } else { Diagnostic::warning };
            problem(place, message).help(help)
        })
        .collect()
}

fn first_line(source: &Arc<Source>, statement: &Statement) -> Place {
    let line = statement.text.lines().next().unwrap_or_default();
    Place::new(source, statement.offset..statement.offset + line.len())
}
