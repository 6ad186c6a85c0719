//! Dead tuples, free space and visibility: what a table's pages hold besides its rows.

use std::ops::Range;

use tokio_postgres::{Client, Transaction};

use crate::error::Error;

/// A sequential scan from the first page on, and the fastest way to the tuples that it picks.
const IN_PHYSICAL_ORDER: &str = "SET LOCAL synchronize_seqscans = off; SET LOCAL max_parallel_workers_per_gather = 0; \
    SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off; \
    SET LOCAL enable_mergejoin = off; SET LOCAL session_replication_role = replica";

/// Deletes the tuples of `table` for which `chosen` is true: an expression over `place`, which counts the tuples in
/// physical order from 0. Gives how many.
///
/// # Errors
/// The driver's.
pub async fn delete_by_place(
    transaction: &Transaction<'_>,
    table: &str,
    chosen: &str,
) -> Result<u64, tokio_postgres::Error> {
    transaction.batch_execute(IN_PHYSICAL_ORDER).await?;
    transaction
        .execute(
            &format!(
                "DELETE FROM ONLY {table} t USING \
                 (SELECT ctid AS tid, pg_catalog.row_number() OVER () - 1 AS place FROM ONLY {table}) s \
                 WHERE t.ctid = s.tid AND ({chosen})"
            ),
            &[],
        )
        .await
}

/// Takes away that pages are all-visible, where they lie in `hidden`: one tuple of each is deleted in a transaction that
/// is rolled back.
///
/// # Errors
/// The driver's.
pub async fn hide_pages(
    transaction: Transaction<'_>,
    table: &str,
    hidden: &[Range<u64>],
) -> Result<(), tokio_postgres::Error> {
    let within: Vec<String> = hidden
        .iter()
        .filter(|pages| !pages.is_empty())
        .map(|pages| format!("page BETWEEN {} AND {}", pages.start, pages.end - 1))
        .collect();
    if within.is_empty() {
        return Ok(());
    }
    transaction.batch_execute(IN_PHYSICAL_ORDER).await?;
    transaction
        .batch_execute(&format!(
            "DELETE FROM ONLY {table} t USING \
             (SELECT tid, page, pg_catalog.lag(page) OVER () AS page_before FROM \
              (SELECT ctid AS tid, (ctid::text::point)[0]::bigint AS page FROM ONLY {table}) p) s \
             WHERE t.ctid = s.tid AND page_before IS DISTINCT FROM page AND ({})",
            within.join(" OR ")
        ))
        .await?;
    transaction.rollback().await
}

/// Pages of a table's main fork.
///
/// # Errors
/// The driver's.
pub async fn pages(transaction: &Transaction<'_>, table: &str) -> Result<u64, tokio_postgres::Error> {
    let row = transaction
        .query_one(
            "SELECT pg_catalog.pg_relation_size($1::text::regclass) / pg_catalog.current_setting('block_size')::bigint",
            &[&table],
        )
        .await?;
    Ok(row.get::<_, i64>(0).cast_unsigned())
}

/// Removes deleted tuples and leaves their room where it is. Nothing else may be going on in the database: what a
/// transaction that is still open might see is not removed.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn vacuum(client: &Client, table: &str) -> Result<(), Error> {
    // Free space at the end would be given back otherwise.
    client.batch_execute(&format!("VACUUM (TRUNCATE off) {table}")).await?;
    Ok(())
}

/// Begins a transaction that sees what is there now, and goes on to.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn open_snapshot(client: &Client) -> Result<(), Error> {
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await?;
    Ok(())
}

/// ANALYZE alone: VACUUM would take the dead tuples away.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn analyze(client: &Client, table: &str) -> Result<(), Error> {
    client.batch_execute(&format!("ANALYZE {table}")).await?;
    Ok(())
}
