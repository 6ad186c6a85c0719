//! From a declared profile and the catalog's tables to tables that can be made, or every reason why they cannot.

mod check;
mod checked;
mod column;
mod combinations;
mod declared;
mod degrees;
mod depends;
mod expectation;
mod fan_out;
mod habits;
mod keys;
mod lattice;
mod literal;
mod names;
mod otherwise;
mod partition;
mod relation;
mod size;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{ColumnProfile, Profile};

use self::check::Rules;
pub(super) use self::checked::Checked;
use self::column::{Brief, Built, Follows, Parent};
use self::combinations::Grouped;
use self::declared::Declared;
use self::expectation::Declarations;
pub use self::expectation::{Axis, ColumnExpectation, ShareExpectation};
pub use self::fan_out::FanOutPlan;
use self::keys::{Demands, Role};
use self::names::NotFound;
use self::relation::Related;
pub use self::table::TablePlan;
pub use self::target::Target;
use crate::dataset::generate::column::Source;
use crate::dataset::generate::relation::Number;
use crate::postgres::shape::{ColumnType, TableShape};

/// Raised whenever the same profile, seed and scale make different rows than before; part of a dataset's fingerprint.
pub const GENERATOR_VERSION: u32 = 2;

/// The most rows of one table.
pub const ROWS_MAX: u64 = 4_000_000_000;

/// What rows are to be made from.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The schema's tables.
    pub tables: &'a [TableShape],
    /// What is declared of them. Tables that it does not name get no rows, unless it says how many those have.
    pub profile: &'a Profile,
    /// Seed of every pseudo-random choice.
    pub seed: u64,
    /// Factor for the rows of every table, above 0.
    pub scale: f64,
    /// Rows of single tables by name, whatever is declared; not scaled.
    pub rows_override: &'a BTreeMap<String, u64>,
    /// Rows of every table that is named nowhere, instead of what the profile says of those; not scaled.
    pub rows_otherwise: Option<u64>,
}

/// Tables that can be made.
#[derive(Debug)]
pub struct Plan {
    /// Tables with rows, referenced ones before those that reference them, as far as there are no cycles.
    pub tables: Vec<TablePlan>,
    /// What the reader should know.
    pub warnings: Vec<Diagnostic>,
}

/// Plans every table that gets rows.
///
/// # Errors
///
/// Every problem found, in the order of the profile; there is at least one error among them.
pub fn plan(request: &Request<'_>) -> Result<Plan, Vec<Diagnostic>> {
    let mut planner = Planner {
        request,
        problems: Vec::new(),
        warnings: Vec::new(),
        built: BTreeMap::new(),
        leaf_rows: BTreeMap::new(),
        rules: BTreeMap::new(),
        relations: BTreeMap::new(),
        groups: BTreeMap::new(),
        deciders: BTreeMap::new(),
    };
    let declared = planner.resolve();
    planner.rules = declared.keys().map(|&at| (at, Arc::new(check::rules(&request.tables[at])))).collect();
    let demands: BTreeMap<usize, Demands> = declared
        .iter()
        .map(|(&at, table)| {
            let demands = keys::demands(
                request.tables,
                &request.tables[at],
                &table.columns,
                &table.place,
                &mut planner.problems,
                &mut planner.warnings,
            );
            (at, demands)
        })
        .collect();
    for (&at, table) in &declared {
        let shape = &request.tables[at];
        let deciders = depends::deciders(shape, &table.columns, &demands[&at], &mut planner.problems);
        planner.deciders.insert(at, deciders);
    }
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for &at in declared.keys() {
        parents_first(at, request.tables, &declared, &mut seen, &mut order);
    }
    let mut tables = Vec::new();
    for at in order {
        let shape = &request.tables[at];
        let columns: Vec<Option<Arc<Built>>> =
            (0..shape.columns.len()).map(|column| planner.column(&declared, &demands, at, column)).collect();
        let leaf_rows = planner.leaf_rows.remove(&at);
        let Declared { rows, place, profile, .. } = &declared[&at];
        let mut table = TablePlan::new(shape, *rows, place.clone(), columns, leaf_rows);
        table.declarations = Declarations::of(shape, *profile);
        table.checked = checked::of(shape, *profile);
        if let Some(profile) = profile {
            table.shape(profile, shape.fillfactor, &mut planner.problems);
        }
        table.fan_outs = planner.fan_outs(at);
        tables.push(table);
    }
    if planner.problems.is_empty() {
        Ok(Plan { tables, warnings: planner.warnings })
    } else {
        planner.problems.extend(planner.warnings);
        let all_have_rows = request.rows_otherwise.or(request.profile.rows).is_some();
        let unnamed = |problem: &&mut Diagnostic| problem.place.source.is_none() && problem.help.is_none();
        for problem in planner.problems.iter_mut().filter(unnamed).filter(|_| all_have_rows) {
            problem.help = Some(
                "the table has rows because all have: name other rows for it, in the profile or with --rows TABLE=ROWS (0 \
                 leaves it empty)"
                    .to_owned(),
            );
        }
        Err(planner.problems)
    }
}

/// Whether `name` (`table` or `schema.table`) means a table that rows can be made for.
pub fn names_table(name: &str, tables: &[TableShape]) -> bool {
    !matches!(names::table(name, tables), Err(NotFound::Unknown(_)))
}

/// A column on its way.
enum State {
    /// It is being made: to need it now is a cycle.
    Begun,
    /// It was made, or cannot be.
    Done(Option<Arc<Built>>),
}

struct Planner<'a> {
    request: &'a Request<'a>,
    problems: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    built: BTreeMap<(usize, usize), State>,
    /// The rows of each leaf of partitioned tables whose key says so.
    leaf_rows: BTreeMap<usize, Vec<Range<u64>>>,
    /// What the constraints of each table demand.
    rules: BTreeMap<usize, Arc<Rules>>,
    /// Relations by table and position of the foreign key; none where one cannot be made.
    relations: BTreeMap<(usize, usize), Option<Related>>,
    /// Digits by table and position in [`Demands::groups`]; none where they cannot be made.
    groups: BTreeMap<(usize, usize), Option<Grouped>>,
    /// Of each table, the columns that another decides, with that one.
    deciders: BTreeMap<usize, BTreeMap<usize, usize>>,
}

impl<'a> Planner<'a> {
    /// Makes a column, and before it the key that it references; none where it is left out or cannot be made.
    fn column(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        table: usize,
        column: usize,
    ) -> Option<Arc<Built>> {
        if let Some(State::Done(built)) = self.built.get(&(table, column)) {
            return built.clone();
        }
        let (shape, entry, demand) = (&self.request.tables[table], &declared[&table], &demands[&table]);
        let undeclared = ColumnProfile::default();
        let profile = entry.columns.get(&column).copied().unwrap_or(&undeclared);
        let name = format!("{}.{}", shape.name, shape.columns[column].name);
        if self.built.insert((table, column), State::Begun).is_some() {
            let message = format!("{name} references itself through other tables, which cannot be generated");
            self.problems.push(Diagnostic::error(entry.place.clone(), message));
            return None;
        }
        let role = demand.roles.get(&column).copied();
        let referenced = match role {
            Some(Role::Member { key, referenced } | Role::MemberDigit { key, referenced, .. }) => {
                Some((shape.foreign_keys[key].ref_table_oid, referenced))
            }
            _ => demand.references.get(&column).copied(),
        };
        let parent = match referenced {
            Some((oid, referenced)) => match self.parent(declared, demands, oid, referenced) {
                Ok(parent) => Some(parent),
                Err(()) => {
                    self.built.insert((table, column), State::Done(None));
                    return None;
                }
            },
            None => None,
        };
        if let Some(Parent { table: parent, key: None, .. }) = &parent
            && role.is_none()
            && !shape.columns[column].not_null
            && profile.null_frac.is_none()
        {
            let message = format!("{name} references {parent}, which gets no rows: it is NULL in every row");
            self.warnings.push(Diagnostic::warning(entry.place.clone(), message));
        }
        let numbered = demand.numbered.contains(&column)
            && profile.histogram_bounds.is_empty()
            && profile.most_common.is_empty();
        let rules = Arc::clone(&self.rules[&table]);
        let unadapted = check::Column {
            table: shape,
            shape: &shape.columns[column],
            profile,
            table_place: &entry.place,
            rows: entry.rows,
            unique: demand.unique.contains_key(&column),
            numbered,
            references: parent.is_some(),
        };
        let mut adapted = check::adapt(&unadapted, rules.of(column), &mut self.problems);
        let leading = self.leader(declared, demands, &rules, table, column);
        let followed = leading.and_then(|(pair, leader)| {
            let pair = &rules.pairs[pair];
            check::follow(pair, leader, &unadapted, &mut adapted, rules.of(column), column, self.request.seed)
        });
        let key_of = |role| match role {
            Some(Role::Member { key, .. } | Role::MemberDigit { key, .. }) => Some(key),
            _ => None,
        };
        let group_of = |role| match role {
            Some(Role::Digit { group, .. } | Role::MemberDigit { group, .. }) => {
                Some(demand.groups[group].key.as_str())
            }
            Some(Role::Sibling { key } | Role::IsFirst { key, .. }) => {
                Some(shape.foreign_keys[key].name.as_str())
            }
            _ => None,
        };
        let brief = Brief {
            table: shape,
            column: &adapted.shape,
            profile: &adapted.profile,
            table_place: &entry.place,
            rows: entry.rows,
            rows_declared: entry.rows_declared.max(1),
            unique_key: demand.unique.get(&column).map(String::as_str).or(group_of(role)),
            numbered,
            parent,
            composite: key_of(role).is_some_and(|key| shape.foreign_keys[key].columns.len() > 1),
            order: followed.as_ref().map(|followed| followed.order.clone()),
            seed: self.request.seed,
        };
        let built = if self.is_left_out(&brief) {
            None
        } else {
            // A key that follows from another relation is not spread evenly by its values but by its rows.
            let follows_too = |parent: &Parent| {
                parent.key.as_ref().is_some_and(|key| !matches!(key.column.source, Source::Order))
            };
            let role = role.or_else(|| {
                brief.parent.as_ref().filter(|parent| follows_too(parent))?;
                let key = shape.foreign_keys.iter().position(|key| key.columns == [column])?;
                Some(Role::Member { key, referenced: shape.foreign_keys[key].ref_columns[0] })
            });
            match role {
                Some(role) => match self.follows(declared, demands, table, column, role) {
                    Some(Some(follows)) => column::follow(&brief, follows, &mut self.problems),
                    // The key is unique without it.
                    Some(None) => {
                        let unique_key = demand.unique.get(&column).map(String::as_str);
                        column::build(&Brief { unique_key, ..brief }, &mut self.problems)
                    }
                    None => None,
                },
                None => column::build(&brief, &mut self.problems),
            }
        };
        let mut built = built.and_then(|built| self.decided(declared, demands, table, column, built));
        if let (Some(followed), Some(built)) = (&followed, &mut built) {
            followed.finish(built, shape, profile, &entry.place, self.request.seed, &mut self.problems);
        }
        if let Some(built) = &mut built
            && matches!(built.column.source, Source::Order)
            && partition::key(shape) == Some(column)
            && let Some(leaf_rows) = partition::cut(shape, built, self.request.seed)
        {
            self.leaf_rows.insert(table, leaf_rows);
        }
        let built = built.map(Arc::new);
        self.built.insert((table, column), State::Done(built.clone()));
        built
    }

    /// The column that a column has to follow over the rows, because a constraint compares both: the pair's number and
    /// the column, made. Of two columns the one leads of which more is declared.
    fn leader(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        rules: &Rules,
        table: usize,
        column: usize,
    ) -> Option<(usize, Arc<Built>)> {
        let (shape, entry, demand) = (&self.request.tables[table], &declared[&table], &demands[&table]);
        let free = |at: usize| !demand.references.contains_key(&at) && !shape.columns[at].generated_stored;
        let key = partition::key(shape);
        let rank = |at: usize| {
            let profile = entry.columns.get(&at);
            let ordered = profile.is_some_and(|profile| profile.correlation.is_some());
            let valued = profile.is_some_and(|profile| check::says_values(profile));
            (key != Some(at), !ordered, !valued, !demand.numbered.contains(&at), at)
        };
        let leading = rules.pairs.iter().enumerate().find_map(|(number, pair)| {
            let other = pair.other(column)?;
            (free(column) && free(other) && rank(other) < rank(column)).then_some((number, other))
        });
        let (number, other) = leading?;
        Some((number, self.column(declared, demands, table, other)?))
    }

    /// What a column follows from by its role; none within where it is free after all. None at the outside where
    /// it cannot be made, which is said elsewhere.
    fn follows(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        table: usize,
        column: usize,
        role: Role,
    ) -> Option<Option<Follows>> {
        let not_null = self.request.tables[table].columns[column].not_null;
        Some(Some(match role {
            Role::Member { key, .. } => {
                let relation = self.relation(declared, demands, table, key)?;
                let nulls = relation.nulls.clone();
                if not_null {
                    let none = nulls.without();
                    Follows::Parent { row: Number::AnyParent(relation), nulls: Some(none) }
                } else {
                    Follows::Parent { row: Number::Parent(relation), nulls: Some(nulls) }
                }
            }
            Role::Sibling { key } => {
                let relation = self.relation(declared, demands, table, key)?;
                let values = relation.fan_out.degree_max().max(1);
                Follows::Number { number: Number::Sibling(relation), values, from_one: true }
            }
            Role::IsFirst { key, negated } => {
                let relation = self.relation(declared, demands, table, key)?;
                Follows::Number { number: Number::IsFirst { relation, negated }, values: 2, from_one: false }
            }
            Role::Digit { group, at } => match self.digit(declared, demands, table, (group, at))? {
                Some(digit) => {
                    let values = digit.radix;
                    Follows::Number { number: Number::Digit(digit), values, from_one: false }
                }
                None => return Some(None),
            },
            Role::MemberDigit { group, at, .. } => match self.digit(declared, demands, table, (group, at))? {
                Some(digit) => Follows::Parent { row: Number::Digit(digit), nulls: None },
                None => return Some(None),
            },
        }))
    }

    /// The referenced key; an error where it could not be made, which was reported with it.
    fn parent(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        oid: u32,
        column: usize,
    ) -> Result<Parent, ()> {
        let tables = self.request.tables;
        let Some(at) = tables.iter().position(|table| table.oid == oid) else {
            let kind = ColumnType::Unsupported;
            return Ok(Parent {
                table: "a table that is not in the schema".into(),
                key: None,
                kind,
                keys_declared: 0,
            });
        };
        let kind = tables[at].columns[column].kind.clone();
        let (key, keys_declared) = match declared.get(&at) {
            Some(entry) => {
                let key = self.column(declared, demands, at, column).ok_or(())?;
                (Some(key), entry.rows_declared)
            }
            None => (None, 0),
        };
        Ok(Parent { table: tables[at].full_name(), key, kind, keys_declared })
    }

    /// Whether the server fills the column by itself; says so where that is worth knowing.
    fn is_left_out(&mut self, brief: &Brief<'_>) -> bool {
        let column = brief.column;
        let declared = brief.profile.place.source.is_some();
        let place = if declared { &brief.profile.place } else { brief.table_place }.clone();
        let name = format!("{}.{}", brief.table.name, column.name);
        if column.generated_stored {
            if declared {
                let message =
                    format!("{name} is computed by the server: what is declared of it has no effect");
                self.warnings.push(Diagnostic::warning(place, message));
            }
            return true;
        }
        if column.kind.is_binary() || column::is_known(&column.kind) || !brief.profile.most_common.is_empty()
        {
            return false;
        }
        let kind = &column.type_name;
        if column.not_null && !column.has_default {
            let message = format!(
                "{name} is NOT NULL without a default and of type {kind}, for which no values can be generated"
            );
            self.problems.push(
                Diagnostic::error(place, message)
                    .help("declare most_common with values as PostgreSQL writes them, or give the column a default in the schema of the scenario"),
            );
        } else {
            let what = if column.has_default { "its default" } else { "NULL" };
            let message = format!(
                "{name} is of type {kind}, for which no values can be generated: every row gets {what}"
            );
            self.warnings.push(Diagnostic::warning(place, message));
        }
        true
    }
}

fn parents_first(
    at: usize,
    tables: &[TableShape],
    declared: &BTreeMap<usize, Declared<'_>>,
    seen: &mut BTreeSet<usize>,
    order: &mut Vec<usize>,
) {
    if !declared.contains_key(&at) || !seen.insert(at) {
        return;
    }
    for key in &tables[at].foreign_keys {
        if let Some(parent) = tables.iter().position(|table| table.oid == key.ref_table_oid) {
            parents_first(parent, tables, declared, seen, order);
        }
    }
    order.push(at);
}
