//! Long transactions beside the migration, which make its lock queue visible.

use std::time::Duration;

use pgrehearse_reports::event::{Event, HoldEnded, HoldStarted, Warned};
use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::scenario::{Hold, HoldStart, HoldWork};
use pgrehearse_scenarios::source::Place;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::table::{self, Table};
use crate::error::Error;
use crate::events::Events;
use crate::postgres::admin::quoted;
use crate::postgres::{Connection, Endpoint, HOLD_NAME, MIGRATOR, backend_pid, words_of};

/// How long the statement of a hold may take before the migration begins.
const STARTS_WITHIN: Duration = Duration::from_secs(120);
/// How long holds may take to end when they are told to.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// Pause between two VACUUMs.
const VACUUM_PAUSE: Duration = Duration::from_millis(20);

/// The long transactions of one rehearsal. They end when dropped.
#[derive(Debug)]
pub struct Holds {
    endpoint: Endpoint,
    database: String,
    events: Events,
    prepared: Vec<Prepared>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// A hold with its SQL.
#[derive(Debug, Clone)]
struct Prepared {
    number: u32,
    start: HoldStart,
    begin: &'static str,
    sql: String,
    duration: Duration,
    /// Run over and over, in no transaction.
    repeats: bool,
    place: Place,
}

impl Holds {
    /// Gets the declared holds ready.
    ///
    /// # Errors
    /// [`Error::Scenario`] with every hold that names a table without rows.
    pub fn new(
        endpoint: &Endpoint,
        database: &str,
        declared: &[Hold],
        tables: &[Table],
        events: &Events,
    ) -> Result<Self, Error> {
        Ok(Self {
            endpoint: endpoint.clone(),
            database: database.to_owned(),
            events: events.clone(),
            prepared: prepared(declared, tables).map_err(Error::Scenario)?,
            stop: watch::Sender::new(false),
            tasks: JoinSet::new(),
        })
    }

    /// Starts those that begin before the migration, each on a connection of its own, and waits until each has done its
    /// statement.
    ///
    /// # Errors
    /// [`Error::Scenario`] where the server refuses a statement.
    pub async fn start_before(&mut self) -> Result<(), Error> {
        for hold in self.prepared.iter().filter(|hold| hold.start == HoldStart::Before) {
            let client = self.endpoint.connect(&self.database, MIGRATOR, HOLD_NAME).await?;
            let pid = timeout(STARTS_WITHIN, open(&client, hold)).await.map_err(|_| {
                let seconds = STARTS_WITHIN.as_secs();
                Error::Environment(format!("a hold did not get to hold within {seconds} s: {}", hold.sql))
            })??;
            tell_started(hold, pid, &self.events);
            self.tasks.spawn(keep(client, hold.clone(), self.stop.subscribe(), self.events.clone()));
        }
        Ok(())
    }

    /// Starts those that begin while the migration runs. It may keep them from their table, or take away what they name:
    /// then they do not hold, and the record says so.
    pub fn start_during(&mut self) {
        for hold in self.prepared.iter().filter(|hold| hold.start == HoldStart::During).cloned() {
            let (endpoint, database, events) =
                (self.endpoint.clone(), self.database.clone(), self.events.clone());
            let mut stop = self.stop.subscribe();
            self.tasks.spawn(async move {
                let opening = async {
                    let client = endpoint.connect(&database, MIGRATOR, HOLD_NAME).await?;
                    let pid = open(&client, &hold).await?;
                    Ok::<_, Error>((client, pid))
                };
                let opened = tokio::select! {
                    opened = opening => opened.map_err(|error| error.to_string()),
                    _ = stop.wait_for(|stop| *stop) => Err("the rehearsal was over first".to_owned()),
                };
                match opened {
                    Ok((client, pid)) => {
                        tell_started(&hold, pid, &events);
                        keep(client, hold, stop, events).await;
                    }
                    Err(why) => {
                        let message = format!("a long transaction (`{}`) never began: {why}", hold.sql);
                        events.tell(Event::Warned(Warned { message }));
                    }
                }
            });
        }
    }

    /// Ends those that are still open, as the end of a session does.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // What does not end is cut with its connection.
        drop(timeout(ENDS_WITHIN, ended).await);
    }
}

/// Does the hold's statement, and gives the process that holds.
async fn open(client: &Connection, hold: &Prepared) -> Result<i32, Error> {
    let pid = backend_pid(client).await?;
    if !hold.repeats {
        client.batch_execute(hold.begin).await?;
        client.batch_execute(&hold.sql).await.map_err(|error| match error.as_db_error() {
            Some(_) => {
                let help = "a hold runs as the owner of the database, on the data before the migration; mend its sql";
                Error::Scenario(vec![Diagnostic::error(hold.place.clone(), words_of(&error)).help(help)])
            }
            None => error.into(),
        })?;
    }
    Ok(pid)
}

fn tell_started(hold: &Prepared, pid: i32, events: &Events) {
    let for_us = u64::try_from(hold.duration.as_micros()).unwrap_or(u64::MAX);
    events.tell(Event::HoldStarted(HoldStarted { hold: hold.number, sql: hold.sql.clone(), pid, for_us }));
}

/// Keeps the transaction open, or vacuums, until its time is over.
async fn keep(client: Connection, hold: Prepared, mut stop: watch::Receiver<bool>, events: Events) {
    let time_is_over = async {
        if hold.repeats {
            return vacuum(&client, &hold).await;
        }
        sleep(hold.duration).await;
        Ok(())
    };
    let ended = tokio::select! {
        done = time_is_over => Some(done),
        _ = stop.wait_for(|stop| *stop) => None,
    };
    let cut = ended.is_none();
    let done = match ended {
        Some(Ok(())) if !hold.repeats => client.batch_execute("COMMIT").await,
        Some(done) => done,
        // The connection's end rolls back.
        None => Ok(()),
    };
    let error = done.err().map(|error| words_of(&error));
    events.tell(Event::HoldEnded(HoldEnded { hold: hold.number, cut, error }));
}

async fn vacuum(client: &Connection, hold: &Prepared) -> Result<(), tokio_postgres::Error> {
    let over_and_over = async {
        loop {
            client.batch_execute(&hold.sql).await?;
            sleep(VACUUM_PAUSE).await;
        }
    };
    timeout(hold.duration, over_and_over).await.unwrap_or(Ok(()))
}

fn prepared(declared: &[Hold], tables: &[Table]) -> Result<Vec<Prepared>, Vec<Diagnostic>> {
    let (mut holds, mut problems) = (Vec::new(), Vec::new());
    for (number, hold) in (0..).zip(declared) {
        match prepare(number, hold, tables) {
            Ok(hold) => holds.push(hold),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(holds) } else { Err(problems) }
}

/// Whether every hold can be made ready.
///
/// # Errors
/// Those that cannot, each with its place.
pub(super) fn check(declared: &[Hold], tables: &[Table]) -> Result<(), Vec<Diagnostic>> {
    prepared(declared, tables).map(drop)
}

fn prepare(number: u32, hold: &Hold, tables: &[Table]) -> Result<Prepared, Diagnostic> {
    let problem = |message: String, help: &str| Diagnostic::error(hold.place.clone(), message).help(help);
    let named = |name: &String| {
        let message = || format!("a hold names the table {name}, which gets no rows");
        table::find(tables, name).ok_or_else(|| problem(message(), "name a table of the profile"))
    };
    let (mut begin, mut repeats) = ("BEGIN", false);
    let sql = match &hold.work {
        HoldWork::Sql(sql) => sql.clone(),
        HoldWork::Reader(table) => format!("SELECT count(*) FROM {}", named(table)?.qualified_name),
        HoldWork::Idle(table) => format!("SELECT 1 FROM {} LIMIT 1", named(table)?.qualified_name),
        HoldWork::Writer(table) => {
            let table = named(table)?;
            let name = &table.qualified_name;
            let column = table.settable().ok_or_else(|| {
                let message = format!("{name} has no column that an UPDATE could set");
                problem(message, "write the statement yourself: sql = \"DELETE FROM …\"")
            })?;
            let same = quoted(&column.name);
            format!("UPDATE {name} SET {same} = {same} WHERE ctid = (SELECT ctid FROM {name} LIMIT 1)")
        }
        HoldWork::Dump => {
            begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            let names: Vec<&str> = tables.iter().map(|table| table.qualified_name.as_str()).collect();
            if names.is_empty() {
                return Err(problem(
                    "a dump has nothing to read: no table gets rows".to_owned(),
                    "leave it out",
                ));
            }
            format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "))
        }
        HoldWork::Vacuum(table) => {
            repeats = true;
            format!("VACUUM {}", named(table)?.qualified_name)
        }
    };
    let (start, duration, place) = (hold.start, hold.duration, hold.place.clone());
    Ok(Prepared { number, start, begin, sql, duration, repeats, place })
}
