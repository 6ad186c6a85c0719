//! What differs between two states of a database.

mod changes;

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{StateSeen, TableContent};
use crate::model::comparison::{EndDifference, HowDifferent};
use crate::units;

pub(crate) use changes::{Changes, changes};

/// Objects of the schema that are not alike. What belongs to a table that only one of the two has is not told besides.
pub(crate) fn of_schema(one: &StateSeen, other: &StateSeen) -> Vec<EndDifference> {
    let (ones, others) = (definitions(one), definitions(other));
    let keys: BTreeSet<_> = ones.keys().chain(others.keys()).copied().collect();
    let all: Vec<EndDifference> = keys
        .into_iter()
        .filter_map(|(kind, name)| {
            let (one, other) = (ones.get(&(kind, name)), others.get(&(kind, name)));
            difference(kind, name, one.map(|one| one.join("\n")), other.map(|other| other.join("\n")))
        })
        .collect();
    let lone: BTreeSet<String> = all
        .iter()
        .filter(|difference| difference.is_of_one_alone())
        .map(|difference| format!("{}: ", difference.name))
        .collect();
    let belongs_to_a_lone_one = |difference: &EndDifference| {
        difference.is_of_one_alone() && lone.iter().any(|owner| difference.name.starts_with(owner))
    };
    let (_, mut told): (Vec<_>, Vec<_>) = all.into_iter().partition(belongs_to_a_lone_one);
    // Tables first, because everything else is a part of them.
    told.sort_by_key(|difference| difference.kind != "table");
    told
}

/// By kind and name; functions of one name have several.
fn definitions(state: &StateSeen) -> BTreeMap<(&str, &str), Vec<&str>> {
    let mut definitions: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for object in &state.objects {
        let key = (object.kind.as_str(), object.name.as_str());
        definitions.entry(key).or_default().push(&object.definition);
    }
    for alike in definitions.values_mut() {
        alike.sort_unstable();
    }
    definitions
}

fn difference(kind: &str, name: &str, one: Option<String>, other: Option<String>) -> Option<EndDifference> {
    let how = match (&one, &other) {
        _ if one == other => return None,
        (Some(_), None) => HowDifferent::OnlyInOne,
        (None, Some(_)) => HowDifferent::OnlyInOther,
        _ => HowDifferent::DefinedDifferently,
    };
    Some(EndDifference { how, kind: kind.to_owned(), name: name.to_owned(), one, other })
}

/// Rows and values that are not alike; none where those of either were not read. A table or column that `schema` tells of
/// is left out where only one of the two has it, and so are the values of a table that has not as many rows.
pub(crate) fn of_data(
    one: &StateSeen,
    other: &StateSeen,
    schema: &[EndDifference],
) -> Option<Vec<EndDifference>> {
    let (ones, others) = (by_name(one)?, by_name(other)?);
    let is_told = |name: &str| schema.iter().any(|told| told.is_of_one_alone() && told.name == name);
    let mut differences = Vec::new();
    let names: BTreeSet<&str> = ones.keys().chain(others.keys()).copied().collect();
    for name in names.into_iter().filter(|name| !is_told(name)) {
        match (ones.get(name), others.get(name)) {
            (Some(one), Some(other)) if one.rows == other.rows => {
                differences
                    .extend(of_columns(one, other).into_iter().filter(|column| !is_told(&column.name)));
            }
            (one, other) => {
                let rows = |of: Option<&&TableContent>| of.map(|table| units::count(table.rows));
                differences.push(EndDifference {
                    how: HowDifferent::Rows,
                    kind: "table".to_owned(),
                    name: name.to_owned(),
                    one: rows(one),
                    other: rows(other),
                });
            }
        }
    }
    Some(differences)
}

fn by_name(state: &StateSeen) -> Option<BTreeMap<&str, &TableContent>> {
    Some(state.tables.as_ref()?.iter().map(|table| (table.table.as_str(), table)).collect())
}

/// Tables whose values cannot be compared, because digests depend on the primary key and the two have other ones.
pub(crate) fn differently_keyed(one: &StateSeen, other: &StateSeen) -> Vec<String> {
    let (Some(ones), Some(others)) = (by_name(one), by_name(other)) else { return Vec::new() };
    let differ = |(name, table): (&&str, &&TableContent)| {
        others.get(*name).is_some_and(|other| other.key != table.key).then(|| (*name).to_owned())
    };
    ones.iter().filter_map(differ).collect()
}

/// Columns whose values differ: other digests, or other numbers of NULLs.
fn of_columns(one: &TableContent, other: &TableContent) -> Vec<EndDifference> {
    let alike_keyed = one.key == other.key;
    let by_name = |table: &TableContent| -> BTreeMap<String, (u64, String)> {
        let digest = |digest: &String| if alike_keyed { digest.clone() } else { String::new() };
        let columns = table.columns.iter();
        columns.map(|column| (column.column.clone(), (column.not_null, digest(&column.digest)))).collect()
    };
    let (ones, others) = (by_name(one), by_name(other));
    let names: BTreeSet<&String> = ones.keys().chain(others.keys()).collect();
    let differing = names.into_iter().filter(|name| ones.get(*name) != others.get(*name));
    let not_null = |of: Option<&(u64, String)>| of.map(|(not_null, _)| units::count(*not_null));
    let of = |name: &String| EndDifference {
        how: HowDifferent::Values,
        kind: "column".to_owned(),
        name: format!("{}: {name}", one.table),
        one: not_null(ones.get(name)),
        other: not_null(others.get(name)),
    };
    differing.map(of).collect()
}
