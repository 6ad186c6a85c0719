//! Strategies that are rehearsed again and again, and what they lead to.

use super::*;
use crate::sample::workload::WRITES;

/// An object of the schema.
pub(crate) fn object(kind: &str, name: &str, definition: &str) -> SchemaObject {
    SchemaObject { kind: kind.to_owned(), name: name.to_owned(), definition: definition.to_owned() }
}

/// A table with a column for each digest, of which as many values are not NULL as it has rows.
pub(crate) fn content(table: &str, rows: u64, columns: &[(&str, &str)]) -> TableContent {
    let column = |(column, digest): &(&str, &str)| ColumnContent {
        column: (*column).to_owned(),
        not_null: rows,
        digest: (*digest).to_owned(),
    };
    TableContent {
        table: table.to_owned(),
        rows,
        key: Vec::new(),
        columns: columns.iter().map(column).collect(),
    }
}

/// The users as they are after an index was made.
pub(crate) fn indexed() -> (Vec<SchemaObject>, Vec<TableContent>) {
    let objects = vec![
        object("column", "public.users: email", "text NOT NULL"),
        object("index", "public.idx_users_email", "CREATE INDEX idx_users_email ON public.users (email)"),
        object("table", "public.users", "owner app"),
    ];
    (objects, vec![content("public.users", 1_000_000, &[("email", "aa"), ("id", "bb")])])
}

/// What a repetition comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeated {
    pub(crate) ms: f64,
    /// Of a write, from 20 ms into the migration on; none where 0.
    pub(crate) stall_ms: f64,
    pub(crate) outcome: Outcome,
}

pub(crate) fn took(ms: f64, stall_ms: f64) -> Repeated {
    Repeated { ms, stall_ms, outcome: Outcome::Completed }
}

impl Sample {
    /// What the database looks like after the migration.
    pub(crate) fn leads_to(
        &mut self,
        (objects, tables): (Vec<SchemaObject>, Vec<TableContent>),
    ) -> &mut Self {
        let (moment, tables, not_read) = (Moment::After, Some(tables), None);
        self.event(Event::StateSeen(StateSeen { moment, objects, tables, not_read }))
    }

    /// A repetition of a strategy that blocks writes to users for as long as they stall.
    pub(crate) fn repeat(
        &mut self,
        strategy: &str,
        repetition: u32,
        of: Repeated,
        led_to: Option<(Vec<SchemaObject>, Vec<TableContent>)>,
    ) -> &mut Self {
        let Repeated { ms, stall_ms, outcome } = of;
        let share = lock(USERS, LockMode::ShareLock);
        let write = lock(USERS, LockMode::RowExclusiveLock);
        self.rehearse_again(strategy, repetition).application(20);
        self.step(&format!("{strategy}.up.sql"), TransactionShape::File, "");
        self.at(9.0)
            .begin()
            .send("CREATE INDEX idx_users_email ON users (email)", StatementTransaction::File);
        let until_ms = 20.0 + stall_ms;
        if stall_ms > 0.0 {
            self.at(19.0).sampled_before(18.0).seen(share);
            self.at(21.0).sampled_before(19.5);
            self.blocked(901, Waiter::Probe, Some(write), 20.0, &[Waiter::Migration]);
            self.slow(WRITES, 901, 20.0, until_ms);
            self.at(until_ms).sampled_before(until_ms - 1.0).gone(share).unblocked(901);
        }
        // Both kinds are sent while it runs, so that a stall of none is known to be none.
        for probe in [workload::READS, WRITES] {
            self.window(probe, 0.0, 5, &[(1_000, 5)]);
        }
        self.at(ms - 5.0);
        if outcome == Outcome::Completed {
            self.done().at(ms - 4.0).commit(ms - 4.5);
        } else {
            self.fails(refusal("40P01", "deadlock detected"));
            self.at(ms - 4.0).roll_back(ms - 4.5);
        }
        self.at(ms).migrated(outcome).sampler(400, 5_200).phase(Phase::Settle);
        self.at(ms + 300.0).application_over().inspected(&[], &[]);
        if let Some(state) = led_to {
            self.leads_to(state);
        }
        self.closed(outcome, None);
        self.at(ms + 1_000.0)
    }

    /// Both strategies, interleaved: plain stalls writes and concurrently takes longer.
    pub(crate) fn interleaved(repetitions: u32) -> Self {
        let mut sample = Self::new(vec![strategy("plain"), strategy("concurrently")], budget());
        sample.interleave(repetitions);
        sample
    }

    pub(crate) fn interleave(&mut self, repetitions: u32) -> &mut Self {
        for repetition in 1..=repetitions {
            let noise = f64::from(repetition * 37 % 11);
            self.repeat(
                "plain",
                repetition,
                took(1_800.0 + noise * 8.0, 1_600.0 + noise * 9.0),
                Some(indexed()),
            );
            self.repeat(
                "concurrently",
                repetition,
                took(2_000.0 + noise * 11.0, 20.0 + noise),
                Some(indexed()),
            );
        }
        self
    }
}
