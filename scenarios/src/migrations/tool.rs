//! The migration tools that are understood, with the rules of each.

/// A migration tool, or the habit of numbering files.
///
/// How each names its files, what undoes a migration, and what it wraps in a transaction:
///
/// * [`Numbered`](Self::Numbered): `001_x.sql`, or `001_x.up.sql` and `001_x.down.sql`; whatever runs them, a file
///   runs in one transaction where it can.
/// * [`Sqlx`](Self::Sqlx): `<version>_<description>.sql` or `.up.sql` and `.down.sql`; one transaction for each
///   migration, unless the file starts with `-- no-transaction`; then it is sent in one call, in which PostgreSQL makes
///   several statements one transaction all the same (sqlx issue 3693).
/// * [`GolangMigrate`](Self::GolangMigrate): `<version>_<title>.up.sql` and `.down.sql`; its driver for PostgreSQL opens
///   no transaction and sends a file in one call (golang-migrate issue 137 and pull request 495).
/// * [`Flyway`](Self::Flyway): `V2_1__x.sql`, `U2_1__x.sql` undoes it, `R__x.sql` runs again whenever it changes, in
///   any folder below; one transaction for each migration, none where a statement cannot run in one or where
///   `<file>.conf` says `executeInTransaction=false` (Flyway's pages on migrations and on that setting).
/// * [`Refinery`](Self::Refinery): `V1__x.sql` and `U1__x.sql`, where `U` is a migration like the other that may come
///   out of order; always one transaction for each migration (refinery's README, `Runner::set_grouped`, issue 277).
/// * [`Dbmate`](Self::Dbmate): `<version>_x.sql` with `-- migrate:up` and `-- migrate:down`, in the order of the names;
///   one transaction for each part, or one call with `transaction:false` behind the marker (dbmate's README, issue 126).
/// * [`Goose`](Self::Goose): `<version>_x.sql` with `-- +goose Up` and `-- +goose Down`; one transaction for each
///   migration, statement by statement with `-- +goose NO TRANSACTION` (goose's page on annotations).
/// * [`Diesel`](Self::Diesel): `<version>_x/up.sql` and `down.sql`; one transaction for each migration, or one call
///   where `metadata.toml` says `run_in_transaction = false` (the documentation of `diesel_migrations`).
/// * [`Prisma`](Self::Prisma): `<version>_x/migration.sql`; sent in one call, without a transaction of its own (Prisma
///   issue 14456).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// Numbered files, whoever runs them.
    Numbered,
    /// <https://docs.rs/sqlx>
    Sqlx,
    /// <https://github.com/golang-migrate/migrate>
    GolangMigrate,
    /// <https://documentation.red-gate.com/fd>
    Flyway,
    /// <https://docs.rs/refinery>
    Refinery,
    /// <https://github.com/amacneil/dbmate>
    Dbmate,
    /// <https://pressly.github.io/goose>
    Goose,
    /// <https://docs.rs/diesel_migrations>
    Diesel,
    /// <https://www.prisma.io/docs/orm/prisma-migrate>
    Prisma,
}

/// What a tool wraps in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// BEGIN before the first statement and COMMIT after the last.
    Transaction,
    /// The whole file as one simple query: several statements are one transaction, one is by itself
    /// (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT>).
    OneCall,
    /// A transaction where every statement bears it, else none.
    Detected,
    /// Each statement in a call of its own.
    Statements,
}

impl Tool {
    /// Every tool with the word that a scenario and the command line have for it.
    pub const ALL: &[(&'static str, Self)] = &[
        ("numbered", Self::Numbered),
        ("sqlx", Self::Sqlx),
        ("golang-migrate", Self::GolangMigrate),
        ("flyway", Self::Flyway),
        ("refinery", Self::Refinery),
        ("dbmate", Self::Dbmate),
        ("goose", Self::Goose),
        ("diesel", Self::Diesel),
        ("prisma", Self::Prisma),
    ];

    /// The word for it: `golang-migrate`.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, tool)| *tool == self).map_or("", |(word, _)| word)
    }

    /// Its name as people write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Numbered => "the tool",
            Self::Sqlx => "sqlx",
            Self::GolangMigrate => "golang-migrate",
            Self::Flyway => "Flyway",
            Self::Refinery => "refinery",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::Diesel => "Diesel",
            Self::Prisma => "Prisma",
        }
    }

    /// How it names its files.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::Numbered => "001_users.sql, or 001_users.up.sql and 001_users.down.sql",
            Self::Sqlx => "20260101120000_users.sql, or .up.sql and .down.sql",
            Self::GolangMigrate => "000001_users.up.sql and 000001_users.down.sql",
            Self::Flyway => "V1__users.sql, U1__users.sql and R__views.sql",
            Self::Refinery => "V1__users.sql",
            Self::Dbmate => "20260101120000_users.sql with `-- migrate:up`",
            Self::Goose => "00001_users.sql with `-- +goose Up`",
            Self::Diesel => "20260101120000_users/up.sql",
            Self::Prisma => "20260101120000_users/migration.sql",
        }
    }

    /// What takes a migration out of the tool's transaction.
    pub(super) const fn without_transaction(self) -> &'static str {
        match self {
            Self::Sqlx => "move it to a migration of its own whose first line is `-- no-transaction`",
            Self::Dbmate => "move it to a migration of its own with `-- migrate:up transaction:false`",
            Self::Goose => "write `-- +goose NO TRANSACTION` at the top of the file",
            Self::Diesel => {
                "move it to a migration of its own with `run_in_transaction = false` in its metadata.toml"
            }
            Self::Flyway => "take executeInTransaction=true out of the .conf file",
            Self::Numbered | Self::GolangMigrate | Self::Refinery | Self::Prisma => {
                "move it to where the tool opens no transaction, or leave out what makes it run outside of one"
            }
        }
    }

    /// Whether it runs migrations in the order of the numbers in their names, not of the letters.
    pub(super) const fn sorts_by_number(self) -> bool {
        !matches!(self, Self::Dbmate | Self::Diesel | Self::Prisma)
    }
}
