//! `COPY … FROM stdin` and the rows that follow it.

use std::ops::Range;

use super::lexer;
use super::words::Words;

/// True for a COPY that reads its rows from the script.
pub(super) fn reads_rows(words: &Words<'_>) -> bool {
    // The server takes `FROM stdout` for a slip of the pen, and reads as well.
    words.is(0, "copy")
        && words.find(1, &["from"]).is_some_and(|from| words.is_any(from + 1, &["stdin", "stdout"]))
}

/// The rows that follow a COPY.
pub(super) struct Rows {
    /// The rows' bytes, the last line end included, the closing `\.` not.
    pub(super) span: Range<usize>,
    /// Where the script goes on.
    pub(super) end: usize,
    /// False where the text ends before a line with `\.` alone.
    pub(super) closed: bool,
    /// Something that stands behind the COPY on its own line; psql would run it after the rows.
    pub(super) stray: Option<Range<usize>>,
}

/// Finds the rows of a COPY that ends at byte `at`: they begin on the next line.
pub(super) fn rows_after(text: &str, at: usize) -> Rows {
    let line_end = |from: usize| text[from..].find('\n').map_or(text.len(), |found| from + found + 1);
    let start = line_end(at);
    let mut end = start;
    let mut closed = false;
    let mut row = start;
    while row < text.len() && !closed {
        let next = line_end(row);
        closed = matches!(&text[row..next], "\\.\n" | "\\.\r\n" | "\\." | "\\.\r");
        end = if closed { row } else { next };
        row = next;
    }
    Rows { span: start..end, end: row, closed, stray: stray(text, at, start) }
}

/// The first thing between `at` and `line_end` that is more than a comment.
fn stray(text: &str, at: usize, line_end: usize) -> Option<Range<usize>> {
    let mut at = at;
    while at < line_end {
        let token = lexer::token_at(text, at, true)?;
        // A blank may well reach over the end of the line, into the rows.
        let is_blank = text.as_bytes().get(at).is_some_and(|&byte| lexer::is_space(byte));
        if token.kind.is_significant() || (!is_blank && token.span.end > line_end) {
            return Some(token.span.start..token.span.end.min(line_end));
        }
        at = token.span.end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_which_copies_read_the_script() {
        let cases = [
            ("COPY t FROM stdin", true),
            ("copy public.\"T\" (a, \"from\") from STDIN with (format csv, header)", true),
            ("COPY t (a) FROM stdout", true),
            ("COPY BINARY t FROM STDIN", true),
            ("COPY t TO stdout", false),
            ("COPY (SELECT 1 FROM stdin) TO stdout", false),
            ("COPY t FROM '/tmp/stdin'", false),
            ("COPY t FROM PROGRAM 'stdin'", false),
            ("COPY \"from\" TO stdin", false),
            ("SELECT a FROM stdin", false),
        ];
        for (sql, expected) in cases {
            assert_eq!(reads_rows(&Words::of(sql, true)), expected, "{sql}");
        }
    }

    #[test]
    fn rows_end_at_the_dot_alone_on_its_line() {
        let text = "; -- go\n1\t\\.\n\\.x\n\n\\.\nSELECT 1;";
        let rows = rows_after(text, 1);
        assert_eq!(&text[rows.span], "1\t\\.\n\\.x\n\n");
        assert_eq!((&text[rows.end..], rows.closed, rows.stray), ("SELECT 1;", true, None));
    }

    #[test]
    fn rows_without_an_end_reach_to_the_end_of_the_text() {
        for (text, expected) in [(";\n1\n2", "1\n2"), (";", ""), (";\n", ""), (";\n1\n", "1\n")] {
            let rows = rows_after(text, 1);
            assert_eq!((&text[rows.span], rows.closed, rows.end), (expected, false, text.len()), "{text:?}");
        }
        assert!(rows_after(";\r\n\\.", 1).closed);
    }

    #[test]
    fn what_shares_the_line_of_the_copy_is_found() {
        for (text, expected) in [
            ("; SELECT 1;\n\\.\n", Some("SELECT")),
            ("; /* over\nlines */\n\\.\n", Some("/* over\n")),
            ("; /* one */ -- two\n  1\n\\.\n", None),
        ] {
            assert_eq!(rows_after(text, 1).stray.map(|span| &text[span]), expected, "{text:?}");
        }
    }
}
