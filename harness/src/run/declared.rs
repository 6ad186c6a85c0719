//! What was asked for, in the words of the record.

use std::time::Duration;

use pgrehearse_reports::event::{BudgetDeclared, RunStarted, StrategyDeclared};
use pgrehearse_scenarios::scenario::{Budget, ExpectedVerdict};
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
    }
}

fn strategy(strategy: &Strategy) -> StrategyDeclared {
    let Strategy { name, up, down, irreversible, expect } = strategy;
    let files = |steps: &[Step]| steps.iter().map(|step| step.file.source.path.clone()).collect();
    let expect_verdict = expect.as_ref().and_then(|expect| expect.verdict).map(|verdict| match verdict {
        ExpectedVerdict::Pass => "pass".to_owned(),
        ExpectedVerdict::Fail => "fail".to_owned(),
    });
    StrategyDeclared {
        name: name.clone(),
        up: files(up),
        down: files(down),
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
