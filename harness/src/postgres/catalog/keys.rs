//! Unique and foreign keys.

use tokio_postgres::Client;

use super::{Positions, table};
use crate::error::Error;
use crate::postgres::inventory::FIRST_USER_OID;
use crate::postgres::shape::{ForeignKey, TableShape, UniqueKey};

/// Adds their unique keys to `tables`.
pub(super) async fn read_unique(
    client: &Client,
    tables: &mut [TableShape],
    positions: &Positions,
) -> Result<(), Error> {
    let rows = client
        .query(
            // What an expression reads stands in pg_depend, beside what a WHERE clause and INCLUDE name.
            "SELECT i.indrelid, c.relname, i.indisprimary, i.indpred IS NOT NULL, \
                    (i.indkey::int2[])[0:i.indnkeyatts - 1], \
                    ARRAY(SELECT d.refobjsubid::int2 FROM pg_catalog.pg_depend d \
                          WHERE i.indexprs IS NOT NULL AND d.classid = 'pg_catalog.pg_class'::regclass \
                            AND d.objid = i.indexrelid AND d.refclassid = d.classid AND d.refobjid = i.indrelid \
                            AND d.refobjsubid > 0 AND d.refobjsubid <> ALL (i.indkey::int2[]) \
                          GROUP BY d.refobjsubid ORDER BY d.refobjsubid), \
                    pg_catalog.pg_get_expr(i.indpred, i.indrelid), pg_catalog.pg_get_expr(i.indexprs, i.indrelid) \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE i.indisunique AND i.indrelid >= $1 ORDER BY i.indrelid, c.relname",
            &[&FIRST_USER_OID],
        )
        .await?;
    for row in rows {
        let oid = row.get(0);
        let Some(table) = table(tables, oid) else { continue };
        let (members, read): (Vec<i16>, Vec<i16>) = (row.get(4), row.get(5));
        table.unique_keys.push(UniqueKey {
            name: row.get(1),
            columns: members
                .iter()
                .chain(&read)
                .filter_map(|attnum| positions.get(&(oid, *attnum)).copied())
                .collect(),
            primary: row.get(2),
            partial: row.get(3),
            expression: members.contains(&0),
            predicate: row.get(6),
            expressions: row.get(7),
        });
    }
    Ok(())
}

/// Adds their foreign keys to `tables`.
pub(super) async fn read_foreign(
    client: &Client,
    tables: &mut [TableShape],
    positions: &Positions,
) -> Result<(), Error> {
    let rows = client
        .query(
            "SELECT conrelid, conname, conkey, confrelid, confkey FROM pg_catalog.pg_constraint \
             WHERE contype = 'f' AND conparentid = 0 AND conrelid >= $1 ORDER BY conrelid, conname",
            &[&FIRST_USER_OID],
        )
        .await?;
    for row in rows {
        let (oid, ref_table_oid) = (row.get(0), row.get(3));
        let Some(table) = table(tables, oid) else { continue };
        let find = |table: u32, attnums: Vec<i16>| {
            attnums.iter().filter_map(|attnum| positions.get(&(table, *attnum)).copied()).collect()
        };
        table.foreign_keys.push(ForeignKey {
            name: row.get(1),
            columns: find(oid, row.get(2)),
            ref_table_oid,
            ref_columns: find(ref_table_oid, row.get(4)),
        });
    }
    Ok(())
}
