//! Which table of the schema a name in the profile means, and what was probably meant where there is none.

use crate::postgres::shape::TableShape;

/// Why a name means no table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotFound {
    /// No such table; a name that is close, if there is one.
    Unknown(Option<String>),
    /// Tables of that name in several schemas, none of them `public`.
    Ambiguous(Vec<String>),
}

/// The position of the table that `name` (`table` or `schema.table`) means. A name without a schema means the table in
/// `public`, or the only one of that name.
pub(super) fn table(name: &str, tables: &[TableShape]) -> Result<usize, NotFound> {
    if let Some(at) = tables.iter().position(|table| table.full_name() == name) {
        return Ok(at);
    }
    let named: Vec<usize> = (0..tables.len()).filter(|&at| tables[at].name == name).collect();
    if let Some(&at) = named.iter().find(|&&at| tables[at].schema == "public") {
        return Ok(at);
    }
    match named[..] {
        [at] => Ok(at),
        [] => {
            let plain = tables.iter().map(|table| table.name.as_str());
            let full: Vec<String> = tables.iter().map(TableShape::full_name).collect();
            let candidates = plain.chain(full.iter().map(String::as_str));
            Err(NotFound::Unknown(similar(name, candidates).map(str::to_owned)))
        }
        _ => Err(NotFound::Ambiguous(named.into_iter().map(|at| tables[at].full_name()).collect())),
    }
}

/// The candidate that differs from `name` by the fewest letters, if that is few enough to be a slip.
pub(super) fn similar<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove, replace or swap with their neighbour to make one word the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
    for (at, letter) in one.iter().enumerate() {
        let mut row = vec![at + 1];
        for (column, wanted) in other.iter().enumerate() {
            let replaced = rows[at][column] + usize::from(letter != wanted);
            let mut best = replaced.min(rows[at][column + 1] + 1).min(row[column] + 1);
            if at > 0 && column > 0 && *letter == other[column - 1] && one[at - 1] == *wanted {
                best = best.min(rows[at - 1][column - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(names: &[(&str, &str)]) -> Vec<TableShape> {
        let shape = |&(schema, name): &(&str, &str)| TableShape {
            oid: 1,
            schema: schema.into(),
            name: name.into(),
            ..TableShape::default()
        };
        names.iter().map(shape).collect()
    }

    #[test]
    fn names_resolve() {
        let tables =
            tables(&[("app", "users"), ("public", "users"), ("app", "orders"), ("a", "log"), ("b", "log")]);
        assert_eq!(table("users", &tables), Ok(1));
        assert_eq!(table("app.users", &tables), Ok(0));
        assert_eq!(table("orders", &tables), Ok(2));
        assert_eq!(table("log", &tables), Err(NotFound::Ambiguous(vec!["a.log".into(), "b.log".into()])));
        assert_eq!(table("ordres", &tables), Err(NotFound::Unknown(Some("orders".into()))));
        assert_eq!(table("app.user", &tables), Err(NotFound::Unknown(Some("app.users".into()))));
        assert_eq!(table("payments", &tables), Err(NotFound::Unknown(None)));
    }

    #[test]
    fn slips_are_recognised() {
        assert_eq!(similar("emial", ["id", "email", "name"]), Some("email"));
        assert_eq!(similar("Name", ["id", "email", "name"]), Some("name"));
        assert_eq!(similar("zip", ["id", "email", "name"]), None);
    }
}
