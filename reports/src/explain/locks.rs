//! Findings about locks: who waits for whom, and for how long.

use super::Explained;
use crate::judge::findings as id;
use crate::model::strategy::Severity;

pub(super) const WRITE_STALL: Explained = Explained {
    id: id::WRITE_STALL,
    title: "Writes waited for the migration",
    severity: Severity::High,
    what: "INSERT, UPDATE or DELETE requests of the workload waited longer than `write_stall` allows, measured from the \
           moment each was due, and the server showed them waiting behind a lock that the migration held or asked for, \
           behind rows that it had changed, or for connections of requests that did.",
    why: "Writes take RowExclusiveLock on their table. It conflicts with ShareLock (a plain CREATE INDEX), \
          ShareRowExclusiveLock (ADD FOREIGN KEY, CREATE TRIGGER), ExclusiveLock and AccessExclusiveLock (most ALTER \
          TABLE). A lock lasts until its transaction ends, not until its statement does. Meanwhile requests pile up, fill \
          the application's connection pool, and take pages down that never touch the table.",
    instead: "Take a weaker lock, or hold it for less.\n\n\
              \x20   CREATE INDEX CONCURRENTLY users_email_idx ON users (email);\n\
              \x20   ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;\n\
              \x20   ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_fkey;  -- a transaction of its own\n\n\
              CONCURRENTLY cannot run inside a transaction, so give the statement a file of its own. Large UPDATEs go in \
              batches that are committed one by one, so that nobody waits for a row longer than a batch takes.",
};

pub(super) const READ_STALL: Explained = Explained {
    id: id::READ_STALL,
    title: "Reads waited for the migration",
    severity: Severity::High,
    what: "SELECT requests of the workload waited longer than `read_stall` allows, measured from the moment each was due, \
           and the server showed them waiting behind a lock that the migration held or asked for, or the requests that had \
           the connections which they needed.",
    why: "A SELECT takes AccessShareLock, which conflicts with one mode alone: AccessExclusiveLock. ALTER TABLE takes it for \
          most of its forms, and so do DROP, TRUNCATE, CLUSTER, VACUUM FULL and a plain REINDEX of an index. If such a \
          statement rewrites or scans the table, or its transaction goes on with other work, everything that reads the table \
          stands still until COMMIT.",
    instead: "Keep AccessExclusiveLock to changes of the catalog, milliseconds long, and do the rest under weaker locks.\n\n\
              \x20   SET lock_timeout = '1s';\n\
              \x20   ALTER TABLE users ADD CONSTRAINT email_given CHECK (email IS NOT NULL) NOT VALID;\n\
              \x20   ALTER TABLE users VALIDATE CONSTRAINT email_given;  -- later, blocks neither reads nor writes\n\
              \x20   ALTER TABLE users ALTER COLUMN email SET NOT NULL;  -- proven by the check: no scan (12 and later)",
};

pub(super) const LOCK_QUEUE: Explained = Explained {
    id: id::LOCK_QUEUE,
    title: "Others queued behind the migration's lock",
    severity: Severity::High,
    what: "Sessions were seen waiting behind a lock of the migration, or behind its mere request for one.",
    why: "Lock requests are served in order. A request that waits stops every later request that conflicts with it, \
          even one that whoever holds the lock would let pass. So an ALTER TABLE that needs a few milliseconds, but waits \
          behind a report that reads the table for a minute, stops all readers and writers for that minute. Any open \
          transaction that once touched the table is enough, idle ones too.",
    instead: "Let the statement give up before the queue is felt, and try again.\n\n\
              \x20   SET lock_timeout = '1s';\n\
              \x20   ALTER TABLE users ADD COLUMN avatar_url text;\n\n\
              Look for long transactions first (`SELECT pid, xact_start, query FROM pg_stat_activity ORDER BY xact_start`), \
              and set `idle_in_transaction_session_timeout` for the application.",
};

pub(super) const TABLE_REWRITE: Explained = Explained {
    id: id::TABLE_REWRITE,
    title: "A table was written anew",
    severity: Severity::High,
    what: "A table that was there before got a new file: every row was copied, and every index built again.",
    why: "A rewrite needs the room of a second copy, writes all of it to the WAL, and holds AccessExclusiveLock until its \
          transaction ends. Most changes of a column's type do it (but not varchar to a longer one or to text), and so do a \
          new column with a volatile default (clock_timestamp(), random(), gen_random_uuid()), identity columns, STORED \
          generated columns, SET LOGGED, CLUSTER and VACUUM FULL. A constant default, and now(), do not.",
    instead: "Expand and contract: put a new column beside the old one, and let rows follow in batches.\n\n\
              \x20   ALTER TABLE events ADD COLUMN id_new bigint;\n\
              \x20   UPDATE events SET id_new = id WHERE id BETWEEN 1 AND 10000;  -- and so on, committed one by one\n\n\
              A trigger keeps the new column up to date until the application uses it; the old one goes in a later \
              migration.",
};

pub(super) const SCAN_UNDER_LOCK: Explained = Explained {
    id: id::SCAN_UNDER_LOCK,
    title: "A table was read from end to end under a blocking lock",
    severity: Severity::High,
    what: "A statement proved something about every row (NOT NULL, CHECK, a foreign key, a partition's bounds) while it held \
           a lock that keeps reads or writes out for longer than the budget allows.",
    why: "SET NOT NULL, ADD CHECK and ATTACH PARTITION look at all rows under the lock that the change of the catalog needs. \
          The time grows with the table: nothing in a test database, minutes in production. NOT VALID and VALIDATE in one \
          transaction gain nothing, because the first lock is kept through the scan.",
    instead: "Separate the change from the proof.\n\n\
              \x20   ALTER TABLE users ADD CONSTRAINT age_sane CHECK (age >= 0) NOT VALID;\n\
              \x20   COMMIT;\n\
              \x20   ALTER TABLE users VALIDATE CONSTRAINT age_sane;\n\n\
              VALIDATE takes ShareUpdateExclusiveLock, which neither reads nor writes notice. A validated CHECK (… IS NOT \
              NULL) lets SET NOT NULL skip its scan, and one that matches the bounds lets ATTACH PARTITION skip its own.",
};

pub(super) const MIXED_SCHEMA_AND_DATA: Explained = Explained {
    id: id::MIXED_SCHEMA_AND_DATA,
    title: "Rows were changed under the lock of a schema change",
    severity: Severity::Medium,
    what: "One transaction changed the schema of a table that was there before, and then changed rows while the lock of that \
           change was still held.",
    why: "ALTER TABLE … ADD COLUMN takes milliseconds, but its AccessExclusiveLock lasts until COMMIT. A backfill in the same \
          transaction turns these into the time that the backfill takes. It also cannot be stopped half-way without losing \
          all of it.",
    instead: "Two migrations: the schema, committed at once; then the rows, in batches.\n\n\
              \x20   -- 1.sql\n\
              \x20   ALTER TABLE users ADD COLUMN display_name text;\n\
              \x20   -- 2.sql, outside a transaction, again and again until no row is left\n\
              \x20   UPDATE users SET display_name = username WHERE id > 0 AND id <= 10000;",
};

pub(super) const NO_LOCK_TIMEOUT: Explained = Explained {
    id: id::NO_LOCK_TIMEOUT,
    title: "A blocking lock was asked for without a lock_timeout",
    severity: Severity::Low,
    what: "A statement took a lock that keeps reads or writes from a table that was there before, and the migration's session \
           had set no lock_timeout.",
    why: "lock_timeout is off by default: the statement waits for as long as somebody is in its way, and everybody who comes \
          after it waits behind it. It may have been granted at once in this rehearsal; it will meet a long transaction in \
          production one day.",
    instead: "Set it for the session, before the first statement that locks, and try the migration again when it gives up \
              (SQLSTATE 55P03).\n\n\
              \x20   SET lock_timeout = '1s';\n\n\
              Not around CREATE INDEX CONCURRENTLY without a plan for what it leaves: giving up there leaves an index that \
              is not valid.",
};
