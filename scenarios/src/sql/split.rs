//! Cutting a script into statements, as psql does.

use std::ops::Range;
use std::sync::Arc;

use super::lexer::{self, Token, TokenKind};
use super::meta::{self, Meaning};
use super::piece::Piece;
use super::variables::Variables;
use super::words::Words;
use super::{Statement, classify, copy, shape, syntax, tag};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Place, Source};

/// Splits a script into statements as psql would send them.
///
/// Statements come in order and do not overlap; empty ones are left out. psql's backslash commands that
/// change nothing are skipped; the others, and whatever is opened and never closed, are errors. A script
/// with errors still gives the statements that could be told apart.
pub fn split(source: &Arc<Source>) -> (Vec<Statement>, Vec<Diagnostic>) {
    let mut splitter = Splitter {
        source,
        text: &source.text,
        at: 0,
        counted: (0, 1),
        standard_strings: true,
        in_condition: false,
        piece: Piece::default(),
        variables: Variables::default(),
        statements: Vec::new(),
        diagnostics: Vec::new(),
    };
    splitter.run();
    let Splitter { statements, mut diagnostics, variables, .. } = splitter;
    diagnostics.extend(variables.diagnostics(source));
    diagnostics.extend(shape::doubts(source, &statements));
    if diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning) {
        // One remark on a statement is enough.
        let is_remarked = |statement: &&Statement| {
            let span = statement.offset..statement.offset + statement.text.len();
            diagnostics.iter().any(|diagnostic| span.contains(&diagnostic.place.span.start))
        };
        let unremarked: Vec<&Statement> =
            statements.iter().filter(|statement| !is_remarked(statement)).collect();
        diagnostics.extend(syntax::doubts(source, unremarked.into_iter()));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.place.span.start);
    (statements, diagnostics)
}

struct Splitter<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    /// The next byte to read.
    at: usize,
    /// A byte offset, and the line it is on.
    counted: (usize, usize),
    /// The server's `standard_conforming_strings`, as far as the script sets it.
    standard_strings: bool,
    /// Whether an `\if` was reported: what belongs to it needs no report of its own.
    in_condition: bool,
    piece: Piece,
    variables: Variables,
    statements: Vec<Statement>,
    diagnostics: Vec<Diagnostic>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        while let Some(token) = lexer::token_at(self.text, self.at, self.standard_strings) {
            self.at = token.span.end;
            match token.kind {
                TokenKind::Symbol(b'\\') => self.meta_command(token.span.start),
                TokenKind::Symbol(b';') if self.piece.ends_with_semicolon() => self.finish(),
                kind => {
                    self.report_unclosed(&token);
                    if kind == TokenKind::Colon {
                        self.variables.refer(self.text, token.span.start, self.piece.colon_may_be_sql());
                    }
                    if kind.is_significant() {
                        self.piece.take(self.text, token);
                    }
                }
            }
        }
        if let Some((span, what)) = self.piece.unclosed() {
            self.error(
                span,
                format!("{what} is never closed, so the statement reaches to the end of the file"),
                "close it before the statement's ;",
            );
        }
        self.finish();
    }

    /// Ends the statement that was collected.
    fn finish(&mut self) {
        let Some(span) = std::mem::take(&mut self.piece).into_span() else { return };
        let text = &self.text[span.clone()];
        let words = Words::of(text, self.standard_strings);
        let copy_data = copy::reads_rows(&words).then(|| self.copy_data(&span));
        let line = self.line_of(span.start);
        self.statements.push(Statement {
            text: text.to_owned(),
            offset: span.start,
            line,
            kind: classify::kind(&words),
            tag: tag::tag(&words),
            copy_data,
            standard_strings: self.standard_strings,
        });
        if let Some(standard) = sets_standard_strings(&words) {
            self.standard_strings = standard;
        }
    }

    /// The rows that follow the COPY of this span; the script goes on after them.
    fn copy_data(&mut self, statement: &Range<usize>) -> String {
        let rows = copy::rows_after(self.text, self.at);
        if let Some(stray) = rows.stray {
            self.error(
                stray,
                "this stands between COPY … FROM stdin and its rows",
                "move it below the line with \\. that ends the rows",
            );
        } else if !rows.closed {
            self.error(
                self.first_line(statement),
                "the rows of this COPY are never ended",
                "write its rows on the lines below it, and \\. alone on the line after them",
            );
        }
        self.at = rows.end;
        self.text[rows.span].to_owned()
    }

    fn meta_command(&mut self, backslash: usize) {
        let command = meta::command_at(self.text, backslash);
        let meaning = command.meaning();
        let span = command.span.clone();
        let end = command.end;
        self.at = end;
        let shown = format!("\\{}", command.name);
        match meaning {
            Meaning::EndsStatement if self.piece.is_empty() => self.error(
                span,
                format!("psql's {shown} would run the statement above a second time"),
                format!("remove it, or put {shown} in place of that statement's ;"),
            ),
            Meaning::EndsStatement => self.finish(),
            Meaning::Refused { does, help } => {
                let is_last = matches!(command.name, "q" | "quit") && self.text[end..].trim().is_empty();
                let is_branch = matches!(command.name, "elif" | "else" | "endif") && self.in_condition;
                self.in_condition |= command.name == "if";
                if command.name == "copy" && command.arguments.to_ascii_lowercase().contains("stdin") {
                    self.at = copy::rows_after(self.text, end).end;
                }
                if !(is_last || is_branch) {
                    self.error(span, format!("psql's {shown} {does}"), help);
                }
            }
            Meaning::Unknown => self.error(
                span,
                format!("{shown} is no command of psql, and a backslash has no other meaning here"),
                "remove it, or put it into quotes if it is part of a string",
            ),
            _ if !self.piece.is_empty() => self.error(
                span,
                format!("psql's {shown} stands in the middle of a statement"),
                "move it above the statement, or end the statement with ; before it",
            ),
            Meaning::Harmless => {}
            Meaning::SetsVariable(name) => self.variables.set(name, span),
            Meaning::Doubtful { does, help } => self.diagnostics.push(
                Diagnostic::warning(Place::new(self.source, span), format!("psql's {shown} here {does}"))
                    .help(help),
            ),
        }
    }

    fn report_unclosed(&mut self, token: &Token) {
        let (opening_len, what) = match token.kind {
            TokenKind::Comment { closed: false } => (2, "comment"),
            TokenKind::QuotedName { closed: false } => (1, "quoted name"),
            TokenKind::String { closed: false, .. } => (1, "string"),
            TokenKind::DollarString { closed: false, delimiter_len } => {
                (delimiter_len, "dollar-quoted string")
            }
            _ => return,
        };
        let start = token.span.start;
        // `E'` and `U&"` are openings as well.
        let prefix_len = self.text[start..].find(['\'', '"', '$', '/']).unwrap_or(0);
        let opening = start..start + prefix_len + opening_len;
        let help = format!(
            "end it with {}",
            match token.kind {
                TokenKind::Comment { .. } => "*/ (comments nest, so each /* needs its own)".to_owned(),
                TokenKind::QuotedName { .. } => "\"".to_owned(),
                TokenKind::DollarString { .. } => self.text[opening.clone()].to_owned(),
                _ => "' (a quote inside it is written '')".to_owned(),
            }
        );
        self.error(opening, format!("this {what} is never closed"), help);
    }

    fn error(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(Place::new(self.source, span), message).help(help));
    }

    fn first_line(&self, span: &Range<usize>) -> Range<usize> {
        let line = self.text[span.clone()].lines().next().unwrap_or_default();
        span.start..span.start + line.len()
    }

    /// The line of a byte at or after the last one that was asked for.
    fn line_of(&mut self, at: usize) -> usize {
        let (counted, line) = self.counted;
        let line = line + self.text[counted..at].bytes().filter(|&byte| byte == b'\n').count();
        self.counted = (at, line);
        line
    }
}

/// What a `SET standard_conforming_strings` says, from which on a backslash in `'…'` is read differently.
fn sets_standard_strings(words: &Words<'_>) -> Option<bool> {
    let name = words.skip(words.skip(1, "session"), "local");
    if !words.is(0, "set") || !words.is(name, "standard_conforming_strings") {
        return None;
    }
    let value = words.string(name + 2).or_else(|| words.name(name + 2))?;
    Some(!["off", "false", "no", "0"].contains(&value.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests;
