//! Filling tables fast, and leaving them as their definitions have them.

use bytes::Bytes;
use futures_util::{SinkExt, pin_mut};
use tokio_postgres::{Client, Transaction};

use super::admin::quoted;
use super::words_of;
use crate::error::Error;

/// Makes `schema.name` ready to be filled inside `transaction`: empty in a new file, so that neither its rows
/// nor its indexes need the WAL (`wal_level = minimal`) and COPY may FREEZE; its triggers and foreign keys
/// asleep; its indexes not maintained until [`rebuild_indexes`]. No definition changes.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn open_for_load(transaction: &Transaction<'_>, oid: u32, table: &str) -> Result<(), Error> {
    // Without relhastriggers a table counts as free of foreign keys, which lets TRUNCATE take it alone.
    transaction
        .execute("UPDATE pg_catalog.pg_class SET relhastriggers = false WHERE oid = $1", &[&oid])
        .await?;
    transaction.batch_execute(&format!("TRUNCATE ONLY {table}")).await?;
    // After the TRUNCATE, which builds indexes anew and so declares them ready.
    transaction
        .execute("UPDATE pg_catalog.pg_index SET indisready = false WHERE indrelid = $1", &[&oid])
        .await?;
    Ok(())
}

/// Builds all indexes of a filled table, which makes them ready again, and wakes its triggers.
///
/// # Errors
/// The driver's, for the caller to judge: where an index cannot be built, a duplicate key above all.
pub async fn rebuild_indexes(
    transaction: &Transaction<'_>,
    oid: u32,
    table: &str,
) -> Result<(), tokio_postgres::Error> {
    transaction.batch_execute(&format!("REINDEX TABLE {table}")).await?;
    transaction
        .execute(
            "UPDATE pg_catalog.pg_class SET relhastriggers = EXISTS ( \
                 SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = $1) WHERE oid = $1",
            &[&oid],
        )
        .await?;
    Ok(())
}

/// The COPY that rows in the binary format are sent to.
pub fn copy_statement(table: &str, columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    format!("COPY {table} ({}) FROM STDIN (FORMAT binary, FREEZE)", columns.join(", "))
}

/// Sends the rows of a `COPY … FROM stdin`, as they stand in a script. Gives how many the server took.
///
/// # Errors
/// The driver's.
pub async fn send_text(client: &Client, statement: &str, rows: &str) -> Result<u64, tokio_postgres::Error> {
    let sink = client.copy_in::<_, Bytes>(statement).await?;
    pin_mut!(sink);
    sink.send(Bytes::copy_from_slice(rows.as_bytes())).await?;
    sink.finish().await
}

/// Sets a sequence so that it goes on after `last`, if its next value would not anyway: one that several tables
/// share goes on after the greatest of all, and one that starts higher or counts down meets no row.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn set_sequence(client: &Client, sequence: &str, last: i64) -> Result<(), Error> {
    client
        .execute(
            // last_value is NULL as long as nothing was taken.
            "SELECT pg_catalog.setval($1::text::regclass, LEAST($2, max_value)) \
             FROM pg_catalog.pg_sequences \
             WHERE pg_catalog.format('%I.%I', schemaname, sequencename)::regclass = $1::text::regclass \
               AND increment_by > 0 AND COALESCE(last_value, start_value - 1) < LEAST($2, max_value)",
            &[&sequence, &last],
        )
        .await?;
    Ok(())
}

/// VACUUM and ANALYZE one table.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn vacuum_analyze(client: &Client, table: &str) -> Result<(), Error> {
    client.batch_execute(&format!("VACUUM (ANALYZE) {table}")).await?;
    Ok(())
}

/// Rows and bytes (`pg_total_relation_size`) of a table.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn measure(client: &Client, table: &str) -> Result<(u64, u64), Error> {
    let row = client
        .query_one(
            &format!(
                "SELECT count(*), pg_catalog.pg_total_relation_size($1::text::regclass) FROM ONLY {table}"
            ),
            &[&table],
        )
        .await?;
    Ok((row.get::<_, i64>(0).cast_unsigned(), row.get::<_, i64>(1).cast_unsigned()))
}

/// Bytes written so far to the write-ahead log and the tables are on the disk.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn checkpoint(client: &Client) -> Result<(), Error> {
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// Whether a table has rows already, of the schema's own making.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn has_rows(client: &Client, table: &str) -> Result<bool, Error> {
    let row = client.query_one(&format!("SELECT EXISTS (SELECT FROM ONLY {table})"), &[]).await?;
    Ok(row.get(0))
}

/// Fills the materialized views, which `pg_dump --schema-only` leaves empty, in the order in which they were made.
/// Gives those that could not be filled, each with the server's words.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn refresh_materialized_views(client: &Client) -> Result<Vec<(String, String)>, Error> {
    let views = client
        .query(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' ORDER BY c.oid",
            &[],
        )
        .await?;
    let mut refused = Vec::new();
    for row in views {
        let view: String = row.get(0);
        let filled = client.batch_execute(&format!("REFRESH MATERIALIZED VIEW {view}; ANALYZE {view}")).await;
        match filled {
            Ok(()) => {}
            Err(error) if error.is_closed() => return Err(error.into()),
            Err(error) => refused.push((view, words_of(&error))),
        }
    }
    Ok(refused)
}
