//! The files of a folder of migrations.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Migrations, Tool, lock, read};
use crate::diagnostic::{Diagnostic, Severity};
use crate::fingerprint::sha256;
use crate::folder::Folder;
use crate::source::{Place, Source, decode};

/// What is in a folder of migrations.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    /// The folder, as people should see it.
    pub(crate) shown: String,
    /// Where it is named; nowhere for the command line.
    pub(crate) place: Place,
    /// Paths of all files, relative to it.
    pub(crate) paths: Vec<String>,
    /// Those that were read ([`is_read`]) and are text, by path.
    pub(crate) files: BTreeMap<String, ReadFile>,
}

/// A file that was read.
#[derive(Debug, Clone)]
pub(crate) struct ReadFile {
    pub(crate) source: Arc<Source>,
    /// SHA-256 of its bytes, hexadecimal.
    pub(crate) sha256: String,
}

/// Whether a file says anything about the migrations, by its path: SQL, what configures it, and the lock.
pub(crate) fn is_read(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.ends_with(".sql")
        || file.ends_with(".sql.conf")
        || file == "metadata.toml"
        || path == lock::LOCK_FILE
}

impl Listing {
    pub(crate) fn add(&mut self, path: &str, source: Arc<Source>, bytes: &[u8]) {
        self.files.insert(path.to_owned(), ReadFile { source, sha256: sha256(bytes) });
    }

    /// A place in a file of it: its first line.
    pub(super) fn top_of(&self, path: &str) -> Place {
        self.files.get(path).map_or_else(
            || self.place.clone(),
            |file| Place::new(&file.source, 0..file.source.text.lines().next().map_or(0, str::len)),
        )
    }
}

/// Reads a folder of migrations on the disk.
///
/// # Errors
/// Everything that is wrong with it, warnings among it. What was read comes with its warnings.
pub fn open(folder: &Path, tool: Option<Tool>) -> Result<(Migrations, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (listing, problems) = list(folder)?;
    finish(read(&listing, tool), problems)
}

/// Reads the folder, and what it says without its lock file.
pub(super) fn list(folder: &Path) -> Result<(Listing, Vec<Diagnostic>), Vec<Diagnostic>> {
    let shown = folder.display().to_string();
    let on_disk = Folder::OnDisk(folder.to_owned());
    let unreadable = |what: &str, error: &std::io::Error| {
        Diagnostic::error(Place::default(), format!("cannot read `{what}`: {error}"))
            .help("name a folder of migrations that the user who runs this may read")
    };
    let paths = on_disk.list_under("").map_err(|error| vec![unreadable(&shown, &error)])?;
    let mut listing = Listing { shown, place: Place::default(), paths, files: BTreeMap::new() };
    let mut problems = Vec::new();
    for path in listing.paths.clone().into_iter().filter(|path| is_read(path)) {
        let shown = on_disk.shown(&path);
        match on_disk.read(&path) {
            Ok(bytes) => match decode(&shown, &bytes) {
                Ok(source) => listing.add(&path, source, &bytes),
                Err(problem) => problems.push(problem),
            },
            Err(error) => problems.push(unreadable(&shown, &error)),
        }
    }
    if problems.is_empty() { Ok((listing, problems)) } else { Err(problems) }
}

pub(super) fn finish(
    (migrations, found): (Option<Migrations>, Vec<Diagnostic>),
    mut problems: Vec<Diagnostic>,
) -> Result<(Migrations, Vec<Diagnostic>), Vec<Diagnostic>> {
    problems.extend(found);
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    match migrations {
        Some(migrations) if !failed => Ok((migrations, problems)),
        _ => Err(problems),
    }
}
