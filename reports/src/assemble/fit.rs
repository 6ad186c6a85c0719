//! Whether records are of the same rehearsals, so that they can be put into one report.

use std::collections::BTreeMap;

use serde_json::Value;

use super::opened::Opened;
use crate::event::BudgetDeclared;
use crate::model::environment::Environment;
use crate::record::{RecordError, Told};
use crate::units;

/// Refuses records of other scenarios, other data or other limits, and the same record twice.
pub(super) fn check(records: &[Opened]) -> Result<(), RecordError> {
    for (index, other) in records.iter().enumerate() {
        for (before, one) in records.iter().enumerate().take(index) {
            if one.entries == other.entries {
                return Err(RecordError::Twice { one: before + 1, other: index + 1 });
            }
            if let Some((what, of_one, of_other)) = difference(one, other) {
                let told = |value: String, index: usize, of: &Opened| Told {
                    value,
                    record: index + 1,
                    started_at: of.run.started_at.clone(),
                };
                let both = Box::new([told(of_one, before, one), told(of_other, index, other)]);
                return Err(RecordError::Apart { what, both });
            }
        }
    }
    Ok(())
}

/// What differs first, and what it is in each.
fn difference(one: &Opened, other: &Opened) -> Option<(String, String, String)> {
    let told = |what: &str, one: &str, other: &str| {
        (one != other).then(|| (what.to_owned(), one.to_owned(), other.to_owned()))
    };
    told("the scenario fingerprint", &one.started.fingerprint, &other.started.fingerprint)
        .or_else(|| {
            // Where loading did not end there is no rehearsal either.
            let (one, other) = (one.dataset_fingerprint()?, other.dataset_fingerprint()?);
            told("the dataset fingerprint", one, other)
        })
        .or_else(|| told("the scale", &one.started.scale.to_string(), &other.started.scale.to_string()))
        .or_else(|| {
            let (ones, others) = (limits(&one.started.budget), limits(&other.started.budget));
            ones.iter().find_map(|(limit, one)| {
                let other = others.get(limit).map_or_else(String::new, Value::to_string);
                told(&format!("budget.{limit}"), &one.to_string(), &other)
            })
        })
}

fn limits(budget: &BudgetDeclared) -> BTreeMap<String, Value> {
    match serde_json::to_value(budget) {
        Ok(Value::Object(limits)) => limits.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

/// What of the environments is not the same in all runs, in words; none where everything is.
pub(super) fn environments_apart(environments: &[Option<Environment>]) -> Option<String> {
    type Said = fn(&Environment) -> String;
    let unknown = || "unknown".to_owned();
    let aspects: [(&str, Said); 5] = [
        ("server version", |environment| environment.server_version.clone()),
        ("provider", |environment| environment.provider.clone()),
        ("processors", |environment| {
            environment.cpus.map_or_else(|| "unknown".to_owned(), |cpus| cpus.to_string())
        }),
        ("memory", |environment| environment.memory_bytes.map_or_else(|| "unknown".to_owned(), units::bytes)),
        ("settings", |environment| {
            let settings = environment.settings.iter().flatten();
            settings.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
        }),
    ];
    let differing = aspects.into_iter().filter_map(|(name, said)| {
        let of_each = environments.iter().map(|environment| environment.as_ref().map_or_else(unknown, said));
        let of_each: Vec<String> = of_each.collect();
        let is_alike = of_each.windows(2).all(|two| two[0] == two[1]);
        let numbered = of_each.iter().enumerate().map(|(run, said)| format!("{said} in run {}", run + 1));
        (!is_alike).then(|| format!("{name} ({})", numbered.collect::<Vec<_>>().join(", ")))
    });
    let differing: Vec<String> = differing.collect();
    (!differing.is_empty()).then(|| {
        format!(
            "The runs were not made under the same conditions, so strategies are compared only within each: {}",
            differing.join("; ")
        )
    })
}
