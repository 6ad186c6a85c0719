//! The dataset on a server that somebody else runs: load it, prove it, leave it.

use std::collections::BTreeMap;
use std::time::Instant;

use pgrehearse_reports::event::{Event, RunFinished, TornDown, Warned};
use pgrehearse_scenarios::{Scenario, sql};
use tokio_postgres::Config;

use crate::dataset::prepare;
use crate::error::Error;
use crate::events::{Events, Progress};
use crate::run::declared;
use crate::server::GivenServer;

/// What is to be loaded, and where.
#[derive(Debug)]
pub struct Request {
    /// Schema and profile.
    pub scenario: Scenario,
    /// Seed of every pseudo-random choice.
    pub seed: u64,
    /// Factor applied to the declared rows.
    pub scale: f64,
    /// Rows by table, instead of the declared ones.
    pub rows: BTreeMap<String, u64>,
    /// Tables loaded at once, and threads that make rows.
    pub streams: usize,
    /// The server.
    pub server: Config,
}

/// Loads the dataset into a new database and gives its name. What was made is dropped where that fails or is
/// `stopped`.
///
/// # Errors
/// As [`prepare::fill`] and [`GivenServer::connect`].
pub async fn generate(
    request: &Request,
    events: &Events,
    stopped: impl Future<Output = Error>,
) -> Result<String, Error> {
    tokio::pin!(stopped);
    events.tell(Event::RunStarted(declared::dataset(&request.scenario, request.seed, request.scale)));
    let mut server = None;
    let result = tokio::select! {
        biased;
        error = &mut stopped => Err(error),
        result = load(request, &mut server, events) => result,
    };
    if let (Err(_), Some(server)) = (&result, server) {
        events.show(Progress::Stage("tearing down".to_owned()));
        for (what, error) in server.remove_all().await {
            events.tell(Event::TornDown(TornDown { what, error }));
        }
    }
    events.tell(Event::RunFinished(RunFinished {
        error: result.as_ref().err().map(ToString::to_string),
        interrupted: matches!(result, Err(Error::Interrupted)),
    }));
    result
}

/// Leaves the server in `slot`, so that the caller can clear it up whatever happens here.
async fn load(request: &Request, slot: &mut Option<GivenServer>, events: &Events) -> Result<String, Error> {
    let began = Instant::now();
    events.show(Progress::Stage("connecting".to_owned()));
    let (server, started) = GivenServer::connect(request.server.clone()).await?;
    let server = slot.insert(server);
    let version_major = started.server_version_num / 10_000;
    events.tell(Event::ServerStarted(started));
    let roles = sql::roles_named(&request.scenario.schema.statements);
    let database = server.make_database(&request.scenario.name, &roles).await?;
    let endpoint = server.endpoint();
    let wanted = prepare::Wanted {
        scenario: &request.scenario,
        seed: request.seed,
        scale: request.scale,
        rows: &request.rows,
        database: &database,
        disk: None,
        streams: request.streams,
    };
    prepare::apply_schema(&endpoint, &request.scenario, &database).await?;
    let ready = prepare::fill(&endpoint, version_major, &wanted, began, events).await?;
    events.tell(Event::DatasetReady(ready));
    if !server.made_roles().is_empty() {
        let roles: Vec<&str> = server.made_roles().iter().map(String::as_str).collect();
        let message = format!(
            "roles that the schema names were made on the server, without login: {}",
            roles.join(", ")
        );
        events.tell(Event::Warned(Warned { message }));
    }
    Ok(database)
}
