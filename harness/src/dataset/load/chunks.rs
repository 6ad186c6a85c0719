//! The bytes of a COPY in order, made on several threads.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, channel};

use crate::dataset::encode;
use crate::dataset::plan::TablePlan;
use crate::postgres::bulk::CopyFormat;

/// Larger chunks are no faster and, beyond malloc's threshold for mapped memory, slower.
const CHUNK_BYTES: usize = 64 * 1_024;
/// Chunks that may wait for the server, per thread that makes them.
const CHUNKS_AHEAD: usize = 4;

/// The bytes of a COPY: chunk `i` is made by thread `i % threads`, so that the order does not depend on which
/// thread is faster.
pub(super) struct Chunks {
    cut: Cut,
    makers: Vec<Receiver<Bytes>>,
    next_chunk: u64,
    stage: Stage,
}

/// How the rows of a target are cut into chunks.
#[derive(Clone)]
struct Cut {
    plan: Arc<TablePlan>,
    target: usize,
    places: u64,
    places_per_chunk: u64,
}

/// What comes next, and how many rows have been sent with it.
enum Next {
    Ready(Bytes, u64),
    Rows { chunk: u64, rows: u64 },
    End,
}

enum Stage {
    Header,
    Rows,
    Done,
}

impl Cut {
    fn new(plan: &Arc<TablePlan>, target: usize) -> Self {
        let places = plan.targets()[target].physical.sent();
        let mut cut = Self { plan: Arc::clone(plan), target, places, places_per_chunk: places.clamp(1, 64) };
        // As many rows as fill a chunk, measured on the first ones.
        let sample = cut.encode(0).len();
        cut.places_per_chunk = (CHUNK_BYTES as u64 * cut.places_per_chunk / (sample as u64).max(1)).max(1);
        cut
    }

    fn chunks(&self) -> u64 {
        self.places.div_ceil(self.places_per_chunk)
    }

    fn encode(&self, chunk: u64) -> Vec<u8> {
        let first = chunk * self.places_per_chunk;
        let places = first..self.places.min(first + self.places_per_chunk);
        let mut bytes = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4);
        self.plan.encode_places(&self.plan.targets()[self.target], places, &mut bytes);
        bytes
    }
}

impl Chunks {
    /// Begins to make what is sent to a target of the table, on so many threads; with none, chunks are made when they are
    /// asked for.
    pub(super) fn start(plan: &Arc<TablePlan>, target: usize, threads: usize) -> Self {
        let cut = Cut::new(plan, target);
        let makers = (0..threads)
            .map(|maker| {
                let (sender, receiver) = channel(CHUNKS_AHEAD);
                let cut = cut.clone();
                tokio::task::spawn_blocking(move || {
                    for chunk in (maker as u64..cut.chunks()).step_by(threads) {
                        // Nobody takes them any more: the load was stopped.
                        if sender.blocking_send(Bytes::from(cut.encode(chunk))).is_err() {
                            return;
                        }
                    }
                });
                receiver
            })
            .collect();
        Self { cut, makers, next_chunk: 0, stage: Stage::Header }
    }

    /// The next bytes, and how many rows have been sent with them.
    pub(super) async fn next(&mut self) -> Option<(Bytes, u64)> {
        match self.advance() {
            Next::Ready(bytes, rows) => Some((bytes, rows)),
            Next::Rows { chunk, rows } => match self.maker(chunk) {
                Some(maker) => Some((maker.recv().await?, rows)),
                None => Some((Bytes::from(self.cut.encode(chunk)), rows)),
            },
            Next::End => None,
        }
    }

    /// The same on a thread that may wait.
    pub(super) fn next_blocking(&mut self) -> Option<(Bytes, u64)> {
        match self.advance() {
            Next::Ready(bytes, rows) => Some((bytes, rows)),
            Next::Rows { chunk, rows } => match self.maker(chunk) {
                Some(maker) => Some((maker.blocking_recv()?, rows)),
                None => Some((Bytes::from(self.cut.encode(chunk)), rows)),
            },
            Next::End => None,
        }
    }

    fn maker(&mut self, chunk: u64) -> Option<&mut Receiver<Bytes>> {
        let at = chunk.checked_rem(self.makers.len() as u64)?;
        self.makers.get_mut(usize::try_from(at).ok()?)
    }

    fn advance(&mut self) -> Next {
        match self.stage {
            Stage::Header => {
                self.stage = Stage::Rows;
                Next::Ready(self.framing(encode::header), 0)
            }
            Stage::Rows if self.next_chunk < self.cut.chunks() => {
                let chunk = self.next_chunk;
                self.next_chunk += 1;
                let rows = (self.next_chunk * self.cut.places_per_chunk).min(self.cut.places);
                Next::Rows { chunk, rows }
            }
            Stage::Rows => {
                self.stage = Stage::Done;
                Next::Ready(self.framing(encode::trailer), self.cut.places)
            }
            Stage::Done => Next::End,
        }
    }

    /// What goes before or after the rows, which text has nothing of.
    fn framing(&self, write: fn(&mut Vec<u8>)) -> Bytes {
        let mut bytes = Vec::new();
        if self.cut.plan.copy_format() == CopyFormat::Binary {
            write(&mut bytes);
        }
        Bytes::from(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pgrehearse_scenarios::profile::{Profile, TableProfile};

    use super::*;
    use crate::dataset::plan::{Request, plan};
    use crate::postgres::shape::{ColumnShape, ColumnType, TableShape};

    fn table(rows: u64, dead_frac: Option<f64>) -> Arc<TablePlan> {
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
        let declared = TableProfile { name: "users".to_owned(), rows, dead_frac, ..TableProfile::default() };
        let request = Request {
            tables: &[shape],
            profile: &Profile { tables: vec![declared], rows: None },
            seed: 1,
            scale: 1.0,
            rows_override: &BTreeMap::new(),
            rows_otherwise: None,
        };
        Arc::new(plan(&request).unwrap().tables.remove(0))
    }

    #[tokio::test]
    async fn the_bytes_are_the_same_with_any_number_of_threads() {
        for (rows, dead_frac) in [(1, None), (2_000, None), (20_001, None), (20_001, Some(0.1))] {
            let table = table(rows, dead_frac);
            let target = &table.targets()[0];
            let mut expected = Vec::new();
            encode::header(&mut expected);
            table.encode_places(target, 0..target.physical.sent(), &mut expected);
            encode::trailer(&mut expected);
            for threads in [0, 1, 2, 3, 8] {
                let mut chunks = Chunks::start(&table, 0, threads);
                let (mut bytes, mut told) = (Vec::new(), 0);
                while let Some((chunk, rows_so_far)) = chunks.next().await {
                    assert!(rows_so_far >= told, "progress goes forward");
                    told = rows_so_far;
                    bytes.extend_from_slice(&chunk);
                }
                assert_eq!(told, target.physical.sent());
                assert!(bytes == expected, "{rows} rows with {threads} threads");
            }
        }
    }
}
