//! What a statement does in the end: its own verb, past the queries of its WITH, and the table that it updates.

use super::lexer::TokenKind;
use super::words::Words;

const VERBS: [&str; 7] = ["INSERT", "UPDATE", "DELETE", "MERGE", "SELECT", "VALUES", "TABLE"];

/// Whether the rows that the server counts for a statement are rows that it changes: `UPDATE`, `INSERT`, `DELETE` and
/// `MERGE`, also after a WITH. Not so `WITH moved AS (DELETE …) SELECT …`, for which it counts what the SELECT gives.
pub fn counts_changes(text: &str) -> bool {
    let words = Words::of(text, true);
    let at = if words.is(0, "WITH") { verb_after_with(&words) } else { Some(0) };
    at.is_some_and(|at| words.is_any(at, &VERBS[..4]))
}

/// Parameters that a statement takes: the highest of `$1`, `$2`, … in it.
pub fn parameters(text: &str) -> usize {
    let words = Words::of(text, true);
    let numbers = (0..words.len())
        .filter(|at| words.kind(*at) == Some(TokenKind::Parameter))
        .filter_map(|at| words.text(at).strip_prefix('$')?.parse().ok());
    numbers.max().unwrap_or(0)
}

/// The table that a statement updates where that is all that it changes, wherever in it the UPDATE stands: in its WITH, after
/// it, or by itself. As the server stores it and without quotes, `public.users`, or `users` where no schema is named. None of
/// a statement that inserts, deletes or merges besides, or updates twice.
pub fn updated_table(text: &str) -> Option<String> {
    let words = Words::of(text, true);
    let others = [["INSERT", "INTO"], ["DELETE", "FROM"], ["MERGE", "INTO"]];
    if (0..words.len()).any(|at| others.iter().any(|other| words.run(at, other))) {
        return None;
    }
    let own = if words.is(0, "WITH") { verb_after_with(&words) } else { Some(0) };
    // `FOR UPDATE` locks rows, and a column may have the name.
    let begins = |at: &usize| Some(*at) == own || (*at > 0 && words.is_symbol(at - 1, b'('));
    let named = |at: usize| named_after(&words, at);
    let updates = (0..words.len()).filter(|at| words.is(*at, "UPDATE")).filter(begins).filter_map(named);
    let [only] = <[String; 1]>::try_from(updates.collect::<Vec<_>>()).ok()?;
    Some(only)
}

/// The name after that UPDATE.
fn named_after(words: &Words<'_>, update: usize) -> Option<String> {
    let mut at = words.skip(update + 1, "ONLY");
    at += usize::from(words.is_symbol(at, b'('));
    let mut name = words.name(at)?;
    while words.is_symbol(at + 1, b'.') {
        at += 2;
        name = format!("{name}.{}", words.name(at)?);
    }
    Some(name)
}

/// The first verb that stands in no parentheses.
fn verb_after_with(words: &Words<'_>) -> Option<usize> {
    let mut depth = 0_usize;
    for at in 1..words.len() {
        match words.kind(at) {
            Some(TokenKind::Symbol(b'(')) => depth += 1,
            Some(TokenKind::Symbol(b')')) => depth = depth.saturating_sub(1),
            _ if depth == 0 && words.is_any(at, &VERBS) => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{counts_changes, parameters, updated_table};

    #[test]
    fn parameters_are_counted_by_the_highest() {
        assert_eq!(parameters("SELECT $2, '$9', $1 -- $7"), 2);
        assert_eq!(parameters("SELECT 1"), 0);
        assert_eq!(parameters("SELECT $1::bigint, $1"), 1);
    }

    #[test]
    fn the_verb_at_the_end_decides() {
        for changes in [
            "UPDATE users SET a = $1",
            "/* batch */ update only users SET a = $1",
            "WITH batch AS (SELECT id FROM users FOR UPDATE SKIP LOCKED) UPDATE users SET a = $1 FROM batch",
            "WITH RECURSIVE t(n) AS (VALUES ($1) UNION SELECT n + $2 FROM t) INSERT INTO x SELECT n FROM t",
            "WITH gone AS MATERIALIZED (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone",
            "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DO NOTHING",
        ] {
            assert!(counts_changes(changes), "{changes}");
        }
        for reads in [
            "SELECT id FROM users FOR UPDATE",
            "WITH moved AS (UPDATE users SET a = $1 RETURNING 1) SELECT count(*) FROM moved",
            "WITH x AS (SELECT 1",
            "DO $$ BEGIN UPDATE users SET a = 1; END $$",
            "",
        ] {
            assert!(!counts_changes(reads), "{reads}");
        }
    }

    #[test]
    fn the_table_of_an_update_is_known() {
        for (sql, table) in [
            ("UPDATE users SET a = $1", "users"),
            ("/* batch */ update only Public.Users as u set a = $1", "public.users"),
            ("UPDATE ONLY (users) SET a = $1", "users"),
            ("UPDATE \"Order Items\" SET a = $1", "Order Items"),
            ("UPDATE public.\"Users\"SET a = $1", "public.Users"),
            ("UPDATE -- FROM here; UPDATE orders\n users SET a = 'INSERT INTO x'", "users"),
            (
                "WITH b AS (SELECT id FROM orders FOR UPDATE SKIP LOCKED) UPDATE users SET a = $1 FROM b",
                "users",
            ),
            ("WITH b AS(UPDATE users SET a = $1 RETURNING id) SELECT count(*) FROM b", "users"),
            ("UPDATE users SET update = $1 WHERE (update <> $2) AND delete IS NULL", "users"),
        ] {
            assert_eq!(updated_table(sql).as_deref(), Some(table), "{sql}");
        }
        for other in [
            "INSERT INTO users SELECT $1 ON CONFLICT (id) DO UPDATE SET a = $2",
            "DELETE FROM users",
            "SELECT 1 FOR NO KEY UPDATE",
            "WITH gone AS (DELETE FROM a RETURNING *) UPDATE b SET x = $1",
            "WITH c AS (UPDATE a SET x = $1) UPDATE b SET x = $1",
            "SELECT 'UPDATE users SET a = 1'",
            "UPDATE",
            "",
        ] {
            assert_eq!(updated_table(other), None, "{other}");
        }
    }
}
