//! A server that somebody else runs: everything happens in a database that is made for it, and nothing else is touched.

use std::collections::BTreeSet;
use std::time::Instant;

use pgrehearse_reports::event::{ServerPurpose, ServerStarted};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::error::Error;
use crate::events::micros_since;
use crate::postgres::{Connection, Endpoint, admin};

/// A server by its address, and what was made on it.
#[derive(Debug)]
pub struct GivenServer {
    endpoint: Endpoint,
    client: Connection,
    database: Option<String>,
    roles: BTreeSet<String>,
}

impl GivenServer {
    /// Connects to the server that `config` names, and says what it is.
    ///
    /// # Errors
    /// [`Error::Environment`] where it does not answer within 10 s or refuses; [`Error::Usage`] where the role is no
    /// superuser.
    pub async fn connect(config: Config) -> Result<(Self, ServerStarted), Error> {
        let began = Instant::now();
        let home = config.get_dbname().or(config.get_user()).unwrap_or_default().to_owned();
        let endpoint = Endpoint::given(config);
        let client = endpoint.connect_as_superuser(&home, "pgrehearse").await?;
        let start_us = micros_since(began);
        if !admin::is_superuser(&client).await? {
            return Err(Error::Usage(
                "--server: the role is no superuser, which putting indexes and triggers to sleep during the load needs\n  \
                 name a superuser in the URL"
                    .to_owned(),
            ));
        }
        let facts = admin::facts(&client).await?;
        let started = ServerStarted {
            purpose: ServerPurpose::Load,
            provider: "given".to_owned(),
            server_version: facts.version,
            server_version_num: facts.version_num,
            settings: facts.settings,
            cpus: None,
            memory_bytes: None,
            start_us,
        };
        Ok((Self { endpoint, client, database: None, roles: BTreeSet::new() }, started))
    }

    /// Makes an empty database whose name begins with `pgrehearse_` and is new on the server, and those of `roles`
    /// that it lacks, without login. Gives the name.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server refuses.
    pub async fn make_database(&mut self, scenario: &str, roles: &BTreeSet<String>) -> Result<String, Error> {
        for role in roles {
            if admin::create_role_if_missing(&self.client, role).await? {
                self.roles.insert(role.clone());
            }
        }
        let database = admin::create_new_database(&self.client, &base_name(scenario)).await?;
        self.database = Some(database.clone());
        Ok(database)
    }

    /// Where it listens.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Roles that were made because the schema names them, and that stay as long as the database does.
    pub fn made_roles(&self) -> &BTreeSet<String> {
        &self.roles
    }

    /// Drops what was made, each with why it could not be dropped.
    pub async fn remove_all(self) -> Vec<(String, Option<String>)> {
        let mut removed = Vec::new();
        if let Some(database) = &self.database {
            let error = admin::drop_database(&self.client, database).await.err();
            removed.push((format!("database {database}"), error.map(|error| error.to_string())));
        }
        for role in &self.roles {
            let error = admin::drop_role(&self.client, role).await.err();
            removed.push((format!("role {role}"), error.map(|error| error.to_string())));
        }
        removed
    }
}

/// Reads `postgresql://user@host:port/database`. The password may also stand in `PGPASSWORD`.
///
/// # Errors
/// [`Error::Usage`], which never repeats the text: it may hold a password.
pub fn address(url: &str, password: Option<&str>) -> Result<Config, Error> {
    let wrong = |what: &str| Error::Usage(format!("--server: {what}"));
    let form = "write it as postgresql://user@host:port/database, with the password in PGPASSWORD";
    if !(url.starts_with("postgresql://") || url.starts_with("postgres://")) {
        return Err(wrong(&format!("this is no address of a server\n  {form}")));
    }
    let mut config: Config =
        url.parse().map_err(|_| wrong(&format!("this address cannot be read\n  {form}")))?;
    if config.get_user().is_none() {
        return Err(wrong(&format!("the address names no user\n  {form}")));
    }
    if config.get_hosts().is_empty() {
        return Err(wrong(&format!("the address names no host\n  {form}")));
    }
    if config.get_ssl_mode() == SslMode::Require {
        return Err(wrong(
            "sslmode=require is not possible yet: connections are not encrypted\n  use a server on this machine or \
             in a network of its own, without sslmode",
        ));
    }
    if config.get_password().is_none()
        && let Some(password) = password
    {
        config.password(password);
    }
    Ok(config)
}

/// `pgrehearse_` and the scenario's name as far as an identifier without quotes can hold it.
fn base_name(scenario: &str) -> String {
    const LENGTH_MAX: usize = 40;
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = scenario.chars().map(plain).take(LENGTH_MAX).collect();
    format!("pgrehearse_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_never_repeated() {
        let config = address("postgresql://ann:secret@db:6000/app", None).unwrap();
        assert_eq!((config.get_user(), config.get_dbname()), (Some("ann"), Some("app")));
        assert_eq!(address("postgres://ann@db", Some("word")).unwrap().get_password(), Some(&b"word"[..]));
        for url in [
            "secret",
            "host=db password=secret",
            "postgresql://db",
            "postgresql://ann:secret@db:port/x",
            "postgresql://ann:secret@db/x?sslmode=require",
        ] {
            let message = address(url, None).unwrap_err().to_string();
            assert!(message.starts_with("--server: ") && !message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn names_need_no_quotes() {
        assert_eq!(base_name("My shop-2"), "pgrehearse_my_shop_2");
        assert_eq!(base_name(&"ü".repeat(90)).len(), 51);
    }
}
