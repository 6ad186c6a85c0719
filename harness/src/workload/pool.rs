//! The application's connections.

use std::sync::Arc;

use bytes::BytesMut;
use futures_util::{TryStreamExt, pin_mut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

use super::query::Query;
use crate::error::Error;
use crate::postgres::{Connection, Endpoint, MIGRATOR, PROBE_NAME, backend_pid};

/// What stands for an SQLSTATE where the connection broke.
pub(super) const BROKEN: &str = "connection";

/// A connection with its queries prepared.
pub(super) struct Session {
    client: Connection,
    /// Of each query its statements; none where they are prepared with its next request.
    prepared: Vec<Option<Vec<Statement>>>,
    pub(super) pid: i32,
}

/// Why a request failed: SQLSTATE (or [`BROKEN`]) and words.
pub(super) type Failure = (String, String);

/// A value as SQL writes it, whatever the type.
#[derive(Debug)]
struct Written<'a>(&'a Option<String>);

impl ToSql for Written<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(text) = self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl Session {
    /// Prepares the queries that are to be sent from the first on, so that no request has to.
    pub(super) async fn prepare(&mut self, queries: &[Query], live: &[bool]) -> Result<(), Error> {
        for ((prepared, query), _) in
            self.prepared.iter_mut().zip(queries).zip(live).filter(|(_, live)| **live)
        {
            *prepared = Some(prepare(&self.client, query).await?);
        }
        Ok(())
    }

    /// Runs a query once, as a transaction where it has several statements.
    pub(super) async fn run(
        &mut self,
        query: &Query,
        number: usize,
        values: &[Option<String>],
    ) -> Result<(), Failure> {
        let done = self.prepare_and_run(query, number, values).await;
        let Err(error) = done else { return Ok(()) };
        let failure = failure(&error);
        if query.statements.len() > 1 && failure.0 != BROKEN {
            drop(self.client.batch_execute("ROLLBACK").await);
        }
        // A driver prepares again what the server no longer takes as it was: the result's type has changed, or it was
        // forgotten.
        if matches!(failure.0.as_str(), "0A000" | "26000") {
            self.prepared[number] = None;
        }
        Err(failure)
    }

    async fn prepare_and_run(
        &mut self,
        query: &Query,
        number: usize,
        values: &[Option<String>],
    ) -> Result<(), tokio_postgres::Error> {
        let statements = match &mut self.prepared[number] {
            Some(statements) => statements,
            unprepared => unprepared.insert(prepare(&self.client, query).await?),
        };
        if let [statement] = &statements[..] {
            return execute(&self.client, statement, values).await;
        }
        self.client.batch_execute("BEGIN").await?;
        execute_all(&self.client, statements, values).await?;
        self.client.batch_execute("COMMIT").await
    }

    /// Whether the server can still be asked.
    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }
}

async fn execute(
    client: &Client,
    statement: &Statement,
    values: &[Option<String>],
) -> Result<(), tokio_postgres::Error> {
    let rows = client.query_raw(statement, values.iter().map(Written)).await?;
    pin_mut!(rows);
    while rows.try_next().await?.is_some() {}
    Ok(())
}

/// Runs statements one after the other, each with as many of the values as it takes.
async fn execute_all(
    client: &Client,
    statements: &[Statement],
    values: &[Option<String>],
) -> Result<(), tokio_postgres::Error> {
    let mut rest = values;
    for statement in statements {
        let (these, others) = rest.split_at(statement.params().len().min(rest.len()));
        rest = others;
        execute(client, statement, these).await?;
    }
    Ok(())
}

/// Prepares the statements of a query.
pub(super) async fn prepare(client: &Client, query: &Query) -> Result<Vec<Statement>, tokio_postgres::Error> {
    let mut statements = Vec::new();
    for text in &query.statements {
        statements.push(client.prepare(text).await?);
    }
    Ok(statements)
}

/// Prepares a query and runs it once, in whatever transaction is open.
pub(super) async fn run_once(
    client: &Client,
    query: &Query,
    values: &[Option<String>],
) -> Result<(), tokio_postgres::Error> {
    let statements = prepare(client, query).await?;
    execute_all(client, &statements, values).await
}

/// Tries a query in a transaction that is rolled back.
pub(super) async fn try_out(
    client: &Client,
    query: &Query,
    values: &[Option<String>],
) -> Result<usize, tokio_postgres::Error> {
    let statements = prepare(client, query).await?;
    let wanted = statements.iter().map(|statement| statement.params().len()).sum();
    if wanted != values.len() {
        return Ok(wanted);
    }
    client.batch_execute("BEGIN").await?;
    let done = execute_all(client, &statements, values).await;
    client.batch_execute("ROLLBACK").await?;
    done.map(|()| wanted)
}

fn failure(error: &tokio_postgres::Error) -> Failure {
    match error.as_db_error() {
        // The server ends a session with FATAL and a code of class 57.
        Some(said) if !error.is_closed() => (said.code().code().to_owned(), said.message().to_owned()),
        _ => (BROKEN.to_owned(), error.to_string()),
    }
}

/// What a pool needs to open one connection more.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) endpoint: Endpoint,
    pub(super) database: String,
    pub(super) queries: Arc<Vec<Query>>,
}

impl Address {
    pub(super) async fn open(&self) -> Result<Session, Error> {
        let client = self.endpoint.connect(&self.database, MIGRATOR, PROBE_NAME).await?;
        let pid = backend_pid(&client).await?;
        Ok(Session { client, prepared: vec![None; self.queries.len()], pid })
    }
}
