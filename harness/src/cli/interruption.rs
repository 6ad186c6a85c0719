//! Being stopped from outside, in order.

use std::fs;

use pgrehearse::error::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C, SIGTERM and SIGHUP. While it lives, none of them ends the program by itself, so that tearing down
/// cannot be interrupted either.
pub(super) struct Interruption {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl Interruption {
    /// Listens from now on. To be called within a runtime.
    pub(super) fn listen() -> Result<Self, Error> {
        let listen = |kind| {
            signal(kind).map_err(|error| Error::Environment(format!("cannot listen to signals: {error}")))
        };
        let (interrupt, terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        // Under nohup, a terminal that closes is not to end the run.
        let hangup = if hangup_is_ignored() { None } else { Some(listen(SignalKind::hangup())?) };
        Ok(Self { interrupt, terminate, hangup })
    }

    /// Waits for one of them.
    pub(super) async fn came(&mut self) -> Error {
        let Self { interrupt, terminate, hangup } = self;
        let hung_up = async {
            match hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hung_up => {}
        }
        Error::Interrupted
    }
}

/// As Linux tells it; elsewhere a hang-up always ends the run in order.
fn hangup_is_ignored() -> bool {
    const SIGHUP_BIT: u64 = 1;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & SIGHUP_BIT != 0)
}
