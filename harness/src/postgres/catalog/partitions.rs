//! How tables are partitioned, and the leaves that hold their rows.

use tokio_postgres::Client;

use super::{Positions, table};
use crate::error::Error;
use crate::postgres::inventory::FIRST_USER_OID;
use crate::postgres::shape::{Leaf, PartitionStrategy, Partitioning, TableShape};

/// Adds strategy, key and leaves to the partitioned ones among `tables`. Leaves stand in the order of their names.
pub(super) async fn read(
    client: &Client,
    tables: &mut [TableShape],
    positions: &Positions,
) -> Result<(), Error> {
    let rows = client
        .query(
            "SELECT partrelid, partstrat, partattrs::int2[] FROM pg_catalog.pg_partitioned_table \
             WHERE partrelid >= $1",
            &[&FIRST_USER_OID],
        )
        .await?;
    for row in rows {
        let oid = row.get(0);
        let Some(table) = table(tables, oid) else { continue };
        let strategy = match row.get::<_, i8>(1).cast_unsigned() {
            b'l' => PartitionStrategy::List,
            b'r' => PartitionStrategy::Range,
            _ => PartitionStrategy::Hash,
        };
        let members: Vec<i16> = row.get(2);
        let key = members.iter().map(|attnum| positions.get(&(oid, *attnum)).copied());
        // An expression is column 0.
        let key = key.collect::<Option<Vec<usize>>>().unwrap_or_default();
        table.partitioning = Some(Partitioning { strategy, key, leaves: Vec::new() });
    }
    let rows = client
        .query(
            "SELECT root.oid, leaf.oid, n.nspname, leaf.relname, \
                    CASE WHEN tree.level = 1 THEN pg_catalog.pg_get_expr(leaf.relpartbound, leaf.oid) END \
             FROM pg_catalog.pg_class root \
             CROSS JOIN LATERAL pg_catalog.pg_partition_tree(root.oid) tree \
             JOIN pg_catalog.pg_class leaf ON leaf.oid = tree.relid \
             JOIN pg_catalog.pg_namespace n ON n.oid = leaf.relnamespace \
             WHERE root.oid >= $1 AND root.relkind = 'p' AND NOT root.relispartition AND leaf.relkind = 'r' \
             ORDER BY root.oid, n.nspname, leaf.relname",
            &[&FIRST_USER_OID],
        )
        .await?;
    for row in rows {
        let partitioning = table(tables, row.get(0)).and_then(|table| table.partitioning.as_mut());
        let Some(partitioning) = partitioning else { continue };
        partitioning.leaves.push(Leaf {
            oid: row.get(1),
            schema: row.get(2),
            name: row.get(3),
            bound: row.get(4),
        });
    }
    Ok(())
}
