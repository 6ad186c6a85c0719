//! What the renderers say of the checks of the data.

use crate::fidelity::{Failure, failures};
use crate::model::dataset::{Check, Dataset, Gate, NotMeasured, Table};
use crate::render::words::NOT_MEASURED;
use crate::units;

/// Whether the data is what was declared, in one line.
pub(in crate::render) fn fidelity(dataset: &Dataset) -> String {
    let Some(fidelity) = &dataset.fidelity else { return NOT_MEASURED.to_owned() };
    let checks = units::plural(fidelity.checks, "check", "checks");
    let mut line = if fidelity.failed > 0 {
        let hold = if fidelity.failed == 1 { "DOES" } else { "DO" };
        format!("{} OF {} {hold} NOT HOLD", fidelity.failed, checks.to_uppercase())
    } else if fidelity.checks == 1 {
        "the only check holds".to_owned()
    } else {
        format!("all {checks} hold")
    };
    if fidelity.not_measured > 0 {
        line.push_str(&format!("; {} more could not be made", units::count(fidelity.not_measured)));
    }
    let unchecked = dataset.tables.iter().filter(|table| table.checks.is_empty()).count();
    if unchecked > 0 && fidelity.failed == 0 {
        line.push_str(&format!("; {} not checked", units::plural(unchecked as u64, "table", "tables")));
    }
    line
}

/// The checks that failed, the worst first, one line each.
pub(in crate::render) fn failed_checks(dataset: &Dataset) -> Vec<String> {
    failures(dataset).iter().map(failure).collect()
}

fn failure(failure: &Failure<'_>) -> String {
    let column = failure.column.map_or_else(String::new, |column| format!(".{column}"));
    let check = failure.check;
    format!(
        "{}{column} {}: {} declared, {} measured, tolerance: {}",
        failure.table,
        check.metric,
        number(check.declared),
        number(check.measured),
        tolerance(check)
    )
}

/// The checks of a table with the columns that they are about, what the profile itself says first.
pub(in crate::render) fn checks(table: &Table) -> Vec<(&str, &Check)> {
    let of_table = table.checks.iter().map(|check| ("", check));
    let of_columns = table
        .columns
        .iter()
        .flat_map(|column| column.checks.iter().map(move |check| (column.name.as_str(), check)));
    let mut all: Vec<(&str, &Check)> = of_table.chain(of_columns).collect();
    all.sort_by_key(|(_, check)| !check.declared_in_profile);
    all
}

/// What could not be checked of a table, with the columns that it is about.
pub(in crate::render) fn not_measured(table: &Table) -> Vec<(&str, &NotMeasured)> {
    let of_table = table.not_measured.iter().map(|gap| ("", gap));
    let of_columns = table
        .columns
        .iter()
        .flat_map(|column| column.not_measured.iter().map(move |gap| (column.name.as_str(), gap)));
    of_table.chain(of_columns).collect()
}

/// A check after the column's name: metric, declared, measured, tolerance, how it ended.
pub(in crate::render) fn check_cells(check: &Check) -> Vec<String> {
    let tolerance = tolerance(check);
    let ended = if check.ok { "✓" } else { "✗" };
    vec![check.metric.clone(), number(check.declared), number(check.measured), tolerance, ended.to_owned()]
}

/// What a double makes of a decimal number is no tolerance.
fn tolerance(check: &Check) -> String {
    let exact = check.gate == Gate::Count && check.tolerance <= check.declared.abs() * 1e-11;
    if exact { "exact".to_owned() } else { number(check.tolerance) }
}

/// A number with the digits that matter: whole numbers whole, fractions with four.
pub(in crate::render) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        return value.to_string();
    }
    if magnitude >= 1000.0 || (magnitude.fract() == 0.0 && magnitude < 1e18) {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", units::count(magnitude.round() as u64));
    }
    if magnitude < 1e-3 {
        return format!("{value:.1e}");
    }
    let decimals = (3.0 - magnitude.log10().floor()).clamp(0.0, 5.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_the_digits_that_matter() {
        let cases = [
            (0.0, "0"),
            (0.35, "0.35"),
            (0.940_833_3, "0.9408"),
            (-0.014_212, "-0.01421"),
            (0.000_002, "2.0e-6"),
            (120.04, "120"),
            (30.3554, "30.36"),
            (4_999.99, "5,000"),
            (-1.0, "-1"),
            (1_451_606_400_000_000.0, "1,451,606,400,000,000"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text, "{value}");
        }
    }
}
