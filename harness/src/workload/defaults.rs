//! What runs where no query is declared: of every table with rows and a primary key a read, an update and an insert.
//!
//! They touch nothing but the key and what every row has, so that they break only where every application would; and they
//! change no value, so that the data stays what it is: the update writes a new version of the same row, the insert meets
//! a row that is there already. Nobody declared how many there are of each, so that reads and writes have
//! a pool each: reads that wait for connections which writes have used up would be a finding about numbers of ours.

use super::query::{Query, Taken};
use super::table::Table;
use crate::postgres::admin::quoted;

/// Requests per second of all tables' reads together, at most, and of one table's.
const READS: (f64, f64) = (200.0, 100.0);
/// The same of updates.
const UPDATES: (f64, f64) = (100.0, 50.0);
/// The same of inserts.
const INSERTS: (f64, f64) = (40.0, 20.0);

/// The default queries.
pub(super) fn queries(tables: &[Table]) -> Vec<Query> {
    let usable: Vec<&Table> = tables.iter().filter(|table| !table.key.is_empty() && table.rows > 0).collect();
    let count = usable.len().max(1) as f64;
    let rate = |(all, one): (f64, f64)| (all / count).min(one);
    let mut queries = Vec::new();
    for table in usable {
        queries.push(by_key(
            table,
            "read",
            format!("SELECT {} FROM", keys(table).join(", ")),
            "",
            rate(READS),
        ));
        if let Some(column) = table.settable() {
            let same = quoted(&column.name);
            let set = format!(" SET {same} = {same}");
            queries.push(by_key(table, "update", "UPDATE".to_owned(), &set, rate(UPDATES)));
        }
        if table.can_insert {
            queries.push(insert(table, rate(INSERTS)));
        }
    }
    queries
}

fn keys(table: &Table) -> Vec<String> {
    table.key.iter().map(|&at| quoted(&table.columns[at].name)).collect()
}

/// `verb table change WHERE key = …`
fn by_key(table: &Table, what: &str, verb: String, change: &str, rate: f64) -> Query {
    let conditions: Vec<String> =
        (1..).zip(keys(table)).map(|(number, key)| format!("{key} = ${number}")).collect();
    Query {
        name: format!("{} {what}", shown(table)),
        kind: if what == "read" { "read" } else { "write" },
        statements: vec![format!(
            "{verb} {}{change} WHERE {}",
            table.qualified_name,
            conditions.join(" AND ")
        )],
        params: table.key.iter().map(|&at| Taken::every(table, at)).collect(),
        rate,
        version: None,
        pool: usize::from(what != "read"),
        place: None,
    }
}

fn insert(table: &Table, rate: f64) -> Query {
    let is_named = |at: &usize| table.key.contains(at) || table.columns[*at].needed;
    let named: Vec<usize> = (0..table.columns.len()).filter(is_named).collect();
    let columns: Vec<String> = named.iter().map(|&at| quoted(&table.columns[at].name)).collect();
    let numbers: Vec<String> = (1..=named.len()).map(|number| format!("${number}")).collect();
    Query {
        name: format!("{} insert", shown(table)),
        kind: "write",
        statements: vec![format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({}) ON CONFLICT DO NOTHING",
            table.qualified_name,
            columns.join(", "),
            numbers.join(", ")
        )],
        params: named.iter().map(|&at| Taken::every(table, at)).collect(),
        rate,
        version: None,
        pool: 1,
        place: None,
    }
}

fn shown(table: &Table) -> String {
    if table.schema == "public" { table.name.clone() } else { format!("{}.{}", table.schema, table.name) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::super::table::Column;
    use super::*;

    fn column(name: &str, needed: bool) -> Column {
        Column {
            name: name.to_owned(),
            needed,
            settable: true,
            values: Arc::new(|row| Some(row.to_string())),
            absent: None,
        }
    }

    #[test]
    fn a_read_an_update_and_an_insert_by_key() {
        let table = Table {
            schema: "app".to_owned(),
            name: "users".to_owned(),
            qualified_name: "\"app\".\"users\"".to_owned(),
            rows: 5,
            columns: vec![column("id", false), column("email", true), column("bio", false)],
            key: vec![0],
            can_insert: true,
        };
        let queries = queries(std::slice::from_ref(&table));
        let told: Vec<String> =
            queries.iter().map(|query| format!("{}: {}", query.name, query.statements[0])).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        app.users read: SELECT "id" FROM "app"."users" WHERE "id" = $1
        app.users update: UPDATE "app"."users" SET "id" = "id" WHERE "id" = $1
        app.users insert: INSERT INTO "app"."users" ("id", "email") OVERRIDING SYSTEM VALUE VALUES ($1, $2) ON CONFLICT DO NOTHING
        "#);
        let values = queries[2].values(&mut StdRng::seed_from_u64(1));
        assert!(values[0].is_some() && values[0] == values[1], "of one row: {values:?}");
        assert_eq!(self::queries(&[Table { key: Vec::new(), ..table }]).len(), 0);
    }
}
