//! Loaded datasets, kept from one run to the next.
//!
//! They are in a folder of their own below the one that is named, so that nothing else that is there is ever taken for
//! one. It holds, for each dataset, `<key>/` with the files of a server that was stopped in order (`data/`) and what is
//! known of them (`dataset.json`), and `<key>.lock`. An entry gets its name when it is whole, so that a run that is
//! killed at any point leaves none by halves. The lock is shared by those that copy an entry and held alone by the one
//! that makes or removes it; the kernel lets it go with its process. Whatever stands in the folder as `<key>.new` while
//! nobody holds the lock was left by a killed run.

mod entry;
mod key;
mod remove;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::events::{Events, Progress};
use crate::server::files::blocking;

pub use entry::{Entry, Kept, Listed};
pub use key::Key;
pub use remove::Removed;

/// The environment variable that names the folder.
const DIR_VARIABLE: &str = "PGREHEARSE_CACHE";
/// The environment variable that says how large it may be.
const SIZE_VARIABLE: &str = "PGREHEARSE_CACHE_SIZE";
/// The folder below the one that is named. Another layout gets another name.
const FOLDER: &str = "datasets-1";
/// How large it may be where nobody says: two datasets of 100 million narrow rows or so.
const BYTES_MAX: u64 = 20 << 30;
/// How long to wait for another run that is loading the same dataset.
const PATIENCE: Duration = Duration::from_secs(3_600);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The folder with the datasets.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
    /// Whether somebody named the folder.
    named: bool,
    bytes_max: u64,
}

/// What the cache has for a run.
#[derive(Debug)]
pub enum Found {
    /// The dataset. Nobody removes it while this is held.
    Entry(Entry),
    /// Nothing: it is ours to make, and others that want it wait meanwhile.
    Nothing(Making),
}

/// The right to make an entry.
#[derive(Debug)]
pub struct Making {
    cache: Cache,
    key: Key,
    /// Held alone until the entry is there or given up.
    _lock: File,
}

impl Cache {
    /// The folder that `PGREHEARSE_CACHE` names, or `pgrehearse` in the user's cache directory, as large as
    /// `PGREHEARSE_CACHE_SIZE` says (`20GiB`).
    ///
    /// None where the user has no cache directory.
    ///
    /// # Errors
    /// [`Error::Usage`] where the size is none.
    pub fn choose() -> Result<Option<Self>, Error> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let of_user = || {
            let cache = set("XDG_CACHE_HOME").filter(|dir| dir.is_absolute());
            Some(cache.or_else(|| Some(set("HOME")?.join(".cache")))?.join("pgrehearse"))
        };
        let named = set(DIR_VARIABLE);
        let (named, dir) = (named.is_some(), named.or_else(of_user));
        let bytes_max = match std::env::var(SIZE_VARIABLE) {
            Err(_) => BYTES_MAX,
            Ok(size) => pgrehearse_scenarios::quantity::parse_bytes(&size)
                .map_err(|why| Error::Usage(format!("{SIZE_VARIABLE}={size}: {why}")))?,
        };
        Ok(dir.map(|dir| Self { dir: dir.join(FOLDER), named, bytes_max }))
    }

    /// Whether a folder that cannot be used is somebody's mistake; else a run goes on without.
    pub const fn is_named(&self) -> bool {
        self.named
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The dataset of that name, or the right to make it. Waits where another run is just making it.
    ///
    /// # Errors
    /// [`Error::Environment`] where the folder cannot be used.
    pub async fn find(&self, key: &Key, events: &Events) -> Result<Found, Error> {
        let began = Instant::now();
        let mut told = false;
        loop {
            let (cache, wanted) = (self.clone(), key.clone());
            let looked = blocking(move |_| cache.look(&wanted)).await;
            if let Some(found) = looked.map_err(|error| self.unusable(&error))? {
                return Ok(found);
            }
            if !told {
                let stage = "waiting for another run that loads the same dataset";
                events.show(Progress::Stage(stage.to_owned()));
                told = true;
            }
            if began.elapsed() > PATIENCE {
                return Err(Error::Environment(format!(
                    "another run has been loading the same dataset for {} min: wait for it, end it, or use --no-cache",
                    PATIENCE.as_secs() / 60
                )));
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// None where another run is making it.
    fn look(&self, key: &Key) -> io::Result<Option<Found>> {
        let lock = self.lock_file(key)?;
        match lock.try_lock_shared() {
            Ok(()) => {
                if let Some(entry) = Entry::open(self, key, lock)? {
                    return Ok(Some(Found::Entry(entry)));
                }
            }
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        let Some(lock) = self.lock_alone(key)? else { return Ok(None) };
        // Another run may have made it since.
        if entry::is_whole(&self.entry_dir(key))? {
            return Ok(None);
        }
        remove::remove_dir(&self.entry_dir(key))?;
        remove::remove_dir(&self.new_dir(key))?;
        Ok(Some(Found::Nothing(Making { cache: self.clone(), key: key.clone(), _lock: lock })))
    }

    /// The lock of an entry, held alone; none where a run holds it.
    fn lock_alone(&self, key: &Key) -> io::Result<Option<File>> {
        let lock = self.lock_file(key)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn lock_file(&self, key: &Key) -> io::Result<File> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.dir.join(format!("{key}.lock")))
    }

    fn entry_dir(&self, key: &Key) -> PathBuf {
        self.dir.join(key.to_string())
    }

    /// Where an entry is while it is made.
    fn new_dir(&self, key: &Key) -> PathBuf {
        self.dir.join(format!("{key}.new"))
    }

    fn unusable(&self, error: &io::Error) -> Error {
        Error::Environment(format!(
            "the datasets in {} cannot be used: {error}\n  name another folder with {DIR_VARIABLE}, or use --no-cache",
            self.dir.display()
        ))
    }
}
