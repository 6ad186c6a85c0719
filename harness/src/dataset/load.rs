//! Sending rows: COPY in large binary chunks, several tables at once, rows made on threads of their own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{SinkExt, pin_mut};
use pgrehearse_reports::event::{Event, TableLoaded};
use pgrehearse_scenarios::diagnostic::Diagnostic;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;
use tokio_postgres::Transaction;

use super::encode;
use super::plan::TablePlan;
use super::prepare::DATASET_DATABASE;
use crate::error::Error;
use crate::events::{Events, Progress, micros_since};
use crate::postgres::{Connection, Endpoint, bulk, words_of};

/// Larger chunks are no faster and, beyond malloc's threshold for mapped memory, slower.
const CHUNK_BYTES: usize = 64 * 1_024;
/// Chunks that may wait for the server, per thread that makes them.
const CHUNKS_AHEAD: usize = 4;

/// Loads all tables, `streams` at once, the largest first, and builds their indexes.
///
/// # Errors
/// [`Error::Scenario`] where values break what the schema demands, [`Error::Environment`] where else the server refuses.
pub(super) async fn tables(
    endpoint: &Endpoint,
    plans: &[TablePlan],
    streams: usize,
    events: &Events,
) -> Result<(), Error> {
    let mut waiting: Vec<Arc<TablePlan>> = plans.iter().cloned().map(Arc::new).collect();
    waiting.sort_by_key(|plan| std::cmp::Reverse(plan.rows()));
    let mut waiting = VecDeque::from(waiting);
    for plan in &waiting {
        events.show(Progress::TableTotal { table: plan.full_name(), rows: plan.rows() });
    }
    // Threads that are not needed for another table help with this one.
    let makers = (streams / waiting.len().max(1)).max(1);
    let mut loading = JoinSet::new();
    loop {
        while loading.len() < streams {
            let Some(plan) = waiting.pop_front() else { break };
            let (endpoint, events) = (endpoint.clone(), events.clone());
            loading.spawn(async move {
                let client = endpoint.connect_as_superuser(DATASET_DATABASE, "pgrehearse load").await?;
                table(client, plan, makers, &events).await
            });
        }
        match loading.join_next().await {
            None => return Ok(()),
            Some(Ok(done)) => done?,
            Some(Err(failed)) => return Err(Error::Environment(format!("loading a table ended: {failed}"))),
        }
    }
}

/// Loads one table on a connection of its own: a refused COPY may leave the connection unusable.
async fn table(
    mut client: Connection,
    plan: Arc<TablePlan>,
    makers: usize,
    events: &Events,
) -> Result<(), Error> {
    let name = plan.qualified_name();
    let failed = |error| refused(&plan, "loading", &error);
    let transaction = client.transaction().await.map_err(failed)?;
    transaction.batch_execute("SET LOCAL session_replication_role = replica").await.map_err(failed)?;
    bulk::open_for_load(&transaction, plan.oid(), &name).await?;

    let copy_began = Instant::now();
    let full_name = plan.full_name();
    let sent = |rows| events.show(Progress::TableRows { table: full_name.clone(), rows });
    let (rows, copy_bytes) = copy(&transaction, &plan, makers, sent).await.map_err(failed)?;
    let copy_us = micros_since(copy_began);

    let index_began = Instant::now();
    bulk::rebuild_indexes(&transaction, plan.oid(), &name)
        .await
        .map_err(|error| refused(&plan, "building the indexes of", &error))?;
    transaction.commit().await.map_err(failed)?;
    let index_us = micros_since(index_began);
    let table = plan.full_name();
    events.tell(Event::TableLoaded(TableLoaded { table, rows, copy_bytes, copy_us, index_us }));
    Ok(())
}

/// Sends all rows of a table that was made ready with [`bulk::open_for_load`], made by `makers` threads. Tells `sent`
/// how many have been sent so far; gives the rows that the server took and the bytes that they were sent in.
///
/// # Errors
/// The driver's; the connection may be unusable afterwards.
pub async fn copy(
    transaction: &Transaction<'_>,
    plan: &Arc<TablePlan>,
    makers: usize,
    sent: impl Fn(u64),
) -> Result<(u64, u64), tokio_postgres::Error> {
    let statement = bulk::copy_statement(&plan.qualified_name(), plan.copy_columns());
    let sink = transaction.copy_in::<_, Bytes>(&statement).await?;
    pin_mut!(sink);
    let mut copy_bytes = 0;
    let mut chunks = Chunks::start(plan, makers);
    while let Some((bytes, rows_so_far)) = chunks.next().await {
        copy_bytes += bytes.len() as u64;
        sink.feed(bytes).await?;
        sent(rows_so_far);
    }
    Ok((sink.finish().await?, copy_bytes))
}

/// An error of the server while a table is filled: where it is about the values (SQLSTATE classes 22 and 23), the
/// profile is what has to change.
fn refused(plan: &TablePlan, doing: &str, error: &tokio_postgres::Error) -> Error {
    let message = format!("{doing} {}: {}", plan.full_name(), words_of(error));
    let Some(said) = error.as_db_error() else { return Error::Environment(message) };
    let code = said.code().code();
    if !(code.starts_with("22") || code.starts_with("23")) {
        return Error::Environment(message);
    }
    let rule = said.constraint().map_or("what the schema demands", |name| name);
    let help = match code {
        "23514" | "23P01" => format!(
            "values are not made after {rule}: declare some that satisfy it (most_common, histogram_bounds, \
             null_frac), or drop it from the schema of the scenario"
        ),
        "23505" => format!(
            "values are not made different for {rule}: declare n_distinct = -1 or less null_frac for a column of it, \
             or drop it from the schema of the scenario"
        ),
        "23502" => "a default or a domain gave NULL: declare null_frac = 0 for the column, or give it a default in the \
             schema of the scenario"
            .to_owned(),
        _ => "an expression of the schema (an index, a generated column, a default) refuses a value: declare values \
             that it takes (most_common, histogram_bounds), or drop it from the schema of the scenario"
            .to_owned(),
    };
    Error::Scenario(vec![Diagnostic::error(plan.place().clone(), message).help(help)])
}

/// The bytes of a binary COPY, in order, made on several threads: chunk `i` by thread `i % threads`, so that
/// the order does not depend on which thread is faster.
struct Chunks {
    makers: Vec<Receiver<Bytes>>,
    rows: u64,
    rows_per_chunk: u64,
    next_chunk: u64,
    stage: Stage,
}

enum Stage {
    Header,
    Rows,
    Done,
}

impl Chunks {
    fn start(plan: &Arc<TablePlan>, threads: usize) -> Self {
        let rows = plan.rows();
        let rows_per_chunk = rows_per_chunk(plan);
        let makers = (0..threads.max(1) as u64)
            .map(|maker| {
                let (sender, receiver) = channel(CHUNKS_AHEAD);
                let plan = Arc::clone(plan);
                let step = rows_per_chunk * threads.max(1) as u64;
                tokio::task::spawn_blocking(move || {
                    let mut first = maker * rows_per_chunk;
                    while first < rows {
                        let mut bytes = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4);
                        plan.encode_rows(first..rows.min(first + rows_per_chunk), &mut bytes);
                        // Nobody takes them any more: the load was stopped.
                        if sender.blocking_send(Bytes::from(bytes)).is_err() {
                            return;
                        }
                        first += step;
                    }
                });
                receiver
            })
            .collect();
        Self { makers, rows, rows_per_chunk, next_chunk: 0, stage: Stage::Header }
    }

    /// The next bytes, and how many rows have been sent with them.
    async fn next(&mut self) -> Option<(Bytes, u64)> {
        match self.stage {
            Stage::Header => {
                self.stage = Stage::Rows;
                Some((written(encode::header), 0))
            }
            Stage::Rows => {
                let sent = (self.next_chunk * self.rows_per_chunk).min(self.rows);
                if sent < self.rows {
                    let maker = usize::try_from(self.next_chunk).unwrap_or(0) % self.makers.len();
                    self.next_chunk += 1;
                    let bytes = self.makers[maker].recv().await?;
                    return Some((bytes, (sent + self.rows_per_chunk).min(self.rows)));
                }
                self.stage = Stage::Done;
                Some((written(encode::trailer), self.rows))
            }
            Stage::Done => None,
        }
    }
}

fn written(write: fn(&mut Vec<u8>)) -> Bytes {
    let mut bytes = Vec::new();
    write(&mut bytes);
    Bytes::from(bytes)
}

/// As many rows as fill a chunk, measured on the first ones.
fn rows_per_chunk(plan: &TablePlan) -> u64 {
    let sample = plan.rows().clamp(1, 64);
    let mut bytes = Vec::new();
    plan.encode_rows(0..sample.min(plan.rows()), &mut bytes);
    (CHUNK_BYTES as u64 * sample / (bytes.len() as u64).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pgrehearse_scenarios::profile::{Profile, TableProfile};

    use super::*;
    use crate::dataset::plan::{Request, plan};
    use crate::postgres::shape::{ColumnShape, ColumnType, TableShape};

    fn table(rows: u64) -> Arc<TablePlan> {
        let column = |name: &str, kind| ColumnShape {
            name: name.to_owned(),
            kind,
            not_null: true,
            ..ColumnShape::default()
        };
        let shape = TableShape {
            oid: 1,
            schema: "public".to_owned(),
            name: "users".to_owned(),
            columns: vec![column("id", ColumnType::Int8), column("bio", ColumnType::Text)],
            ..TableShape::default()
        };
        let declared = TableProfile { name: "users".to_owned(), rows, ..TableProfile::default() };
        let request = Request {
            tables: &[shape],
            profile: &Profile { tables: vec![declared] },
            seed: 1,
            scale: 1.0,
            rows_override: &BTreeMap::new(),
        };
        Arc::new(plan(&request).unwrap().tables.remove(0))
    }

    #[tokio::test]
    async fn the_bytes_are_the_same_with_any_number_of_threads() {
        for rows in [1, 2_000, 20_001] {
            let table = table(rows);
            let mut expected = Vec::new();
            encode::header(&mut expected);
            table.encode_rows(0..rows, &mut expected);
            encode::trailer(&mut expected);
            for threads in [1, 2, 3, 8] {
                let mut chunks = Chunks::start(&table, threads);
                let (mut bytes, mut told) = (Vec::new(), 0);
                while let Some((chunk, rows_so_far)) = chunks.next().await {
                    assert!(rows_so_far >= told, "progress goes forward");
                    told = rows_so_far;
                    bytes.extend_from_slice(&chunk);
                }
                assert_eq!(told, rows);
                assert!(bytes == expected, "{rows} rows with {threads} threads");
            }
        }
    }
}
