//! The kernel's trace of the server's lock calls: every lock with its microsecond, whatever takes it and however
//! briefly. For Linux, root and a server on this machine.

mod calls;
mod holds;
mod symbols;
mod tracefs;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use pgrehearse_reports::event::{Event, KernelTraceEnded, KernelTraceStarted};

use self::calls::Line;
use self::holds::Holds;
use self::tracefs::Tracing;
use crate::events::Events;

/// How often the trace is read. The buffers hold far more than a server can do in that time.
const READ_INTERVAL: Duration = Duration::from_millis(5);
const READ_BYTES: usize = 64 * 1_024;

/// A trace that goes on until it is stopped or dropped.
#[derive(Debug)]
pub(super) struct KernelTrace {
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl KernelTrace {
    /// Begins to trace the locks of `backend_pid` and of its parallel workers in a database; tells whether it could.
    pub(super) fn start(program: &Path, database_oid: u32, backend_pid: i32, events: Events) -> Option<Self> {
        let begun = begin(program);
        let error = begun.as_ref().err().cloned();
        events.tell(Event::KernelTraceStarted(KernelTraceStarted { error }));
        let (tracing, pipe) = begun.ok()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let trace = Reader {
            tracing,
            pipe,
            holds: Holds::new(database_oid, backend_pid),
            offset_us: monotonic_us().saturating_sub(events.now_us()),
            events,
            bytes: vec![0; READ_BYTES],
            calls: 0,
            lost: 0,
        };
        let reader = std::thread::Builder::new()
            .name("kernel trace".to_owned())
            .spawn(move || trace.run(&stopped))
            .ok()?;
        Some(Self { stop, reader: Some(reader) })
    }
}

impl Drop for KernelTrace {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            // It ends after one more look at the trace.
            drop(reader.join());
        }
    }
}

fn begin(program: &Path) -> Result<(Tracing, File), String> {
    // The kernel knows a file by its inode; what was found may be a link.
    let program = program.canonicalize().map_err(|error| format!("{}: {error}", program.display()))?;
    let probes = calls::probes(symbols::file_offsets(&program, calls::FUNCTIONS)?)?;
    let tracing = Tracing::start(&program, &probes)?;
    let pipe = tracing.pipe().map_err(|error| format!("the trace cannot be read: {error}"))?;
    Ok((tracing, pipe))
}

/// The clock that the trace has its times from, and [`std::time::Instant`] on Linux too.
fn monotonic_us() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |time| {
        let micros = time.tv_sec() * 1_000_000 + time.tv_nsec() / 1_000;
        u64::try_from(micros).unwrap_or(0)
    })
}

struct Reader {
    tracing: Tracing,
    pipe: File,
    /// Room for one read.
    bytes: Vec<u8>,
    holds: Holds,
    /// From the run's clock to the trace's.
    offset_us: u64,
    events: Events,
    calls: u64,
    lost: u64,
}

impl Reader {
    fn run(mut self, stop: &AtomicBool) {
        let mut text = Vec::new();
        let mut error = None;
        loop {
            let last = stop.load(Ordering::Acquire);
            if last {
                let _ = self.tracing.pause();
            }
            if let Err(failed) = self.read(&mut text) {
                error = Some(failed.to_string());
                break;
            }
            if last {
                break;
            }
            std::thread::sleep(READ_INTERVAL);
        }
        let Self { tracing, pipe, holds, events, calls, lost, .. } = self;
        for lock in holds.open() {
            events.tell(Event::KernelLock(lock));
        }
        events.tell(Event::KernelTraceEnded(KernelTraceEnded { calls, lost, error }));
        // The kernel keeps a buffer that is still being read.
        drop(pipe);
        drop(tracing);
    }

    /// Reads what is there; `text` keeps the beginning of a line that is not whole.
    fn read(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        loop {
            match self.pipe.read(&mut self.bytes) {
                Ok(0) => return Ok(()),
                Ok(count) => text.extend(self.bytes.iter().take(count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let rest = text.split_off(whole);
            for line in std::mem::replace(text, rest).split(|byte| *byte == b'\n') {
                self.take(&String::from_utf8_lossy(line));
            }
        }
    }

    fn take(&mut self, line: &str) {
        match calls::parse(line) {
            None => {}
            Some(Line::Lost(lost)) => self.lost += lost,
            Some(Line::Call { pid, at_us, call }) => {
                self.calls += 1;
                let at_us = at_us.saturating_sub(self.offset_us);
                for lock in self.holds.take(pid, at_us, call) {
                    self.events.tell_at(at_us, Event::KernelLock(lock));
                }
            }
        }
    }
}
