//! A child process that cannot outlive this one.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Gid, Pid, Uid};
use tokio::sync::watch;

/// Whom the server runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunAs {
    /// The account's name, for people.
    pub(super) name: String,
    /// Its user and group, where they differ from ours.
    pub(super) switch_to: Option<(Uid, Gid)>,
}

impl RunAs {
    /// PostgreSQL refuses to run as root: as root, `postgres` or else `nobody` is taken; anyone else runs
    /// the server as themselves.
    pub(super) fn choose() -> io::Result<Self> {
        if !Uid::effective().is_root() {
            return Ok(Self { name: format!("uid {}", Uid::effective()), switch_to: None });
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) = nix::unistd::User::from_name(name)? {
                return Ok(Self { name: user.name, switch_to: Some((user.uid, user.gid)) });
            }
        }
        Err(io::Error::other(
            "root may not run PostgreSQL, and there is neither a user postgres nor a user nobody",
        ))
    }

    /// Makes `command` run as this account, in `dir`, in a session of its own (so that Ctrl-C at the terminal
    /// reaches us only), without our `PG…` variables, and with `death_signal` as soon as we are gone.
    pub(super) fn prepare(&self, command: &mut Command, dir: &Path, death_signal: Signal) {
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").env("TZ", "UTC").current_dir(dir).process_group(0);
        if let Some((uid, gid)) = self.switch_to {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        die_with_parent(command, death_signal);
    }
}

/// Linux signals the child when the thread that made it is gone, which is why [`Child`] has a thread of
/// its own. Elsewhere a server is only stopped by us; what a killed run leaves is ended by the next.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "pre_exec is the only moment after fork, and after the change of user that resets it"
)]
fn die_with_parent(command: &mut Command, signal: Signal) {
    let parent = nix::unistd::getpid();
    // SAFETY: prctl and getppid are async-signal-safe, and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            nix::sys::prctl::set_pdeathsig(signal)?;
            // The parent may have died before the line above.
            if nix::unistd::getppid() == parent { Ok(()) } else { Err(Errno::ESRCH.into()) }
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: &mut Command, _: Signal) {}

/// A running child and everything in its process group.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    exited: watch::Receiver<Option<ExitStatus>>,
}

impl Child {
    /// Starts it, on a thread that lives as long as it does.
    pub(super) fn spawn(mut command: Command) -> io::Result<Self> {
        let (started, pid) = std::sync::mpsc::sync_channel(1);
        let (exit, exited) = watch::channel(None);
        std::thread::Builder::new().name("server-keeper".to_owned()).spawn(move || {
            match command.spawn() {
                Ok(mut child) => {
                    let pid = Pid::from_raw(child.id().cast_signed());
                    drop(started.send(Ok(pid)));
                    if let Ok(status) = child.wait() {
                        exit.send_replace(Some(status));
                    }
                }
                Err(error) => drop(started.send(Err(error))),
            }
        })?;
        let pid = pid.recv().map_err(|_| io::Error::other("the thread that starts it is gone"))??;
        Ok(Self { pid, exited })
    }

    /// How it ended, if it has.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        *self.exited.borrow()
    }

    /// Waits until it ends.
    pub(super) async fn wait(&self) -> Option<ExitStatus> {
        let mut exited = self.exited.clone();
        exited.wait_for(Option::is_some).await.map_or(None, |status| *status)
    }

    /// Waits until it ends, `deadline` at most.
    pub(super) async fn wait_within(&self, deadline: Duration) -> Option<ExitStatus> {
        tokio::time::timeout(deadline, self.wait()).await.ok().flatten()
    }

    /// Signals the process itself; its children are its own business.
    pub(super) fn signal(&self, signal: Signal) {
        if self.status().is_none() {
            // Gone already is what was wanted.
            let _ = nix::sys::signal::kill(self.pid, signal);
        }
    }

    /// Kills what is left of its process group.
    fn kill_group(&self) {
        // Nobody left in it is what was wanted.
        let _ = killpg(self.pid, Signal::SIGKILL);
    }
}

impl Drop for Child {
    /// The last resort, for ways out that do not stop it in order.
    fn drop(&mut self) {
        if self.status().is_some() {
            return;
        }
        // A PostgreSQL server cleans its shared memory up on SIGQUIT, and not on SIGKILL.
        self.signal(Signal::SIGQUIT);
        let started = Instant::now();
        while self.status().is_none() && started.elapsed() < Duration::from_secs(10) {
            if started.elapsed() > Duration::from_secs(5) {
                self.kill_group();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // What initdb had started, for instance.
        self.kill_group();
    }
}
