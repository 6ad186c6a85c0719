//! The main path: prepare the dataset, then for each strategy copy it, watch, migrate, inspect, tear down.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pgrehearse_reports::event::{Event, Moment, RunFinished, TornDown};
use pgrehearse_reports::{Report, record};
use pgrehearse_scenarios::Strategy;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

pub mod application;
mod dataset;
pub(crate) mod declared;
mod leg;
mod rehearsal;

use self::rehearsal::Rehearsal;
use crate::cache::Cache;
use crate::dataset::prepare::{DATASET_DATABASE, Recipe};
use crate::error::Error;
use crate::events::{Events, Progress};
use crate::inspect;
use crate::server::discover::Binaries;
use crate::server::{LocalServer, WorkDir, sweep};

/// Every look is a chance to see a difference that is none. Fewer than five repetitions cannot tell anyway.
const ROUNDS_PER_LOOK: usize = 5;
/// The recorder writes what it has whenever there is a pause of 100 ms.
const WRITTEN_WITHIN: Duration = Duration::from_millis(300);

/// Everything that a run needs to know.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is rehearsed, and on which rows.
    pub recipe: Recipe,
    /// Names of the strategies to rehearse, in order; those of the scenario where empty.
    pub strategies: Vec<String>,
    /// How often each strategy is rehearsed.
    pub repetitions: u32,
    /// The record of this run, where no more repetitions are to be done once it tells the strategies apart.
    pub stop_when_clear: Option<PathBuf>,
    /// The server's programs.
    pub binaries: Binaries,
    /// Where the server lives.
    pub work_dir: WorkDir,
    /// Leave the server's directory and the rehearsed databases on the disk.
    pub keep: bool,
    /// Let an application run beside the migration.
    pub with_workload: bool,
    /// Rehearse the steps down too, and those up again after them, of each strategy's first repetition.
    pub with_rollback: bool,
    /// Let the kernel trace the server's lock calls, if it can.
    pub trace_kernel: bool,
    /// Load the data and rehearse nothing.
    pub dataset_only: bool,
    /// Where loaded datasets are kept; none where they are not.
    pub cache: Option<Cache>,
}

/// What a run leaves for its caller to say.
#[derive(Debug, Default)]
pub struct Done {
    /// Where the server was kept and how to use it, if it was asked for.
    pub kept: Option<String>,
}

/// Rehearses the strategies and tells everything. Whatever way it ends, what it made is gone afterwards.
/// `stopped` ends when the run is to be given up, with the reason.
///
/// # Errors
/// Everything that [`Error`] has; what a migration does wrong is not an error.
pub async fn run(
    request: &Request,
    events: &Events,
    stopped: impl Future<Output = Error>,
) -> Result<Done, Error> {
    tokio::pin!(stopped);
    events.tell(Event::RunStarted(declared::run(request)));
    for (dir, error) in sweep(&request.work_dir) {
        let what = format!("left behind by an earlier run: {}", dir.display());
        events.tell(Event::TornDown(TornDown { what, error }));
    }
    let mut server = None;
    let mut result = tokio::select! {
        biased;
        error = &mut stopped => Err(error),
        result = rehearse_all(request, &mut server, events) => result,
    };
    let mut done = Done::default();
    if let Some(server) = server {
        events.show(Progress::Stage("tearing down".to_owned()));
        // Not to be stopped: nothing may be left behind. Its own deadlines end it.
        let torn_down = if request.keep && result.is_ok() {
            server.keep().await.map(|kept| done.kept = Some(kept))
        } else {
            server.tear_down().await
        };
        let error = torn_down.as_ref().err().map(ToString::to_string);
        events.tell(Event::TornDown(TornDown { what: "server".to_owned(), error }));
        result = result.and(torn_down);
    }
    events.tell(Event::RunFinished(RunFinished {
        error: result.as_ref().err().map(ToString::to_string),
        interrupted: matches!(result, Err(Error::Interrupted)),
    }));
    result.map(|()| done)
}

/// Leaves the server in `slot`, so that the caller can end it whatever happens here.
async fn rehearse_all(
    request: &Request,
    slot: &mut Option<LocalServer>,
    events: &Events,
) -> Result<(), Error> {
    let Some(dataset::Ready { endpoint, version_num, tables }) =
        dataset::ready(request, slot, events).await?
    else {
        return Ok(());
    };
    let Some(server) = slot else { return Ok(()) };
    let strategies = chosen(request).len();
    for (number, (strategy, repetition)) in (1..).zip(schedule(request)) {
        let tables = &tables;
        let rehearsal = Rehearsal {
            request,
            strategy,
            repetition,
            number,
            is_compared: strategies > 1,
            version_num,
            endpoint: &endpoint,
            tables,
            probes: strategy.probes(),
        };
        let (run_events, events) = (events, events.for_rehearsal(number));
        tokio::select! {
            biased;
            done = rehearsal.run(&events) => done?,
            error = server.ended() => return Err(error),
        }
        if number == 1 {
            // Nothing changes the dataset itself; read now, it does not put the first migration off.
            let goes_back = |strategy: &&Strategy| !strategy.down.is_empty();
            let with_rows = request.with_rollback && chosen(request).iter().any(goes_back);
            inspect::state(&endpoint, DATASET_DATABASE, Moment::Before, with_rows, run_events).await?;
        }
        let may_stop = (number as usize).is_multiple_of(strategies * ROUNDS_PER_LOOK);
        if let Some(record) = request.stop_when_clear.as_deref().filter(|_| may_stop) {
            // Until what was told last is written.
            tokio::time::sleep(WRITTEN_WITHIN).await;
            if is_clear(record) {
                break;
            }
        }
    }
    Ok(())
}

/// Whether what a record says so far tells the strategies apart.
fn is_clear(record: &Path) -> bool {
    let read = || {
        let entries = record::read(BufReader::new(File::open(record).ok()?)).ok()?;
        Report::from_entries(&entries).ok()
    };
    read().is_some_and(|report| report.comparison.clear)
}

/// The strategies to rehearse, in order.
fn chosen(request: &Request) -> Vec<&Strategy> {
    let strategies = request.recipe.scenario.strategies.iter();
    strategies
        .filter(|_| !request.dataset_only)
        .filter(|strategy| request.strategies.is_empty() || request.strategies.contains(&strategy.name))
        .collect()
}

/// Every rehearsal, in order: round by round, so that a machine whose speed drifts is fair to all strategies; who goes
/// first in a round after the first is chosen by the seed.
fn schedule(request: &Request) -> Vec<(&Strategy, u32)> {
    let mut random = StdRng::seed_from_u64(request.recipe.seed);
    let mut strategies = chosen(request);
    let mut all = Vec::new();
    for repetition in 1..=request.repetitions {
        all.extend(strategies.iter().map(|strategy| (*strategy, repetition)));
        strategies.shuffle(&mut random);
    }
    all
}
