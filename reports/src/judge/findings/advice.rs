//! What to do instead of a statement that keeps others waiting, written out for its objects.

use crate::model::statement::Statement;
use crate::statements::leading_keyword;

/// Said where waiting for a lock is the trouble.
const GIVE_UP_EARLY: &str =
    "Let it give up early and try again: `SET lock_timeout = '1s';` before it, and a retry.";

/// A gentler way for the statement's kind. `queued` says whether a long transaction held it up.
pub(super) fn instead(statement: Option<&Statement>, relation: Option<&str>, queued: bool) -> String {
    let table = relation.unwrap_or("the table");
    let way = statement.map_or_else(|| hold_for_less(table), |statement| way(statement, table));
    if queued { format!("{GIVE_UP_EARLY} {way}") } else { way }
}

/// Said where rows are waited for.
pub(super) fn in_batches(relation: Option<&str>) -> String {
    let rows = relation.map_or_else(|| "rows".to_owned(), |table| format!("the rows of {table}"));
    format!(
        "Change {rows} in batches of a few thousand by primary key, each committed by itself, so that nobody waits for a row \
         for longer than a batch takes."
    )
}

fn way(statement: &Statement, table: &str) -> String {
    let words = words(&statement.sql);
    let has = |phrase: &str| words.contains(phrase);
    match leading_keyword(&statement.sql).to_ascii_uppercase().as_str() {
        "CREATE" if has(" INDEX ") && !has(" CONCURRENTLY ") => format!(
            "Build it beside the traffic: `{}` outside a transaction; it takes longer and blocks neither reads nor writes.",
            concurrently(&statement.sql)
        ),
        "DROP" if has(" INDEX ") && !has(" CONCURRENTLY ") => {
            format!("Drop it beside the traffic: `{}` outside a transaction.", concurrently(&statement.sql))
        }
        "REINDEX" => "`REINDEX … CONCURRENTLY`, outside a transaction.".to_owned(),
        "UPDATE" | "DELETE" | "INSERT" | "MERGE" => in_batches(Some(table)),
        "ALTER" => alter(statement, table, &words),
        _ => hold_for_less(table),
    }
}

fn alter(statement: &Statement, table: &str, words: &str) -> String {
    let has = |phrase: &str| words.contains(phrase);
    if !statement.rewrites.is_empty() {
        format!(
            "Leave the rows of {table} where they are: add a new column (nullable, or with a constant default), fill it in \
             batches, and change over to it in a later migration."
        )
    } else if has(" SET NOT NULL ") {
        format!(
            "Prove it first, without keeping anybody out: `ALTER TABLE {table} ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT \
             VALID;`, in a transaction of its own `ALTER TABLE {table} VALIDATE CONSTRAINT …;`, then `SET NOT NULL`, which \
             needs no scan any more, and drop the check."
        )
    } else if has(" UNIQUE ") || has(" PRIMARY KEY ") {
        format!(
            "Build the index beside the traffic (`CREATE UNIQUE INDEX CONCURRENTLY … ON {table} (…);`), then attach it: \
             `ALTER TABLE {table} ADD CONSTRAINT … UNIQUE USING INDEX …;`."
        )
    } else if has(" FOREIGN KEY ") || has(" CHECK ") || has(" REFERENCES ") {
        format!(
            "Add it as `NOT VALID`, which reads no row, and prove it in a transaction of its own: `ALTER TABLE {table} \
             VALIDATE CONSTRAINT …;` blocks neither reads nor writes."
        )
    } else {
        hold_for_less(table)
    }
}

fn hold_for_less(table: &str) -> String {
    format!(
        "Hold the lock on {table} for less: put the statement into a transaction of its own, last, with nothing after it \
         but COMMIT, and let it give up early (`SET lock_timeout = '1s';`) and try again."
    )
}

/// The statement with CONCURRENTLY after its INDEX.
fn concurrently(sql: &str) -> String {
    let mut words: Vec<&str> = sql.split_whitespace().collect();
    if let Some(index) = words.iter().position(|word| word.eq_ignore_ascii_case("INDEX")) {
        words.insert(index + 1, "CONCURRENTLY");
    }
    let text = words.join(" ");
    format!("{};", text.trim_end_matches(';'))
}

/// In capitals, one space around every word.
fn words(sql: &str) -> String {
    let apart = sql.to_ascii_uppercase().replace(['(', ')', ',', ';'], " ");
    format!(" {} ", apart.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_built_concurrently() {
        assert_eq!(
            concurrently("CREATE UNIQUE index\n  i ON users (email);"),
            "CREATE UNIQUE index CONCURRENTLY i ON users (email);"
        );
    }
}
