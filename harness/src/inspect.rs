//! Looking at what a migration left behind.

use std::time::Duration;

use pgrehearse_reports::event::{Event, Inspected, Moment, StateSeen};

use crate::error::Error;
use crate::events::Events;
use crate::postgres::state::{self, Read};
use crate::postgres::{Endpoint, admin, inventory};

/// How long reading one table may take: a minute or two for a hundred million narrow rows.
const TABLE_READ_WITHIN: Duration = Duration::from_secs(180);

/// Reads the state of `database` and tells it.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn inspect(endpoint: &Endpoint, database: &str, events: &Events) -> Result<(), Error> {
    let client = endpoint.connect_as_superuser(database, "pgrehearse").await?;
    let left = inventory::leftovers(&client).await?;
    let bytes = admin::database_bytes(&client, database).await?;
    events.tell(Event::Inspected(Inspected {
        invalid_indexes: left.invalid_indexes,
        not_valid_constraints: left.not_valid_constraints,
        bytes,
        dead_tuples: left.dead_tuples,
        temp_bytes: Some(admin::temp_bytes(&client, database).await?),
    }));
    Ok(())
}

/// Reads the schema of `database`, and what is in its tables where that is to be known, and tells it.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn state(
    endpoint: &Endpoint,
    database: &str,
    moment: Moment,
    with_rows: bool,
    events: &Events,
) -> Result<(), Error> {
    let client = endpoint.connect_as_superuser(database, "pgrehearse").await?;
    let objects = state::objects(&client).await?;
    let (tables, not_read) = match with_rows {
        false => (None, Some("only the rows of the first two repetitions are read".to_owned())),
        true => match state::content(&client, TABLE_READ_WITHIN).await? {
            Read::All(tables) => (Some(tables), None),
            Read::NotAll(why) => (None, Some(why)),
        },
    };
    events.tell(Event::StateSeen(StateSeen { moment, objects, tables, not_read }));
    Ok(())
}
