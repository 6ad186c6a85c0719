//! Findings about migrations that do not end well, and about what they leave behind.

use super::Explained;
use crate::judge::findings as id;
use crate::model::strategy::Severity;

pub(super) const STATEMENT_FAILED: Explained = Explained {
    id: id::STATEMENT_FAILED,
    title: "A statement of the migration failed",
    severity: Severity::High,
    what: "The server refused a statement, and no further try of its step succeeded.",
    why: "Against rows like those of production it does not run. ADD COLUMN … NOT NULL without a default fails on the first \
          row that is there (23502), but succeeds on an empty table, so that an empty test database lets it through. \
          Whatever ran outside a transaction before it stays, and leaves the migration half done.",
    instead: "Mend the rows first, in a migration of its own, and constrain them afterwards.\n\n\
              \x20   ALTER TABLE users ADD COLUMN role text;                      -- or with a constant DEFAULT\n\
              \x20   UPDATE users SET role = 'member' WHERE role IS NULL AND …;   -- in batches\n\
              \x20   ALTER TABLE users ADD CONSTRAINT role_given CHECK (role IS NOT NULL) NOT VALID;\n\
              \x20   ALTER TABLE users VALIDATE CONSTRAINT role_given;",
};

pub(super) const TIMED_OUT: Explained = Explained {
    id: id::TIMED_OUT,
    title: "The migration ran past its time",
    severity: Severity::High,
    what: "The migration was cancelled, because it took longer than the budget's `duration`.",
    why: "Either it has too much to do in one go, or it spent its time waiting for a lock that a long transaction held. A \
          deployment would hang for as long, and whatever it had locked until then stayed locked.",
    instead: "Do the work in pieces that are committed one by one, and do not wait for locks without a limit.\n\n\
              \x20   SET lock_timeout = '1s';\n\n\
              A backfill `WHERE new IS NULL LIMIT n` never ends where the new value itself is NULL: walk along the primary \
              key.",
};

pub(super) const HALF_APPLIED: Explained = Explained {
    id: id::HALF_APPLIED,
    title: "Half of the migration stays",
    severity: Severity::High,
    what: "A statement failed, or the migration ran past its time, and the schema afterwards is not the one before it: what was \
           committed until then is there.",
    why: "The next try meets tables and columns that are there already (42P07, 42701), the way back expects some that are not, \
          and no migration tool knows which half it is. Somebody has to find out by hand, in the middle of a deployment.",
    instead: "Put all that can run in a transaction into one, and what cannot into a migration of its own, one statement each.\n\n\
              \x20   ALTER TABLE users ADD COLUMN IF NOT EXISTS role text;   -- can be tried again\n\
              \x20   DROP INDEX CONCURRENTLY IF EXISTS users_role_idx;       -- before CREATE INDEX CONCURRENTLY\n\n\
              What is there already is cleaned up by a forward migration, which is rehearsed from that very state.",
};

pub(super) const INVALID_INDEX_LEFT: Explained = Explained {
    id: id::INVALID_INDEX_LEFT,
    title: "An index is there and not valid",
    severity: Severity::High,
    what: "After the migration there is an index with `indisvalid = false` that was not there before.",
    why: "CREATE INDEX CONCURRENTLY makes the index first and fills it afterwards. When it fails, by lock_timeout, \
          statement_timeout, a deadlock or a duplicate, the index stays: every write keeps it up to date, no query uses it. \
          IF NOT EXISTS takes it for the finished one and passes over it in the next try.",
    instead: "Remove it before the next try, and look for it after each.\n\n\
              \x20   DROP INDEX CONCURRENTLY IF EXISTS users_email_idx;\n\
              \x20   CREATE INDEX CONCURRENTLY users_email_idx ON users (email);\n\
              \x20   SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;",
};

pub(super) const CONSTRAINT_NOT_VALIDATED: Explained = Explained {
    id: id::CONSTRAINT_NOT_VALIDATED,
    title: "A constraint holds for new rows only",
    severity: Severity::Low,
    what: "The migration left a constraint NOT VALID.",
    why: "That is half of the safe way: new and changed rows are checked, old ones never were. The planner does not rely on \
          such a constraint, SET NOT NULL cannot use it, and a restored dump may meet the rows that break it.",
    instead: "Validate it in a later transaction.\n\n\
              \x20   ALTER TABLE users VALIDATE CONSTRAINT email_given;\n\n\
              It reads the table under ShareUpdateExclusiveLock, which blocks neither reads nor writes.",
};

pub(super) const WAL_HEAVY: Explained = Explained {
    id: id::WAL_HEAVY,
    title: "Much was written to the write-ahead log",
    severity: Severity::Medium,
    what: "While the migration ran, more WAL was written than 1 GiB, or than twice the size of the tables that it touched \
           (64 MiB at least), what the application wrote of it by itself left out where that is known.",
    why: "Beyond max_wal_size (1 GB by default) the server checkpoints before its time, after which each page that is changed \
          is logged in full again. Every replica has to receive and replay all of it, and lags meanwhile; the archive keeps \
          it; a replication slot that falls behind fills the disk.",
    instead: "Write less at once, and with pauses.\n\n\
              \x20   SELECT application_name, replay_lag FROM pg_stat_replication;  -- between batches\n\n\
              An UPDATE that sets what is set already writes a row version all the same: leave such rows out (`WHERE \
              normalized IS DISTINCT FROM lower(email)`).",
};

pub(super) const DEAD_TUPLES_LEFT: Explained = Explained {
    id: id::DEAD_TUPLES_LEFT,
    title: "Many dead row versions are left",
    severity: Severity::Low,
    what: "After the migration more than 10,000 row versions, and more than a tenth as many as there are rows, are dead that \
           were not before it.",
    why: "An UPDATE writes a new version of each row and leaves the old one where it was. One UPDATE of a whole table doubles \
          it, and its indexes grow with it. Scans read the dead ones too, until VACUUM has run; the room is used again \
          afterwards, but the files do not shrink.",
    instead: "Batches, with VACUUM between them, so that later ones use the room of earlier ones.\n\n\
              \x20   UPDATE users SET normalized_email = lower(email) WHERE id > 0 AND id <= 10000;\n\
              \x20   VACUUM (ANALYZE) users;  -- every some hundred thousand rows\n\n\
              A lower fillfactor lets such updates stay on their page without touching the indexes (HOT).",
};

pub(super) const NO_DOWN: Explained = Explained {
    id: id::NO_DOWN,
    title: "There is no way back",
    severity: Severity::Low,
    what: "The strategy has no migration down, and does not say that there can be none.",
    why: "The night on which it is needed is not the time to write it. A way back that was never run is a guess: rehearsed, it \
          says whether it restores the schema, and which data it loses.",
    instead: "Declare it, or say why not.\n\n\
              \x20   down = [\"add-role.down.sql\"]\n\
              \x20   irreversible = \"the dropped column's data is gone\"",
};
