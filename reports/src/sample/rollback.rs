//! The way back in samples: users with these columns before, after, and so on.

use super::repeated::object;
use super::*;

/// A column of users: its name, its digest, how many of its values are not NULL.
pub(crate) type Column<'a> = (&'a str, &'a str, u64);

pub(crate) const ID: Column = ("id", "00", 1_000_000);
pub(crate) const EMAIL: Column = ("email", "ee", 1_000_000);
pub(crate) const USERNAME: Column = ("username", "aa", 1_000_000);
/// The same values under another name.
pub(crate) const DISPLAY_NAME: Column = ("display_name", "aa", 1_000_000);

/// Users with these columns, in this order, and a million rows.
pub(crate) fn users(moment: Moment, columns: &[Column]) -> StateSeen {
    let mut objects: Vec<SchemaObject> = columns
        .iter()
        .map(|(name, _, _)| object("column", &format!("public.users: {name}"), "text"))
        .collect();
    let names: Vec<&str> = columns.iter().map(|(name, _, _)| *name).collect();
    objects.push(object("table", "public.users", &format!("TABLE ({}) owned by app", names.join(", "))));
    let content = |(column, digest, not_null): &Column| ColumnContent {
        column: (*column).to_owned(),
        not_null: *not_null,
        digest: (*digest).to_owned(),
    };
    let table = TableContent {
        table: "public.users".to_owned(),
        rows: 1_000_000,
        key: vec!["id".to_owned()],
        columns: columns.iter().map(content).collect(),
    };
    StateSeen { moment, objects, tables: Some(vec![table]), not_read: None }
}

impl Sample {
    /// A migration of one statement on users with these columns before it and after it; the rehearsal is not over.
    pub(crate) fn changed(
        declared: StrategyDeclared,
        limits: BudgetDeclared,
        states: [&[Column]; 2],
    ) -> Self {
        let [before, after] = states;
        let mut sample = Self::new(vec![declared], limits);
        sample.event(Event::StateSeen(users(Moment::Before, before)));
        sample.rehearse("plain");
        sample.file(None, "plain.up.sql", "ALTER TABLE users ADD COLUMN display_name text", 1.0, 20.0);
        sample.migrated(Outcome::Completed).at(30.0).sampler(10, 5_200).inspected(&[], &[]);
        sample.event(Event::StateSeen(users(Moment::After, after)));
        sample
    }

    /// The application writes these columns of users, so many rows a request at most, and whether it inserts or deletes.
    pub(crate) fn application_writes(
        &mut self,
        columns: &[&str],
        rows: bool,
        most: Option<u64>,
    ) -> &mut Self {
        let written = TableWritten {
            table: "public.users".to_owned(),
            rows,
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows_per_request_max: most,
        };
        self.event(Event::ApplicationWrites(ApplicationWrites { tables: vec![written], not_known: None }))
    }

    /// The way back begins: a session of its own, with locks of its own. Times are since then.
    pub(crate) fn goes_back(&mut self) -> &mut Self {
        self.base_us = self.now_us + 100_000;
        (self.statement, self.step) = (0, 0);
        self.at(0.0).phase(Phase::RollBack).at(1.0).session(LEADER + 100)
    }

    /// A session of the steps down, or up again.
    fn session(&mut self, backend_pid: i32) -> &mut Self {
        self.event(Event::MigrationStarted(MigrationStarted {
            backend_pid,
            wal_lsn: 2_000_000_000,
            database_bytes: 999_000_000,
            invalid_indexes: None,
            not_valid_constraints: None,
            dead_tuples: None,
            application_wal_bytes_per_s: None,
        }))
    }

    /// One statement down, which takes the table for 40 ms, and ends well or with that error.
    pub(crate) fn down(&mut self, error: Option<SqlError>) -> &mut Self {
        let exclusive = lock(USERS, LockMode::AccessExclusiveLock);
        self.at(2.0).step("plain.down.sql", TransactionShape::File, "").begin();
        self.send("ALTER TABLE users DROP COLUMN display_name", StatementTransaction::File);
        self.at(5.0).sampled_before(1.0).seen_of(LEADER + 100, exclusive);
        self.at(40.0);
        let outcome = if error.is_some() { Outcome::Failed } else { Outcome::Completed };
        match error {
            Some(error) => self.fails(error).at(42.0).roll_back(40.5),
            None => self.done().at(40.2).reads(&[exclusive]).at(42.0).commit(40.5),
        };
        self.at(43.0).sampled_before(41.0).gone_of(LEADER + 100, exclusive);
        self.event(Event::DatabaseSized(DatabaseSized { bytes: 9_000_000_000 }));
        self.event(Event::MigrationFinished(MigrationFinished { outcome, wal_lsn: Some(2_900_000_000) }));
        self.event(Event::SamplerStopped(SamplerStopped {
            samples: 7,
            missed: 3,
            gap_us_max: 900_000,
            error: None,
        }))
    }

    pub(crate) fn rolled_back_to(&mut self, columns: &[Column]) -> &mut Self {
        self.event(Event::StateSeen(users(Moment::RolledBack, columns)))
    }

    /// The steps up again, which lead to these columns or end with that error.
    pub(crate) fn goes_up_again(&mut self, led_to: Result<&[Column], SqlError>) -> &mut Self {
        self.base_us = self.now_us + 1_000;
        (self.statement, self.step) = (0, 0);
        self.at(0.0).phase(Phase::Reapply).at(0.5).session(LEADER + 200);
        self.at(1.0).step("plain.up.sql", TransactionShape::File, "").begin();
        self.send("ALTER TABLE users ADD COLUMN display_name text", StatementTransaction::File).at(3.0);
        let (state, outcome) = match led_to {
            Ok(columns) => {
                self.done().at(3.5).commit(3.1);
                (Some(columns), Outcome::Completed)
            }
            Err(error) => {
                self.fails(error).at(3.5).roll_back(3.1);
                (None, Outcome::Failed)
            }
        };
        self.at(4.0).event(Event::MigrationFinished(MigrationFinished { outcome, wal_lsn: None }));
        self.sampler(1, 5_000);
        if let Some(columns) = state {
            let mut seen = users(Moment::Reapplied, columns);
            (seen.tables, seen.not_read) = (None, None);
            self.event(Event::StateSeen(seen));
        }
        self
    }

    /// The whole way: down to these columns, and up again to the last ones.
    pub(crate) fn there_and_back(&mut self, back: &[Column], again: &[Column]) -> &mut Self {
        self.goes_back().down(None).rolled_back_to(back).goes_up_again(Ok(again))
    }
}
