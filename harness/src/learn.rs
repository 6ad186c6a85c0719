//! What tables a schema makes, learned from a server that lives as long as it takes to ask.

use std::collections::BTreeMap;

use pgrehearse_reports::event::ServerPurpose;
use pgrehearse_scenarios::Scenario;
use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::Profile;
use pgrehearse_scenarios::starter::{Column, Hint, Table};

use crate::dataset::plan::{self, Plan};
use crate::dataset::prepare::{self, DATASET_DATABASE};
use crate::error::Error;
use crate::postgres::catalog::{self, Catalog};
use crate::postgres::shape::{ColumnShape, ColumnType, TableShape};
use crate::server::discover::Binaries;
use crate::server::{LocalServer, WorkDir};

/// The tables of a schema.
#[derive(Debug)]
pub struct Learned {
    /// Every table that can have rows, with as many as were asked for or as its keys have room for.
    pub tables: Vec<Table>,
    /// Why some of them cannot have these; then rows must be written by hand.
    pub problems: Vec<Diagnostic>,
}

/// Applies the schema of `scenario` on a server of its own and reads what it made. The server is gone afterwards, also where
/// `stopped` ends first, with the reason.
///
/// # Errors
/// [`Error::Scenario`] where the server refuses the schema; [`Error::Environment`] where there is none to be had;
/// whatever `stopped` gives.
pub async fn tables(
    scenario: &Scenario,
    rows: u64,
    binaries: Binaries,
    work_dir: &WorkDir,
    stopped: impl Future<Output = Error>,
) -> Result<Learned, Error> {
    let mut server = LocalServer::create(binaries, work_dir, BTreeMap::new()).await?;
    let catalog = tokio::select! {
        biased;
        error = stopped => Err(error),
        catalog = read(&mut server, scenario) => catalog,
    };
    let torn_down = server.tear_down().await;
    let catalog = catalog?;
    torn_down?;
    Ok(learned(&catalog, rows, scenario.seed))
}

async fn read(server: &mut LocalServer, scenario: &Scenario) -> Result<Catalog, Error> {
    server.start(ServerPurpose::Load).await?;
    let endpoint = server.endpoint();
    prepare::make(&endpoint, scenario, DATASET_DATABASE).await?;
    let client = endpoint.connect_as_superuser(DATASET_DATABASE, "pgrehearse").await?;
    catalog::read(&client).await
}

fn learned(catalog: &Catalog, rows: u64, seed: u64) -> Learned {
    let profile = Profile { rows: Some(rows), ..Profile::default() };
    let request = plan::Request {
        tables: &catalog.tables,
        profile: &profile,
        seed,
        scale: 1.0,
        rows_override: &BTreeMap::new(),
        rows_otherwise: None,
    };
    let (planned, problems) = match plan::plan(&request) {
        Ok(Plan { tables, .. }) => (tables, Vec::new()),
        Err(problems) => (Vec::new(), problems),
    };
    let rows_of = |shape: &TableShape| match planned.iter().find(|plan| plan.oid() == shape.oid) {
        Some(plan) => Some(plan.rows()),
        // Nobody knows which of them has to have fewer.
        None => (!problems.is_empty()).then_some(rows),
    };
    let tables = catalog.tables.iter().filter_map(|shape| {
        let name = if shape.schema == "public" { shape.name.clone() } else { shape.full_name() };
        let columns = (0..shape.columns.len()).filter_map(|at| column(shape, at, &catalog.tables)).collect();
        let of_table = rows_of(shape)?;
        Some(Table { name, rows: of_table, is_full: of_table < rows, columns })
    });
    Learned { tables: tables.collect(), problems }
}

/// A column of which more can be said; none where the schema says all.
fn column(shape: &TableShape, at: usize, tables: &[TableShape]) -> Option<Column> {
    let column = &shape.columns[at];
    if column.generated_stored {
        return None;
    }
    let mut about = vec![column.type_name.clone()];
    let unique = shape.unique_keys.iter().any(|key| key.columns == [at] && !key.partial && !key.expression);
    if unique {
        about.push("unique".to_owned());
    }
    if column.not_null {
        about.push("not null".to_owned());
    }
    let foreign = shape.foreign_keys.iter().find(|key| key.columns.contains(&at));
    let parent = foreign.and_then(|key| tables.iter().find(|table| table.oid == key.ref_table_oid));
    about.extend(parent.map(|parent| format!("references {}", parent.full_name())));
    let of_key = shape.unique_keys.iter().any(|key| key.columns.contains(&at));
    let hint = match foreign {
        Some(key) if key.columns.len() == 1 && !of_key => Some(Hint::References),
        Some(_) => None,
        None if of_key || column.owned_sequence.is_some() => None,
        None => hint(column),
    };
    Some(Column {
        name: column.name.clone(),
        about: about.join(", "),
        hint,
        nullable: !column.not_null && !unique,
    })
}

fn hint(column: &ColumnShape) -> Option<Hint> {
    match &column.kind {
        ColumnType::Bool => Some(Hint::Values(vec!["true".to_owned(), "false".to_owned()])),
        ColumnType::Enum(labels) => Some(Hint::Values(labels.clone())),
        ColumnType::Text | ColumnType::Varchar(None) => Some(Hint::Text),
        ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz => Some(Hint::Time),
        ColumnType::Int4 | ColumnType::Int8 => Some(Hint::Number),
        _ => None,
    }
}
