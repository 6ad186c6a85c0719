//! What is asked of a strategy that goes in phases, checks its data, and has a way back.

use crate::event::{BudgetDeclared, StrategyDeclared};
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::rollback::Rollback;
use crate::model::rollout::DataCheck;
use crate::model::strategy::{BudgetLine, BudgetStatus};

/// The line of the checks of the data: not a row may break one. None where the strategy has none. A check that was not
/// made, or failed itself, proves nothing.
pub(super) fn verify(strategy: &StrategyDeclared, rehearsals: &[Rehearsal]) -> Option<BudgetLine> {
    let of_phases = strategy.phases.iter().any(|phase| !phase.verify.is_empty());
    let declares = of_phases || !strategy.verify.is_empty();
    let made = rehearsals.iter().any(|rehearsal| !rehearsal.checks.is_empty());
    if !declares && !made {
        return None;
    }
    let measured = rehearsals.iter().filter_map(violations).max();
    let doubt = rehearsals.iter().find_map(|rehearsal| not_made(strategy, rehearsal));
    let (status, doubt) = match measured {
        Some(1..) => (BudgetStatus::Fail, None),
        _ if rehearsals.is_empty() => (BudgetStatus::NotMeasured, None),
        _ if doubt.is_some() => (BudgetStatus::NotMeasured, doubt),
        Some(0) => (BudgetStatus::Pass, None),
        None => (BudgetStatus::NotMeasured, None),
    };
    Some(BudgetLine {
        limit: "verify".to_owned(),
        unit: "rows".to_owned(),
        allowed: Quantity::Whole(0),
        measured: measured.map(Quantity::Whole),
        status,
        broken: false,
        declared: true,
        doubt,
        note: None,
    })
}

/// Rows that all checks of a rehearsal found; none where none was made.
fn violations(rehearsal: &Rehearsal) -> Option<u64> {
    let found = rehearsal.checks.iter().filter_map(|check| check.violations);
    found.reduce(u64::saturating_add)
}

/// The first check of which a rehearsal tells nothing, and why; none where all were made.
fn not_made(strategy: &StrategyDeclared, rehearsal: &Rehearsal) -> Option<String> {
    let failed = rehearsal.checks.iter().find(|check| check.violations.is_none());
    if let Some(DataCheck { name, error, .. }) = failed {
        let error = error.as_deref().unwrap_or("it found no number");
        return Some(format!("the check \"{name}\" failed itself: {error}"));
    }
    let made = |index: Option<u32>, name: &str| {
        rehearsal.checks.iter().any(|check| check.phase == index && check.name == name)
    };
    if let Some(name) = strategy.verify.iter().find(|name| !made(None, name)) {
        return Some(format!("the check \"{name}\" was not made"));
    }
    let mut declared = (0_u32..)
        .zip(&strategy.phases)
        .flat_map(|(index, phase)| phase.verify.iter().map(move |name| (index, &phase.name, name)));
    let (_, phase, name) = declared.find(|(index, _, name)| !made(Some(*index), name))?;
    Some(format!("the check \"{name}\" was not made after phase {phase}"))
}

/// The line of the way back: it has to lead back, and the migration to be applicable again after it. None where the strategy
/// has no steps down, or the scenario allows them to be broken.
pub(super) fn broken_rollback(
    budget: &BudgetDeclared,
    strategy: &StrategyDeclared,
    rehearsals: &[Rehearsal],
) -> Option<BudgetLine> {
    if strategy.down.is_empty() || budget.broken_rollback_allowed {
        return None;
    }
    let tried: Vec<&Rollback> = rehearsals
        .iter()
        .filter_map(|rehearsal| rehearsal.rollback.as_ref())
        .filter(|rollback| rollback.was_tried())
        .collect();
    let broken = tried.iter().filter(|rollback| rollback.is_broken()).count() as u64;
    let doubt = tried.iter().find_map(|rollback| rollback.why_unknown());
    let (status, doubt) = match (tried.as_slice(), broken, doubt) {
        (_, 1.., _) => (BudgetStatus::Fail, None),
        ([], _, _) => (BudgetStatus::NotMeasured, None),
        (_, _, Some(doubt)) => (BudgetStatus::NotMeasured, Some(doubt)),
        (_, _, None) => (BudgetStatus::Pass, None),
    };
    let limit = "broken_rollback".to_owned();
    Some(BudgetLine {
        declared: budget.declared.contains(&limit),
        limit,
        unit: "rollbacks".to_owned(),
        allowed: Quantity::Whole(0),
        measured: (!tried.is_empty()).then_some(Quantity::Whole(broken)),
        status,
        broken: false,
        doubt,
        note: None,
    })
}

/// Whether the way back was left out on purpose, which speaks against nobody.
pub(super) fn is_left_out(rehearsals: &[Rehearsal]) -> bool {
    let mut told = rehearsals.iter().filter_map(|rehearsal| rehearsal.rollback.as_ref()).peekable();
    told.peek().is_some() && told.all(|rollback| !rollback.was_tried())
}

/// A probe of a phase of which not a single request is known: nobody can tell whether its query works.
pub(super) fn never_asked(rehearsal: &Rehearsal) -> Option<String> {
    let named =
        |name: &str| rehearsal.phases.iter().any(|phase| phase.probes.iter().any(|probe| probe == name));
    let silent = rehearsal.probes.iter().find(|probe| !probe.was_asked() && named(&probe.name))?;
    Some(format!("no request of {} was sent", silent.name))
}
