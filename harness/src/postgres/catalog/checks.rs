//! CHECK constraints of tables and of their columns' domains.

use tokio_postgres::Client;

use super::{Positions, table};
use crate::error::Error;
use crate::postgres::inventory::FIRST_USER_OID;
use crate::postgres::shape::{CheckConstraint, TableShape};

/// Adds the conditions that rows of `tables` have to satisfy.
pub(super) async fn read(
    client: &Client,
    tables: &mut [TableShape],
    positions: &Positions,
) -> Result<(), Error> {
    let rows = client
        .query(
            // A domain over a domain has the conditions of both.
            "WITH RECURSIVE domain(attrelid, attnum, typid) AS ( \
               SELECT a.attrelid, a.attnum, a.atttypid FROM pg_catalog.pg_attribute a \
               JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.typtype = 'd' \
               WHERE a.attrelid >= $1 AND a.attnum > 0 AND NOT a.attisdropped \
               UNION ALL \
               SELECT d.attrelid, d.attnum, t.typbasetype FROM domain d \
               JOIN pg_catalog.pg_type t ON t.oid = d.typid AND t.typtype = 'd') \
             SELECT conrelid, conname, pg_catalog.pg_get_expr(conbin, conrelid), COALESCE(conkey, '{}'), NULL \
             FROM pg_catalog.pg_constraint WHERE contype = 'c' AND conrelid >= $1 \
             UNION ALL \
             SELECT d.attrelid, k.conname, pg_catalog.pg_get_expr(k.conbin, 0), ARRAY[d.attnum], \
                    pg_catalog.format_type(d.typid, NULL) \
             FROM domain d JOIN pg_catalog.pg_constraint k ON k.contypid = d.typid AND k.contype = 'c' \
             ORDER BY 1, 2",
            &[&FIRST_USER_OID],
        )
        .await?;
    for row in rows {
        let oid = row.get(0);
        let Some(table) = table(tables, oid) else { continue };
        let read: Vec<i16> = row.get(3);
        table.checks.push(CheckConstraint {
            name: row.get(1),
            expression: row.get(2),
            columns: read.iter().filter_map(|attnum| positions.get(&(oid, *attnum)).copied()).collect(),
            domain: row.get(4),
        });
    }
    Ok(())
}
