//! `most_common` and `most_common_freqs`: what makes up a large part of the rows.

use toml::de::DeValue;

use crate::load::toml_tree::Node;
use crate::profile::MostCommon;
use crate::source::Place;

/// Most common values, most frequent first.
#[derive(Debug, Default)]
pub(super) struct Common {
    /// Those that are declared with their value.
    pub(super) values: Vec<MostCommon>,
    /// Frequencies of those whose value is left to the generator.
    pub(super) freqs: Vec<f64>,
    /// Where `freqs` stand.
    pub(super) freqs_place: Option<Place>,
}

/// Reads `most_common = { a = 0.4 }` or `most_common = [0.4]`, and `most_common_freqs = [0.4]`, which may stand beside
/// the former.
pub(super) fn read(common: Option<Node<'_>>, freqs: Option<Node<'_>>) -> Common {
    let mut read = Common::default();
    let listed = match common {
        Some(node) if node.value().is_table() => {
            read.values = values(&node).unwrap_or_default();
            None
        }
        Some(node) if node.value().is_array() => Some(node),
        Some(node) => {
            node.mistyped("a table of values with their frequency, or an array of frequencies");
            None
        }
        None => None,
    };
    if let (Some(_), Some(freqs)) = (&listed, &freqs) {
        freqs.wrong_with(
            "`most_common` and `most_common_freqs` are both lists of frequencies",
            "write them in one list",
        );
    }
    for node in listed.into_iter().chain(freqs) {
        read.freqs = frequencies(&node).unwrap_or_default();
        read.freqs_place = Some(node.place());
    }
    read
}

/// All of them, or none where one is wrong: what follows from them would be wrong too.
fn values(node: &Node<'_>) -> Option<Vec<MostCommon>> {
    // A value may be blank, other than a name.
    let entries = node.all_entries();
    if entries.is_empty() {
        node.wrong("`most_common` is empty");
        return None;
    }
    let read: Vec<_> = entries.iter().map(value).collect();
    let mut values = read.into_iter().collect::<Option<Vec<_>>>()?;
    values.sort_by(|a, b| b.frequency.total_cmp(&a.frequency));
    Some(values)
}

fn value(entry: &Node<'_>) -> Option<MostCommon> {
    if let DeValue::Table(inner) = entry.value() {
        let rest = inner.keys().next().map_or("", |key| key.get_ref().as_ref());
        entry.wrong_at_key(
            format!("the frequency of `{}` must be a number, not a table", entry.key()),
            format!("put a value with a dot in quotes: \"{}.{rest}\" = 0.5", entry.key()),
        );
        return None;
    }
    let frequency = entry.number_between(0.0, 1.0)?;
    if frequency == 0.0 {
        entry.wrong(format!("the frequency of `{}` must be greater than 0", entry.key()));
        return None;
    }
    Some(MostCommon { value: entry.key().to_owned(), frequency })
}

fn frequencies(node: &Node<'_>) -> Option<Vec<f64>> {
    let items = node.items()?;
    if items.is_empty() {
        node.wrong(format!("`{}` is empty", node.key()));
        return None;
    }
    let read: Vec<_> = items.iter().map(frequency).collect();
    let mut freqs = read.into_iter().collect::<Option<Vec<_>>>()?;
    freqs.sort_by(|a, b| b.total_cmp(a));
    Some(freqs)
}

fn frequency(item: &Node<'_>) -> Option<f64> {
    let frequency = item.number_between(0.0, 1.0)?;
    if frequency == 0.0 {
        item.wrong(format!("{} must be greater than 0", item.label()));
    }
    (frequency > 0.0).then_some(frequency)
}
