//! `--rows users=5M`, and `--rows 1M` for all that are not named.

use pgrehearse_scenarios::quantity::parse_rows;

/// A table's name (none: every table that is named nowhere) and its number of rows.
pub(super) fn parse(text: &str) -> Result<(Option<String>, u64), String> {
    let (table, rows) = match text.split_once('=') {
        Some((table, rows)) => (Some(table), rows),
        None => (None, text),
    };
    if table.is_some_and(str::is_empty) {
        return Err("the table's name is missing: write it as TABLE=ROWS, for instance users=5M".to_owned());
    }
    let rows = parse_rows(rows).map_err(|bad| match table {
        Some(_) => bad.to_string(),
        None => format!("{bad}; for one table write TABLE=ROWS, for instance users=5M"),
    })?;
    Ok((table.map(str::to_owned), rows))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn tables_and_rows() {
        assert_eq!(parse("users=5M"), Ok((Some("users".to_owned()), 5_000_000)));
        assert_eq!(parse("app.users=10"), Ok((Some("app.users".to_owned()), 10)));
        assert_eq!(parse("250k"), Ok((None, 250_000)));
        assert!(parse("users").is_err());
        assert!(parse("=5").is_err());
        assert!(parse("users=many").is_err());
    }
}
