//! A server made from binaries on this machine: `initdb`, start, stop, remove.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use pgrehearse_reports::event::{ServerPurpose, ServerStarted};
use tokio::time::sleep;

use super::discover::Binaries;
use super::files::{Copying, blocking, copy_tree};
use super::home::{Home, WorkDir};
use super::process::{Child, RunAs};
use super::settings::{self, Machine};
use crate::error::Error;
use crate::events::micros_since;
use crate::postgres::{Endpoint, HOME_DATABASE, SUPERUSER, admin};

const INITDB_DEADLINE: Duration = Duration::from_secs(120);
const START_DEADLINE: Duration = Duration::from_secs(60);
/// An orderly stop writes everything that the load left in memory.
const STOP_DEADLINE: Duration = Duration::from_secs(300);
const IMMEDIATE_STOP_DEADLINE: Duration = Duration::from_secs(10);
const SYNC_DEADLINE: Duration = Duration::from_secs(600);
/// Only names the socket; nothing listens on a network.
const PORT: u16 = 5_432;

/// A disposable server. Whatever way it is dropped, its process ends and its directory is removed.
#[derive(Debug)]
pub struct LocalServer {
    // Dropped in this order: the process before its files.
    process: Option<Child>,
    home: Home,
    binaries: Binaries,
    run_as: RunAs,
    wished: BTreeMap<String, String>,
    machine: Machine,
}

impl LocalServer {
    /// Makes an empty cluster in a new directory under `work_dir`. `wished` settings are in force while
    /// rehearsing.
    ///
    /// # Errors
    /// [`Error::Environment`] where the directory cannot be made or `initdb` fails.
    pub async fn create(
        binaries: Binaries,
        work_dir: &WorkDir,
        wished: BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let server = Self::without_files(binaries, work_dir, wished)?;
        // Every Linux has C.UTF-8 today; where it is missing, C sorts the same way.
        if server.initdb("C.UTF-8").await.is_err() {
            server.initdb("C").await?;
        }
        Ok(server)
    }

    /// Makes a server with a copy of the files of another one, which was stopped in order.
    ///
    /// # Errors
    /// [`Error::Environment`] where they cannot be copied.
    pub async fn restore(
        binaries: Binaries,
        work_dir: &WorkDir,
        wished: BTreeMap<String, String>,
        data: &Path,
    ) -> Result<Self, Error> {
        let server = Self::without_files(binaries, work_dir, wished)?;
        let owner = server.run_as.switch_to.map(|(uid, gid)| (uid.as_raw(), gid.as_raw()));
        let (from, to) = (data.to_owned(), server.home.data());
        // On the disk at once, so that nothing of it is written while a migration is timed.
        let copying = move |stopped: &AtomicBool| {
            copy_tree(&from, &to, Copying { owner, sync: true, ..Copying::default() }, stopped)
        };
        let copied = blocking(copying).await;
        copied.map_err(|error| Error::Environment(format!("cannot copy the dataset: {error}")))?;
        Ok(server)
    }

    fn without_files(
        binaries: Binaries,
        work_dir: &WorkDir,
        wished: BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let run_as = RunAs::choose().map_err(|error| Error::Environment(error.to_string()))?;
        let home = Home::create(work_dir, &run_as)?;
        Ok(Self { process: None, home, binaries, run_as, wished, machine: Machine::here() })
    }

    /// Stops it in order, with everything on the disk, and gives the directory of its files.
    ///
    /// # Errors
    /// [`Error::Environment`] where it does not stop.
    pub async fn rest(&mut self) -> Result<PathBuf, Error> {
        self.stop_in_order().await?;
        self.sync_files().await?;
        Ok(self.home.data())
    }

    async fn initdb(&self, locale: &str) -> Result<(), Error> {
        let mut command = Command::new(self.binaries.program("initdb"));
        command
            .arg("--pgdata")
            .arg(self.home.data())
            .args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", locale])
            .arg("--no-sync");
        self.run_program("initdb", command, INITDB_DEADLINE).await
    }

    /// Brings every file of the cluster to the disk, so that what loading left in the system's caches is
    /// not written while a migration is timed.
    async fn sync_files(&self) -> Result<(), Error> {
        let mut command = Command::new(self.binaries.program("initdb"));
        command.arg("--pgdata").arg(self.home.data()).arg("--sync-only");
        self.run_program("initdb --sync-only", command, SYNC_DEADLINE).await
    }

    async fn run_program(&self, what: &str, command: Command, deadline: Duration) -> Result<(), Error> {
        let child = self.spawn(command, Signal::SIGKILL)?;
        match child.wait_within(deadline).await {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.failure(&format!("{what} failed ({status})"))),
            None => Err(self.failure(&format!("{what} did not end within {} s", deadline.as_secs()))),
        }
    }

    /// Starts a program of the server's as its account, with its output appended to the log.
    fn spawn(&self, mut command: Command, death_signal: Signal) -> Result<Child, Error> {
        let cannot = |error: std::io::Error| {
            Error::Environment(format!("cannot start {:?}: {error}", command.get_program()))
        };
        let log = File::options().create(true).append(true).open(self.home.log()).map_err(cannot)?;
        if let Some((uid, gid)) = self.run_as.switch_to {
            chown(self.home.log(), Some(uid.as_raw()), Some(gid.as_raw())).map_err(cannot)?;
        }
        let log_too = log.try_clone().map_err(cannot)?;
        command.stdin(std::process::Stdio::null()).stdout(log).stderr(log_too);
        self.run_as.prepare(&mut command, self.home.path(), death_signal);
        let program = command.get_program().to_owned();
        Child::spawn(command).map_err(|error| {
            let mut message = format!("cannot start {} as {}: {error}", program.display(), self.run_as.name);
            if error.kind() == std::io::ErrorKind::PermissionDenied && self.run_as.switch_to.is_some() {
                message.push_str(&format!(
                    "\n  {} has to be able to reach that program and {}: open the folders above them to it \
                     (chmod o+x) or name another folder with --work-dir DIR",
                    self.run_as.name,
                    self.home.path().parent().unwrap_or(self.home.path()).display(),
                ));
            }
            Error::Environment(message)
        })
    }

    /// Starts it for `purpose`, ending it in order first if it runs. Says how it is set.
    ///
    /// # Errors
    /// [`Error::Environment`] with the end of the server's log, where it does not accept connections within
    /// 60 s.
    pub async fn start(&mut self, purpose: ServerPurpose) -> Result<ServerStarted, Error> {
        if self.process.is_some() {
            self.rest().await?;
        }
        let began = Instant::now();
        let mut command = Command::new(self.binaries.program("postgres"));
        command.arg("-D").arg(self.home.data());
        let counts_changes = self.binaries.has_library(settings::COUNTING_LIBRARY);
        let socket = self.home.socket();
        for (name, value) in settings::of(purpose, self.machine, &self.wished, counts_changes, &socket, PORT)
        {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        // Immediate: nobody needs what a killed run's server has in memory.
        let process = self.spawn(command, Signal::SIGQUIT)?;
        self.wait_until_ready(&process).await?;
        self.process = Some(process);
        let client = self.endpoint().connect_as_superuser(HOME_DATABASE, "pgrehearse").await?;
        let start_us = micros_since(began);
        let mut facts = admin::facts(&client).await?;
        match purpose {
            ServerPurpose::Load => admin::free_our_sessions(&client).await?,
            // Asked in a session of ours, the server does not say what holds in the migration's.
            ServerPurpose::Rehearse => {
                let hidden = self.wished.iter().filter(|(name, _)| admin::is_ours_to_set(name));
                facts.settings.extend(hidden.map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        Ok(ServerStarted {
            purpose,
            provider: "local".to_owned(),
            server_version: facts.version,
            server_version_num: facts.version_num,
            settings: facts.settings,
            cpus: Some(self.machine.cpus),
            memory_bytes: Some(self.machine.memory_bytes),
            start_us,
        })
    }

    /// Tries the scenario's settings on the empty server, which runs to load before and after: that one of them is
    /// wrong should not be found out when everything is loaded.
    ///
    /// # Errors
    /// [`Error::Usage`] with the end of the server's log, where it does not start with them.
    pub async fn try_wished(&mut self) -> Result<(), Error> {
        if self.wished.is_empty() {
            return Ok(());
        }
        self.start(ServerPurpose::Rehearse).await.map_err(|error| self.refused_wished(&error))?;
        self.start(ServerPurpose::Load).await.map(drop)
    }

    /// Says that it does not start with the scenario's settings.
    pub fn refused_wished(&self, error: &Error) -> Error {
        let wished: Vec<String> =
            self.wished.iter().map(|(name, value)| format!("{name} = {value:?}")).collect();
        Error::Usage(format!(
            "the server does not start with the scenario's [server] settings ({}): {error}",
            wished.join(", ")
        ))
    }

    /// What it has to itself.
    pub const fn machine(&self) -> Machine {
        self.machine
    }

    /// The directory of its socket, which its account can read and write.
    pub fn socket_dir(&self) -> PathBuf {
        self.home.socket()
    }

    /// Its port, which is part of the socket's name.
    pub fn port(&self) -> u16 {
        PORT
    }

    /// Where it listens.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::of_socket(&self.home.socket(), PORT)
    }

    async fn wait_until_ready(&self, process: &Child) -> Result<(), Error> {
        let began = Instant::now();
        let pid_file = self.home.data().join("postmaster.pid");
        loop {
            if let Some(status) = process.status() {
                return Err(self.failure(&format!("the server ended while it was starting ({status})")));
            }
            // Line 8 says how far the server is ("Layout of postmaster.pid", utils/pidfile.h).
            let ready = fs::read_to_string(&pid_file)
                .is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"));
            if ready {
                return Ok(());
            }
            if began.elapsed() > START_DEADLINE {
                return Err(
                    self.failure(&format!("the server was not ready within {} s", START_DEADLINE.as_secs()))
                );
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the server ends by itself, which it never should; gives the error to report then.
    pub async fn ended(&self) -> Error {
        match &self.process {
            Some(process) => {
                let status = process.wait().await;
                let status = status.map_or_else(|| "unknown status".to_owned(), |status| status.to_string());
                self.failure(&format!("the server ended in the middle of the run ({status})"))
            }
            None => std::future::pending().await,
        }
    }

    async fn stop_in_order(&mut self) -> Result<(), Error> {
        let Some(process) = self.process.take() else { return Ok(()) };
        process.signal(Signal::SIGINT);
        match process.wait_within(STOP_DEADLINE).await {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.failure(&format!("the server did not stop in order ({status})"))),
            None => {
                Err(self.failure(&format!("the server did not stop within {} s", STOP_DEADLINE.as_secs())))
            }
        }
    }

    /// Ends the server at once and removes its directory.
    ///
    /// # Errors
    /// [`Error::Environment`] where something could not be removed; the message names it.
    pub async fn tear_down(mut self) -> Result<(), Error> {
        if let Some(process) = self.process.take() {
            // Nobody needs its data: no checkpoint.
            process.signal(Signal::SIGQUIT);
            if process.wait_within(IMMEDIATE_STOP_DEADLINE).await.is_none() {
                process.signal(Signal::SIGKILL);
                process.wait_within(IMMEDIATE_STOP_DEADLINE).await;
            }
        }
        let Self { home, .. } = self;
        let path = home.path().to_owned();
        tokio::task::spawn_blocking(move || home.remove())
            .await
            .map_err(|error| error.to_string())
            .and_then(|removed| removed.map_err(|error| error.to_string()))
            .map_err(|error| Error::Environment(format!("cannot remove {}: {error}", path.display())))
    }

    /// Ends the server in order and leaves its directory on the disk. Gives how to use it, in words.
    ///
    /// # Errors
    /// [`Error::Environment`] where it does not stop or the directory cannot be renamed.
    pub async fn keep(mut self) -> Result<String, Error> {
        self.stop_in_order().await?;
        let Self { home, binaries, run_as, .. } = self;
        let kept = home
            .keep()
            .map_err(|error| Error::Environment(format!("cannot keep the server's directory: {error}")))?;
        let dir = kept.display().to_string();
        let pg_ctl = quoted(&binaries.program("pg_ctl").display().to_string());
        // pg_ctl refuses root as the server does.
        let pg_ctl = match run_as.switch_to {
            Some(_) => format!("runuser -u {} -- {pg_ctl}", run_as.name),
            None => pg_ctl,
        };
        let socket = quoted(&format!("{dir}/socket"));
        // pg_ctl hands its options to a shell, which is why the folder is quoted twice.
        let options = quoted(&format!(
            "-k {} -c listen_addresses=''",
            quoted(&settings::in_list(&format!("{dir}/socket")))
        ));
        Ok(format!(
            "kept: {dir}\n  start it    {pg_ctl} -D {data} -o {options} -l {log} -w start\n  \
             connect     psql -h {socket} -U {SUPERUSER} -d {HOME_DATABASE}\n  \
             remove it   {pg_ctl} -D {data} -m immediate stop; rm -r {all}",
            data = quoted(&format!("{dir}/data")),
            log = quoted(&format!("{dir}/server.log")),
            all = quoted(&dir),
        ))
    }

    /// An error with the end of the server's log.
    fn failure(&self, what: &str) -> Error {
        const LINES: usize = 15;
        let log = fs::read(self.home.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let tail: String =
            lines[lines.len().saturating_sub(LINES)..].iter().map(|line| format!("\n  | {line}")).collect();
        let server = format!("PostgreSQL {} in {}", self.binaries.version, self.binaries.dir.display());
        Error::Environment(if tail.is_empty() {
            format!("{what}: {server}")
        } else {
            format!("{what}: {server}\nthe end of its log:{tail}")
        })
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
