//! Finding server binaries.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::wait::output_within;
use crate::error::Error;

/// The environment variable that names a folder of server binaries.
pub const PG_BIN_VARIABLE: &str = "PGREHEARSE_PG_BIN";

const VERSION_DEADLINE: Duration = Duration::from_secs(10);

/// A folder with `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder.
    pub dir: PathBuf,
    /// Major version, e.g. 15.
    pub major: u32,
    /// What `postgres --version` says after its name, e.g. `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// Which way it was found.
    pub found_by: String,
}

impl Binaries {
    /// Whether a library is among the server's: beside its programs in `lib` (Debian) or `lib/postgresql` (as installed from
    /// source), or in `lib64`.
    pub fn has_library(&self, name: &str) -> bool {
        let beside = self.dir.parent().unwrap_or(&self.dir);
        ["lib", "lib/postgresql", "lib64", "lib64/pgsql"]
            .iter()
            .any(|folder| beside.join(folder).join(format!("{name}.so")).is_file())
    }
}

/// Where to look.
#[derive(Debug, Clone)]
pub struct Places {
    /// A folder named by hand, with the name of what named it: then nothing else is looked at.
    by_hand: Option<(String, PathBuf)>,
    /// How each folder came to be looked at, and the folder; in the order in which they are looked at.
    usual: Vec<(String, PathBuf)>,
}

impl Places {
    /// The places of this machine; `pg_bin` is what `--pg-bin` names.
    pub fn of_this_machine(pg_bin: Option<&Path>) -> Self {
        let by_hand = pg_bin
            .map(|dir| ("--pg-bin".to_owned(), dir.to_owned()))
            .or_else(|| named_by(PG_BIN_VARIABLE).map(|dir| (PG_BIN_VARIABLE.to_owned(), dir)));
        Self { by_hand, usual: candidates() }
    }
}

/// The folder that an environment variable names. An empty one names none, as CI systems set what is not given.
pub(super) fn named_by(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Every server found, in the order looked at; folders without a whole server are left out, unless they were
/// named by hand.
///
/// # Errors
/// [`Error::Usage`] where a folder named by hand has no server in it.
pub fn find(places: &Places) -> Result<Vec<Binaries>, Error> {
    if let Some((found_by, dir)) = &places.by_hand {
        let binaries = inspect(dir, found_by).map_err(|why| {
            Error::Usage(format!(
                "{found_by} names {}, but {why}; it has to be the folder that holds `postgres` and `initdb`",
                dir.display()
            ))
        })?;
        return Ok(vec![binaries]);
    }
    let mut found: Vec<Binaries> = Vec::new();
    for (found_by, dir) in &places.usual {
        let Ok(binaries) = inspect(dir, found_by) else { continue };
        // Links in /usr/local/bin and the like lead to the same program.
        let program = |binaries: &Binaries| binaries.program("postgres").canonicalize().ok();
        let same = |other: &Binaries| program(other) == program(&binaries);
        if !found.iter().any(same) {
            found.push(binaries);
        }
    }
    Ok(found)
}

/// The server to use: the newest of the wanted major version, or the newest of all.
///
/// # Errors
/// [`Error::Environment`] where there is none, with what to install; [`Error::Usage`] as [`find`].
pub fn choose(places: &Places, wanted: Option<u32>) -> Result<Binaries, Error> {
    let found = find(places)?;
    let best = found
        .iter()
        .filter(|binaries| wanted.is_none_or(|major| binaries.major == major))
        // The first of equals, because folders are looked at in order of preference.
        .rev()
        .max_by_key(|binaries| (binaries.major, minor(&binaries.version)));
    if let Some(binaries) = best {
        return Ok(binaries.clone());
    }
    let mut message = match wanted {
        Some(major) => format!("no PostgreSQL {major} server was found on this machine"),
        None => "no PostgreSQL server was found on this machine".to_owned(),
    };
    if !found.is_empty() {
        let list: Vec<String> = found
            .iter()
            .map(|binaries| format!("{} in {}", binaries.major, binaries.dir.display()))
            .collect();
        message.push_str(&format!("; found: {}", list.join(", ")));
    }
    message.push_str(&format!(
        "\n  install one:   Debian, Ubuntu: apt-get install {}\n\
         \x20                Fedora, RHEL:   dnf install postgresql-server\n\
         \x20                macOS:          brew install postgresql@{}\n\
         \x20 or name the folder that holds `postgres` and `initdb`: --pg-bin DIR or {PG_BIN_VARIABLE}=DIR",
        wanted.map_or_else(|| "postgresql".to_owned(), |major| format!("postgresql-{major}")),
        wanted.unwrap_or(17),
    ));
    Err(Error::Environment(message))
}

fn minor(version: &str) -> u32 {
    let number = version.split(' ').next().unwrap_or_default();
    number.split('.').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Folders that may hold a server, with how each was found.
fn candidates() -> Vec<(String, PathBuf)> {
    let mut dirs = Vec::new();
    if let Some(dir) = asked_pg_config() {
        dirs.push(("pg_config on PATH".to_owned(), dir));
    }
    // Debian and Ubuntu; Red Hat's PGDG packages; Homebrew on ARM and Intel Macs and on Linux.
    let patterns: [(&str, &str, &str); 5] = [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ];
    for (parent, prefix, bin) in patterns {
        for dir in children(Path::new(parent), prefix) {
            dirs.push((format!("{parent}/{prefix}*/{bin}"), dir.join(bin)));
        }
    }
    // Distributions that install a single version, such as Fedora, Arch and Alpine.
    for dir in ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"] {
        dirs.push((dir.to_owned(), PathBuf::from(dir)));
    }
    dirs
}

fn asked_pg_config() -> Option<PathBuf> {
    let output = output_within(Command::new("pg_config").arg("--bindir"), VERSION_DEADLINE).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(text.trim()))
}

/// Sub-folders whose name starts with `prefix`, sorted.
fn children(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut dirs: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    dirs.sort();
    dirs
}

/// Looks at one folder; the error says what is missing, to be put after "but".
fn inspect(dir: &Path, found_by: &str) -> Result<Binaries, String> {
    for program in ["postgres", "initdb"] {
        if !dir.join(program).is_file() {
            return Err(format!("there is no `{program}` in it"));
        }
    }
    let postgres = dir.join("postgres");
    let output = output_within(Command::new(&postgres).arg("--version"), VERSION_DEADLINE)
        .map_err(|error| format!("`{} --version` failed: {error}", postgres.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let version = text.split_once("(PostgreSQL) ").map(|(_, version)| version.to_owned());
    let major = version.as_deref().and_then(major_of);
    match (version, major) {
        (Some(version), Some(major)) => {
            let dir = dir.to_owned();
            Ok(Binaries { dir, major, version, found_by: found_by.to_owned() })
        }
        _ => Err(format!("`{} --version` says {text:?}", postgres.display())),
    }
}

/// `15.18 (Debian …)`, `18beta2`, `19devel` → the major version.
fn major_of(version: &str) -> Option<u32> {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

impl Binaries {
    /// The path of one of its programs.
    pub fn program(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.dir.join(Path::new(name.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_postgres_prints_them() {
        assert_eq!(major_of("15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major_of("19devel"), Some(19));
        assert_eq!(major_of("18beta2"), Some(18));
        assert_eq!(major_of("devel"), None);
        assert_eq!(minor("15.18 (Debian 15.18-0+deb12u1)"), 18);
        assert_eq!(minor("19devel"), 0);
    }

    #[test]
    fn a_folder_named_by_hand_must_hold_a_server() {
        let empty = tempfile::tempdir().unwrap();
        let error = find(&Places::of_this_machine(Some(empty.path()))).unwrap_err();
        assert!(error.to_string().contains("there is no `postgres` in it"), "{error}");
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn without_a_server_it_says_what_to_install() {
        let nowhere = Places { by_hand: None, usual: Vec::new() };
        let error = choose(&nowhere, Some(16)).unwrap_err();
        assert_eq!(error.exit_code(), 3);
        for words in ["no PostgreSQL 16 server was found", "apt-get install postgresql-16", "--pg-bin DIR"] {
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn the_newest_is_taken_unless_a_version_is_asked_for() {
        let root = tempfile::tempdir().unwrap();
        let usual = ["14.9", "16.2", "16.10", "15.18"].map(|version| {
            let dir = root.path().join(version);
            std::fs::create_dir(&dir).unwrap();
            std::fs::write(dir.join("initdb"), "").unwrap();
            let script = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Test)'\n");
            std::fs::write(dir.join("postgres"), script).unwrap();
            let runnable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(dir.join("postgres"), runnable).unwrap();
            ("test".to_owned(), dir)
        });
        let places = Places { by_hand: None, usual: usual.to_vec() };
        assert_eq!(choose(&places, None).unwrap().version, "16.10 (Test)");
        assert_eq!(choose(&places, Some(15)).unwrap().version, "15.18 (Test)");
        let error = choose(&places, Some(17)).unwrap_err().to_string();
        assert!(error.contains("found: 14 in"), "{error}");
    }
}
