//! Which table-level lock modes keep each other waiting.

use crate::event::LockMode::{self, *};

/// Whether somebody who asks for the one has to wait while another has the other; it is the same both ways. PostgreSQL's
/// documentation, "Explicit Locking", table 13.2 "Conflicting Lock Modes".
pub(crate) const fn conflict(one: LockMode, other: LockMode) -> bool {
    match one {
        AccessShareLock => matches!(other, AccessExclusiveLock),
        RowShareLock => matches!(other, ExclusiveLock | AccessExclusiveLock),
        RowExclusiveLock => {
            matches!(other, ShareLock | ShareRowExclusiveLock | ExclusiveLock | AccessExclusiveLock)
        }
        ShareUpdateExclusiveLock => matches!(
            other,
            ShareUpdateExclusiveLock
                | ShareLock
                | ShareRowExclusiveLock
                | ExclusiveLock
                | AccessExclusiveLock
        ),
        ShareLock => matches!(
            other,
            RowExclusiveLock
                | ShareUpdateExclusiveLock
                | ShareRowExclusiveLock
                | ExclusiveLock
                | AccessExclusiveLock
        ),
        ShareRowExclusiveLock => !matches!(other, AccessShareLock | RowShareLock),
        ExclusiveLock => !matches!(other, AccessShareLock),
        AccessExclusiveLock => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every mode, weakest first.
    const MODES: [LockMode; 8] = [
        AccessShareLock,
        RowShareLock,
        RowExclusiveLock,
        ShareUpdateExclusiveLock,
        ShareLock,
        ShareRowExclusiveLock,
        ExclusiveLock,
        AccessExclusiveLock,
    ];

    #[test]
    fn the_table_is_that_of_the_documentation() {
        let rows = MODES.map(|one| {
            let row = MODES.map(|other| if conflict(one, other) { 'X' } else { '.' });
            row.iter().collect::<String>()
        });
        let documented =
            [".......X", "......XX", "....XXXX", "...XXXXX", "..XX.XXX", "..XXXXXX", ".XXXXXXX", "XXXXXXXX"];
        assert_eq!(rows, documented);
    }

    #[test]
    fn modes_have_the_names_of_the_server() {
        assert_eq!(LockMode::named("ShareRowExclusiveLock"), Some(ShareRowExclusiveLock));
        assert_eq!(LockMode::named("SIReadLock"), None);
    }
}
