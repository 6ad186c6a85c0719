//! `[[strategy.phase]]`: the parts of a strategy, and the versions of the application that live through each.

use std::collections::BTreeSet;

use super::toml_tree::{Node, Table};
use super::{keys, unique_names};
use crate::nearest::nearest;
use crate::scenario::{DataCheck, Probe, Step, StrategyPhase};
use crate::sql;

/// The steps of a strategy.
pub(super) struct Parts {
    pub(super) phases: Vec<StrategyPhase>,
    /// Those of the last phase first.
    pub(super) down: Vec<Step>,
    /// Whether every phase with steps says so.
    pub(super) nothing_to_undo: bool,
}

/// Reads a list of steps, which is empty where there is none.
type ReadSteps<'a> = dyn Fn(Option<Node<'_>>) -> Option<Vec<Step>> + 'a;

/// A phase with its own steps down.
struct Read {
    phase: StrategyPhase,
    /// Empty where there is nothing to undo; none where nobody says how.
    down: Option<Vec<Step>>,
}

/// Reads `up`, `down` and `verify` of a strategy, or else its phases.
pub(super) fn parts(table: &Table<'_>, probes: &[Probe], steps: &ReadSteps<'_>) -> Option<Parts> {
    let Some(node) = table.get("phase") else {
        let up = steps(table.get("up"));
        let down = steps(table.get("down"));
        let lives = living(table, probes);
        let verify = checks(table);
        let phase = StrategyPhase { name: None, up: up?, probes: lives?, verify: verify? };
        return Some(Parts { phases: vec![phase], down: down?, nothing_to_undo: false });
    };
    for key in ["up", "down", "probes", "verify"] {
        if let Some(twice) = table.get(key) {
            let message = format!("`{key}` of a strategy that is written in phases");
            twice.wrong_with(message, "move it into the phase that it belongs to");
        }
    }
    let items = node.items()?;
    if items.is_empty() {
        node.wrong_with("no phase", "write up = [\"plain.up.sql\"], or a [[strategy.phase]]");
        return None;
    }
    let read = |table: &Table<'_>| phase(table, probes, steps);
    let read = unique_names(&items, &keys::PHASE, node.problems(), read)?;
    if read.iter().all(|read| read.phase.up.is_empty()) {
        node.wrong_with("no phase has a step", "write up = [\"expand.up.sql\"] in one of them");
        return None;
    }
    let has_way_back = read.iter().any(|read| read.down.is_some());
    let one_way = |read: &&Read| read.down.is_none() && !read.phase.up.is_empty();
    if let Some(name) = read.iter().find(one_way).and_then(|read| read.phase.name.as_ref())
        && has_way_back
    {
        let message =
            format!("there is no way back past the phase {name}: it has no `down`, and others have");
        node.wrong_with(
            message,
            "write `down` in every phase with steps (down = [] where there is nothing to undo), or in none",
        );
        return None;
    }
    let (phases, downs): (Vec<_>, Vec<_>) = read.into_iter().map(|read| (read.phase, read.down)).unzip();
    let down: Vec<Step> = downs.into_iter().rev().flatten().flatten().collect();
    Some(Parts { phases, nothing_to_undo: has_way_back && down.is_empty(), down })
}

fn phase(table: &Table<'_>, probes: &[Probe], steps: &ReadSteps<'_>) -> Option<Read> {
    let name = table.get("name").and_then(|name| name.text());
    let up = steps(table.get("up"));
    let down = match table.get("down") {
        None => Some(None),
        Some(node) if node.items()?.is_empty() => Some(Some(Vec::new())),
        node => steps(node).map(Some),
    };
    let lives = living(table, probes);
    let verify = checks(table);
    let phase = StrategyPhase { name: Some(name?), up: up?, probes: lives?, verify: verify? };
    Some(Read { phase, down: down? })
}

/// The probes that are named, by themselves or with all others of their version; none where nobody names any.
#[expect(clippy::option_option, reason = "the outer one is none where something is wrong")]
fn living(table: &Table<'_>, probes: &[Probe]) -> Option<Option<Vec<String>>> {
    let Some(node) = table.get("probes") else { return Some(None) };
    let mut named = BTreeSet::new();
    for item in node.items()? {
        let name = item.text()?;
        let is_meant = |probe: &&Probe| probe.name == name || probe.version.as_ref() == Some(&name);
        let mut meant = probes.iter().filter(is_meant).map(|probe| &probe.name).peekable();
        if meant.peek().is_none() {
            item.wrong_with(
                format!("no probe and no version of the application is called `{name}`"),
                not_known(&name, probes),
            );
        }
        named.extend(meant);
    }
    let names = probes.iter().map(|probe| &probe.name).filter(|name| named.contains(name));
    Some(Some(names.cloned().collect()))
}

fn not_known(name: &str, probes: &[Probe]) -> String {
    let versions: BTreeSet<&str> = probes.iter().filter_map(|probe| probe.version.as_deref()).collect();
    let known: Vec<&str> = probes.iter().map(|probe| probe.name.as_str()).chain(versions).collect();
    if known.is_empty() {
        return "the workload declares no probe: write a [[workload.probe]], or leave `probes` out"
            .to_owned();
    }
    let list = format!("there are {}", known.join(", "));
    match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? {list}"),
        None => list,
    }
}

fn checks(table: &Table<'_>) -> Option<Vec<DataCheck>> {
    let Some(node) = table.get("verify") else { return Some(Vec::new()) };
    unique_names(&node.items()?, &keys::VERIFY, node.problems(), |table| {
        let name = table.get("name").and_then(|node| node.text());
        let query = table.get("sql").and_then(|node| Some((query(&node)?, node.place())));
        let (sql, place) = query?;
        Some(DataCheck { name: name?, sql, place })
    })
}

/// The one statement of a text.
fn query(node: &Node<'_>) -> Option<String> {
    let mut statements = sql::texts(&node.text()?);
    if statements.len() != 1 {
        node.wrong_with("a check is one query", "write a SELECT of which every row is a mistake in the data");
        return None;
    }
    statements.pop()
}
