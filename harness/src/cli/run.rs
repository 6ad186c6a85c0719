//! `pgrehearse run`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use pgrehearse::display::Display;
use pgrehearse::error::{Error, exit_code};
use pgrehearse::events::Recorder;
use pgrehearse::run::{self, Request};
use pgrehearse::server::discover::{self, Places};
use pgrehearse::server::{WorkDir, check_wished};
use pgrehearse_reports::model::strategy::Verdict;
use pgrehearse_reports::{Report, render};
use pgrehearse_scenarios::{Folder, Scenario, load};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{RunArgs, output, report, runtime};

/// Rehearses each scenario. Gives the worst exit code.
pub(super) fn run(args: &RunArgs) -> Result<u8, Error> {
    if !(args.scale.is_finite() && args.scale > 0.0) {
        return Err(Error::Usage(format!("--scale {}: write a number greater than 0", args.scale)));
    }
    // All are read before the first is rehearsed: a typo in the last one should not cost an hour.
    let mut scenarios = Vec::new();
    let mut problems = Vec::new();
    for wanted in &args.scenarios {
        match Folder::find(wanted).map_err(|problem| vec![problem]).and_then(|folder| load(&folder)) {
            Ok(loaded) => {
                problems.extend(loaded.warnings);
                scenarios.push(loaded.scenario);
            }
            Err(found) => problems.extend(found),
        }
    }
    if scenarios.len() < args.scenarios.len() {
        return Err(Error::Scenario(problems));
    }
    if !problems.is_empty() {
        output::diagnostics(&problems);
    }
    let requests: Vec<Request> =
        scenarios.into_iter().map(|scenario| request(args, scenario)).collect::<Result<_, Error>>()?;
    let several = requests.len() > 1;
    let mut names = BTreeSet::new();
    if let Some(twice) = requests.iter().find(|request| !names.insert(&request.scenario.name)) {
        return Err(Error::Usage(format!(
            "two of the scenarios are called {}, and the reports of one would replace those of the other: \
             rehearse them one by one, each with its --out DIR",
            twice.scenario.name
        )));
    }
    let mut code = exit_code::OK;
    for request in &requests {
        let ended = rehearse(args, request, &out_dir(args, &request.scenario, several));
        match ended {
            Ok(ended) => code = code.max(ended),
            Err(error) if several && !matches!(error, Error::Interrupted) => {
                output::error(&error);
                code = code.max(error.exit_code());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(code)
}

fn request(args: &RunArgs, scenario: Scenario) -> Result<Request, Error> {
    let known: Vec<&str> = scenario.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
    if let Some(unknown) = args.strategy.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::Usage(format!(
            "--strategy {unknown}: {} has no such strategy; it has: {}",
            scenario.name,
            known.join(", ")
        )));
    }
    check_wished(&scenario.server.settings)?;
    let wanted = args.server.pg_version.or(scenario.server.version);
    Ok(Request {
        strategies: args.strategy.clone(),
        seed: args.seed.unwrap_or(scenario.seed),
        scale: args.scale,
        rows: args.rows.iter().cloned().collect::<BTreeMap<_, _>>(),
        binaries: discover::choose(&Places::of_this_machine(args.server.pg_bin.as_deref()), wanted)?,
        work_dir: WorkDir::choose(args.server.work_dir.as_deref()),
        keep: args.keep,
        scenario,
    })
}

fn out_dir(args: &RunArgs, scenario: &Scenario, several: bool) -> PathBuf {
    match &args.out {
        Some(out) if several => out.join(&scenario.name),
        Some(out) => out.clone(),
        None => Path::new("pgrehearse-out").join(&scenario.name),
    }
}

/// Rehearses one scenario and writes its reports.
fn rehearse(args: &RunArgs, request: &Request, out: &Path) -> Result<u8, Error> {
    fs::create_dir_all(out)
        .map_err(|error| Error::Record(format!("cannot make the folder {}: {error}", out.display())))?;
    let runtime = runtime()?;
    let mut interruption = {
        let _within = runtime.enter();
        Interruption::listen()?
    };
    let recorder = Recorder::start(&out.join("record.jsonl"), Display::new(args.quiet))?;
    let events = recorder.events();
    let ended = runtime.block_on(async {
        let stopped = async {
            tokio::select! {
                error = recorder.failed() => error,
                error = interruption.came() => error,
            }
        };
        run::run(request, &events, stopped).await
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
    let done = ended?;
    output::result(&render::text(&report, output::text_style()))?;
    output::note(&format!("reports: {}", out.display()));
    if let Some(kept) = done.kept {
        output::note(&kept);
    }
    Ok(code_of(&report))
}

fn code_of(report: &Report) -> u8 {
    match report.verdict {
        Verdict::Pass => exit_code::OK,
        Verdict::Fail => exit_code::VERDICT,
        Verdict::Error => exit_code::ENVIRONMENT,
    }
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
