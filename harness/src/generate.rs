//! The dataset on a server that somebody else runs: load it, prove it, leave it.

use std::time::Instant;

use pgrehearse_reports::event::{Event, RunFinished, TornDown, Warned};
use pgrehearse_scenarios::sql;
use tokio_postgres::Config;

use crate::dataset::prepare::{self, Recipe};
use crate::dataset::schema;
use crate::error::Error;
use crate::events::{Events, Progress};
use crate::run::declared;
use crate::server::GivenServer;

/// What is to be loaded, and where.
#[derive(Debug)]
pub struct Request {
    /// The rows.
    pub recipe: Recipe,
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
    events.tell(Event::RunStarted(declared::dataset(&request.recipe)));
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
    let roles = sql::roles_named(request.recipe.scenario.schema.statements());
    let database = server.make_database(&request.recipe.scenario.name, &roles).await?;
    let endpoint = server.endpoint();
    let wanted = prepare::Wanted { recipe: &request.recipe, database: &database, disk: None };
    schema::apply(&endpoint, &request.recipe.scenario, &database).await?;
    let planned = prepare::plan(&endpoint, &wanted, events).await?;
    let ready = prepare::fill(&endpoint, version_major, &wanted, &planned, began, events).await?;
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
