//! One table that can be made, row by row, in any order and on any number of threads.

use std::ops::Range;
use std::sync::Arc;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::TableProfile;
use pgrehearse_scenarios::source::Place;

use super::FanOutPlan;
use super::checked::Checked;
use super::column::Built;
use super::expectation::Declarations;
use super::size;
use super::target::{self, Target};
use crate::dataset::encode;
use crate::dataset::generate::segments::Slot;
use crate::postgres::admin;
use crate::postgres::bulk::CopyFormat;
use crate::postgres::shape::{ColumnType, TableShape};

/// A table and how its rows are made.
#[derive(Debug, Clone)]
pub struct TablePlan {
    oid: u32,
    schema: String,
    name: String,
    rows: u64,
    place: Place,
    names: Vec<String>,
    kinds: Vec<ColumnType>,
    columns: Vec<Arc<Built>>,
    sequences: Vec<(String, i64)>,
    row_bytes: f64,
    index_bytes: f64,
    targets: Vec<Target>,
    pub(super) declarations: Declarations,
    pub(super) fan_outs: Vec<FanOutPlan>,
    pub(super) checked: Vec<Checked>,
}

/// Rows whose places are computed together, so that the processor can work on several at once.
const BATCH: usize = 256;

impl TablePlan {
    /// A table with `columns` where they are made; the others are left to the server.
    /// `leaf_rows` are the rows of each partition, where they are known beforehand.
    pub(super) fn new(
        shape: &TableShape,
        rows: u64,
        place: Place,
        columns: Vec<Option<Arc<Built>>>,
        leaf_rows: Option<Vec<Range<u64>>>,
    ) -> Self {
        let made: Vec<Option<&Built>> = columns.iter().map(Option::as_deref).collect();
        let row_bytes = size::row_bytes(&shape.columns, &made);
        let index_bytes = size::index_bytes(&shape.unique_keys, &made);
        let mut plan = Self {
            oid: shape.oid,
            schema: shape.schema.clone(),
            name: shape.name.clone(),
            rows,
            place,
            names: Vec::new(),
            kinds: Vec::new(),
            columns: Vec::new(),
            sequences: Vec::new(),
            row_bytes,
            index_bytes,
            targets: target::targets(shape, rows, leaf_rows),
            declarations: Declarations::default(),
            fan_outs: Vec::new(),
            checked: Vec::new(),
        };
        for (column, built) in shape.columns.iter().zip(columns) {
            let Some(built) = built else { continue };
            if let Some(sequence) = &column.owned_sequence {
                let last = built.greatest.unwrap_or(i64::try_from(rows).unwrap_or(i64::MAX));
                plan.sequences.push((sequence.clone(), last.max(1)));
            }
            plan.names.push(column.name.clone());
            plan.kinds.push(column.kind.clone());
            plan.columns.push(built);
        }
        plan
    }

    /// Gives every target the physical state that `profile` declares.
    pub(super) fn shape(
        &mut self,
        profile: &TableProfile,
        fillfactor: Option<u32>,
        problems: &mut Vec<Diagnostic>,
    ) {
        for target in &mut self.targets {
            target.shape(profile, self.row_bytes, fillfactor.unwrap_or(100), problems);
        }
    }

    /// The relations that its rows are sent to; together they have every row once.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// `pg_class.oid` of the table.
    pub fn oid(&self) -> u32 {
        self.oid
    }

    /// Where the profile names it.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// `schema.table`, unquoted, for people.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// `"schema"."table"`, quoted for SQL.
    pub fn qualified_name(&self) -> String {
        admin::qualified(&self.schema, &self.name)
    }

    /// Names of the columns that rows have, in their order, unquoted. The server fills the others.
    pub fn copy_columns(&self) -> &[String] {
        &self.names
    }

    /// The format of its rows: binary, unless a column has a type that is sent as text.
    pub fn copy_format(&self) -> CopyFormat {
        if self.kinds.iter().all(ColumnType::is_binary) { CopyFormat::Binary } else { CopyFormat::Text }
    }

    /// Rows in all.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows that are sent, with those that become dead tuples or free space.
    pub fn sent(&self) -> u64 {
        self.targets.iter().map(|target| target.physical.sent()).sum()
    }

    /// Sequences that the columns own, as they are written in SQL, with the last value that the rows used.
    pub fn sequences(&self) -> &[(String, i64)] {
        &self.sequences
    }

    /// Bytes of heap per row, estimated.
    pub fn estimated_row_bytes(&self) -> f64 {
        self.row_bytes
    }

    /// Bytes of unique indexes per row, estimated; other indexes are not known here.
    pub fn estimated_index_bytes(&self) -> f64 {
        self.index_bytes
    }

    /// The columns as they are made, in the order of [`Self::copy_columns`].
    pub(super) fn built(&self) -> &[Arc<Built>] {
        &self.columns
    }

    /// The CHECK constraint of that name.
    pub(in crate::dataset) fn checked(&self, name: &str) -> Option<&Checked> {
        self.checked.iter().find(|check| check.name == name)
    }

    /// Its foreign keys whose number of children per parent is planned.
    pub fn fan_outs(&self) -> &[FanOutPlan] {
        &self.fan_outs
    }

    /// Appends rows in the format of [`Self::copy_format`], without header and trailer.
    ///
    /// The bytes of a row depend on nothing but its number; `rows` must lie within `0..self.rows()`.
    pub fn encode_rows(&self, rows: Range<u64>, out: &mut Vec<u8>) {
        match self.copy_format() {
            CopyFormat::Binary => self.encode_binary(rows, out),
            CopyFormat::Text => {
                let (mut fields, mut scratch) = (Vec::new(), Vec::new());
                for row in rows {
                    fields.clear();
                    self.encode_binary(row..row + 1, &mut fields);
                    encode::text::row(&fields, &self.kinds, &mut scratch, out);
                }
            }
        }
    }

    fn encode_binary(&self, rows: Range<u64>, out: &mut Vec<u8>) {
        assert!(rows.end <= self.rows, "row {} of {} rows", rows.end, self.rows);
        let width = self.columns.len();
        let mut slots = vec![0; width * BATCH];
        let mut start = rows.start;
        while start < rows.end {
            let end = (start + BATCH as u64).min(rows.end);
            let count = (end - start) as usize;
            for (built, slots) in self.columns.iter().zip(slots.chunks_exact_mut(BATCH)) {
                built.column.locate(start..end, &mut slots[..count]);
            }
            for row in 0..count {
                encode::row_start(width as i16, out);
                for (built, slots) in self.columns.iter().zip(slots.chunks_exact(BATCH)) {
                    built.column.write(Slot(slots[row]), out);
                }
            }
            start = end;
        }
    }

    /// Appends what is sent to one of its targets in `places`, the surplus that becomes dead tuples or free space among
    /// it. `places` must lie within `0..target.physical.sent()`.
    pub fn encode_places(&self, target: &Target, places: Range<u64>, out: &mut Vec<u8>) {
        let first = target.rows.start;
        target.physical.for_rows(places, |rows| self.encode_rows(first + rows.start..first + rows.end, out));
    }

    /// Whether no row has NULL in a column (a position in [`Self::copy_columns`]).
    pub fn is_never_null(&self, column: usize) -> bool {
        self.columns[column].null_frac == 0.0
    }

    /// The value of a column (a position in [`Self::copy_columns`]) in a row, as SQL writes it without quotes; none for
    /// NULL.
    pub fn text(&self, column: usize, row: u64) -> Option<String> {
        let mut field = Vec::new();
        self.encode_field(column, row, &mut field);
        let (length, bytes) = field.split_at_checked(4)?;
        if i32::from_be_bytes(length.try_into().ok()?) < 0 {
            return None;
        }
        let mut text = Vec::new();
        encode::text::value(&self.kinds[column], bytes, &mut text);
        String::from_utf8(text).ok()
    }

    /// Appends one field: the value of a column (a position in [`Self::copy_columns`]) in a row, with its length before
    /// it, as COPY BINARY and the binary protocol write it. A type that is sent as text has its text there.
    pub fn encode_field(&self, column: usize, row: u64, out: &mut Vec<u8>) {
        assert!(row < self.rows, "row {row} of {} rows", self.rows);
        let mut slot = [0];
        self.columns[column].column.locate(row..row + 1, &mut slot);
        self.columns[column].column.write(Slot(slot[0]), out);
    }
}
