//! One value of a TOML file, read as what it should be.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use super::{Document, Table, shown, type_of};
use crate::load::keys::Shape;
use crate::load::problems::Problems;
use crate::nearest::nearest;
use crate::quantity::{self, BadQuantity};
use crate::source::Place;

/// A value with its key, its place and an example of how it is written. Each reader reports what is wrong
/// and gives nothing then.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Node<'a> {
    document: Document<'a>,
    key: &'a Spanned<Cow<'a, str>>,
    value: &'a Spanned<DeValue<'a>>,
    example: &'static str,
    /// True for a value inside the key's array.
    item: bool,
}

impl<'a> Node<'a> {
    pub(super) fn new(
        document: Document<'a>,
        key: &'a Spanned<Cow<'a, str>>,
        value: &'a Spanned<DeValue<'a>>,
        example: &'static str,
    ) -> Self {
        Self { document, key, value, example, item: false }
    }

    /// The key it stands under.
    pub(in crate::load) fn key(&self) -> &'a str {
        self.key.get_ref()
    }

    /// Where its key stands.
    pub(in crate::load) fn key_place(&self) -> Place {
        self.document.place(self.key.span())
    }

    /// Where it stands.
    pub(in crate::load) fn place(&self) -> Place {
        self.document.place(self.value.span())
    }

    /// The bare value.
    pub(in crate::load) fn value(&self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    /// Reports a problem with it; the help is an example of how it is written.
    pub(in crate::load) fn wrong(&self, message: impl Into<String>) {
        self.wrong_with(message, format!("write {}", self.example));
    }

    /// Reports a problem with it and how to mend it.
    pub(in crate::load) fn wrong_with(&self, message: impl Into<String>, help: impl Into<String>) {
        self.document.error(self.place(), message.into(), help);
    }

    /// Reports that it has another type than it should.
    pub(in crate::load) fn mistyped(&self, expected: &str) {
        self.wrong(format!("{} must be {expected}, not {}", self.label(), type_of(self.value())));
    }

    /// How messages call it.
    pub(in crate::load) fn label(&self) -> String {
        if self.item { format!("a value of `{}`", self.key()) } else { format!("`{}`", self.key()) }
    }

    /// A string that says something.
    pub(in crate::load) fn text(&self) -> Option<String> {
        let DeValue::String(text) = self.value() else {
            self.mistyped("a string");
            return None;
        };
        if text.trim().is_empty() {
            self.wrong(format!("{} is empty", self.label()));
            return None;
        }
        if text.contains('\0') {
            self.wrong(format!("{} has a NUL character, which PostgreSQL cannot hold", self.label()));
            return None;
        }
        Some(text.to_string())
    }

    /// One of a few known words.
    pub(in crate::load) fn word<T: Copy>(&self, known: &[(&'static str, T)]) -> Option<T> {
        let list: Vec<_> = known.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let list = format!("it is one of {}", list.join(", "));
        let DeValue::String(text) = self.value() else {
            let message = format!("{} must be a string, not {}", self.label(), type_of(self.value()));
            self.wrong_with(message, list);
            return None;
        };
        if let Some((_, meaning)) = known.iter().find(|(word, _)| *word == text.as_ref()) {
            return Some(*meaning);
        }
        let help = match nearest(text, known.iter().map(|(word, _)| *word)) {
            Some(word) => format!("did you mean \"{word}\"? {list}"),
            None => list,
        };
        self.wrong_with(format!("{} cannot be \"{}\"", self.label(), shown(text)), help);
        None
    }

    /// `true` or `false`.
    pub(in crate::load) fn boolean(&self) -> Option<bool> {
        let boolean = self.value().as_bool();
        if boolean.is_none() {
            self.mistyped("true or false");
        }
        boolean
    }

    /// An integer within bounds.
    pub(in crate::load) fn integer(&self, bounds: RangeInclusive<u64>) -> Option<u64> {
        let DeValue::Integer(integer) = self.value() else {
            self.mistyped("an integer");
            return None;
        };
        let within = whole(integer).and_then(|n| u64::try_from(n).ok()).filter(|n| bounds.contains(n));
        if within.is_none() {
            let message = match (*bounds.start(), *bounds.end()) {
                (0, end) if end >= i64::MAX as u64 => format!("{} must be 0 or more", self.label()),
                (start, end) => format!("{} must be from {start} to {end}", self.label()),
            };
            self.wrong(message);
        }
        within
    }

    /// A finite number, written as an integer or a float.
    pub(in crate::load) fn number(&self) -> Option<f64> {
        let number = match self.value() {
            DeValue::Integer(integer) => whole(integer).map(|n| n as f64),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => {
                self.mistyped("a number");
                return None;
            }
        };
        let finite = number.filter(|number: &f64| number.is_finite());
        if finite.is_none() {
            self.wrong(format!("{} must be a finite number", self.label()));
        }
        finite
    }

    /// A number from `low` to `high`.
    pub(in crate::load) fn number_between(&self, low: f64, high: f64) -> Option<f64> {
        let number = self.number()?;
        let within = (low..=high).contains(&number);
        if !within {
            self.wrong(format!("{} must be from {low} to {high}, not {number}", self.label()));
        }
        within.then_some(number)
    }

    /// A number from 0 to less than 1.
    pub(in crate::load) fn fraction_below_one(&self) -> Option<f64> {
        let number = self.number()?;
        let within = (0.0..1.0).contains(&number);
        if !within {
            self.wrong(format!("{} must be from 0 to less than 1, not {number}", self.label()));
        }
        within.then_some(number)
    }

    /// A number greater than 0.
    pub(in crate::load) fn number_above_zero(&self) -> Option<f64> {
        let number = self.number()?;
        if number <= 0.0 {
            self.wrong(format!("{} must be greater than 0, not {number}", self.label()));
        }
        (number > 0.0).then_some(number)
    }

    /// `"500ms"`, `"3s"`, `"30min"`.
    pub(in crate::load) fn duration(&self) -> Option<Duration> {
        let DeValue::String(text) = self.value() else {
            self.mistyped("a duration");
            return None;
        };
        self.quantity(quantity::parse_duration(text))
    }

    /// `"500ms"`, `"3s"`, but not zero.
    pub(in crate::load) fn duration_above_zero(&self) -> Option<Duration> {
        let duration = self.duration()?;
        if duration.is_zero() {
            self.wrong(format!("{} must be longer than 0", self.label()));
        }
        (!duration.is_zero()).then_some(duration)
    }

    /// `"10GiB"` or a plain number of bytes.
    pub(in crate::load) fn bytes(&self) -> Option<u64> {
        match self.value() {
            DeValue::String(text) => self.quantity(quantity::parse_bytes(text)),
            DeValue::Integer(_) => self.integer(0..=u64::MAX),
            _ => {
                self.mistyped("a byte size");
                None
            }
        }
    }

    /// `5_000_000` or `"5M"`.
    pub(in crate::load) fn rows(&self) -> Option<u64> {
        match self.value() {
            DeValue::String(text) => self.quantity(quantity::parse_rows(text)),
            DeValue::Integer(_) => self.integer(0..=u64::MAX),
            _ => {
                self.mistyped("a number of rows");
                None
            }
        }
    }

    fn quantity<T>(&self, read: Result<T, BadQuantity>) -> Option<T> {
        read.map_err(|bad| self.wrong_with(format!("{}: {}", self.label(), bad.message), bad.help)).ok()
    }

    /// Reports a problem where its key stands.
    pub(in crate::load) fn wrong_at_key(&self, message: impl Into<String>, help: impl Into<String>) {
        self.document.error(self.key_place(), message.into(), help);
    }

    /// Where problems go.
    pub(in crate::load) fn problems(&self) -> &'a Problems {
        self.document.problems
    }

    /// The values of an array.
    pub(in crate::load) fn items(&self) -> Option<Vec<Self>> {
        let DeValue::Array(items) = self.value() else {
            self.mistyped("an array");
            return None;
        };
        Some(items.iter().map(|value| Self { value, item: true, ..*self }).collect())
    }

    /// A table of the given shape.
    pub(in crate::load) fn table(&self, shape: &'static Shape) -> Option<Table<'a>> {
        let DeValue::Table(entries) = self.value() else {
            self.mistyped("a table");
            return None;
        };
        Some(Table::open(self.document, shape, entries, self.place()))
    }

    /// The entries of a table whose keys are names, in the order written.
    pub(in crate::load) fn entries(&self, example: &'static str) -> Option<Vec<Self>> {
        if !self.value().is_table() {
            self.mistyped("a table");
            return None;
        }
        let (named, blank): (Vec<_>, Vec<_>) =
            self.all_entries().into_iter().partition(|node| !node.key().trim().is_empty());
        for node in blank {
            node.wrong_at_key(format!("an empty name in `{}`", self.key()), "give it a name");
        }
        Some(named.into_iter().map(|node| Self { example, ..node }).collect())
    }

    /// The entries of a table, whatever their keys, in the order written; none of anything else.
    pub(in crate::load) fn all_entries(&self) -> Vec<Self> {
        let entries = self.value().as_table().into_iter().flatten();
        let mut nodes: Vec<_> =
            entries.map(|(key, value)| Self::new(self.document, key, value, self.example)).collect();
        nodes.sort_by_key(|node| node.key.span().start);
        nodes
    }
}

/// An integer as it is written, if it is within 128 bits.
fn whole(integer: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A scalar as PostgreSQL would read it: strings as they are, dates and numbers as written, booleans by name.
pub(in crate::load) fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(integer) => whole(integer).map(|n| n.to_string()),
        DeValue::Float(float) => Some(float.as_str().to_owned()),
        DeValue::Boolean(boolean) => Some(boolean.to_string()),
        DeValue::Datetime(datetime) => Some(datetime.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}
