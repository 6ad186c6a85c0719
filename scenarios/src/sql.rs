//! SQL scripts: split into statements with their lines, as psql would send them.
//!
//! A script is cut by its tokens alone, so that no statement is refused for syntax that is not known here:
//! the server has the last word on that.

mod classify;
mod copy;
mod lexer;
mod meta;
mod piece;
mod position;
mod roles;
mod shape;
mod split;
mod syntax;
mod tag;
mod variables;
mod verb;
mod words;

pub use position::position;
pub use roles::roles_named;
pub use shape::{Shape, shape};
pub use split::split;
pub use verb::{counts_changes, parameters, updated_table};

use crate::source::Source;

/// The texts of the statements of a short script, a probe's say.
pub fn texts(script: &str) -> Vec<String> {
    let (statements, _) = split(&Source::new("", script));
    statements.into_iter().map(|statement| statement.text).collect()
}

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement's text without its terminating semicolon, comments and blanks around it left out.
    pub text: String,
    /// Byte offset of `text` in the file.
    pub offset: usize,
    /// Line of its first character, from 1.
    pub line: usize,
    /// What the runner has to know of it.
    pub kind: StatementKind,
    /// What people call it, in capitals: `CREATE INDEX CONCURRENTLY`, `ALTER TABLE`, `TRUNCATE`, `DO`.
    pub tag: String,
    /// Rows that follow a `COPY … FROM stdin`, verbatim, without the closing `\.`.
    pub copy_data: Option<String>,
    /// False where the script has set `standard_conforming_strings` to off before it, so that a backslash in
    /// a plain `'…'` escapes.
    pub standard_strings: bool,
}

/// What the runner has to know of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// BEGIN, START TRANSACTION
    Begin,
    /// COMMIT, END, PREPARE TRANSACTION
    Commit,
    /// ROLLBACK, ABORT (the whole transaction)
    Rollback,
    /// COMMIT AND CHAIN, ROLLBACK AND CHAIN: ends a transaction and begins the next one.
    Chain,
    /// May run inside a transaction.
    Transactional,
    /// Cannot run inside a transaction: `… CONCURRENTLY`, VACUUM, a DO block that commits, …
    ///
    /// Only the server knows it of some statements (CALL, REINDEX of a partitioned table): those count as
    /// [`StatementKind::Transactional`].
    NonTransactional,
}

impl StatementKind {
    /// True for what begins or ends a transaction.
    pub const fn controls_transaction(self) -> bool {
        matches!(self, Self::Begin | Self::Commit | Self::Rollback | Self::Chain)
    }
}
