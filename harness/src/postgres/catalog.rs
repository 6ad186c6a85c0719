//! Reading the shapes of tables from the catalog.

mod checks;
mod columns;
mod keys;
mod partitions;
mod storage;
mod types;

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::inventory::FIRST_USER_OID;
use super::shape::TableShape;
use crate::error::Error;

/// The tables of a database.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Ordinary and partitioned tables, by schema and name; a partition counts as part of its table.
    pub tables: Vec<TableShape>,
    /// `schema.name` and kind of those that rows cannot be made for.
    pub others: Vec<(String, String)>,
}

/// Position in [`TableShape::columns`] by (`pg_class.oid`, `attnum`).
type Positions = BTreeMap<(u32, i16), usize>;

/// Reads all tables of the current database.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn read(client: &Client) -> Result<Catalog, Error> {
    let mut catalog = Catalog::default();
    // Conditions, bounds and defaults are read as text: dates in them must look the same whatever the schema set.
    client
        .batch_execute("SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'")
        .await?;
    let rows = client
        .query(
            "SELECT c.oid, n.nspname, c.relname, c.relkind, \
                    CASE WHEN c.relispartition THEN ( \
                      SELECT pg_catalog.format('%s.%s', rn.nspname, r.relname) FROM pg_catalog.pg_class r \
                      JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace \
                      WHERE r.oid = pg_catalog.pg_partition_root(c.oid)) END \
             FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid >= $1 AND c.relkind IN ('r', 'p', 'f') ORDER BY n.nspname, c.relname",
            &[&FIRST_USER_OID],
        )
        .await?;
    for row in rows {
        let (schema, name): (String, String) = (row.get(1), row.get(2));
        let relkind = row.get::<_, i8>(3).cast_unsigned();
        let root: Option<String> = row.get(4);
        match (relkind, root) {
            (_, Some(root)) => {
                let kind = format!("a partition of {root}, whose rows are shared out over its partitions");
                catalog.others.push((format!("{schema}.{name}"), kind));
            }
            (b'f', None) => catalog.others.push((format!("{schema}.{name}"), "a foreign table".to_owned())),
            _ => {
                catalog.tables.push(TableShape { oid: row.get(0), schema, name, ..TableShape::default() });
            }
        }
    }
    let positions = columns::read(client, &mut catalog.tables).await?;
    keys::read_unique(client, &mut catalog.tables, &positions).await?;
    keys::read_foreign(client, &mut catalog.tables, &positions).await?;
    checks::read(client, &mut catalog.tables, &positions).await?;
    partitions::read(client, &mut catalog.tables, &positions).await?;
    storage::read(client, &mut catalog.tables).await?;
    Ok(catalog)
}

fn table(tables: &mut [TableShape], oid: u32) -> Option<&mut TableShape> {
    tables.iter_mut().find(|table| table.oid == oid)
}
