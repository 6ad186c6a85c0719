//! What became of a schema, from an earlier state to a later one.

use super::of_schema;
use crate::event::StateSeen;
use crate::model::comparison::{EndDifference, HowDifferent};

/// What became of a schema.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Everything that is otherwise. A table whose columns came or went is not told besides them.
    pub(crate) differences: Vec<EndDifference>,
    /// Tables that have the columns that they had, in another order. PostgreSQL adds columns at the end alone, so that none
    /// that was dropped can come back to its place; only `SELECT *` and an INSERT without names can tell.
    pub(crate) reordered: Vec<String>,
}

/// What became of the schema.
pub(crate) fn changes(earlier: &StateSeen, later: &StateSeen) -> Changes {
    let mut changes = Changes::default();
    for difference in of_schema(earlier, later) {
        match columns_alone(&difference) {
            Some(true) => changes.reordered.push(difference.name),
            Some(false) => {}
            None => changes.differences.push(difference),
        }
    }
    changes
}

/// Whether two definitions of a table differ in the order of their columns alone (true), or in which columns they have
/// (false), which the columns tell themselves; none where anything else differs.
fn columns_alone(difference: &EndDifference) -> Option<bool> {
    if difference.kind != "table" || difference.how != HowDifferent::DefinedDifferently {
        return None;
    }
    let (mut ones, one) = taken_apart(difference.one.as_deref()?)?;
    let (mut others, other) = taken_apart(difference.other.as_deref()?)?;
    ones.sort_unstable();
    others.sort_unstable();
    (one == other).then_some(ones == others)
}

/// The names in the list of columns, and the definition without it; none where it has no such list.
fn taken_apart(definition: &str) -> Option<(Vec<&str>, String)> {
    let from = definition.find('(')?;
    let mut quoted = false;
    let mut name_from = from + 1;
    let mut names = Vec::new();
    for (at, letter) in definition.char_indices().skip_while(|(at, _)| *at <= from) {
        match letter {
            '"' => quoted = !quoted,
            ',' | ')' if !quoted => {
                names.push(definition.get(name_from..at)?.trim());
                name_from = at + 1;
                if letter == ')' {
                    let rest = definition.get(at + 1..)?;
                    return Some((names, format!("{}{rest}", definition.get(..from)?)));
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Moment;
    use crate::sample::repeated::object;

    fn state(table: &str, columns: &[&str]) -> StateSeen {
        let mut objects = vec![object("table", "public.users", table)];
        objects.extend(columns.iter().map(|name| object("column", &format!("public.users: {name}"), "text")));
        StateSeen { moment: Moment::Before, objects, tables: None, not_read: None }
    }

    #[test]
    fn a_column_that_came_back_is_at_the_end_and_no_difference() {
        let before = state("TABLE (id, username, email) owned by app", &["id", "username", "email"]);
        let after = state("TABLE (id, email, username) owned by app", &["id", "email", "username"]);
        let changes = changes(&before, &after);
        assert_eq!((changes.differences, changes.reordered), (vec![], vec!["public.users".to_owned()]));
    }

    #[test]
    fn a_column_that_came_is_told_once() {
        let before = state("TABLE (id, \"a,b)\") owned by app", &["id", "\"a,b)\""]);
        let after = state("TABLE (id, \"a,b)\", role) owned by app", &["id", "\"a,b)\"", "role"]);
        let changes = changes(&before, &after);
        let told: Vec<String> = changes.differences.iter().map(EndDifference::as_change).collect();
        assert_eq!(
            (told, changes.reordered),
            (vec!["column public.users: role is there and was not".to_owned()], vec![])
        );
    }

    #[test]
    fn another_owner_is_a_difference() {
        let changes = changes(&state("TABLE (id) owned by app", &[]), &state("TABLE (id) owned by b", &[]));
        assert_eq!(changes.differences.len(), 1);
    }
}
