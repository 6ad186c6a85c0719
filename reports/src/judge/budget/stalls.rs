//! What the application's stalls prove of their limits.

use crate::event::LockMode;
use crate::model::Quantity;
use crate::model::lock::Lock;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{BudgetLine, BudgetStatus};
use crate::model::workload::Probe;
use crate::units;
use crate::window::to_the_us;

fn of_kind<'a>(rehearsal: &'a Rehearsal, kind: &str) -> impl Iterator<Item = &'a Probe> {
    rehearsal.probes.iter().filter(move |probe| probe.kind == kind)
}

/// Longest wait of a request of that kind that can be the migration's doing. Where such requests were sent, but the
/// migration was over before the next was due, the longest that one could have waited for its locks. None where no such
/// requests were sent, or where nobody watched the locks.
pub(crate) fn stall(rehearsal: &Rehearsal, kind: &str) -> Option<Quantity> {
    let due = of_kind(rehearsal, kind).filter(|probe| probe.due > 0);
    let felt_ms = due.map(possible_ms).max_by(f64::total_cmp);
    let kept_out_ms = || {
        let is_known = of_kind(rehearsal, kind).next().is_some() && rehearsal.sampler.is_some();
        is_known.then(|| kept_out(rehearsal, kind).map(|kept| kept.ms).fold(0.0, f64::max))
    };
    felt_ms.or_else(kept_out_ms).map(Quantity::Fraction)
}

fn possible_ms(probe: &Probe) -> f64 {
    probe.stall_of_migration_ms_max.max(probe.stall_unexplained_ms_max)
}

/// The line with what can be told of it. A stall proves something where the machine and the generator can be trusted, and
/// a lock of the migration explains it, or nothing else was long. Where not, it proves what the server's own locks prove.
pub(super) fn judged(line: BudgetLine, kind: &str, rehearsals: &[Rehearsal]) -> BudgetLine {
    if line.measured.is_none() {
        return line;
    }
    let limit_ms = line.allowed.as_f64();
    if rehearsals.iter().any(|rehearsal| proven_ms(rehearsal, kind) > limit_ms) {
        return BudgetLine { status: BudgetStatus::Fail, doubt: None, ..line };
    }
    let distrusted = || rehearsals.iter().find_map(|rehearsal| distrust(rehearsal, kind)).map(str::to_owned);
    let unexplained = || unexplained(rehearsals, kind, limit_ms);
    let too_rare = || rehearsals.iter().find_map(|rehearsal| too_rare(rehearsal, kind, limit_ms));
    match distrusted().or_else(unexplained).or_else(too_rare) {
        Some(doubt) => BudgetLine { status: BudgetStatus::NotMeasured, doubt: Some(doubt), ..line },
        None => line,
    }
}

/// The longest wait of that kind that is the migration's doing beyond doubt; 0 where there was none.
fn proven_ms(rehearsal: &Rehearsal, kind: &str) -> f64 {
    let stalls = of_kind(rehearsal, kind).flat_map(|probe| &probe.stalls);
    let by_locks_ms = stalls.map(|stall| stall.behind_migration_ms_max).fold(0.0, f64::max);
    if distrust(rehearsal, kind).is_some() {
        return by_locks_ms;
    }
    of_kind(rehearsal, kind).map(|probe| probe.stall_of_migration_ms_max).fold(by_locks_ms, f64::max)
}

/// Why stalls of that kind may not be the migration's doing; none where they can be trusted.
fn distrust<'a>(rehearsal: &'a Rehearsal, kind: &str) -> Option<&'a str> {
    let workload = rehearsal.workload.as_ref()?;
    let of_kind = workload.noisy_kinds.is_empty() || workload.noisy_kinds.iter().any(|noisy| noisy == kind);
    workload.why_not.as_deref().filter(|_| of_kind)
}

fn unexplained(rehearsals: &[Rehearsal], kind: &str, limit_ms: f64) -> Option<String> {
    let probes = rehearsals.iter().flat_map(|rehearsal| of_kind(rehearsal, kind));
    let longest_ms = probes.map(|probe| probe.stall_unexplained_ms_max).fold(0.0, f64::max);
    (longest_ms > limit_ms).then(|| {
        format!(
            "no lock of the migration explains a wait of {}: its load, or the machine",
            units::duration(longest_ms)
        )
    })
}

/// Where a lock kept requests out for longer than the limit, and so few of them came that none has to have met it.
fn too_rare(rehearsal: &Rehearsal, kind: &str, limit_ms: f64) -> Option<String> {
    let kept = kept_out(rehearsal, kind).filter(|kept| kept.ms > limit_ms);
    let at_most_ms = |probe: &Probe| possible_ms(probe) + probe.stall_uncertainty_ms;
    let doubted = kept.filter_map(|kept| {
        let meets = of_kind(rehearsal, kind)
            .filter(|probe| uses(&probe.sql, kept.table) && lives(rehearsal, probe, kept.statement));
        let closest = meets.min_by(|one, other| at_most_ms(one).total_cmp(&at_most_ms(other)))?;
        (at_most_ms(closest) > limit_ms).then_some((kept, closest.stall_uncertainty_ms))
    });
    let longest = doubted.max_by(|(one, _), (other, _)| one.ms.total_cmp(&other.ms));
    longest.map(|(Kept { table, mode, ms, .. }, every_ms)| {
        format!(
            "requests every {} are too rare to tell: {mode:?} on {table} kept {kind}s out for {}",
            units::duration(every_ms),
            units::duration(ms)
        )
    })
}

/// How long a lock kept requests out.
#[derive(Debug, Clone, Copy)]
struct Kept<'a> {
    /// The table, or that of the index.
    table: &'a str,
    mode: LockMode,
    /// The statement that took it.
    statement: Option<u32>,
    /// From being asked for to its release, at most.
    ms: f64,
}

/// The locks that kept requests of that kind from what was there before the migration.
fn kept_out<'a>(rehearsal: &'a Rehearsal, kind: &'a str) -> impl Iterator<Item = Kept<'a>> {
    let blocks = move |lock: &Lock| if kind == "read" { lock.blocks.reads() } else { lock.blocks.writes() };
    let locks =
        rehearsal.locks.iter().filter(move |lock| blocks(lock) && lock.created_by_migration != Some(true));
    locks.filter_map(|lock| {
        let (from_ms, to_ms) = lock.live_ms()?;
        let table = lock.of_table.as_deref().unwrap_or(&lock.relation);
        Some(Kept { table, mode: lock.mode, statement: lock.statement, ms: to_the_us(to_ms - from_ms) })
    })
}

/// Whether a probe is sent in the phase of the strategy that a statement is of: one that is not meets none of its locks.
fn lives(rehearsal: &Rehearsal, probe: &Probe, statement: Option<u32>) -> bool {
    let statement = rehearsal.statements.iter().find(|known| Some(known.index) == statement);
    let step = statement.and_then(|statement| rehearsal.steps.get(usize::try_from(statement.step).ok()?));
    let index = step.and_then(|step| step.phase);
    let phase = rehearsal.phases.iter().find(|phase| Some(phase.index) == index);
    phase.is_none_or(|phase| phase.probes.contains(&probe.name))
}

/// Whether a query names that table, `schema.name`.
fn uses(sql: &str, table: &str) -> bool {
    let name = table.rsplit_once('.').map_or(table, |(_, name)| name).trim_matches('"').to_lowercase();
    let sql = sql.to_lowercase();
    let is_of_a_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    if name.chars().all(is_of_a_name) {
        sql.split(|letter| !is_of_a_name(letter)).any(|word| word == name)
    } else {
        sql.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_its_tables() {
        assert!(uses("SELECT id FROM public.Users WHERE email = $1", "public.users"));
        assert!(!uses("SELECT users_id FROM orders", "public.users"));
        assert!(uses("UPDATE \"Odd name\" SET a = 1", "public.\"Odd name\""));
    }
}
