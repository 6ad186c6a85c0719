//! Sending rows: COPY in large binary chunks, several relations at once, rows made on threads of their own.

mod chunks;
mod pipe;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::{SinkExt, pin_mut};
use pgrehearse_reports::event::{Event, TableLoaded};
use tokio::task::JoinSet;
use tokio_postgres::Transaction;

use self::chunks::Chunks;
use self::pipe::Pipe;
use super::plan::{TablePlan, Target};
use super::refused::refused;
use crate::error::Error;
use crate::events::{Events, Progress, micros_since};
use crate::postgres::{Connection, Endpoint, bulk, tuples};

/// A database that tables are loaded into.
#[derive(Debug)]
struct Loader<'a> {
    endpoint: &'a Endpoint,
    database: &'a str,
    /// Relations loaded at once.
    streams: usize,
}

/// One relation that takes rows of a table.
#[derive(Debug, Clone)]
struct Job {
    plan: Arc<TablePlan>,
    target: usize,
    loaded: Arc<Loaded>,
    /// Threads that make its rows.
    makers: usize,
    /// Where the server can read pipes.
    pipes: Option<PathBuf>,
}

/// What was done so far for one table, over all of its targets.
#[derive(Debug, Default)]
struct Loaded {
    rows: AtomicU64,
    copy_bytes: AtomicU64,
    copy_us: AtomicU64,
    index_us: AtomicU64,
    targets_done: AtomicU64,
}

/// Loads all tables, `streams` relations at once, the largest first, builds their indexes and leaves their pages in the
/// state that is declared. Gives a transaction that has to stay open as long as anything but a migration reads the
/// tables: where it might still see a dead tuple, no reader prunes it from its page.
///
/// # Errors
/// [`Error::Scenario`] where values break what the schema demands, [`Error::Environment`] where else the server refuses.
pub(super) async fn tables(
    endpoint: &Endpoint,
    database: &str,
    plans: &[TablePlan],
    streams: usize,
    events: &Events,
) -> Result<Option<Connection>, Error> {
    let loader = Loader { endpoint, database, streams };
    let jobs = jobs(plans, streams, endpoint.pipes());
    for plan in plans {
        events.show(Progress::TableTotal { table: plan.full_name(), rows: plan.sent() });
    }
    let shaped: Vec<Job> = jobs.iter().filter(|job| !job.target().physical.is_plain()).cloned().collect();
    loader.each(jobs, events, Job::load).await?;
    if shaped.is_empty() {
        return Ok(None);
    }
    events.show(Progress::Stage("leaving dead tuples and free space".to_owned()));
    let client = endpoint.connect_as_superuser(database, "pgrehearse vacuum").await?;
    // VACUUM keeps what an open transaction might still see, so that no other may be open.
    for job in &shaped {
        tuples::vacuum(&client, &job.target().qualified_name).await?;
    }
    tuples::open_snapshot(&client).await?;
    loader.each(shaped, events, Job::shape).await?;
    Ok(Some(client))
}

/// The relations of all tables, the largest first.
fn jobs(plans: &[TablePlan], streams: usize, pipes: Option<&Path>) -> Vec<Job> {
    let targets: usize = plans.iter().map(|plan| plan.targets().len()).sum();
    // Threads that are not needed for another relation help with this one.
    let makers = (streams / targets.max(1)).max(1);
    let mut jobs = Vec::new();
    for plan in plans {
        let (plan, loaded) = (Arc::new(plan.clone()), Arc::new(Loaded::default()));
        jobs.extend((0..plan.targets().len()).map(|target| Job {
            plan: Arc::clone(&plan),
            target,
            loaded: Arc::clone(&loaded),
            makers,
            pipes: pipes.map(Path::to_owned),
        }));
    }
    jobs.sort_by_key(|job| std::cmp::Reverse(job.target().physical.sent()));
    jobs
}

impl Loader<'_> {
    /// Does `work` for every job, as many at once as there are streams, each on a connection of its own: a refused COPY may
    /// leave the connection unusable.
    async fn each<Done>(
        &self,
        jobs: Vec<Job>,
        events: &Events,
        work: impl Fn(Job, Connection, Events) -> Done,
    ) -> Result<(), Error>
    where
        Done: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let mut waiting = VecDeque::from(jobs);
        let mut working = JoinSet::new();
        loop {
            while working.len() < self.streams {
                let Some(job) = waiting.pop_front() else { break };
                let client = self.endpoint.connect_as_superuser(self.database, "pgrehearse load").await?;
                working.spawn(work(job, client, events.clone()));
            }
            match working.join_next().await {
                None => return Ok(()),
                Some(Ok(done)) => done?,
                Some(Err(failed)) => {
                    return Err(Error::Environment(format!("loading a table ended: {failed}")));
                }
            }
        }
    }
}

impl Job {
    fn target(&self) -> &Target {
        &self.plan.targets()[self.target]
    }

    /// Sends the rows. Indexes are built at once where the relation is to have rows only.
    async fn load(self, mut client: Connection, events: Events) -> Result<(), Error> {
        let Target { oid, qualified_name, freeze, heaps, physical, .. } = self.target();
        let failed = |error| refused(&self.plan, "loading", &error);
        let transaction = client.transaction().await.map_err(failed)?;
        transaction.batch_execute("SET LOCAL session_replication_role = replica").await.map_err(failed)?;
        for (oid, name) in heaps {
            bulk::open_for_load(&transaction, *oid, name).await?;
        }
        if !freeze {
            bulk::hush_triggers(&transaction, *oid).await?;
        }

        let began = Instant::now();
        let table = self.plan.full_name();
        let (loaded, display) = (Arc::clone(&self.loaded), events.clone());
        let sent = move |more| {
            let rows = loaded.rows.fetch_add(more, Ordering::Relaxed) + more;
            display.show(Progress::TableRows { table: table.clone(), rows });
        };
        let (_, copy_bytes) =
            copy(&transaction, &self.plan, self.target, self.makers, self.pipes.as_deref(), sent)
                .await
                .map_err(failed)?;
        self.loaded.copy_bytes.fetch_add(copy_bytes, Ordering::Relaxed);
        self.loaded.copy_us.fetch_add(micros_since(began), Ordering::Relaxed);
        if physical.free() > 0 {
            tuples::delete_by_place(&transaction, qualified_name, &physical.is_free_sql("place"))
                .await
                .map_err(failed)?;
        }
        if physical.is_plain() {
            self.build_indexes(&transaction).await?;
        }
        transaction.commit().await.map_err(failed)?;
        if physical.is_plain() {
            self.finish(&events);
        }
        Ok(())
    }

    /// Leaves dead tuples, builds indexes (which have entries for them, as in production) and takes away that pages are
    /// all-visible, as declared.
    async fn shape(self, mut client: Connection, events: Events) -> Result<(), Error> {
        let Target { qualified_name, physical, .. } = self.target();
        let failed = |error| refused(&self.plan, "leaving dead tuples in", &error);
        let transaction = client.transaction().await.map_err(failed)?;
        if physical.dead() > 0 {
            tuples::delete_by_place(&transaction, qualified_name, &physical.is_dead_sql("place"))
                .await
                .map_err(failed)?;
        }
        self.build_indexes(&transaction).await?;
        transaction.commit().await.map_err(failed)?;
        if physical.visible_frac().is_some() {
            let transaction = client.transaction().await.map_err(failed)?;
            let pages = tuples::pages(&transaction, qualified_name).await.map_err(failed)?;
            let hidden: Vec<_> =
                (0..physical.stretches()).map(|stretch| physical.hidden(stretch, pages)).collect();
            tuples::hide_pages(transaction, qualified_name, &hidden).await.map_err(failed)?;
        }
        self.finish(&events);
        Ok(())
    }

    async fn build_indexes(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        let began = Instant::now();
        let Target { oid, freeze, heaps, .. } = self.target();
        let failed = |error| refused(&self.plan, "building the indexes of", &error);
        for (oid, name) in heaps {
            bulk::rebuild_indexes(transaction, *oid, name).await.map_err(failed)?;
        }
        if !freeze {
            bulk::wake_triggers(transaction, *oid).await.map_err(failed)?;
        }
        self.loaded.index_us.fetch_add(micros_since(began), Ordering::Relaxed);
        Ok(())
    }

    /// Tells of the table when its last target is done.
    fn finish(&self, events: &Events) {
        let done = self.loaded.targets_done.fetch_add(1, Ordering::AcqRel) + 1;
        if done == self.plan.targets().len() as u64 {
            let of = |count: &AtomicU64| count.load(Ordering::Acquire);
            events.tell(Event::TableLoaded(TableLoaded {
                table: self.plan.full_name(),
                rows: of(&self.loaded.rows),
                copy_bytes: of(&self.loaded.copy_bytes),
                copy_us: of(&self.loaded.copy_us),
                index_us: of(&self.loaded.index_us),
            }));
        }
    }
}

/// Sends all that a target of a table is to get, made by `makers` threads, after [`bulk::open_for_load`]: through a named
/// pipe in `pipes` where the server can read one there, else through the connection. Tells `sent` how many more rows
/// have been sent; gives the rows that the server took and the bytes that they were sent in.
///
/// # Errors
/// The driver's; the connection may be unusable afterwards.
pub async fn copy(
    transaction: &Transaction<'_>,
    plan: &Arc<TablePlan>,
    target: usize,
    makers: usize,
    pipes: Option<&Path>,
    sent: impl Fn(u64) + Send + 'static,
) -> Result<(u64, u64), tokio_postgres::Error> {
    let Target { qualified_name, freeze, .. } = &plan.targets()[target];
    let statement = |from: &str| {
        bulk::copy_statement(qualified_name, plan.copy_columns(), from, plan.copy_format(), *freeze)
    };
    if let Some(pipe) = pipes.and_then(|dir| Pipe::make(dir).ok()) {
        // One thread that makes rows writes them too: what it has made is still in its processor's cache.
        let makers = if makers == 1 { 0 } else { makers };
        let feeding = pipe.feed(Chunks::start(plan, target, makers), sent);
        let rows = transaction.execute(&statement(&bulk::from_file(pipe.path())), &[]).await?;
        // Having taken everything, the server has ended the COPY; what could have failed has failed there.
        let bytes = feeding.await.ok().and_then(Result::ok).unwrap_or_default();
        return Ok((rows, bytes));
    }
    let mut chunks = Chunks::start(plan, target, makers.max(1));
    let sink = transaction.copy_in::<_, Bytes>(&statement("STDIN")).await?;
    pin_mut!(sink);
    let (mut copy_bytes, mut told) = (0, 0);
    while let Some((bytes, rows_so_far)) = chunks.next().await {
        copy_bytes += bytes.len() as u64;
        sink.feed(bytes).await?;
        sent(rows_so_far - told);
        told = rows_so_far;
    }
    Ok((sink.finish().await?, copy_bytes))
}
