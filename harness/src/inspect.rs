//! Looking at what a migration left behind.

use std::time::{Duration, Instant};

use pgrehearse_reports::event::{DataChecked, Event, Inspected, Moment, StateSeen};
use pgrehearse_scenarios::scenario::DataCheck;

use crate::error::Error;
use crate::events::{Events, micros_since};
use crate::postgres::state::{self, Read};
use crate::postgres::{Endpoint, MIGRATOR, admin, inventory, words_of};

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

/// Looks for rows that must not be, and tells how many there are.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer; a check that fails is told.
pub async fn check_data(
    endpoint: &Endpoint,
    database: &str,
    checks: &[DataCheck],
    phase: Option<u32>,
    events: &Events,
) -> Result<(), Error> {
    let client = endpoint.connect(database, MIGRATOR, "pgrehearse check").await?;
    client.batch_execute(&format!("SET statement_timeout = {}", TABLE_READ_WITHIN.as_millis())).await?;
    for DataCheck { name, sql, .. } in checks {
        let began = Instant::now();
        // On a line of its own, so that a comment at its end ends there.
        let counted = client.query_one(&format!("SELECT count(*) FROM (\n{sql}\n) AS violations"), &[]).await;
        let (violations, error) = match counted {
            Ok(row) => (Some(row.get::<_, i64>(0).cast_unsigned()), None),
            Err(error) if error.is_closed() => return Err(error.into()),
            Err(error) => (None, Some(words_of(&error))),
        };
        events.tell(Event::DataChecked(DataChecked {
            name: name.clone(),
            phase,
            sql: sql.clone(),
            violations,
            error,
            took_us: micros_since(began),
        }));
    }
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
        false => (None, Some("nobody asked for the rows".to_owned())),
        true => match state::content(&client, TABLE_READ_WITHIN).await? {
            Read::All(tables) => (Some(tables), None),
            Read::NotAll(why) => (None, Some(why)),
        },
    };
    events.tell(Event::StateSeen(StateSeen { moment, objects, tables, not_read }));
    Ok(())
}
