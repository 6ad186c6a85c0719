//! What can stop a run, and the exit code that each has.

use pgrehearse_scenarios::diagnostic::Diagnostic;

/// Exit codes of the program, as the README lists them.
pub mod exit_code {
    /// Every strategy did what was asked of it.
    pub const OK: u8 = 0;
    /// A verdict failed.
    pub const VERDICT: u8 = 1;
    /// The command line or the scenario is wrong.
    pub const USAGE: u8 = 2;
    /// No server, no disk, or something else that the machine lacks.
    pub const ENVIRONMENT: u8 = 3;
    /// The record or a report could not be written.
    pub const RECORD: u8 = 4;
    /// Somebody stopped the run.
    pub const INTERRUPTED: u8 = 130;
}

/// What stops a run. What a migration does wrong is not among them: that is a result.
#[derive(Debug)]
pub enum Error {
    /// The command line asks for something that is not there.
    Usage(String),
    /// The scenario cannot be rehearsed.
    Scenario(Vec<Diagnostic>),
    /// The machine or the server lets the run down.
    Environment(String),
    /// The record or a report could not be written.
    Record(String),
    /// Somebody stopped the run.
    Interrupted,
}

impl Error {
    /// The exit code of a run that ends with this.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Scenario(_) => exit_code::USAGE,
            Self::Environment(_) => exit_code::ENVIRONMENT,
            Self::Record(_) => exit_code::RECORD,
            Self::Interrupted => exit_code::INTERRUPTED,
        }
    }

    /// Puts what was being done before the words of an environment's error.
    #[must_use]
    pub fn while_doing(self, what: &str) -> Self {
        match self {
            Self::Environment(message) => Self::Environment(format!("{what}: {message}")),
            other => other,
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage(message) | Self::Environment(message) | Self::Record(message) => f.write_str(message),
            Self::Scenario(diagnostics) => {
                f.write_str(pgrehearse_scenarios::render(diagnostics, false).trim_end())
            }
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Environment(crate::postgres::words_of(&error))
    }
}
