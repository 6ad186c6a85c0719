//! The tokens of a script, cut as psql and the server cut them.
//!
//! Only what decides where a statement ends and which words it consists of is told apart; operators come
//! out one character at a time. Every byte of the text belongs to exactly one token, whatever the text is.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// Blanks and line ends.
    Space,
    /// `-- …` up to the line's end, or `/* … */`; not closed where the text ends first.
    Comment { closed: bool },
    /// A keyword or an identifier without quotes.
    Word,
    /// `"…"` or `U&"…"`.
    QuotedName { closed: bool },
    /// `'…'` in any of its forms, with what the standard allows to continue it on the next line.
    String { escapes: bool, closed: bool },
    /// `$tag$ … $tag$`; the delimiter's length in bytes.
    DollarString { delimiter_len: usize, closed: bool },
    /// A number.
    Number,
    /// `$1`.
    Parameter,
    /// A single `:`, neither `::` nor `:=`.
    Colon,
    /// `::` or `:=`.
    CastOrAssign,
    /// Any other character, operators and punctuation included.
    Symbol(u8),
}

impl TokenKind {
    /// True for what the server sees: neither blanks nor a comment.
    pub(super) fn is_significant(self) -> bool {
        !matches!(self, Self::Space | Self::Comment { .. })
    }
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: TokenKind,
    /// Its bytes in the text.
    pub(super) span: Range<usize>,
}

/// The token that begins at byte `at`; `None` at the end of the text.
///
/// `standard_strings` is the server's `standard_conforming_strings`: when false, a backslash escapes in
/// plain `'…'` too.
pub(super) fn token_at(text: &str, at: usize, standard_strings: bool) -> Option<Token> {
    let bytes = text.as_bytes();
    let first = *bytes.get(at)?;
    let second = bytes.get(at + 1).copied().unwrap_or(0);
    let third = bytes.get(at + 2).copied().unwrap_or(0);
    let (kind, end) = match (first, second) {
        (b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c, _) => {
            (TokenKind::Space, end_of_run(bytes, at, is_space))
        }
        (b'-', b'-') => (TokenKind::Comment { closed: true }, end_of_line(bytes, at)),
        (b'/', b'*') => block_comment(bytes, at),
        (b'\'', _) => string(bytes, at + 1, !standard_strings),
        (b'e' | b'E', b'\'') => string(bytes, at + 2, true),
        (b'n' | b'N', b'\'') => string(bytes, at + 2, !standard_strings),
        (b'b' | b'B' | b'x' | b'X', b'\'') => string(bytes, at + 2, false),
        (b'u' | b'U', b'&') if third == b'\'' => string(bytes, at + 3, false),
        (b'u' | b'U', b'&') if third == b'"' => quoted_name(bytes, at + 3),
        (b'"', _) => quoted_name(bytes, at + 1),
        (b'$', _) => dollar(text, at),
        (b'0'..=b'9', _) | (b'.', b'0'..=b'9') => (TokenKind::Number, number(bytes, at)),
        (b':', b':' | b'=') => (TokenKind::CastOrAssign, at + 2),
        (b':', _) => (TokenKind::Colon, at + 1),
        (byte, _) if starts_word(byte) => (TokenKind::Word, end_of_run(bytes, at, continues_word)),
        (byte, _) => (TokenKind::Symbol(byte), at + 1),
    };
    Some(Token { kind, span: at..end })
}

/// Every token of a text, in order.
pub(super) fn tokens(text: &str, standard_strings: bool) -> impl Iterator<Item = Token> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let token = token_at(text, at, standard_strings)?;
        at = token.span.end;
        Some(token)
    })
}

/// True for the bytes that the server counts as blanks.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// True for the bytes that begin a word; every byte of a character beyond ASCII is one of them.
pub(super) fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn continues_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn end_of_run(bytes: &[u8], at: usize, belongs: fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len())
}

fn end_of_line(bytes: &[u8], at: usize) -> usize {
    end_of_run(bytes, at, |byte| byte != b'\n' && byte != b'\r')
}

fn block_comment(bytes: &[u8], at: usize) -> (TokenKind, usize) {
    let mut depth = 0_usize;
    let mut at = at;
    while let Some(&byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (b'*', Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return (TokenKind::Comment { closed: true }, at);
                }
            }
            _ => at += 1,
        }
    }
    (TokenKind::Comment { closed: false }, bytes.len())
}

/// A string whose first character is at `at`.
fn string(bytes: &[u8], at: usize, escapes: bool) -> (TokenKind, usize) {
    let mut at = at;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if escapes => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => match continuation(bytes, at + 1) {
                Some(reopened) => at = reopened,
                None => return (TokenKind::String { escapes, closed: true }, at + 1),
            },
            _ => at += 1,
        }
    }
    (TokenKind::String { escapes, closed: false }, bytes.len())
}

/// Where the string goes on that was closed just before `at`: two strings with nothing but blanks, comments
/// and at least one line end between them are one, and the second is read by the rules of the first.
fn continuation(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    let mut line_ended = false;
    loop {
        match bytes.get(at)? {
            b'\n' | b'\r' => {
                line_ended = true;
                at += 1;
            }
            &byte if is_space(byte) => at += 1,
            b'-' if bytes.get(at + 1) == Some(&b'-') => at = end_of_line(bytes, at),
            b'\'' if line_ended => return Some(at + 1),
            _ => return None,
        }
    }
}

fn quoted_name(bytes: &[u8], at: usize) -> (TokenKind, usize) {
    let mut at = at;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' if bytes.get(at + 1) == Some(&b'"') => at += 2,
            b'"' => return (TokenKind::QuotedName { closed: true }, at + 1),
            _ => at += 1,
        }
    }
    (TokenKind::QuotedName { closed: false }, bytes.len())
}

fn dollar(text: &str, at: usize) -> (TokenKind, usize) {
    let bytes = text.as_bytes();
    let after = bytes.get(at + 1).copied().unwrap_or(0);
    if after.is_ascii_digit() {
        return (TokenKind::Parameter, end_of_run(bytes, at + 1, |byte| byte.is_ascii_digit()));
    }
    let tag_end = if starts_word(after) {
        end_of_run(bytes, at + 1, |byte| continues_word(byte) && byte != b'$')
    } else {
        at + 1
    };
    if bytes.get(tag_end) != Some(&b'$') {
        return (TokenKind::Symbol(b'$'), at + 1);
    }
    let body = tag_end + 1;
    let delimiter = &text[at..body];
    let delimiter_len = delimiter.len();
    match text[body..].find(delimiter) {
        Some(found) => {
            (TokenKind::DollarString { delimiter_len, closed: true }, body + found + delimiter_len)
        }
        None => (TokenKind::DollarString { delimiter_len, closed: false }, text.len()),
    }
}

fn number(bytes: &[u8], at: usize) -> usize {
    let in_number = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut end = end_of_run(bytes, at, in_number);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        end = end_of_run(bytes, end + 1, in_number);
    }
    let exponent = matches!(bytes.get(end - 1), Some(b'e' | b'E'))
        && matches!(bytes.get(end), Some(b'+' | b'-'))
        && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    if exponent { end_of_run(bytes, end + 1, in_number) } else { end }
}

#[cfg(test)]
mod tests;
