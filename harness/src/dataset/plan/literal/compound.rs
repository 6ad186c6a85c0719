//! Ranges, arrays, composites and text search vectors, as PostgreSQL writes them.

use super::{Literal, alone, units_near};
use crate::dataset::encode::compound::{
    RANGE_EMPTY, RANGE_LOWER_INCLUSIVE, RANGE_LOWER_INFINITE, RANGE_UPPER_INCLUSIVE, RANGE_UPPER_INFINITE,
    array_start,
};
use crate::dataset::encode::{self, compound};
use crate::dataset::generate::values::RangeOf;
use crate::postgres::shape::{Attribute, ColumnType};

/// A range's rank by its lower bound, and its field.
pub(super) fn range(text: &str, element: &ColumnType, of: RangeOf) -> Result<(i64, Vec<u8>), String> {
    let text = text.trim();
    let refuse = || format!("`{text}` is not a range like `[1,10)`");
    let mut field = Vec::new();
    if text.eq_ignore_ascii_case("empty") {
        encode::range(RANGE_EMPTY, &mut field, |_| ());
        return Ok((i64::MIN, field));
    }
    let inner = text.get(1..text.len().saturating_sub(1)).ok_or_else(refuse)?;
    let mut lower_inclusive = match text.as_bytes().first() {
        Some(b'[') => true,
        Some(b'(') => false,
        _ => return Err(refuse()),
    };
    let mut upper_inclusive = match text.as_bytes().last() {
        Some(b']') => true,
        Some(b')') => false,
        _ => return Err(refuse()),
    };
    let (lower, upper) = inner.split_once(',').ok_or_else(refuse)?;
    let bound = |text: &str| {
        let text = text.trim().trim_matches('"');
        let bounds = of.bounds();
        (!text.is_empty())
            .then(|| Ok::<_, String>((units_near(text, bounds, element)?, alone(text, element)?)))
            .transpose()
    };
    let (mut lower, mut upper) = (bound(lower)?, bound(upper)?);
    if matches!(of, RangeOf::Int4 | RangeOf::Int8 | RangeOf::Date) {
        // The server writes whole numbers and days from a first to before a last.
        let next = |bound: &mut Option<(i64, Literal)>| {
            if let Some((units, literal)) = bound {
                *units = units.saturating_add(1);
                literal.field.clear();
                of.bounds().write(*units, &mut literal.field);
            }
        };
        if !lower_inclusive {
            next(&mut lower);
            lower_inclusive = true;
        }
        if upper_inclusive {
            next(&mut upper);
            upper_inclusive = false;
        }
    }
    if let (Some((lower, _)), Some((upper, _))) = (&lower, &upper) {
        if lower > upper {
            return Err(format!("`{text}` has a lower bound above its upper bound"));
        }
        if lower == upper && !(lower_inclusive && upper_inclusive) {
            encode::range(RANGE_EMPTY, &mut field, |_| ());
            return Ok((i64::MIN, field));
        }
    }
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    let flags = flag(lower.is_none(), RANGE_LOWER_INFINITE)
        | flag(upper.is_none(), RANGE_UPPER_INFINITE)
        | flag(lower.is_some() && lower_inclusive, RANGE_LOWER_INCLUSIVE)
        | flag(upper.is_some() && upper_inclusive, RANGE_UPPER_INCLUSIVE);
    encode::range(flags, &mut field, |out| {
        for (_, literal) in lower.iter().chain(&upper) {
            out.extend_from_slice(&literal.field);
        }
    });
    Ok((lower.map_or(i64::MIN, |(units, _)| units), field))
}

/// What stands between the separators of an array or composite.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    Null,
    Text(String),
    List(Vec<Item>),
}

/// Reads items up to `close`, which is taken as well.
fn items(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    close: char,
    nested: bool,
    depth: u32,
) -> Option<Vec<Item>> {
    let mut found = Vec::new();
    loop {
        while nested && letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        if nested && found.is_empty() && letters.next_if_eq(&close).is_some() {
            return Some(found);
        }
        if nested && depth < 6 && letters.next_if_eq(&'{').is_some() {
            found.push(Item::List(items(letters, '}', true, depth + 1)?));
            while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        } else {
            let (mut text, mut quoted, mut was_quoted) = (String::new(), false, false);
            loop {
                match letters.peek().copied()? {
                    '"' => {
                        letters.next();
                        // In a composite, a quote inside quotes is written twice.
                        if quoted && !nested && letters.next_if_eq(&'"').is_some() {
                            text.push('"');
                        } else {
                            quoted = !quoted;
                            was_quoted = true;
                        }
                    }
                    '\\' => {
                        letters.next();
                        text.push(letters.next()?);
                    }
                    letter if !quoted && (letter == ',' || letter == close) => break,
                    '{' | '}' if nested && !quoted => return None,
                    letter => {
                        letters.next();
                        text.push(letter);
                    }
                }
            }
            let bare = if nested && !was_quoted { text.trim().to_owned() } else { text };
            found.push(match (was_quoted, bare.as_str()) {
                (false, "") if nested => return None,
                (false, "") => Item::Null,
                (false, word) if nested && word.eq_ignore_ascii_case("null") => Item::Null,
                _ => Item::Text(bare),
            });
        }
        match letters.next()? {
            ',' => {}
            letter if letter == close => return Some(found),
            _ => return None,
        }
    }
}

fn whole(text: &str, open: char, close: char, nested: bool) -> Option<Vec<Item>> {
    let mut letters = text.trim().chars().peekable();
    letters.next_if_eq(&open)?;
    let found = items(&mut letters, close, nested, 0)?;
    letters.next().is_none().then_some(found)
}

/// An array's field.
pub(super) fn array(text: &str, element: &ColumnType, element_oid: u32) -> Result<Vec<u8>, String> {
    let refuse = || format!("`{text}` is not an array like `{{a,b}}`");
    let list = whole(text, '{', '}', true).ok_or_else(refuse)?;
    let (mut dimensions, mut level) = (Vec::new(), list);
    // Level by level, as every list of one level has the same length.
    let leaves = loop {
        if level.is_empty() {
            break level;
        }
        let lists: Vec<&Vec<Item>> = level
            .iter()
            .filter_map(|item| if let Item::List(list) = item { Some(list) } else { None })
            .collect();
        if dimensions.is_empty() {
            dimensions.push(level.len() as u32);
        }
        if lists.is_empty() {
            break level;
        }
        let length = lists[0].len();
        if lists.len() != level.len() || length == 0 || lists.iter().any(|list| list.len() != length) {
            return Err(format!("`{text}` has parts of different lengths"));
        }
        dimensions.push(length as u32);
        level = lists.into_iter().flatten().cloned().collect();
    };
    let mut elements = Vec::new();
    let mut has_nulls = false;
    for leaf in &leaves {
        match leaf {
            Item::Text(text) => elements.extend_from_slice(&alone(text, element)?.field),
            _ => {
                has_nulls = true;
                encode::null(&mut elements);
            }
        }
    }
    let mut field = Vec::new();
    encode::field(&mut field, |out| {
        array_start(element_oid, &dimensions, has_nulls, out);
        out.extend_from_slice(&elements);
    });
    Ok(field)
}

/// A composite value's field.
pub(super) fn composite(text: &str, attributes: &[Attribute]) -> Result<Vec<u8>, String> {
    let list = whole(text, '(', ')', false).ok_or_else(|| format!("`{text}` is not a row like `(1,two)`"))?;
    if list.len() != attributes.len() {
        return Err(format!("`{text}` has {} values, not {}", list.len(), attributes.len()));
    }
    let mut inner = Vec::new();
    for (attribute, item) in attributes.iter().zip(list) {
        inner.extend_from_slice(&attribute.type_oid.to_be_bytes());
        match item {
            Item::Text(text) => inner.extend_from_slice(&alone(&text, &attribute.kind)?.field),
            _ => encode::null(&mut inner),
        }
    }
    let mut field = Vec::new();
    encode::composite(attributes.len() as u32, &mut field, |out| out.extend_from_slice(&inner));
    Ok(field)
}

/// The greatest position of a lexeme, and how many positions it may have.
const POSITION_MAX: u16 = 16_383;
const POSITIONS_MAX: usize = 255;

/// A text search vector's field.
pub(super) fn tsvector(text: &str) -> Result<Vec<u8>, String> {
    let refuse = || format!("`{text}` is not a tsvector like `'cat':3 'fat':2`");
    let mut lexemes = std::collections::BTreeMap::<Vec<u8>, Vec<u16>>::new();
    let mut letters = text.chars().peekable();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let mut lexeme = String::new();
        if letters.peek().is_none() {
            break;
        } else if letters.next_if_eq(&'\'').is_some() {
            loop {
                match letters.next().ok_or_else(refuse)? {
                    '\'' if letters.next_if_eq(&'\'').is_none() => break,
                    letter => lexeme.push(letter),
                }
            }
        } else {
            while let Some(letter) = letters.next_if(|&letter| !letter.is_whitespace() && letter != ':') {
                lexeme.push(letter);
            }
        }
        if lexeme.is_empty() || lexeme.len() > 2_046 || lexeme.contains('\0') {
            return Err(refuse());
        }
        let positions = lexemes.entry(lexeme.into_bytes()).or_default();
        if letters.next_if_eq(&':').is_some() {
            let mut written = String::new();
            while let Some(letter) = letters.next_if(|letter| !letter.is_whitespace()) {
                written.push(letter);
            }
            for part in written.split(',') {
                let number = part.trim_end_matches(['A', 'B', 'C', 'D', 'a', 'b', 'c', 'd', '*']);
                let weight = match part[number.len()..].to_ascii_uppercase().as_str() {
                    "A" => 3,
                    "B" => 2,
                    "C" => 1,
                    "" | "D" => 0,
                    _ => return Err(refuse()),
                };
                let position =
                    number.parse::<u16>().ok().filter(|position| (1..=POSITION_MAX).contains(position));
                positions.push(weight << 14 | position.ok_or_else(refuse)?);
            }
        }
    }
    let mut list: Vec<(Vec<u8>, Vec<u16>)> = lexemes.into_iter().collect();
    for (_, positions) in &mut list {
        positions.sort_by_key(|position| position & POSITION_MAX);
        positions.dedup_by_key(|position| *position & POSITION_MAX);
        positions.truncate(POSITIONS_MAX);
    }
    let mut field = Vec::new();
    compound::tsvector(list.iter().map(|(lexeme, positions)| (&lexeme[..], &positions[..])), &mut field);
    Ok(field)
}
