//! The columns of tables.

use tokio_postgres::{Client, Row};

use super::types::Types;
use super::{Positions, table};
use crate::error::Error;
use crate::postgres::inventory::FIRST_USER_OID;
use crate::postgres::shape::{ColumnShape, Storage, TableShape};

/// Adds their columns to `tables`.
pub(super) async fn read(client: &Client, tables: &mut [TableShape]) -> Result<Positions, Error> {
    let rows = client
        .query(
            "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, \
                    pg_catalog.format_type(a.atttypid, a.atttypmod), \
                    a.attnotnull OR t.typnotnull, a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL, \
                    a.attgenerated <> '', \
                    COALESCE( \
                      pg_catalog.pg_get_serial_sequence(pg_catalog.format('%I.%I', n.nspname, c.relname), a.attname), \
                      (SELECT pg_catalog.format('%I.%I', sn.nspname, s.relname) FROM pg_catalog.pg_attrdef f \
                       JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid \
                         AND d.refclassid = 'pg_catalog.pg_class'::regclass \
                       JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' \
                       JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace \
                       WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum AND a.attgenerated = '' \
                         AND a.atttypid IN (20, 21, 23) \
                       ORDER BY s.oid LIMIT 1)), \
                    a.attstorage, a.attidentity = 'a' \
             FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             WHERE c.relkind IN ('r', 'p') AND c.oid >= $1 AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY a.attrelid, a.attnum",
            &[&FIRST_USER_OID],
        )
        .await?;
    let types = Types::read(client).await?;
    let mut positions = Positions::new();
    for row in rows {
        let oid = row.get(0);
        let Some(table) = table(tables, oid) else { continue };
        positions.insert((oid, row.get(1)), table.columns.len());
        table.columns.push(column(&row, &types));
    }
    Ok(positions)
}

fn column(row: &Row, types: &Types) -> ColumnShape {
    let declared: u32 = row.get(3);
    let (type_oid, kind) = types.resolve(declared, row.get(4));
    ColumnShape {
        name: row.get(2),
        type_oid,
        type_name: row.get(5),
        kind,
        not_null: row.get(6),
        has_default: row.get(7),
        identity_always: row.get(11),
        generated_stored: row.get(8),
        storage: match row.get::<_, i8>(10).cast_unsigned() {
            b'p' => Storage::Plain,
            b'e' => Storage::External,
            b'm' => Storage::Main,
            _ => Storage::Extended,
        },
        owned_sequence: row.get(9),
    }
}
