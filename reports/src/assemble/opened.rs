//! A record, opened: who made it, what was asked for, how it ended.

use crate::event::{DatasetReady, Entry, Event, Moment, RunStarted, StateSeen};
use crate::model::{Run, RunEnd};
use crate::record::{self, RecordError};

/// A record whose entries are in order.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) entries: Vec<Entry>,
    pub(super) started: RunStarted,
    pub(super) run: Run,
}

impl Opened {
    pub(super) fn new(entries: &[Entry]) -> Result<Self, RecordError> {
        let (program_version, started_at) = match entries.first() {
            None => return Err(RecordError::Empty),
            Some(Entry { event: Event::RecordStarted(first), .. }) => {
                record::check_format(&first.format, &first.program_version)?;
                (first.program_version.clone(), first.started_at.clone())
            }
            Some(_) => {
                return Err(RecordError::NotARecord("it does not begin with `record_started`".to_owned()));
            }
        };
        let entries = record::in_order(entries);
        let started = entries.iter().find_map(|entry| match &entry.event {
            Event::RunStarted(run) => Some(run.clone()),
            _ => None,
        });
        let started = started.ok_or(RecordError::NothingHappened)?;
        let (ended, error) = run_end(&entries);
        Ok(Self { entries, started, run: Run { program_version, started_at, ended, error } })
    }

    /// The database that its rehearsals are copies of, as it was before any of them; none where nobody looked.
    pub(super) fn before(&self) -> Option<&StateSeen> {
        self.entries.iter().filter(|entry| entry.rehearsal.is_none()).find_map(|entry| match &entry.event {
            Event::StateSeen(seen) if seen.moment == Moment::Before => Some(seen),
            _ => None,
        })
    }

    /// The data that its rehearsals ran on; none where loading did not end.
    pub(super) fn dataset_fingerprint(&self) -> Option<&str> {
        self.entries.iter().find_map(|entry| match &entry.event {
            Event::DatasetReady(DatasetReady { fingerprint, .. }) => Some(fingerprint.as_str()),
            _ => None,
        })
    }
}

fn run_end(entries: &[Entry]) -> (RunEnd, Option<String>) {
    let finished = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::RunFinished(finished) => Some(finished),
        _ => None,
    });
    match finished {
        None => (RunEnd::CutOff, None),
        Some(finished) if finished.interrupted => (RunEnd::Interrupted, finished.error.clone()),
        Some(finished) if finished.error.is_some() => (RunEnd::Failed, finished.error.clone()),
        Some(_) => (RunEnd::Finished, None),
    }
}
