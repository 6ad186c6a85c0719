//! Where a scenario's files are: on disk, or bundled in the program.

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::catalog::{self, Bundled};
use crate::diagnostic::Diagnostic;
use crate::nearest::nearest;
use crate::source::Place;

/// The file that makes a folder a scenario.
pub(crate) const SCENARIO_FILE: &str = "scenario.toml";

/// A scenario's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// A folder on disk.
    OnDisk(PathBuf),
    /// A scenario that is part of the program.
    Bundled(&'static Bundled),
}

impl Folder {
    /// What a person means by `wanted`: a folder, the `scenario.toml` in it, or the id of a bundled
    /// scenario. What exists on disk comes first.
    ///
    /// # Errors
    /// One diagnostic without a place, where nothing of these is there.
    pub fn find(wanted: &str) -> Result<Self, Diagnostic> {
        let path = Path::new(wanted);
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Self::OnDisk(path.to_owned())),
            Ok(_) if path.file_name().is_some_and(|name| name == SCENARIO_FILE) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                Ok(Self::OnDisk(folder.unwrap_or(Path::new(".")).to_owned()))
            }
            Ok(_) => Err(nowhere(
                format!("`{wanted}` is a file, not a scenario"),
                format!("name the folder that holds {SCENARIO_FILE}, or that file"),
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match catalog::find(wanted) {
                Some(bundled) => Ok(Self::Bundled(bundled)),
                None => Err(nowhere(format!("no scenario folder `{wanted}`"), not_found_help(wanted))),
            },
            Err(error) => Err(nowhere(
                format!("cannot read `{wanted}`: {error}"),
                "make the folder readable for the user who runs this",
            )),
        }
    }

    /// The scenario's name: the folder's, or the bundled scenario's id.
    pub fn name(&self) -> String {
        match self {
            Self::Bundled(bundled) => bundled.id.to_owned(),
            Self::OnDisk(path) => {
                let named = match path.file_name() {
                    Some(name) => Some(name.to_owned()),
                    // `.`, `..` and `a/..` get their name from what they lead to.
                    None => {
                        fs::canonicalize(path).ok().and_then(|whole| whole.file_name().map(ToOwned::to_owned))
                    }
                };
                named.map_or_else(|| "scenario".to_owned(), |name| name.to_string_lossy().into_owned())
            }
        }
    }

    /// How people should see the path of a file in it.
    pub(crate) fn shown(&self, file: &str) -> String {
        match self {
            Self::Bundled(bundled) => format!("{}/{file}", bundled.id),
            Self::OnDisk(path) if path == Path::new(".") => file.to_owned(),
            Self::OnDisk(path) => path.join(file).display().to_string(),
        }
    }

    /// The bytes of a file, by its path relative to the folder with `/` between parts.
    pub(crate) fn read(&self, file: &str) -> io::Result<Cow<'static, [u8]>> {
        match self {
            Self::Bundled(bundled) => {
                let found = bundled.files.iter().find(|(name, _)| *name == file);
                found
                    .map(|(_, text)| Cow::Borrowed(text.as_bytes()))
                    .ok_or_else(|| io::ErrorKind::NotFound.into())
            }
            Self::OnDisk(folder) => {
                let path = folder.join(file);
                // Opening a pipe or a device would wait for ever or never end.
                if fs::metadata(&path)?.is_file() {
                    fs::read(&path).map(Cow::Owned)
                } else {
                    Err(io::Error::other("it is not a regular file"))
                }
            }
        }
    }

    /// Whether a path relative to it is a folder.
    pub(crate) fn is_folder(&self, path: &str) -> bool {
        match self {
            Self::Bundled(bundled) => bundled
                .files
                .iter()
                .any(|(name, _)| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))),
            Self::OnDisk(folder) => folder.join(path).is_dir(),
        }
    }

    /// Paths of all files in a folder of it (itself, where `path` is empty), relative to that one, sorted; what is
    /// hidden is left out.
    pub(crate) fn list_under(&self, path: &str) -> io::Result<Vec<String>> {
        let mut files = Vec::new();
        match self {
            Self::Bundled(bundled) => {
                let within = |name: &&str| name.strip_prefix(path)?.strip_prefix('/').map(ToOwned::to_owned);
                files.extend(bundled.files.iter().filter_map(|(name, _)| within(name)));
            }
            Self::OnDisk(folder) => list_all(&mut files, &folder.join(path), "", UNDER_DEPTH_MAX)?,
        }
        files.sort();
        Ok(files)
    }

    /// Relative paths of the files in it, sorted, three folders deep and a thousand at most; for help
    /// with misspelt names, so that what cannot be listed is left out.
    pub(crate) fn list(&self) -> Vec<String> {
        let mut files = Vec::new();
        match self {
            Self::Bundled(bundled) => files.extend(bundled.files.iter().map(|(name, _)| (*name).to_owned())),
            Self::OnDisk(folder) => list_into(&mut files, folder, "", 3),
        }
        files.sort();
        files
    }
}

/// Nobody keeps migrations in folders as deep as this; links may lead in circles.
const UNDER_DEPTH_MAX: usize = 8;

fn list_all(files: &mut Vec<String>, folder: &Path, prefix: &str, depth: usize) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A link that leads nowhere is no file.
        let Ok(kind) = fs::metadata(entry.path()) else { continue };
        if name.starts_with('.') {
            continue;
        }
        if kind.is_file() {
            files.push(format!("{prefix}{name}"));
        } else if kind.is_dir() && depth > 1 {
            list_all(files, &entry.path(), &format!("{prefix}{name}/"), depth - 1)?;
        }
    }
    Ok(())
}

fn list_into(files: &mut Vec<String>, folder: &Path, prefix: &str, depth: usize) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if files.len() >= 1_000 {
            return;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = fs::metadata(entry.path()) else { continue };
        if name.starts_with('.') {
            continue;
        }
        if kind.is_file() {
            files.push(format!("{prefix}{name}"));
        } else if kind.is_dir() && depth > 1 {
            list_into(files, &entry.path(), &format!("{prefix}{name}/"), depth - 1);
        }
    }
}

fn not_found_help(wanted: &str) -> String {
    let ids: Vec<_> = catalog::BUNDLED.iter().map(|bundled| bundled.id).collect();
    let list = format!("bundled scenarios: {}", ids.join(", "));
    let last_part = wanted.trim_end_matches('/').rsplit('/').next().unwrap_or(wanted);
    match nearest(last_part, ids) {
        Some(id) => format!("did you mean `{id}`? {list}"),
        None => format!("name a folder with a {SCENARIO_FILE}; {list}"),
    }
}

fn nowhere(message: String, help: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Place::default(), message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_its_file_or_an_id() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("index-a-table");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(SCENARIO_FILE), "").unwrap();
        fs::write(folder.join("a.sql"), "").unwrap();
        let find = |path: &Path| Folder::find(path.to_str().unwrap());

        assert_eq!(find(&folder), Ok(Folder::OnDisk(folder.clone())));
        assert_eq!(find(&folder.join(SCENARIO_FILE)), Ok(Folder::OnDisk(folder.clone())));
        assert_eq!(find(&folder).unwrap().name(), "index-a-table");
        assert!(find(&folder.join("a.sql")).unwrap_err().message.ends_with("is a file, not a scenario"));
        assert_eq!(Folder::find("index-without-downtime").unwrap().name(), "index-without-downtime");
    }

    #[test]
    fn a_slip_in_an_id_is_mended() {
        let error = Folder::find("index-without-downtme").unwrap_err();
        assert_eq!(error.message, "no scenario folder `index-without-downtme`");
        assert!(error.help.unwrap().starts_with("did you mean `index-without-downtime`?"));
    }

    #[test]
    fn dots_have_the_name_of_what_they_lead_to() {
        let folder = Folder::OnDisk(PathBuf::from("."));
        assert_eq!(folder.name(), "scenarios", "tests run in the crate's folder");
        assert_eq!(folder.shown("a/b.sql"), "a/b.sql");
        assert_eq!(Folder::OnDisk(PathBuf::from("x/y")).shown("a.sql"), "x/y/a.sql");
    }

    #[test]
    fn lists_what_is_there_and_reads_only_files() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("sql")).unwrap();
        fs::write(temp.path().join("sql/b.sql"), "b").unwrap();
        fs::write(temp.path().join("a.sql"), "a").unwrap();
        let folder = Folder::OnDisk(temp.path().to_owned());
        assert_eq!(folder.list(), ["a.sql", "sql/b.sql"]);
        assert_eq!(folder.read("sql/b.sql").unwrap().as_ref(), b"b");
        assert_eq!(folder.read("sql").unwrap_err().to_string(), "it is not a regular file");
        assert_eq!(folder.read("c.sql").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
