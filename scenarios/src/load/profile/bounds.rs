//! `histogram_bounds` and `elem_count_histogram`: equi-depth bounds.

use toml::de::DeValue;

use crate::load::toml_tree::{Node, scalar};
use crate::profile::Bound;

/// No array of PostgreSQL has more elements (`MaxArraySize`).
const ELEMENTS_MAX: u64 = 134_217_727;

/// Bounds of values, as written; whether they ascend is for the column's type to say.
pub(super) fn of_values(node: &Node<'_>) -> Option<Vec<Bound>> {
    let items = node.items()?;
    enough(node, items.len());
    let mut bounds = Vec::new();
    for item in &items {
        match item.value() {
            DeValue::Boolean(_) | DeValue::Array(_) | DeValue::Table(_) => {
                item.mistyped("a string, a number or a date");
            }
            value => bounds.extend(scalar(value).map(|value| Bound { value, place: item.place() })),
        }
    }
    Some(bounds)
}

/// Bounds of the number of elements of arrays; equal ones are many arrays of one length.
pub(super) fn of_element_counts(node: &Node<'_>) -> Option<Vec<u32>> {
    let items = node.items()?;
    enough(node, items.len());
    let mut counts: Vec<u32> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if index > 1 && index + 1 == items.len() && matches!(item.value(), DeValue::Float(_)) {
            item.wrong_with(
                format!("{} must be an integer, not a float", item.label()),
                "the last number in pg_stats is the average of all, not a bound: leave it out",
            );
            continue;
        }
        let Some(count) = item.integer(0..=ELEMENTS_MAX).and_then(|count| u32::try_from(count).ok()) else {
            continue;
        };
        if let Some(before) = counts.last().filter(|before| **before > count) {
            item.wrong_with(
                format!("the bound {count} is below the one before it, {before}"),
                format!("write `{}` in ascending order", node.key()),
            );
        }
        counts.push(count);
    }
    Some(counts)
}

fn enough(node: &Node<'_>, bounds: usize) {
    if bounds < 2 {
        node.wrong(format!("`{}` needs at least 2 bounds, not {bounds}", node.key()));
    }
}
