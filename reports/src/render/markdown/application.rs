//! What the application went through.

use super::write::{self, Markdown, code};
use crate::model::rehearsal::Rehearsal;
use crate::model::workload::Probe;
use crate::render::words;

/// The probes with their numbers, and what they waited for; nothing where none ran.
pub(super) fn application(page: &mut Markdown, rehearsal: &Rehearsal) {
    let Rehearsal { workload, probes, statements, .. } = rehearsal;
    probe_table(page, probes);
    let lines = words::application(workload.as_ref(), probes, statements).into_iter();
    let lines = lines.map(|(kind, line)| format!("{kind}: {line}")).chain(words::holds(rehearsal));
    page.list(lines.map(|line| write::escape(&line)));
}

/// Of each probe a row.
pub(super) fn probe_table(page: &mut Markdown, probes: &[Probe]) {
    let rows = probes.iter().map(|probe| {
        let mut cells = vec![code(&probe.name)];
        cells.extend(words::probe_cells(probe));
        cells
    });
    let heads =
        ["probe", "kind", "rate", "baseline p50 / p99", "during p99 / slowest", "longest stall", "failed"];
    page.table(&heads, rows);
}
