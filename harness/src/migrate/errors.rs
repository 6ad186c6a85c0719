//! An error of the server, with the place in the migration file that it points at.

use pgrehearse_reports::event::SqlError;
use pgrehearse_scenarios::Step;
use pgrehearse_scenarios::sql::{self, Statement};

use crate::postgres::position_of;

/// The error of a statement of `step`; without a statement, that of its COMMIT.
pub(super) fn of(error: &tokio_postgres::Error, step: &Step, statement: Option<&Statement>) -> SqlError {
    let Some(said) = error.as_db_error() else {
        let message = error.to_string();
        return SqlError { sqlstate: None, message, detail: None, hint: None, line: None, snippet: None };
    };
    let position = position_of(error);
    let place = statement.map(|statement| {
        let offset = match position {
            Some(position) => sql::position(&step.file.source, statement, position).span.start,
            None => statement.offset,
        };
        snippet(&step.file.source.text, offset, position.is_some())
    });
    SqlError {
        sqlstate: Some(said.code().code().to_owned()),
        message: said.message().to_owned(),
        detail: said.detail().map(str::to_owned),
        hint: said.hint().map(str::to_owned),
        line: place.as_ref().map(|(line, _)| *line),
        snippet: place.map(|(_, snippet)| snippet),
    }
}

/// The line of `text` that holds byte `offset`, its number, and a mark under the place if it is `exact`.
fn snippet(text: &str, offset: usize, exact: bool) -> (u32, String) {
    const CHARACTERS_MAX: usize = 160;
    let before = text.get(..offset).unwrap_or(text);
    let number = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let column = before[start..].chars().count();
    // A very long line is cut around the place.
    let skipped = column.saturating_sub(CHARACTERS_MAX / 2);
    let shown: String = line.chars().skip(skipped).take(CHARACTERS_MAX).collect();
    let mut snippet = format!("{number} | {}", shown.trim_end());
    if exact {
        // Tabs are kept, so that the mark stands under the place whatever their width.
        let pad: String = line
            .chars()
            .skip(skipped)
            .take(column - skipped)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let margin = " ".repeat(number.to_string().len());
        snippet.push_str(&format!("\n{margin} | {pad}^"));
    }
    (u32::try_from(number).unwrap_or(u32::MAX), snippet)
}

#[cfg(test)]
mod tests {
    use super::snippet;

    #[test]
    fn the_mark_stands_under_the_place() {
        let text = "SELECT 1;\nALTER TABLE userz\n  ADD x int;\n";
        let at = text.find("userz").unwrap();
        assert_eq!(snippet(text, at, true), (2, "2 | ALTER TABLE userz\n  |             ^".to_owned()));
        assert_eq!(snippet(text, at, false), (2, "2 | ALTER TABLE userz".to_owned()));
    }

    #[test]
    fn tabs_and_long_lines_keep_the_mark_in_place() {
        assert_eq!(snippet("\tÄ oops", 4, true).1, "1 | \tÄ oops\n  | \t  ^");
        let long = format!("SELECT {} oops", "é, ".repeat(200));
        let (line, shown) = snippet(&long, long.find("oops").unwrap(), true);
        assert_eq!(line, 1);
        let mut lines = shown.lines();
        let (code, mark) = (lines.next().unwrap(), lines.next().unwrap());
        let column = mark.chars().position(|c| c == '^').unwrap();
        assert_eq!(code.chars().skip(column).collect::<String>(), "oops");
    }

    #[test]
    fn a_place_at_the_end_or_beyond_is_the_last_line() {
        assert_eq!(snippet("a\nb", 3, true).0, 2);
        assert_eq!(snippet("", 10, true), (1, "1 | \n  | ^".to_owned()));
    }
}
