//! Which relations there are, and what state they were left in.

use std::collections::BTreeMap;

use pgrehearse_reports::event::{RelationKind, RelationNamed};
use tokio_postgres::{Client, Row};

use crate::error::Error;

/// First object id that is not given out by `initdb` (`FirstNormalObjectId` in `access/transam.h`).
pub const FIRST_USER_OID: u32 = 16_384;

/// A relation as `pg_class` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// `schema.name`, quoted where SQL would need it.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// `pg_class.relfilenode`; 0 where it has no storage of its own.
    pub filenode: u32,
    /// For an index its table, for a TOAST table its owner.
    pub of_table_oid: Option<u32>,
}

impl Relation {
    /// The event that names it.
    pub fn named(&self, oid: u32, created_by_migration: bool) -> RelationNamed {
        RelationNamed {
            oid,
            name: self.name.clone(),
            kind: self.kind,
            system: oid < FIRST_USER_OID,
            created_by_migration,
            of_table_oid: self.of_table_oid,
        }
    }
}

/// Relations by `pg_class.oid`.
pub type Inventory = BTreeMap<u32, Relation>;

/// Everything that `pg_class` has, system catalogs included.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn relations(client: &Client) -> Result<Inventory, Error> {
    let rows = client
        .query(
            "SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind, c.relfilenode, \
                    COALESCE(i.indrelid, t.oid) \
             FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
             LEFT JOIN pg_catalog.pg_class t ON c.relkind = 't' AND t.reltoastrelid = c.oid",
            &[],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), relation(row))).collect())
}

fn relation(row: &Row) -> Relation {
    Relation {
        name: row.get(1),
        kind: kind(row.get::<_, i8>(2).cast_unsigned()),
        filenode: row.get(3),
        of_table_oid: row.get(4),
    }
}

/// What a `pg_class.relkind` means.
pub fn kind(relkind: u8) -> RelationKind {
    match relkind {
        b'r' => RelationKind::Table,
        b'p' => RelationKind::PartitionedTable,
        b'i' => RelationKind::Index,
        b'I' => RelationKind::PartitionedIndex,
        b'S' => RelationKind::Sequence,
        b'v' => RelationKind::View,
        b'm' => RelationKind::MaterializedView,
        b't' => RelationKind::ToastTable,
        b'f' => RelationKind::ForeignTable,
        b'c' => RelationKind::CompositeType,
        _ => RelationKind::Unknown,
    }
}

/// What a migration can leave half done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftovers {
    /// `schema.index` of every index that is not valid.
    pub invalid_indexes: Vec<String>,
    /// `schema.table: constraint` of every constraint that is not validated.
    pub not_valid_constraints: Vec<String>,
    /// Sum of `n_dead_tup` over user tables.
    pub dead_tuples: u64,
}

/// Looks for what was left half done in the current database.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn leftovers(client: &Client) -> Result<Leftovers, Error> {
    let names = |sql: &'static str| async move {
        let rows = client.query(sql, &[]).await?;
        Ok::<Vec<String>, Error>(rows.iter().map(|row| row.get(0)).collect())
    };
    let invalid_indexes = names(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT i.indisvalid AND c.relkind = 'i' ORDER BY 1",
    )
    .await?;
    let not_valid_constraints = names(
        "SELECT pg_catalog.format('%I.%I: %I', n.nspname, t.relname, c.conname) \
         FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
         WHERE NOT c.convalidated ORDER BY 1",
    )
    .await?;
    let row = client
        .query_one("SELECT COALESCE(sum(n_dead_tup), 0)::int8 FROM pg_catalog.pg_stat_user_tables", &[])
        .await?;
    let dead_tuples = row.get::<_, i64>(0).cast_unsigned();
    Ok(Leftovers { invalid_indexes, not_valid_constraints, dead_tuples })
}
