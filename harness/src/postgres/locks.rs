//! Reading `pg_locks`, from inside a session and from beside it.

use pgrehearse_reports::event::{HeldLock, LockMode};
use tokio_postgres::{Client, SimpleQueryMessage, Statement};

use super::admin;
use super::inventory::{self, Relation};
use crate::error::Error;

/// What a session sees of itself in the middle of its transaction.
#[derive(Debug, Clone, Default)]
pub struct SessionView {
    /// Relation locks held, system catalogs included.
    pub held: Vec<HeldLock>,
    /// The locked relations that `pg_class` still has, by oid. Relations made by the open transaction are
    /// visible here and nowhere else.
    pub relations: Vec<(u32, Relation)>,
    /// `pg_current_wal_insert_lsn()` as a byte position.
    pub wal_lsn: Option<u64>,
}

/// One query, so that it costs one round trip; left joins, because a relation that the transaction has dropped is
/// locked still; without parameters and unprepared, so that it works after
/// `DISCARD ALL`; every name qualified, so that it works with any `search_path`.
const SESSION_VIEW: &str = "\
    SELECT l.relation, l.mode, (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_catalog.pg_lsn), \
           c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), c.relkind, \
           c.relfilenode, i.indrelid \
    FROM pg_catalog.pg_locks l \
    LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation \
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = l.relation \
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted";

/// Reads the locks that `session` itself holds.
///
/// # Errors
/// The driver's error; the session's transaction is aborted then.
pub async fn session_view(session: &Client) -> Result<SessionView, tokio_postgres::Error> {
    let mut view = SessionView::default();
    for message in session.simple_query(SESSION_VIEW).await? {
        let SimpleQueryMessage::Row(row) = message else { continue };
        let number = |column: usize| row.get(column).and_then(|text| text.parse::<u32>().ok());
        view.wal_lsn = row.get(2).and_then(|text| text.parse().ok());
        if let (Some(relation_oid), Some(mode)) = (number(0), row.get(1).and_then(LockMode::named)) {
            view.held.push(HeldLock { relation_oid, mode });
        }
        if let (Some(oid), Some(name), Some(relkind)) = (number(3), row.get(4), row.get(5)) {
            let relation = Relation {
                name: name.to_owned(),
                kind: inventory::kind(relkind.bytes().next().unwrap_or_default()),
                filenode: number(6).unwrap_or_default(),
                of_table_oid: number(7),
            };
            view.relations.push((oid, relation));
        }
    }
    Ok(view)
}

/// One entry of a sample.
#[derive(Debug, Clone)]
pub struct SampledLock {
    /// The backend.
    pub pid: i32,
    /// `relation`, `transactionid`, `virtualxid`, …
    pub locktype: String,
    /// The relation, where the lock is of one.
    pub relation_oid: Option<u32>,
    /// As `pg_locks.mode` has it.
    pub mode: String,
    /// False while it waits.
    pub granted: bool,
    /// How long it has been waiting, microseconds (PostgreSQL 14 and later).
    pub waiting_us: Option<i64>,
    /// `pg_blocking_pids`, for those who wait.
    pub blocked_by: Vec<i32>,
}

/// A prepared reader of `pg_locks` for one database.
#[derive(Debug)]
pub struct Sampler {
    statement: Statement,
    database_oid: u32,
}

impl Sampler {
    /// Prepares it.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server refuses.
    pub async fn prepare(client: &Client, version_num: u32, database: &str) -> Result<Self, Error> {
        let waiting = if version_num >= 140_000 {
            "(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - waitstart) * 1000000)::int8"
        } else {
            "NULL::int8"
        };
        // The locks of transaction ids have no database; waits for them matter all the same.
        let sql = format!(
            "SELECT pid, locktype, relation, mode, granted, {waiting}, \
                    CASE WHEN NOT granted THEN pg_catalog.pg_blocking_pids(pid) END \
             FROM pg_catalog.pg_locks \
             WHERE (locktype = 'relation' AND database = $1 OR NOT granted) \
               AND pid <> pg_catalog.pg_backend_pid()"
        );
        let statement = client.prepare(&sql).await?;
        Ok(Self { statement, database_oid: admin::database_oid(client, database).await? })
    }

    /// Takes a sample.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server does not answer.
    pub async fn sample(&self, client: &Client) -> Result<Vec<SampledLock>, Error> {
        let rows = client.query(&self.statement, &[&self.database_oid]).await?;
        let locks = rows.iter().filter_map(|row| {
            Some(SampledLock {
                // A prepared transaction has no backend.
                pid: row.get::<_, Option<i32>>(0)?,
                locktype: row.get(1),
                relation_oid: row.get(2),
                mode: row.get(3),
                granted: row.get(4),
                waiting_us: row.get(5),
                blocked_by: row.get::<_, Option<Vec<i32>>>(6).unwrap_or_default(),
            })
        });
        Ok(locks.collect())
    }
}

/// What `pg_stat_activity` says of a backend.
#[derive(Debug, Clone)]
pub struct Backend {
    /// Its process id.
    pub pid: i32,
    /// The session that it works for, for a parallel worker.
    pub leader_pid: Option<i32>,
    /// `application_name`
    pub application_name: String,
}

/// Everyone who is connected, or works for someone who is.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn backends(client: &Client) -> Result<Vec<Backend>, Error> {
    let rows = client
        .query("SELECT pid, leader_pid, COALESCE(application_name, '') FROM pg_catalog.pg_stat_activity", &[])
        .await?;
    Ok(rows
        .iter()
        .map(|row| Backend { pid: row.get(0), leader_pid: row.get(1), application_name: row.get(2) })
        .collect())
}

/// Commands in progress in a database, with their phase.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn progress(client: &Client, database: &str) -> Result<Vec<(i32, String, String)>, Error> {
    let rows = client
        .query(
            "SELECT pid, command, phase FROM pg_catalog.pg_stat_progress_create_index WHERE datname = $1 \
             UNION ALL SELECT pid, command, phase FROM pg_catalog.pg_stat_progress_cluster WHERE datname = $1 \
             UNION ALL SELECT pid, 'VACUUM', phase FROM pg_catalog.pg_stat_progress_vacuum WHERE datname = $1",
            &[&database],
        )
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}
