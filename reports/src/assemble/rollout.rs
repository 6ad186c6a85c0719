//! The phases of a strategy, and the checks of its data.

use crate::model::rollout::{DataCheck, RolloutPhase};
use crate::model::workload::Probe;
use crate::timeline::Timeline;
use crate::window::{ms, ms_since};

/// The phases that began, with what became of their probes' requests.
pub(super) fn phases(timeline: &Timeline, probes: &[Probe]) -> Vec<RolloutPhase> {
    let phase = |(place, span): (usize, &crate::timeline::PhaseSpan)| {
        let index = span.started.index;
        let mine: Vec<&Probe> = span
            .started
            .probes
            .iter()
            .filter_map(|probe| probes.get(usize::try_from(*probe).ok()?))
            .collect();
        let mut versions: Vec<String> = Vec::new();
        for version in mine.iter().filter_map(|probe| probe.version.clone()) {
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
        let failures = probes.iter().flat_map(|probe| &probe.failures);
        let failed = failures.filter(|failure| failure.phase == Some(index)).map(|failure| failure.requests);
        let is_done = span.finished_us.is_some() || timeline.migration_finished.is_some();
        let end_us = is_done.then(|| timeline.phase_end_us(place).max(span.from_us));
        RolloutPhase {
            index,
            name: span.started.name.clone(),
            from_ms: ms_since(timeline.zero_us, span.from_us),
            to_ms: end_us.map(|end_us| ms_since(timeline.zero_us, end_us)),
            duration_ms: end_us.map(|end_us| ms(end_us - span.from_us)),
            steps: timeline
                .steps
                .iter()
                .filter(|step| step.phase == Some(index))
                .map(|step| step.step)
                .collect(),
            probes: mine.iter().map(|probe| probe.name.clone()).collect(),
            versions,
            failed_requests: (!probes.is_empty()).then(|| failed.fold(0, u64::saturating_add)),
        }
    };
    timeline.phases.iter().enumerate().map(phase).collect()
}

/// The checks, in order.
pub(super) fn checks(timeline: &Timeline) -> Vec<DataCheck> {
    let check = |(at_us, checked): &(u64, &crate::event::DataChecked)| DataCheck {
        name: checked.name.clone(),
        phase: checked.phase,
        sql: checked.sql.clone(),
        violations: checked.violations.filter(|_| checked.error.is_none()),
        error: checked.error.clone(),
        at_ms: ms_since(timeline.zero_us, *at_us),
        took_ms: ms(checked.took_us),
    };
    timeline.checks.iter().map(check).collect()
}
