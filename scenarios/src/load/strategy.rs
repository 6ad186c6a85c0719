//! `[[strategy]]`: one candidate way to make the change.

use toml::de::DeValue;

use super::files::Files;
use super::problems::Problems;
use super::toml_tree::{Node, Table};
use super::{keys, phase, script};
use crate::diagnostic::Diagnostic;
use crate::scenario::{Expect, ExpectedVerdict, Probe, Retry, Step, Strategy, TransactionMode};

pub(super) fn read(
    table: &Table<'_>,
    files: &Files<'_>,
    probes: &[Probe],
    problems: &Problems,
) -> Option<Strategy> {
    let name = table.get("name").and_then(|name| name.text());
    let retry = retry(table, Retry::default());
    let steps = |node: Option<Node<'_>>| match node {
        Some(node) => steps(&node, files, problems, retry),
        None => Some(Vec::new()),
    };
    let parts = phase::parts(table, probes, &steps);
    let irreversible = table.get("irreversible").and_then(|irreversible| {
        let has_down = parts.as_ref().is_some_and(|parts| !parts.down.is_empty());
        if has_down || table.get("down").is_some() {
            irreversible.wrong_with(
                "both `down` and `irreversible`",
                "keep `down` where there is a way back, `irreversible` where there is none",
            );
        }
        irreversible.text()
    });
    let expect = table.get("expect").and_then(|expect| expectation(&expect, problems));
    let parts = parts?;
    Some(Strategy {
        name: name?,
        phases: parts.phases,
        nothing_to_undo: parts.nothing_to_undo,
        down: parts.down,
        irreversible,
        expect,
    })
}

/// How a strategy or a step waits for locks; what it does not say is as in `otherwise`.
fn retry(table: &Table<'_>, otherwise: Retry) -> Retry {
    let lock_timeout = table.get("lock_timeout").and_then(|node| node.duration_above_zero());
    let retries = table.get("retries").and_then(|node| node.integer(0..=1_000));
    let backoff = table.get("backoff").and_then(|node| node.duration());
    Retry {
        lock_timeout: lock_timeout.or(otherwise.lock_timeout),
        retries: retries.and_then(|retries| u32::try_from(retries).ok()).unwrap_or(otherwise.retries),
        backoff: backoff.unwrap_or(otherwise.backoff),
    }
}

fn steps(node: &Node<'_>, files: &Files<'_>, problems: &Problems, retry: Retry) -> Option<Vec<Step>> {
    let items = node.items()?;
    if items.is_empty() {
        node.wrong(format!("`{}` has no step", node.key()));
        return None;
    }
    // Every step is read before the first bad one stops the strategy.
    let steps: Vec<_> = items.iter().map(|item| step(item, files, problems, retry)).collect();
    steps.into_iter().collect()
}

/// `"file.sql"` or `{ file = "file.sql", transaction = "none" }`.
fn step(node: &Node<'_>, files: &Files<'_>, problems: &Problems, of_strategy: Retry) -> Option<Step> {
    let (file, transaction, retry) = match node.value() {
        DeValue::String(_) => (files.script(node), TransactionMode::Auto, of_strategy),
        DeValue::Table(_) => {
            let table = node.table(&keys::STEP)?;
            let file = table.get("file").and_then(|file| files.script(&file));
            let transaction = table.get("transaction").map_or(Some(TransactionMode::Auto), |transaction| {
                transaction.word(&[
                    ("auto", TransactionMode::Auto),
                    ("file", TransactionMode::File),
                    ("none", TransactionMode::None),
                ])
            });
            (file, transaction?, retry(&table, of_strategy))
        }
        _ => {
            node.mistyped("a file name or { file = \"…\", transaction = \"…\" }");
            return None;
        }
    };
    let file = file?;
    problems.extend(script::check(&file, transaction));
    Some(Step { file, transaction, retry })
}

fn expectation(node: &Node<'_>, problems: &Problems) -> Option<Expect> {
    let table = node.table(&keys::EXPECT)?;
    let verdict = table.get("verdict").and_then(|verdict| {
        verdict.word(&[("pass", ExpectedVerdict::Pass), ("fail", ExpectedVerdict::Fail)])
    });
    let findings = table.get("findings").and_then(|findings| findings.items()).unwrap_or_default();
    let findings: Vec<_> = findings.iter().filter_map(|finding| finding.text()).collect();
    if table.get("verdict").is_none() && table.get("findings").is_none() {
        let help = format!("write {}, or leave it out", "expect = { verdict = \"fail\" }");
        problems.push(Diagnostic::warning(table.place(), "`expect` expects nothing").help(help));
    }
    Some(Expect { verdict, findings })
}
