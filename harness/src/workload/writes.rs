//! What the application's own requests change, so that a migration is not blamed for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use pgrehearse_reports::event::{ApplicationWrites, TableWritten};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::query::Query;
use super::{Wanted, is_named, pool, queries};
use crate::error::Error;
use crate::postgres::writes::{self, Change};
use crate::postgres::{Endpoint, MIGRATOR};

/// Values that each query is tried with: one that changes nothing for a row may change another.
const TRIES: usize = 25;
/// How long one query is tried, and all of them. A statement ends by its own timeout ([`writes::begin`]).
const TRIED_FOR: Duration = Duration::from_secs(2);
const ALL_TRIED_FOR: Duration = Duration::from_secs(30);

/// What is known so far.
#[derive(Debug, Default)]
pub struct Writes {
    /// By name.
    tables: BTreeMap<String, Changed>,
    known: BTreeSet<String>,
}

/// What requests change in a table.
#[derive(Debug, Default)]
struct Changed {
    /// Whether rows come and go.
    rows: bool,
    columns: BTreeSet<String>,
    /// Rows of one request, at most.
    rows_max: u64,
}

impl Writes {
    /// Tries the declared queries that write, are named (all where nobody names any) and are not known yet, in a
    /// transaction that is rolled back, while nothing else runs. A query that fails or takes too long stays unknown: it may
    /// be one of a version of the application for which the schema is not there yet, or no longer.
    ///
    /// # Errors
    /// [`Error::Environment`] where the server does not answer.
    pub async fn learn(
        &mut self,
        endpoint: &Endpoint,
        database: &str,
        wanted: Wanted<'_>,
        named: Option<&[String]>,
    ) -> Result<(), Error> {
        let mut unknown = writing(wanted)?;
        unknown.retain(|query| is_named(&query.name, named) && !self.known.contains(&query.name));
        if unknown.is_empty() {
            return Ok(());
        }
        let client = endpoint.connect(database, MIGRATOR, "pgrehearse writes").await?;
        let mut random = StdRng::seed_from_u64(wanted.seed);
        writes::begin(&client).await?;
        let began = Instant::now();
        let mut learnt = BTreeSet::new();
        for query in &unknown {
            let (began_one, mut succeeded) = (Instant::now(), false);
            for _ in 0..TRIES {
                if began_one.elapsed() > TRIED_FOR || began.elapsed() > ALL_TRIED_FOR {
                    break;
                }
                client.batch_execute("SAVEPOINT tried").await?;
                match pool::run_once(&client, query, &query.values(&mut random)).await {
                    Ok(()) => {
                        succeeded = true;
                        client.batch_execute("RELEASE tried").await?;
                        for (table, rows) in writes::take_rows(&client).await? {
                            let changed = self.tables.entry(table).or_default();
                            changed.rows_max = changed.rows_max.max(rows);
                        }
                    }
                    Err(error) if error.is_closed() => return Err(error.into()),
                    Err(_) => client.batch_execute("ROLLBACK TO tried").await?,
                }
            }
            if succeeded {
                learnt.insert(query.name.clone());
            }
        }
        for Change { table, column } in writes::end(&client).await? {
            let changed = self.tables.entry(table).or_default();
            changed.rows |= column.is_none();
            changed.columns.extend(column);
        }
        self.known.extend(learnt);
        Ok(())
    }

    /// As the record has it; none where no declared query writes.
    ///
    /// # Errors
    /// [`Error::Scenario`] where a declared query is wrong.
    pub fn told(self, wanted: Wanted<'_>) -> Result<Option<ApplicationWrites>, Error> {
        let writing = writing(wanted)?;
        if writing.is_empty() {
            return Ok(None);
        }
        let unknown: Vec<&str> = writing
            .iter()
            .map(|query| query.name.as_str())
            .filter(|name| !self.known.contains(*name))
            .collect();
        let tables = self.tables.into_iter();
        Ok(Some(ApplicationWrites {
            tables: tables
                .map(|(table, changed)| TableWritten {
                    table,
                    rows: changed.rows,
                    columns: changed.columns.into_iter().collect(),
                    rows_per_request_max: Some(changed.rows_max),
                })
                .collect(),
            not_known: (!unknown.is_empty()).then(|| {
                format!(
                    "these requests fail, or take too long, when they are tried alone: {}",
                    unknown.join(", ")
                )
            }),
        }))
    }
}

/// The declared queries that write; the default ones change no value.
fn writing(wanted: Wanted<'_>) -> Result<Vec<Query>, Error> {
    if wanted.declared.probes.is_empty() {
        return Ok(Vec::new());
    }
    let mut queries = queries(wanted.declared, wanted.tables)?;
    queries.retain(|query| query.kind == "write" && is_named(&query.name, wanted.probes));
    Ok(queries)
}
