//! A second opinion on a statement's syntax, for people who check a script without a server.
//!
//! `squawk-syntax` is not the server's own parser. Against the server's parser of PostgreSQL 18 it agreed on all
//! but about one in two thousand of 56 000 statements (regression tests, extension scripts, documentation). So
//! what it says is a warning, never an error.

use std::ops::Range;
use std::sync::Arc;
use std::thread;

use super::{Statement, lexer};
use crate::diagnostic::Diagnostic;
use crate::source::{Place, Source};

/// Longer statements are data rather than code. The limit also bounds how deep the parser can recurse.
const TEXT_LEN_MAX: usize = 8 * 1024;

/// Stack for the parser, which recurses with every parenthesis; only what is touched takes memory.
const STACK_BYTES: usize = 128 * 1024 * 1024;

/// What that parser is known to take for a mistake although the server accepts it.
const NOT_KNOWN_TO_PARSER: &[&str] = &[
    "ALTER SERVER",
    "ALTER STATISTICS",
    "ALTER USER MAPPING",
    "CREATE LANGUAGE",
    "CREATE USER MAPPING",
    "DROP USER MAPPING",
];

/// Warns of statements that may not be valid SQL, at most once for each.
pub(super) fn doubts<'a>(
    source: &Arc<Source>,
    statements: impl Iterator<Item = &'a Statement> + Send,
) -> Vec<Diagnostic> {
    let found = thread::scope(|scope| {
        let parser = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, move || statements.filter_map(first_mistake).collect::<Vec<_>>());
        // A parser that could not be run, or did not survive, has no opinion.
        parser.ok().and_then(|parser| parser.join().ok()).unwrap_or_default()
    });
    let warn = |span: Range<usize>| {
        Diagnostic::warning(Place::new(source, span), "this may not be valid SQL")
            .help("look around this place; the server has the last word")
    };
    found.into_iter().map(warn).collect()
}

/// Where in the file the first mistake of a statement is, if there seems to be one.
fn first_mistake(statement: &Statement) -> Option<Range<usize>> {
    let text = &statement.text;
    let is_beyond_parser = text.len() > TEXT_LEN_MAX
        || !statement.standard_strings
        || NOT_KNOWN_TO_PARSER.contains(&statement.tag.as_str());
    if is_beyond_parser {
        return None;
    }
    let errors = squawk_syntax::SourceFile::parse(text).errors();
    let at = usize::from(errors.first()?.range().start());
    // The parser's range may be empty, or the blank before the token that it stumbled over.
    let token = lexer::tokens(text, true).find(|token| token.span.end > at && token.kind.is_significant());
    let span = token.map_or(text.len()..text.len(), |token| {
        let first_line = text[token.span.clone()].lines().next().unwrap_or_default();
        token.span.start..token.span.start + first_line.len()
    });
    Some(statement.offset + span.start..statement.offset + span.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;
    use crate::sql::split;

    fn warned(text: &str) -> Vec<String> {
        let source = Arc::new(Source { path: "a.sql".to_owned(), text: text.to_owned() });
        let (_, diagnostics) = split(&source);
        assert!(
            diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning),
            "{diagnostics:?}"
        );
        diagnostics.into_iter().map(|diagnostic| text[diagnostic.place.span].to_owned()).collect()
    }

    #[test]
    fn mistakes_are_warned_of_where_they_are() {
        for (text, expected) in [
            ("SELECT 1;\nALTER TABEL t ADD a int;", "ALTER"),
            ("CREATE TABLE t (a int,, b int);", ","),
            ("ALTER TABLE t ADD COLUMN;", ""),
        ] {
            assert_eq!(warned(text), [expected], "{text}");
        }
    }

    #[test]
    fn one_warning_for_a_statement() {
        assert_eq!(warned("SELEC a FORM b WHER c; SELECT 1; UPDAT t SET a = 1;").len(), 2);
    }

    #[test]
    fn deep_nesting_and_long_chains_are_survived() {
        let len = TEXT_LEN_MAX - 100;
        for text in [
            format!("SELECT {}1{}", "(".repeat(len / 2), ")".repeat(len / 2)),
            format!("SELECT {}1", "@".repeat(len)),
            format!("SELECT {}1", "a[".repeat(len / 4)),
            format!("SELECT {}", "EXISTS(SELECT ".repeat(len / 16)),
        ] {
            let source = Arc::new(Source { path: "a.sql".to_owned(), text });
            assert_eq!(split(&source).0.len(), 1);
        }
    }
}
