//! The directory that a disposable server lives in, and the removal of those that killed runs left.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, chown};

use super::discover::named_by;
use super::files;
use super::process::RunAs;
use super::wait::output_within;
use crate::error::Error;

/// The environment variable that names the folder to work in.
const WORK_DIR_VARIABLE: &str = "PGREHEARSE_WORK_DIR";

/// `sun_path` holds 108 bytes with its terminating zero on Linux, 104 elsewhere; the socket is
/// `<dir>/socket/.s.PGSQL.5432`.
const SOCKET_PATH_BYTES_MAX: usize = 103;

const LOCK_FILE: &str = "owner.lock";

/// A directory gets its lock and its name in far less.
const MAKING_DEADLINE: Duration = Duration::from_secs(10);

const REMOVE_DEADLINE: Duration = Duration::from_secs(5);

/// The folder in which servers' directories are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkDir(PathBuf);

impl WorkDir {
    /// The folder asked for, or the one that `PGREHEARSE_WORK_DIR` names, or `/var/tmp`: `/tmp` is in memory on many systems,
    /// where neither the size nor the speed of a disk can be rehearsed.
    pub fn choose(asked: Option<&Path>) -> Self {
        let asked = asked.map(Path::to_owned).or_else(|| named_by(WORK_DIR_VARIABLE));
        Self(asked.unwrap_or_else(|| {
            let usual = PathBuf::from("/var/tmp");
            if usual.is_dir() { usual } else { std::env::temp_dir() }
        }))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Bytes that may still be written there.
    ///
    /// # Errors
    /// [`Error::Environment`] where the file system cannot be asked.
    pub fn free_bytes(&self) -> Result<u64, Error> {
        files::free_bytes(&self.0).map_err(|error| {
            Error::Environment(format!("cannot read the free space of {}: {error}", self.0.display()))
        })
    }
}

/// One server's directory. Removed when dropped.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    /// Held while we live; a lock that can be had means that the owner is gone.
    _lock: File,
    kept: bool,
}

impl Home {
    /// Makes it, readable by the server's account only.
    pub(super) fn create(work_dir: &WorkDir, run_as: &RunAs) -> Result<Self, Error> {
        let base = work_dir.path();
        let cannot = |error: io::Error| {
            Error::Environment(format!(
                "cannot make a directory in {}: {error}\n  name another folder with --work-dir DIR or {WORK_DIR_VARIABLE}",
                base.display()
            ))
        };
        let base = base.canonicalize().map_err(cannot)?;
        let random = rand::random::<u64>() & 0xffff_ffff_ffff;
        let path = base.join(format!("{}{random:012x}", prefix()));
        // Given its name only when its lock is held, so that nobody takes it for a dead one's.
        let unfinished = base.join(format!(".{}{random:012x}", prefix()));
        let socket = path.join("socket/.s.PGSQL.5432");
        if socket.as_os_str().len() > SOCKET_PATH_BYTES_MAX {
            return Err(Error::Environment(format!(
                "{} is too long for a Unix socket ({SOCKET_PATH_BYTES_MAX} bytes at most): name a shorter folder \
                 with --work-dir DIR or {WORK_DIR_VARIABLE}",
                socket.display()
            )));
        }
        let made = (|| {
            DirBuilder::new().mode(0o700).create(&unfinished)?;
            let lock = File::create(unfinished.join(LOCK_FILE))?;
            lock.try_lock()?;
            DirBuilder::new().mode(0o700).create(unfinished.join("socket"))?;
            if let Some((uid, gid)) = run_as.switch_to {
                chown(&unfinished, Some(uid), Some(gid))?;
                chown(&unfinished.join("socket"), Some(uid), Some(gid))?;
            }
            fs::rename(&unfinished, &path)?;
            Ok(lock)
        })();
        match made {
            Ok(lock) => Ok(Self { path, _lock: lock, kept: false }),
            Err(error) => {
                drop(fs::remove_dir_all(&unfinished));
                Err(cannot(error))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.path.join("socket")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// Removes it now.
    pub(super) fn remove(mut self) -> io::Result<()> {
        self.kept = true;
        remove_dir(&self.path)
    }

    /// Leaves it on the disk under a name that the next run does not clear away; gives that.
    pub(super) fn keep(mut self) -> io::Result<PathBuf> {
        self.kept = true;
        let name = self
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .replace("pgrehearse-", "pgrehearse-kept-");
        let kept = self.path.with_file_name(name);
        fs::rename(&self.path, &kept)?;
        Ok(kept)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.kept {
            // The next run clears away what could not be removed.
            drop(remove_dir(&self.path));
        }
    }
}

/// Removes a directory, although a process that is just ending may still make files in it, or a sweep of another
/// run may be at it too.
fn remove_dir(path: &Path) -> io::Result<()> {
    let began = Instant::now();
    loop {
        match fs::remove_dir_all(path) {
            Err(error)
                if error.kind() == io::ErrorKind::DirectoryNotEmpty && began.elapsed() < REMOVE_DEADLINE =>
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            done => return done,
        }
    }
}

/// How the names of this account's directories begin.
fn prefix() -> String {
    format!("pgrehearse-{}-", Uid::effective())
}

/// Removes what killed runs of this account left in `work_dir`, ending servers that still run there.
/// Gives each directory with why it could not be removed, if it could not.
pub fn sweep(work_dir: &WorkDir) -> Vec<(PathBuf, Option<String>)> {
    let (named, unnamed) = (prefix(), format!(".{}", prefix()));
    let mut swept = Vec::new();
    for entry in fs::read_dir(work_dir.path()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let dir = entry.path();
        let Ok(metadata) = fs::symlink_metadata(&dir) else { continue };
        if !metadata.is_dir() || !is_ours(&metadata) {
            continue;
        }
        let name = name.as_encoded_bytes();
        let candidate = name.starts_with(named.as_bytes())
            || name.starts_with(unnamed.as_bytes()) && is_older(&metadata, MAKING_DEADLINE);
        if let Some(_lock) = candidate.then(|| lock_of_dead(&dir)).flatten() {
            end_server_in(&dir);
            let error = remove_dir(&dir).err().map(|error| error.to_string());
            swept.push((dir, error));
        }
    }
    swept
}

/// In a folder where everybody may write, a name proves nothing.
fn is_ours(metadata: &fs::Metadata) -> bool {
    let server_account =
        RunAs::choose().ok().and_then(|run_as| run_as.switch_to).map(|(uid, _)| uid.as_raw());
    metadata.uid() == Uid::effective().as_raw() || Some(metadata.uid()) == server_account
}

/// Gives the lock of a directory whose owner is gone, to be held while it is cleared away, so that two runs do
/// not do it at once. Without a lock it is one whose removal was cut short: it has one from before it has its name.
fn lock_of_dead(dir: &Path) -> Option<Option<File>> {
    match File::open(dir.join(LOCK_FILE)) {
        Ok(lock) => lock.try_lock().is_ok().then_some(Some(lock)),
        Err(error) => (error.kind() == io::ErrorKind::NotFound).then_some(None),
    }
}

fn is_older(metadata: &fs::Metadata, age: Duration) -> bool {
    metadata.modified().is_ok_and(|at| at.elapsed().is_ok_and(|elapsed| elapsed > age))
}

/// Ends the server of a directory whose owner is gone, if there is one and it is surely that one.
fn end_server_in(dir: &Path) {
    let data = dir.join("data");
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else { return };
    let Some(pid) = text.lines().next().and_then(|line| line.trim().parse().ok()).map(Pid::from_raw) else {
        return;
    };
    if !is_server_of(pid, &data) {
        return;
    }
    for (signal, patience) in [(Signal::SIGQUIT, 5), (Signal::SIGKILL, 5)] {
        let _ = kill(pid, signal);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(patience) {
            if kill(pid, None).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Process ids are used again: a server works in its data directory, and is told it on its command line.
fn is_server_of(pid: Pid, data: &Path) -> bool {
    let cwd = Path::new("/proc").join(pid.to_string()).join("cwd");
    if Path::new("/proc/self").exists() {
        return fs::read_link(cwd).is_ok_and(|cwd| cwd == data);
    }
    let output = output_within(
        Command::new("ps").args(["-o", "args=", "-p", &pid.to_string()]),
        Duration::from_secs(5),
    );
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&*data.to_string_lossy()))
}
