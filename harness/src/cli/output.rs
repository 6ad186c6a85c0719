//! Printing: the only place that writes to stdout and stderr.

use std::io::{self, IsTerminal, Write};

use pgrehearse::error::Error;
use pgrehearse_reports::render::Style;
use pgrehearse_scenarios::{Diagnostic, render};

/// Prints a result. A reader that has gone away is not an error.
///
/// # Errors
/// [`Error::Record`] where stdout cannot be written.
pub(super) fn result(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Record(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints something for the person at the terminal.
pub(super) fn note(text: &str) {
    // Nothing can be done where stderr is closed.
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Prints an error, once.
pub(super) fn error(error: &Error) {
    match error {
        Error::Scenario(problems) => diagnostics(problems),
        other => note(&format!("error: {other}")),
    }
}

/// Prints what is wrong in a scenario, or doubtful, if anything is.
pub(super) fn diagnostics(problems: &[Diagnostic]) {
    if problems.is_empty() {
        return;
    }
    note(render(problems, io::stderr().is_terminal()).trim_end());
}

/// Results for people are coloured and as wide as the terminal, where stdout is one.
pub(super) fn text_style() -> Style {
    let plain = Style::default();
    if !io::stdout().is_terminal() {
        return plain;
    }
    let columns = terminal_size::terminal_size().map_or(plain.width, |(columns, _)| columns.0);
    Style { color: std::env::var_os("NO_COLOR").is_none(), width: columns.min(WIDTH_MAX) }
}

/// Wider lines are hard to read.
const WIDTH_MAX: u16 = 140;
