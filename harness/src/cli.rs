//! The command line: what can be asked, and where the answers go. Results go to stdout, everything else to
//! stderr.

mod cache;
mod check;
mod doctor;
mod explain;
mod generate;
mod init;
mod interruption;
mod list;
mod lock;
mod output;
mod recorded;
mod report;
mod rows;
mod run;
mod scenarios;
mod since;

use std::num::NonZero;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use pgrehearse::dataset::prepare::Recipe;
use pgrehearse::error::{Error, exit_code};
use pgrehearse::server::Machine;
use pgrehearse_reports::Report;
use pgrehearse_scenarios::Scenario;
use pgrehearse_scenarios::migrations::Tool;

const EXIT_CODES: &str = "\
Exit codes:
  0    every strategy did what was asked of it
  1    a strategy did not: over budget, failed, or not as it was expected; or, with --strict-fidelity, the data is not
       as it is declared
  2    the command line or the scenario is wrong
  3    the environment is: no server, no disk
  4    the record or a report could not be written
  130  interrupted";

const EXAMPLES: &str = "\
Examples:
  pgrehearse run index-without-downtime             a bundled scenario, as it is
  pgrehearse run ./migrations/2026-split --scale 0.1  one of yours, with a tenth of its rows
  pgrehearse run --migrations db/migrations --since origin/main   what a branch adds to deployed migrations
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
    /// Load a scenario's dataset, prove it, and rehearse nothing
    ///
    /// Without --server, on a disposable server that is removed afterwards (--keep leaves it); with it, into a new
    /// database there, which stays. Prints what was declared beside what was loaded.
    #[command(after_long_help = EXIT_CODES)]
    Generate(GenerateArgs),
    /// Parse and validate scenarios, without a server
    Check {
        /// Folders with a scenario.toml, or ids of bundled scenarios
        #[arg(required = true, value_name = "SCENARIO")]
        scenarios: Vec<String>,
    },
    /// Rebuild a report from the record of a run, or one report from those of several
    ///
    /// Several records are of the same scenario on the same data, from several machines or parts of a CI job: their
    /// repetitions are compared together.
    Report {
        /// The record.jsonl that a run wrote; may be given several times
        #[arg(required = true, value_name = "RECORD")]
        records: Vec<PathBuf>,
        /// What to make of it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Write a scenario to start from, out of a schema, a folder of migrations, or a bundled scenario
    ///
    /// A schema file becomes a scenario whose strategy is yours to write; of a folder of migrations the last one becomes
    /// the strategy, and those before it the schema. The profile lists every table, as a disposable server finds them
    /// (it is gone afterwards). All files are copied; the folder can be checked and run at once.
    #[command(after_long_help = EXIT_CODES)]
    Init(InitArgs),
    /// Write the checksums of deployed migrations into the migrations.lock of their folder
    ///
    /// From then on a scenario whose schema is this folder refuses a file that is not what it was. New files are added;
    /// where one that is locked was changed or is gone, nothing is written. `sha256sum -c migrations.lock` checks it too.
    Lock {
        /// Folder with the migrations
        #[arg(value_name = "MIGRATIONS")]
        migrations: PathBuf,
        /// The tool that they are for, where its names and comments do not tell it
        #[arg(long, value_name = "TOOL", value_parser = since::tool)]
        tool: Option<Tool>,
    },
    /// List the bundled scenarios
    List,
    /// Say what a finding means and what to do instead; without an id, list them all
    Explain {
        /// For instance write-stall
        id: Option<String>,
    },
    /// List or remove the loaded datasets that are kept for the next run
    ///
    /// They are in the folder that PGREHEARSE_CACHE names, or in pgrehearse of the user's cache directory; when there are
    /// more than PGREHEARSE_CACHE_SIZE (20GiB), those that were not used for longest are removed.
    Cache {
        #[command(subcommand)]
        command: CacheCommand,
    },
    /// Say which servers can be started here, and what to install for others
    Doctor {
        #[command(flatten)]
        server: ServerArgs,
    },
}

#[derive(Debug, Subcommand)]
enum CacheCommand {
    /// List them, the one that was used last first
    List,
    /// Remove what killed runs left, and datasets that were not used for longest until the rest is small enough
    Prune {
        /// How large the rest may be: 5GiB [default: PGREHEARSE_CACHE_SIZE, or 20GiB]
        #[arg(long, value_name = "SIZE", value_parser = cache::size)]
        max_size: Option<u64>,
    },
    /// Remove all that no run is using
    Clear,
}

#[derive(Debug, Args)]
struct RunArgs {
    /// Folders with a scenario.toml, or ids of bundled scenarios (`pgrehearse list`)
    #[arg(required_unless_present = "migrations", conflicts_with = "migrations", value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Instead of a scenario: rehearse the migrations of this folder that were added since a revision, on top of those
    /// that it had, with 1M rows in every table (--rows says otherwise)
    #[arg(long, value_name = "DIR", requires = "since", help_heading = "Migrations")]
    migrations: Option<PathBuf>,
    /// The revision of git that has what is deployed: a branch, a tag or a commit
    #[arg(long, value_name = "REV", requires = "migrations", help_heading = "Migrations")]
    since: Option<String>,
    /// The tool that the migrations are for, where their names and comments do not tell it
    #[arg(long, value_name = "TOOL", requires = "migrations", value_parser = since::tool, help_heading = "Migrations")]
    tool: Option<Tool>,
    /// A profile of the data, as a scenario has one; tables that it does not name have its `rows`, or 1M
    #[arg(long, value_name = "FILE", requires = "migrations", help_heading = "Migrations")]
    profile: Option<PathBuf>,
    /// Rehearse this strategy only; may be given several times
    #[arg(long, value_name = "NAME")]
    strategy: Vec<String>,
    /// Rehearse each strategy so often, in turn, each time on a fresh copy of the data
    #[arg(long, value_name = "N", default_value = "1")]
    repeat: NonZero<u32>,
    /// Stop before all repetitions are done, when they tell the strategies apart. It is looked at after every fifth;
    /// each look adds to the chance of seeing a difference that is none
    #[arg(long, requires = "repeat")]
    stop_when_clear: bool,
    #[command(flatten)]
    data: DataArgs,
    /// Let no application run beside the migrations: then what it would feel is not measured
    #[arg(long)]
    no_workload: bool,
    /// Do not rehearse the steps down, and those up again after them
    #[arg(long)]
    no_rollback: bool,
    /// Where the reported locks come from
    #[arg(long, value_enum, default_value_t = LockSource::Server)]
    lock_source: LockSource,
    /// Where the reports go [default: pgrehearse-out/<scenario>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Load the dataset anew, and do not keep it for the next run
    #[arg(long)]
    no_cache: bool,
    /// Leave the server's directory with the rehearsed databases on the disk, and say how to start it
    #[arg(long)]
    keep: bool,
    /// No progress on stderr
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct InitArgs {
    /// A schema as pg_dump --schema-only writes it, or a folder of migrations
    #[arg(required_unless_present = "from", conflicts_with = "from", value_name = "SCHEMA")]
    schema: Option<PathBuf>,
    /// Copy a bundled scenario (`pgrehearse list`)
    #[arg(long, value_name = "ID")]
    from: Option<String>,
    /// The folder to write; it must be empty or not be there [default: rehearsal, or the bundled scenario's id]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// The tool that the migrations are for, where their names and comments do not tell it
    #[arg(long, value_name = "TOOL", value_parser = since::tool, requires = "schema")]
    tool: Option<Tool>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
struct GenerateArgs {
    /// Folder with a scenario.toml, or the id of a bundled scenario (`pgrehearse list`)
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    #[command(flatten)]
    data: DataArgs,
    /// Load into a new database of this server, which stays: postgresql://user@host:port/database, with the
    /// password in PGPASSWORD. The role must be a superuser
    #[arg(long, value_name = "URL", conflicts_with_all = ["keep", "pg_bin", "pg_version", "work_dir"])]
    server: Option<String>,
    /// Where record and report go [default: pgrehearse-out/<scenario>/dataset]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Leave the disposable server's directory on the disk, and say how to start it
    #[arg(long)]
    keep: bool,
    /// No progress on stderr
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    local: ServerArgs,
}

#[derive(Debug, Clone, Args)]
struct DataArgs {
    /// Exit with 1 where the loaded data is not within tolerance of what is declared
    #[arg(long)]
    strict_fidelity: bool,
    /// Multiply every table's rows by this
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    scale: f64,
    /// Rows of one table, instead of the declared ones: users=5M; without a name, rows of every table that the profile
    /// does not name: 1M; may be given several times
    #[arg(long, value_name = "[TABLE=]ROWS", value_parser = rows::parse)]
    rows: Vec<(Option<String>, u64)>,
    /// Seed of the data, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Relations loaded at once, and threads that make rows [default: the processors]; the data does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<u16>>,
}

impl DataArgs {
    /// What the data alone lets the program exit with.
    fn exit_code(&self, report: &Report) -> u8 {
        let failed = report.dataset.as_ref().is_some_and(|dataset| dataset.fidelity_ok == Some(false));
        if failed && self.strict_fidelity { exit_code::VERDICT } else { exit_code::OK }
    }

    /// The rows that are asked for of a scenario.
    fn recipe(&self, scenario: Scenario) -> Recipe {
        Recipe {
            seed: self.seed.unwrap_or(scenario.seed),
            scale: self.scale,
            rows: self.rows.iter().filter_map(|(table, rows)| Some((table.clone()?, *rows))).collect(),
            rows_otherwise: self.rows.iter().rfind(|(table, _)| table.is_none()).map(|(_, rows)| *rows),
            streams: self.threads.map_or(Machine::here().cpus as usize, |threads| threads.get().into()),
            scenario,
        }
    }
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
enum LockSource {
    /// The server: the migration's own session and samples from beside it
    Server,
    /// The kernel's trace of the server's lock calls, on Linux as root; as `server` where it cannot, with the reason
    Kernel,
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
        Command::Generate(args) => generate::generate(&args),
        Command::Check { scenarios } => check::check(&scenarios),
        Command::Report { records, format } => report::report(&records, format),
        Command::List => list::list(),
        Command::Init(args) => init::init(&args),
        Command::Lock { migrations, tool } => lock::lock(&migrations, tool),
        Command::Explain { id } => explain::explain(id.as_deref()),
        Command::Cache { command } => cache::cache(&command),
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
