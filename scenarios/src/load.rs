//! From a folder to a [`Scenario`], or to every problem in it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::folder::Folder;
use crate::profile::Profile;
use crate::scenario::{Probe, Scenario, Strategy};
use crate::source::{Place, Source, decode};

mod budget;
mod files;
mod keys;
mod phase;
mod problems;
mod profile;
mod script;
mod server;
mod strategy;
mod toml_tree;
mod workload;

#[cfg(test)]
mod editor_schemas;
#[cfg(test)]
mod tests;

use files::Files;
use problems::Problems;
use toml_tree::{Document, Node, Table};

/// Seed of a scenario that names none.
pub(crate) const DEFAULT_SEED: u64 = 42;

/// A scenario, and what its reader should know.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// Warnings only, file by file.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a scenario and every file that it names.
///
/// # Errors
/// Everything that is wrong, at least one of them an error, with the warnings among them: file by file, each
/// from top to bottom.
pub fn load(folder: &Folder) -> Result<Loaded, Vec<Diagnostic>> {
    let problems = Problems::default();
    let files = Files::new(folder, &problems);
    let scenario = files.scenario().and_then(|source| read(&source, folder, &files, &problems));
    let order = files.into_order();
    let failed = problems.any_error();
    let found = problems.into_sorted(&order);
    match scenario {
        Some(scenario) if !failed => Ok(Loaded { scenario, warnings: found }),
        _ => Err(found),
    }
}

/// Reads a profile that no scenario names.
///
/// # Errors
/// As [`load()`]. What was read comes with its warnings.
pub fn load_profile(path: &Path) -> Result<(Profile, Vec<Diagnostic>), Vec<Diagnostic>> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        let message = format!("cannot read `{shown}`: {error}");
        vec![
            Diagnostic::error(Place::default(), message)
                .help("name a profile: TOML with rows, or with [tables]"),
        ]
    })?;
    let source = decode(&shown, &bytes).map_err(|problem| vec![problem])?;
    let problems = Problems::default();
    let document = Document { source: &source, problems: &problems };
    let tree = document.parse();
    let read = tree.as_ref().and_then(|tree| profile::read(&document.root(tree, &keys::PROFILE)));
    let failed = problems.any_error();
    drop(tree);
    let found = problems.into_sorted(&[]);
    match read {
        Some(profile) if !failed => Ok((profile, found)),
        _ => Err(found),
    }
}

/// Reads everything before it gives up, so that nothing stays unreported.
fn read(source: &Arc<Source>, folder: &Folder, files: &Files<'_>, problems: &Problems) -> Option<Scenario> {
    let document = Document { source, problems };
    let tree = document.parse()?;
    let root = document.root(&tree, &keys::SCENARIO);

    let title = root.get("title").and_then(|title| title.text());
    let about = root.get("about").and_then(|about| about.text());
    let schema = root.get("schema").and_then(|schema| files.schema(&schema));
    let profile = root.get("profile").and_then(|profile| profile_of(&profile, files, problems));
    let seed = root.get("seed").and_then(|seed| seed.integer(0..=i64::MAX as u64));
    let server = root.get("server").and_then(|server| server::read(&server));
    let workload = root.get("workload").and_then(|workload| workload::read(&workload));
    let probes = workload.as_ref().map_or(&[][..], |workload| &workload.probes);
    let strategies =
        root.get("strategy").and_then(|strategies| strategies_of(&strategies, files, probes, problems));
    let budget = root.get("budget").and_then(|budget| budget::read(&budget));

    Some(Scenario {
        name: folder.name(),
        title: title?,
        about,
        fingerprint: files.fingerprint(),
        schema: schema?,
        profile: profile?,
        seed: seed.unwrap_or(DEFAULT_SEED),
        server: server.unwrap_or_default(),
        strategies: strategies?,
        workload: workload.unwrap_or_default(),
        budget: budget.unwrap_or_default(),
    })
}

/// `profile = "profile.toml"`, or the same tables inline.
fn profile_of(node: &Node<'_>, files: &Files<'_>, problems: &Problems) -> Option<Profile> {
    if node.value().is_str() {
        let source = files.text(node)?;
        let document = Document { source: &source, problems };
        let tree = document.parse()?;
        profile::read(&document.root(&tree, &keys::PROFILE))
    } else if node.value().is_table() {
        profile::read(&node.table(&keys::PROFILE)?)
    } else {
        node.mistyped("a file name or a table");
        None
    }
}

fn strategies_of(
    node: &Node<'_>,
    files: &Files<'_>,
    probes: &[Probe],
    problems: &Problems,
) -> Option<Vec<Strategy>> {
    let items = node.items()?;
    if items.is_empty() {
        node.wrong("a scenario needs a strategy");
    }
    unique_names(&items, &keys::STRATEGY, problems, |table| strategy::read(table, files, probes, problems))
}

/// Reads a list of named tables, and reports names that were taken before.
fn unique_names<T>(
    items: &[Node<'_>],
    shape: &'static keys::Shape,
    problems: &Problems,
    read: impl Fn(&Table<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let mut names = BTreeMap::new();
    let mut all = Vec::new();
    for item in items {
        let Some(table) = item.table(shape) else { continue };
        all.push(read(&table));
        // Blank and mistyped names are reported by whoever reads the table.
        let Some(name) = table.get("name") else { continue };
        let Some(text) = name.value().as_str().filter(|text| !text.trim().is_empty()) else { continue };
        match names.entry(text.to_owned()) {
            Entry::Vacant(free) => {
                free.insert(name.place());
            }
            Entry::Occupied(taken) => {
                let message = format!("{} named `{text}` is there already", shape.what);
                let line = taken.get().line_column().map_or(0, |(line, _)| line);
                let help = format!("the other is on line {line}; a name is given once");
                problems.push(Diagnostic::error(name.place(), message).help(help));
            }
        }
    }
    let whole = items.len() == all.len();
    all.into_iter().collect::<Option<Vec<_>>>().filter(|_| whole)
}
