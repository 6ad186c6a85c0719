//! Whether strategies lead to the same database.

use std::collections::{BTreeMap, BTreeSet};

use super::each_with_each;
use crate::differences::{differently_keyed, of_data, of_schema};
use crate::event::StateSeen;
use crate::model::comparison::{EndDifference, EndPair, EndRepetitions, EndState, EndStatus, HowDifferent};

/// Tables and columns that are named where they are not compared.
const NAMES_TOLD: usize = 5;

/// What a repetition that completed led to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) run: u32,
    pub(crate) repetition: u32,
    /// Whether the application beside it changed rows of its own: writes that somebody declared, unlike the default ones,
    /// may leave anything behind.
    pub(crate) writes: bool,
    pub(crate) state: &'a StateSeen,
}

/// What strategies led to, by name.
pub(crate) type Ends<'a> = BTreeMap<String, Vec<End<'a>>>;

/// Compares each with each, in that order.
pub(super) fn compare(order: &[String], ends: &Ends) -> EndState {
    let pairs: Vec<EndPair> = each_with_each(order).map(|(one, other)| pair(one, other, ends)).collect();
    let any = |status: EndStatus| pairs.iter().any(|pair| pair.status == status).then_some(status);
    let status = any(EndStatus::Different)
        .or_else(|| any(EndStatus::NotCompared))
        .or_else(|| any(EndStatus::NotSeen))
        .or_else(|| any(EndStatus::Same));
    EndState {
        status: status.unwrap_or(EndStatus::NotSeen),
        pairs,
        repetitions: order.iter().flat_map(|strategy| repetitions(strategy, of(ends, strategy))).collect(),
    }
}

fn of<'a, 'e>(ends: &'e Ends<'a>, strategy: &str) -> &'e [End<'a>] {
    ends.get(strategy).map_or(&[], Vec::as_slice)
}

fn pair(one: &str, other: &str, ends: &Ends) -> EndPair {
    let (ones, others) = (of(ends, one), of(ends, other));
    let mut pair = EndPair {
        one: one.to_owned(),
        other: other.to_owned(),
        status: EndStatus::NotSeen,
        schema: EndStatus::NotSeen,
        data: EndStatus::NotSeen,
        why: Vec::new(),
        differences: Vec::new(),
    };
    for (name, ends) in [(one, ones), (other, others)] {
        if ends.is_empty() {
            pair.why.push(format!("what {name} leads to was not seen"));
        }
    }
    let Some((first, second)) = chosen(ones, others) else { return pair };
    pair.differences = of_schema(first.state, second.state);
    pair.schema = if pair.differences.is_empty() { EndStatus::Same } else { EndStatus::Different };
    pair.data = EndStatus::NotCompared;
    for (name, end) in [(one, first), (other, second)] {
        if end.state.tables.is_none() {
            let why = end.state.not_read.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            pair.why.push(format!("the rows that {name} leads to were not read{why}"));
        }
    }
    if let Some(data) = of_data(first.state, second.state, &pair.differences) {
        let unsteady: BTreeSet<String> = [ones, others].into_iter().flat_map(unsteady).collect();
        let (unsteady, steady): (Vec<_>, Vec<_>) =
            data.into_iter().partition(|difference| is_of(&unsteady, &difference.name));
        let is_written = first.writes || second.writes;
        pair.data = match (steady.is_empty(), unsteady.is_empty(), is_written) {
            (true, true, _) => EndStatus::Same,
            (true, false, _) | (false, _, true) => EndStatus::NotCompared,
            (false, _, false) => EndStatus::Different,
        };
        if is_written && !steady.is_empty() {
            let why = "the application's own writes change it";
            pair.why.push(format!("{} is not compared, because {why}", names(&steady)));
        }
        if !unsteady.is_empty() {
            let why = "it differs between repetitions of one strategy";
            pair.why.push(format!("{} is not compared, because {why}", names(&unsteady)));
        }
        if pair.data == EndStatus::Different {
            let values_only = steady.iter().all(|difference| difference.how == HowDifferent::Values);
            if values_only && [ones, others].iter().any(|ends| read(ends).count() < 2) {
                let why =
                    "one repetition does not tell whether values differ every time (now(), random()): two do";
                pair.why.push(why.to_owned());
            }
            pair.differences.extend(steady);
        }
        let tables = differently_keyed(first.state, second.state);
        if !tables.is_empty() {
            let why = "their primary keys differ";
            pair.why.push(format!("what is in {} is not compared, because {why}", tables.join(", ")));
            if pair.data == EndStatus::Same {
                pair.data = EndStatus::NotCompared;
            }
        }
    }
    pair.status = match (pair.schema, pair.data) {
        (EndStatus::Different, _) | (_, EndStatus::Different) => EndStatus::Different,
        (_, data) => data,
    };
    pair
}

/// `what is in a, b and 3 more`.
fn names(differences: &[EndDifference]) -> String {
    let names: Vec<&str> =
        differences.iter().take(NAMES_TOLD).map(|difference| difference.name.as_str()).collect();
    let more = match differences.len().saturating_sub(NAMES_TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("what is in {}{more}", names.join(", "))
}

/// Those of which the rows were read.
fn read<'a, 'e>(ends: &'e [End<'a>]) -> impl Iterator<Item = &'e End<'a>> {
    ends.iter().filter(|end| end.state.tables.is_some())
}

/// The first of each, of those whose rows were read where there are such; of the same run where that can be, because
/// another server may write definitions otherwise.
fn chosen<'a, 'e>(ones: &'e [End<'a>], others: &'e [End<'a>]) -> Option<(&'e End<'a>, &'e End<'a>)> {
    let of_a_run = |ones: &[&'e End<'a>], others: &[&'e End<'a>]| {
        let found =
            ones.iter().find_map(|one| Some((*one, *others.iter().find(|other| other.run == one.run)?)));
        found.or_else(|| Some((*ones.first()?, *others.first()?)))
    };
    let all = |ends: &'e [End<'a>]| ends.iter().collect::<Vec<_>>();
    let of_read = of_a_run(&read(ones).collect::<Vec<_>>(), &read(others).collect::<Vec<_>>());
    of_read.or_else(|| of_a_run(&all(ones), &all(others)))
}

/// What is in tables and columns that are not the same after every repetition: a moment, or something drawn at random.
fn unsteady(ends: &[End]) -> BTreeSet<String> {
    let read: Vec<&End> = read(ends).collect();
    let Some((first, rest)) = read.split_first() else { return BTreeSet::new() };
    let differences = rest.iter().filter_map(|end| of_data(first.state, end.state, &[])).flatten();
    differences.map(|difference| difference.name).collect()
}

/// Whether it, or the table that it is a column of, is among these.
fn is_of(names: &BTreeSet<String>, name: &str) -> bool {
    names.contains(name) || name.rsplit_once(": ").is_some_and(|(table, _)| names.contains(table))
}

/// The repetitions of a strategy that do not lead to what its first does. Rows that the application itself changes are
/// left out.
fn repetitions(strategy: &str, ends: &[End]) -> Vec<EndRepetitions> {
    let Some((first, rest)) = ends.split_first() else { return Vec::new() };
    let differences = |end: &End| {
        let mut differences = of_schema(first.state, end.state);
        if !first.writes && !end.writes {
            differences.extend(of_data(first.state, end.state, &differences).unwrap_or_default());
        }
        differences
    };
    let compared = rest.iter().map(|end| EndRepetitions {
        strategy: strategy.to_owned(),
        one: first.repetition,
        other: end.repetition,
        differences: differences(end),
    });
    compared.filter(|compared| !compared.differences.is_empty()).collect()
}
