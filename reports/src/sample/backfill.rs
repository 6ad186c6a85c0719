//! Backfills in samples.

use super::*;

/// The UPDATE inside a loop, as `pg_stat_statements` has it.
pub(crate) const BATCH: &str = "UPDATE users SET normalized = lower(email) WHERE id IN (SELECT id FROM users WHERE normalized IS NULL LIMIT $1)";

impl Sample {
    /// A statement that changes rows is seen for the first time.
    pub(crate) fn change_named(&mut self, change: u32, sql: &str) -> &mut Self {
        self.event(Event::ChangeNamed(ChangeNamed { change, sql: sql.to_owned() }))
    }

    /// A look from beside while a statement runs: executions and rows of change 0 so far.
    pub(crate) fn changing(&mut self, calls: u64, rows: u64) -> &mut Self {
        let statement = None;
        self.changes(statement, calls, rows, Some(60_000))
    }

    /// The look after the statement that is done.
    pub(crate) fn changed_in_all(&mut self, calls: u64, rows: u64) -> &mut Self {
        let statement = Some(self.statement.saturating_sub(1));
        self.changes(statement, calls, rows, None)
    }

    fn changes(&mut self, statement: Option<u32>, calls: u64, rows: u64, open_us: Option<u64>) -> &mut Self {
        self.event(Event::ChangesSeen(ChangesSeen {
            statement,
            changes: Some(vec![Changed { change: 0, calls, rows }]),
            transaction_us: open_us,
            wal_lsn: 1_000_000_000 + rows * 300,
        }))
    }

    /// A loop in a DO block begins, outside a transaction.
    pub(crate) fn batches(limits: BudgetDeclared) -> Self {
        let mut sample = Self::new(vec![strategy("batches")], limits);
        sample.rehearse("batches").step("backfill.up.sql", TransactionShape::Statement, "");
        sample.at(10.0).send("DO $$ BEGIN LOOP … COMMIT; END LOOP; END $$", StatementTransaction::None);
        sample.change_named(0, BATCH);
        sample
    }

    /// Ten batches of 10,000 each second, in ten looks, and what is left of a million rows in the last one; then it ends.
    pub(crate) fn backfilled() -> Self {
        let mut sample = Self::batches(budget());
        for look in 1..=10_u64 {
            let calls = look * 10;
            sample.at(10.0 + 800.0 * look as f64).changing(calls, (calls * 10_000).min(999_000));
        }
        sample.at(8_110.0).done_with(None, Some(1_310_000_000)).changed_in_all(101, 999_000);
        sample.migrated(Outcome::Completed).sampler(900, 5_200);
        sample
    }

    /// A loop that is cancelled after 30 s, as of each second with so many executions and rows.
    pub(crate) fn cancelled_loop(seen: impl Fn(u64) -> (u64, u64)) -> Self {
        let mut sample = Self::batches(BudgetDeclared { duration_ms: 30_000.0, ..budget() });
        for second in 1..=30_u64 {
            let (calls, rows) = seen(second);
            sample.at(10.0 + 1_000.0 * second as f64).changing(calls, rows);
        }
        sample.at(30_015.0).fails(refusal("57014", "canceling statement due to user request"));
        let (calls, rows) = seen(30);
        sample.changed_in_all(calls, rows).at(30_020.0).migrated(Outcome::TimedOut).sampler(3_000, 5_200);
        sample.inspected(&[], &[]).closed(Outcome::TimedOut, None).end();
        sample
    }
}
