//! What a table holds, counted by reading it. Nothing that is there changes.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::admin::quoted;
use super::statistics::{AsNumber, Field, Subject};
use super::words_of;

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
