//! The relations that the rows of a table are sent to.

use std::ops::Range;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::TableProfile;
use pgrehearse_scenarios::source::Place;

use super::size::PAGE_BYTES;
use crate::dataset::physical::{Physical, TooDense};
use crate::postgres::admin;
use crate::postgres::shape::{Leaf, TableShape};

/// Where rows are sent, on a connection of its own.
#[derive(Debug, Clone)]
pub struct Target {
    /// What the COPY names, quoted for SQL.
    pub qualified_name: String,
    /// `pg_class.oid` of the same.
    pub oid: u32,
    /// The rows that belong there, by their numbers in the table.
    pub rows: Range<u64>,
    /// Whether it holds the rows itself, so that they can be frozen; else the server sends each to its partition.
    pub freeze: bool,
    /// The tables in which the rows end up: `oid` and quoted name.
    pub heaps: Vec<(u32, String)>,
    /// What they have besides their rows.
    pub physical: Physical,
}

/// Where the rows of a table are sent: into the table itself, straight into each of its partitions where `leaf_rows` says
/// which rows those are, or into a partitioned table that the server shares out.
pub(super) fn targets(shape: &TableShape, rows: u64, leaf_rows: Option<Vec<Range<u64>>>) -> Vec<Target> {
    let leaves = shape.partitioning.as_ref().map_or(&[][..], |by| &by.leaves);
    let heap = |leaf: &Leaf| (leaf.oid, admin::qualified(&leaf.schema, &leaf.name));
    let holder = |(oid, qualified_name): (u32, String), rows: Range<u64>| Target {
        heaps: vec![(oid, qualified_name.clone())],
        qualified_name,
        oid,
        physical: Physical::only_rows(rows.end - rows.start),
        rows,
        freeze: true,
    };
    let table = holder((shape.oid, admin::qualified(&shape.schema, &shape.name)), 0..rows);
    match leaf_rows {
        Some(leaf_rows) => {
            leaves.iter().zip(leaf_rows).map(|(leaf, rows)| holder(heap(leaf), rows)).collect()
        }
        None if leaves.is_empty() => vec![table],
        None => vec![Target { freeze: false, heaps: leaves.iter().map(heap).collect(), ..table }],
    }
}

/// Free space below what a fillfactor leaves that nobody would call a contradiction.
const FREE_TOLERANCE: f64 = 0.02;

impl Target {
    /// Gives the target the physical state that `profile` declares. `row_bytes` is what a row takes of a page.
    pub(super) fn shape(
        &mut self,
        profile: &TableProfile,
        row_bytes: f64,
        fillfactor_percent: u32,
        problems: &mut Vec<Diagnostic>,
    ) {
        let TableProfile { dead_frac, free_frac, all_visible_frac, .. } = profile;
        let rows = self.rows.end - self.rows.start;
        let declared = dead_frac.is_some() || free_frac.is_some() || all_visible_frac.is_some();
        if declared && !self.freeze {
            let message = format!(
                "{} has a dead_frac, free_frac or all_visible_frac, which partitions cannot be given that the server shares \
                 the rows out to",
                profile.name
            );
            problems.push(Diagnostic::error(profile.place.clone(), message).help(
                "leave them out; they are possible for ordinary tables and for one level of partitions by RANGE or LIST of a \
                 single column",
            ));
            return;
        }
        // What the fillfactor leaves free is part of what is declared; only the rest has to be made.
        let filled = f64::from(fillfactor_percent) / 100.0;
        let kept_free = 1.0 - filled;
        let free = free_frac.unwrap_or(kept_free);
        if free < kept_free - FREE_TOLERANCE {
            let place = profile.free_frac_place.as_ref().unwrap_or(&profile.place).clone();
            let message = format!(
                "{} has a free_frac of {free}, but its fillfactor of {fillfactor_percent} leaves {kept_free:.2} of every page free",
                profile.name
            );
            problems.push(Diagnostic::error(place, message).help(format!(
                "declare {kept_free:.2} or more, leave it out, or drop the fillfactor from the schema of the scenario"
            )));
            return;
        }
        let made_free = ((free - kept_free) / filled).max(0.0);
        let rows_per_page = PAGE_BYTES * filled / row_bytes.max(1.0);
        match Physical::new(rows, rows_per_page, dead_frac.unwrap_or(0.0), made_free, *all_visible_frac) {
            Ok(physical) => self.physical = physical,
            Err(TooDense { dead, room }) => {
                let place: &Place = profile.all_visible_frac_place.as_ref().unwrap_or(&profile.place);
                let message = format!(
                    "{} has {dead} dead tuples, but only {room} fit on the pages that are not all-visible",
                    profile.name
                );
                // Partitions differ little; one of them says it for all.
                if !problems.iter().any(|problem| problem.place == *place) {
                    let help = "a page with a dead tuple is not all-visible: declare a lower all_visible_frac or dead_frac";
                    problems.push(Diagnostic::error(place.clone(), message).help(help));
                }
            }
        }
    }
}
