//! The server's lock calls, as the kernel's trace tells of them.

use super::tracefs::Probe;

/// Names of the probes.
const ACQUIRE: &str = "acquire";
const ACQUIRED: &str = "acquired";
const RELEASE: &str = "release";
const RELEASE_ALL: &str = "release_all";
const JOIN_GROUP: &str = "join_group";

/// The functions that are traced; all since PostgreSQL 9.6 (`storage/lmgr/lock.c`, `proc.c`).
pub(super) const FUNCTIONS: [&str; 4] =
    ["LockAcquireExtended", "LockRelease", "LockReleaseAll", "BecomeLockGroupMember"];

/// `LOCKTAG_RELATION` and `DEFAULT_LOCKMETHOD` of `storage/lock.h`.
const RELATION: u32 = 0;
const DEFAULT_METHOD: u32 = 1;

/// One line of the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// A process called.
    Call { pid: i32, at_us: u64, call: Call },
    /// The buffer was too small for so many.
    Lost(u64),
}

/// A call of one of [`FUNCTIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// A lock is asked for.
    Acquire(Tag),
    /// The answer: whether it was granted.
    Acquired { granted: bool },
    /// A lock is given back, once.
    Release(Tag),
    /// All locks of the transaction are given back, or really `all`.
    ReleaseAll { all: bool },
    /// The process works for another from now on.
    JoinGroup { leader_pid: i32 },
}

/// A lock; none of anything but a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) relation: Option<Relation>,
    /// 1 (`AccessShareLock`) to 8 (`AccessExclusiveLock`).
    pub(super) mode: u32,
    /// Held by the session, whatever its transaction does.
    pub(super) of_session: bool,
}

/// A relation by its oids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) database_oid: u32,
    pub(super) oid: u32,
}

/// The probes for the functions at `offsets`.
///
/// # Errors
/// In words, on a processor whose calling convention is not known here.
pub(super) fn probes(offsets: [u64; 4]) -> Result<Vec<Probe>, String> {
    let [first, second, third] = match std::env::consts::ARCH {
        "x86_64" => ["%di", "%si", "%dx"],
        "aarch64" => ["%x0", "%x1", "%x2"],
        other => return Err(format!("how {other} passes arguments is not known here")),
    };
    // LOCKTAG: u32 database, u32 relation, u32, u16, u8 type, u8 method (storage/lock.h).
    let lock = format!(
        "database=+0({first}):u32 relation=+4({first}):u32 type=+14({first}):u8 method=+15({first}):u8 \
         mode={second}:u32 session={third}:u8"
    );
    let [acquire, release, release_all, join_group] = offsets;
    let probe = |name, offset, at_return, arguments: String| Probe { name, offset, at_return, arguments };
    Ok(vec![
        probe(ACQUIRE, acquire, false, lock.clone()),
        probe(ACQUIRED, acquire, true, "result=$retval:u32".to_owned()),
        probe(RELEASE, release, false, lock),
        probe(RELEASE_ALL, release_all, false, format!("method={first}:u16 all={second}:u8")),
        probe(JOIN_GROUP, join_group, false, format!("leader={second}:s32")),
    ])
}

/// Reads a line of `trace_pipe`: `task-pid [cpu] flags seconds.micros: name: (address) key=value …`; none where it
/// tells of nothing that matters.
pub(super) fn parse(line: &str) -> Option<Line> {
    if let Some((_, rest)) = line.split_once("[LOST ") {
        return rest.split(' ').next()?.parse().ok().map(Line::Lost);
    }
    let (task, rest) = line.split_once(" [")?;
    let pid = task.trim_end().rsplit('-').next()?.parse().ok()?;
    let mut words = rest.split_whitespace();
    let time = words.by_ref().find_map(|word| word.strip_suffix(':').filter(|time| time.contains('.')))?;
    let name = words.next()?.strip_suffix(':')?;
    let arguments: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
    let number = |key: &str| {
        let (_, value) = arguments.iter().find(|(name, _)| *name == key)?;
        match value.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).ok(),
            None => value.parse::<i64>().ok(),
        }
    };
    let unsigned = |key: &str| number(key).and_then(|value| u32::try_from(value).ok());
    let tag = || {
        let is_relation = unsigned("type")? == RELATION && unsigned("method")? == DEFAULT_METHOD;
        let relation = Relation { database_oid: unsigned("database")?, oid: unsigned("relation")? };
        let (mode, of_session) = (unsigned("mode")?, unsigned("session")? != 0);
        Some(Tag { relation: is_relation.then_some(relation), mode, of_session })
    };
    let call = match name {
        ACQUIRE => Call::Acquire(tag()?),
        // LOCKACQUIRE_NOT_AVAIL is 0; every other result means that it is held.
        ACQUIRED => Call::Acquired { granted: number("result")? != 0 },
        RELEASE => Call::Release(tag()?),
        RELEASE_ALL if unsigned("method")? == DEFAULT_METHOD => {
            Call::ReleaseAll { all: unsigned("all")? != 0 }
        }
        JOIN_GROUP => Call::JoinGroup { leader_pid: i32::try_from(number("leader")?).ok()? },
        _ => return None,
    };
    let (seconds, micros) = time.split_once('.')?;
    let at_us = seconds.parse::<u64>().ok()? * 1_000_000 + micros.parse::<u64>().ok()?;
    Some(Line::Call { pid, at_us, call })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> Call {
        match parse(line) {
            Some(Line::Call { pid: 16117, at_us: 5_123_456_789, call }) => call,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lines_of_the_trace() {
        let begins = "        postgres-16117   [001] .....  5123.456789: ";
        let args = "database=16500 relation=16501 type=0 method=1 mode=8 session=0";
        let relation = Some(Relation { database_oid: 16500, oid: 16501 });
        let tag = Tag { relation, mode: 8, of_session: false };
        assert_eq!(call(&format!("{begins}acquire: (0x55d0c8a5e5b0) {args}")), Call::Acquire(tag));
        assert_eq!(call(&format!("{begins}release: (0x55d0c8a5e5b0) {args}")), Call::Release(tag));
        let returned = "acquired: (0x55d0c8a5f000 <- 0x55d0c8a5e5b0) result=0x1";
        assert_eq!(call(&format!("{begins}{returned}")), Call::Acquired { granted: true });
        let all = format!("{begins}release_all: (0x55d0) method=1 all=1");
        assert_eq!(call(&all), Call::ReleaseAll { all: true });
        assert_eq!(parse(&format!("{begins}release_all: (0x55d0) method=2 all=1")), None, "advisory locks");
        let join = format!("{begins}join_group: (0x55d0) leader=16000");
        assert_eq!(call(&join), Call::JoinGroup { leader_pid: 16000 });
    }

    #[test]
    fn other_locks_are_not_of_a_relation() {
        let line = "a b-1-16117 [000] d..1. 5123.456789: acquire: (0x1) database=1 relation=2 type=5 method=1 mode=7 session=0";
        assert!(matches!(call(line), Call::Acquire(Tag { relation: None, .. })));
    }

    #[test]
    fn what_was_lost_is_counted() {
        assert_eq!(parse("CPU:1 [LOST 23 EVENTS]"), Some(Line::Lost(23)));
        assert_eq!(parse("# tracer: nop"), None);
        assert_eq!(parse(""), None);
    }
}
