//! The statement that is being read: where it begins, and what keeps a `;` from ending it.

use std::ops::Range;

use super::lexer::{Token, TokenKind};

/// What is known of a statement before its end is found.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// From its first to its last significant byte so far.
    span: Option<Range<usize>>,
    /// Parentheses that are open.
    parentheses: Vec<Opening>,
    /// Brackets that are open.
    brackets: usize,
    /// Its first words, in lower case.
    head: Vec<String>,
    /// The `BEGIN` of a `BEGIN ATOMIC` body that is open, and how many ENDs are due.
    body: Option<(Range<usize>, usize)>,
    /// The last significant token.
    last: Option<Token>,
}

#[derive(Debug)]
struct Opening {
    at: usize,
    is_json: bool,
}

/// Enough for `CREATE OR REPLACE FUNCTION`.
const HEAD_LEN: usize = 4;

impl Piece {
    /// True where nothing significant was read yet.
    pub(super) fn is_empty(&self) -> bool {
        self.span.is_none()
    }

    /// The bytes of the statement, if there are any.
    pub(super) fn into_span(self) -> Option<Range<usize>> {
        self.span
    }

    /// True where a `;` would end the statement, as it stands neither in parentheses nor in a body.
    pub(super) fn ends_with_semicolon(&self) -> bool {
        self.parentheses.is_empty() && self.body.is_none()
    }

    /// True where SQL has a use for a colon: in a slice, and in the constructors of JSON.
    pub(super) fn colon_may_be_sql(&self) -> bool {
        self.brackets > 0 || self.parentheses.iter().any(|opening| opening.is_json)
    }

    /// What was opened and is not closed: its place, and a name for it.
    pub(super) fn unclosed(&self) -> Option<(Range<usize>, &'static str)> {
        let parenthesis =
            self.parentheses.first().map(|opening| (opening.at..opening.at + 1, "this parenthesis"));
        parenthesis.or_else(|| self.body.as_ref().map(|(begin, _)| (begin.clone(), "this BEGIN ATOMIC")))
    }

    /// Takes the next significant token.
    pub(super) fn take(&mut self, text: &str, token: Token) {
        match token.kind {
            TokenKind::Symbol(b'(') => {
                let is_json =
                    self.last_word(text).is_some_and(|word| word.to_ascii_lowercase().starts_with("json_"));
                self.parentheses.push(Opening { at: token.span.start, is_json });
            }
            TokenKind::Symbol(b')') => {
                self.parentheses.pop();
            }
            TokenKind::Symbol(b'[') => self.brackets += 1,
            TokenKind::Symbol(b']') => self.brackets = self.brackets.saturating_sub(1),
            TokenKind::Word => self.take_word(text, &token),
            _ => {}
        }
        let start = self.span.as_ref().map_or(token.span.start, |span| span.start);
        self.span = Some(start..token.span.end);
        self.last = Some(token);
    }

    fn take_word(&mut self, text: &str, token: &Token) {
        let word = &text[token.span.clone()];
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if self.head.len() < HEAD_LEN {
            self.head.push(word.to_ascii_lowercase());
        }
        if !self.parentheses.is_empty() || !self.is_routine() || self.is_plain_name(text) {
            return;
        }
        let after_begin = self.last_word(text).is_some_and(|last| last.eq_ignore_ascii_case("begin"));
        match &mut self.body {
            None if after_begin && is("atomic") => {
                let begin = self.last.as_ref().map_or(token.span.start, |last| last.span.start);
                self.body = Some((begin..token.span.end, 1));
            }
            Some((_, ends_due)) if is("case") => *ends_due += 1,
            Some((_, ends_due)) if is("end") => *ends_due -= 1,
            _ => {}
        }
        if self.body.as_ref().is_some_and(|(_, ends_due)| *ends_due == 0) {
            self.body = None;
        }
    }

    /// CREATE [OR REPLACE] FUNCTION or PROCEDURE: the only ones with a body that is not a string.
    fn is_routine(&self) -> bool {
        let head: Vec<&str> = self.head.iter().map(String::as_str).collect();
        matches!(
            head[..],
            ["create", "function" | "procedure", ..] | ["create", "or", "replace", "function" | "procedure"]
        )
    }

    /// True where the next word is a name, even if it is spelt like a keyword: `t.end`, `1 AS end`.
    fn is_plain_name(&self, text: &str) -> bool {
        self.last.as_ref().is_some_and(|last| last.kind == TokenKind::Symbol(b'.'))
            || self.last_word(text).is_some_and(|word| word.eq_ignore_ascii_case("as"))
    }

    fn last_word<'a>(&self, text: &'a str) -> Option<&'a str> {
        let last = self.last.as_ref().filter(|last| last.kind == TokenKind::Word)?;
        Some(&text[last.span.clone()])
    }
}
