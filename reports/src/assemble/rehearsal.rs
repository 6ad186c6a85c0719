//! One rehearsal's part of the report.

use std::collections::BTreeMap;

use super::{backfill, rollback, rollout};
use crate::differences::changes;
use crate::event::{Inspected, Moment, Outcome, StateSeen, StepStarted};
use crate::judge::Terms;
use crate::locks;
use crate::model::rehearsal::{After, Dropped, KernelTrace, Rehearsal, Sampler, Step};
use crate::model::workload::Probe;
use crate::statements;
use crate::timeline::{Legs, Timeline};
use crate::window::{Window, ms};
use crate::workload;

/// The rehearsal, and the locks of which the observers tell different stories. `before` is the database before any of it.
pub(super) fn rehearsal(legs: &Legs, before: Option<&StateSeen>, terms: Terms) -> (Rehearsal, Vec<String>) {
    let timeline = &legs.up;
    let watched = locks::watch(timeline);
    let (outcome, error) = outcome(legs);
    let started = timeline.started;
    let felt = workload::felt(timeline, &watched, terms.budget);
    let sampler = timeline.sampler;
    let statements = statements::statements(timeline, &watched.migration_waits);
    let after = after(timeline);
    let backfills = backfill::backfills(
        timeline,
        backfill::Known {
            statements: &statements,
            locks: &watched.locks,
            after: &after,
            dataset: terms.dataset,
        },
    );
    let rehearsal = Rehearsal {
        repetition: started.repetition,
        run: 0,
        // Those are the judge's.
        verdict: None,
        measures: BTreeMap::new(),
        outcome,
        error,
        database: started.database.clone(),
        backend_pid: timeline.migration.map(|(_, migration)| migration.backend_pid),
        copy_ms: ms(started.copy_us),
        duration_ms: duration_ms(timeline),
        steps: steps(timeline, &felt.probes),
        phases: rollout::phases(timeline, &felt.probes),
        checks: rollout::checks(timeline),
        statements,
        backfills,
        locks: watched.locks,
        strongest_locks: watched.strongest,
        blocked: watched.blocked,
        lock_queue: watched.queue,
        workload: felt.run,
        holds: workload::holds(timeline),
        probes: felt.probes,
        after,
        schema_changes: before
            .zip(legs.state(Moment::After))
            .map(|(before, after)| changes(before, after).differences),
        rollback: rollback::rollback(legs, before, terms.budget),
        sampler: sampler.map(|sampler| Sampler {
            samples: sampler.samples,
            missed: sampler.missed,
            gap_ms_max: ms(sampler.gap_us_max),
        }),
        kernel_trace: timeline.kernel_started.map(|started| {
            let ended = timeline.kernel_ended;
            let cut = ended.is_none().then(|| "its end was not told".to_owned());
            KernelTrace {
                calls: ended.map(|ended| ended.calls),
                lost: ended.map(|ended| ended.lost),
                error: started.error.clone().or(ended.map_or(cut, |ended| ended.error.clone())),
            }
        }),
        dropped: Dropped {
            lock_samples: sampler.map(|sampler| sampler.missed),
            events: timeline.finished.map(|finished| finished.events_dropped),
        },
    };
    (rehearsal, watched.contradictions)
}

/// The time in which steps ran; none where none ever did.
pub(super) fn duration_ms(timeline: &Timeline) -> Option<f64> {
    timeline.migrating()?;
    Some(ms(timeline.running.iter().copied().map(Window::width_us).sum()))
}

fn steps(timeline: &Timeline, probes: &[Probe]) -> Vec<Step> {
    let step = |step: &&StepStarted| Step {
        file: step.file.clone(),
        phase: step.phase,
        transaction: step.transaction,
        why: step.why.clone(),
        lock_timeout_ms: step.lock_timeout_ms,
        attempts: workload::attempts(timeline, step.step, probes),
    };
    timeline.steps.iter().map(step).collect()
}

/// How the migration ended: what becomes of the way back does not change that.
fn outcome(legs: &Legs) -> (Outcome, Option<String>) {
    let migrated = legs.up.migration_finished.map(|(_, finished)| finished.outcome);
    match legs.up.finished {
        Some(finished) => {
            let went_back = legs.roll_back.is_some() && finished.outcome != Outcome::Interrupted;
            let outcome = migrated.filter(|_| went_back).unwrap_or(finished.outcome);
            (outcome, finished.error.clone())
        }
        None => {
            let outcome = migrated.unwrap_or(Outcome::Interrupted);
            (outcome, Some("the run ended before this rehearsal did".to_owned()))
        }
    }
}

fn after(timeline: &Timeline) -> After {
    let migration = timeline.migration.map(|(_, migration)| migration);
    let lsn_after = timeline.migration_finished.and_then(|(_, finished)| finished.wal_lsn);
    let inspected: Option<&Inspected> = timeline.inspected;
    let bytes_after = inspected.map(|inspected| inspected.bytes);
    let wal_bytes = lsn_after.zip(migration).map(|(lsn, migration)| lsn.saturating_sub(migration.wal_lsn));
    let application_wal_bytes_per_s = migration
        .and_then(|migration| migration.application_wal_bytes_per_s)
        .filter(|rate| rate.is_finite() && *rate >= 0.0);
    let application_wal = application_wal_bytes_per_s.zip(timeline.migrating());
    After {
        invalid_indexes: inspected.map(|inspected| inspected.invalid_indexes.clone()),
        not_valid_constraints: inspected.map(|inspected| inspected.not_valid_constraints.clone()),
        invalid_indexes_before: migration.and_then(|migration| migration.invalid_indexes.clone()),
        not_valid_constraints_before: migration.and_then(|migration| migration.not_valid_constraints.clone()),
        bytes_before: migration.map(|migration| migration.database_bytes),
        bytes_peak: timeline.bytes_peak.max(bytes_after),
        bytes_after,
        dead_tuples: inspected.map(|inspected| inspected.dead_tuples),
        dead_tuples_before: migration.and_then(|migration| migration.dead_tuples),
        temp_bytes: inspected.and_then(|inspected| inspected.temp_bytes),
        wal_bytes,
        application_wal_bytes_per_s,
        application_wal_bytes: application_wal.zip(wal_bytes).map(|((rate, migrating), wal_bytes)| {
            let written = (rate * ms(migrating.width_us()) / 1000.0).round();
            (written as u64).min(wal_bytes)
        }),
    }
}
