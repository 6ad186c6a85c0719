//! One column of the profile.

use super::{bounds, column_checks, depends_on, fan_out, most_common, toasted};
use crate::load::keys;
use crate::load::toml_tree::Node;
use crate::profile::{ColumnProfile, Generator};

/// Reads a column of a table of that many rows.
pub(super) fn read(node: &Node<'_>, rows: Option<u64>) -> Option<ColumnProfile> {
    let table = node.table(&keys::COLUMN)?;
    let place = |key| table.get(key).map(|node| node.place());
    let common = most_common::read(table.get("most_common"), table.get("most_common_freqs"));
    let column = ColumnProfile {
        name: node.key().to_owned(),
        null_frac: table.get("null_frac").and_then(|node| node.number_between(0.0, 1.0)),
        n_distinct: table.get("n_distinct").and_then(|node| n_distinct(&node)),
        most_common: common.values,
        most_common_freqs: common.freqs,
        histogram_bounds: table
            .get("histogram_bounds")
            .and_then(|node| bounds::of_values(&node))
            .unwrap_or_default(),
        correlation: table.get("correlation").and_then(|node| node.number_between(-1.0, 1.0)),
        avg_width: table.get("avg_width").and_then(|node| node.number_above_zero()),
        generator: table.get("generator").and_then(|node| node.word(Generator::ALL)),
        toasted: table.get("toasted").and_then(|node| toasted::read(&node)),
        elem_count_histogram: table
            .get("elem_count_histogram")
            .and_then(|node| bounds::of_element_counts(&node))
            .unwrap_or_default(),
        fan_out: table.get("fan_out").and_then(|node| fan_out::read(&node)),
        depends_on: table.get("depends_on").and_then(|on| depends_on::read(&on, node.key())),
        place: node.key_place(),
        n_distinct_place: place("n_distinct"),
        most_common_place: place("most_common"),
        most_common_freqs_place: common.freqs_place,
        histogram_bounds_place: place("histogram_bounds"),
        correlation_place: place("correlation"),
        avg_width_place: place("avg_width"),
        generator_place: place("generator"),
        null_frac_place: place("null_frac"),
        elem_count_histogram_place: place("elem_count_histogram"),
    };
    if table.get("fan_out").is_some() {
        node.problems().extend(column_checks::of_reference(&column));
        node.problems().extend(fan_out::contradictions(&column));
        node.problems().extend(fan_out::too_few_rows(&column, rows));
    } else {
        node.problems().extend(column_checks::check(&column, rows));
    }
    node.problems().extend(toasted::contradiction(&column));
    Some(column)
}

fn n_distinct(node: &Node<'_>) -> Option<f64> {
    let number = node.number()?;
    if number == 0.0 {
        node.wrong("`n_distinct` cannot be 0");
    } else if number < -1.0 {
        node.wrong_with(
            format!("`n_distinct` cannot be below -1, as {number} is"),
            "a negative n_distinct is a fraction of the rows: -1 is unique, -0.5 gives every value two rows",
        );
    } else if number > 0.0 && number.fract() != 0.0 {
        node.wrong_with(
            format!("`n_distinct` must be a whole number of values, not {number}"),
            format!("a fraction of the rows is negative: n_distinct = -{number}"),
        );
    } else {
        return Some(number);
    }
    None
}
