//! `--rows users=5M`

use pgrehearse_scenarios::quantity::parse_rows;

/// A table's name and its number of rows.
pub(super) fn parse(text: &str) -> Result<(String, u64), String> {
    let (table, rows) = text.split_once('=').ok_or("write it as TABLE=ROWS, for instance users=5M")?;
    if table.is_empty() {
        return Err("the table's name is missing: write it as TABLE=ROWS, for instance users=5M".to_owned());
    }
    let rows = parse_rows(rows).map_err(|bad| bad.to_string())?;
    Ok((table.to_owned(), rows))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn tables_and_rows() {
        assert_eq!(parse("users=5M"), Ok(("users".to_owned(), 5_000_000)));
        assert_eq!(parse("app.users=10"), Ok(("app.users".to_owned(), 10)));
        assert!(parse("users").is_err());
        assert!(parse("=5").is_err());
        assert!(parse("users=many").is_err());
    }
}
