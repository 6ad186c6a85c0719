//! How a file is wrapped in transactions, and what in it will not go well in them.

use std::sync::Arc;

use super::{Statement, StatementKind};
use crate::diagnostic::Diagnostic;
use crate::migrations::{Rule, Tool};
use crate::scenario::TransactionMode;
use crate::source::{Place, Source};

/// How the statements of a file are put into transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The runner begins one transaction before the first statement and commits it after the last.
    File,
    /// The file's own BEGIN and COMMIT are kept; what stands outside them runs by itself.
    Explicit,
    /// Each statement runs by itself.
    Statement,
}

/// The shape that `mode` gives to these statements, and the sentence that says why.
///
/// With [`TransactionMode::File`] it is always [`Shape::File`], whatever the statements are: whether they bear
/// it is for the caller to check.
pub fn shape(statements: &[Statement], mode: TransactionMode) -> (Shape, String) {
    let own = statements.iter().find(|statement| statement.kind.controls_transaction());
    let alone = statements.iter().find(|statement| statement.kind == StatementKind::NonTransactional);
    match (mode, own, alone) {
        (TransactionMode::File, ..) => {
            (Shape::File, "In one transaction, as `transaction = \"file\"` asks.".to_owned())
        }
        (TransactionMode::None, Some(own), _) => (
            Shape::Explicit,
            format!(
                "The file's own {} on line {} is kept; nothing else is wrapped, as `transaction = \"none\"` asks.",
                own.tag, own.line
            ),
        ),
        (TransactionMode::None, None, _) => {
            (Shape::Statement, "Statement by statement, as `transaction = \"none\"` asks.".to_owned())
        }
        (TransactionMode::Auto, Some(own), _) => (
            Shape::Explicit,
            format!("The file manages its own transactions: {} on line {} is kept.", own.tag, own.line),
        ),
        (TransactionMode::Auto, None, Some(alone)) => (
            Shape::Statement,
            format!(
                "Statement by statement, because {} on line {} cannot run in a transaction.",
                alone.tag, alone.line
            ),
        ),
        (TransactionMode::Auto, None, None) => (
            Shape::File,
            "In one transaction: the file has neither its own BEGIN nor a statement that cannot run in one."
                .to_owned(),
        ),
        (TransactionMode::Tool(tool, rule), Some(own), _) => (
            Shape::Explicit,
            format!(
                "{} {}, and the file manages its own transactions: {} on line {} is kept.",
                tool.title(),
                match rule {
                    Rule::Transaction | Rule::Detected => "opens a transaction",
                    Rule::OneCall => "sends the file in one call",
                    Rule::Statements => "sends statement by statement",
                },
                own.tag,
                own.line
            ),
        ),
        (TransactionMode::Tool(tool, rule), None, alone) => by_tool(tool, rule, statements, alone),
    }
}

/// The shape that a tool gives to a file without BEGIN and COMMIT of its own.
fn by_tool(tool: Tool, rule: Rule, statements: &[Statement], alone: Option<&Statement>) -> (Shape, String) {
    let title = tool.title();
    match (rule, alone) {
        (Rule::Transaction, _) => (Shape::File, format!("In one transaction, as {title} runs a migration.")),
        (Rule::OneCall, _) if statements.len() < 2 => (
            Shape::Statement,
            format!(
                "By itself: {title} sends the file as it is, and a single statement needs no transaction."
            ),
        ),
        (Rule::OneCall, _) => (
            Shape::File,
            format!(
                "In one transaction: {title} sends the file in one call, and PostgreSQL runs the statements of one call \
                 in one transaction."
            ),
        ),
        (Rule::Detected, Some(alone)) => (
            Shape::Statement,
            format!(
                "Statement by statement, because {title} sees that {} on line {} cannot run in a transaction.",
                alone.tag, alone.line
            ),
        ),
        (Rule::Detected, None) => (Shape::File, format!("In one transaction, as {title} runs a migration.")),
        (Rule::Statements, _) => {
            (Shape::Statement, format!("Statement by statement, as the migration tells {title} to."))
        }
    }
}

/// Warns of what the server will refuse, or quietly undo, because of the file's own transactions.
pub(super) fn doubts(source: &Arc<Source>, statements: &[Statement]) -> Vec<Diagnostic> {
    let place = |statement: &Statement| {
        let first_line = statement.text.lines().next().unwrap_or_default();
        Place::new(source, statement.offset..statement.offset + first_line.len())
    };
    let mut diagnostics = Vec::new();
    let mut open: Option<&Statement> = None;
    for statement in statements {
        match statement.kind {
            StatementKind::Begin => open = open.or(Some(statement)),
            StatementKind::Commit | StatementKind::Rollback => open = None,
            StatementKind::Chain | StatementKind::Transactional => {}
            StatementKind::NonTransactional => {
                if let Some(begin) = open {
                    diagnostics.push(
                        Diagnostic::warning(
                            place(statement),
                            format!(
                                "{} cannot run in a transaction, and the one of line {} is still open here",
                                statement.tag, begin.line
                            ),
                        )
                        .help("commit before it, or move it to a file of its own"),
                    );
                }
            }
        }
    }
    if let Some(begin) = open {
        diagnostics.push(
            Diagnostic::warning(
                place(begin),
                "the transaction begun here is never committed, so nothing of it stays",
            )
            .help("add COMMIT; where it should end"),
        );
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::split;

    fn shape_of(text: &str, mode: TransactionMode) -> (Shape, String) {
        let source = Arc::new(Source { path: "a.sql".to_owned(), text: text.to_owned() });
        shape(&split(&source).0, mode)
    }

    fn messages(text: &str) -> Vec<String> {
        let source = Arc::new(Source { path: "a.sql".to_owned(), text: text.to_owned() });
        split(&source).1.into_iter().map(|diagnostic| diagnostic.message).collect()
    }

    const PLAIN: &str = "ALTER TABLE t ADD a int;\nUPDATE t SET a = 1;";
    const ALONE: &str = "SET lock_timeout = '1s';\nCREATE INDEX CONCURRENTLY i ON t (a);";
    const OWN: &str = "-- two parts\nBEGIN;\nSELECT 1;\nCOMMIT;\nVACUUM t;";

    #[test]
    fn auto_follows_the_file() {
        let cases = [
            (PLAIN, Shape::File, "neither its own BEGIN"),
            (ALONE, Shape::Statement, "CREATE INDEX CONCURRENTLY on line 2 cannot run in a transaction."),
            (OWN, Shape::Explicit, "BEGIN on line 2 is kept."),
            ("UPDATE t SET a = 1; COMMIT; SELECT 1;", Shape::Explicit, "COMMIT on line 1"),
            ("", Shape::File, "one transaction"),
            ("SAVEPOINT a; ROLLBACK TO a; RELEASE a;", Shape::File, "one transaction"),
        ];
        for (text, expected, why) in cases {
            let (shape, sentence) = shape_of(text, TransactionMode::Auto);
            assert_eq!(shape, expected, "{text}");
            assert!(sentence.contains(why), "{sentence}");
        }
    }

    #[test]
    fn a_declared_mode_is_obeyed() {
        for text in [PLAIN, ALONE, OWN] {
            assert_eq!(shape_of(text, TransactionMode::File).0, Shape::File);
        }
        assert_eq!(shape_of(PLAIN, TransactionMode::None).0, Shape::Statement);
        assert_eq!(shape_of(ALONE, TransactionMode::None).0, Shape::Statement);
        assert_eq!(shape_of(OWN, TransactionMode::None).0, Shape::Explicit);
    }

    #[test]
    fn warns_of_what_its_own_transaction_forbids() {
        assert_eq!(messages(OWN), [""; 0]);
        assert_eq!(
            messages("BEGIN;\nDROP INDEX CONCURRENTLY i;\nEND;"),
            ["DROP INDEX CONCURRENTLY cannot run in a transaction, and the one of line 1 is still open here"]
        );
        assert_eq!(
            messages("BEGIN;\nCOMMIT AND CHAIN;\nSELECT 1;"),
            ["the transaction begun here is never committed, so nothing of it stays"]
        );
    }
}
