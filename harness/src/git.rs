//! What a revision of a git repository had in a folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use pgrehearse_scenarios::migrations::{Base, BaseFile};
use tokio::process::Command;
use tokio::time::timeout;

use crate::error::Error;

/// Nothing that is asked here takes as long, unless git waits for somebody.
const DEADLINE: Duration = Duration::from_secs(30);

/// A folder in a git repository, and a revision to compare it with.
#[derive(Debug)]
pub struct Compared {
    /// What the revision had in the folder.
    pub base: Base,
    /// The branch that is checked out, if one is.
    pub branch: Option<String>,
    /// Name of the repository's folder.
    pub repository: String,
}

/// Compares a folder as it is on the disk, committed or not, with what `revision` had in it.
///
/// # Errors
/// [`Error::Usage`] where there is no repository or no such revision; [`Error::Environment`] where git is missing or does
/// not answer.
pub async fn compare(folder: &Path, revision: &str) -> Result<Compared, Error> {
    if !folder.is_dir() {
        return Err(Error::Usage(format!("--migrations {}: no such folder", folder.display())));
    }
    if revision.is_empty() || revision.starts_with('-') {
        return Err(Error::Usage(format!("--since {revision}: name a branch, a tag or a commit")));
    }
    let git = Git { folder };
    let top = git.lines(&["rev-parse", "--show-toplevel", "--show-prefix"]).await?.map_err(|said| {
        let folder = folder.display();
        Error::Usage(format!("--since: {folder} is not in a git repository that can be read: {said}"))
    })?;
    let mut top = top.split('\n');
    let (root, prefix) = (top.next().unwrap_or_default(), top.next().unwrap_or_default());
    let wanted = format!("{revision}^{{commit}}");
    let commit = git.lines(&["rev-parse", "--verify", "--quiet", &wanted]).await?.map_err(|_| {
        Error::Usage(format!(
            "--since {revision}: the repository {root} has no such revision; in a shallow clone (as CI makes them) fetch it \
             first, for instance with `git fetch --depth=1 origin <branch>` and --since FETCH_HEAD"
        ))
    })?;
    let branch = git.lines(&["symbolic-ref", "--quiet", "--short", "HEAD"]).await?.ok();
    // Both say paths relative to the folder, and nothing of what is outside of it.
    let had = git.must(&["ls-tree", "-r", "-z", "--name-only", &commit]).await?;
    let compared =
        ["diff", "--no-ext-diff", "--no-renames", "--relative", "--name-only", "-z", &commit, "--", "."];
    let changed = names(&git.must(&compared).await?);
    let mut files: BTreeMap<String, BaseFile> =
        names(&had).into_iter().map(|path| (path, BaseFile::Same)).collect();
    for path in changed {
        if let Some(file) = files.get_mut(&path) {
            let object = format!("{commit}:{prefix}{path}");
            *file = BaseFile::Differs(git.must(&["cat-file", "blob", &object]).await?);
        }
    }
    let repository = Path::new(root)
        .file_name()
        .map_or_else(|| "repository".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Compared { base: Base { revision: revision.to_owned(), files }, branch, repository })
}

/// Names that each end with a NUL.
fn names(listed: &[u8]) -> Vec<String> {
    let names = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

struct Git<'a> {
    folder: &'a Path,
}

impl Git<'_> {
    async fn run(&self, args: &[&str]) -> Result<Output, Error> {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.folder).args(args);
        // It is only asked: no lock is taken, and nobody is there to answer it.
        command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        // A hook's own repository is not that of the folder.
        for ours in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX"] {
            command.env_remove(ours);
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        match timeout(DEADLINE, command.output()).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::Environment(
                "--since needs git, and there is none on the PATH: install it, or write a scenario with \
                 schema = \"migrations/\""
                    .to_owned(),
            )),
            Ok(Err(error)) => Err(Error::Environment(format!("cannot run git: {error}"))),
            Err(_) => Err(Error::Environment(format!(
                "git {} did not end within {} s",
                args.first().unwrap_or(&""),
                DEADLINE.as_secs()
            ))),
        }
    }

    /// What it prints, or what it says where it fails.
    async fn lines(&self, args: &[&str]) -> Result<Result<String, String>, Error> {
        let output = self.run(args).await?;
        if output.status.success() {
            Ok(Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()))
        } else {
            Ok(Err(first_words(&output)))
        }
    }

    /// What it prints; it has no reason to fail.
    async fn must(&self, args: &[&str]) -> Result<Vec<u8>, Error> {
        let output = self.run(args).await?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            let command = args.first().unwrap_or(&"");
            Err(Error::Environment(format!("git {command} failed: {}", first_words(&output))))
        }
    }
}

fn first_words(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().next().unwrap_or("it does not say why").trim_start_matches("fatal: ").to_owned()
}
