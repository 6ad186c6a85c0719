//! What was asked for, in the words of the record.

use std::time::Duration;

use pgrehearse_reports::event::{
    BudgetDeclared, FileChecksum, MigrationsDeployed, RunStarted, StrategyDeclared, StrategyPhaseDeclared,
};
use pgrehearse_scenarios::migrations::FileSum;
use pgrehearse_scenarios::scenario::{Budget, Deployed, ExpectedVerdict};
use pgrehearse_scenarios::{Step, Strategy};

use super::{Request, chosen};
use crate::dataset::prepare::Recipe;

pub(super) fn run(request: &Request) -> RunStarted {
    let mut started = dataset(&request.recipe);
    started.strategies = chosen(request).into_iter().map(strategy).collect();
    started
}

/// A run that loads the data and rehearses nothing.
pub(crate) fn dataset(recipe: &Recipe) -> RunStarted {
    let Recipe { scenario, seed, scale, .. } = recipe;
    RunStarted {
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        about: scenario.about.clone(),
        fingerprint: scenario.fingerprint.clone(),
        seed: *seed,
        scale: *scale,
        strategies: Vec::new(),
        budget: budget(&scenario.budget),
        migrations: scenario.schema.deployed.as_ref().map(deployed),
    }
}

fn deployed(deployed: &Deployed) -> MigrationsDeployed {
    let Deployed { tool, folder, migrations, last, files } = deployed;
    let checksum = |file: &FileSum| FileChecksum { path: file.path.clone(), sha256: file.sha256.clone() };
    MigrationsDeployed {
        tool: tool.word().to_owned(),
        folder: folder.clone(),
        count: *migrations as u64,
        last: last.clone(),
        files: files.iter().map(checksum).collect(),
    }
}

fn strategy(strategy: &Strategy) -> StrategyDeclared {
    let Strategy { name, phases, down, nothing_to_undo, irreversible, expect } = strategy;
    let files = |steps: &[Step]| steps.iter().map(|step| step.file.source.path.clone()).collect();
    let unnamed = phases.iter().filter(|phase| phase.name.is_none());
    let named = phases.iter().filter_map(|phase| Some((phase.name.as_ref()?, phase)));
    let expect_verdict = expect.as_ref().and_then(|expect| expect.verdict).map(|verdict| match verdict {
        ExpectedVerdict::Pass => "pass".to_owned(),
        ExpectedVerdict::Fail => "fail".to_owned(),
    });
    StrategyDeclared {
        name: name.clone(),
        up: strategy.up().map(|step| step.file.source.path.clone()).collect(),
        down: files(down),
        phases: named
            .map(|(name, phase)| StrategyPhaseDeclared {
                name: name.clone(),
                up: files(&phase.up),
                probes: phase.probes.clone().unwrap_or_default(),
                verify: phase.verify.iter().map(|check| check.name.clone()).collect(),
            })
            .collect(),
        verify: unnamed.flat_map(|phase| &phase.verify).map(|check| check.name.clone()).collect(),
        nothing_to_undo: *nothing_to_undo,
        irreversible: irreversible.clone(),
        expect_verdict,
        expect_findings: expect.as_ref().map(|expect| expect.findings.clone()).unwrap_or_default(),
    }
}

fn budget(budget: &Budget) -> BudgetDeclared {
    let Budget {
        read_stall,
        write_stall,
        duration,
        probe_errors,
        rewrite_allowed,
        broken_rollback_allowed,
        unmeasured_allowed,
        wal_bytes,
        disk_growth_bytes,
    } = budget;
    let declared = [
        ("read_stall", read_stall.declared),
        ("write_stall", write_stall.declared),
        ("duration", duration.declared),
        ("probe_errors", probe_errors.declared),
        ("rewrite", rewrite_allowed.declared),
        ("broken_rollback", broken_rollback_allowed.declared),
        ("wal", wal_bytes.is_some()),
        ("disk_growth", disk_growth_bytes.is_some()),
    ];
    let ms = |duration: Duration| duration.as_secs_f64() * 1_000.0;
    BudgetDeclared {
        read_stall_ms: ms(read_stall.allowed),
        write_stall_ms: ms(write_stall.allowed),
        duration_ms: ms(duration.allowed),
        probe_errors: probe_errors.allowed,
        rewrite_allowed: rewrite_allowed.allowed,
        broken_rollback_allowed: broken_rollback_allowed.allowed,
        unmeasured_allowed: *unmeasured_allowed,
        wal_bytes: *wal_bytes,
        disk_growth_bytes: *disk_growth_bytes,
        declared: declared
            .iter()
            .filter(|(_, declared)| *declared)
            .map(|(name, _)| (*name).to_owned())
            .collect(),
    }
}
