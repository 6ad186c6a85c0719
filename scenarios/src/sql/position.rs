//! From the server's error position to a place in the file.

use std::sync::Arc;

use super::{Statement, lexer};
use crate::source::{Place, Source};

/// The place that the server means by an error position in `statement`.
///
/// `char_index` counts characters of the statement's text from 1, as the server's error field `P` does. The
/// place spans the token that stands there, or its first line; beyond the end (`syntax error at end of input`) it is empty and
/// right behind the statement.
pub fn position(source: &Arc<Source>, statement: &Statement, char_index: usize) -> Place {
    let text = &statement.text;
    let at = text.char_indices().nth(char_index.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    let token = lexer::tokens(text, statement.standard_strings).find(|token| token.span.contains(&at));
    let span = match token {
        Some(token) if token.span.start == at => {
            // A function's body is one token; its first line is enough to show.
            let first_line = text[token.span.clone()].lines().next().unwrap_or_default();
            at..at + first_line.len()
        }
        // Inside a string or a comment: the character alone.
        Some(_) => at..at + text[at..].chars().next().map_or(0, char::len_utf8),
        None => text.len()..text.len(),
    };
    Place::new(source, statement.offset + span.start..statement.offset + span.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::split;

    fn at(text: &str, statement: usize, char_index: usize) -> (usize, String) {
        let source = Arc::new(Source { path: "a.sql".to_owned(), text: text.to_owned() });
        let (statements, _) = split(&source);
        let place = position(&source, &statements[statement], char_index);
        assert_eq!(place.source.as_ref(), Some(&source));
        (place.span.start, text[place.span].to_owned())
    }

    #[test]
    fn counts_characters_and_spans_the_token() {
        let text = "-- Größe\nSELECT 1;\n/* é */ SELECT 'größe', missing FROM t;";
        let start = text.find("missing").unwrap_or_default();
        assert_eq!(at(text, 1, 17), (start, "missing".to_owned()));
        assert_eq!(at(text, 0, 1).1, "SELECT");
    }

    #[test]
    fn a_place_in_a_string_is_one_character() {
        assert_eq!(at("SELECT 'aöb'", 0, 10).1, "ö");
    }

    #[test]
    fn beyond_the_end_is_right_behind_the_statement() {
        assert_eq!(at("SELECT ;", 0, 7), (6, String::new()));
        assert_eq!(at("SELECT ;", 0, usize::MAX), (6, String::new()));
        assert_eq!(at("SELECT ;", 0, 0).1, "SELECT");
    }
}
