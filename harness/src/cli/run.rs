//! `pgrehearse run`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pgrehearse::cache::Cache;
use pgrehearse::error::{Error, exit_code};
use pgrehearse::run::{self, Request};
use pgrehearse::server::discover::{self, Places};
use pgrehearse::server::{WorkDir, check_wished};
use pgrehearse_reports::model::strategy::Verdict;
use pgrehearse_reports::{Report, render};
use pgrehearse_scenarios::Scenario;

use super::recorded::{self, recorded};
use super::scenarios::{check_scale, scenarios};
use super::{LockSource, RunArgs, output, since};

/// Rehearses each scenario. Gives the worst exit code.
pub(super) fn run(args: &RunArgs) -> Result<u8, Error> {
    let scenarios = match (&args.migrations, &args.since) {
        (Some(folder), Some(revision)) => {
            check_scale(args.data.scale)?;
            vec![since::scenario(folder, revision, args.tool, args.profile.as_deref())?]
        }
        _ => scenarios(&args.scenarios, args.data.scale)?,
    };
    let several = scenarios.len() > 1;
    let requests: Vec<Request> = scenarios
        .into_iter()
        .map(|scenario| request(args, scenario, several))
        .collect::<Result<_, Error>>()?;
    let mut names = BTreeSet::new();
    if let Some(twice) = requests.iter().find(|request| !names.insert(&request.recipe.scenario.name)) {
        return Err(Error::Usage(format!(
            "two of the scenarios are called {}, and the reports of one would replace those of the other: \
             rehearse them one by one, each with its --out DIR",
            twice.recipe.scenario.name
        )));
    }
    let mut code = exit_code::OK;
    for request in &requests {
        let ended = rehearse(args, request, &out_dir(args, &request.recipe.scenario, several));
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

fn request(args: &RunArgs, scenario: Scenario, several: bool) -> Result<Request, Error> {
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
        repetitions: args.repeat.get(),
        stop_when_clear: args
            .stop_when_clear
            .then(|| recorded::record_in(&out_dir(args, &scenario, several))),
        binaries: discover::choose(&Places::of_this_machine(args.server.pg_bin.as_deref()), wanted)?,
        work_dir: WorkDir::choose(args.server.work_dir.as_deref()),
        keep: args.keep,
        with_workload: !args.no_workload,
        with_rollback: !args.no_rollback,
        trace_kernel: args.lock_source == LockSource::Kernel,
        dataset_only: false,
        cache: if args.no_cache { None } else { Cache::choose()? },
        recipe: args.data.recipe(scenario),
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
    let (report, ended) =
        recorded(out, args.quiet, async |events, stopped| run::run(request, events, stopped).await)?;
    let done = ended?;
    output::result(&render::text(&report, output::text_style()))?;
    output::note(&format!("reports: {}", out.display()));
    if let Some(kept) = done.kept {
        output::note(&kept);
    }
    Ok(code_of(&report).max(args.data.exit_code(&report)))
}

fn code_of(report: &Report) -> u8 {
    match report.verdict {
        Verdict::Pass => exit_code::OK,
        Verdict::Fail => exit_code::VERDICT,
        Verdict::Error => exit_code::ENVIRONMENT,
    }
}
