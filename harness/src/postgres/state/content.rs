//! Digests of what is in the tables.

use std::time::Duration;

use pgrehearse_reports::event::{ColumnContent, TableContent};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::OF_USER;
use crate::error::Error;
use crate::postgres::words_of;

/// What was read of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// All of them.
    All(Vec<TableContent>),
    /// Not all, and why not.
    NotAll(String),
}

/// A table that has rows of its own, or whose partitions have. All names are qualified and quoted, as SQL needs them.
struct Table {
    name: String,
    /// `ONLY` where those that inherit from it have rows of their own.
    only: &'static str,
    columns: Vec<String>,
    key: Vec<String>,
}

/// A query has 1664 columns at most (`MaxTupleAttributeNumber`), and each column of a table takes two.
const COLUMNS_AT_ONCE: usize = 500;
/// How values are written, whatever the migration sets for the database or the role.
const AS_WRITTEN: &str = "SET search_path = ''; SET DateStyle = ISO; SET IntervalStyle = postgres; SET TimeZone = UTC; \
                          SET bytea_output = hex; SET extra_float_digits = 1; SET xmloption = content";

/// Reads every table of the user's once, `limit` at most, and gives digests of its columns: of each value together with
/// the primary key of its row where there is one, so that values that changed places are seen; rows in another order, or
/// columns, are the same.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn content(client: &Client, limit: Duration) -> Result<Read, Error> {
    let sql = format!("{AS_WRITTEN}; SET statement_timeout = {}", limit.as_millis().max(1));
    client.batch_execute(&sql).await?;
    let mut contents = Vec::new();
    for table in tables(client).await? {
        match read(client, &table).await {
            Ok(content) => contents.push(content),
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
                let name = table.name;
                return Ok(Read::NotAll(format!("{name} takes longer to read than {} s", limit.as_secs())));
            }
            Err(error) if error.is_closed() => return Err(error.into()),
            Err(error) => {
                let name = table.name;
                return Ok(Read::NotAll(format!("{name} cannot be read: {}", words_of(&error))));
            }
        }
    }
    contents.sort_unstable_by(|one, other| one.table.cmp(&other.table));
    Ok(Read::All(contents))
}

/// The tables with their columns, by name (virtual generated ones, which hold nothing, left out), and the columns of their primary keys, in its order.
const TABLES: &str = concat!(
    "SELECT c.oid::regclass::text, c.relkind = 'r', \
       COALESCE((SELECT array_agg(quote_ident(a.attname) ORDER BY a.attname) FROM pg_attribute a \
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'), '{}'), \
       COALESCE((SELECT array_agg(quote_ident(a.attname) ORDER BY k.at) FROM pg_index i, \
          unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, at) \
          JOIN pg_attribute a ON a.attnum = k.attnum \
        WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid), '{}') \
     FROM pg_class c \
     WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relispopulated \
       AND c.relnamespace IN (TABLE of_user) AND ",
    not_of_extension!("pg_class", "c.oid")
);

async fn tables(client: &Client) -> Result<Vec<Table>, Error> {
    let rows = client.query(&format!("{OF_USER}{TABLES}"), &[]).await?;
    let table = |row: &tokio_postgres::Row| Table {
        name: row.get(0),
        only: if row.get(1) { "ONLY" } else { "" },
        columns: row.get(2),
        key: row.get(3),
    };
    Ok(rows.iter().map(table).collect())
}

async fn read(client: &Client, table: &Table) -> Result<TableContent, tokio_postgres::Error> {
    let Table { name, only, columns, key } = table;
    let key: Vec<String> = key.iter().map(|column| format!("t.{column}")).collect();
    // With the key of its row, a value that is in another row is another one. Under "C" no two texts are taken for alike.
    let seed = if key.is_empty() {
        "0".to_owned()
    } else {
        format!("hashtextextended(ROW({})::text COLLATE \"C\", 0)", key.join(", "))
    };
    let mut content =
        TableContent { table: name.clone(), rows: 0, key: table.key.clone(), columns: Vec::new() };
    for columns in chunks(columns) {
        let digests = columns.iter().map(|column| {
            let digest = format!("hashtextextended(t.{column}::text COLLATE \"C\", {seed})");
            format!(", count(t.{column}), COALESCE(sum({digest}), 0)::text")
        });
        let sql = format!("SELECT count(*){} FROM {only} {name} t", digests.collect::<String>());
        let row = client.query_one(&sql, &[]).await?;
        let count = |at: usize| row.get::<_, i64>(at).cast_unsigned();
        content.rows = count(0);
        content.columns.extend(columns.iter().enumerate().map(|(at, column)| ColumnContent {
            column: column.clone(),
            not_null: count(1 + 2 * at),
            digest: row.get(2 + 2 * at),
        }));
    }
    Ok(content)
}

/// The columns in parts that one query can ask for; one part without any where there are none, for the rows.
fn chunks(columns: &[String]) -> impl Iterator<Item = &[String]> {
    let none = columns.is_empty().then_some(columns);
    columns.chunks(COLUMNS_AT_ONCE).chain(none)
}
