//! The one consumer of events: a thread that writes the record and then feeds the display.

use std::fs::{File, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pgrehearse_reports::event::{Entry, Event, RECORD_FORMAT, RecordStarted};
use pgrehearse_reports::record::write_entry;
use tokio::sync::watch;

use super::{Events, Message, QUEUE_LENGTH};
use crate::display::Display;
use crate::error::Error;

/// Writes the record. Ends when [`Recorder::finish`] is called.
#[derive(Debug)]
pub struct Recorder {
    events: Events,
    thread: JoinHandle<()>,
    failure: watch::Receiver<Option<String>>,
    path: PathBuf,
}

impl Recorder {
    /// Creates the record and starts the consumer.
    ///
    /// # Errors
    /// [`Error::Record`] where the file cannot be written.
    pub fn start(path: &Path, display: Display) -> Result<Self, Error> {
        let cannot =
            |error: std::io::Error| Error::Record(format!("cannot write {}: {error}", path.display()));
        let file = File::options().create(true).write(true).truncate(false).open(path).map_err(cannot)?;
        // Two runs into one file would leave neither's record.
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Record(format!(
                    "cannot write {}: another run is writing it\n  name another folder with --out DIR",
                    path.display()
                )));
            }
            // A file system without locks is no reason not to run; nor is a pipe or a terminal.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            file.set_len(0).map_err(cannot)?;
        }
        let mut out = BufWriter::new(file);
        let first = Entry {
            at_us: 0,
            rehearsal: None,
            event: Event::RecordStarted(RecordStarted {
                format: RECORD_FORMAT.to_owned(),
                program_version: env!("CARGO_PKG_VERSION").to_owned(),
                started_at: format!("{:.0}", jiff::Timestamp::now()),
            }),
        };
        let started = Instant::now();
        write_entry(&mut out, &first).and_then(|()| out.flush()).map_err(cannot)?;

        let (sender, receiver) = sync_channel(QUEUE_LENGTH);
        let (failed, failure) = watch::channel(None);
        let thread_path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || {
                if let Err(error) = consume(&receiver, out, display) {
                    failed.send_replace(Some(format!("cannot write {}: {error}", thread_path.display())));
                }
            })
            .map_err(|error| Error::Environment(format!("cannot start a thread: {error}")))?;
        let events = Events { sender, started, rehearsal: None, dropped: Arc::default(), heard: None };
        Ok(Self { events, thread, failure, path: path.to_owned() })
    }

    /// A handle to tell events with.
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// Waits until writing fails; never ends while it succeeds.
    pub async fn failed(&self) -> Error {
        let mut failure = self.failure.clone();
        match failure.wait_for(Option::is_some).await {
            Ok(message) => Error::Record(message.clone().unwrap_or_default()),
            // The thread is gone without having failed: it was finished.
            Err(_) => std::future::pending().await,
        }
    }

    /// Writes what is left, brings it to the disk and ends the consumer. Gives the record's path.
    ///
    /// # Errors
    /// [`Error::Record`] where anything could not be written.
    pub fn finish(self) -> Result<PathBuf, Error> {
        // An error means that the consumer failed, which is looked at below.
        drop(self.events.sender.send(Message::End));
        if self.thread.join().is_err() {
            return Err(Error::Record(format!("writing {} ended unexpectedly", self.path.display())));
        }
        let failure = self.failure.borrow().clone();
        failure.map_or(Ok(self.path), |message| Err(Error::Record(message)))
    }
}

fn consume(
    receiver: &Receiver<Message>,
    mut out: BufWriter<File>,
    mut display: Display,
) -> std::io::Result<()> {
    loop {
        // Flushed when there is a pause, so that a record of a run that is killed is nearly whole.
        let message = match receiver.recv_timeout(Duration::from_millis(100)) {
            Ok(message) => message,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                out.flush()?;
                continue;
            }
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => Message::End,
        };
        match message {
            Message::Event(entry) => {
                write_entry(&mut out, &entry)?;
                display.event(&entry);
            }
            Message::Progress(progress) => display.progress(progress),
            Message::End => {
                display.end();
                out.flush()?;
                return out.get_ref().sync_all();
            }
        }
    }
}
