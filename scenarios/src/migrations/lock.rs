//! `migrations.lock`: the checksums of deployed migrations, in the format of `sha256sum`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::folder::{self, Listing};
use super::{FileSum, Migrations, Tool};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Place;

/// Its name, in the folder of the migrations; `sha256sum -c migrations.lock` there checks it.
pub const LOCK_FILE: &str = "migrations.lock";

/// A line of the lock file.
struct Locked {
    sum: FileSum,
    place: Place,
}

/// What the lock file says, and what in it says nothing.
fn parse(listing: &Listing) -> (Vec<Locked>, Vec<Diagnostic>) {
    let (mut locked, mut problems) = (Vec::new(), Vec::new());
    let Some(file) = listing.files.get(LOCK_FILE) else { return (locked, problems) };
    let mut start = 0;
    for line in file.source.text.split_inclusive('\n') {
        let bare = line.trim_end();
        let place = Place::new(&file.source, start..start + bare.len());
        start += line.len();
        if bare.is_empty() {
            continue;
        }
        // Two blanks, or a blank and an asterisk for what was read as binary.
        let parts = bare.split_once(' ').and_then(|(sum, rest)| {
            let path = rest.strip_prefix([' ', '*'])?;
            let whole = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
            (whole && !path.is_empty()).then(|| (sum.to_ascii_lowercase(), path.trim_start_matches("./")))
        });
        match parts {
            Some((sha256, path)) => {
                locked.push(Locked { sum: FileSum { path: path.to_owned(), sha256 }, place });
            }
            None => {
                problems.push(Diagnostic::error(place, "not a line of sha256sum").help(
                    "a line has the SHA-256 in 64 hexadecimal digits, two blanks and the path of a file",
                ));
            }
        }
    }
    (locked, problems)
}

/// Holds the files to their lock: what is listed must be there, and be what it was. What is not listed is new.
pub(super) fn check(listing: &Listing, migrations: &Migrations) -> Vec<Diagnostic> {
    let (locked, mut problems) = parse(listing);
    let repeatable: BTreeSet<&str> = migrations
        .list
        .iter()
        .filter(|migration| migration.repeatable)
        .flat_map(|migration| &migration.files)
        .map(|file| file.path.as_str())
        .collect();
    for Locked { sum, place } in locked {
        let path = &sum.path;
        match listing.files.get(path) {
            Some(file) if file.sha256 == sum.sha256 || repeatable.contains(path.as_str()) => {}
            Some(file) => problems.push(changed(place, path, &sum.sha256, &file.sha256, LOCK_FILE)),
            None if listing.paths.contains(path) => problems.push(
                Diagnostic::error(place, format!("`{path}` is locked, and it is no file of a migration"))
                    .help("take its line out of the lock"),
            ),
            None => problems.push(
                Diagnostic::error(place, format!("`{path}` is locked, and it is not in the folder"))
                    .help("put the file back: it was deployed; what it did is undone by a new migration"),
            ),
        }
    }
    problems
}

/// A deployed file that is not what it was.
pub(super) fn changed(place: Place, path: &str, was: &str, is: &str, says: &str) -> Diagnostic {
    let message = format!("`{path}` was deployed and is changed: its SHA-256 is {is}, and {was} by {says}");
    Diagnostic::error(place, message)
        .help("put the file back as it was, and write a new migration for the change")
}

/// What became of a folder's lock.
#[derive(Debug, Clone, PartialEq)]
pub struct Relocked {
    /// The whole text of the lock file.
    pub text: String,
    /// Files that it had before.
    pub kept: usize,
    /// Files that are new in it, in the order in which they run.
    pub added: Vec<String>,
    /// What a reader of the folder should know.
    pub warnings: Vec<Diagnostic>,
}

/// The lock of a folder with every migration in it, those that are there already as they are.
///
/// # Errors
/// Everything that is wrong with the folder; a locked file that was changed or is missing among it.
pub fn relock(path: &Path, tool: Option<Tool>) -> Result<Relocked, Vec<Diagnostic>> {
    let (listing, problems) = folder::list(path)?;
    let (migrations, warnings) = folder::finish(super::read(&listing, tool), problems)?;
    debug_assert!(warnings.iter().all(|warning| warning.severity == Severity::Warning), "errors stop it");
    let (locked, _) = parse(&listing);
    let known: BTreeSet<&str> = locked.iter().map(|locked| locked.sum.path.as_str()).collect();
    let mut text = String::new();
    for Locked { sum, .. } in &locked {
        write_line(&mut text, sum);
    }
    let mut added = Vec::new();
    let versioned = migrations.list.iter().filter(|migration| !migration.repeatable);
    for sum in
        versioned.flat_map(|migration| &migration.files).filter(|sum| !known.contains(sum.path.as_str()))
    {
        write_line(&mut text, sum);
        added.push(sum.path.clone());
    }
    Ok(Relocked { text, kept: known.len(), added, warnings })
}

fn write_line(text: &mut String, sum: &FileSum) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}  {}", sum.sha256, sum.path);
}
