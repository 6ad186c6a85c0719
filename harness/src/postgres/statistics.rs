//! What a table holds: counted, and as ANALYZE and VACUUM left it in the catalog. Everything here only reads.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use tokio_postgres::{Client, Row};

use super::admin::quoted;
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
    fn sql(self, value: &str) -> String {
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
    fn from(&self) -> String {
        if self.partitioned { self.name.clone() } else { format!("ONLY {}", self.name) }
    }

    /// The relations that its rows lie in, as a query of oids.
    fn heaps(&self) -> &'static str {
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

/// Dead tuples and free bytes of a table, read page by page. The extension that can do it is gone again afterwards.
///
/// # Errors
/// In words, where the extension is not there or the server refuses.
pub async fn page_by_page(client: &mut Client, of: &Subject) -> Result<(u64, u64), String> {
    let refused = |error| words_of(&error);
    let transaction = client.transaction().await.map_err(refused)?;
    let schema = "pgrehearse_verification";
    let installed = transaction
        .query_opt(
            "SELECT n.nspname::text FROM pg_catalog.pg_extension e \
             JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pgstattuple'",
            &[],
        )
        .await
        .map_err(refused)?;
    let home = match installed {
        Some(row) => row.get(0),
        None => {
            let create = format!("CREATE SCHEMA {schema}; CREATE EXTENSION pgstattuple SCHEMA {schema}");
            transaction.batch_execute(&create).await.map_err(refused)?;
            schema.to_owned()
        }
    };
    let row = transaction
        .query_one(
            &format!(
                "SELECT COALESCE(sum(s.dead_tuple_count), 0)::int8, COALESCE(sum(s.free_space), 0)::int8 \
                 FROM ({}) AS heap(oid), {}.pgstattuple(heap.oid::regclass) s",
                of.heaps(),
                quoted(&home)
            ),
            &[&of.oid],
        )
        .await
        .map_err(refused)?;
    transaction.rollback().await.map_err(refused)?;
    Ok((row.get::<_, i64>(0).cast_unsigned(), row.get::<_, i64>(1).cast_unsigned()))
}

/// Values in the TOAST tables of a table.
///
/// # Errors
/// In words, where the server refuses.
pub async fn toasted_values(client: &Client, of: &Subject) -> Result<u64, String> {
    let refused = |error| words_of(&error);
    let toasts = client
        .query(
            &format!(
                "SELECT reltoastrelid::regclass::text FROM pg_catalog.pg_class \
                 WHERE reltoastrelid <> 0 AND oid IN ({})",
                of.heaps()
            ),
            &[&of.oid],
        )
        .await
        .map_err(refused)?;
    let mut values = 0;
    for row in toasts {
        let toast: String = row.get(0);
        let count = format!("SELECT count(*) FROM {toast} WHERE chunk_seq = 0");
        let row = client.query_one(&count, &[]).await.map_err(refused)?;
        values += row.get::<_, i64>(0).cast_unsigned();
    }
    Ok(values)
}

/// What is to be counted of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name, unquoted.
    pub column: String,
    /// Values whose rows are counted.
    pub values: Vec<Field>,
    /// How its least and greatest value are read, if they are wanted.
    pub ends: Option<AsNumber>,
}

/// What was counted of a column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    /// Rows that are not NULL.
    pub filled: u64,
    /// Rows of each value that was asked for.
    pub values: Vec<u64>,
    /// The least value as a number.
    pub least: Option<f64>,
    /// The greatest value as a number.
    pub greatest: Option<f64>,
}

/// Counts a table's rows and what is wanted of its columns, in one scan.
///
/// # Errors
/// In words, where the server refuses.
pub async fn count(client: &Client, of: &Subject, wanted: &[Wanted]) -> Result<(u64, Vec<Counted>), String> {
    let mut asked = vec!["count(*)".to_owned()];
    let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::new();
    for column in wanted {
        let name = quoted(&column.column);
        asked.push(format!("count({name})"));
        for value in &column.values {
            parameters.push(value);
            asked.push(format!("count(*) FILTER (WHERE {name} = ${})", parameters.len()));
        }
        if let Some(number) = column.ends {
            asked.push(number.sql(&format!("min({name})")));
            asked.push(number.sql(&format!("max({name})")));
        }
    }
    let query = format!("SELECT {} FROM {}", asked.join(", "), of.from());
    let row = client.query_one(&query, &parameters).await.map_err(|error| words_of(&error))?;
    let mut at = 0;
    let mut next = || {
        at += 1;
        at - 1
    };
    let counted_at = |at| row.get::<_, i64>(at).cast_unsigned();
    let rows = counted_at(next());
    let mut counted = Vec::with_capacity(wanted.len());
    for column in wanted {
        let filled = counted_at(next());
        let values = column.values.iter().map(|_| counted_at(next())).collect();
        let mut end =
            || column.ends.and_then(|_| row.get::<_, Option<f64>>(next())).filter(|end| end.is_finite());
        let (least, greatest) = (end(), end());
        counted.push(Counted { filled, values, least, greatest });
    }
    Ok((rows, counted))
}

/// Different values of a column.
///
/// # Errors
/// In words, where the server refuses.
pub async fn distinct(client: &Client, of: &Subject, column: &str) -> Result<u64, String> {
    let column = quoted(column);
    let query = format!(
        "SELECT count(*) FROM (SELECT DISTINCT {column} FROM {} WHERE {column} IS NOT NULL) AS found",
        of.from()
    );
    let row = client.query_one(&query, &[]).await.map_err(|error| words_of(&error))?;
    Ok(row.get::<_, i64>(0).cast_unsigned())
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

/// Rows of a parent, and number of children with the number of parents that have so many, the childless left out.
///
/// # Errors
/// In words, where the server refuses.
pub async fn fan_out(
    client: &Client,
    of: &Subject,
    columns: &[String],
    parent: &Subject,
) -> Result<(u64, Vec<(u64, u64)>), String> {
    let refused = |error| words_of(&error);
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let filled: Vec<String> = columns.iter().map(|column| format!("{column} IS NOT NULL")).collect();
    let query = format!(
        "SELECT children, count(*) FROM (SELECT count(*) AS children FROM {} WHERE {} GROUP BY {}) AS parents \
         GROUP BY children ORDER BY children",
        of.from(),
        filled.join(" AND "),
        columns.join(", ")
    );
    let rows = client.query(&query, &[]).await.map_err(refused)?;
    let number = |row: &Row, at| row.get::<_, i64>(at).cast_unsigned();
    let degrees = rows.iter().map(|row| (number(row, 0), number(row, 1))).collect();
    let row =
        client.query_one(&format!("SELECT count(*) FROM {}", parent.from()), &[]).await.map_err(refused)?;
    Ok((number(&row, 0), degrees))
}

/// Rows of those values of `on` that have one value of `column` only.
///
/// # Errors
/// In words, where the server refuses.
pub async fn decided_rows(client: &Client, of: &Subject, on: &str, column: &str) -> Result<u64, String> {
    let (on, column) = (quoted(on), quoted(column));
    let query = format!(
        "SELECT COALESCE(sum(n) FILTER (WHERE differing = 1), 0)::int8 FROM ( \
           SELECT sum(n) AS n, count(*) AS differing FROM ( \
             SELECT {on} AS decides, count(*) AS n FROM {} GROUP BY {on}, {column}) AS pairs \
           GROUP BY decides) AS groups",
        of.from()
    );
    let row = client.query_one(&query, &[]).await.map_err(|error| words_of(&error))?;
    Ok(row.get::<_, i64>(0).cast_unsigned())
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
