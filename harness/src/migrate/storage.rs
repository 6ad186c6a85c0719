//! Which relations a migration knows, makes, rewrites and rebuilds.

use std::collections::BTreeSet;

use pgrehearse_reports::event::{Event, HeldLock, RelationKind, StorageChanged};

use crate::error::Error;
use crate::events::Events;
use crate::postgres::Connection;
use crate::postgres::inventory::{self, FIRST_USER_OID, Inventory, Relation};

/// The relations of the rehearsed database, as last seen.
#[derive(Debug)]
pub(super) struct Storage {
    known: Inventory,
    at_start: BTreeSet<u32>,
    named: BTreeSet<u32>,
    /// What the open transaction replaced in `known`, oldest first.
    replaced: Vec<(u32, Relation)>,
    events: Events,
}

impl Storage {
    /// Takes stock before the migration and names every relation of the user's.
    pub(super) async fn before(beside: &Connection, events: Events) -> Result<Self, Error> {
        let known = inventory::relations(beside).await?;
        let at_start = known.keys().copied().collect();
        let mut storage = Self { known, at_start, named: BTreeSet::new(), replaced: Vec::new(), events };
        let users: Vec<u32> = storage.known.range(FIRST_USER_OID..).map(|(oid, _)| *oid).collect();
        for oid in users {
            storage.name_one(oid);
        }
        Ok(storage)
    }

    /// Names the relations of `held` that have no name in the record yet.
    pub(super) fn name(&mut self, held: &[HeldLock]) {
        for lock in held {
            self.name_one(lock.relation_oid);
        }
    }

    fn name_one(&mut self, oid: u32) {
        if !self.named.insert(oid) {
            return;
        }
        let created = !self.at_start.contains(&oid);
        let named = match self.known.get(&oid) {
            Some(relation) => relation.named(oid, created),
            // Made and dropped inside one statement: the new file of a rewrite has such a relation.
            None => {
                let name = format!("(transient relation {oid})");
                Relation { name, kind: RelationKind::Unknown, filenode: 0, of_table_oid: None }
                    .named(oid, created)
            }
        };
        self.events.tell(Event::RelationNamed(named));
    }

    /// Takes in what the session saw of the relations that it has locked. Whatever gets a new file is locked
    /// with AccessExclusiveLock, so nothing can be missing.
    pub(super) fn seen_inside(&mut self, statement: u32, seen: &[(u32, Relation)]) {
        for (oid, relation) in seen {
            self.see(statement, *oid, relation);
        }
    }

    /// Compares everything, after a statement outside any transaction.
    pub(super) async fn compare(&mut self, statement: u32, beside: &Connection) -> Result<(), Error> {
        let now = inventory::relations(beside).await?;
        for (oid, relation) in &now {
            self.see(statement, *oid, relation);
            if *oid >= FIRST_USER_OID {
                self.name_one(*oid);
            }
        }
        // What is seen from beside is committed.
        self.replaced.clear();
        Ok(())
    }

    /// The open transaction is over; what was rolled back is as it was.
    pub(super) fn transaction_ended(&mut self, committed: bool) {
        let replaced = std::mem::take(&mut self.replaced);
        if !committed {
            self.known.extend(replaced.into_iter().rev());
        }
    }

    fn see(&mut self, statement: u32, oid: u32, relation: &Relation) {
        let before = self.known.insert(oid, relation.clone());
        let Some(before) = before else { return };
        if before == *relation {
            return;
        }
        // ROLLBACK TO gives a file back that the relation had earlier in the transaction.
        let given_back = self
            .replaced
            .iter()
            .any(|(known, earlier)| *known == oid && earlier.filenode == relation.filenode);
        let is_new = before.filenode != relation.filenode && !given_back;
        let has_files = before.filenode != 0 && relation.filenode != 0;
        self.replaced.push((oid, before.clone()));
        if is_new && has_files {
            self.events.tell(Event::StorageChanged(StorageChanged {
                statement,
                relation_oid: oid,
                old_filenode: before.filenode,
                new_filenode: relation.filenode,
            }));
        }
    }
}
