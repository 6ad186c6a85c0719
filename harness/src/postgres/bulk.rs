//! Filling tables fast, and leaving them as their definitions have them.

use std::path::Path;

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
    // Without triggers a table counts as free of foreign keys, which lets TRUNCATE take it alone.
    hush_triggers(transaction, oid).await?;
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
    wake_triggers(transaction, oid).await
}

/// Puts the triggers of a table to sleep, those too that are `ENABLE ALWAYS` and fire whatever
/// `session_replication_role` says.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn hush_triggers(transaction: &Transaction<'_>, oid: u32) -> Result<(), Error> {
    transaction
        .execute("UPDATE pg_catalog.pg_class SET relhastriggers = false WHERE oid = $1", &[&oid])
        .await?;
    Ok(())
}

/// Wakes the triggers of a table as they were.
///
/// # Errors
/// The driver's.
pub async fn wake_triggers(transaction: &Transaction<'_>, oid: u32) -> Result<(), tokio_postgres::Error> {
    transaction
        .execute(
            "UPDATE pg_catalog.pg_class SET relhastriggers = EXISTS ( \
                 SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = $1) WHERE oid = $1",
            &[&oid],
        )
        .await?;
    Ok(())
}

/// The format that rows are sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyFormat {
    /// With a header and a trailer.
    Binary,
    /// Values as the server reads them in SQL, one row a line.
    Text,
}

/// Where the server reads rows from, as a COPY says it.
pub fn from_file(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}

/// The COPY that rows are sent to, from `STDIN` or [`from_file`]; only a table that holds rows itself can `freeze` them.
pub fn copy_statement(
    table: &str,
    columns: &[String],
    from: &str,
    format: CopyFormat,
    freeze: bool,
) -> String {
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let format = match format {
        CopyFormat::Binary => "binary",
        // The server reads it in the encoding of the connection, which is UTF-8.
        CopyFormat::Text => "text",
    };
    let freeze = if freeze { ", FREEZE" } else { "" };
    format!("COPY {table} ({}) FROM {from} (FORMAT {format}{freeze})", columns.join(", "))
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

/// `pg_total_relation_size` of a table; of a partitioned one, of all its partitions together.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn total_bytes(client: &Client, oid: u32) -> Result<u64, Error> {
    // Of a table that is not partitioned, the tree is empty.
    let sql = "SELECT COALESCE(sum(pg_catalog.pg_total_relation_size(relid))::int8, \
                      pg_catalog.pg_total_relation_size($1::oid)) \
               FROM pg_catalog.pg_partition_tree($1::oid)";
    Ok(client.query_one(sql, &[&oid]).await?.get::<_, i64>(0).cast_unsigned())
}

/// Bytes written so far to the write-ahead log and the tables are on the disk.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn checkpoint(client: &Client) -> Result<(), Error> {
    client.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// Whether a table, or any partition of it, has rows already, of the schema's own making.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn has_rows(client: &Client, table: &str, partitioned: bool) -> Result<bool, Error> {
    let only = if partitioned { "" } else { "ONLY " };
    let row = client.query_one(&format!("SELECT EXISTS (SELECT FROM {only}{table})"), &[]).await?;
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
