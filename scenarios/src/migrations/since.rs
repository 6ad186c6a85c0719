//! What a branch adds to a folder of migrations, as a scenario.

use std::collections::BTreeMap;
use std::path::Path;

use super::folder::{self, Listing, ReadFile};
use super::{Migration, Migrations, Tool, lock, names, order, read};
use crate::diagnostic::{Diagnostic, Severity};
use crate::fingerprint::{fingerprint, sha256};
use crate::load::Loaded;
use crate::profile::Profile;
use crate::scenario::{Budget, Scenario, Schema, ServerWish, Step, Strategy, StrategyPhase, Workload};
use crate::source::{Place, decode};

/// The folder as it was before.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// What people call it: `origin/main`.
    pub revision: String,
    /// Every file that it had, by its path relative to the folder.
    pub files: BTreeMap<String, BaseFile>,
}

/// What became of a file since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseFile {
    /// It is what it was.
    Same,
    /// It was these bytes, and is others or gone.
    Differs(Vec<u8>),
}

/// What is to be rehearsed.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The folder of the migrations as it is now.
    pub folder: &'a Path,
    /// The tool, where somebody says which.
    pub tool: Option<Tool>,
    /// What was there before.
    pub base: &'a Base,
    /// Name of the scenario.
    pub name: &'a str,
    /// Name of the strategy: the branch.
    pub strategy: &'a str,
    /// What is declared of the data.
    pub profile: &'a Profile,
}

/// The scenario whose schema is what the base had, and whose strategy is what was added.
///
/// # Errors
/// Everything that is wrong with the folder; a file that the base had and that is changed or gone; and where nothing
/// was added.
pub fn rehearse(wanted: &Wanted<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let (listing, _) = folder::list(wanted.folder)?;
    let (now, found) = read(&listing, wanted.tool);
    let Some(now) = now else { return Err(found) };
    let mut problems = edited(&listing, &now, wanted.base);
    // A file that is gone may leave a gap: it comes before what it leads to.
    let (errors, mut warnings): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|problem| problem.severity == Severity::Error);
    problems.extend(errors);
    let revision = &wanted.base.revision;
    let was_there = |migration: &Migration| wanted.base.files.contains_key(&migration.file);
    let differs =
        |migration: &Migration| matches!(wanted.base.files.get(&migration.file), Some(BaseFile::Differs(_)));
    let (deployed, added): (Vec<Migration>, Vec<Migration>) = (
        now.list.iter().filter(|one| was_there(one)).cloned().collect(),
        now.list.iter().filter(|one| !was_there(one) || (one.repeatable && differs(one))).cloned().collect(),
    );
    if added.is_empty() && problems.is_empty() {
        let message = format!("no migration was added to `{}` since {revision}", listing.shown);
        problems.push(Diagnostic::error(Place::default(), message).help(
            "commit or write the migration first, or name an older revision: `git merge-base HEAD origin/main` says where a \
             branch began",
        ));
    }
    let deployed = as_it_was(&listing, &now, deployed, wanted.base, &mut problems);
    problems.extend(deployed.iter().flat_map(|migration| migration.misfits(true)));
    if !problems.is_empty() {
        return Err(problems);
    }
    warnings.extend(added.iter().flat_map(|migration| migration.misfits(false)));
    warnings.extend(out_of_order(&listing, &now, &deployed, &added));
    let before = Migrations { list: deployed, ..now.clone() };
    Ok(Loaded { scenario: scenario(wanted, &listing, before.schema(), &added), warnings })
}

/// Files that the base had and that are changed or gone. What the tool runs again whenever it changes may change.
fn edited(listing: &Listing, now: &Migrations, base: &Base) -> Vec<Diagnostic> {
    let repeatable = |path: &str| {
        let of_path = |one: &&Migration| one.files.iter().any(|file| file.path == path);
        now.list.iter().find(of_path).is_some_and(|one| one.repeatable)
    };
    let mut problems = Vec::new();
    for (path, file) in &base.files {
        let BaseFile::Differs(bytes) = file else { continue };
        let listed = now.files().any(|file| file.path == *path);
        match listing.files.get(path) {
            Some(is) if listed && !repeatable(path) && sha256(bytes) != is.sha256 => {
                let says = &base.revision;
                problems.push(lock::changed(listing.top_of(path), path, &sha256(bytes), &is.sha256, says));
            }
            None if names::named(path).is_some() => problems.push(
                Diagnostic::error(
                    listing.place.clone(),
                    format!(
                        "`{path}` was deployed by {} and is gone from `{}`",
                        base.revision, listing.shown
                    ),
                )
                .help(format!(
                    "put the file back, under its old name: what it did is undone by a new migration; where the branch began \
                     before it, rebase, or say --since \"$(git merge-base HEAD {})\"",
                    base.revision
                )),
            ),
            Some(_) | None => {}
        }
    }
    problems
}

/// The deployed migrations with the text that they had.
fn as_it_was(
    listing: &Listing,
    now: &Migrations,
    deployed: Vec<Migration>,
    base: &Base,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Migration> {
    let mut before = listing.clone();
    let mut any = false;
    for (path, file) in &base.files {
        let BaseFile::Differs(bytes) = file else { continue };
        if !deployed.iter().any(|one| one.repeatable && one.file == *path) {
            continue;
        }
        let shown = format!("{}:{}/{path}", base.revision, listing.shown);
        match decode(&shown, bytes) {
            Ok(source) => {
                before.files.insert(path.clone(), ReadFile { source, sha256: sha256(bytes) });
                any = true;
            }
            Err(problem) => problems.push(problem),
        }
    }
    if !any {
        return deployed;
    }
    before.files.remove(lock::LOCK_FILE);
    let (read, found) = read(&before, Some(now.tool));
    problems.extend(found.into_iter().filter(|problem| problem.severity == Severity::Error));
    let was = |migration: &Migration| deployed.iter().any(|one| one.file == migration.file);
    read.map_or(deployed.clone(), |read| read.list.into_iter().filter(was).collect())
}

fn out_of_order(
    listing: &Listing,
    now: &Migrations,
    deployed: &[Migration],
    added: &[Migration],
) -> Vec<Diagnostic> {
    let Some(newest) = deployed.iter().rfind(|one| !one.repeatable) else { return Vec::new() };
    let early = |one: &&Migration| !one.repeatable && order::compare(now.tool, one, newest).is_lt();
    let warn = |one: &Migration| {
        let message = format!("`{}` is older than `{}`, which is deployed already", one.file, newest.file);
        Diagnostic::warning(listing.top_of(&one.file), message)
            .help("some tools refuse it, some leave it out, some run it after all, as is done here: give it a later version")
    };
    added.iter().filter(early).map(warn).collect()
}

fn scenario(wanted: &Wanted<'_>, listing: &Listing, schema: Schema, added: &[Migration]) -> Scenario {
    let what = match added {
        [one] => format!("`{}`", one.file),
        several => format!("{} migrations", several.len()),
    };
    let (revision, name) = (&wanted.base.revision, wanted.name);
    let before = match schema.steps.len() {
        1 => "the migration".to_owned(),
        several => format!("the {several} migrations"),
    };
    let mut files: Vec<(String, Vec<u8>)> =
        listing.files.iter().map(|(path, file)| (path.clone(), file.sha256.clone().into_bytes())).collect();
    files.extend(added.iter().map(|one| (format!("added: {}", one.file), Vec::new())));
    Scenario {
        name: name.to_owned(),
        title: format!(
            "What {} adds to {}",
            wanted.strategy,
            if listing.shown == "." { name } else { &listing.shown }
        ),
        about: Some(format!("{what}, on top of {before} that {revision} had.")),
        fingerprint: fingerprint(files.iter().map(|(path, sum)| (path.as_str(), sum.as_slice()))),
        schema,
        profile: wanted.profile.clone(),
        seed: crate::load::DEFAULT_SEED,
        server: ServerWish::default(),
        strategies: vec![strategy(wanted.strategy, added)],
        workload: Workload::default(),
        budget: Budget::default(),
    }
}

/// The added migrations as one strategy, which can be undone where each of them can.
fn strategy(name: &str, added: &[Migration]) -> Strategy {
    let undone = added.iter().all(|one| !one.down.is_empty());
    let down: Vec<Step> = if undone {
        added.iter().rev().flat_map(|one| one.down.iter().cloned()).collect()
    } else {
        Vec::new()
    };
    Strategy {
        name: name.to_owned(),
        phases: vec![StrategyPhase {
            up: added.iter().map(|one| one.up.clone()).collect(),
            ..StrategyPhase::default()
        }],
        down,
        nothing_to_undo: false,
        irreversible: None,
        expect: None,
    }
}
