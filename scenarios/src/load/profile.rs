//! The profile: tables and columns with their declared statistics.

use super::keys;
use super::toml_tree::{Node, Table};
use crate::profile::{Profile, TableProfile};

mod bounds;
mod column;
mod column_checks;
mod depends_on;
mod fan_out;
mod most_common;
mod physical_checks;
mod sum;
mod toasted;

pub(super) fn read(root: &Table<'_>) -> Option<Profile> {
    let rows = match root.get("rows") {
        Some(rows) => Some(rows.rows()?),
        None => None,
    };
    let Some(declared) = root.get("tables") else {
        if rows.is_none() {
            root.wrong(
                "a profile needs `tables`",
                "write [tables.users] with rows = 5_000_000, or rows = 100_000 for all",
            );
        }
        return rows.map(|rows| Profile { tables: Vec::new(), rows: Some(rows) });
    };
    let tables = declared.entries("[tables.users] with rows = 5_000_000")?;
    if tables.is_empty() {
        root.get("tables")?.wrong("the profile declares no table");
        return None;
    }
    let mut read: Vec<Option<TableProfile>> = Vec::new();
    for node in &tables {
        let bare = |name: &str| name.strip_prefix("public.").unwrap_or(name).to_owned();
        let same = tables.iter().take(read.len()).find(|other| bare(other.key()) == bare(node.key()));
        if let Some(other) = same {
            let message = format!("`{}` is the same table as `{}`", node.key(), other.key());
            node.wrong_at_key(message, "declare a table once; without a schema it is in `public`");
        }
        read.push(table(node));
    }
    read.into_iter().collect::<Option<Vec<_>>>().map(|tables| Profile { tables, rows })
}

fn table(node: &Node<'_>) -> Option<TableProfile> {
    if let Some(inner) = schema_as_table(node) {
        let message = format!("`{}` is read as a table, not as a schema", node.key());
        node.wrong_at_key(message, format!("put both names in quotes: [tables.\"{}.{inner}\"]", node.key()));
        return None;
    }
    let table = node.table(&keys::TABLE)?;
    let place = |key| table.get(key).map(|node| node.place());
    let rows = table.get("rows").and_then(|rows| rows.rows());
    let columns = match table.get("columns") {
        Some(columns) => columns
            .entries("[tables.users.columns.email]")
            .map(|columns| columns.iter().map(|node| column::read(node, rows)).collect::<Vec<_>>()),
        None => Some(Vec::new()),
    };
    let whole = columns.as_ref().is_some_and(|columns| columns.iter().all(Option::is_some));
    let read = TableProfile {
        name: node.key().to_owned(),
        rows: rows.unwrap_or_default(),
        dead_frac: table.get("dead_frac").and_then(|node| node.fraction_below_one()),
        free_frac: table.get("free_frac").and_then(|node| node.fraction_below_one()),
        all_visible_frac: table.get("all_visible_frac").and_then(|node| node.number_between(0.0, 1.0)),
        columns: columns.into_iter().flatten().flatten().collect(),
        place: node.key_place(),
        dead_frac_place: place("dead_frac"),
        free_frac_place: place("free_frac"),
        all_visible_frac_place: place("all_visible_frac"),
    };
    node.problems().extend(physical_checks::check(&read, rows));
    node.problems().extend(depends_on::check(&read, rows));
    (whole && rows.is_some()).then_some(read)
}

/// The table's name in `[tables.schema.table]`, which TOML reads as a table inside a table.
fn schema_as_table<'a>(node: &Node<'a>) -> Option<&'a str> {
    let entries = node.value().as_table().filter(|entries| !entries.contains_key("rows"))?;
    let inner = entries.iter().find(|(key, value)| {
        keys::TABLE.key(key.get_ref()).is_none() && value.get_ref().get("rows").is_some()
    });
    inner.map(|(key, _)| key.get_ref().as_ref())
}
