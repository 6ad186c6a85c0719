//! Looking at what a migration left behind.

use pgrehearse_reports::event::{Event, Inspected};

use crate::error::Error;
use crate::events::Events;
use crate::postgres::{Endpoint, admin, inventory};

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
