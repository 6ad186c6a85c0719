//! Doing something whose facts go into a record, and the reports that are made of it, until somebody stops it.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use pgrehearse::display::Display;
use pgrehearse::error::Error;
use pgrehearse::events::{Events, Recorder};
use pgrehearse_reports::{Report, render};

use super::interruption::Interruption;
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
