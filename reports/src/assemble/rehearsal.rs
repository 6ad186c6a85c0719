//! One rehearsal's part of the report.

use std::collections::BTreeMap;

use crate::event::{BudgetDeclared, Inspected, Outcome};
use crate::locks;
use crate::model::rehearsal::{After, Dropped, KernelTrace, Rehearsal, Sampler, Step};
use crate::statements;
use crate::timeline::Timeline;
use crate::window::ms;
use crate::workload;

/// The rehearsal, and the locks of which the observers tell different stories.
pub(super) fn rehearsal(timeline: &Timeline, budget: &BudgetDeclared) -> (Rehearsal, Vec<String>) {
    let watched = locks::watch(timeline);
    let (outcome, error) = outcome(timeline);
    let started = timeline.started;
    let felt = workload::felt(timeline, &watched, budget);
    let sampler = timeline.sampler;
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
        duration_ms: timeline.migrating().map(|migrating| ms(migrating.width_us())),
        steps: timeline
            .steps
            .iter()
            .map(|step| Step {
                file: step.file.clone(),
                transaction: step.transaction,
                why: step.why.clone(),
                lock_timeout_ms: step.lock_timeout_ms,
                attempts: workload::attempts(timeline, step.step, &felt.probes),
            })
            .collect(),
        statements: statements::statements(timeline, &watched.migration_waits),
        locks: watched.locks,
        strongest_locks: watched.strongest,
        blocked: watched.blocked,
        lock_queue: watched.queue,
        workload: felt.run,
        holds: workload::holds(timeline),
        probes: felt.probes,
        after: after(timeline),
        rollback: None,
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

fn outcome(timeline: &Timeline) -> (Outcome, Option<String>) {
    match (timeline.finished, timeline.migration_finished) {
        (Some(finished), _) => (finished.outcome, finished.error.clone()),
        (None, migrated) => {
            let outcome = migrated.map_or(Outcome::Interrupted, |(_, finished)| finished.outcome);
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
