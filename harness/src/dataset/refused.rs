//! What the server says while a table is filled, as its reader needs it: what to change, and where.

use pgrehearse_scenarios::diagnostic::Diagnostic;
use pgrehearse_scenarios::source::Place;

use super::plan::{Checked, TablePlan};
use crate::error::Error;
use crate::postgres::words_of;

/// An error of the server while a table is filled: where it is about the values (SQLSTATE classes 22 and 23), the
/// profile is what has to change.
pub(super) fn refused(plan: &TablePlan, doing: &str, error: &tokio_postgres::Error) -> Error {
    let table = plan.full_name();
    let message = format!("{doing} {table}: {}", words_of(error));
    let Some(said) = error.as_db_error() else { return Error::Environment(message) };
    let code = said.code().code();
    if !(code.starts_with("22") || code.starts_with("23")) {
        return Error::Environment(message);
    }
    // The failing row is in the server's words, unless a domain refused a value before there was a row.
    let message = match (said.detail(), said.where_()) {
        (None, Some(context)) => format!("{message}; {}", context.lines().next().unwrap_or_default()),
        _ => message,
    };
    let broken = said.constraint().filter(|_| code == "23514").and_then(|name| plan.checked(name));
    let (place, help) = match broken {
        Some(check) => broken_check(plan, check),
        None => (plan.place().clone(), help(code, said.constraint())),
    };
    // A table that nobody named has rows because all have.
    let help = match &place.source {
        Some(_) => help,
        None => format!("{help}; --rows {}=0 leaves the table empty", table.trim_start_matches("public.")),
    };
    Error::Scenario(vec![Diagnostic::error(place, message).help(help)])
}

/// What to do about an SQLSTATE.
fn help(code: &str, constraint: Option<&str>) -> String {
    let rule = constraint.unwrap_or("what the schema demands");
    match code {
        "23514" if constraint.is_none() => {
            "no partition takes it: add one to the schema of the scenario, or declare values that the partitions take"
                .to_owned()
        }
        "23514" | "23P01" => format!(
            "values are not made after {rule}: declare some that satisfy it (most_common, histogram_bounds, null_frac), \
             or drop it from the schema of the scenario"
        ),
        "23505" => format!(
            "values are not made different for {rule}: declare n_distinct = -1 or less null_frac for a column of it, or \
             drop it from the schema of the scenario"
        ),
        "23502" => "a default or a domain gave NULL: declare null_frac = 0 for the column, or give it a default in the \
             schema of the scenario"
            .to_owned(),
        _ => "an expression of the schema (an index, a generated column, a default) refuses a value: declare values \
             that it takes (most_common, histogram_bounds), or drop it from the schema of the scenario"
            .to_owned(),
    }
}

/// Where the columns of a CHECK are declared, and what to declare there.
fn broken_check(plan: &TablePlan, check: &Checked) -> (Place, String) {
    let table = plan.full_name();
    let declared = check.columns.iter().find_map(|(_, place)| place.clone());
    let names: Vec<&str> = check.columns.iter().map(|(name, _)| name.as_str()).collect();
    let first = names.first().copied().unwrap_or("the column");
    let (name, condition, columns) = (&check.name, &check.condition, names.join(", "));
    let under = match &declared {
        Some(_) => "here".to_owned(),
        None => format!("under [tables.{}.columns.{first}]", table.strip_prefix("public.").unwrap_or(&table)),
    };
    let help = format!(
        "no values are made after CHECK {name} {condition}, which reads {columns}: declare values of {first} that \
         satisfy it {under}, as most_common = {{ value = 1.0, … }} or histogram_bounds = [ … ], or drop the \
         constraint from the schema of the scenario"
    );
    (declared.unwrap_or_else(|| plan.place().clone()), help)
}
