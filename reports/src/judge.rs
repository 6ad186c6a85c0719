//! What a strategy's numbers mean: budget, findings, checklist, verdict, and the strategies beside each other.
//!
//! The input is the finished model of each rehearsal; nothing here looks at events. What was not measured
//! is never taken for passed.

pub(crate) mod budget;
pub(crate) mod checklist;
pub(crate) mod comparison;
pub(crate) mod findings;

#[cfg(test)]
mod tests;

use crate::event::{BudgetDeclared, Outcome, StrategyDeclared};
use crate::model::dataset::Dataset;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{BudgetLine, Finding, Strategy, Verdict};

/// What every strategy of a run is judged against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) budget: &'a BudgetDeclared,
    pub(crate) dataset: Option<&'a Dataset>,
    pub(crate) scale: f64,
}

/// Judges a strategy by all of its rehearsals.
pub(crate) fn judge(declared: &StrategyDeclared, mut rehearsals: Vec<Rehearsal>, terms: Terms) -> Strategy {
    for rehearsal in &mut rehearsals {
        rehearsal.measures = comparison::measures(rehearsal);
        let alone = std::slice::from_ref(&*rehearsal);
        rehearsal.verdict = Some(verdict(alone, &budget::lines(terms.budget, declared, alone)));
    }
    let budget = budget::lines(terms.budget, declared, &rehearsals);
    let findings = findings::findings(declared, &rehearsals, terms);
    let verdict = verdict(&rehearsals, &budget);
    Strategy {
        name: declared.name.clone(),
        verdict,
        as_expected: as_expected(declared, verdict, &findings),
        checklist: checklist::checklist(declared, &rehearsals, terms),
        budget,
        findings,
        rehearsals,
    }
}

fn verdict(rehearsals: &[Rehearsal], lines: &[BudgetLine]) -> Verdict {
    if rehearsals.is_empty() || !rehearsals.iter().all(can_tell) {
        return Verdict::Error;
    }
    let completed = rehearsals.iter().all(|rehearsal| rehearsal.outcome == Outcome::Completed);
    if completed && !lines.iter().any(|line| line.broken) { Verdict::Pass } else { Verdict::Fail }
}

/// Whether a rehearsal came to its own end, so that it proves something.
fn can_tell(rehearsal: &Rehearsal) -> bool {
    rehearsal.error.is_none() && rehearsal.outcome != Outcome::Interrupted
}

/// Whether verdict and findings are those that the strategy's `expect` names; none where it names nothing.
fn as_expected(declared: &StrategyDeclared, verdict: Verdict, findings: &[Finding]) -> Option<bool> {
    let StrategyDeclared { expect_verdict, expect_findings, .. } = declared;
    if expect_verdict.is_none() && expect_findings.is_empty() {
        return None;
    }
    let wanted = match expect_verdict.as_deref() {
        Some("fail") => Verdict::Fail,
        // An `expect` of findings alone does not excuse from the budget.
        _ => Verdict::Pass,
    };
    let found = |id: &String| findings.iter().any(|finding| finding.id == *id);
    Some(verdict == wanted && expect_findings.iter().all(found))
}

/// The run's verdict: every strategy has to do what was asked of it. `ended_well` says whether the run came
/// to its own end.
pub(crate) fn overall(strategies: &[Strategy], ended_well: bool) -> Verdict {
    let did_as_asked =
        |strategy: &Strategy| strategy.as_expected.unwrap_or(strategy.verdict == Verdict::Pass);
    if !ended_well || strategies.iter().any(|strategy| strategy.verdict == Verdict::Error) {
        Verdict::Error
    } else if strategies.iter().all(did_as_asked) {
        Verdict::Pass
    } else {
        Verdict::Fail
    }
}
