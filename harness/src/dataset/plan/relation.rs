//! Relations of a table: which rows have which parents.

use std::collections::BTreeMap;
use std::sync::Arc;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{ColumnProfile, FanOut};
use pgrehearse_scenarios::source::Place;

use super::degrees::Wanted;
use super::habits::habit;
use super::keys::{Demands, has_marginals};
use super::{Declared, FanOutPlan, Planner};
use crate::dataset::generate::fan_out::{Arrangement, FanOut as Shared};
use crate::dataset::generate::nulls::Nulls;
use crate::dataset::generate::order::{self, Disorder, Order};
use crate::dataset::generate::quota::largest_remainder;
use crate::dataset::generate::relation::Relation;
use crate::dataset::generate::rng::Stream;
use crate::dataset::generate::segments::Segment;
use crate::postgres::shape::{ForeignKey, TableShape};

/// Rows without a parent in a tree of which nobody says how many roots it has.
const ROOTS_FRAC: f64 = 0.02;

/// Children of each row with children, in such a tree.
const TREE_CHILDREN: f64 = 4.0;

/// A relation that could be made.
#[derive(Debug)]
pub(super) struct Related {
    /// The rows and their parents.
    pub(super) relation: Arc<Relation>,
    /// What is planned of it.
    plan: Option<FanOutPlan>,
}

/// What is declared of a foreign key's table, columns and parent.
pub(super) struct Key<'a> {
    pub(super) shape: &'a TableShape,
    pub(super) foreign: &'a ForeignKey,
    pub(super) place: Place,
    pub(super) rows: u64,
    pub(super) rows_declared: u64,
    /// Of each column; what is not declared is none.
    pub(super) profiles: Vec<Option<&'a ColumnProfile>>,
    pub(super) parent: String,
    pub(super) parents: u64,
    pub(super) parents_declared: u64,
    /// Whether `parents` counts only rows in which the referenced column is not NULL.
    pub(super) ranked: bool,
}

impl<'a> Key<'a> {
    /// `orders.user_id`, `orders (user_id, user_created_at)`
    pub(super) fn name(&self) -> String {
        let names: Vec<&str> =
            self.foreign.columns.iter().map(|&at| self.shape.columns[at].name.as_str()).collect();
        match names[..] {
            [name] => format!("{}.{name}", self.shape.name),
            _ => format!("{} ({})", self.shape.name, names.join(", ")),
        }
    }

    pub(super) fn fan_out(&self) -> Option<&'a FanOut> {
        self.profiles.iter().find_map(|profile| profile.and_then(|profile| profile.fan_out.as_ref()))
    }

    pub(super) fn stream(&self, seed: u64) -> Stream {
        Stream::new(
            seed,
            &self.shape.full_name(),
            &self.shape.columns[self.foreign.columns[0]].name,
            "relation",
        )
    }

    fn is_tree(&self) -> bool {
        self.foreign.ref_table_oid == self.shape.oid && !self.ranked
    }

    pub(super) fn plan(&self, degrees: Vec<(u64, u64)>) -> FanOutPlan {
        FanOutPlan {
            constraint: self.foreign.name.clone(),
            columns: self.foreign.columns.iter().map(|&at| self.shape.columns[at].name.clone()).collect(),
            parent: self.parent.clone(),
            degrees,
            clustering: self.fan_out().and_then(|fan_out| fan_out.clustering),
        }
    }
}

impl<'a> Planner<'a> {
    pub(super) fn key(&self, declared: &BTreeMap<usize, Declared<'a>>, table: usize, key: usize) -> Key<'a> {
        let tables = self.request.tables;
        let shape = &tables[table];
        let foreign = &shape.foreign_keys[key];
        let entry = &declared[&table];
        let parent = tables.iter().position(|table| table.oid == foreign.ref_table_oid);
        let counted = parent.and_then(|at| declared.get(&at));
        Key {
            shape,
            foreign,
            place: entry.place.clone(),
            rows: entry.rows,
            rows_declared: entry.rows_declared.max(1),
            profiles: foreign.columns.iter().map(|column| entry.columns.get(column).copied()).collect(),
            parent: parent
                .map_or_else(|| "a table that is not in the schema".into(), |at| tables[at].full_name()),
            parents: counted.map_or(0, |entry| entry.rows),
            parents_declared: counted.map_or(0, |entry| entry.rows_declared),
            ranked: false,
        }
    }

    /// The relation of a foreign key; none where it cannot be made, which is said once.
    pub(super) fn relation(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        table: usize,
        key: usize,
    ) -> Option<Arc<Relation>> {
        if !self.relations.contains_key(&(table, key)) {
            let made = self.relate(declared, demands, table, key);
            self.relations.insert((table, key), made);
        }
        self.relations[&(table, key)].as_ref().map(|related| Arc::clone(&related.relation))
    }

    fn relate(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        table: usize,
        key: usize,
    ) -> Option<Related> {
        let nulls_in_key = self.nulls_in_key(declared, demands, table, key)?;
        let one_to_one = demands[&table].one_to_one.get(&key).or_else(|| {
            match self.request.tables[table].foreign_keys[key].columns[..] {
                [column] => demands[&table].unique.get(&column),
                _ => None,
            }
        });
        let mut key = self.key(declared, table, key);
        key.parents -= nulls_in_key;
        key.ranked = nulls_in_key > 0;
        let tree = key.is_tree();
        let null_frac = self.null_frac(&key)?;
        let nulls_of = |rows| largest_remainder(rows, &[null_frac, 1.0 - null_frac])[0];
        let (mut nulls, nulls_declared) = (nulls_of(key.rows), nulls_of(key.rows_declared));
        if tree && null_frac > 0.0 && nulls == 0 {
            nulls = 1;
        }
        let fan_out = key.fan_out();
        let place = fan_out.map(|fan_out| &fan_out.place);
        let (children, children_declared) = (key.rows - nulls, key.rows_declared - nulls_declared);
        if key.parents == 0 && children > 0 {
            let message = format!(
                "{} references {}, which gets no rows, but is not null in {children} rows",
                key.name(),
                key.parent
            );
            let help = format!("declare rows for {} in the profile", key.parent);
            self.report(&key, place, message).help = Some(help);
            return None;
        }
        let mut parents_used = self.parents_used(&key)?;
        if tree && fan_out.is_none() && parents_used.is_none() && one_to_one.is_none() {
            parents_used = Some(((children as f64 / TREE_CHILDREN).ceil() as u64).max(1));
        }
        let wanted = Wanted { fan_out, parents_used };
        if key.parents > 0
            && let Some(misfit) = wanted.misfit(children_declared, key.parents_declared)
        {
            let message = format!("{}, which references {}, {misfit}", key.name(), key.parent);
            self.report(&key, place, message);
            return None;
        }
        if let Some(clustering) = fan_out.and_then(|fan_out| fan_out.clustering) {
            let problem = if !(0.0..=1.0).contains(&clustering) {
                Some("which is not between 0 and 1")
            } else if tree && clustering < 1.0 {
                Some(
                    "but a row of a tree comes after its parent, in the parents' order, which is a clustering of 1",
                )
            } else {
                None
            };
            if let Some(problem) = problem {
                let message = format!("{} has a clustering of {clustering}, {problem}", key.name());
                self.report(&key, place, message);
                return None;
            }
        }
        let degrees = wanted.degrees(children, key.parents);
        let most = degrees.iter().filter(|degree| degree.1 > 0).map(|degree| degree.0).max().unwrap_or(0);
        if let Some(unique) = one_to_one.filter(|_| most > 1) {
            let message = if children > key.parents {
                format!(
                    "{} has {children} different values, as {unique} demands, but {} has only {} keys to reference",
                    key.name(),
                    key.parent,
                    key.parents
                )
            } else {
                format!(
                    "{} has up to {most} rows for one row of {}, but {unique} allows one",
                    key.name(),
                    key.parent
                )
            };
            self.report(&key, place, message);
            return None;
        }
        let stream = key.stream(self.request.seed);
        let clustering = fan_out.and_then(|fan_out| fan_out.clustering).unwrap_or(0.0);
        let (arrangement, disorder) = if tree {
            (Arrangement::Kept, Disorder { window: 1, reversed: false })
        } else if clustering > 0.0 {
            let whole = [Segment { start: 0, count: children.max(1), distinct: children.max(1) }];
            (Arrangement::InOrder, order::solve(clustering, &whole).0)
        } else {
            (Arrangement::Anywhere, Disorder { window: children, reversed: false })
        };
        let nulls = Nulls::new(key.rows, nulls, stream.child(1));
        let first = nulls.first().filter(|_| tree);
        let relation = Relation {
            root_instead_of: first,
            nulls,
            order: Order::new(children, disorder, stream.child(2)),
            fan_out: Shared::new(degrees, arrangement, stream.child(3)),
            strays: stream.child(4),
        };
        // What must not be NULL references something in rows without a parent too, which is counted nowhere.
        let strays = relation.nulls.count() > 0
            && key.foreign.columns.iter().all(|&at| key.shape.columns[at].not_null);
        let plan = (key.parents > 0 && !strays).then(|| key.plan(relation.fan_out.degrees()));
        Some(Related { relation: Arc::new(relation), plan })
    }

    /// Rows of the parent that cannot be referenced: those in which a key of one column is NULL.
    fn nulls_in_key(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        table: usize,
        key: usize,
    ) -> Option<u64> {
        let tables = self.request.tables;
        let foreign = &tables[table].foreign_keys[key];
        let parent = tables.iter().position(|table| table.oid == foreign.ref_table_oid);
        match (parent, &foreign.ref_columns[..]) {
            (Some(at), &[column]) if declared.contains_key(&at) && !tables[at].columns[column].not_null => {
                Some(self.column(declared, demands, at, column)?.column.nulls.count())
            }
            _ => Some(0),
        }
    }

    /// Rows without a parent, as a fraction.
    fn null_frac(&mut self, key: &Key<'a>) -> Option<f64> {
        let mut declared: Option<(f64, &ColumnProfile)> = None;
        let mut sound = true;
        for (&at, profile) in key.foreign.columns.iter().zip(&key.profiles) {
            let Some((profile, null_frac)) = profile.and_then(|profile| Some((profile, profile.null_frac?)))
            else {
                continue;
            };
            let column = &key.shape.columns[at];
            let problem = if !(0.0..=1.0).contains(&null_frac) {
                Some("has a null_frac that is not between 0 and 1".to_owned())
            } else if null_frac > 0.0 && column.not_null {
                Some(format!("is NOT NULL, but has a null_frac of {null_frac}"))
            } else {
                declared.filter(|other| !column.not_null && (other.0 - null_frac).abs() > f64::EPSILON).map(
                    |other| {
                        format!(
                            "has a null_frac of {null_frac}, but {} one of {}: columns of the foreign key {} are NULL together",
                            other.1.name, other.0, key.foreign.name
                        )
                    },
                )
            };
            match problem {
                Some(problem) => {
                    let message = format!("{}.{} {problem}", key.shape.name, column.name);
                    self.report(key, profile.null_frac_place.as_ref(), message);
                    sound = false;
                }
                None if !column.not_null => declared = declared.or(Some((null_frac, profile))),
                None => {}
            }
        }
        if !sound {
            return None;
        }
        let nullable =
            key.foreign.columns.iter().map(|&at| &key.shape.columns[at]).find(|column| !column.not_null);
        Some(match (declared, nullable) {
            (Some((null_frac, _)), _) => null_frac,
            (None, None) => 0.0,
            (None, Some(_)) if key.parents == 0 => {
                let message = format!(
                    "{} references {}, which gets no rows: it is NULL in every row",
                    key.name(),
                    key.parent
                );
                self.warnings.push(Diagnostic::warning(key.place.clone(), message));
                1.0
            }
            (None, Some(_)) if key.is_tree() => ROOTS_FRAC,
            (None, Some(column)) => habit(column).null_frac,
        })
    }

    /// How many parents have children, where `n_distinct` says so; none at the outside where it is wrong.
    fn parents_used(&mut self, key: &Key<'a>) -> Option<Option<u64>> {
        let mut used = None;
        let mut sound = true;
        for (&at, profile) in key.foreign.columns.iter().zip(&key.profiles) {
            let Some(profile) = profile.filter(|profile| has_marginals(profile)) else { continue };
            let alone = key.foreign.columns.len() == 1 && key.fan_out().is_none();
            let (what, place) = if !profile.most_common.is_empty() || !profile.most_common_freqs.is_empty() {
                ("most_common values", &profile.most_common_place)
            } else if !profile.histogram_bounds.is_empty() {
                ("histogram_bounds", &profile.histogram_bounds_place)
            } else if profile.correlation.is_some() {
                ("a correlation", &profile.correlation_place)
            } else if let Some(n_distinct) = profile.n_distinct.filter(|_| alone) {
                let (rows, rows_declared) = (key.rows as f64, key.rows_declared as f64);
                let (actual, declared) = if n_distinct < 0.0 {
                    (-n_distinct * rows, -n_distinct * rows_declared)
                } else {
                    (n_distinct, n_distinct)
                };
                let declared = declared.round() as u64;
                if n_distinct.is_finite() && (1..=key.parents_declared).contains(&declared) {
                    used = Some((actual.round() as u64).clamp(1, key.parents.max(1)));
                } else {
                    let message = format!(
                        "{} has {declared} different values, but {} has only {} keys to reference",
                        key.name(),
                        key.parent,
                        key.parents_declared
                    );
                    self.report(key, profile.n_distinct_place.as_ref(), message);
                    sound = false;
                }
                continue;
            } else {
                ("an n_distinct", &profile.n_distinct_place)
            };
            let name = &key.shape.columns[at].name;
            let message = format!(
                "{}.{name} has {what}, but its values follow from the rows of {} that {} references",
                key.shape.name, key.parent, key.foreign.name
            );
            self.report(key, place.as_ref(), message).help = Some(
                "declare `fan_out` instead: how many children parents have, and in `clustering` where these stand".into(),
            );
            sound = false;
        }
        sound.then_some(used)
    }

    pub(super) fn report(
        &mut self,
        key: &Key<'a>,
        place: Option<&Place>,
        message: String,
    ) -> &mut Diagnostic {
        let written = key.profiles.iter().find_map(|profile| profile.map(|profile| &profile.place));
        let place = place.or(written).unwrap_or(&key.place).clone();
        self.problems.push(Diagnostic::error(place, message));
        self.problems.last_mut().expect("just added")
    }

    /// What is planned of the relations of a table, by the names of their constraints.
    pub(super) fn fan_outs(&self, table: usize) -> Vec<FanOutPlan> {
        let of_table = (table, 0)..(table + 1, 0);
        let relations =
            self.relations.range(of_table.clone()).filter_map(|(_, made)| made.as_ref()?.plan.clone());
        let groups =
            self.groups.range(of_table).flat_map(|(_, made)| made.iter().flat_map(|made| &made.plans));
        let mut plans: Vec<FanOutPlan> = relations.chain(groups.cloned()).collect();
        plans.sort_by(|one, two| one.constraint.cmp(&two.constraint));
        plans
    }
}
