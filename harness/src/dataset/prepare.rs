//! From an empty server to a loaded, vacuumed and analysed dataset.

use std::collections::BTreeMap;
use std::time::Instant;

use pgrehearse_reports::event::{DatasetReady, Event, TableSized, Warned};
use pgrehearse_scenarios::Scenario;
use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::sql;

use super::disk::{self, Disk};
use super::plan::{self, TablePlan};
use super::{fingerprint, load, schema, verify};
use crate::error::Error;
use crate::events::{Events, Progress, micros_since};
use crate::postgres::catalog::Catalog;
use crate::postgres::{Endpoint, HOME_DATABASE, admin, bulk, catalog, tuples};

/// The database that rehearsals are copies of.
pub const DATASET_DATABASE: &str = "pgrehearse_dataset";

/// What the rows are made after, and with how many hands.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Schema and profile.
    pub scenario: Scenario,
    /// Seed of every pseudo-random choice.
    pub seed: u64,
    /// Factor applied to the declared rows.
    pub scale: f64,
    /// Rows by table, instead of the declared ones.
    pub rows: BTreeMap<String, u64>,
    /// Rows of every table that neither the profile nor `rows` names, instead of what the profile says of those.
    pub rows_otherwise: Option<u64>,
    /// Relations loaded at once, and threads that make rows for each; the rows do not depend on it.
    pub streams: usize,
}

/// A dataset that is wanted, and where.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// Its rows.
    pub recipe: &'a Recipe,
    /// The database to fill; [`DATASET_DATABASE`] on a disposable server.
    pub database: &'a str,
    /// What the disk has left; none where the server's disk is not to be seen.
    pub disk: Option<Disk>,
}

/// The rows that a database with the schema is to get.
#[derive(Debug)]
pub struct Planned {
    /// Its tables with rows, as they will be made.
    pub plans: Vec<TablePlan>,
    /// All its tables, as the catalog has them.
    pub catalog: Catalog,
}

/// Makes roles and database on a disposable server, owned by the role that migrations run as, applies the schema and
/// plans the rows that the profile declares.
///
/// # Errors
/// [`Error::Scenario`] where schema or profile are wrong, each problem with its place;
/// [`Error::Environment`] where the disk is too small or the server fails.
pub async fn prepare(endpoint: &Endpoint, wanted: &Wanted<'_>, events: &Events) -> Result<Planned, Error> {
    events.show(Progress::Stage("applying the schema".to_owned()));
    make(endpoint, &wanted.recipe.scenario, wanted.database).await?;
    plan(endpoint, wanted, events).await
}

/// Makes roles and database on a disposable server, owned by the role that migrations run as, and applies the schema.
///
/// # Errors
/// [`Error::Scenario`] where the server refuses the schema; [`Error::Environment`] where the server fails.
pub async fn make(endpoint: &Endpoint, scenario: &Scenario, database: &str) -> Result<(), Error> {
    let home = endpoint.connect_as_superuser(HOME_DATABASE, "pgrehearse").await?;
    admin::create_own_roles(&home).await?;
    let roles = sql::roles_named(scenario.schema.statements());
    admin::create_named_roles(&home, &roles).await?;
    admin::create_database(&home, database).await?;
    schema::apply(endpoint, scenario, database).await?;
    let client = endpoint.connect_as_superuser(database, "pgrehearse").await?;
    admin::hand_over(&client, &roles).await
}

/// Plans the rows of a database that has the schema.
///
/// # Errors
/// As [`prepare`].
pub async fn plan(endpoint: &Endpoint, wanted: &Wanted<'_>, events: &Events) -> Result<Planned, Error> {
    let client = endpoint.connect_as_superuser(wanted.database, "pgrehearse").await?;
    let catalog = catalog::read(&client).await?;
    let plans = plan_tables(&catalog, wanted, events)?;
    if let Some(disk) = &wanted.disk {
        disk::check(&plans, disk)?;
    }
    Ok(Planned { plans, catalog })
}

/// Loads the planned rows, proves them and leaves the database ready to be copied. `began` is when work on it began.
///
/// # Errors
/// [`Error::Environment`] where the server fails.
pub async fn fill(
    endpoint: &Endpoint,
    version_major: u32,
    wanted: &Wanted<'_>,
    planned: &Planned,
    began: Instant,
    events: &Events,
) -> Result<DatasetReady, Error> {
    let Planned { plans, catalog } = planned;
    let mut client = endpoint.connect_as_superuser(wanted.database, "pgrehearse").await?;
    warn_of_rows(&client, catalog, plans, events).await?;

    let snapshot = load::tables(endpoint, wanted.database, plans, wanted.recipe.streams, events).await?;
    for plan in plans {
        for (sequence, last) in plan.sequences() {
            bulk::set_sequence(&client, sequence, *last).await?;
        }
    }
    events.show(Progress::Stage("vacuuming and analysing".to_owned()));
    for plan in plans {
        for target in plan.targets().iter().filter(|target| target.physical.is_plain()) {
            tuples::vacuum(&client, &target.qualified_name).await?;
        }
        // Of a partitioned table, its partitions too.
        tuples::analyze(&client, &plan.qualified_name()).await?;
    }
    events.show(Progress::Stage("proving that the data is what was declared".to_owned()));
    let mut tables = Vec::new();
    for plan in plans {
        let rows = verify::table(&mut client, plan, events).await?;
        if rows != plan.rows() {
            return Err(Error::Environment(format!(
                "{} has {rows} rows after the load, not {}",
                plan.qualified_name(),
                plan.rows()
            )));
        }
        let bytes = bulk::total_bytes(&client, plan.oid()).await?;
        tables.push(TableSized { table: plan.full_name(), rows, bytes });
    }
    for (view, why) in bulk::refresh_materialized_views(&client).await? {
        warn(events, format!("materialized view {view} could not be filled: {why}"));
    }
    drop(snapshot);
    bulk::checkpoint(&client).await?;
    Ok(DatasetReady {
        fingerprint: fingerprint::of(wanted.recipe, version_major),
        source: "generated".to_owned(),
        load_us: micros_since(began),
        rows: tables.iter().map(|table| table.rows).sum(),
        bytes: admin::database_bytes(&client, wanted.database).await?,
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
    catalog: &Catalog,
    plans: &[TablePlan],
    events: &Events,
) -> Result<(), Error> {
    let mut empty = Vec::new();
    for table in &catalog.tables {
        let name = admin::qualified(&table.schema, &table.name);
        let planned = plans.iter().any(|plan| plan.oid() == table.oid);
        let partitioned = table.partitioning.is_some();
        match (planned, bulk::has_rows(client, &name, partitioned).await?) {
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

fn plan_tables(catalog: &Catalog, wanted: &Wanted<'_>, events: &Events) -> Result<Vec<TablePlan>, Error> {
    let profile = &wanted.recipe.scenario.profile;
    // A partition or a foreign table gets no rows of its own; "no such table" would send its reader looking for a typo.
    let unfillable: Vec<Diagnostic> = profile
        .tables
        .iter()
        .filter(|table| !plan::names_table(&table.name, &catalog.tables))
        .filter_map(|table| {
            let names = |name: &str| {
                name == table.name || name.split_once('.').is_some_and(|(_, bare)| bare == table.name)
            };
            let (name, kind) = catalog.others.iter().find(|(name, _)| names(name))?;
            let message =
                format!("{name} is {kind}; rows are declared for ordinary and for partitioned tables");
            let help = match kind.strip_prefix("a partition of ").and_then(|rest| rest.split_once(',')) {
                Some((root, _)) => format!("declare {root} instead"),
                None => "leave it out of the profile".to_owned(),
            };
            Some(Diagnostic::error(table.place.clone(), message).help(help))
        })
        .collect();
    if !unfillable.is_empty() {
        return Err(Error::Scenario(unfillable));
    }
    let request = plan::Request {
        tables: &catalog.tables,
        profile,
        seed: wanted.recipe.seed,
        scale: wanted.recipe.scale,
        rows_override: &wanted.recipe.rows,
        rows_otherwise: wanted.recipe.rows_otherwise,
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
