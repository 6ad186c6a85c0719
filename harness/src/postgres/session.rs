//! The migration's own session: statements as a migration tool would send them, with everything that the
//! server says on the way.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt, pin_mut};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, CancelToken, Client, SimpleQueryMessage};

use super::backend_pid;
use super::{Endpoint, MIGRATOR, bulk};
use crate::error::Error;

/// Messages of the server that are kept for one statement; a loop that raises a notice for every row has more.
const SAID_MAX: usize = 1_000;

/// Something that the server said.
#[derive(Debug, Clone)]
pub struct Said {
    /// When it arrived, by the clock that the session was opened with.
    pub at_us: u64,
    /// `DEBUG`, `NOTICE`, `WARNING`, …
    pub severity: String,
    /// The words.
    pub message: String,
}

/// The migration's session.
#[derive(Debug)]
pub struct MigrationSession {
    client: Client,
    driver: JoinHandle<()>,
    said: Receiver<Said>,
    unheard: Arc<AtomicU64>,
    pid: i32,
}

impl Drop for MigrationSession {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl MigrationSession {
    /// Opens it as the role that owns the database, with `client_min_messages = debug1`. `now_us` stamps
    /// what the server says.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server does not answer within 10 s or refuses.
    pub async fn open(
        endpoint: &Endpoint,
        database: &str,
        now_us: impl Fn() -> u64 + Send + 'static,
    ) -> Result<Self, Error> {
        let options = "-c client_min_messages=debug1";
        let (client, mut connection) =
            endpoint.open(database, MIGRATOR, "pgrehearse migration", options).await?;
        let (sender, said) = channel(SAID_MAX);
        let unheard = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&unheard);
        let driver = tokio::spawn(async move {
            // Ends with the connection; its error reaches whoever waits for an answer.
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    let said = Said {
                        at_us: now_us(),
                        severity: notice.severity().to_owned(),
                        message: notice.message().to_owned(),
                    };
                    if sender.try_send(said).is_err() {
                        lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        });
        let pid = backend_pid(&client).await?;
        Ok(Self { client, driver, said, unheard, pid })
    }

    /// Its process id on the server.
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// The bare connection.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// To cancel what it runs.
    pub fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    /// What the server has said since this was last asked, and how many messages were too many to keep.
    pub fn take_said(&mut self) -> (Vec<Said>, u64) {
        let said = std::iter::from_fn(|| self.said.try_recv().ok()).collect();
        (said, self.unheard.swap(0, Ordering::Relaxed))
    }

    /// Sends one statement in the simple protocol, as migration tools do, and throws its rows away.
    /// Gives the rows affected or returned.
    ///
    /// # Errors
    /// The driver's.
    pub async fn execute(&self, sql: &str) -> Result<Option<u64>, tokio_postgres::Error> {
        let messages = self.client.simple_query_raw(sql).await?;
        pin_mut!(messages);
        let mut rows = None;
        while let Some(message) = messages.next().await {
            if let SimpleQueryMessage::CommandComplete(count) = message? {
                rows = Some(count);
            }
        }
        Ok(rows)
    }

    /// Sends a `COPY … FROM stdin` with its rows.
    ///
    /// # Errors
    /// The driver's.
    pub async fn copy_in(&self, sql: &str, data: &str) -> Result<Option<u64>, tokio_postgres::Error> {
        bulk::send_text(&self.client, sql, data).await.map(Some)
    }
}
