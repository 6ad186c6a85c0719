//! The files of a scenario: each read once, its text checked, its bytes part of the fingerprint.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use toml::de::DeValue;

use super::keys;
use super::problems::Problems;
use super::toml_tree::Node;
use crate::diagnostic::Diagnostic;
use crate::fingerprint::fingerprint;
use crate::folder::{Folder, SCENARIO_FILE};
use crate::migrations::{self, Listing, Tool};
use crate::nearest::nearest;
use crate::scenario::{Retry, Schema, SqlFile, Step, TransactionMode};
use crate::source::{Place, Source, decode};
use crate::sql;

/// Every file read so far.
#[derive(Debug)]
pub(super) struct Files<'a> {
    folder: &'a Folder,
    problems: &'a Problems,
    read: RefCell<BTreeMap<String, Arc<Source>>>,
    bytes: RefCell<BTreeMap<String, Cow<'static, [u8]>>>,
    scripts: RefCell<BTreeMap<String, SqlFile>>,
    /// Paths as people see them, in the order read.
    order: RefCell<Vec<String>>,
}

impl<'a> Files<'a> {
    pub(super) fn new(folder: &'a Folder, problems: &'a Problems) -> Self {
        Self {
            folder,
            problems,
            read: RefCell::default(),
            bytes: RefCell::default(),
            scripts: RefCell::default(),
            order: RefCell::default(),
        }
    }

    /// `scenario.toml` itself.
    pub(super) fn scenario(&self) -> Option<Arc<Source>> {
        self.open(SCENARIO_FILE, &|error| {
            let shown = self.folder.shown(SCENARIO_FILE);
            if error.kind() != io::ErrorKind::NotFound {
                let message = format!("cannot read `{shown}`: {error}");
                return Diagnostic::error(Place::default(), message).help("make it readable");
            }
            let inside: Vec<_> = self.folder.list().into_iter().filter_map(scenario_folder).collect();
            let help = if inside.is_empty() {
                format!("a scenario is a folder with a {SCENARIO_FILE} in it")
            } else {
                format!("there are scenarios in {}", inside.join(", "))
            };
            Diagnostic::error(Place::default(), format!("no file `{shown}`")).help(help)
        })
    }

    /// The text file that a value names.
    pub(super) fn text(&self, named: &Node<'_>) -> Option<Arc<Source>> {
        let path = self.path(named)?;
        self.open(&path, &|error| self.unreadable(named, &path, &error))
    }

    /// The SQL file that a value names, split into statements.
    pub(super) fn script(&self, named: &Node<'_>) -> Option<SqlFile> {
        let path = self.path(named)?;
        if let Some(script) = self.scripts.borrow().get(&path) {
            return Some(script.clone());
        }
        let source = self.open(&path, &|error| self.unreadable(named, &path, &error))?;
        let (statements, found) = sql::split(&source);
        if statements.is_empty() && found.is_empty() {
            let message = format!("`{path}` has no statement");
            named.wrong_with(message, "write the SQL into it, or take it out of the scenario");
        }
        self.problems.extend(found);
        let script = SqlFile { source, statements };
        self.scripts.borrow_mut().insert(path, script.clone());
        Some(script)
    }

    /// The schema that a value names: a file, or a folder of migrations that were deployed.
    pub(super) fn schema(&self, named: &Node<'_>) -> Option<Schema> {
        let (folder, tool) = match named.value() {
            DeValue::Table(_) => {
                let table = named.table(&keys::SCHEMA)?;
                let tool = table.get("tool").map_or(Some(None), |tool| tool.word(Tool::ALL).map(Some));
                (table.get("migrations")?, tool?)
            }
            DeValue::String(_) if self.is_folder(named) => (*named, None),
            DeValue::String(_) => {
                let file = self.script(named)?;
                let step = Step { file, transaction: TransactionMode::None, retry: Retry::default() };
                return Some(Schema { steps: vec![step], deployed: None });
            }
            _ => {
                named.mistyped("a file, a folder of migrations or { migrations = \"…\", tool = \"…\" }");
                return None;
            }
        };
        let listing = self.listing(&folder)?;
        let (migrations, found) = migrations::read(&listing, tool);
        self.problems.extend(found);
        let migrations = migrations?;
        // What was deployed did run, so that whatever could not have run is a mistake in reading it.
        self.problems.extend(migrations.list.iter().flat_map(|migration| migration.misfits(true)));
        Some(migrations.schema())
    }

    fn is_folder(&self, named: &Node<'_>) -> bool {
        let path = named.value().as_str().and_then(|written| inside(written).ok());
        path.is_some_and(|path| !path.is_empty() && self.folder.is_folder(&path))
    }

    /// What is in the folder of migrations that a value names.
    fn listing(&self, named: &Node<'_>) -> Option<Listing> {
        let path = self.path(named)?;
        let paths = match self.folder.list_under(&path) {
            Ok(paths) => paths,
            Err(error) => {
                let message = format!("cannot read the folder `{path}`: {error}");
                named.wrong_with(message, "name a folder of migrations that is in the scenario folder");
                return None;
            }
        };
        let shown = self.folder.shown(&path);
        let mut listing = Listing { shown, place: named.place(), paths, files: BTreeMap::new() };
        let mut whole = true;
        for file in listing.paths.clone().into_iter().filter(|file| migrations::is_read(file)) {
            let full = format!("{path}/{file}");
            match self.open(&full, &|error| self.unreadable(named, &full, &error)) {
                Some(source) => {
                    let bytes = self.bytes.borrow();
                    listing.add(&file, source, bytes.get(&full).map_or(&[][..], |bytes| bytes.as_ref()));
                }
                None => whole = false,
            }
        }
        whole.then_some(listing)
    }

    /// SHA-256 over everything read.
    pub(super) fn fingerprint(&self) -> String {
        let bytes = self.bytes.borrow();
        fingerprint(bytes.iter().map(|(name, bytes)| (name.as_str(), bytes.as_ref())))
    }

    /// Paths as people see them, in the order read.
    pub(super) fn into_order(self) -> Vec<String> {
        self.order.into_inner()
    }

    /// The path that a value names, with `/` between its parts and no `.` among them; a path that leaves
    /// the folder is refused, so that a scenario can be moved and its fingerprint says all.
    fn path(&self, named: &Node<'_>) -> Option<String> {
        let written = named.text()?;
        let Ok(path) = inside(&written) else {
            let message = format!("`{written}` leads out of the scenario folder");
            named.wrong_with(message, "copy or link the file into the folder and name it from there");
            return None;
        };
        if path.is_empty() {
            named.wrong_with(format!("`{written}` is the folder itself"), "name a file in it");
            return None;
        }
        Some(path)
    }

    fn open(&self, path: &str, unreadable: &dyn Fn(io::Error) -> Diagnostic) -> Option<Arc<Source>> {
        if let Some(source) = self.read.borrow().get(path) {
            return Some(Arc::clone(source));
        }
        let shown = self.folder.shown(path);
        let bytes = match self.folder.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.problems.push(unreadable(error));
                return None;
            }
        };
        self.order.borrow_mut().push(shown.clone());
        let source = match decode(&shown, &bytes) {
            Ok(source) => source,
            Err(problem) => {
                self.problems.push(problem);
                return None;
            }
        };
        self.bytes.borrow_mut().insert(path.to_owned(), bytes);
        self.read.borrow_mut().insert(path.to_owned(), Arc::clone(&source));
        Some(source)
    }

    fn unreadable(&self, named: &Node<'_>, path: &str, error: &io::Error) -> Diagnostic {
        if error.kind() == io::ErrorKind::NotFound {
            let message = format!("no file `{path}` in the scenario folder");
            Diagnostic::error(named.place(), message).help(similar(path, &self.folder.list()))
        } else {
            Diagnostic::error(named.place(), format!("cannot read `{path}`: {error}"))
                .help("name a file that the user who runs this may read")
        }
    }
}

/// A path with `/` between its parts and no `.` among them.
///
/// # Errors
/// Where it leads out of the folder that it is relative to.
fn inside(written: &str) -> Result<String, ()> {
    let mut parts = Vec::new();
    for component in Path::new(written).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(()),
        }
    }
    Ok(parts.join("/"))
}

/// The folder of a nested `scenario.toml`.
fn scenario_folder(file: String) -> Option<String> {
    file.strip_suffix(SCENARIO_FILE)?.strip_suffix('/').map(ToOwned::to_owned)
}

/// Help for a file that is not there: the nearest name, and what there is of its kind.
fn similar(path: &str, files: &[String]) -> String {
    let extension = Path::new(path).extension();
    let alike: Vec<_> =
        files.iter().map(String::as_str).filter(|file| Path::new(file).extension() == extension).collect();
    let list = match alike.len() {
        0 => "write it, or name another".to_owned(),
        1..=12 => format!("the folder has {}", alike.join(", ")),
        more => format!("the folder has {} and {} more", alike[..12].join(", "), more - 12),
    };
    match nearest(path, alike) {
        Some(file) => format!("did you mean `{file}`? {list}"),
        None => list,
    }
}
