//! Listing and removing datasets.

use std::fs;
use std::io;
use std::path::Path;

use super::entry::{self, Listed};
use super::{Cache, Key};
use crate::error::Error;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Datasets, and what killed runs left of some.
    pub entries: u64,
    /// Bytes of the datasets.
    pub bytes: u64,
    /// Datasets that a run is using, and that were left.
    pub in_use: u64,
}

impl Cache {
    /// The datasets, the one that was not used for longest first.
    ///
    /// # Errors
    /// [`Error::Environment`] where the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        self.listed().map_err(|error| self.unusable(&error))
    }

    /// Removes what killed runs left, and datasets that were not used for longest until the rest is no larger than
    /// `bytes_max`, or than the cache may be where that is none.
    ///
    /// # Errors
    /// [`Error::Environment`] where something cannot be removed.
    pub fn prune(&self, bytes_max: Option<u64>) -> Result<Removed, Error> {
        self.remove_until(bytes_max.unwrap_or(self.bytes_max)).map_err(|error| self.unusable(&error))
    }

    pub(super) fn remove_until(&self, bytes_max: u64) -> io::Result<Removed> {
        let mut removed = Removed::default();
        for (key, _) in self.entries()? {
            removed.entries += u64::from(self.remove_what_is_left(&key)?);
        }
        let all = self.listed()?;
        let mut bytes: u64 = all.iter().map(|listed| listed.bytes).sum();
        for listed in all {
            if bytes <= bytes_max {
                break;
            }
            if self.remove(&listed.key)? {
                bytes -= listed.bytes;
                removed.entries += 1;
                removed.bytes += listed.bytes;
            } else {
                removed.in_use += 1;
            }
        }
        Ok(removed)
    }

    /// Removes what a killed run, or somebody, left of an entry; not where a run holds it.
    fn remove_what_is_left(&self, key: &Key) -> io::Result<bool> {
        let Some(_lock) = self.lock_alone(key)? else { return Ok(false) };
        let (dir, new) = (self.entry_dir(key), self.new_dir(key));
        let is_left = new.exists() || dir.exists() && !entry::is_whole(&dir)?;
        if is_left {
            remove_dir(&new)?;
            if !entry::is_whole(&dir)? {
                remove_dir(&dir)?;
            }
        }
        Ok(is_left)
    }

    /// Removes an entry; not where a run holds it.
    fn remove(&self, key: &Key) -> io::Result<bool> {
        let Some(_lock) = self.lock_alone(key)? else { return Ok(false) };
        let (dir, new) = (self.entry_dir(key), self.new_dir(key));
        remove_dir(&new)?;
        // What is half removed is no entry.
        match fs::rename(&dir, &new) {
            Ok(()) => remove_dir(&new)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    fn listed(&self) -> io::Result<Vec<Listed>> {
        let mut all = Vec::new();
        for (key, name) in self.entries()? {
            if name == key.to_string() {
                all.extend(entry::listed(&self.entry_dir(&key), key)?);
            }
        }
        all.sort_unstable();
        Ok(all)
    }

    /// The entries in the folder, whole or half made, with their names there.
    fn entries(&self) -> io::Result<Vec<(Key, String)>> {
        let dir = match fs::read_dir(self.dir()) {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut entries = Vec::new();
        for entry in dir {
            let name = entry?.file_name().to_string_lossy().into_owned();
            entries.extend(Key::of_entry(&name).map(|key| (key, name)));
        }
        Ok(entries)
    }
}

/// Removes a directory if it is there.
pub(super) fn remove_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
