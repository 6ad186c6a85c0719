//! Source texts and places in them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;

/// A text that was read, with the name people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as people should see it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A text with the name people know it by.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// Line and column of a byte offset, both from 1, the column in characters. An offset inside a
    /// character counts as its first byte, one behind the end as the end.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.bytes().filter(|&byte| byte == b'\n').count();
        (line, 1 + before[line_start..].chars().count())
    }
}

/// A stretch of a [`Source`], for diagnostics. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The text; none where a thing was not written anywhere (command line, default).
    pub source: Option<Arc<Source>>,
    /// Byte range in it.
    pub span: Range<usize>,
}

impl Place {
    /// A stretch of `source`.
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { source: Some(Arc::clone(source)), span }
    }

    /// Line and column of its beginning, both from 1, the column in characters; none without a source.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        self.source.as_ref().map(|source| source.line_column(self.span.start))
    }

    /// What stands there; none without a source or where the span does not fit it.
    pub fn text(&self) -> Option<&str> {
        self.source.as_ref()?.text.get(self.span.clone())
    }
}

/// `path:line:column`; nothing for a place without a source.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.line_column()) {
            (Some(source), Some((line, column))) => write!(f, "{}:{line}:{column}", source.path),
            _ => Ok(()),
        }
    }
}

/// The text of a file that people see as `shown`.
///
/// # Errors
/// Where it is not UTF-8, or has a NUL in it.
pub(crate) fn decode(shown: &str, bytes: &[u8]) -> Result<Arc<Source>, Diagnostic> {
    let text = str::from_utf8(bytes).map_err(|error| not_utf8(shown, bytes, error.valid_up_to()))?;
    // Editors on Windows put a byte order mark there, which PostgreSQL would take for SQL.
    let source = Source::new(shown, text.strip_prefix('\u{feff}').unwrap_or(text));
    if let Some(nul) = source.text.find('\0') {
        let message = "a NUL character, which PostgreSQL cannot hold";
        let place = Place::new(&source, nul..nul + 1);
        return Err(Diagnostic::error(place, message).help("is this a text file, saved as UTF-8?"));
    }
    Ok(source)
}

fn not_utf8(shown: &str, bytes: &[u8], valid: usize) -> Diagnostic {
    let source = Source::new(shown, String::from_utf8_lossy(bytes));
    let bad = bytes.get(valid).copied().unwrap_or_default();
    let place = Place::new(&source, valid..valid + char::REPLACEMENT_CHARACTER.len_utf8());
    let help = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16: save it as UTF-8",
        _ => "save it as UTF-8 (it may be Latin-1 or Windows-1252)",
    };
    Diagnostic::error(place, format!("not UTF-8: the byte 0x{bad:02X}")).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_survive_crlf() {
        let source = Source::new("a.sql", "é = 1;\r\n  ünïq\r\n");
        assert_eq!(source.line_column(0), (1, 1));
        assert_eq!(source.line_column("é = ".len()), (1, 5));
        assert_eq!(source.line_column("é = 1;\r\n  ün".len()), (2, 5));
        assert_eq!(source.line_column(1), (1, 1), "inside a character: its beginning");
        assert_eq!(source.line_column(usize::MAX), (3, 1), "behind the end: the end");
    }

    #[test]
    fn a_place_prints_as_editors_read_it() {
        let source = Source::new("a.toml", "x = 1\ny = 2\n");
        let place = Place::new(&source, 10..11);
        assert_eq!(place.to_string(), "a.toml:2:5");
        assert_eq!(place.text(), Some("2"));
        assert_eq!(Place::default().to_string(), "");
        assert_eq!(Place::default().line_column(), None);
    }
}
