//! One dataset in the cache.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use pgrehearse_reports::event::Event;
use serde::{Deserialize, Serialize};

use super::{Cache, Key, Making, remove};
use crate::error::Error;
use crate::server::files::{self, Copying, Size, blocking, copy_tree};

const MANIFEST: &str = "dataset.json";
const DATA: &str = "data";
/// What a server that was stopped in order leaves of its last start.
const NOT_KEPT: &[&str] = &["postmaster.opts", "postmaster.pid"];

/// What is known of a dataset that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The scenario that it was made for.
    pub scenario: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The build of the server.
    pub server_version: String,
    /// Live rows, all tables.
    pub rows: u64,
    /// What was told while it was loaded and proven.
    pub events: Vec<Event>,
    /// The server's files.
    files: Size,
}

/// A dataset that nobody removes while this is held.
#[derive(Debug)]
pub struct Entry {
    dir: PathBuf,
    kept: Kept,
    _lock: File,
}

/// A dataset as a list of the cache shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// When it was last used, or made, seconds since 1970.
    pub used_unix_s: u64,
    /// Its name.
    pub key: Key,
    /// The scenario that it was made for.
    pub scenario: String,
    /// The build of the server.
    pub server_version: String,
    /// Live rows, all tables.
    pub rows: u64,
    /// Bytes on the disk.
    pub bytes: u64,
}

impl Kept {
    /// What was told while a dataset was made for `scenario` with `server_version`.
    pub fn new(
        scenario: &str,
        fingerprint: &str,
        server_version: &str,
        rows: u64,
        events: Vec<Event>,
    ) -> Self {
        Self {
            scenario: scenario.to_owned(),
            fingerprint: fingerprint.to_owned(),
            server_version: server_version.to_owned(),
            rows,
            events,
            files: Size::default(),
        }
    }
}

impl Entry {
    /// Opens the entry under its lock, and notes that it is used; none where there is no whole one.
    pub(super) fn open(cache: &Cache, key: &Key, lock: File) -> io::Result<Option<Self>> {
        let dir = cache.entry_dir(key);
        let Some(kept) = whole(&dir)? else { return Ok(None) };
        // Its time says when it was last used.
        File::options().append(true).open(dir.join(MANIFEST))?.set_modified(SystemTime::now())?;
        Ok(Some(Self { dir, kept, _lock: lock }))
    }

    /// The files of the server, stopped in order.
    pub fn data(&self) -> PathBuf {
        self.dir.join(DATA)
    }

    /// What is known of it.
    pub const fn kept(&self) -> &Kept {
        &self.kept
    }
}

impl Making {
    /// Keeps a copy of the files of a server that was stopped in order, and makes room for it by removing what was not
    /// used for longest. What is larger than the whole cache, or than half of what its disk has left, is not kept: then
    /// this says why.
    ///
    /// # Errors
    /// [`Error::Environment`] where the files cannot be read or written.
    pub async fn keep(self, data: PathBuf, kept: Kept) -> Result<Option<String>, Error> {
        let cache = self.cache.clone();
        let done = blocking(move |stopped| self.keep_now(&data, kept, stopped)).await;
        done.map_err(|error| cache.unusable(&error))
    }

    fn keep_now(self, data: &Path, kept: Kept, stopped: &AtomicBool) -> io::Result<Option<String>> {
        let Self { cache, key, _lock } = &self;
        let new = cache.new_dir(key);
        let done = (|| {
            let bytes = files::size(data)?.bytes;
            if bytes > cache.bytes_max {
                let size = pgrehearse_scenarios::quantity::format_bytes(cache.bytes_max);
                return Ok(Some(format!("it is larger than the cache may be ({size})")));
            }
            if bytes > files::free_bytes(cache.dir())? / 2 {
                return Ok(Some(format!("{} has too little room", cache.dir().display())));
            }
            cache.remove_until(cache.bytes_max - bytes)?;
            fs::create_dir(&new)?;
            let copying = Copying { without: NOT_KEPT, owner: None, sync: true };
            let files = copy_tree(data, &new.join(DATA), copying, stopped)?;
            let mut manifest = BufWriter::new(File::create(new.join(MANIFEST))?);
            serde_json::to_writer(&mut manifest, &Kept { files, ..kept })?;
            manifest.flush()?;
            manifest.get_ref().sync_all()?;
            fs::rename(&new, cache.entry_dir(key))?;
            Ok(None)
        })();
        if !matches!(done, Ok(None)) {
            drop(remove::remove_dir(&new));
        }
        done
    }
}

/// Whether there is an entry with every file that was put into it.
pub(super) fn is_whole(dir: &Path) -> io::Result<bool> {
    Ok(whole(dir)?.is_some())
}

/// An entry with every file that was put into it; none where there is no such. That they are as large as they were finds
/// what a machine that lost its power, or somebody, cut off.
fn whole(dir: &Path) -> io::Result<Option<Kept>> {
    let is_whole = |kept: &Kept| files::size(&dir.join(DATA)).is_ok_and(|size| size == kept.files);
    Ok(read(dir)?.filter(is_whole))
}

/// None where there is none, or one that another version wrote.
fn read(dir: &Path) -> io::Result<Option<Kept>> {
    match File::open(dir.join(MANIFEST)) {
        Ok(file) => Ok(serde_json::from_reader(BufReader::new(file)).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// As a list shows it; none where it is not whole.
pub(super) fn listed(dir: &Path, key: Key) -> io::Result<Option<Listed>> {
    let Some(kept) = read(dir)? else { return Ok(None) };
    // Another run may just have removed it.
    let Ok(manifest) = fs::metadata(dir.join(MANIFEST)) else { return Ok(None) };
    let used = manifest.modified()?;
    Ok(Some(Listed {
        used_unix_s: used.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        key,
        scenario: kept.scenario,
        server_version: kept.server_version,
        rows: kept.rows,
        bytes: kept.files.bytes,
    }))
}
