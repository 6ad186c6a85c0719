//! The command line: what can be asked, and where the answers go. Results go to stdout, everything else to
//! stderr.

mod check;
mod doctor;
mod list;
mod output;
mod report;
mod rows;
mod run;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use pgrehearse::error::{Error, exit_code};

const EXIT_CODES: &str = "\
Exit codes:
  0    every strategy did what was asked of it
  1    a strategy did not: over budget, failed, or not as it was expected
  2    the command line or the scenario is wrong
  3    the environment is: no server, no disk
  4    the record or a report could not be written
  130  interrupted";

const EXAMPLES: &str = "\
Examples:
  pgrehearse run index-without-downtime             a bundled scenario, as it is
  pgrehearse run ./migrations/2026-split --scale 0.1  one of yours, with a tenth of its rows
  pgrehearse check ./migrations/2026-split          look for mistakes without a server
  pgrehearse report pgrehearse-out/index-without-downtime/record.jsonl --format markdown";

/// Rehearses PostgreSQL migrations on a disposable server filled with production-like data, and reports
/// which locks they take, for how long, and what that blocks.
#[derive(Debug, Parser)]
#[command(name = "pgrehearse", version, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Rehearse every strategy of a scenario and write the reports
    ///
    /// Starts a disposable PostgreSQL server of its own (no running server, user or port is needed), loads the
    /// rows that the scenario's profile declares, and runs each strategy on a fresh copy of them while its locks
    /// are watched. Writes record.jsonl, report.json and report.md; prints a summary. Nothing is left behind.
    #[command(after_long_help = EXIT_CODES)]
    Run(RunArgs),
    /// Parse and validate scenarios, without a server
    Check {
        /// Folders with a scenario.toml, or ids of bundled scenarios
        #[arg(required = true, value_name = "SCENARIO")]
        scenarios: Vec<String>,
    },
    /// Rebuild a report from the record of a run
    Report {
        /// The record.jsonl that a run wrote
        record: PathBuf,
        /// What to make of it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// List the bundled scenarios
    List,
    /// Say which servers can be started here, and what to install for others
    Doctor {
        #[command(flatten)]
        server: ServerArgs,
    },
}

#[derive(Debug, Args)]
struct RunArgs {
    /// Folders with a scenario.toml, or ids of bundled scenarios (`pgrehearse list`)
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Rehearse this strategy only; may be given several times
    #[arg(long, value_name = "NAME")]
    strategy: Vec<String>,
    /// Multiply every table's rows by this
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    scale: f64,
    /// Rows of one table, instead of the declared ones: users=5M; may be given several times
    #[arg(long, value_name = "TABLE=ROWS", value_parser = rows::parse)]
    rows: Vec<(String, u64)>,
    /// Seed of the data, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where the reports go [default: pgrehearse-out/<scenario>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Leave the server's directory with the rehearsed databases on the disk, and say how to start it
    #[arg(long)]
    keep: bool,
    /// No progress on stderr
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Clone, Args)]
struct ServerArgs {
    /// Folder with the server's programs (postgres, initdb) [env: PGREHEARSE_PG_BIN]
    #[arg(long, value_name = "DIR", help_heading = "Server")]
    pg_bin: Option<PathBuf>,
    /// Major version of PostgreSQL [default: the scenario's, else the newest found]
    #[arg(long, value_name = "N", help_heading = "Server")]
    pg_version: Option<u32>,
    /// Folder for the server's files, on a disk with room for three times the data [env:
    /// PGREHEARSE_WORK_DIR] [default: /var/tmp]
    #[arg(long, value_name = "DIR", help_heading = "Server")]
    work_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The summary that `run` prints
    Text,
    /// report.json
    Json,
    /// report.md
    Markdown,
}

/// Runs the program and gives its exit code.
pub(crate) fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done where not even this can be printed.
            drop(error.print());
            let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked_for { exit_code::OK } else { exit_code::USAGE };
        }
    };
    let done = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Check { scenarios } => check::check(&scenarios),
        Command::Report { record, format } => report::report(&record, format),
        Command::List => list::list(),
        Command::Doctor { server } => doctor::doctor(&server),
    };
    done.unwrap_or_else(|error| {
        output::error(&error);
        error.exit_code()
    })
}

/// A runtime for what waits on a server.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Environment(format!("cannot start threads: {error}")))
}
