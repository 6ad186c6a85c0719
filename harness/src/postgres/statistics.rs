//! What ANALYZE and VACUUM left of a table in the catalog. Everything here only reads.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use tokio_postgres::{Client, Row};

use super::words_of;
use crate::error::Error;

/// A value in the binary format of whatever type the server expects of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field(pub Vec<u8>);

impl ToSql for Field {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.to_sql(of, out)
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }
}

/// How values are turned into numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsNumber {
    /// As the number that they are.
    Plain,
    /// Days since 1970-01-01.
    Days,
    /// Microseconds since 1970-01-01 (UTC).
    Micros,
}

impl AsNumber {
    pub(super) fn sql(self, value: &str) -> String {
        match self {
            Self::Plain => format!("({value})::float8"),
            Self::Days => format!("({value} - date '1970-01-01')::float8"),
            Self::Micros => format!("(extract(epoch FROM {value}) * 1000000)::float8"),
        }
    }
}

/// A table that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `pg_class.oid`
    pub oid: u32,
    /// `"schema"."table"`
    pub name: String,
    /// Whether its rows lie in partitions.
    pub partitioned: bool,
}

impl Subject {
    /// The table as FROM needs it: without those that inherit from it, but with its partitions.
    pub(super) fn from(&self) -> String {
        if self.partitioned { self.name.clone() } else { format!("ONLY {}", self.name) }
    }

    /// The relations that its rows lie in, as a query of oids.
    pub(super) fn heaps(&self) -> &'static str {
        if self.partitioned {
            "SELECT relid::oid FROM pg_catalog.pg_partition_tree($1::oid::regclass) WHERE isleaf"
        } else {
            "SELECT $1::oid"
        }
    }
}

/// The table with this oid.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked or the table is gone.
pub async fn subject(client: &Client, oid: u32, name: &str) -> Result<Subject, Error> {
    let row =
        client.query_one("SELECT relkind = 'p' FROM pg_catalog.pg_class WHERE oid = $1", &[&oid]).await?;
    Ok(Subject { oid, name: name.to_owned(), partitioned: row.get(0) })
}

/// A table as the catalog has it.
#[derive(Debug, Clone, PartialEq)]
pub struct TableFacts {
    /// `reltuples`; of a partitioned table that of its leaves: before PostgreSQL 14 it has none of its own
    pub reltuples: f64,
    /// `relpages`
    pub pages: u64,
    /// `relallvisible`
    pub pages_all_visible: u64,
    /// Bytes of the heap's main fork.
    pub heap_bytes: u64,
    /// Dead tuples as the statistics collector has them.
    pub dead_rows: u64,
    /// The largest statistics target of its columns.
    pub target_max: u32,
}

/// What the catalog says of a table.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn table(client: &Client, of: &Subject) -> Result<TableFacts, Error> {
    let row = client
        .query_one(
            &format!(
                "SELECT sum(c.reltuples)::float8, sum(c.relpages)::int8, sum(c.relallvisible)::int8, \
                        sum(pg_catalog.pg_relation_size(c.oid))::int8, \
                        COALESCE(sum(pg_catalog.pg_stat_get_dead_tuples(c.oid)), 0)::int8, \
                        (SELECT GREATEST(1, max(CASE WHEN COALESCE(a.attstattarget, -1) < 0 \
                                THEN pg_catalog.current_setting('default_statistics_target')::int4 \
                                ELSE a.attstattarget END)) \
                         FROM pg_catalog.pg_attribute a \
                         WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped)::int4 \
                 FROM pg_catalog.pg_class c WHERE c.oid IN ({})",
                of.heaps()
            ),
            &[&of.oid],
        )
        .await?;
    let count = |at| row.get::<_, Option<i64>>(at).unwrap_or(0).max(0).cast_unsigned();
    Ok(TableFacts {
        reltuples: row.get(0),
        pages: count(1),
        pages_all_visible: count(2),
        heap_bytes: count(3),
        dead_rows: count(4),
        target_max: row.get::<_, Option<i32>>(5).unwrap_or(100).cast_unsigned(),
    })
}

/// What ANALYZE left of a column, as it is in `pg_stats`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnFacts {
    /// Its name.
    pub column: String,
    /// Its type as SQL needs it, and whether it is an array.
    pub type_name: String,
    /// Whether its values are arrays, which `unnest` would take apart.
    pub array: bool,
    /// Whether the type has a `typanalyze` function that does not look at single values.
    pub own_typanalyze: bool,
    /// `null_frac`
    pub null_frac: f64,
    /// `n_distinct`
    pub n_distinct: f64,
    /// `correlation`
    pub correlation: Option<f64>,
    /// `avg_width`
    pub avg_width: f64,
    /// Statistics target in force.
    pub target: u32,
    /// Sum of `most_common_freqs`.
    pub most_common_sum: f64,
    /// `elem_count_histogram`, its average left out.
    pub elem_count_histogram: Vec<f64>,
}

/// What ANALYZE left of a table's columns.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn columns(client: &Client, of: &Subject) -> Result<Vec<ColumnFacts>, Error> {
    let rows = client
        .query(
            "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), \
                    EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid AND t.typcategory = 'A'), \
                    s.null_frac, s.n_distinct, s.correlation, s.avg_width, \
                    CASE WHEN COALESCE(a.attstattarget, -1) < 0 \
                         THEN pg_catalog.current_setting('default_statistics_target')::int4 \
                         ELSE a.attstattarget::int4 END, \
                    (SELECT COALESCE(sum(f), 0)::float8 FROM unnest(s.most_common_freqs) f), \
                    s.elem_count_histogram, \
                    EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid AND t.typanalyze::oid <> 0 \
                            AND t.typanalyze::text <> 'array_typanalyze') \
             FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname \
                  AND s.attname = a.attname AND s.inherited = (c.relkind = 'p') \
             WHERE c.oid = $1 AND a.attnum > 0 AND NOT a.attisdropped",
            &[&of.oid],
        )
        .await?;
    Ok(rows.iter().map(column_facts).collect())
}

fn column_facts(row: &Row) -> ColumnFacts {
    let single = |at| f64::from(row.get::<_, f32>(at));
    let mut elements: Vec<f32> = row.get::<_, Option<_>>(9).unwrap_or_default();
    elements.pop();
    ColumnFacts {
        column: row.get(0),
        type_name: row.get(1),
        array: row.get(2),
        null_frac: single(3),
        n_distinct: single(4),
        correlation: row.get::<_, Option<f32>>(5).map(f64::from),
        avg_width: f64::from(row.get::<_, i32>(6)),
        target: row.get::<_, i32>(7).max(0).cast_unsigned(),
        most_common_sum: row.get(8),
        elem_count_histogram: elements.into_iter().map(f64::from).collect(),
        own_typanalyze: row.get(10),
    }
}

/// A row of `pg_stats`, as a subquery named `s`.
const STATISTICS: &str = "(SELECT s.* FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname \
          AND s.inherited = (c.relkind = 'p') WHERE c.oid = $1 AND s.attname = $2) AS s";

/// What the server makes of `values` of a column: each as text, and its frequency among the most common values.
///
/// # Errors
/// In words, where the server refuses.
pub async fn frequencies(
    client: &Client,
    of: &Subject,
    facts: &ColumnFacts,
    values: &[Field],
) -> Result<Vec<(String, Option<f64>)>, String> {
    let type_name = &facts.type_name;
    let listed: Vec<String> =
        (0..values.len()).map(|at| format!("({at}, ${}::{type_name})", at + 3)).collect();
    let query = format!(
        "SELECT w.value::text, m.frequency::float8 FROM (VALUES {}) AS w(at, value) \
         LEFT JOIN (SELECT unnest(s.most_common_vals::text::{type_name}[]) AS value, \
                           unnest(s.most_common_freqs) AS frequency FROM {STATISTICS}) m ON m.value = w.value \
         ORDER BY w.at",
        listed.join(", ")
    );
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&of.oid, &facts.column];
    parameters.extend(values.iter().map(|value| value as &(dyn ToSql + Sync)));
    let rows = client.query(&query, &parameters).await.map_err(|error| words_of(&error))?;
    Ok(rows.iter().map(|row| (row.get::<_, Option<String>>(0).unwrap_or_default(), row.get(1))).collect())
}

/// Most common values with their frequencies, and histogram bounds.
pub type Places = (Vec<(f64, f64)>, Vec<f64>);

/// Most common values with their frequencies, and histogram bounds, all of them as numbers.
///
/// # Errors
/// In words, where the server refuses.
pub async fn places(
    client: &Client,
    of: &Subject,
    facts: &ColumnFacts,
    number: AsNumber,
) -> Result<Places, String> {
    let type_name = &facts.type_name;
    let query = format!(
        "SELECT (SELECT array_agg({value} ORDER BY at) \
                 FROM unnest(s.most_common_vals::text::{type_name}[]) WITH ORDINALITY AS v(v, at)), \
                s.most_common_freqs::float8[], \
                (SELECT array_agg({value} ORDER BY at) \
                 FROM unnest(s.histogram_bounds::text::{type_name}[]) WITH ORDINALITY AS v(v, at)) \
         FROM {STATISTICS}",
        value = number.sql("v.v")
    );
    let row = client.query_one(&query, &[&of.oid, &facts.column]).await.map_err(|error| words_of(&error))?;
    let list = |at| row.get::<_, Option<Vec<f64>>>(at).unwrap_or_default();
    let most_common = list(0).into_iter().zip(list(1)).collect();
    Ok((most_common, list(2)))
}

/// The oid of a table by its qualified, quoted name.
///
/// # Errors
/// In words, where there is none.
pub async fn named(client: &Client, name: &str) -> Result<Subject, String> {
    let row = client
        .query_one(
            "SELECT c.oid, c.relkind = 'p' FROM pg_catalog.pg_class c WHERE c.oid = $1::text::regclass",
            &[&name],
        )
        .await
        .map_err(|error| words_of(&error))?;
    Ok(Subject { oid: row.get(0), name: name.to_owned(), partitioned: row.get(1) })
}
