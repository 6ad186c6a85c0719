//! The record on disk: one [`Entry`] as a JSON line, and back.

use std::fmt;
use std::io::{self, BufRead, Write};

use serde_json::Value;

use crate::event::{Entry, RECORD_FORMAT};

/// What is wrong with a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is not a single byte in it.
    #[error("the record is empty")]
    Empty,
    /// Something else than a record.
    #[error("this is not a pgrehearse record: {0}")]
    NotARecord(String),
    /// Written in a format that this version does not know.
    #[error(
        "the record is of format `{format}`, written by pgrehearse {program_version}; this version reads `{RECORD_FORMAT}`: \
         use a newer pgrehearse"
    )]
    NewerVersion {
        /// The format that its first line names.
        format: String,
        /// The program that wrote it.
        program_version: String,
    },
    /// An event that a newer program wrote. It is not skipped, because a fact left out may turn a verdict.
    #[error(
        "line {line} of the record has the event `{event}`, which this version does not know: use a newer pgrehearse"
    )]
    UnknownEvent {
        /// Its line, from 1.
        line: usize,
        /// Its name.
        event: String,
    },
    /// A line that is not an entry.
    #[error("line {line} of the record is damaged: {reason}")]
    Damaged {
        /// Its line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// It was cut off before the run had said what it was asked for.
    #[error("the record ends before the run began: there is nothing to report")]
    NothingHappened,
    /// Records that are not of the same rehearsals.
    #[error("the records cannot be put into one report: {what} is {} and {}", both[0], both[1])]
    Apart {
        /// What differs: `the scenario fingerprint`, `the dataset fingerprint`, `budget.duration_ms`, …
        what: String,
        /// What it is in the two.
        both: Box<[Told; 2]>,
    },
    /// The same record twice, whose repetitions would count twice.
    #[error("records {one} and {other} are the same run: its repetitions would count twice")]
    Twice {
        /// Place of the first among the records, from 1.
        one: usize,
        /// Place of the other.
        other: usize,
    },
    /// The file could not be read.
    #[error("the record cannot be read: {0}")]
    Io(io::Error),
}

/// What one of several records says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What.
    pub value: String,
    /// Its place among the records, from 1.
    pub record: usize,
    /// When that run began.
    pub started_at: String,
}

impl fmt::Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} in record {} (begun {})", self.value, self.record, self.started_at)
    }
}

/// Writes one entry as a line, in a single call of the writer, so that a crash tears at most the last line.
///
/// # Errors
/// Those of the writer.
pub fn write_entry(writer: &mut impl Write, entry: &Entry) -> io::Result<()> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    writer.write_all(&line)
}

/// Reads a record and puts its entries in order (see [`in_order`]).
///
/// A last line without its line end that makes no sense was torn when the program died, and is left out;
/// the report of such a record says that it is incomplete, because `run_finished` is missing.
///
/// # Errors
/// Everything else that is not a whole record of a version known here.
pub fn read(mut reader: impl BufRead) -> Result<Vec<Entry>, RecordError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(RecordError::Io)? == 0 {
            break;
        }
        let whole = line.last() == Some(&b'\n');
        match parse(&line, number) {
            Ok(entry) => entries.push(entry),
            Err(RecordError::Damaged { .. }) if !whole && number > 1 => break,
            Err(error) => return Err(error),
        }
    }
    if entries.is_empty() {
        return Err(RecordError::Empty);
    }
    Ok(in_order(&entries))
}

/// The entries ordered by `at_us`; those of the same microsecond stay as they were written. Emitters race
/// for the record, so it is nearly in order, not wholly.
pub fn in_order(entries: &[Entry]) -> Vec<Entry> {
    let mut ordered = entries.to_vec();
    if let Some((_, rest)) = ordered.split_first_mut() {
        rest.sort_by_key(|entry| entry.at_us);
    }
    ordered
}

/// One line, without or with its line end.
fn parse(line: &[u8], number: usize) -> Result<Entry, RecordError> {
    let damaged = |reason: String| RecordError::Damaged { line: number, reason };
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let value: Value = serde_json::from_slice(line).map_err(|error| {
        let reason = format!("{} at byte {}", words_of(&error), error.column());
        if number == 1 { RecordError::NotARecord(reason) } else { damaged(reason) }
    })?;
    let name = value.get("event").and_then(Value::as_str).map(str::to_owned);
    if number == 1 {
        check_first(&value, name.as_deref())?;
    } else if name.as_deref() == Some("record_started") {
        return Err(damaged("a second record begins here".to_owned()));
    }
    serde_json::from_value::<Entry>(value).map_err(|error| match name {
        Some(event) if error.to_string().starts_with(&format!("unknown variant `{event}`")) => {
            RecordError::UnknownEvent { line: number, event }
        }
        _ => damaged(words_of(&error)),
    })
}

/// The first line says what the file is, before anything else of it is believed.
fn check_first(value: &Value, event: Option<&str>) -> Result<(), RecordError> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or("?").to_owned();
    if event != Some("record_started") {
        return Err(RecordError::NotARecord("its first line is not `record_started`".to_owned()));
    }
    check_format(&text("format"), &text("program_version"))
}

/// Whether a record of this format can be read here.
pub(crate) fn check_format(format: &str, program_version: &str) -> Result<(), RecordError> {
    if format == RECORD_FORMAT {
        return Ok(());
    }
    let is_newer = format
        .strip_prefix("pgrehearse.record/")
        .and_then(|version| version.parse::<u32>().ok())
        .is_some_and(|version| version > 1);
    if is_newer {
        return Err(RecordError::NewerVersion {
            format: format.to_owned(),
            program_version: program_version.to_owned(),
        });
    }
    Err(RecordError::NotARecord(format!("its format is `{format}`, not `{RECORD_FORMAT}`")))
}

/// serde's words without its "at line 1 column 5": the line is always 1 there, and ours is named beside.
fn words_of(error: &serde_json::Error) -> String {
    let words = error.to_string();
    match words.rfind(" at line ") {
        Some(end) => words[..end].to_owned(),
        None => words,
    }
}

#[cfg(test)]
mod tests;
