//! `pgrehearse generate`

use std::path::Path;

use pgrehearse::error::Error;
use pgrehearse::server::discover::{self, Places};
use pgrehearse::server::{WorkDir, given};
use pgrehearse::{generate, run};
use pgrehearse_reports::render;
use pgrehearse_scenarios::Scenario;

use super::recorded::recorded;
use super::scenarios::scenarios;
use super::{GenerateArgs, output};

/// Loads the dataset of a scenario and prints what was declared beside what was loaded.
pub(super) fn generate(args: &GenerateArgs) -> Result<u8, Error> {
    let scenario = scenarios(std::slice::from_ref(&args.scenario), args.data.scale)?.remove(0);
    let default = Path::new("pgrehearse-out").join(&scenario.name).join("dataset");
    let out = args.out.clone().unwrap_or(default);
    let (report, ended) = match &args.server {
        Some(url) => {
            let request = on_given(args, scenario, url)?;
            let (report, ended) = recorded(&out, args.quiet, async |events, stopped| {
                generate::generate(&request, events, stopped).await
            })?;
            (report, ended.map(|database| Some(format!("database: {database}"))))
        }
        None => {
            let request = on_disposable(args, scenario)?;
            let (report, ended) = recorded(&out, args.quiet, async |events, stopped| {
                run::run(&request, events, stopped).await
            })?;
            (report, ended.map(|done| done.kept))
        }
    };
    let note = ended?;
    output::result(&render::dataset(&report, output::text_style()))?;
    output::note(&format!("record and report: {}", out.display()));
    if let Some(note) = note {
        output::note(&note);
    }
    Ok(args.data.exit_code(&report))
}

fn on_given(args: &GenerateArgs, scenario: Scenario, url: &str) -> Result<generate::Request, Error> {
    let password = std::env::var("PGPASSWORD").ok();
    Ok(generate::Request {
        server: given::address(url, password.as_deref())?,
        recipe: args.data.recipe(scenario),
    })
}

fn on_disposable(args: &GenerateArgs, scenario: Scenario) -> Result<run::Request, Error> {
    let wanted = args.local.pg_version.or(scenario.server.version);
    Ok(run::Request {
        strategies: Vec::new(),
        repetitions: 1,
        stop_when_clear: None,
        binaries: discover::choose(&Places::of_this_machine(args.local.pg_bin.as_deref()), wanted)?,
        work_dir: WorkDir::choose(args.local.work_dir.as_deref()),
        keep: args.keep,
        with_rollback: false,
        with_workload: false,
        trace_kernel: false,
        dataset_only: true,
        cache: None,
        recipe: args.data.recipe(scenario),
    })
}
