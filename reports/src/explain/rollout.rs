//! Findings about strategies that go in phases, and about their data.

use super::Explained;
use crate::judge::findings as id;
use crate::model::strategy::Severity;

pub(super) const DATA_INCONSISTENT: Explained = Explained {
    id: id::DATA_INCONSISTENT,
    title: "The data does not agree with itself",
    severity: Severity::High,
    what: "A check of the data that the strategy declares, made after a phase while the application ran, found rows that must \
           not be: the old column and the new one say different things.",
    why: "A backfill copies each row once. What the application writes to the old column after that, and before every version \
          of it writes both, never reaches the new one. Nobody notices until the new column is read, and by then the old \
          one, which was right, may be gone.",
    instead: "Write both first, and only then copy what was there before. A trigger does it for every version.\n\n\
              \x20   CREATE TRIGGER both BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION copy_name();\n\
              \x20   UPDATE users SET display_name = username\n\
              \x20    WHERE id > 0 AND id <= 10000 AND display_name IS DISTINCT FROM username;  -- in batches\n\n\
              Check again before the old column is dropped.",
};

pub(super) const BACKFILL_NO_PROGRESS: Explained = Explained {
    id: id::BACKFILL_NO_PROGRESS,
    title: "A backfill makes no progress any more",
    severity: Severity::High,
    what: "A statement that changes rows in a loop was cancelled by the budget's `duration`, and nothing shows that it would \
           have ended: an UPDATE had changed more rows than there are, so that some came again, or it was executed on and on \
           without changing one. That it would never have ended is likely and not proven.",
    why: "`UPDATE … WHERE normalized IS NULL LIMIT 10000` in a loop counts on each batch being smaller the next time. A row of \
          which the new value is NULL itself (lower(NULL) is NULL) is found again for ever: every round writes new row \
          versions and write-ahead log, and the table grows until somebody stops it, or the disk is full.",
    instead: "Walk along the primary key, which ends whatever the values are.\n\n\
              \x20   UPDATE users SET normalized = lower(email) WHERE id > $1 AND id <= $1 + 10000;\n\n\
              Or ask for the rows that would change, and stop when there is none:\n\n\
              \x20   … WHERE normalized IS DISTINCT FROM lower(email) ORDER BY id LIMIT 10000 FOR UPDATE SKIP LOCKED",
};
