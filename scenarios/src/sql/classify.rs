//! Which statements begin or end a transaction, and which cannot run inside one.
//!
//! The facts are the server's calls of `PreventInTransactionBlock`, PostgreSQL 13 to 18,
//! and REPACK as it is announced for 19.

use super::StatementKind;
use super::words::Words;

/// What the runner has to know of a statement.
pub(super) fn kind(words: &Words<'_>) -> StatementKind {
    use StatementKind::{Begin, Chain, Commit, NonTransactional, Rollback, Transactional};
    let ends_transaction = |end: StatementKind| {
        let chain = words.skip(words.skip(1, "work"), "transaction");
        if words.is(1, "prepared") {
            NonTransactional
        } else if words.is(chain, "to") {
            Transactional // ROLLBACK TO SAVEPOINT
        } else if words.run(chain, &["and", "chain"]) {
            Chain
        } else {
            end
        }
    };
    match words.text(0).to_ascii_lowercase().as_str() {
        "begin" => Begin,
        "start" if words.is(1, "transaction") => Begin,
        "commit" | "end" => ends_transaction(Commit),
        "rollback" | "abort" => ends_transaction(Rollback),
        "prepare" if words.is(1, "transaction") && words.is_string(2) => Commit,
        _ if is_non_transactional(words) => NonTransactional,
        _ => Transactional,
    }
}

fn is_non_transactional(words: &Words<'_>) -> bool {
    match words.text(0).to_ascii_lowercase().as_str() {
        "create" => {
            words.run(words.skip(1, "unique"), &["index", "concurrently"])
                || words.is_any(1, &["database", "tablespace"])
                || (words.is(1, "subscription") && creates_slot(words))
        }
        "drop" => {
            words.run(1, &["index", "concurrently"])
                || words.is_any(1, &["database", "tablespace", "subscription"])
        }
        "alter" => match words.text(1).to_ascii_lowercase().as_str() {
            "system" => true,
            "database" => words.run(words.skip_name(2), &["set", "tablespace"]),
            "table" => detaches_concurrently(words),
            "subscription" => subscription_needs_publisher(words),
            _ => false,
        },
        "reindex" => {
            let object = words.skip_parentheses(1);
            words.is_any(object, &["schema", "database", "system"])
                || words.is(object + 1, "concurrently")
                || option(words, 1, "concurrently") == Some(true)
        }
        "repack" => option(words, 1, "concurrently") == Some(true) || names_no_table(words),
        "cluster" => names_no_table(words),
        "vacuum" => true,
        "discard" => words.is(1, "all"),
        "do" => do_block_commits(words),
        _ => false,
    }
}

/// CLUSTER and REPACK without a table work through all of them, each in its own transaction.
fn names_no_table(words: &Words<'_>) -> bool {
    words.skip_parentheses(words.skip(1, "verbose")) >= words.len()
}

/// `FINALIZE` may run in a transaction, `CONCURRENTLY` not.
fn detaches_concurrently(words: &Words<'_>) -> bool {
    words
        .find(2, &["detach", "partition"])
        .is_some_and(|detach| words.is(words.skip_name(detach + 2), "concurrently"))
}

/// CREATE SUBSCRIPTION makes a replication slot unless it is told not to, or not to connect.
fn creates_slot(words: &Words<'_>) -> bool {
    let options = words.find(2, &["with"]).map_or(words.len(), |with| with + 1);
    ["connect", "create_slot"].iter().all(|name| option(words, options, name) != Some(false))
}

fn subscription_needs_publisher(words: &Words<'_>) -> bool {
    let action = words.skip_name(2);
    let slot_options = ["failover", "two_phase"];
    if words.is(action, "refresh") {
        return true;
    }
    if words.is(action, "set") && words.is_symbol(action + 1, b'(') {
        return slot_options.iter().any(|name| option(words, action + 1, name).is_some());
    }
    let publications = words.is_any(action, &["set", "add", "drop"]) && words.is(action + 1, "publication");
    let options = words.find(action, &["with"]).map_or(words.len(), |with| with + 1);
    publications && option(words, options, "refresh") != Some(false)
}

/// The boolean option `name` in the parenthesised list that opens at `index`: `None` where it is not named.
fn option(words: &Words<'_>, index: usize, name: &str) -> Option<bool> {
    let end = words.skip_parentheses(index);
    (index + 1..end).find_map(|at| {
        let begins = words.is_symbol(at - 1, b'(') || words.is_symbol(at - 1, b',');
        if !begins || words.name(at)? != name {
            return None;
        }
        let value = at + 1 + usize::from(words.is_symbol(at + 1, b'='));
        let written = words.string(value).unwrap_or_else(|| words.text(value).to_owned());
        Some(!["false", "off", "0"].iter().any(|no| written.eq_ignore_ascii_case(no)))
    })
}

/// True for a DO block in PL/pgSQL that has COMMIT or ROLLBACK as a statement of its own.
fn do_block_commits(words: &Words<'_>) -> bool {
    let mut body = None;
    let mut language = None;
    let mut at = 1;
    while at < words.len() {
        if words.is(at, "language") {
            language = words.name(at + 1).or_else(|| words.string(at + 1));
            at += 1;
        } else if words.is_string(at) {
            body = words.string(at);
        }
        at += 1;
    }
    language.is_none_or(|language| language.eq_ignore_ascii_case("plpgsql"))
        && body.is_some_and(|body| ends_transaction_inside(&Words::of(&body, true)))
}

/// Looks for the statement, not for the word: a variable may have that name.
fn ends_transaction_inside(body: &Words<'_>) -> bool {
    (1..body.len()).any(|at| {
        let begins_statement =
            body.is_symbol(at - 1, b';') || body.is_any(at - 1, &["begin", "then", "else", "loop"]);
        let ends_statement = body.is_symbol(at + 1, b';') || body.is(at + 1, "and");
        begins_statement && ends_statement && body.is_any(at, &["commit", "rollback"])
    })
}

#[cfg(test)]
mod tests;
