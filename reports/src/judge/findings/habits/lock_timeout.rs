//! What statements do to the session's `lock_timeout`.

use crate::statements::skip_comments;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Set {
    /// Whether waiting for a lock has an end.
    pub(super) limited: bool,
    /// Whether it is for the transaction alone.
    pub(super) local: bool,
}

/// What a statement sets it to; none where it leaves it alone. What RESET goes back to is taken for the server's own default,
/// which is no limit.
pub(super) fn set_by(sql: &str) -> Option<Set> {
    let sql = skip_comments(sql).to_lowercase();
    let parts = sql.split(|letter: char| letter.is_whitespace() || "=',;()\"".contains(letter));
    let words: Vec<&str> = parts.filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        ["set", "local", "lock_timeout", value @ ..] => Some(Set { limited: is_limit(value), local: true }),
        ["set", "session", "lock_timeout", value @ ..] | ["set", "lock_timeout", value @ ..] => {
            Some(Set { limited: is_limit(value), local: false })
        }
        ["reset", "lock_timeout" | "all", ..] | ["discard", "all", ..] => {
            Some(Set { limited: false, local: false })
        }
        ["select", "set_config" | "pg_catalog.set_config", "lock_timeout", value @ ..] => {
            let local = value.iter().any(|word| matches!(*word, "true" | "t" | "on" | "yes"));
            Some(Set { limited: is_limit(value), local })
        }
        _ => None,
    }
}

/// Whether a value is more than 0, which is none.
fn is_limit(words: &[&str]) -> bool {
    let value = words.iter().find(|word| **word != "to").copied().unwrap_or("default");
    let end = value.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(value.len());
    value.get(..end).and_then(|number| number.parse::<f64>().ok()).is_some_and(|number| number > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_set_in_many_ways() {
        let (for_good, for_now) = (Set { limited: true, local: false }, Set { limited: true, local: true });
        let none = Set { limited: false, local: false };
        let cases = [
            ("SET lock_timeout = '1s'", Some(for_good)),
            ("-- careful\nset session lock_timeout to 500;", Some(for_good)),
            ("SET LOCAL lock_timeout='0.5s'", Some(for_now)),
            ("SELECT set_config('lock_timeout', '2 s', true)", Some(for_now)),
            ("SELECT pg_catalog.set_config('lock_timeout', '2s', false);", Some(for_good)),
            ("SET lock_timeout = 0", Some(none)),
            ("SET lock_timeout TO '0ms'", Some(none)),
            ("SET LOCAL lock_timeout TO DEFAULT", Some(Set { limited: false, local: true })),
            ("RESET lock_timeout", Some(none)),
            ("RESET ALL;", Some(none)),
            ("SET statement_timeout = '1s' -- not lock_timeout", None),
            ("SELECT 'lock_timeout'", None),
        ];
        for (sql, set) in cases {
            assert_eq!(set_by(sql), set, "{sql}");
        }
    }
}
