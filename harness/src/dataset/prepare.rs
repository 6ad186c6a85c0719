//! From an empty server to a loaded, vacuumed and analysed dataset.

use std::collections::BTreeMap;
use std::time::Instant;

use pgrehearse_reports::event::{DatasetReady, Event, TableSized, Warned};
use pgrehearse_scenarios::Scenario;
use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::sql;

use super::disk::{self, Disk};
use super::plan::{self, TablePlan};
use super::{fingerprint, load};
use crate::error::Error;
use crate::events::{Events, Progress, micros_since};
use crate::postgres::{Endpoint, HOME_DATABASE, LOADER, admin, bulk, catalog, position_of, words_of};

/// The database that rehearsals are copies of.
pub const DATASET_DATABASE: &str = "pgrehearse_dataset";

/// What is wanted of the dataset.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Schema and profile.
    pub scenario: &'a Scenario,
    /// Seed of every pseudo-random choice.
    pub seed: u64,
    /// Factor applied to the declared rows.
    pub scale: f64,
    /// Rows by table, instead of the declared ones.
    pub rows: &'a BTreeMap<String, u64>,
    /// What the disk has left.
    pub disk: Disk,
    /// Tables loaded at once, and threads that make rows for each.
    pub streams: usize,
}

/// Applies the schema, loads the rows that the profile declares and leaves the database ready to be copied.
///
/// # Errors
/// [`Error::Scenario`] where schema or profile are wrong, each problem with its place;
/// [`Error::Environment`] where the disk is too small or the server fails.
pub async fn prepare(
    endpoint: &Endpoint,
    version_major: u32,
    wanted: &Wanted<'_>,
    events: &Events,
) -> Result<DatasetReady, Error> {
    let began = Instant::now();
    events.show(Progress::Stage("applying the schema".to_owned()));
    let home = endpoint.connect_as_superuser(HOME_DATABASE, "pgrehearse").await?;
    admin::create_own_roles(&home).await?;
    let roles = sql::roles_named(&wanted.scenario.schema.statements);
    admin::create_named_roles(&home, &roles).await?;
    admin::create_database(&home, DATASET_DATABASE).await?;
    apply_schema(endpoint, wanted.scenario).await?;

    let client = endpoint.connect_as_superuser(DATASET_DATABASE, "pgrehearse").await?;
    admin::hand_over(&client, &roles).await?;
    let catalog = catalog::read(&client).await?;
    let plans = plan_tables(&catalog, wanted, events)?;
    disk::check(&plans, &wanted.disk)?;
    warn_of_rows(&client, &catalog, &plans, events).await?;

    load::tables(endpoint, &plans, wanted.streams, events).await?;
    for plan in &plans {
        for (sequence, last) in plan.sequences() {
            bulk::set_sequence(&client, sequence, *last).await?;
        }
    }
    events.show(Progress::Stage("vacuuming and analysing".to_owned()));
    let mut tables = Vec::new();
    for plan in &plans {
        let name = plan.qualified_name();
        bulk::vacuum_analyze(&client, &name).await?;
        let (rows, bytes) = bulk::measure(&client, &name).await?;
        if rows != plan.rows() {
            return Err(Error::Environment(format!(
                "{name} has {rows} rows after the load, not {}",
                plan.rows()
            )));
        }
        tables.push(TableSized { table: plan.full_name(), rows, bytes });
    }
    for (view, why) in bulk::refresh_materialized_views(&client).await? {
        warn(events, format!("materialized view {view} could not be filled: {why}"));
    }
    bulk::checkpoint(&client).await?;
    Ok(DatasetReady {
        fingerprint: fingerprint::of(wanted, version_major),
        source: "generated".to_owned(),
        load_us: micros_since(began),
        rows: tables.iter().map(|table| table.rows).sum(),
        bytes: admin::database_bytes(&home, DATASET_DATABASE).await?,
        tables,
        state: "loaded with COPY FREEZE, indexes built afterwards, VACUUM ANALYZE, CHECKPOINT, files synced to disk; \
                each rehearsal starts with cold shared_buffers for its own copy and whatever the system's page cache \
                holds of it"
            .to_owned(),
    })
}

/// Says which tables have other rows than a reader of the profile would think.
async fn warn_of_rows(
    client: &tokio_postgres::Client,
    catalog: &catalog::Catalog,
    plans: &[TablePlan],
    events: &Events,
) -> Result<(), Error> {
    let mut empty = Vec::new();
    for table in &catalog.tables {
        let name = admin::qualified(&table.schema, &table.name);
        let planned = plans.iter().any(|plan| plan.oid() == table.oid);
        match (planned, bulk::has_rows(client, &name).await?) {
            (true, true) => {
                let message = "the schema puts rows into it; they are replaced by those of the profile";
                warn(events, format!("{}: {message}", table.full_name()));
            }
            (false, false) => empty.push(table.full_name()),
            (true, false) | (false, true) => {}
        }
    }
    if !empty.is_empty() {
        let tables = empty.join(", ");
        warn(events, format!("no rows are declared for these tables, which stay empty: {tables}"));
    }
    Ok(())
}

fn warn(events: &Events, message: String) {
    events.tell(Event::Warned(Warned { message }));
}

/// Runs the schema as it is written, statement by statement, as a superuser that owns what it makes.
async fn apply_schema(endpoint: &Endpoint, scenario: &Scenario) -> Result<(), Error> {
    let schema = &scenario.schema;
    let client = endpoint.connect(DATASET_DATABASE, LOADER, "pgrehearse schema").await?;
    for statement in &schema.statements {
        let done = match &statement.copy_data {
            None => client.batch_execute(&statement.text).await,
            Some(rows) => bulk::send_text(&client, &statement.text, rows).await.map(drop),
        };
        if let Err(error) = done {
            let Some(said) = error.as_db_error() else { return Err(error.into()) };
            let place = sql::position(&schema.source, statement, position_of(&error).unwrap_or(1));
            let help = said.hint().map_or_else(
                || {
                    "the schema is run as it is written; mend it, or dump it again with pg_dump --schema-only"
                        .to_owned()
                },
                str::to_owned,
            );
            return Err(Error::Scenario(vec![Diagnostic::error(place, words_of(&error)).help(help)]));
        }
    }
    Ok(())
}

fn plan_tables(
    catalog: &catalog::Catalog,
    wanted: &Wanted<'_>,
    events: &Events,
) -> Result<Vec<TablePlan>, Error> {
    let profile = &wanted.scenario.profile;
    // A partitioned table is no ordinary table; "no such table" would send its reader looking for a typo.
    let unfillable: Vec<Diagnostic> = profile
        .tables
        .iter()
        .filter(|table| !plan::names_table(&table.name, &catalog.tables))
        .filter_map(|table| {
            let names = |name: &str| {
                name == table.name || name.split_once('.').is_some_and(|(_, bare)| bare == table.name)
            };
            let (name, kind) = catalog.others.iter().find(|(name, _)| names(name))?;
            let message = format!("{name} is {kind}; rows can be made for ordinary tables only");
            Some(Diagnostic::error(table.place.clone(), message).help("leave it out of the profile"))
        })
        .collect();
    if !unfillable.is_empty() {
        return Err(Error::Scenario(unfillable));
    }
    let request = plan::Request {
        tables: &catalog.tables,
        profile,
        seed: wanted.seed,
        scale: wanted.scale,
        rows_override: wanted.rows,
    };
    let planned = plan::plan(&request).map_err(Error::Scenario)?;
    for warning in &planned.warnings {
        warn(events, in_one_line(warning));
    }
    Ok(planned.tables)
}

fn in_one_line(problem: &Diagnostic) -> String {
    if problem.place.source.is_some() {
        format!("{}: {}", problem.place, problem.message)
    } else {
        problem.message.clone()
    }
}
