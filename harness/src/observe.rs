//! Watching a rehearsal from beside it, on connections of its own.

mod changes;
mod edges;
mod growth;
mod kernel;
mod sampler;
mod who;

use std::path::PathBuf;
use std::time::Duration;

use pgrehearse_reports::event::{Event, SamplerStopped};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::error::Error;
use crate::events::Events;
use crate::postgres::{Endpoint, HOME_DATABASE, admin};

/// How long the last sample may take.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// The eyes on one rehearsal. They close when dropped.
#[derive(Debug)]
pub struct Observer {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    kernel: Option<kernel::KernelTrace>,
}

/// What is watched.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The rehearsal's database.
    pub database: String,
    /// The migration's session.
    pub backend_pid: i32,
    /// `server_version_num`
    pub version_num: u32,
    /// Whether the server counts what the session changes.
    pub counts_changes: bool,
    /// The server's program, where the kernel is to trace its lock calls.
    pub traced_program: Option<PathBuf>,
}

impl Observer {
    /// Starts watching. The sampler follows `sample_interval` as it changes; a statement that
    /// `ended` names is answered when what was changed by then has been told.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server does not answer.
    pub async fn start(
        endpoint: &Endpoint,
        watched: Watched,
        sample_interval: watch::Receiver<Duration>,
        ended: mpsc::Receiver<(u32, oneshot::Sender<()>)>,
        events: Events,
    ) -> Result<Self, Error> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let sampler = sampler::LockSampler::open(endpoint, &watched, events.clone()).await?;
        tasks.spawn(sampler.run(sample_interval, stopped.clone()));
        let beside = endpoint.connect_as_superuser(HOME_DATABASE, "pgrehearse growth").await?;
        let kernel = match &watched.traced_program {
            Some(program) => {
                let database_oid = admin::database_oid(&beside, &watched.database).await?;
                kernel::KernelTrace::start(program, database_oid, watched.backend_pid, events.clone())
            }
            None => None,
        };
        let home = endpoint.connect_as_superuser(HOME_DATABASE, "pgrehearse changes").await?;
        let changes = changes::ChangeWatch::new(home, watched.clone(), events.clone());
        tasks.spawn(changes.run(ended, stopped.clone()));
        tasks.spawn(growth::watch(beside, watched, events, stopped));
        Ok(Self { stop, tasks, kernel })
    }

    /// Takes a last look and stops.
    pub async fn stop(mut self, events: &Events) {
        self.stop.send_replace(true);
        if let Some(trace) = self.kernel.take() {
            // It reads what is left of the trace, on a thread that may wait.
            drop(tokio::task::spawn_blocking(move || drop(trace)).await);
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_DEADLINE, all).await.is_err() {
            events.tell(Event::SamplerStopped(SamplerStopped {
                samples: 0,
                missed: 0,
                gap_us_max: 0,
                error: Some(format!("a sample took more than {} s", STOP_DEADLINE.as_secs())),
            }));
        }
    }
}
