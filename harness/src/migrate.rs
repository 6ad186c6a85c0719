//! Running a strategy's steps as a migration tool would, and telling what each statement did.

mod changes;
mod errors;
mod retry;
mod storage;
mod transaction;

use std::time::Duration;

use pgrehearse_reports::event::{
    Event, MigrationFinished, MigrationStarted, Notice, Outcome, SessionLocks, SqlError, StatementFinished,
    StatementStarted, StatementTransaction, StepStarted, TransactionShape, Warned,
};
use pgrehearse_scenarios::Step;
use pgrehearse_scenarios::sql::{self, Shape, Statement, StatementKind};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::NoTls;

use self::storage::Storage;
use crate::error::Error;
use crate::events::Events;
use crate::postgres::session::MigrationSession;
use crate::postgres::{Connection, Endpoint, admin, inventory, locks};

/// How long a cancelled statement may take to stop.
const CANCEL_DEADLINE: Duration = Duration::from_secs(30);
/// How long reading back what a statement did may take.
const READ_DEADLINE: Duration = Duration::from_secs(60);
/// What a record keeps of a statement's text, characters.
const SQL_CHARACTERS_MAX: usize = 10_000;

/// How often locks are sampled while the session itself reads its locks before its transaction ends:
/// sampling adds waits and times.
pub const SAMPLE_INTERVAL: Duration = Duration::from_millis(5);
/// How often while a statement runs that cannot be in a transaction: nothing else sees its locks.
pub const SAMPLE_INTERVAL_ALONE: Duration = Duration::from_millis(1);

/// A migration that is about to run.
#[derive(Debug)]
pub struct Migration {
    session: MigrationSession,
    /// Reads beside the session what the session cannot read of itself.
    beside: Connection,
    database: String,
    storage: Storage,
    events: Events,
    sample_interval: watch::Sender<Duration>,
    /// Asks for what has been changed when a statement has ended.
    ended: mpsc::Sender<(u32, oneshot::Sender<()>)>,
    /// Time that its steps may still take.
    left: Duration,
    /// When the steps that run have to be done.
    deadline: Instant,
    next_step: u32,
    next_statement: u32,
    in_transaction: bool,
    /// SQLSTATE of the last statement that was refused.
    refused: Option<String>,
    /// Indexes that were not valid when the migration began.
    invalid_before: Vec<String>,
}

/// Why a migration stopped before its end.
enum Stop {
    /// A statement failed; it has been told.
    Failed,
    /// Its time was up.
    TimedOut,
    /// The server or the connection is gone.
    Broken(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl From<tokio_postgres::Error> for Stop {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl Migration {
    /// Connects to `database`. `sample_interval` tells the lock sampler how closely to look; `ended` names statements that
    /// have ended, so that what they changed is told before the next one, and waits for that.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server does not answer.
    pub async fn open(
        endpoint: &Endpoint,
        database: &str,
        events: Events,
        sample_interval: watch::Sender<Duration>,
        ended: mpsc::Sender<(u32, oneshot::Sender<()>)>,
    ) -> Result<Self, Error> {
        let clock = events.clone();
        let session = MigrationSession::open(endpoint, database, move || clock.now_us()).await?;
        let beside = endpoint.connect_as_superuser(database, "pgrehearse").await?;
        let storage = Storage::before(&beside, events.clone()).await?;
        Ok(Self {
            session,
            beside,
            database: database.to_owned(),
            storage,
            events,
            sample_interval,
            ended,
            left: Duration::ZERO,
            deadline: Instant::now(),
            next_step: 0,
            next_statement: 0,
            in_transaction: false,
            refused: None,
            invalid_before: Vec::new(),
        })
    }

    /// Takes stock of the database right before the first statement. What the application wrote by itself before, it may
    /// go on to write beside the migration.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server does not answer.
    pub async fn take_stock(
        &self,
        application_wal_bytes_per_s: Option<f64>,
    ) -> Result<MigrationStarted, Error> {
        let reading = async {
            let left = inventory::leftovers(&self.beside).await?;
            Ok(MigrationStarted {
                backend_pid: self.session.pid(),
                database_bytes: admin::database_bytes(&self.beside, &self.database).await?,
                wal_lsn: admin::wal_lsn(&self.beside).await?,
                dead_tuples: Some(left.dead_tuples),
                application_wal_bytes_per_s,
                invalid_indexes: Some(left.invalid_indexes),
                not_valid_constraints: Some(left.not_valid_constraints),
            })
        };
        timeout(READ_DEADLINE, reading).await.unwrap_or_else(|_| {
            Err(Error::Environment("the server did not say what is there before the migration".to_owned()))
        })
    }

    /// The process id of its session on the server.
    pub const fn backend_pid(&self) -> i32 {
        self.session.pid()
    }

    /// Tells that it begins, with the stock that was taken before. Its steps may take as long as `limit` together.
    pub fn start(&mut self, stock: MigrationStarted, limit: Duration) {
        self.invalid_before = stock.invalid_indexes.clone().unwrap_or_default();
        self.left = limit;
        self.events.tell(Event::MigrationStarted(stock));
    }

    /// Runs steps, which are of the strategy's phase of that index, if it has any; cancels what runs when the time is up.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server or the connection fails; a failing migration is an outcome.
    pub async fn run(&mut self, phase: Option<u32>, steps: &[Step]) -> Result<Outcome, Error> {
        let began = Instant::now();
        self.deadline = began + self.left;
        let mut stopped = Ok(());
        for step in steps {
            stopped = self.step(phase, step).await;
            if stopped.is_err() {
                break;
            }
        }
        self.left = self.left.saturating_sub(began.elapsed());
        match stopped {
            Ok(()) => Ok(Outcome::Completed),
            Err(Stop::Failed) => Ok(Outcome::Failed),
            Err(Stop::TimedOut) => Ok(Outcome::TimedOut),
            Err(Stop::Broken(error)) => Err(error.while_doing("while the migration ran")),
        }
    }

    /// Ends its session and tells how it went.
    pub async fn finish(self, outcome: Outcome) {
        let wal_lsn = admin::wal_lsn(&self.beside).await.ok();
        self.events.tell(Event::MigrationFinished(MigrationFinished { outcome, wal_lsn }));
    }

    async fn step(&mut self, phase: Option<u32>, step: &Step) -> Result<(), Stop> {
        let index = self.next_step;
        self.next_step += 1;
        let statements = &step.file.statements;
        let (shape, why) = sql::shape(statements, step.transaction);
        let transaction = match shape {
            Shape::File => TransactionShape::File,
            Shape::Explicit => TransactionShape::Explicit,
            Shape::Statement => TransactionShape::Statement,
        };
        let file = step.file.source.path.clone();
        let lock_timeout_ms = step.retry.lock_timeout.map(retry::server_ms);
        let step_started = StepStarted { step: index, phase, file, transaction, why, lock_timeout_ms };
        self.events.tell(Event::StepStarted(step_started));
        let set_before = match lock_timeout_ms {
            Some(ms) => Some(self.set_lock_timeout(&ms.to_string()).await?),
            None => None,
        };
        let mut attempt = 1;
        let done = loop {
            let began_us = self.events.now_us();
            let done = self.try_step(index, step, shape).await;
            match done {
                Err(Stop::Failed) if self.may_retry(step, attempt) => {
                    self.back_off(index, step, attempt, began_us).await?;
                    attempt += 1;
                }
                done => break done,
            }
        };
        if let Some(before) = set_before.filter(|_| done.is_ok()) {
            self.set_lock_timeout(&before).await?;
        }
        done
    }

    /// Runs the step once.
    async fn try_step(&mut self, index: u32, step: &Step, shape: Shape) -> Result<(), Stop> {
        self.refused = None;
        let done = self.statements(index, step, shape).await;
        if self.in_transaction {
            if done.is_ok() {
                let message = format!(
                    "{} ends with its transaction still open; it was rolled back, as the end of a session does",
                    step.file.source.path
                );
                self.events.tell(Event::Warned(Warned { message }));
            }
            self.roll_back().await?;
            return done.and(Err(Stop::Failed));
        }
        done
    }

    async fn statements(&mut self, index: u32, step: &Step, shape: Shape) -> Result<(), Stop> {
        if shape == Shape::File {
            self.begin().await?;
        }
        for statement in &step.file.statements {
            let wrap = match (shape, statement.kind) {
                (Shape::File, _) => StatementTransaction::File,
                _ if self.in_transaction => StatementTransaction::Explicit,
                (_, StatementKind::Transactional) => StatementTransaction::Own,
                _ => StatementTransaction::None,
            };
            self.statement(index, step, statement, wrap).await?;
        }
        if shape == Shape::File { self.commit(index, step).await } else { Ok(()) }
    }

    async fn statement(
        &mut self,
        index: u32,
        step: &Step,
        statement: &Statement,
        wrap: StatementTransaction,
    ) -> Result<(), Stop> {
        if wrap == StatementTransaction::Own {
            self.begin().await?;
        }
        let alone = wrap == StatementTransaction::None && !statement.kind.controls_transaction();
        self.sample_interval.send_replace(if alone { SAMPLE_INTERVAL_ALONE } else { SAMPLE_INTERVAL });
        let changes = changes::may_change_rows(statement);
        let xid_before = if alone && changes { self.local_xid().await } else { None };
        let sent_us = self.events.now_us();
        let number = self.announce(index, step, statement, &statement.text, wrap, sent_us);
        let result = self.send(statement).await;
        let finished_us = self.events.now_us();
        self.tell_said(number);
        if changes {
            self.have_changes_told(number).await;
        }
        let xid_after = if xid_before.is_some() { self.local_xid().await } else { None };
        // Asking is a transaction itself.
        let transactions = xid_before.zip(xid_after).map(|(before, after)| after.saturating_sub(before + 1));
        match result {
            Ok(rows) => {
                self.follow_transaction(statement, sent_us, finished_us);
                let wal_lsn = self.read_back(number, alone).await?;
                self.events.tell_at(
                    finished_us,
                    Event::StatementFinished(StatementFinished {
                        statement: number,
                        rows,
                        error: None,
                        wal_lsn,
                        transactions,
                    }),
                );
                if wrap == StatementTransaction::Own { self.commit(index, step).await } else { Ok(()) }
            }
            Err(refused) => {
                let (error, stop) = refused.said()?;
                self.failed(number, finished_us, errors::of(&error, step, Some(statement)), transactions);
                // PostgreSQL has rolled back already when a COMMIT fails.
                if matches!(statement.kind, StatementKind::Commit | StatementKind::Rollback)
                    && self.in_transaction
                {
                    self.tell_end(sent_us, finished_us, false);
                }
                if wrap == StatementTransaction::Own && self.in_transaction {
                    self.roll_back().await?;
                }
                Err(stop)
            }
        }
    }

    /// Tells that a statement is sent at `at_us`, and gives its number.
    fn announce(
        &mut self,
        step_index: u32,
        step: &Step,
        statement: &Statement,
        text: &str,
        transaction: StatementTransaction,
        at_us: u64,
    ) -> u32 {
        let number = self.next_statement;
        self.next_statement += 1;
        let mut sql: String = text.chars().take(SQL_CHARACTERS_MAX).collect();
        if sql.len() < text.len() {
            sql.push_str(" …");
        }
        let started = StatementStarted {
            statement: number,
            step: step_index,
            file: step.file.source.path.clone(),
            line: u32::try_from(statement.line).unwrap_or(u32::MAX),
            sql,
            transaction,
        };
        self.events.tell_at(at_us, Event::StatementStarted(started));
        number
    }

    /// Sends one statement; cancels it when the time is up.
    async fn send(&self, statement: &Statement) -> Result<Option<u64>, Refused> {
        let sending = async {
            match &statement.copy_data {
                Some(rows) => self.session.copy_in(&statement.text, rows).await,
                None => self.session.execute(&statement.text).await,
            }
        };
        self.until_deadline(sending).await
    }

    async fn until_deadline<T>(
        &self,
        sending: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Refused> {
        tokio::pin!(sending);
        let refused = |error: tokio_postgres::Error| {
            if error.is_closed() { Refused::Gone(error.into()) } else { Refused::Server(error) }
        };
        if let Ok(result) = timeout_at(self.deadline, &mut sending).await {
            return result.map_err(refused);
        }
        let cancelling = self.session.cancel_token();
        drop(timeout(CANCEL_DEADLINE, cancelling.cancel_query(NoTls)).await);
        match timeout(CANCEL_DEADLINE, sending).await {
            // It finished just before the cancellation arrived, but too late all the same: the next
            // statement is not sent, because its time is up too.
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) if error.is_closed() => Err(Refused::Gone(error.into())),
            Ok(Err(error)) => Err(Refused::TimedOut(error)),
            Err(_) => Err(Refused::Gone(Stop::Broken(Error::Environment(format!(
                "a statement did not stop within {} s of being cancelled",
                CANCEL_DEADLINE.as_secs()
            ))))),
        }
    }

    fn tell_said(&mut self, statement: u32) {
        let (said, unheard) = self.session.take_said();
        self.events.count_dropped(unheard);
        for said in said {
            let notice =
                Notice { statement: Some(statement), severity: said.severity, message: said.message };
            self.events.tell_at(said.at_us, Event::Notice(notice));
        }
    }

    /// Reads what the statement did: from inside the transaction its locks and file nodes; after a statement
    /// outside any, from beside it, what changed. Gives the WAL position.
    async fn read_back(&mut self, statement: u32, alone: bool) -> Result<Option<u64>, Stop> {
        if self.in_transaction {
            let reading = locks::session_view(self.session.client());
            let view = timeout(READ_DEADLINE, reading).await.map_err(|_| unanswered())??;
            let at_us = self.events.now_us();
            self.storage.seen_inside(statement, &view.relations);
            self.storage.name(&view.held);
            self.events.tell_at(at_us, Event::SessionLocks(SessionLocks { statement, held: view.held }));
            return Ok(view.wal_lsn);
        }
        if alone {
            let reading = self.storage.compare(statement, &self.beside);
            timeout(READ_DEADLINE, reading).await.map_err(|_| unanswered())??;
        }
        Ok(timeout(READ_DEADLINE, admin::wal_lsn(&self.beside)).await.map_err(|_| unanswered())?.ok())
    }

    fn failed(&mut self, statement: u32, at_us: u64, error: SqlError, transactions: Option<u64>) {
        self.refused.clone_from(&error.sqlstate);
        let finished =
            StatementFinished { statement, rows: None, error: Some(error), wal_lsn: None, transactions };
        self.events.tell_at(at_us, Event::StatementFinished(finished));
    }
}

/// The server does not say what was asked for beside the migration's own statements.
fn unanswered() -> Stop {
    Stop::Broken(Error::Environment("the server did not say what a statement did".to_owned()))
}

/// Why a statement has no result.
enum Refused {
    /// The server says no.
    Server(tokio_postgres::Error),
    /// It was cancelled, because its time was up.
    TimedOut(tokio_postgres::Error),
    /// Nobody answers.
    Gone(Stop),
}

impl Refused {
    /// The server's error with what it means for the migration.
    fn said(self) -> Result<(tokio_postgres::Error, Stop), Stop> {
        match self {
            Self::Server(error) => Ok((error, Stop::Failed)),
            Self::TimedOut(error) => Ok((error, Stop::TimedOut)),
            Self::Gone(stop) => Err(stop),
        }
    }
}
