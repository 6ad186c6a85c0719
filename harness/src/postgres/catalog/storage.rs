//! How full the pages of tables are made.

use tokio_postgres::Client;

use super::table;
use crate::error::Error;
use crate::postgres::inventory::FIRST_USER_OID;
use crate::postgres::shape::TableShape;

/// Adds the fillfactor to those among `tables` that set one; to a partitioned table the lowest of its leaves.
pub(super) async fn read(client: &Client, tables: &mut [TableShape]) -> Result<(), Error> {
    let rows = client
        .query(
            "SELECT COALESCE(pg_catalog.pg_partition_root(c.oid)::oid, c.oid), min(o.option_value::int4) \
             FROM pg_catalog.pg_class c CROSS JOIN LATERAL pg_catalog.pg_options_to_table(c.reloptions) o \
             WHERE c.oid >= $1 AND c.relkind = 'r' AND o.option_name = 'fillfactor' GROUP BY 1",
            &[&FIRST_USER_OID],
        )
        .await?;
    for row in rows {
        if let Some(table) = table(tables, row.get(0)) {
            table.fillfactor = u32::try_from(row.get::<_, i32>(1)).ok();
        }
    }
    Ok(())
}
