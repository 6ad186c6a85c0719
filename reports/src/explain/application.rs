//! Findings about the application beside the migration.

use super::Explained;
use crate::judge::findings as id;
use crate::model::strategy::Severity;

pub(super) const POOL_EXHAUSTED: Explained = Explained {
    id: id::POOL_EXHAUSTED,
    title: "All connections of the application were busy",
    severity: Severity::High,
    what: "Requests that were due had to wait 10 ms or longer for a free connection of the workload's pool.",
    why: "A request that waits for a lock keeps its connection. As many of them as the pool has connections, and everything \
          waits, also what reads other tables: an outage of one table becomes one of the application. At 50 requests a \
          second, a pool of 20 is full after less than half a second.",
    instead: "Shorten what the connections wait for; a larger pool only makes the queue longer. Have the application give up \
              before its pool is full:\n\n\
              \x20   ALTER ROLE app SET lock_timeout = '500ms';\n\
              \x20   ALTER ROLE app SET statement_timeout = '5s';",
};

pub(super) const APP_QUERY_BROKEN: Explained = Explained {
    id: id::APP_QUERY_BROKEN,
    title: "A query of the application no longer works",
    severity: Severity::High,
    what: "Requests of a probe failed during or after the migration, or in a phase of it that the version of the application \
           that sends them lives through, and not before it, with an error that says that the query does not fit the schema: SQLSTATE class 42 (no such column or table, no right), class 22 (a value that no longer \
           fits), 0A000 (a prepared statement's result changed its type), 23502 or 23514 (a new constraint refuses the row).",
    why: "Migrations and deployments are never simultaneous: code that was written for the old schema still runs when the new \
          one is there. A renamed or dropped column fails for each request from COMMIT on, however short the lock was, until \
          the last old process is gone.",
    instead: "Expand and contract, with a deployment between any two steps.\n\n\
              \x20   ALTER TABLE users ADD COLUMN display_name text;      -- expand; code writes both\n\
              \x20   UPDATE users SET display_name = username WHERE …;    -- backfill; then code reads the new one\n\
              \x20   ALTER TABLE users DROP COLUMN username;              -- contract, once no code names it\n\n\
              Name columns in the application's queries: `SELECT *` breaks prepared statements when a column comes or goes.",
};

pub(super) const PROBE_FAILED: Explained = Explained {
    id: id::PROBE_FAILED,
    title: "Requests of the application failed",
    severity: Severity::Medium,
    what: "Requests of a probe failed while the migration ran or after it, for a reason that is not the schema: a deadlock \
           (40P01), a timeout (55P03, 57014), a lost connection, or no answer at all until the rehearsal ended.",
    why: "Each of them is an error page, or a job that has to run again. Deadlocks come of two transactions that lock the same \
          tables in different orders: a migration that changes several tables in one transaction is a good candidate. \
          Timeouts are the application giving up on a lock that was held for too long.",
    instead: "One table per transaction, and in the order in which the application uses them; lock the tables that a \
              transaction needs at its beginning.\n\n\
              \x20   BEGIN;\n\
              \x20   SET LOCAL lock_timeout = '1s';\n\
              \x20   LOCK TABLE users, orders IN SHARE ROW EXCLUSIVE MODE;\n\n\
              For timeouts, see write-stall and read-stall.",
};
