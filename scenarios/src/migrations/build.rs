//! From files to migrations.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::folder::{Listing, ReadFile};
use super::markers::{self, Parts};
use super::names::{self, Direction, Named};
use super::tool::{Rule, Tool};
use super::{FileSum, Migration};
use crate::diagnostic::Diagnostic;
use crate::scenario::{Retry, SqlFile, Step, TransactionMode};
use crate::source::{Place, Source};
use crate::sql;

/// Every migration of the folder, in no order yet.
pub(super) fn build(listing: &Listing, tool: Tool, problems: &mut Vec<Diagnostic>) -> Vec<Migration> {
    let mut ups = Vec::new();
    let mut downs: BTreeMap<Vec<u64>, Vec<(&str, Named)>> = BTreeMap::new();
    for path in listing.files.keys() {
        let Some(named) = names::named(path) else { continue };
        // What undoes a migration with Flyway is one with refinery.
        if named.direction == Direction::Down && !(named.is_u && tool == Tool::Refinery) {
            downs.entry(named.key.clone()).or_default().push((path, named));
        } else {
            ups.push((path.as_str(), named));
        }
    }
    let mut list = Vec::new();
    for (path, named) in ups {
        let down = if named.direction == Direction::Again {
            None
        } else {
            downs.get_mut(&named.key).and_then(|downs| take_down(downs, &named))
        };
        list.extend(migration(listing, tool, path, named, down.as_deref(), problems));
    }
    for (path, named) in downs.into_values().flatten() {
        let message = format!("nothing is there for `{path}` to undo");
        let help = format!(
            "put back the file that makes the change of version {}, or take this one away",
            named.version
        );
        problems.push(Diagnostic::error(listing.top_of(path), message).help(help));
    }
    list
}

/// The file that undoes the migration of that name: the one of the same name, else any of its version.
fn take_down(downs: &mut Vec<(&str, Named)>, up: &Named) -> Option<String> {
    let at = downs.iter().position(|(_, down)| down.name == up.name).or((!downs.is_empty()).then_some(0))?;
    Some(downs.remove(at).0.to_owned())
}

fn migration(
    listing: &Listing,
    tool: Tool,
    path: &str,
    named: Named,
    down: Option<&str>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Migration> {
    let file = listing.files.get(path)?;
    let undo = down.and_then(|path| Some((path, listing.files.get(path)?)));
    let mut files = vec![sum(path, file)];
    files.extend(undo.map(|(path, undo)| sum(path, undo)));
    for beside in [Some(path), down].into_iter().flatten().filter_map(|path| configuration(tool, path)) {
        if let Some(found) =
            listing.files.get(&beside).filter(|_| files.iter().all(|file| file.path != beside))
        {
            files.push(sum(&beside, found));
        }
    }
    let text = &file.source;
    let parts = match tool {
        Tool::Dbmate => markers::dbmate(text),
        Tool::Goose => markers::goose(text),
        _ => Ok(Parts { up: (0..text.text.len(), Rule::Transaction), down: None, blocks: Vec::new() }),
    };
    let parts = parts.map_err(|problem| problems.push(problem)).ok()?;
    let mode_of = |path: &str, rule: Rule, file: &ReadFile, problems: &mut Vec<Diagnostic>| {
        let beside = configuration(tool, path).and_then(|beside| listing.files.get(&beside));
        mode(tool, rule, file, beside, problems)
    };
    let (span, rule) = parts.up;
    let transaction = mode_of(path, rule, file, problems);
    let up = step(text, span, transaction, problems);
    if rule == Rule::Statements {
        problems.extend(parts.blocks.iter().filter_map(|block| in_one_call(text, block, &up)));
    }
    let down = match (parts.down, undo) {
        (Some((span, rule)), _) => {
            let transaction = mode_of(path, rule, file, problems);
            vec![step(text, span, transaction, problems)]
        }
        (None, Some((path, undo))) => {
            let transaction = mode_of(path, Rule::Transaction, undo, problems);
            vec![step(&undo.source, 0..undo.source.text.len(), transaction, problems)]
        }
        (None, None) => Vec::new(),
    };
    // An empty part says that there is nothing to undo it with.
    let down = down.into_iter().filter(|step| !step.file.statements.is_empty()).collect();
    Some(Migration {
        version: named.version,
        name: named.name,
        file: path.to_owned(),
        files,
        up,
        down,
        repeatable: named.direction == Direction::Again,
        key: named.key,
    })
}

fn sum(path: &str, file: &ReadFile) -> FileSum {
    FileSum { path: path.to_owned(), sha256: file.sha256.clone() }
}

/// The file beside a migration that says how it runs.
fn configuration(tool: Tool, path: &str) -> Option<String> {
    match tool {
        Tool::Flyway => Some(format!("{path}.conf")),
        Tool::Diesel => Some(format!("{}/metadata.toml", path.rsplit_once('/')?.0)),
        _ => None,
    }
}

/// How a file runs, by the tool's rule, what the file says and what stands beside it.
fn mode(
    tool: Tool,
    marked: Rule,
    file: &ReadFile,
    beside: Option<&ReadFile>,
    problems: &mut Vec<Diagnostic>,
) -> TransactionMode {
    let rule = match tool {
        Tool::Numbered => return TransactionMode::Auto,
        Tool::Sqlx if markers::is_without_transaction(&file.source.text) => Rule::OneCall,
        Tool::Sqlx | Tool::Refinery => Rule::Transaction,
        Tool::GolangMigrate | Tool::Prisma => Rule::OneCall,
        Tool::Dbmate | Tool::Goose => marked,
        Tool::Flyway => match said(beside, "executeInTransaction", problems) {
            Some(false) => Rule::Statements,
            Some(true) => Rule::Transaction,
            None => Rule::Detected,
        },
        Tool::Diesel => match said(beside, "run_in_transaction", problems) {
            Some(false) => Rule::OneCall,
            Some(true) | None => Rule::Transaction,
        },
    };
    TransactionMode::Tool(tool, rule)
}

/// What `key = true` or `key=false` in a file says, if it is there.
fn said(beside: Option<&ReadFile>, key: &str, problems: &mut Vec<Diagnostic>) -> Option<bool> {
    let source = &beside?.source;
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let span = start..start + line.trim_end().len();
        start += line.len();
        let bare = line.split('#').next().unwrap_or_default();
        let Some((name, value)) = bare.split_once('=') else { continue };
        if name.trim().trim_start_matches("flyway.") != key {
            continue;
        }
        return match value.trim().to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                let message = format!("`{key}` is neither true nor false");
                let problem = Diagnostic::error(Place::new(source, span), message);
                problems.push(problem.help(format!("write {key} = false")));
                None
            }
        };
    }
    None
}

/// The statements of a part of a file.
fn step(
    source: &Arc<Source>,
    span: Range<usize>,
    transaction: TransactionMode,
    problems: &mut Vec<Diagnostic>,
) -> Step {
    let (statements, found) = sql::split(&only(source, &span));
    problems.extend(found.into_iter().map(|mut problem| {
        problem.place.source = Some(Arc::clone(source));
        problem
    }));
    Step { file: SqlFile { source: Arc::clone(source), statements }, transaction, retry: Retry::default() }
}

/// The text with blanks in place of everything outside of `span`, so that every place in it is one of the whole.
fn only(source: &Arc<Source>, span: &Range<usize>) -> Arc<Source> {
    if *span == (0..source.text.len()) {
        return Arc::clone(source);
    }
    let blank =
        |text: &str| -> String { text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect() };
    let text = &source.text;
    let masked = format!("{}{}{}", blank(&text[..span.start]), &text[span.clone()], blank(&text[span.end..]));
    Source::new(source.path.clone(), masked)
}

/// Warns where goose sends several statements in one call, which makes them one transaction, although it opens none.
fn in_one_call(source: &Arc<Source>, block: &Range<usize>, up: &Step) -> Option<Diagnostic> {
    let within = up.file.statements.iter().filter(|statement| block.contains(&statement.offset));
    let second = within.map(|statement| statement.offset).nth(1)?;
    let message = "goose sends this with the statement above it in one call, in one transaction; here each runs by itself";
    let line = source.text[second..].lines().next().unwrap_or_default();
    let place = Place::new(source, second..second + line.len());
    Some(
        Diagnostic::warning(place, message)
            .help("put each into its own StatementBegin and StatementEnd, or into none"),
    )
}
