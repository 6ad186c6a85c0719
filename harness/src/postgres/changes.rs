//! What a session changes, while it does: `pg_stat_statements` counts the rows of each statement as it ends, also of those
//! inside a DO block whose own end is far away, which `pg_stat_user_tables` learns of only then. (`pgstat_report_stat` runs
//! when a session is idle; `pgss_ExecutorEnd` at the end of each statement.)

use tokio_postgres::{Client, SimpleQueryMessage};

use super::MIGRATOR;
use super::admin::quoted;
use crate::error::Error;

/// Statements that are counted: a migration has dozens. The server forgets some where there are more than 5,000.
const STATEMENTS_MAX: i64 = 1_000;

/// Executions and rows of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// `pg_stat_statements.queryid`
    pub query_id: i64,
    /// Executions that ended.
    pub calls: u64,
    /// Rows that they changed or gave.
    pub rows: u64,
}

/// A session as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSeen {
    /// How long its transaction has been open, microseconds.
    pub transaction_us: Option<u64>,
    /// `pg_current_wal_insert_lsn()`, as a byte position.
    pub wal_lsn: u64,
}

/// Makes the server count what the session does that opens next in `database`, and nobody else's statements: for those who
/// connect until [`stop_counting_new`]. False where it cannot: the extension is not there, or counts everybody's because the
/// scenario says so. `home` is a superuser's connection
/// to another database, so that the extension stays out of the rehearsed one.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn count_next(home: &Client, database: &str) -> Result<bool, Error> {
    const LOADED: &str = "SELECT current_setting('shared_preload_libraries') ~ '\\mpg_stat_statements\\M' \
                          AND current_setting('pg_stat_statements.track', true) = 'none' \
                          AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements')";
    if !home.query_one(LOADED, &[]).await?.get::<_, bool>(0) {
        return Ok(false);
    }
    home.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await?;
    let reset = "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = $1";
    home.execute(reset, &[&database]).await?;
    let database = quoted(database);
    let sql = format!("ALTER ROLE {MIGRATOR} IN DATABASE {database} SET pg_stat_statements.track = 'all'");
    home.batch_execute(&sql).await?;
    Ok(true)
}

/// Sessions that open from now on are not counted.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn stop_counting_new(home: &Client, database: &str) -> Result<(), Error> {
    let database = quoted(database);
    let sql = format!("ALTER ROLE {MIGRATOR} IN DATABASE {database} RESET pg_stat_statements.track");
    Ok(home.batch_execute(&sql).await?)
}

/// What has been counted of `database`; none where it is too much to be sure that the server has forgotten nothing.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn counted(home: &Client, database: &str) -> Result<Option<Vec<Counted>>, Error> {
    // Without texts: those lie in a file.
    const COUNTED: &str = "SELECT s.queryid, s.calls, s.rows FROM pg_stat_statements(false) s \
                           JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1 AND s.queryid IS NOT NULL \
                           ORDER BY s.queryid LIMIT $2";
    let rows = home.query(COUNTED, &[&database, &(STATEMENTS_MAX + 1)]).await?;
    if rows.len() as i64 > STATEMENTS_MAX {
        return Ok(None);
    }
    // The same statement has a row each for being run at the top and inside another one (`toplevel`, from version 14 on).
    let mut all: Vec<Counted> = Vec::new();
    for row in &rows {
        let query_id = row.get(0);
        let (calls, rows) = (row.get::<_, i64>(1).cast_unsigned(), row.get::<_, i64>(2).cast_unsigned());
        match all.last_mut().filter(|last| last.query_id == query_id) {
            Some(last) => {
                last.calls += calls;
                last.rows += rows;
            }
            None => all.push(Counted { query_id, calls, rows }),
        }
    }
    Ok(Some(all))
}

/// The text of a counted statement, constants replaced; none where the server has forgotten it.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn text(home: &Client, query_id: i64) -> Result<Option<String>, Error> {
    let sql = "SELECT query FROM pg_stat_statements WHERE queryid = $1 LIMIT 1";
    Ok(home.query_opt(sql, &[&query_id]).await?.and_then(|row| row.get(0)))
}

/// The number of the session's transaction in which it asks this, among its own.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn own_local_xid(client: &Client) -> Result<Option<u64>, Error> {
    const OWN: &str = "SELECT split_part(virtualtransaction, '/', 2) FROM pg_catalog.pg_locks \
                       WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'virtualxid' AND granted LIMIT 1";
    // In the simple protocol: to prepare it would be a transaction of its own.
    let messages = client.simple_query(OWN).await?;
    Ok(messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    }))
}

/// How a session stands; none where there is no such session.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn session(home: &Client, pid: i32) -> Result<Option<SessionSeen>, Error> {
    const SESSION: &str = "SELECT (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000000)::bigint, \
                           (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint \
                           FROM pg_stat_activity a WHERE a.pid = $1";
    let row = home.query_opt(SESSION, &[&pid]).await?;
    let unsigned = |value: i64| u64::try_from(value).unwrap_or(0);
    Ok(row.map(|row| SessionSeen {
        transaction_us: row.get::<_, Option<i64>>(0).map(unsigned),
        wal_lsn: unsigned(row.get(1)),
    }))
}
