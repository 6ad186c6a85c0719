//! A server with the dataset, ready to rehearse on: from the cache where it is there, else loaded and kept.

use std::collections::BTreeMap;
use std::time::Instant;

use pgrehearse_reports::event::{DatasetReady, Event, ServerPurpose, Warned};

use super::{Request, application};
use crate::cache::{Entry, Found, Kept, Key, Making};
use crate::dataset::disk::Disk;
use crate::dataset::prepare::{self, DATASET_DATABASE};
use crate::error::Error;
use crate::events::{Events, Progress, micros_since};
use crate::postgres::Endpoint;
use crate::server::LocalServer;
use crate::workload::{self, Table};

/// Sessions of our own beside a rehearsal, and some to spare.
const OWN_CONNECTIONS: u64 = 30;
/// The server's default of `max_connections`.
const MAX_CONNECTIONS: u64 = 100;

/// A dataset to rehearse on.
pub(super) struct Ready {
    pub(super) endpoint: Endpoint,
    pub(super) version_num: u32,
    /// What an application knows of it.
    pub(super) tables: Vec<Table>,
}

/// Makes the server, and leaves it in `slot`, so that the caller can end it whatever happens here. None where the data is
/// all that is asked for.
pub(super) async fn ready(
    request: &Request,
    slot: &mut Option<LocalServer>,
    events: &Events,
) -> Result<Option<Ready>, Error> {
    let found = match request.cache.as_ref().filter(|_| !request.dataset_only) {
        None => None,
        Some(cache) => match cache.find(&Key::of(&request.recipe, &request.binaries), events).await {
            Ok(found) => Some(found),
            Err(error) if cache.is_named() => return Err(error),
            Err(error) => {
                events.tell(Event::Warned(Warned { message: error.to_string() }));
                None
            }
        },
    };
    match found {
        Some(Found::Entry(entry)) => from_cache(request, entry, slot, events).await.map(Some),
        Some(Found::Nothing(making)) => loaded(request, Some(making), slot, events).await,
        None => loaded(request, None, slot, events).await,
    }
}

async fn from_cache(
    request: &Request,
    entry: Entry,
    slot: &mut Option<LocalServer>,
    events: &Events,
) -> Result<Ready, Error> {
    let began = Instant::now();
    events.show(Progress::Stage("copying the dataset from the cache".to_owned()));
    let disk = disk(request)?;
    let (binaries, wished) = (request.binaries.clone(), wished(request));
    let server = slot.insert(LocalServer::restore(binaries, &request.work_dir, wished, &entry.data()).await?);
    let kept = entry.kept().clone();
    drop(entry);
    let started = match server.start(ServerPurpose::Rehearse).await {
        Ok(started) => started,
        Err(error) if !request.recipe.scenario.server.settings.is_empty() => {
            return Err(server.refused_wished(&error));
        }
        Err(error) => {
            let what = "with the dataset from the cache (pgrehearse cache clear removes it)";
            return Err(error.while_doing(what));
        }
    };
    let version_num = started.server_version_num;
    events.tell(Event::ServerStarted(started));
    let endpoint = server.endpoint();
    let wanted = wanted(request, disk);
    let planned = prepare::plan(&endpoint, &wanted, events);
    let planned = tokio::select! {
        biased;
        planned = planned => planned?,
        error = server.ended() => return Err(error),
    };
    let tables = application::tables(&planned.plans, &planned.catalog.tables);
    workload::check(&request.recipe.scenario.workload, &tables)?;
    for event in kept.events {
        events.tell(match event {
            Event::DatasetReady(ready) => Event::DatasetReady(DatasetReady {
                source: "cached".to_owned(),
                load_us: micros_since(began),
                ..ready
            }),
            other => other,
        });
    }
    Ok(Ready { endpoint, version_num, tables })
}

async fn loaded(
    request: &Request,
    making: Option<Making>,
    slot: &mut Option<LocalServer>,
    events: &Events,
) -> Result<Option<Ready>, Error> {
    events.show(Progress::Stage(format!("starting PostgreSQL {}", request.binaries.version)));
    let (binaries, wished) = (request.binaries.clone(), wished(request));
    let server = slot.insert(LocalServer::create(binaries, &request.work_dir, wished).await?);
    let started = server.start(ServerPurpose::Load).await?;
    server.try_wished().await?;
    let version_num = started.server_version_num;
    let server_version = started.server_version.clone();
    events.tell(Event::ServerStarted(started));

    let wanted = wanted(request, disk(request)?);
    let endpoint = server.endpoint();
    let listening = events.listening();
    let loading = async {
        let began = Instant::now();
        let planned = prepare::prepare(&endpoint, &wanted, events).await?;
        let tables = application::tables(&planned.plans, &planned.catalog.tables);
        // Before the rows are made, which may take minutes.
        workload::check(&request.recipe.scenario.workload, &tables)?;
        let ready =
            prepare::fill(&endpoint, version_num / 10_000, &wanted, &planned, began, &listening).await?;
        Ok::<_, Error>((ready, tables))
    };
    let (ready, tables) = tokio::select! {
        biased;
        loaded = loading => loaded?,
        error = server.ended() => return Err(error),
    };

    if request.dataset_only {
        events.tell(Event::DatasetReady(ready));
        return Ok(None);
    }
    if let Some(making) = making {
        events.show(Progress::Stage("keeping the dataset for the next run".to_owned()));
        let (scenario, rows) = (&request.recipe.scenario.name, ready.rows);
        let mut told = listening.take_heard();
        told.push(Event::DatasetReady(ready.clone()));
        let kept = Kept::new(scenario, &ready.fingerprint, &server_version, rows, told);
        let not_kept = match making.keep(server.rest().await?, kept).await {
            Ok(why_not) => why_not,
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = not_kept {
            let message = format!("the dataset is not kept for the next run: {why}");
            events.tell(Event::Warned(Warned { message }));
        }
    }
    events.show(Progress::Stage("restarting with production-like settings".to_owned()));
    events.tell(Event::ServerStarted(server.start(ServerPurpose::Rehearse).await?));
    events.tell(Event::DatasetReady(ready));
    Ok(Some(Ready { endpoint, version_num, tables }))
}

fn wanted(request: &Request, disk: Disk) -> prepare::Wanted<'_> {
    prepare::Wanted { recipe: &request.recipe, database: DATASET_DATABASE, disk: Some(disk) }
}

fn disk(request: &Request) -> Result<Disk, Error> {
    let free_bytes = request.work_dir.free_bytes()?;
    Ok(Disk { dir: request.work_dir.path().to_owned(), free_bytes })
}

/// The scenario's settings, with room for the application where it does not say how many may connect.
fn wished(request: &Request) -> BTreeMap<String, String> {
    let scenario = &request.recipe.scenario;
    let mut wished = scenario.server.settings.clone();
    if request.with_workload {
        // The application's pools, holds, and our own sessions beside them.
        let holds = scenario.workload.holds.len() as u64;
        let wanted = u64::from(scenario.workload.connections) * workload::pools(&scenario.workload)
            + holds
            + OWN_CONNECTIONS;
        wished.entry("max_connections".to_owned()).or_insert(wanted.max(MAX_CONNECTIONS).to_string());
    }
    wished
}
