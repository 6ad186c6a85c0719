//! `pgrehearse lock`

use std::fs;
use std::path::Path;

use pgrehearse::error::{Error, exit_code};
use pgrehearse_scenarios::migrations::Tool;
use pgrehearse_scenarios::migrations::lock::{LOCK_FILE, relock};

use super::output;

/// Writes the lock of a folder of migrations, or adds to it what is new.
pub(super) fn lock(folder: &Path, tool: Option<Tool>) -> Result<u8, Error> {
    let lock = relock(folder, tool).map_err(Error::Scenario)?;
    output::diagnostics(&lock.warnings);
    let path = folder.join(LOCK_FILE);
    if lock.added.is_empty() {
        output::result(&format!("{}: nothing new, {} files are locked\n", path.display(), lock.kept))?;
        return Ok(exit_code::OK);
    }
    // Whoever reads it meanwhile sees the old one or the new one.
    let beside = folder.join(format!(".{LOCK_FILE}.{}", std::process::id()));
    let written = fs::write(&beside, &lock.text).and_then(|()| fs::rename(&beside, &path));
    if let Err(error) = written {
        // What cannot be removed was not written either.
        drop(fs::remove_file(&beside));
        return Err(Error::Record(format!("cannot write {}: {error}", path.display())));
    }
    let mut text: String = lock.added.iter().map(|file| format!("locked {file}\n")).collect();
    let (added, all) = (lock.added.len(), lock.kept + lock.added.len());
    text.push_str(&format!("{}: {added} new, {all} files are locked\n", path.display()));
    output::result(&text)?;
    Ok(exit_code::OK)
}
