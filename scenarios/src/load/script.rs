//! Does a migration file fit the way it is to be wrapped in transactions?

use crate::diagnostic::Diagnostic;
use crate::scenario::{SqlFile, TransactionMode};
use crate::source::Place;
use crate::sql::{Statement, StatementKind};

/// Statements that make `transaction = "file"` impossible. What PostgreSQL itself refuses in an explicit
/// transaction is a warning of the splitter's: a rehearsal may be there to show it.
pub(super) fn check(file: &SqlFile, mode: TransactionMode) -> Vec<Diagnostic> {
    match mode {
        TransactionMode::File => file.statements.iter().filter_map(|one| unfit_for_file(file, one)).collect(),
        TransactionMode::Auto | TransactionMode::None | TransactionMode::Tool(..) => Vec::new(),
    }
}

fn unfit_for_file(file: &SqlFile, statement: &Statement) -> Option<Diagnostic> {
    let (message, help) = match statement.kind {
        StatementKind::NonTransactional => (
            "this statement cannot run inside a transaction, but the step has transaction = \"file\"",
            "move it to a step of its own, or write transaction = \"none\" or \"auto\"",
        ),
        kind if kind.controls_transaction() => (
            "this file has its own transactions, but the step has transaction = \"file\"",
            "take BEGIN and COMMIT out of the file, or write transaction = \"auto\", which keeps them",
        ),
        _ => return None,
    };
    let span = statement.offset..statement.offset + statement.text.len();
    Some(Diagnostic::error(Place::new(&file.source, span), message).help(help))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::diagnostic::render;
    use crate::source::Source;
    use crate::sql::split;

    fn checked(text: &str, mode: TransactionMode) -> String {
        let source = Source::new("up.sql", text);
        let (statements, _) = split(&source);
        render(&check(&SqlFile { source, statements }, mode), false)
    }

    #[test]
    fn one_transaction_for_the_file_refuses_what_cannot_be_in_it() {
        let fit = "ALTER TABLE t ADD b int; DROP TABLE u;";
        assert_eq!(checked(fit, TransactionMode::File), "");
        let unfit = "BEGIN;\nALTER TABLE t ADD b int;\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON t (a);\n";
        assert_snapshot!(checked(unfit, TransactionMode::File), @r#"
        error: this file has its own transactions, but the step has transaction = "file"
         --> up.sql:1:1
          |
        1 | BEGIN;
          | ^^^^^
          |
          = help: take BEGIN and COMMIT out of the file, or write transaction = "auto", which keeps them

        error: this file has its own transactions, but the step has transaction = "file"
         --> up.sql:3:1
          |
        3 | COMMIT;
          | ^^^^^^
          |
          = help: take BEGIN and COMMIT out of the file, or write transaction = "auto", which keeps them

        error: this statement cannot run inside a transaction, but the step has transaction = "file"
         --> up.sql:4:1
          |
        4 | CREATE INDEX CONCURRENTLY i ON t (a);
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: move it to a step of its own, or write transaction = "none" or "auto"
        "#);
        assert_eq!(checked(unfit, TransactionMode::Auto), "");
        assert_eq!(checked(unfit, TransactionMode::None), "");
    }
}
