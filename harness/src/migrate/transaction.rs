//! The transactions of a migration, ours and those of its files.

use pgrehearse_reports::event::{Event, StatementTransaction, TransactionEnded, TransactionStarted};
use pgrehearse_scenarios::Step;
use pgrehearse_scenarios::sql::{Statement, StatementKind};
use tokio::time::timeout;

use super::{CANCEL_DEADLINE, Migration, Stop, errors};
use crate::error::Error;

impl Migration {
    /// Opens a transaction of ours.
    pub(super) async fn begin(&mut self) -> Result<(), Stop> {
        self.session.client().batch_execute("BEGIN").await?;
        self.in_transaction = true;
        self.events.tell(Event::TransactionStarted(TransactionStarted {}));
        Ok(())
    }

    /// Commits a transaction of ours. Deferred constraints are checked here, so it can fail; then it is told
    /// as a statement of its own.
    pub(super) async fn commit(&mut self, index: u32, step: &Step) -> Result<(), Stop> {
        let sent_us = self.events.now_us();
        let refused = match self.until_deadline(self.session.client().batch_execute("COMMIT")).await {
            Ok(()) => {
                self.tell_end(sent_us, self.events.now_us(), true);
                return Ok(());
            }
            Err(refused) => refused,
        };
        let finished_us = self.events.now_us();
        self.tell_end(sent_us, finished_us, false);
        let (error, stop) = refused.said()?;
        if let Some(last) = step.file.statements.last() {
            let number = self.announce(index, step, last, "COMMIT", StatementTransaction::File, sent_us);
            self.failed(number, finished_us, errors::of(&error, step, None), None);
        }
        Err(stop)
    }

    /// Rolls the open transaction back, whoever opened it.
    pub(super) async fn roll_back(&mut self) -> Result<(), Stop> {
        let sent_us = self.events.now_us();
        let ending = timeout(CANCEL_DEADLINE, self.session.client().batch_execute("ROLLBACK"));
        ending.await.map_err(|_| Error::Environment("ROLLBACK did not end".to_owned()))??;
        self.tell_end(sent_us, self.events.now_us(), false);
        Ok(())
    }

    /// Follows the transactions that the file itself opens and ends.
    pub(super) fn follow_transaction(&mut self, statement: &Statement, sent_us: u64, finished_us: u64) {
        match statement.kind {
            StatementKind::Begin if !self.in_transaction => {
                self.in_transaction = true;
                self.events.tell_at(finished_us, Event::TransactionStarted(TransactionStarted {}));
            }
            StatementKind::Commit | StatementKind::Rollback if self.in_transaction => {
                self.tell_end(sent_us, finished_us, statement.kind == StatementKind::Commit);
            }
            StatementKind::Chain if self.in_transaction => {
                let committed = !["ROLLBACK", "ABORT"].iter().any(|end| statement.tag.starts_with(end));
                self.tell_end(sent_us, finished_us, committed);
                self.in_transaction = true;
                self.events.tell_at(finished_us, Event::TransactionStarted(TransactionStarted {}));
            }
            _ => {}
        }
    }

    /// Tells that the transaction ended between `from_us` and `at_us`, and with it its locks.
    pub(super) fn tell_end(&mut self, from_us: u64, at_us: u64, committed: bool) {
        self.in_transaction = false;
        self.storage.transaction_ended(committed);
        self.events.tell_at(at_us, Event::TransactionEnded(TransactionEnded { from_us, committed }));
    }
}
