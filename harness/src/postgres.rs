//! Speaking to the server: connections, every catalog query, decoding. Outside this room there is no SQL but the
//! migrations themselves and what the application beside them sends.

pub mod admin;
pub mod bulk;
pub mod catalog;
pub mod changes;
pub mod counts;
pub mod inventory;
pub mod locks;
pub mod session;
pub mod shape;
pub mod state;
pub mod statistics;
pub mod tuples;
pub mod writes;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, NoTls};

use crate::error::Error;

/// The bootstrap superuser: observes, copies databases, loads rows.
pub const SUPERUSER: &str = "pgrehearse";
/// A second superuser that runs the schema, so that what it makes can be given away afterwards (what the
/// bootstrap superuser owns cannot: `REASSIGN OWNED` refuses it).
pub const LOADER: &str = "pgrehearse_loader";
/// The ordinary role that owns the rehearsed database and runs the migration.
pub const MIGRATOR: &str = "pgrehearse_migrator";
/// The database from which observers watch, so that their snapshots hold nothing up in the rehearsed one
/// (`CREATE INDEX CONCURRENTLY` waits for older snapshots of its own database only).
pub const HOME_DATABASE: &str = "postgres";

/// `application_name` of the application's connections: the watch of the locks knows them by it.
pub const PROBE_NAME: &str = "pgrehearse probe";
/// The same of the workload's long transactions.
pub const HOLD_NAME: &str = "pgrehearse hold";

/// The process that serves a session.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn backend_pid(client: &Client) -> Result<i32, Error> {
    Ok(client.query_one("SELECT pg_catalog.pg_backend_pid()", &[]).await?.get(0))
}

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// The driver's half of a connection that has to be polled.
type Driver = tokio_postgres::Connection<tokio_postgres::Socket, NoTlsStream>;

/// Where a server listens, and who speaks to it. It may hold a password, so it is never printed.
#[derive(Clone)]
pub struct Endpoint {
    config: Config,
    superuser: String,
    loader: String,
    /// A directory in which the server can read pipes of ours.
    pipes: Option<PathBuf>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Endpoint").field("superuser", &self.superuser).finish_non_exhaustive()
    }
}

/// A connection; its driver task ends with it.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    driver: JoinHandle<()>,
}

impl std::ops::Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl std::ops::DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Endpoint {
    /// A disposable server, by the directory of its Unix socket and the port, which is part of the socket's name.
    pub fn of_socket(socket_dir: &Path, port: u16) -> Self {
        let mut config = Config::new();
        config.host_path(socket_dir).port(port);
        let pipes = Some(socket_dir.to_owned());
        Self { config, superuser: SUPERUSER.to_owned(), loader: LOADER.to_owned(), pipes }
    }

    /// A server that somebody else runs; whoever `config` names does everything.
    pub fn given(config: Config) -> Self {
        let user = config.get_user().unwrap_or(SUPERUSER).to_owned();
        Self { config, superuser: user.clone(), loader: user, pipes: None }
    }

    /// A directory in which the server can read pipes that this process makes; none where its files are out of reach.
    pub fn pipes(&self) -> Option<&Path> {
        self.pipes.as_deref()
    }

    /// The driver's configuration for a session of `role` in `database`; `name` becomes its
    /// `application_name`.
    fn config(&self, database: &str, role: &str, name: &str) -> Config {
        let mut config = self.config.clone();
        config.dbname(database).user(role).application_name(name).connect_timeout(CONNECT_DEADLINE);
        config
    }

    /// Opens a session with `options` (`-c name=value …`); who calls it polls the driver.
    async fn open(
        &self,
        database: &str,
        role: &str,
        name: &str,
        options: &str,
    ) -> Result<(Client, Driver), Error> {
        let mut config = self.config(database, role, name);
        config.options(options);
        let opened = tokio::time::timeout(CONNECT_DEADLINE, config.connect(NoTls)).await.map_err(|_| {
            let seconds = CONNECT_DEADLINE.as_secs();
            Error::Environment(format!("database {database} did not answer within {seconds} s"))
        })?;
        Ok(opened?)
    }

    /// Connects as `role` to `database`.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server does not answer within 10 s or refuses.
    pub async fn connect(&self, database: &str, role: &str, name: &str) -> Result<Connection, Error> {
        let (client, connection) = self.open(database, role, name, "").await?;
        let driver = tokio::spawn(async move {
            // Its error reaches whoever waits for an answer.
            drop(connection.await);
        });
        Ok(Connection { client, driver })
    }

    /// Connects as the superuser.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_as_superuser(&self, database: &str, name: &str) -> Result<Connection, Error> {
        self.connect(database, &self.superuser, name).await
    }

    /// Connects as the role that runs the schema.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_as_loader(&self, database: &str, name: &str) -> Result<Connection, Error> {
        self.connect(database, &self.loader, name).await
    }
}

/// Where in a statement's text the server points at: the character's number, from 1.
pub fn position_of(error: &tokio_postgres::Error) -> Option<usize> {
    match error.as_db_error()?.position()? {
        ErrorPosition::Original(position) => Some(*position as usize),
        ErrorPosition::Internal { .. } => None,
    }
}

/// An error of the driver in the server's own words, with SQLSTATE, or else with its causes.
pub fn words_of(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        let mut words = format!("{} (SQLSTATE {})", said.message(), said.code().code());
        if let Some(detail) = said.detail() {
            words.push_str("; ");
            words.push_str(detail);
        }
        return words;
    }
    // The driver's Display already holds its direct cause.
    error.to_string()
}
