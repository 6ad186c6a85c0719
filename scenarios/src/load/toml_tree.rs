//! TOML, read key by key with exact places: every problem is reported and reading goes on.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Shape};
use super::problems::Problems;
use crate::diagnostic::Diagnostic;
use crate::folder::SCENARIO_FILE;
use crate::nearest::nearest;
use crate::source::{Place, Source};

mod value;
pub(super) use value::{Node, scalar};

/// A parsed file: what every value of it needs to say where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) problems: &'a Problems,
}

impl<'a> Document<'a> {
    /// Parses the text; where its syntax is broken, reports every error and gives nothing, for what a
    /// broken text seems to say would only raise further, misleading problems.
    pub(super) fn parse(self) -> Option<Spanned<DeTable<'a>>> {
        let (tree, errors) = DeTable::parse_recoverable(&self.source.text);
        let broken = !errors.is_empty();
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let written = self.source.text.get(span.clone()).unwrap_or_default();
            let (message, help) = in_words(error.message(), written);
            let diagnostic = Diagnostic::error(Place::new(self.source, span), message);
            self.problems.push(Diagnostic { help, ..diagnostic });
        }
        (!broken).then_some(tree)
    }

    /// The whole file as a table of the given shape.
    pub(super) fn root(self, tree: &'a Spanned<DeTable<'a>>, shape: &'static Shape) -> Table<'a> {
        Table::open(self, shape, tree.get_ref(), Place::new(self.source, 0..0))
    }

    pub(super) fn place(self, span: std::ops::Range<usize>) -> Place {
        Place::new(self.source, span)
    }

    pub(super) fn error(self, place: Place, message: String, help: impl Into<String>) {
        self.problems.push(Diagnostic::error(place, message).help(help));
    }
}

/// The parser's message where it is met often, in words that say what to do; any other as it is.
fn in_words(message: &str, written: &str) -> (String, Option<String>) {
    let (message, help) = if message == "duplicate key" {
        (format!("duplicate key `{written}`"), "a key or table is written once; merge the two".to_owned())
    } else if message.starts_with("string values must be quoted") && written.trim().is_empty() {
        ("a value is missing".to_owned(), "write one, or take the key out".to_owned())
    } else if message.starts_with("string values must be quoted") {
        (
            format!("`{}` is not a value", shown(written)),
            format!("put text in quotes: \"{}\"", shown(written)),
        )
    } else {
        return (message.to_owned(), None);
    };
    (message, Some(help))
}

/// A table with a fixed set of keys, already checked for unknown and missing ones.
#[derive(Debug)]
pub(super) struct Table<'a> {
    document: Document<'a>,
    shape: &'static Shape,
    entries: &'a DeTable<'a>,
    place: Place,
}

impl<'a> Table<'a> {
    /// Reports every key that the shape does not know and every required one that is missing. A missing
    /// key that is only misspelt is reported once, as unknown.
    fn open(document: Document<'a>, shape: &'static Shape, entries: &'a DeTable<'a>, place: Place) -> Self {
        let mut meant = Vec::new();
        for key in entries.keys() {
            let name = key.get_ref().as_ref();
            if shape.key(name).is_some() {
                continue;
            }
            let absent = shape.names().filter(|known| !entries.contains_key(*known));
            let suggestion = nearest(name, absent);
            let names: Vec<_> = shape.names().collect();
            let known = format!("{} knows {}", shape.what, names.join(", "));
            let help = match suggestion {
                Some(suggestion) => format!("did you mean `{suggestion}`? {known}"),
                // TOML gives a line to the table whose header stands above it.
                None if keys::SCENARIO.key(name).is_some() => {
                    format!("put `{name}` at the top of {SCENARIO_FILE}, before the first [table]; {known}")
                }
                None => known,
            };
            meant.extend(suggestion);
            document.error(document.place(key.span()), format!("unknown key `{name}`"), help);
        }
        for key in shape.keys.iter().filter(|key| key.required) {
            let stood_for = key.unless.is_some_and(|other| entries.contains_key(other));
            if !entries.contains_key(key.name) && !meant.contains(&key.name) && !stood_for {
                let message = format!("{} needs `{}`", shape.what, key.name);
                document.error(place.clone(), message, format!("write {}", key.example));
            }
        }
        Self { document, shape, entries, place }
    }

    /// The value of a key that the shape knows, if it is there.
    pub(super) fn get(&self, name: &'static str) -> Option<Node<'a>> {
        debug_assert!(self.shape.key(name).is_some(), "{name} is not among the keys of {}", self.shape.what);
        let (key, value) = self.entries.get_key_value(name)?;
        let example = self.shape.key(name).map_or("", |known| known.example);
        Some(Node::new(self.document, key, value, example))
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }

    /// Reports a problem of a part of it.
    pub(super) fn wrong_at(&self, place: Place, message: String, help: impl Into<String>) {
        self.document.error(place, message, help);
    }

    /// Reports a problem of the table as a whole.
    pub(super) fn wrong(&self, message: impl Into<String>, help: impl Into<String>) {
        self.document.error(self.place(), message.into(), help);
    }
}

/// A string as TOML would show it in a message: long ones are cut.
fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None if line.len() < text.len() => format!("{line}…"),
        None => line.to_owned(),
    }
}

/// The type of a value, with its article.
fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
