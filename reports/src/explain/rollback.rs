//! Findings about the way back.

use super::Explained;
use crate::judge::findings as id;
use crate::model::strategy::Severity;

pub(super) const ROLLBACK_FAILED: Explained = Explained {
    id: id::ROLLBACK_FAILED,
    title: "The way back fails",
    severity: Severity::High,
    what: "After the steps up had run, a statement of the steps down was refused, or they ran past the budget's `duration`.",
    why: "A way back is needed when a deployment goes wrong, and then there is no time to mend it. What was committed before \
          the statement that failed stays, so that the database is between two versions.",
    instead: "Rehearse it on rows that the new version has written. A constraint that comes back has to hold for them too:\n\n\
              \x20   ALTER TABLE users ADD CONSTRAINT name_given CHECK (username IS NOT NULL) NOT VALID;\n\
              \x20   UPDATE users SET username = display_name WHERE username IS NULL;\n\
              \x20   ALTER TABLE users VALIDATE CONSTRAINT name_given;",
};

pub(super) const ROLLBACK_INCOMPLETE: Explained = Explained {
    id: id::ROLLBACK_INCOMPLETE,
    title: "The way back does not lead back",
    severity: Severity::High,
    what: "The steps down ran through, and the schema is not the one before the migration: something is missing, is left, or \
           is defined otherwise. The order of a table's columns is not counted: a column never comes back to its place.",
    why: "The old version of the application runs on a schema that it was never tested with, and the next migration starts \
          from one that no other database has. A column that comes back lacks what stood beside it: its default, NOT NULL, its \
          indexes, constraints, comments and privileges.",
    instead: "Bring back all of it.\n\n\
              \x20   ALTER TABLE users ADD COLUMN username text;\n\
              \x20   UPDATE users SET username = display_name;               -- in batches\n\
              \x20   ALTER TABLE users ALTER COLUMN username SET NOT NULL;\n\
              \x20   CREATE UNIQUE INDEX CONCURRENTLY users_username_key ON users (username);\n\
              \x20   GRANT SELECT (username) ON users TO reporting;",
};

pub(super) const ROLLBACK_LOSES_DATA: Explained = Explained {
    id: id::ROLLBACK_LOSES_DATA,
    title: "The way back loses data",
    severity: Severity::Medium,
    what: "After the steps down, a table or column that was there before the migration does not hold what it held, or values \
           that the migration made are in no column any more. Rows and digests of every column are compared; what the \
           application itself changes is left out.",
    why: "DROP COLUMN forgets its values, and adding the column again brings it back empty. What was written since the \
          migration is in the new column alone: where only that goes and the rows hold what they held, the finding is of low \
          severity. It may be what is wanted, but it should be known before the night in which \
          somebody rolls back.",
    instead: "Copy before dropping, or do not drop at all until nobody will want to go back.\n\n\
              \x20   UPDATE users SET username = display_name WHERE username IS DISTINCT FROM display_name;  -- in batches\n\
              \x20   ALTER TABLE users DROP COLUMN display_name;\n\n\
              Where nothing can bring the values back, say so: `irreversible = \"the old values are gone\"`.",
};

pub(super) const REAPPLY_FAILED: Explained = Explained {
    id: id::REAPPLY_FAILED,
    title: "After the way back the migration cannot be applied again",
    severity: Severity::High,
    what: "Up, down, and up again: the second time a statement of the steps up was refused, or the schema came out otherwise \
           than the first time.",
    why: "Whoever rolls back wants to deploy the mended migration the next day. What the steps down leave behind (a type, a \
          function, a trigger, an index of the same name) is in its way then.",
    instead: "Remove in the steps down whatever the steps up make.\n\n\
              \x20   DROP TRIGGER both ON users;\n\
              \x20   DROP FUNCTION copy_name();\n\
              \x20   ALTER TABLE users DROP COLUMN display_name;",
};
