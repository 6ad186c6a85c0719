//! A named pipe that the server reads a COPY from: it spares the server the protocol's messages.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::chunks::Chunks;

/// What the kernel holds between both ends: some chunks, but not more than stays in a processor's cache.
#[cfg(target_os = "linux")]
const PIPE_BYTES: i32 = 1 << 18;
/// How often it is looked whether the server has opened its end.
const OPENING: Duration = Duration::from_micros(200);

/// A named pipe, removed with this; whoever feeds it gives up then.
#[derive(Debug)]
pub(super) struct Pipe {
    path: PathBuf,
    given_up: Arc<AtomicBool>,
}

impl Pipe {
    /// Makes a pipe in `dir` that the owner of `dir`, the server's account, can read.
    pub(super) fn make(dir: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let path = dir.join(format!("rows.{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let pipe = Self { path, given_up: Arc::default() };
        let (owner, own) = (fs::metadata(dir)?, fs::metadata(&pipe.path)?);
        if (owner.uid(), owner.gid()) != (own.uid(), own.gid()) {
            chown(&pipe.path, Some(owner.uid()), Some(owner.gid()))?;
        }
        Ok(pipe)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `chunks` into it on a thread of its own, from when the server opens it, and tells `sent` how many more rows
    /// have been written. Gives the bytes.
    pub(super) fn feed(
        &self,
        mut chunks: Chunks,
        sent: impl Fn(u64) + Send + 'static,
    ) -> tokio::task::JoinHandle<io::Result<u64>> {
        let (path, given_up) = (self.path.clone(), Arc::clone(&self.given_up));
        tokio::task::spawn_blocking(move || {
            let Some(mut file) = open(&path, &given_up)? else { return Ok(0) };
            let (mut bytes_written, mut told) = (0, 0);
            while let Some((bytes, rows_so_far)) = chunks.next_blocking() {
                file.write_all(&bytes)?;
                bytes_written += bytes.len() as u64;
                sent(rows_so_far - told);
                told = rows_so_far;
            }
            Ok(bytes_written)
        })
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Release);
        // A server that has begun to open it would wait for a writer for ever. To open both ends never waits on Linux.
        let _ = OpenOptions::new().read(true).write(true).open(&self.path);
        // The server's directory goes as a whole in the end.
        let _ = fs::remove_file(&self.path);
    }
}

/// Opens the end to write to, once there is a reader; none where that was given up.
fn open(path: &Path, given_up: &AtomicBool) -> io::Result<Option<File>> {
    // To open it plainly would wait for a reader, which may never come.
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
    let file = loop {
        match options.open(path) {
            Ok(file) => break file,
            Err(_) if given_up.load(Ordering::Acquire) => return Ok(None),
            Err(error) if error.raw_os_error() == Some(nix::errno::Errno::ENXIO as i32) => {
                std::thread::sleep(OPENING);
            }
            Err(error) => return Err(error),
        }
    };
    fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()))?;
    #[cfg(target_os = "linux")]
    let _ = fcntl(&file, FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
    Ok(Some(file))
}
