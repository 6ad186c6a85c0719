//! Reading the shapes of tables from the catalog.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Row};

use super::inventory::FIRST_USER_OID;
use super::shape::{ColumnShape, ColumnType, ForeignKey, TableShape, UniqueKey};
use crate::error::Error;

/// The tables of a database.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Ordinary tables, by schema and name.
    pub tables: Vec<TableShape>,
    /// `schema.name` and kind of those that rows cannot be made for.
    pub others: Vec<(String, &'static str)>,
}

/// Position in [`TableShape::columns`] by (`pg_class.oid`, `attnum`).
type Positions = BTreeMap<(u32, i16), usize>;

/// Reads all tables of the current database.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn read(client: &Client) -> Result<Catalog, Error> {
    let mut catalog = Catalog::default();
    let rows = client
        .query(
            "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid >= $1 AND c.relkind IN ('r', 'p', 'f') ORDER BY n.nspname, c.relname",
            &[&FIRST_USER_OID],
        )
        .await?;
    for row in rows {
        let (schema, name): (String, String) = (row.get(1), row.get(2));
        let relkind = row.get::<_, i8>(3).cast_unsigned();
        match (relkind, row.get(4)) {
            (b'r', false) => {
                catalog.tables.push(TableShape { oid: row.get(0), schema, name, ..TableShape::default() });
            }
            (b'p', _) => catalog.others.push((format!("{schema}.{name}"), "a partitioned table")),
            (b'f', _) => catalog.others.push((format!("{schema}.{name}"), "a foreign table")),
            _ => catalog.others.push((format!("{schema}.{name}"), "a partition")),
        }
    }
    let positions = read_columns(client, &mut catalog.tables).await?;
    read_unique_keys(client, &mut catalog.tables, &positions).await?;
    read_foreign_keys(client, &mut catalog.tables, &positions).await?;
    Ok(catalog)
}

fn table(tables: &mut [TableShape], oid: u32) -> Option<&mut TableShape> {
    tables.iter_mut().find(|table| table.oid == oid)
}

async fn read_columns(client: &Client, tables: &mut [TableShape]) -> Result<Positions, Error> {
    let rows = client
        .query(
            // A domain has the representation of its base type (of a domain over a domain, the innermost).
            "WITH RECURSIVE base(typid, basetypid, typmod) AS ( \
               SELECT oid, oid, -1 FROM pg_catalog.pg_type WHERE typtype <> 'd' \
               UNION ALL \
               SELECT d.oid, b.basetypid, CASE WHEN d.typtypmod = -1 THEN b.typmod ELSE d.typtypmod END \
               FROM pg_catalog.pg_type d JOIN base b ON d.typbasetype = b.typid WHERE d.typtype = 'd') \
             SELECT a.attrelid, a.attnum, a.attname, b.basetypid, \
                    CASE WHEN t.typtype = 'd' THEN b.typmod ELSE a.atttypmod END, \
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
                    ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = b.basetypid \
                          ORDER BY e.enumsortorder) \
             FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             JOIN base b ON b.typid = a.atttypid \
             WHERE c.relkind = 'r' AND c.oid >= $1 AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY a.attrelid, a.attnum",
            &[&FIRST_USER_OID],
        )
        .await?;
    let mut positions = Positions::new();
    for row in rows {
        let oid = row.get(0);
        let Some(table) = table(tables, oid) else { continue };
        positions.insert((oid, row.get(1)), table.columns.len());
        table.columns.push(column(&row));
    }
    Ok(positions)
}

fn column(row: &Row) -> ColumnShape {
    let type_oid: u32 = row.get(3);
    let labels: Vec<String> = row.get(10);
    ColumnShape {
        name: row.get(2),
        type_oid,
        type_name: row.get(5),
        kind: if labels.is_empty() { column_type(type_oid, row.get(4)) } else { ColumnType::Enum(labels) },
        not_null: row.get(6),
        has_default: row.get(7),
        generated_stored: row.get(8),
        owned_sequence: row.get(9),
    }
}

/// The type behind an oid and modifier; the oids are those of `pg_type.dat`, which never change.
fn column_type(type_oid: u32, typmod: i32) -> ColumnType {
    // Modifiers of strings and numerics count the four bytes of a length word that once was there.
    let modifier = (typmod >= 4).then(|| (typmod - 4).cast_unsigned());
    match type_oid {
        16 => ColumnType::Bool,
        17 => ColumnType::Bytea,
        20 => ColumnType::Int8,
        21 => ColumnType::Int2,
        23 => ColumnType::Int4,
        25 => ColumnType::Text,
        114 => ColumnType::Json,
        700 => ColumnType::Float4,
        701 => ColumnType::Float8,
        1_042 => ColumnType::Char(modifier.unwrap_or(1)),
        1_043 => ColumnType::Varchar(modifier),
        1_082 => ColumnType::Date,
        1_114 => ColumnType::Timestamp,
        1_184 => ColumnType::Timestamptz,
        1_700 => ColumnType::Numeric {
            precision: modifier.map(|modifier| (modifier >> 16) as u16),
            // Eleven bits, two's complement (numeric.c, numeric_typmod_scale).
            scale: modifier.map(|modifier| ((modifier & 0x7ff) ^ 1_024) as i16 - 1_024),
        },
        2_950 => ColumnType::Uuid,
        3_802 => ColumnType::Jsonb,
        _ => ColumnType::Unsupported,
    }
}

async fn read_unique_keys(
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
                          GROUP BY d.refobjsubid ORDER BY d.refobjsubid) \
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
        });
    }
    Ok(())
}

async fn read_foreign_keys(
    client: &Client,
    tables: &mut [TableShape],
    positions: &Positions,
) -> Result<(), Error> {
    let rows = client
        .query(
            "SELECT conrelid, conname, conkey, confrelid, confkey FROM pg_catalog.pg_constraint \
             WHERE contype = 'f' AND conrelid >= $1 ORDER BY conrelid, conname",
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
