//! What the statements of a migration change, asked of those who watch it and of the session itself.

use std::time::Duration;

use pgrehearse_scenarios::sql::{self, Statement};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Migration, READ_DEADLINE};
use crate::postgres::changes;

/// How long telling what was changed may take before the migration goes on without.
const CHANGES_TOLD_WITHIN: Duration = Duration::from_secs(5);

impl Migration {
    /// The number that the session gave its latest transaction; none where it does not say.
    pub(super) async fn local_xid(&self) -> Option<u64> {
        let asking = changes::own_local_xid(self.session.client());
        timeout(READ_DEADLINE, asking).await.ok()?.ok().flatten()
    }

    /// Waits until somebody has told what is changed by now. Nobody may be there.
    pub(super) async fn have_changes_told(&self, statement: u32) {
        let (seen, told) = oneshot::channel();
        let asking = async {
            if self.ended.send((statement, seen)).await.is_ok() {
                drop(told.await);
            }
        };
        drop(timeout(CHANGES_TOLD_WITHIN, asking).await);
    }
}

/// Statements that change rows, or run others that may.
pub(super) fn may_change_rows(statement: &Statement) -> bool {
    let tag = statement.tag.as_str();
    sql::counts_changes(&statement.text)
        || ["DO", "CALL", "SELECT", "WITH", "EXECUTE"].iter().any(|verb| tag.starts_with(verb))
}
