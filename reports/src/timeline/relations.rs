//! What relations are called, and whether the migration made them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::Timeline;
use crate::event::{RelationKind, RelationNamed};

/// Smallest oid of an object that is not part of the system (`FirstNormalObjectId`).
const FIRST_USER_OID: u32 = 16_384;

/// The names that were told in all legs of a rehearsal.
#[derive(Debug, Default)]
pub(super) struct Relations<'a> {
    named: BTreeMap<u32, &'a RelationNamed>,
    /// Those that were named in a leg before: they were there when this one began.
    before: BTreeSet<u32>,
    /// Those that were named in this one.
    during: BTreeSet<u32>,
}

impl<'a> Relations<'a> {
    /// The first name that was given with a kind: what a relation was called when it was locked. `when` is the leg in which
    /// it was, against this one.
    pub(super) fn take(&mut self, named: &'a RelationNamed, when: Ordering) {
        let known = self.named.entry(named.oid).or_insert(named);
        if known.kind == RelationKind::Unknown {
            *known = named;
        }
        match when {
            Ordering::Less => self.before.insert(named.oid),
            Ordering::Equal => self.during.insert(named.oid),
            Ordering::Greater => false,
        };
    }

    fn get(&self, oid: u32) -> Option<&'a RelationNamed> {
        self.named.get(&oid).copied()
    }

    fn all(&self) -> impl Iterator<Item = &'a RelationNamed> {
        self.named.values().copied()
    }

    /// Whether this leg made it; none where none of its names tells.
    fn is_created(&self, oid: u32) -> Option<bool> {
        if self.before.contains(&oid) {
            return Some(false);
        }
        let named = self.get(oid).filter(|_| self.during.contains(&oid))?;
        Some(named.created_by_migration)
    }
}

impl<'a> Timeline<'a> {
    /// What is known of a relation.
    pub(crate) fn relation(&self, oid: u32) -> Option<&'a RelationNamed> {
        self.relations.get(oid)
    }

    /// Everything that has a name, by oid.
    pub(crate) fn relations(&self) -> impl Iterator<Item = &'a RelationNamed> {
        self.relations.all()
    }

    /// Whether the migration made it; none where that is not known. Everything that was there has been named,
    /// so what never was came and went unseen.
    pub(crate) fn is_created(&self, oid: u32) -> Option<bool> {
        let all_told = self.finished.is_some_and(|finished| finished.events_dropped == 0);
        let unnamed_is_new = oid >= FIRST_USER_OID && all_told && self.migration.is_some();
        self.relations.is_created(oid).or(unnamed_is_new.then_some(true))
    }

    /// Whether it was made and dropped while the migration ran and nobody could read its name, as is the
    /// copy that a rewrite makes of a table.
    pub(crate) fn is_transient(&self, oid: u32) -> bool {
        let is_named = self.relation(oid).is_some_and(|named| named.kind != RelationKind::Unknown);
        !is_named && self.is_created(oid) == Some(true)
    }

    /// `schema.name`, or its oid where no name was ever given.
    pub(crate) fn relation_name(&self, oid: u32) -> String {
        match self.relation(oid) {
            Some(named) => named.name.clone(),
            None if self.is_transient(oid) => format!("(transient relation {oid})"),
            None => format!("oid {oid}"),
        }
    }

    /// Whether it is a system catalog.
    pub(crate) fn is_system(&self, oid: u32) -> bool {
        self.relation(oid).map_or(oid < FIRST_USER_OID, |named| named.system)
    }
}
