//! `depends_on`: one column that decides another.

use super::column_checks::distinct;
use crate::diagnostic::Diagnostic;
use crate::load::keys;
use crate::load::toml_tree::Node;
use crate::profile::{ColumnProfile, DependsOn, TableProfile};

/// Reads `depends_on = { column = "city", degree = 0.9 }` of the column of that name.
pub(super) fn read(node: &Node<'_>, name: &str) -> Option<DependsOn> {
    let table = node.table(&keys::DEPENDS_ON)?;
    let column = table.get("column").and_then(|column| {
        let text = column.text()?;
        if text == name {
            column.wrong_with(
                format!("`{name}` cannot depend on itself"),
                "name the other column of the table that decides it",
            );
            return None;
        }
        Some(text)
    });
    let degree = match table.get("degree") {
        Some(degree) => degree.number_between(0.0, 1.0),
        None => Some(1.0),
    };
    Some(DependsOn { column: column?, degree: degree?, place: node.place() })
}

/// Columns that decide themselves through others, and those with more values than what decides them.
pub(super) fn check(table: &TableProfile, rows: Option<u64>) -> Vec<Diagnostic> {
    let circles = table.columns.iter().filter_map(|column| circle(table, column));
    let crowded = table.columns.iter().filter_map(|column| crowded(table, column, rows));
    circles.chain(crowded).collect()
}

fn named<'a>(table: &'a TableProfile, name: &str) -> Option<&'a ColumnProfile> {
    table.columns.iter().find(|column| column.name == name)
}

/// The circle that begins at this column, told where its first column stands.
fn circle(table: &TableProfile, first: &ColumnProfile) -> Option<Diagnostic> {
    let mut path = vec![first];
    loop {
        let on = path.last()?.depends_on.as_ref()?;
        let next = named(table, &on.column)?;
        if next.name == first.name {
            break;
        }
        // A circle that begins elsewhere, or one that was told at an earlier column.
        if path.iter().any(|known| known.name == next.name) || next.place.span.start < first.place.span.start
        {
            return None;
        }
        path.push(next);
    }
    let names: Vec<_> = path.iter().chain([&first]).map(|column| column.name.as_str()).collect();
    let message = format!("`{}` depends on itself: {}", first.name, names.join(" → "));
    let place = first.depends_on.as_ref()?.place.clone();
    Some(Diagnostic::error(place, message).help("take out one `depends_on` of the circle"))
}

/// One value of what decides gives one value of what is decided.
fn crowded(table: &TableProfile, column: &ColumnProfile, rows: Option<u64>) -> Option<Diagnostic> {
    let on = column.depends_on.as_ref().filter(|on| on.degree == 1.0)?;
    let deciding = named(table, &on.column)?;
    let (distinct_here, distinct_there) = (distinct(column, rows?)?, distinct(deciding, rows?)?);
    // Rows in which the deciding column is NULL are a group of their own.
    let groups = distinct_there + if deciding.null_frac.unwrap_or(0.0) > 0.0 { 1.0 } else { 0.0 };
    if distinct_here <= groups + 0.5 {
        return None;
    }
    let message = format!(
        "`{}` has {distinct_here:.0} distinct values, but `{}`, which decides it, only {distinct_there:.0}",
        column.name, on.column
    );
    let place = column.n_distinct_place.clone().unwrap_or_else(|| column.place.clone());
    let help = format!("lower this `n_distinct`, raise that of `{}`, or write a `degree` below 1", on.column);
    Some(Diagnostic::error(place, message).help(help))
}
