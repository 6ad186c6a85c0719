//! What the workload knows of the dataset.

use std::sync::Arc;

use crate::dataset::plan::TablePlan;
use crate::postgres::shape::{ColumnShape, ColumnType, TableShape};
use crate::workload::{Column, Table, Values};

/// The tables that have rows, for an application to use.
pub fn tables(plans: &[TablePlan], shapes: &[TableShape]) -> Vec<Table> {
    let shape = |plan: &TablePlan| shapes.iter().find(|shape| shape.oid == plan.oid());
    plans.iter().filter_map(|plan| Some(table(plan, shape(plan)?))).collect()
}

fn table(plan: &TablePlan, shape: &TableShape) -> Table {
    let plan = Arc::new(plan.clone());
    let names = plan.copy_columns();
    let of = |name: &String| shape.columns.iter().position(|column| column.name == *name);
    let shaped: Vec<Option<usize>> = names.iter().map(of).collect();
    let columns = names.iter().enumerate().map(|(at, name)| {
        let column = shaped[at].map(|position| &shape.columns[position]);
        let made = Arc::clone(&plan);
        Column {
            name: name.clone(),
            // A column that is never NULL is one that the application sets, whether or not it has to.
            needed: column.is_some_and(|column| {
                is_needed(column)
                    || (made.is_never_null(at) && !column.has_default && !column.generated_stored)
            }),
            settable: column.is_some_and(|column| !column.identity_always && !column.generated_stored),
            values: Arc::new(move |row| made.text(at, row)),
            absent: column.and_then(|column| absent(&column.kind)),
        }
    });
    let columns = columns.collect();
    let primary = shape.unique_keys.iter().find(|key| key.primary);
    let key = primary.and_then(|key| {
        key.columns.iter().map(|position| shaped.iter().position(|made| *made == Some(*position))).collect()
    });
    let made = |position: usize| shaped.contains(&Some(position));
    let can_insert =
        shape.columns.iter().enumerate().all(|(position, column)| !is_needed(column) || made(position));
    Table {
        schema: shape.schema.clone(),
        name: shape.name.clone(),
        qualified_name: plan.qualified_name(),
        rows: plan.rows(),
        columns,
        key: key.unwrap_or_default(),
        can_insert,
    }
}

fn is_needed(column: &ColumnShape) -> bool {
    column.not_null && !column.has_default && !column.generated_stored
}

/// Values that no row has, where that is sure.
fn absent(kind: &ColumnType) -> Option<Values> {
    Some(match kind {
        ColumnType::Int2 => Arc::new(|row| Some((i64::from(i16::MIN) + (row % 100) as i64).to_string())),
        ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric { .. } => {
            Arc::new(|row| Some((i64::from(i32::MIN) + (row % 1_000_000) as i64).to_string()))
        }
        ColumnType::Text | ColumnType::Varchar(_) => Arc::new(|row| Some(format!("\u{1}nobody {row}"))),
        ColumnType::Uuid => Arc::new(|row| Some(format!("00000000-0000-0000-0000-{:012x}", row % (1 << 40)))),
        ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz => {
            Arc::new(|row| Some(format!("0001-01-{:02}", 1 + row % 28)))
        }
        _ => return None,
    })
}
