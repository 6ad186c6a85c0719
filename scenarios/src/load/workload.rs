//! `[workload]`: the application that runs beside the migration.

use toml::de::DeValue;

use super::problems::Problems;
use super::toml_tree::{Node, Table};
use super::{keys, unique_names};
use crate::diagnostic::Diagnostic;
use crate::scenario::{Hold, HoldStart, HoldWork, Param, Probe, ProbeKind, Workload};
use crate::source::{Place, Source};
use crate::sql;

pub(super) fn read(node: &Node<'_>) -> Option<Workload> {
    let table = node.table(&keys::WORKLOAD)?;
    let default = Workload::default();
    let connections = table.get("connections").and_then(|node| node.integer(1..=10_000));
    let baseline = table.get("baseline").and_then(|node| node.duration());
    let settle = table.get("settle").and_then(|node| node.duration());
    let during_rollback = table.get("during_rollback").and_then(|node| node.boolean());
    let probes = table
        .get("probe")
        .and_then(|node| unique_names(&node.items()?, &keys::PROBE, node.problems(), probe));
    versions_apart(probes.as_deref().unwrap_or_default(), node.problems());
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
        during_rollback: during_rollback.unwrap_or(default.during_rollback),
        probes: probes.unwrap_or_default(),
        holds: holds.unwrap_or_default(),
    })
}

/// A phase may name either.
fn versions_apart(probes: &[Probe], problems: &Problems) {
    let is_version = |probe: &&Probe| probes.iter().any(|other| other.version.as_ref() == Some(&probe.name));
    for probe in probes.iter().filter(is_version) {
        let message = format!("`{}` is the name of a probe and of a version of the application", probe.name);
        let help = "give one of them another name, so that a phase can name either";
        problems.push(Diagnostic::error(probe.place.clone(), message).help(help));
    }
}

/// Requests per second. One in an hour is seldom enough for anybody, and what one machine can send has its limits too.
fn rate(node: &Node<'_>) -> Option<f64> {
    let rate = node.number_above_zero()?;
    let bounds = 1.0 / 3600.0..=100_000.0;
    if !bounds.contains(&rate) {
        node.wrong_with(
            format!("a rate of {rate} per second cannot be kept"),
            "write one from 0.0003 to 100_000",
        );
    }
    bounds.contains(&rate).then_some(rate)
}

fn probe(table: &Table<'_>) -> Option<Probe> {
    const KINDS: &[(&str, ProbeKind)] = &[("read", ProbeKind::Read), ("write", ProbeKind::Write)];
    let name = table.get("name").and_then(|node| node.text());
    let version = table.get("version").and_then(|node| node.text());
    let kind = table.get("kind").and_then(|node| node.word(KINDS));
    let sql = table.get("sql").and_then(|node| Some((node.text()?, node.place())));
    let params = match table.get("params") {
        Some(node) => node.items().map(|items| items.iter().map(param).collect::<Vec<_>>()),
        None => Some(Vec::new()),
    };
    let rate = table.get("rate").and_then(|node| rate(&node));
    let params = params?.into_iter().collect::<Option<Vec<_>>>();
    let ((sql, place), name, params) = (sql?, name?, params?);
    if !fits(&name, &sql, &place, params.len(), table) {
        return None;
    }
    Some(Probe { name, version, kind: kind?, sql, params, rate: rate?, place })
}

/// Whether a probe's statements can be sent as they are, each with its parameters.
fn fits(name: &str, text: &str, place: &Place, declared: usize, table: &Table<'_>) -> bool {
    let source = Source::new("", text);
    let (statements, _) = sql::split(&source);
    if let Some(own) = statements.iter().find(|statement| statement.kind.controls_transaction()) {
        let help = "leave it out: several statements of a probe are one transaction anyway";
        table.wrong_at(place.clone(), format!("{} in the probe {name}", own.tag), help);
        return false;
    }
    let wanted: usize = statements.iter().map(|statement| sql::parameters(&statement.text)).sum();
    if wanted != declared {
        let message =
            format!("the probe {name} has {wanted} parameters, and {declared} of them are declared");
        table.wrong_at(place.clone(), message, "name a column for each: params = [\"users.email\"]");
        return false;
    }
    true
}

/// `"users.email"` or `{ column = "users.email", absent = 0.1 }`.
fn param(node: &Node<'_>) -> Option<Param> {
    if !matches!(node.value(), DeValue::Table(_)) {
        return Some(Param { column: column(node)?, absent: 0.0, place: node.place() });
    }
    let table = node.table(&keys::PARAM)?;
    let named = table.get("column").and_then(|node| column(&node));
    let absent = match table.get("absent") {
        Some(node) => node.number_between(0.0, 1.0),
        None => Some(0.0),
    };
    Some(Param { column: named?, absent: absent?, place: node.place() })
}

/// `table.column` or `schema.table.column`.
fn column(node: &Node<'_>) -> Option<String> {
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
    let work = work(table);
    let place = ["sql", "table", "kind"].into_iter().find_map(|key| Some(table.get(key)?.place()));
    let start = table.get("start").and_then(|node| node.word(STARTS));
    let duration = table.get("for").and_then(|node| node.duration_above_zero());
    Some(Hold { work: work?, place: place?, start: start?, duration: duration? })
}

/// Either a statement, or one of the usual disturbers with its table.
fn work(table: &Table<'_>) -> Option<HoldWork> {
    const KINDS: &[(&str, &str)] = &[
        ("reader", "reader"),
        ("idle", "idle"),
        ("writer", "writer"),
        ("dump", "dump"),
        ("vacuum", "vacuum"),
    ];
    const HELP: &str =
        "write sql = \"SELECT count(*) FROM users\", or kind = \"reader\" with table = \"users\"";
    let on = table.get("table").map(|node| node.text());
    match (table.get("sql"), table.get("kind")) {
        (Some(sql), None) => {
            let text = sql.text()?;
            if on.is_some() {
                sql.wrong_with("`table` goes with `kind`, not with `sql`", HELP);
                return None;
            }
            Some(HoldWork::Sql(text))
        }
        (None, Some(kind)) => {
            let word = kind.word(KINDS)?;
            match (word, on) {
                ("dump", None) => Some(HoldWork::Dump),
                ("dump", Some(_)) => {
                    kind.wrong_with("a dump reads every table", "leave `table` out");
                    None
                }
                (_, None) => {
                    kind.wrong_with(format!("a {word} needs a table"), "add table = \"users\"");
                    None
                }
                ("reader", Some(on)) => Some(HoldWork::Reader(on?)),
                ("idle", Some(on)) => Some(HoldWork::Idle(on?)),
                ("writer", Some(on)) => Some(HoldWork::Writer(on?)),
                (_, Some(on)) => Some(HoldWork::Vacuum(on?)),
            }
        }
        (Some(sql), Some(_)) => {
            sql.wrong_with("a hold has either `sql` or `kind`", HELP);
            None
        }
        (None, None) => {
            table.wrong("a hold does nothing", HELP);
            None
        }
    }
}
