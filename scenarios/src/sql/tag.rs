//! What people call a statement: its command tag, with `CONCURRENTLY` where that matters.

use super::words::Words;

/// Objects whose name is more than one word, as CREATE, ALTER, DROP and COMMENT ON have them.
const LONG_OBJECTS: &[&[&str]] = &[
    &["access", "method"],
    &["default", "privileges"],
    &["event", "trigger"],
    &["foreign", "data", "wrapper"],
    &["foreign", "table"],
    &["large", "object"],
    &["materialized", "view"],
    &["operator", "class"],
    &["operator", "family"],
    &["property", "graph"],
    &["text", "search", "configuration"],
    &["text", "search", "dictionary"],
    &["text", "search", "parser"],
    &["text", "search", "template"],
    &["user", "mapping"],
];

/// Words between CREATE and the kind of object that say how it is made.
const MODIFIERS: &[&str] = &[
    "or",
    "replace",
    "global",
    "local",
    "temporary",
    "temp",
    "unlogged",
    "unique",
    "recursive",
    "constraint",
    "trusted",
    "procedural",
];

/// Commands whose second word belongs to their name.
const TWO_WORD_COMMANDS: &[&[&str]] = &[
    &["start", "transaction"],
    &["prepare", "transaction"],
    &["commit", "prepared"],
    &["rollback", "prepared"],
    &["security", "label"],
    &["import", "foreign", "schema"],
    &["drop", "owned"],
    &["reassign", "owned"],
    &["discard", "all"],
    &["set", "role"],
    &["set", "constraints"],
    &["set", "session", "authorization"],
    &["refresh", "materialized", "view", "concurrently"],
    &["refresh", "materialized", "view"],
];

/// A short name for a statement, in capitals.
pub(super) fn tag(words: &Words<'_>) -> String {
    if let Some(command) = TWO_WORD_COMMANDS.iter().find(|command| words.run(0, command)) {
        return command.join(" ").to_ascii_uppercase();
    }
    let first = words.text(0).to_ascii_uppercase();
    match first.as_str() {
        "CREATE" | "ALTER" | "DROP" => with_object(&first, words),
        "ROLLBACK" if words.find(1, &["to"]).is_some() => "ROLLBACK TO SAVEPOINT".to_owned(),
        "REINDEX" => {
            let object = words.skip_parentheses(1);
            let concurrently =
                words.is(object + 1, "concurrently") || (1..object).any(|at| words.is(at, "concurrently"));
            let object = words.text(object).to_ascii_uppercase();
            format!("REINDEX {object}{}", if concurrently { " CONCURRENTLY" } else { "" })
        }
        "WITH" => main_verb(words).unwrap_or(first),
        "" => String::new(),
        _ if words.is(0, &first) => first,
        // A query in parentheses.
        _ => (0..words.len())
            .find(|&at| words.is_any(at, &["select", "values", "table", "with"]))
            .map_or_else(|| "statement".to_owned(), |at| words.text(at).to_ascii_uppercase()),
    }
}

fn with_object(verb: &str, words: &Words<'_>) -> String {
    let mut at = 1;
    while words.is_any(at, MODIFIERS) && at < words.len() {
        at += 1;
    }
    let object = LONG_OBJECTS
        .iter()
        .find(|object| words.run(at, object))
        .map_or_else(|| words.text(at).to_ascii_uppercase(), |object| object.join(" ").to_ascii_uppercase());
    let detach = words.find(at, &["detach", "partition"]);
    let concurrently = (object == "INDEX" && words.is(at + 1, "concurrently"))
        || detach.is_some_and(|detach| words.is(words.skip_name(detach + 2), "concurrently"));
    let suffix = match (concurrently, detach.is_some() && object == "TABLE") {
        (true, true) => " DETACH PARTITION CONCURRENTLY",
        (true, false) => " CONCURRENTLY",
        (false, _) => "",
    };
    format!("{verb} {object}{suffix}").trim_end().to_owned()
}

/// The statement that a WITH serves.
fn main_verb(words: &Words<'_>) -> Option<String> {
    words
        .outside_parentheses(1)
        .find(|&at| words.is_any(at, &["select", "insert", "update", "delete", "merge", "values", "table"]))
        .map(|at| words.text(at).to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_what_people_call_the_statement() {
        let cases = [
            ("create unique index concurrently i on t (a)", "CREATE INDEX CONCURRENTLY"),
            ("CREATE INDEX i ON t (a)", "CREATE INDEX"),
            ("DROP INDEX CONCURRENTLY IF EXISTS i", "DROP INDEX CONCURRENTLY"),
            ("REINDEX (VERBOSE) TABLE CONCURRENTLY t", "REINDEX TABLE CONCURRENTLY"),
            ("REINDEX (CONCURRENTLY, VERBOSE) INDEX i", "REINDEX INDEX CONCURRENTLY"),
            ("REINDEX SCHEMA public", "REINDEX SCHEMA"),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY m", "REFRESH MATERIALIZED VIEW CONCURRENTLY"),
            ("CREATE OR REPLACE FUNCTION f() RETURNS int AS 'x' LANGUAGE sql", "CREATE FUNCTION"),
            ("CREATE UNLOGGED TABLE t ()", "CREATE TABLE"),
            ("CREATE TEMP VIEW v AS SELECT 1", "CREATE VIEW"),
            ("CREATE CONSTRAINT TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()", "CREATE TRIGGER"),
            ("ALTER TABLE ONLY t ADD COLUMN a int", "ALTER TABLE"),
            ("ALTER TABLE p DETACH PARTITION s.c CONCURRENTLY", "ALTER TABLE DETACH PARTITION CONCURRENTLY"),
            ("ALTER TABLE p DETACH PARTITION c FINALIZE", "ALTER TABLE"),
            ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO x", "ALTER DEFAULT PRIVILEGES"),
            ("ALTER TEXT SEARCH CONFIGURATION c RENAME TO d", "ALTER TEXT SEARCH CONFIGURATION"),
            ("COMMENT ON TABLE t IS 'x'", "COMMENT"),
            ("DO $$BEGIN END$$", "DO"),
            ("truncate t", "TRUNCATE"),
            ("WITH x AS (INSERT INTO t VALUES (1) RETURNING a) UPDATE u SET a = 1", "UPDATE"),
            ("((SELECT 1))", "SELECT"),
            ("ROLLBACK TO s", "ROLLBACK TO SAVEPOINT"),
            ("rollback", "ROLLBACK"),
            ("SET ROLE x", "SET ROLE"),
            ("SET lock_timeout = '2s'", "SET"),
            ("IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c", "IMPORT FOREIGN SCHEMA"),
            ("create", "CREATE"),
            ("+ 1", "statement"),
        ];
        for (sql, expected) in cases {
            assert_eq!(tag(&Words::of(sql, true)), expected, "{sql}");
        }
    }
}
