//! Making the schema: a file as it is written, or migrations as their tool ran them.

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::sql::{self, Shape, Statement};
use pgrehearse_scenarios::{Scenario, Step};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error as ServerError};

use crate::error::Error;
use crate::postgres::{Endpoint, bulk, position_of, words_of};

/// Runs the schema as a superuser that owns what it makes: a schema file statement by statement, as it is written; deployed
/// migrations one after the other, each wrapped in a transaction as its tool does.
///
/// # Errors
/// [`Error::Scenario`] with the place of the statement that the server refuses.
pub async fn apply(endpoint: &Endpoint, scenario: &Scenario, database: &str) -> Result<(), Error> {
    let client = endpoint.connect_as_loader(database, "pgrehearse schema").await?;
    for step in &scenario.schema.steps {
        let deployed = scenario.schema.deployed.is_some();
        let (shape, why) = sql::shape(&step.file.statements, step.transaction);
        let refused = |statement: Option<&Statement>, error: ServerError| {
            refused(step, statement, deployed.then_some(why.as_str()), error)
        };
        if shape == Shape::File {
            client.batch_execute("BEGIN").await?;
        }
        for statement in &step.file.statements {
            run(&client, statement).await.map_err(|error| refused(Some(statement), error))?;
        }
        match shape {
            // What is deferred is checked now.
            Shape::File => client.batch_execute("COMMIT").await.map_err(|error| refused(None, error))?,
            // What a migration leaves open ends with its session; the next one must not be in it.
            Shape::Explicit if deployed => client.batch_execute("ROLLBACK").await?,
            Shape::Explicit | Shape::Statement => {}
        }
    }
    Ok(())
}

async fn run(client: &Client, statement: &Statement) -> Result<(), ServerError> {
    match &statement.copy_data {
        None => client.batch_execute(&statement.text).await,
        Some(rows) => bulk::send_text(client, &statement.text, rows).await.map(drop),
    }
}

/// What the server says of a statement (of the last one, where it refuses to commit), with how a migration was run.
fn refused(step: &Step, statement: Option<&Statement>, why: Option<&str>, error: ServerError) -> Error {
    let Some(said) = error.as_db_error() else { return error.into() };
    let Some(of) = statement.or(step.file.statements.last()) else { return error.into() };
    let place = sql::position(&step.file.source, of, position_of(&error).unwrap_or(1));
    let words: Vec<&str> = of.text.split_whitespace().take(2).collect();
    let of_extension = matches!(words[..], [_, word] if word.eq_ignore_ascii_case("extension"));
    let help = match (said.hint(), why) {
        _ if of_extension && *said.code() == SqlState::FEATURE_NOT_SUPPORTED => {
            "install the package that has the extension where the server runs (on Debian postgresql-contrib, or \
             one named postgresql-<version>-<extension>), or drop it from the schema of the scenario"
                .to_owned()
        }
        (Some(hint), _) => hint.to_owned(),
        (None, Some(why)) if *said.code() == SqlState::ACTIVE_SQL_TRANSACTION => why.to_owned(),
        (None, Some(_)) => "the migrations are run in their order on an empty database: is one missing, or was \
                            something made by hand?"
            .to_owned(),
        (None, None) => {
            "the schema is run as it is written; mend it, or dump it again with pg_dump --schema-only".to_owned()
        }
    };
    let doing = if statement.is_none() { "at COMMIT: " } else { "" };
    Error::Scenario(vec![Diagnostic::error(place, format!("{doing}{}", words_of(&error))).help(help)])
}
