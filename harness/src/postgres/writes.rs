//! Which values a session changes, seen by triggers in a transaction that is rolled back.

use tokio_postgres::Client;

use crate::error::Error;

/// A change of rows that was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// `schema.table`, quoted where need be; of a partition the root.
    pub table: String,
    /// The column whose value changed; none where a row came or went.
    pub column: Option<String>,
}

/// Opens a transaction in which every table of the session's role has a trigger that notes what changes. Row triggers of
/// partitioned tables fire on their partitions. A statement that takes long is given up, so that whoever waits for the tables
/// does not wait for it.
const BEGIN: &str = r"
BEGIN;
SET LOCAL statement_timeout = '5s';
CREATE TEMP TABLE pgrehearse_rows (tbl text NOT NULL);
CREATE TEMP TABLE pgrehearse_changes (tbl text NOT NULL, col text, UNIQUE (tbl, col));
CREATE FUNCTION pg_temp.pgrehearse_note() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $note$
DECLARE
    root text := COALESCE(pg_catalog.pg_partition_root(TG_RELID), TG_RELID)::regclass::text;
BEGIN
    INSERT INTO pg_temp.pgrehearse_rows VALUES (root);
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO pg_temp.pgrehearse_changes
        SELECT root, pg_catalog.quote_ident(o.key)
        FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb(OLD)) o
        JOIN pg_catalog.jsonb_each(pg_catalog.to_jsonb(NEW)) n USING (key)
        WHERE o.value IS DISTINCT FROM n.value
        ON CONFLICT DO NOTHING;
    ELSIF NOT EXISTS (SELECT FROM pg_temp.pgrehearse_changes WHERE tbl = root AND col IS NULL) THEN
        INSERT INTO pg_temp.pgrehearse_changes VALUES (root);
    END IF;
    RETURN NULL;
END $note$;
DO $each$
DECLARE
    own regclass;
BEGIN
    FOR own IN
        SELECT c.oid FROM pg_catalog.pg_class c
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
          AND pg_catalog.pg_has_role(c.relowner, 'USAGE') AND c.relnamespace <> 'pg_catalog'::regnamespace
    LOOP
        EXECUTE pg_catalog.format('CREATE TRIGGER zzz_pgrehearse_note AFTER INSERT OR UPDATE OR DELETE ON %s '
            'FOR EACH ROW EXECUTE FUNCTION pg_temp.pgrehearse_note()', own);
    END LOOP;
END $each$";

/// Opens the transaction.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer or refuses.
pub async fn begin(client: &Client) -> Result<(), Error> {
    Ok(client.batch_execute(BEGIN).await?)
}

/// Rows of each table that were inserted, updated or deleted since this was last asked.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn take_rows(client: &Client) -> Result<Vec<(String, u64)>, Error> {
    const TAKE: &str = "WITH taken AS (DELETE FROM pg_temp.pgrehearse_rows RETURNING tbl) \
                        SELECT tbl, count(*) FROM taken GROUP BY tbl";
    let rows = client.query(TAKE, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1).cast_unsigned())).collect())
}

/// Gives what was seen, and takes everything back.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn end(client: &Client) -> Result<Vec<Change>, Error> {
    let rows = client.query("SELECT tbl, col FROM pg_temp.pgrehearse_changes ORDER BY 1, 2", &[]).await?;
    client.batch_execute("ROLLBACK").await?;
    Ok(rows.iter().map(|row| Change { table: row.get(0), column: row.get(1) }).collect())
}
