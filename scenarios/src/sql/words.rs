//! One statement as the words it is made of, for whoever has to recognise it.
//!
//! Comments are gone, strings and quoted names are single words that match no keyword, so that no spelling
//! inside them can be taken for one.

use super::lexer::{self, Token, TokenKind};

/// The significant tokens of a statement or of a function's body.
pub(super) struct Words<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    /// Reads `text` as the server would with this `standard_conforming_strings`.
    pub(super) fn of(text: &'a str, standard_strings: bool) -> Self {
        let tokens =
            lexer::tokens(text, standard_strings).filter(|token| token.kind.is_significant()).collect();
        Self { text, tokens }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// What the word at `index` is, if there is one.
    pub(super) fn kind(&self, index: usize) -> Option<TokenKind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// The word at `index` as it is written; empty beyond the end.
    pub(super) fn text(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| &self.text[token.span.clone()])
    }

    /// True where an unquoted word at `index` spells this keyword, in whatever case.
    pub(super) fn is(&self, index: usize, keyword: &str) -> bool {
        self.kind(index) == Some(TokenKind::Word) && self.text(index).eq_ignore_ascii_case(keyword)
    }

    /// True where the word at `index` is one of these keywords.
    pub(super) fn is_any(&self, index: usize, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(index, keyword))
    }

    /// True where these keywords stand one after the other from `index` on.
    pub(super) fn run(&self, index: usize, keywords: &[&str]) -> bool {
        keywords.iter().enumerate().all(|(offset, keyword)| self.is(index + offset, keyword))
    }

    /// True where the punctuation at `index` is this character.
    pub(super) fn is_symbol(&self, index: usize, symbol: u8) -> bool {
        self.kind(index) == Some(TokenKind::Symbol(symbol))
    }

    /// True where a string of any form stands at `index`.
    pub(super) fn is_string(&self, index: usize) -> bool {
        matches!(self.kind(index), Some(TokenKind::String { .. } | TokenKind::DollarString { .. }))
    }

    /// `index`, or the one after it if this optional keyword stands there.
    pub(super) fn skip(&self, index: usize, keyword: &str) -> usize {
        index + usize::from(self.is(index, keyword))
    }

    /// The index after the parentheses that open at `index`; `index` itself where none do.
    pub(super) fn skip_parentheses(&self, index: usize) -> usize {
        if !self.is_symbol(index, b'(') {
            return index;
        }
        let mut depth = 0_usize;
        for at in index..self.len() {
            depth += usize::from(self.is_symbol(at, b'('));
            depth -= usize::from(self.is_symbol(at, b')'));
            if depth == 0 {
                return at + 1;
            }
        }
        self.len()
    }

    /// Indexes of the words that stand in no parentheses, from `index` on.
    pub(super) fn outside_parentheses(&self, index: usize) -> impl Iterator<Item = usize> {
        let mut at = index;
        std::iter::from_fn(move || {
            while self.is_symbol(at, b'(') {
                at = self.skip_parentheses(at);
            }
            let found = (at < self.len()).then_some(at);
            at += 1;
            found
        })
    }

    /// The first place outside parentheses, from `index` on, where these keywords stand one after the other.
    pub(super) fn find(&self, index: usize, keywords: &[&str]) -> Option<usize> {
        self.outside_parentheses(index).find(|&at| self.run(at, keywords))
    }

    /// The identifier at `index` as the server would store it: unquoted ones in lower case (only ASCII, as the
    /// server does for UTF-8), quoted ones without their quotes.
    pub(super) fn name(&self, index: usize) -> Option<String> {
        let text = self.text(index);
        match self.kind(index)? {
            TokenKind::Word => Some(text.to_ascii_lowercase()),
            TokenKind::QuotedName { closed: true } => {
                let unicode = !text.starts_with('"');
                let inner = text.get(if unicode { 3 } else { 1 }..text.len() - 1)?.replace("\"\"", "\"");
                Some(if unicode { decode_unicode(&inner) } else { inner })
            }
            _ => None,
        }
    }

    /// The index after the (perhaps qualified) name that begins at `index`.
    pub(super) fn skip_name(&self, index: usize) -> usize {
        let mut at = index + 1;
        while self.is_symbol(at, b'.') {
            at += 2;
        }
        at
    }

    /// What the string at `index` stands for.
    pub(super) fn string(&self, index: usize) -> Option<String> {
        let text = self.text(index);
        match self.kind(index)? {
            TokenKind::DollarString { delimiter_len, closed: true } => {
                Some(text.get(delimiter_len..text.len() - delimiter_len)?.to_owned())
            }
            TokenKind::String { escapes, closed: true } => Some(decode_string(text, escapes)),
            _ => None,
        }
    }
}

/// The value of a quoted string, prefix and continuation lines included. Numeric escapes stay as written: no
/// keyword or name is spelt with them.
fn decode_string(text: &str, escapes: bool) -> String {
    let mut value = String::new();
    let mut characters = text.chars().skip_while(|&character| character != '\'').skip(1).peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' if characters.peek() == Some(&'\'') => {
                characters.next();
                value.push('\'');
            }
            '\'' => {
                // The end of a segment: what follows up to the next quote is blank or comment.
                characters.by_ref().find(|&character| character == '\'');
            }
            '\\' if escapes => match characters.next() {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some(other) => value.push(other),
                None => {}
            },
            other => value.push(other),
        }
    }
    value
}

/// Replaces the `\XXXX` and `\+XXXXXX` of a `U&"…"` name; anything else stays as it is.
fn decode_unicode(name: &str) -> String {
    let mut value = String::new();
    let mut rest = name;
    while let Some(backslash) = rest.find('\\') {
        value.push_str(&rest[..backslash]);
        let escape = &rest[backslash + 1..];
        let (digits_at, digits_len) = if escape.starts_with('+') { (1, 6) } else { (0, 4) };
        let decoded = escape
            .get(digits_at..digits_at + digits_len)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32);
        if let Some(character) = decoded {
            value.push(character);
            rest = &escape[digits_at + digits_len..];
        } else {
            value.push('\\');
            rest = escape.strip_prefix('\\').unwrap_or(escape);
        }
    }
    value.push_str(rest);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_match_only_unquoted_words() {
        let words = Words::of("CREATE /* drop */ \"drop\" 'drop' $$drop$$ dRoP", true);
        assert!(words.run(0, &["create"]));
        assert_eq!((0..words.len()).filter(|&at| words.is(at, "drop")).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn names_fold_as_the_server_folds_them() {
        let words = Words::of(r#"MyRole "MyRole" "a""b" U&"d\0061t\+000061" ÄRGER 'x'"#, true);
        let names: Vec<_> = (0..words.len()).map(|at| words.name(at)).collect();
        let expected = [Some("myrole"), Some("MyRole"), Some("a\"b"), Some("data"), Some("Ärger"), None];
        assert_eq!(names, expected.map(|name| name.map(str::to_owned)));
    }

    #[test]
    fn strings_lose_their_quotes_and_escapes() {
        let words = Words::of("'it''s' E'a\\'b\\\\' $t$x$t$ 'one' -- and\n 'two' name", true);
        let strings: Vec<_> = (0..words.len()).map(|at| words.string(at)).collect();
        let expected = [Some("it's"), Some("a'b\\"), Some("x"), Some("onetwo"), None];
        assert_eq!(strings, expected.map(|string| string.map(str::to_owned)));
    }

    #[test]
    fn parentheses_are_stepped_over() {
        let words = Words::of("a (b (c) d) e ((f)) ) g (h", true);
        let outside: Vec<_> = words.outside_parentheses(0).map(|at| words.text(at)).collect();
        assert_eq!(outside, ["a", "e", ")", "g"]);
        assert_eq!(words.find(0, &["e"]), Some(8));
        assert_eq!(words.find(0, &["c"]), None);
    }
}
