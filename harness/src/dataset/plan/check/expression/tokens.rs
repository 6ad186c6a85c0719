//! The words and signs of a condition.

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or keyword as written.
    Word(String),
    /// A quoted name, unquoted.
    Quoted(String),
    /// `'…'`, unquoted.
    Text(String),
    /// A number.
    Number(String),
    /// `=`, `<>`, `~~`, …
    Operator(String),
    /// `::`
    Cast,
    /// `(`, `)`, `[`, `]`, `,`, `.`
    Mark(char),
}

/// All of a text, or none where it holds something else.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut rest = text.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' | ')' | '[' | ']' | ',' | '.' => (Token::Mark(first), 1),
            ':' => (rest.starts_with("::").then_some(Token::Cast)?, 2),
            '\'' => quoted(rest, '\'', false).map(|(text, length)| (Token::Text(text), length))?,
            '"' => quoted(rest, '"', false).map(|(text, length)| (Token::Quoted(text), length))?,
            'E' if rest.starts_with("E'") => {
                let (text, length) = quoted(&rest[1..], '\'', true)?;
                (Token::Text(text), length + 1)
            }
            '0'..='9' => {
                let digits = |letter: char| letter.is_ascii_digit() || letter == '.';
                let length = rest.find(|letter| !digits(letter)).unwrap_or(rest.len());
                (Token::Number(rest[..length].to_owned()), length)
            }
            _ if first.is_alphabetic() || first == '_' => {
                let part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
                let length = rest.find(|letter| !part(letter)).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            _ => {
                let sign = |letter: char| "+-*/<>=~!@#%^&|`?".contains(letter);
                let length = rest.find(|letter| !sign(letter)).unwrap_or(rest.len());
                (Token::Operator((length > 0).then(|| rest[..length].to_owned())?), length)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Some(tokens)
}

/// What stands between quotes, which are doubled inside, and its length with them.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            match letters.peek() {
                Some(&(_, next)) if next == quote => {
                    letters.next();
                    inner.push(quote);
                }
                _ => return Some((inner, at + 1)),
            }
        } else if escapes && letter == '\\' {
            // The server writes only backslashes so.
            let (_, escaped) = letters.next()?;
            if escaped != '\\' {
                return None;
            }
            inner.push('\\');
        } else {
            inner.push(letter);
        }
    }
    None
}
