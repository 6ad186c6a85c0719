//! `[workload]`: the application that runs beside the migration.

use super::toml_tree::{Node, Table};
use super::{keys, unique_names};
use crate::scenario::{Hold, HoldStart, Probe, ProbeKind, Workload};

pub(super) fn read(node: &Node<'_>) -> Option<Workload> {
    let table = node.table(&keys::WORKLOAD)?;
    let default = Workload::default();
    let connections = table.get("connections").and_then(|node| node.integer(1..=10_000));
    let baseline = table.get("baseline").and_then(|node| node.duration());
    let settle = table.get("settle").and_then(|node| node.duration());
    let probes = table
        .get("probe")
        .and_then(|node| unique_names(&node.items()?, &keys::PROBE, node.problems(), probe));
    let holds = table.get("hold").and_then(|node| {
        node.items()?
            .iter()
            .map(|item| hold(&item.table(&keys::HOLD)?))
            .collect::<Vec<_>>()
            .into_iter()
            .collect()
    });
    Some(Workload {
        connections: connections.and_then(|n| u32::try_from(n).ok()).unwrap_or(default.connections),
        baseline: baseline.unwrap_or(default.baseline),
        settle: settle.unwrap_or(default.settle),
        probes: probes.unwrap_or_default(),
        holds: holds.unwrap_or_default(),
    })
}

fn probe(table: &Table<'_>) -> Option<Probe> {
    const KINDS: &[(&str, ProbeKind)] = &[("read", ProbeKind::Read), ("write", ProbeKind::Write)];
    let name = table.get("name").and_then(|node| node.text());
    let kind = table.get("kind").and_then(|node| node.word(KINDS));
    let sql = table.get("sql").and_then(|node| node.text());
    let params = match table.get("params") {
        Some(node) => node.items().map(|items| items.iter().map(param).collect::<Vec<_>>()),
        None => Some(Vec::new()),
    };
    let rate = table.get("rate").and_then(|node| node.number_above_zero());
    let params = params?.into_iter().collect::<Option<Vec<_>>>();
    Some(Probe { name: name?, kind: kind?, sql: sql?, params: params?, rate: rate? })
}

/// `table.column` or `schema.table.column`.
fn param(node: &Node<'_>) -> Option<String> {
    let text = node.text()?;
    let parts: Vec<_> = text.split('.').collect();
    let shaped = matches!(parts.len(), 2 | 3) && parts.iter().all(|part| !part.trim().is_empty());
    if !shaped {
        node.wrong_with(
            format!("`{text}` does not name a column"),
            "name the table and its column: params = [\"users.email\"]",
        );
    }
    shaped.then_some(text)
}

fn hold(table: &Table<'_>) -> Option<Hold> {
    const STARTS: &[(&str, HoldStart)] = &[("before", HoldStart::Before), ("during", HoldStart::During)];
    let sql = table.get("sql").and_then(|node| node.text());
    let start = table.get("start").and_then(|node| node.word(STARTS));
    let duration = table.get("for").and_then(|node| node.duration_above_zero());
    Some(Hold { sql: sql?, start: start?, duration: duration? })
}
