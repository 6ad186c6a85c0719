//! Databases, roles and settings of the disposable server.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::inventory::FIRST_USER_OID;
use super::{LOADER, MIGRATOR, SUPERUSER};
use crate::error::Error;

/// An identifier as SQL needs it.
pub fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// `"schema"."name"`, as SQL needs it.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

/// What a server says of itself.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// `server_version`
    pub version: String,
    /// `server_version_num`
    pub version_num: u32,
    /// Settings that differ from the built-in default, and those that decide durability and load.
    pub settings: BTreeMap<String, String>,
}

/// Settings that a reader of the report wants to see even where they have their default.
const ALWAYS_SHOWN: &[&str] = &[
    "autovacuum",
    "checkpoint_timeout",
    "fsync",
    "full_page_writes",
    "lc_collate",
    "maintenance_work_mem",
    "max_wal_size",
    "server_encoding",
    "shared_buffers",
    "synchronous_commit",
    "wal_level",
];

/// Settings that only say where the disposable server lives.
const NEVER_SHOWN: &[&str] = &[
    "application_name",
    "client_encoding",
    "config_file",
    "data_directory",
    "hba_file",
    "ident_file",
    "unix_socket_directories",
    "unix_socket_permissions",
    "external_pid_file",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
];

/// Settings that a scenario may have for its migration, and what the harness's own sessions need instead.
const OUR_SESSIONS: &[(&str, &str)] = &[
    ("default_transaction_deferrable", "off"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "off"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("lock_timeout", "0"),
    ("statement_timeout", "0"),
    ("transaction_timeout", "0"),
];

/// True for settings that the harness's own sessions do not follow.
pub fn is_ours_to_set(name: &str) -> bool {
    OUR_SESSIONS.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// Frees the harness's own sessions, from the next one on, of limits that are meant for the migration.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn free_our_sessions(client: &Client) -> Result<(), Error> {
    for (name, value) in OUR_SESSIONS {
        // The newest are not known to every version.
        if client.query_opt("SELECT 1 FROM pg_settings WHERE name = $1", &[name]).await?.is_some() {
            client.batch_execute(&format!("ALTER ROLE {SUPERUSER} SET {name} = '{value}'")).await?;
        }
    }
    Ok(())
}

/// Version and settings in force.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn facts(client: &Client) -> Result<ServerFacts, Error> {
    let rows = client
        .query(
            "SELECT name, pg_catalog.current_setting(name), source FROM pg_catalog.pg_settings \
             WHERE (source NOT IN ('default', 'client', 'override', 'user') OR name = ANY($1)) AND NOT name = ANY($2)",
            &[&ALWAYS_SHOWN, &NEVER_SHOWN],
        )
        .await?;
    let settings = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let row = client
        .query_one(
            "SELECT pg_catalog.current_setting('server_version'), \
             pg_catalog.current_setting('server_version_num')::int4",
            &[],
        )
        .await?;
    let version_num: i32 = row.get(1);
    Ok(ServerFacts { version: row.get(0), version_num: version_num.cast_unsigned(), settings })
}

/// Makes the two roles that every rehearsal needs.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn create_own_roles(client: &Client) -> Result<(), Error> {
    client
        .batch_execute(&format!(
            "CREATE ROLE {LOADER} SUPERUSER LOGIN; \
             CREATE ROLE {MIGRATOR} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION LOGIN"
        ))
        .await?;
    Ok(())
}

/// Makes the roles that a schema mentions, without login, and lets the migrator act for them, so that it
/// may change what they own. They are superusers until [`hand_over`], because some objects can have no other owner
/// (event triggers, publications of all tables).
///
/// # Errors
/// [`Error::Environment`] where the server refuses a name.
pub async fn create_named_roles(client: &Client, roles: &BTreeSet<String>) -> Result<(), Error> {
    for role in roles {
        let exists = client
            .query_opt("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1", &[role])
            .await?
            .is_some();
        if !exists {
            let name = quoted(role);
            client
                .batch_execute(&format!("CREATE ROLE {name} SUPERUSER NOLOGIN; GRANT {name} TO {MIGRATOR}"))
                .await?;
        }
    }
    Ok(())
}

/// Whether the session's role is a superuser.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn is_superuser(client: &Client) -> Result<bool, Error> {
    let row = client
        .query_one("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user", &[])
        .await?;
    Ok(row.get(0))
}

/// Makes a role without login, and says whether it had to.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn create_role_if_missing(client: &Client, role: &str) -> Result<bool, Error> {
    let exists = client.query_opt("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1", &[&role]).await?;
    if exists.is_none() {
        client.batch_execute(&format!("CREATE ROLE {} NOLOGIN", quoted(role))).await?;
    }
    Ok(exists.is_none())
}

/// Drops a role.
///
/// # Errors
/// [`Error::Environment`] where something depends on it.
pub async fn drop_role(client: &Client, role: &str) -> Result<(), Error> {
    client.batch_execute(&format!("DROP ROLE IF EXISTS {}", quoted(role))).await?;
    Ok(())
}

/// Makes an empty UTF-8 database that nobody has yet: `base`, `base_2`, `base_3`, … Gives its name.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn create_new_database(client: &Client, base: &str) -> Result<String, Error> {
    let names = std::iter::once(base.to_owned()).chain((2..).map(|number| format!("{base}_{number}")));
    for name in names {
        let made = client
            .batch_execute(&format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", quoted(&name)))
            .await;
        match made {
            Ok(()) => return Ok(name),
            Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => {}
            Err(error) => return Err(error.into()),
        }
    }
    unreachable!("names do not run out")
}

/// Makes an empty database that the migrator owns.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn create_database(client: &Client, name: &str) -> Result<(), Error> {
    client
        .batch_execute(&format!("CREATE DATABASE {} OWNER {MIGRATOR} TEMPLATE template0", quoted(name)))
        .await?;
    Ok(())
}

/// Gives everything that the schema made in the current database to the migrator, whoever owns it, and leaves no
/// role a superuser that [`create_named_roles`] made one. One owner for all: where the schema's own roles are
/// superusers in production, what they own would not work together here, because here they may do nothing.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn hand_over(client: &Client, roles: &BTreeSet<String>) -> Result<(), Error> {
    let owners = client
        .query(
            // Those that the schema itself made are among them.
            "SELECT rolname::text FROM pg_catalog.pg_roles WHERE oid >= $1 AND rolname <> $2",
            &[&FIRST_USER_OID, &MIGRATOR],
        )
        .await?;
    let owners: Vec<String> = owners.iter().map(|row| quoted(row.get(0))).collect();
    // Some objects are given to superusers only, and keep an owner that is none any more.
    let mut script = format!(
        "BEGIN; ALTER ROLE {MIGRATOR} SUPERUSER; REASSIGN OWNED BY {} TO {MIGRATOR}; \
         ALTER ROLE {MIGRATOR} NOSUPERUSER;",
        owners.join(", ")
    );
    for role in roles {
        let own = [SUPERUSER, LOADER, MIGRATOR].contains(&role.as_str());
        if !own && owners.contains(&quoted(role)) {
            script.push_str(&format!(" ALTER ROLE {} NOSUPERUSER;", quoted(role)));
        }
    }
    script.push_str(" COMMIT");
    client.batch_execute(&script).await?;
    Ok(())
}

/// Copies a database, files and all. Nobody may be connected to `template`.
///
/// # Errors
/// [`Error::Environment`] where the server refuses or the disk is full.
pub async fn copy_database(
    client: &Client,
    version_num: u32,
    template: &str,
    copy: &str,
) -> Result<(), Error> {
    // Copying through the WAL (the default from 15 on) is for small templates; files are faster and leave
    // the same bytes.
    let strategy = if version_num >= 150_000 { "STRATEGY = FILE_COPY" } else { "" };
    if version_num >= 180_000 {
        // Blocks are shared where the file system can. A build that cannot ask for it says so, and copies.
        drop(client.batch_execute("SET file_copy_method = clone").await);
    }
    client
        .batch_execute(&format!(
            "CREATE DATABASE {} OWNER {MIGRATOR} TEMPLATE {} {strategy}",
            quoted(copy),
            quoted(template)
        ))
        .await?;
    Ok(())
}

/// Drops a database, ending the sessions that are still in it.
///
/// # Errors
/// [`Error::Environment`] where the server refuses.
pub async fn drop_database(client: &Client, name: &str) -> Result<(), Error> {
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name))).await?;
    Ok(())
}

/// `pg_stat_database.temp_bytes`: temporary files that were written since the database was made.
///
/// # Errors
/// [`Error::Environment`] where the server does not answer.
pub async fn temp_bytes(client: &Client, database: &str) -> Result<u64, Error> {
    let sql = "SELECT temp_bytes FROM pg_catalog.pg_stat_database WHERE datname = $1";
    let row = client.query_one(sql, &[&database]).await?;
    Ok(row.get::<_, Option<i64>>(0).unwrap_or(0).cast_unsigned())
}

/// `pg_database.oid`
///
/// # Errors
/// [`Error::Environment`] where the server does not answer or has no such database.
pub async fn database_oid(client: &Client, database: &str) -> Result<u32, Error> {
    let sql = "SELECT oid FROM pg_catalog.pg_database WHERE datname = $1";
    Ok(client.query_one(sql, &[&database]).await?.get(0))
}

/// `pg_database_size`, bytes.
///
/// # Errors
/// [`Error::Environment`] where the database is gone.
pub async fn database_bytes(client: &Client, name: &str) -> Result<u64, Error> {
    let row = client.query_one("SELECT pg_catalog.pg_database_size($1::name)", &[&name]).await?;
    Ok(row.get::<_, i64>(0).cast_unsigned())
}

/// `pg_current_wal_insert_lsn()` as a byte position.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked.
pub async fn wal_lsn(client: &Client) -> Result<u64, Error> {
    let row = client
        .query_one("SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8", &[])
        .await?;
    Ok(row.get::<_, i64>(0).cast_unsigned())
}
