//! Columns that another column of the table decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::profile::{ColumnProfile, DependsOn};

use super::column::Built;
use super::keys::Demands;
use super::{Declared, Planner, names};
use crate::dataset::generate::column::Source;
use crate::dataset::generate::dependence::Dependence;
use crate::dataset::generate::rng::Stream;
use crate::postgres::shape::TableShape;

/// The columns that another decides, with that one. What cannot be is added to `problems`.
pub(super) fn deciders(
    shape: &TableShape,
    columns: &BTreeMap<usize, &ColumnProfile>,
    demands: &Demands,
    problems: &mut Vec<Diagnostic>,
) -> BTreeMap<usize, usize> {
    let mut found = BTreeMap::new();
    for (&at, profile) in columns {
        let Some(depends) = &profile.depends_on else { continue };
        match decider(shape, at, profile, depends, demands) {
            Ok(by) => {
                found.insert(at, by);
            }
            Err((message, help)) => {
                let message = format!("{}.{} {message}", shape.name, profile.name);
                let problem = Diagnostic::error(depends.place.clone(), message);
                problems.push(match help {
                    Some(help) => problem.help(help),
                    None => problem,
                });
            }
        }
    }
    for &start in found.keys() {
        let mut chain = vec![start];
        while let Some(&next) = found.get(&chain[chain.len() - 1])
            && !chain.contains(&next)
        {
            chain.push(next);
        }
        // A cycle is said once, at its first column.
        if found.get(&chain[chain.len() - 1]) == Some(&start) && chain.iter().min() == Some(&start) {
            let names: Vec<&str> =
                chain.iter().chain([&start]).map(|&at| shape.columns[at].name.as_str()).collect();
            let message = format!("{}: columns depend on each other: {}", shape.name, names.join(" -> "));
            let place = columns[&start].depends_on.as_ref().map(|depends| depends.place.clone());
            problems.push(Diagnostic::error(place.unwrap_or_default(), message));
        }
    }
    let cyclic = |start: usize| {
        let mut at = start;
        for _ in 0..=found.len() {
            match found.get(&at) {
                Some(&next) => at = next,
                None => return false,
            }
        }
        true
    };
    let cycles: Vec<usize> = found.keys().copied().filter(|&at| cyclic(at)).collect();
    found.retain(|at, _| !cycles.contains(at));
    found
}

/// What is wrong with a dependency, and how to mend it.
type Problem = (String, Option<String>);

fn decider(
    shape: &TableShape,
    at: usize,
    profile: &ColumnProfile,
    depends: &DependsOn,
    demands: &Demands,
) -> Result<usize, Problem> {
    let Some(by) = shape.columns.iter().position(|column| column.name == depends.column) else {
        let known = shape.columns.iter().map(|column| column.name.as_str());
        let help = names::similar(&depends.column, known).map(|similar| format!("did you mean `{similar}`?"));
        return Err((format!("depends on `{}`, which is no column of its table", depends.column), help));
    };
    let (column, decider) = (&shape.columns[at], &shape.columns[by]);
    if by == at {
        return Err(("depends on itself".into(), None));
    }
    if !(0.0..=1.0).contains(&depends.degree) {
        return Err((
            format!("depends with a degree of {}, which is not between 0 and 1", depends.degree),
            None,
        ));
    }
    if decider.generated_stored {
        return Err((format!("depends on {}, which the server computes", decider.name), None));
    }
    if let Some(key) = demands.unique.get(&at) {
        let message = format!("depends on {}, but {key} makes every value different", decider.name);
        return Err((
            message,
            Some("a value that is decided appears as often as the value that decides it".into()),
        ));
    }
    if demands.numbered.contains(&at) {
        return Err((format!("depends on {}, but is numbered in row order", decider.name), None));
    }
    if demands.references.contains_key(&at) || demands.roles.contains_key(&at) {
        let message = format!("depends on {}, but its values follow from a key", decider.name);
        return Err((message, Some("leave out depends_on".into())));
    }
    if profile.correlation.is_some() && depends.degree > 0.0 {
        let message = format!(
            "has a correlation and depends on {}: the order of what is decided follows from what decides",
            decider.name
        );
        return Err((message, Some("leave out one of the two".into())));
    }
    if column.generated_stored {
        return Err((format!("depends on {}, but is computed by the server", decider.name), None));
    }
    Ok(by)
}

impl<'a> Planner<'a> {
    /// Lets another column decide this one, where that is declared.
    pub(super) fn decided(
        &mut self,
        declared: &BTreeMap<usize, Declared<'a>>,
        demands: &BTreeMap<usize, Demands>,
        table: usize,
        column: usize,
        mut built: Built,
    ) -> Option<Built> {
        let Some(&by) = self.deciders.get(&table).and_then(|deciders| deciders.get(&column)) else {
            return Some(built);
        };
        let entry = &declared[&table];
        let depends = entry.columns.get(&column)?.depends_on.as_ref()?;
        let shape = &self.request.tables[table];
        let (name, decider_name) = (&shape.columns[column].name, &shape.columns[by].name);
        let problems = self.problems.len();
        let Some(decider) = self.column(declared, demands, table, by) else {
            if self.problems.len() == problems && shape.columns[by].kind == super::ColumnType::Unsupported {
                let message = format!(
                    "{}.{name} depends on {decider_name}, for which no values can be generated",
                    shape.name
                );
                self.problems.push(Diagnostic::error(depends.place.clone(), message));
            }
            return None;
        };
        let segments = &built.column.values.segments;
        let deciding = &decider.column.values.segments;
        let values = deciding.distinct() + u64::from(decider.column.nulls.count() > 0);
        let own = matches!(decider.column.source, Source::Order | Source::Decided(_));
        let scaled_down = entry.rows < entry.rows_declared;
        if own
            && depends.degree >= 1.0
            && segments.distinct() > values
            && !scaled_down
            && says_how_many(entry.columns[&column])
        {
            let message = format!(
                "{}.{name} has {} different values, but depends on {decider_name}, which has only {values}, with a degree of 1",
                shape.name,
                segments.distinct()
            );
            self.problems.push(Diagnostic::error(depends.place.clone(), message));
            return None;
        }
        let stream = Stream::new(self.request.seed, &shape.full_name(), name, "depends");
        let by = Arc::new(decider.column.clone());
        let dependence = Dependence::new(by, entry.rows, depends.degree, segments, stream);
        built.column.source = Source::Decided(Arc::new(dependence));
        Some(built)
    }
}

/// Whether it is declared which values a column has, or how many.
fn says_how_many(profile: &ColumnProfile) -> bool {
    profile.n_distinct.is_some() || !profile.most_common.is_empty() || !profile.most_common_freqs.is_empty()
}
