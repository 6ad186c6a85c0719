//! Doing something whose facts go into a record, and the reports that are made of it, until somebody stops it.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use pgrehearse::display::Display;
use pgrehearse::error::Error;
use pgrehearse::events::{Events, Recorder};
use pgrehearse_reports::{Report, render};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{report, runtime};

/// Ends when the work is to be given up, with the reason.
pub(super) type Stopped<'a> = Pin<Box<dyn Future<Output = Error> + 'a>>;

/// Does `work` with a record in the folder `out`, and writes the reports beside it, however it ended. Gives the report
/// and how it ended.
///
/// # Errors
/// [`Error::Record`] where record or reports cannot be written: without them there is no result.
pub(super) fn recorded<Done>(
    out: &Path,
    quiet: bool,
    work: impl AsyncFnOnce(&Events, Stopped<'_>) -> Result<Done, Error>,
) -> Result<(Report, Result<Done, Error>), Error> {
    fs::create_dir_all(out)
        .map_err(|error| Error::Record(format!("cannot make the folder {}: {error}", out.display())))?;
    let runtime = runtime()?;
    let mut interruption = {
        let _within = runtime.enter();
        Interruption::listen()?
    };
    let recorder = Recorder::start(&record_in(out), Display::new(quiet))?;
    let events = recorder.events();
    let ended = runtime.block_on(async {
        let stopped = async {
            tokio::select! {
                error = recorder.failed() => error,
                error = interruption.came() => error,
            }
        };
        work(&events, Box::pin(stopped)).await
    });
    // Tasks that are still there wait for nothing that anybody needs.
    runtime.shutdown_background();
    drop(events);
    let written = recorder.finish();
    // A record that could not be written is the graver news: without it there is no report.
    let record = written?;
    let report = report::read(&record)?;
    write(&out.join("report.json"), &render::json(&report))?;
    write(&out.join("report.md"), &render::markdown(&report))?;
    Ok((report, ended))
}

/// Where the record of what goes to the folder `out` is.
pub(super) fn record_in(out: &Path) -> PathBuf {
    out.join("record.jsonl")
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| Error::Record(format!("cannot write {}: {error}", path.display())))
}

/// Ctrl-C, SIGTERM and SIGHUP. While it lives, none of them ends the program by itself, so that tearing down
/// cannot be interrupted either.
struct Interruption {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Interruption {
    /// Listens from now on. To be called within a runtime.
    fn listen() -> Result<Self, Error> {
        let listen = |kind| {
            signal(kind).map_err(|error| Error::Environment(format!("cannot listen to signals: {error}")))
        };
        let (interrupt, terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        // Under nohup, a terminal that closes is not to end the run.
        let hangup = if hangup_is_ignored() { None } else { Some(listen(SignalKind::hangup())?) };
        Ok(Self { interrupt, terminate, hangup })
    }

    /// Waits for one of them.
    async fn came(&mut self) -> Error {
        let Self { interrupt, terminate, hangup } = self;
        let hung_up = async {
            match hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hung_up => {}
        }
        Error::Interrupted
    }
}

/// As Linux tells it; elsewhere a hang-up always ends the run in order.
fn hangup_is_ignored() -> bool {
    const SIGHUP_BIT: u64 = 1;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & SIGHUP_BIT != 0)
}
