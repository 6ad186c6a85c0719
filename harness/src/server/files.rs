//! Copying the files of a server that does not run, and the room for them.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// More threads do not copy faster where a disk is the bottleneck, and reflinks need none.
const THREADS_MAX: usize = 4;

/// How to copy a directory.
#[derive(Debug, Clone, Copy, Default)]
pub struct Copying<'a> {
    /// Paths relative to the directory that are left out.
    pub without: &'a [&'a str],
    /// User and group of the copy; the caller's where none.
    pub owner: Option<(u32, u32)>,
    /// Bring it to the disk.
    pub sync: bool,
}

/// Does work that waits for a disk on a thread of its own. `work` is told to stop where nobody waits for it any more.
///
/// # Errors
/// What `work` says, or that its thread broke.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    /// Says to stop when dropped.
    struct Stop(Arc<AtomicBool>);
    impl Drop for Stop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let stop = Stop(Arc::default());
    let stopped = Arc::clone(&stop.0);
    let done = tokio::task::spawn_blocking(move || work(&stopped)).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Files and bytes of a directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Size {
    /// Regular files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Copies the directory `from`, which holds directories and regular files only, to `to`, which must not be there, and
/// gives the size of the copy. `std::fs::copy` lets the kernel share blocks where the file system can (reflinks of
/// XFS and Btrfs). Gives up between two files as soon as `stopped` says so.
///
/// # Errors
/// The first failure, with the path in its message.
pub fn copy_tree(from: &Path, to: &Path, copying: Copying<'_>, stopped: &AtomicBool) -> io::Result<Size> {
    let mut files = Vec::new();
    make_directories(from, to, Path::new(""), copying, &mut files)?;
    // Large ones first, so that no thread is left alone with one at the end.
    files.sort_unstable_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let next = AtomicUsize::new(0);
    let worker = || -> io::Result<()> {
        while let Some((path, _)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stopped.load(Ordering::Relaxed) {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            let copy = to.join(path);
            copy_file(&from.join(path), &copy, copying).map_err(|error| with_path(&copy, &error))?;
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err(io::Error::other("a thread that copies broke")))
        })
    })?;
    if copying.sync {
        sync(to, &files)?;
    }
    let bytes = files.iter().map(|(_, bytes)| bytes).sum();
    Ok(Size { files: files.len() as u64, bytes })
}

/// Files and bytes of a directory, as they are on the disk now.
///
/// # Errors
/// Where one cannot be read.
pub fn size(dir: &Path) -> io::Result<Size> {
    let mut size = Size::default();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            let inner = self::size(&entry.path())?;
            size = Size { files: size.files + inner.files, bytes: size.bytes + inner.bytes };
        } else {
            size = Size { files: size.files + 1, bytes: size.bytes + metadata.len() };
        }
    }
    Ok(size)
}

/// Bytes that may still be written to the file system of a directory.
///
/// # Errors
/// Where it cannot be asked.
pub fn free_bytes(dir: &Path) -> io::Result<u64> {
    let stat = nix::sys::statvfs::statvfs(dir)?;
    #[expect(clippy::allow_attributes, reason = "the types differ between systems")]
    #[allow(
        clippy::unnecessary_cast,
        clippy::useless_conversion,
        reason = "the types differ between systems"
    )]
    Ok(u64::from(stat.blocks_available()) * stat.fragment_size() as u64)
}

/// Makes the directories, and lists the files in them with their sizes.
fn make_directories(
    from: &Path,
    to: &Path,
    path: &Path,
    copying: Copying<'_>,
    files: &mut Vec<(PathBuf, u64)>,
) -> io::Result<()> {
    // Joined with nothing, a path ends with a slash, which no message should.
    let [of, made] = [from, to].map(|dir| dir.join(path).components().collect::<PathBuf>());
    let metadata = fs::symlink_metadata(&of).map_err(|error| with_path(&of, &error))?;
    DirBuilder::new().mode(metadata.mode()).create(&made).map_err(|error| with_path(&made, &error))?;
    give(&made, copying)?;
    for entry in fs::read_dir(&of).map_err(|error| with_path(&of, &error))? {
        let entry = entry?;
        let path = path.join(entry.file_name());
        if copying.without.iter().any(|without| Path::new(without) == path) {
            continue;
        }
        let metadata: Metadata = entry.metadata()?;
        if metadata.is_dir() {
            make_directories(from, to, &path, copying, files)?;
        } else if metadata.is_file() {
            files.push((path, metadata.len()));
        } else {
            let error = io::Error::other("neither a file nor a directory");
            return Err(with_path(&of.join(entry.file_name()), &error));
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path, copying: Copying<'_>) -> io::Result<()> {
    fs::copy(from, to)?;
    give(to, copying)
}

/// Linux brings a whole file system to the disk at once, which for a thousand small files is a fraction of doing so one
/// by one.
#[cfg(target_os = "linux")]
fn sync(dir: &Path, _: &[(PathBuf, u64)]) -> io::Result<()> {
    Ok(nix::unistd::syncfs(fs::File::open(dir)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync(dir: &Path, files: &[(PathBuf, u64)]) -> io::Result<()> {
    files.iter().try_for_each(|(path, _)| fs::File::open(dir.join(path))?.sync_data())
}

fn give(path: &Path, copying: Copying<'_>) -> io::Result<()> {
    copying.owner.map_or(Ok(()), |(uid, gid)| chown(path, Some(uid), Some(gid)))
}

fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("from/base/1")).unwrap();
        for (name, bytes) in
            [("base/1/2", 100_000), ("base/1/3", 0), ("PG_VERSION", 3), ("postmaster.pid", 9)]
        {
            fs::write(dir.path().join("from").join(name), vec![7_u8; bytes]).unwrap();
        }
        dir
    }

    #[test]
    fn a_copy_has_everything_but_what_is_left_out() {
        let dir = tree();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let copying = Copying { without: &["postmaster.pid"], sync: true, ..Copying::default() };
        let copied = copy_tree(&from, &to, copying, &AtomicBool::new(false)).unwrap();
        assert_eq!(copied, Size { files: 3, bytes: 100_003 });
        assert_eq!(size(&to).unwrap(), copied);
        assert_eq!(fs::read(to.join("base/1/2")).unwrap(), vec![7_u8; 100_000]);
        assert!(!to.join("postmaster.pid").exists());
    }

    #[test]
    fn a_copy_is_given_up_and_never_goes_where_something_is() {
        let dir = tree();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        let stopped = copy_tree(&from, &to, Copying::default(), &AtomicBool::new(true)).unwrap_err();
        assert_eq!(stopped.kind(), io::ErrorKind::Interrupted);
        let there = copy_tree(&from, &to, Copying::default(), &AtomicBool::new(false)).unwrap_err();
        assert_eq!(there.kind(), io::ErrorKind::AlreadyExists);
        assert!(there.to_string().contains("/to: "), "{there}");
    }

    #[test]
    fn what_is_no_file_is_not_copied() {
        let dir = tree();
        std::os::unix::fs::symlink("/etc", dir.path().join("from/base/link")).unwrap();
        let failed = copy_tree(
            &dir.path().join("from"),
            &dir.path().join("to"),
            Copying::default(),
            &AtomicBool::new(false),
        );
        assert!(failed.unwrap_err().to_string().contains("link: neither"));
    }
}
