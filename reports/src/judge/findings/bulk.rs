//! Much that was written, and much that is left to clean up.

use std::collections::BTreeSet;

use super::{DEAD_TUPLES_LEFT, WAL_HEAVY, numbers};
use crate::judge::Terms;
use crate::judge::budget::{self, is_new};
use crate::model::Quantity;
use crate::model::rehearsal::Rehearsal;
use crate::model::strategy::{Finding, Severity};
use crate::units;

/// PostgreSQL's default `max_wal_size`: beyond it the server checkpoints before its time, and replicas and archives feel
/// it.
const WAL_BYTES: u64 = 1 << 30;
/// On less data the same change writes less: so many times the tables that it touched is as much. Writing a table anew,
/// or every row once, with its indexes and the full pages after a checkpoint, comes to two to three times.
const TABLE_SIZES: u64 = 2;
/// Below this the fixed costs of a small database are all that is seen, bytes.
const WAL_BYTES_MIN: u64 = 64 << 20;
/// Autovacuum's own threshold is a fifth of a table; a tenth of all rows is well on the way.
const DEAD_PART: u64 = 10;
const DEAD_MIN: u64 = 10_000;

pub(super) fn findings(rehearsal: &Rehearsal, terms: Terms) -> Vec<Finding> {
    wal(rehearsal, terms).into_iter().chain(dead_tuples(rehearsal, terms)).collect()
}

fn wal(rehearsal: &Rehearsal, terms: Terms) -> Option<Finding> {
    let wal_bytes = rehearsal.after.wal_bytes?;
    let of_application = rehearsal.after.application_wal_bytes;
    let locked: BTreeSet<&str> = rehearsal.locks.iter().map(|lock| lock.relation.as_str()).collect();
    let sized = terms.dataset.iter().flat_map(|dataset| &dataset.tables);
    let touched =
        sized.filter(|table| locked.contains(table.name.as_str()) && !is_new(rehearsal, &table.name));
    let touched_bytes: u64 = touched.filter_map(|table| table.bytes).sum();
    let limit_bytes = match touched_bytes {
        0 => WAL_BYTES,
        touched_bytes => touched_bytes.saturating_mul(TABLE_SIZES).clamp(WAL_BYTES_MIN, WAL_BYTES),
    };
    if wal_bytes.saturating_sub(of_application.unwrap_or(0)) <= limit_bytes {
        return None;
    }
    let written = |index: usize| rehearsal.statements.get(index).and_then(|statement| statement.wal_bytes);
    let most = (0..rehearsal.statements.len()).max_by_key(|index| written(*index));
    let most = most.and_then(|index| rehearsal.statements.get(index)).filter(|most| most.wal_bytes > Some(0));
    let application =
        of_application.map_or_else(String::new, |bytes| format!(", {}", budget::wrote_itself(bytes)));
    let of = if touched_bytes > 0 {
        format!("; the tables that it touched have {}", units::bytes(touched_bytes))
    } else {
        String::new()
    };
    Some(Finding {
        id: WAL_HEAVY.to_owned(),
        severity: Severity::Medium,
        repetition: rehearsal.repetition,
        statement: most.map(|statement| statement.index),
        relation: None,
        subject: None,
        evidence: format!("{} of WAL were written while it ran{application}{of}", units::bytes(wal_bytes)),
        numbers: numbers([
            ("wal_bytes", Some(Quantity::Whole(wal_bytes))),
            ("application_wal_bytes", of_application.map(Quantity::Whole)),
            ("touched_bytes", (touched_bytes > 0).then_some(Quantity::Whole(touched_bytes))),
            ("threshold_bytes", Some(Quantity::Whole(limit_bytes))),
        ]),
        advice: "Every replica has to receive and replay it, and every archive to keep it: spread the change over time (batches \
                 with pauses), and watch replication lag between them (`SELECT replay_lag FROM pg_stat_replication;`)."
            .to_owned(),
    })
}

fn dead_tuples(rehearsal: &Rehearsal, terms: Terms) -> Option<Finding> {
    let rows = terms.dataset?.rows?;
    // The statistics of a copied database begin at 0: what the profile itself asks for is in neither number.
    let dead = rehearsal.after.dead_tuples?.saturating_sub(rehearsal.after.dead_tuples_before?);
    if dead <= DEAD_MIN || dead <= rows / DEAD_PART {
        return None;
    }
    Some(Finding {
        id: DEAD_TUPLES_LEFT.to_owned(),
        severity: Severity::Low,
        repetition: rehearsal.repetition,
        statement: None,
        relation: None,
        subject: None,
        evidence: format!(
            "{} are left behind, beside {}: tables and indexes keep their size, and scans read them all until VACUUM has run",
            units::plural(dead, "dead row version", "dead row versions"),
            units::plural(rows, "row", "rows"),
        ),
        numbers: numbers([
            ("dead_tuples", Some(Quantity::Whole(dead))),
            ("rows", Some(Quantity::Whole(rows))),
        ]),
        advice: "Change rows in batches and `VACUUM` the table between them, so that later batches use the room of earlier \
                 ones; `VACUUM (ANALYZE)` it at the end. `VACUUM FULL` is not the cure: it locks everybody out."
            .to_owned(),
    })
}
