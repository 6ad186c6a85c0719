//! The files of a scenario: each read once, its text checked, its bytes part of the fingerprint.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use super::problems::Problems;
use super::toml_tree::Node;
use crate::diagnostic::Diagnostic;
use crate::fingerprint::fingerprint;
use crate::folder::{Folder, SCENARIO_FILE};
use crate::nearest::nearest;
use crate::scenario::SqlFile;
use crate::source::{Place, Source};
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
        let mut parts = Vec::new();
        for component in Path::new(&written).components() {
            match component {
                Component::Normal(part) => parts.push(part.to_string_lossy()),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    let message = format!("`{written}` leads out of the scenario folder");
                    named.wrong_with(message, "copy or link the file into the folder and name it from there");
                    return None;
                }
            }
        }
        if parts.is_empty() {
            named.wrong_with(format!("`{written}` is the folder itself"), "name a file in it");
            return None;
        }
        Some(parts.join("/"))
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
        let text = match str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) => {
                self.problems.push(not_utf8(&shown, &bytes, error.valid_up_to()));
                return None;
            }
        };
        // Editors on Windows put a byte order mark there, which PostgreSQL would take for SQL.
        let source = Source::new(shown, text.strip_prefix('\u{feff}').unwrap_or(text));
        if let Some(nul) = source.text.find('\0') {
            let message = "a NUL character, which PostgreSQL cannot hold";
            let place = Place::new(&source, nul..nul + 1);
            self.problems
                .push(Diagnostic::error(place, message).help("is this a text file, saved as UTF-8?"));
            return None;
        }
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

fn not_utf8(shown: &str, bytes: &[u8], valid: usize) -> Diagnostic {
    let source = Source::new(shown, String::from_utf8_lossy(bytes));
    let bad = bytes.get(valid).copied().unwrap_or_default();
    let place = Place::new(&source, valid..valid + char::REPLACEMENT_CHARACTER.len_utf8());
    let help = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16: save it as UTF-8",
        _ => "save it as UTF-8 (it may be Latin-1 or Windows-1252)",
    };
    Diagnostic::error(place, format!("not UTF-8: the byte 0x{bad:02X}")).help(help)
}
