//! The profile: tables and columns with their declared statistics.

use toml::de::DeValue;

use super::keys;
use super::toml_tree::{Node, Table, scalar};
use crate::profile::{Bound, ColumnProfile, Generator, MostCommon, Profile, TableProfile};

mod column_checks;

pub(super) fn read(root: &Table<'_>) -> Option<Profile> {
    let tables = root.get("tables")?.entries("[tables.users] with rows = 5_000_000")?;
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
    read.into_iter().collect::<Option<Vec<_>>>().map(|tables| Profile { tables })
}

fn table(node: &Node<'_>) -> Option<TableProfile> {
    if let Some(inner) = schema_as_table(node) {
        let message = format!("`{}` is read as a table, not as a schema", node.key());
        node.wrong_at_key(message, format!("put both names in quotes: [tables.\"{}.{inner}\"]", node.key()));
        return None;
    }
    let table = node.table(&keys::TABLE)?;
    let rows = table.get("rows").and_then(|rows| rows.rows());
    let columns = match table.get("columns") {
        Some(columns) => columns
            .entries("[tables.users.columns.email]")
            .map(|columns| columns.iter().map(|node| column(node, rows)).collect::<Vec<_>>()),
        None => Some(Vec::new()),
    };
    let columns = columns?.into_iter().collect::<Option<Vec<_>>>();
    Some(TableProfile {
        name: node.key().to_owned(),
        rows: rows?,
        columns: columns?,
        place: node.key_place(),
        ..TableProfile::default()
    })
}

/// The table's name in `[tables.schema.table]`, which TOML reads as a table inside a table.
fn schema_as_table<'a>(node: &Node<'a>) -> Option<&'a str> {
    let entries = node.value().as_table().filter(|entries| !entries.contains_key("rows"))?;
    let inner = entries.iter().find(|(key, value)| {
        keys::TABLE.key(key.get_ref()).is_none() && value.get_ref().get("rows").is_some()
    });
    inner.map(|(key, _)| key.get_ref().as_ref())
}

fn column(node: &Node<'_>, rows: Option<u64>) -> Option<ColumnProfile> {
    let table = node.table(&keys::COLUMN)?;
    let place = |key| table.get(key).map(|node| node.place());
    let column = ColumnProfile {
        name: node.key().to_owned(),
        null_frac: table.get("null_frac").and_then(|node| node.number_between(0.0, 1.0)),
        n_distinct: table.get("n_distinct").and_then(|node| n_distinct(&node)),
        most_common: table.get("most_common").and_then(|node| most_common(&node)).unwrap_or_default(),
        histogram_bounds: table
            .get("histogram_bounds")
            .and_then(|node| histogram_bounds(&node))
            .unwrap_or_default(),
        correlation: table.get("correlation").and_then(|node| node.number_between(-1.0, 1.0)),
        avg_width: table.get("avg_width").and_then(|node| node.number_above_zero()),
        generator: table.get("generator").and_then(|node| node.word(Generator::ALL)),
        place: node.key_place(),
        n_distinct_place: place("n_distinct"),
        most_common_place: place("most_common"),
        histogram_bounds_place: place("histogram_bounds"),
        correlation_place: place("correlation"),
        avg_width_place: place("avg_width"),
        generator_place: place("generator"),
        null_frac_place: place("null_frac"),
        ..ColumnProfile::default()
    };
    node.problems().extend(column_checks::check(&column, rows));
    Some(column)
}

fn n_distinct(node: &Node<'_>) -> Option<f64> {
    let number = node.number()?;
    if number == 0.0 {
        node.wrong("`n_distinct` cannot be 0");
    } else if number < -1.0 {
        node.wrong_with(
            format!("`n_distinct` cannot be below -1, as {number} is"),
            "a negative n_distinct is a fraction of the rows: -1 is unique, -0.5 gives every value two rows",
        );
    } else if number > 0.0 && number.fract() != 0.0 {
        node.wrong_with(
            format!("`n_distinct` must be a whole number of values, not {number}"),
            format!("a fraction of the rows is negative: n_distinct = -{number}"),
        );
    } else {
        return Some(number);
    }
    None
}

fn most_common(node: &Node<'_>) -> Option<Vec<MostCommon>> {
    // A value may be blank, other than a name.
    let DeValue::Table(entries) = node.value() else {
        node.mistyped("a table of values with their frequency");
        return None;
    };
    if entries.is_empty() {
        node.wrong("`most_common` is empty");
        return None;
    }
    let mut values = Vec::new();
    for entry in node.all_entries() {
        if let DeValue::Table(inner) = entry.value() {
            let rest = inner.keys().next().map_or("", |key| key.get_ref().as_ref());
            entry.wrong_at_key(
                format!("the frequency of `{}` must be a number, not a table", entry.key()),
                format!("put a value with a dot in quotes: \"{}.{rest}\" = 0.5", entry.key()),
            );
            continue;
        }
        let Some(frequency) = entry.number_between(0.0, 1.0) else { continue };
        if frequency == 0.0 {
            entry.wrong(format!("the frequency of `{}` must be greater than 0", entry.key()));
            continue;
        }
        values.push(MostCommon { value: entry.key().to_owned(), frequency });
    }
    values.sort_by(|a, b| b.frequency.total_cmp(&a.frequency));
    Some(values)
}

fn histogram_bounds(node: &Node<'_>) -> Option<Vec<Bound>> {
    let items = node.items()?;
    if items.len() < 2 {
        node.wrong(format!("`histogram_bounds` needs at least 2 bounds, not {}", items.len()));
    }
    let mut bounds = Vec::new();
    for item in &items {
        match item.value() {
            DeValue::Boolean(_) | DeValue::Array(_) | DeValue::Table(_) => {
                item.mistyped("a string, a number or a date");
            }
            value => bounds.extend(scalar(value).map(|value| Bound { value, place: item.place() })),
        }
    }
    Some(bounds)
}
