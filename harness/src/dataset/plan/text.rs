//! Recipes for text: so many different texts of a kind, within a limit, as wide on average as asked.

mod combined;
mod numbered;
mod styles;
#[cfg(test)]
mod tests;

use pgrehearse_scenarios::profile::Generator;

use crate::dataset::generate::rng::Stream;
use crate::dataset::generate::text::{Part, Text};
use crate::dataset::generate::words;

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As one of the generators that a profile can name.
    Like(Generator),
    /// `active`, `pending`, …
    States,
    /// ISO 3166, two letters.
    CountryCodes,
    /// ISO 4217, three letters.
    CurrencyCodes,
    /// `en`, `de`, …
    Languages,
}

/// What a recipe has to do.
#[derive(Debug, Clone)]
pub(super) struct Wish<'a> {
    pub(super) style: Style,
    /// Different texts, at least 1.
    pub(super) distinct: u64,
    /// The most characters.
    pub(super) limit: Option<u64>,
    /// Stored bytes on average, with header.
    pub(super) width_bytes: Option<f64>,
    /// Bytes that are stored around each text.
    pub(super) extra_bytes: f64,
    /// Texts that must not be made.
    pub(super) taken: &'a [Vec<u8>],
    pub(super) stream: Stream,
}

/// A recipe and what will come of it.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    pub(super) text: Text,
    /// Stored bytes on average, with header and what stands around.
    pub(super) width_bytes: f64,
}

/// Parts, before limit and width are looked at.
struct Draft {
    parts: Vec<Part>,
    /// No text is longer.
    most_bytes: u64,
    /// Numbers whose texts are taken.
    skip: Vec<u64>,
}

impl Draft {
    fn new(parts: Vec<Part>, most_bytes: u64) -> Self {
        Self { parts, most_bytes, skip: Vec::new() }
    }
}

impl Wish<'_> {
    /// Mean length that the wished width leaves to the text.
    fn payload_bytes(&self) -> Option<f64> {
        self.width_bytes.map(|width| width - self.extra_bytes - if width > 127.0 { 4.0 } else { 1.0 })
    }
}

/// How far the mean stored width may be from what was asked: PostgreSQL reports whole bytes.
pub(super) fn close_width(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() <= (wanted * 0.02).max(1.0)
}

/// Finds a recipe, or says why there is none.
pub(super) fn recipe(wish: &Wish<'_>) -> Result<Recipe, String> {
    let mut reached: Vec<f64> = Vec::new();
    for draft in styles::drafts(wish).into_iter().flatten() {
        if wish.limit.is_some_and(|limit| draft.most_bytes > limit) {
            continue;
        }
        let text = Text::new(draft.parts, wish.stream).skipping(draft.skip);
        let width_bytes = measured_width(&text, wish);
        if wish.width_bytes.is_none_or(|wanted| close_width(width_bytes, wanted)) {
            return Ok(Recipe { text, width_bytes });
        }
        reached.push(width_bytes);
    }
    let distinct = wish.distinct;
    match (wish.width_bytes, reached.first(), wish.limit) {
        (Some(wanted), Some(reached), _) => Err(format!(
            "{distinct} different texts of this kind would be {reached:.0} bytes wide on average, not {wanted:.0}"
        )),
        (_, _, Some(limit)) => {
            Err(format!("{distinct} different texts of this kind do not fit into {limit} characters"))
        }
        _ => Err(format!("{distinct} different texts of this kind cannot be made")),
    }
}

/// Texts that are measured; where there are no more, the measure is exact.
const SAMPLE: u64 = 10_000;

/// Stored bytes on average, with header and what stands around.
fn measured_width(text: &Text, wish: &Wish<'_>) -> f64 {
    let count = wish.distinct.min(SAMPLE);
    let mut out = Vec::new();
    let mut sum = 0.0;
    for at in 0..count {
        out.clear();
        text.write((u128::from(at) * u128::from(wish.distinct) / u128::from(count)) as u64, &mut out);
        let payload = out.len() as f64 + wish.extra_bytes;
        sum += payload + if payload > 126.0 { 4.0 } else { 1.0 };
    }
    sum / count as f64
}

/// How many different texts of at most so many characters there are, as far as texts are put together here.
pub(super) fn capacity(limit: u64) -> u64 {
    u32::try_from(limit).ok().and_then(|limit| 26u64.checked_pow(limit)).unwrap_or(u64::MAX)
}

/// How many different texts there usually are, for styles that are lists.
pub(super) fn usual_distinct(style: Style) -> Option<u64> {
    let count = match style {
        Style::Like(Generator::FirstName) => words::first_names().len(),
        Style::Like(Generator::LastName) => words::last_names().len(),
        Style::Like(Generator::City) => words::cities().len(),
        Style::Like(Generator::Country) => words::countries().len(),
        Style::Like(Generator::Word) => words::words().len(),
        Style::CountryCodes => words::country_codes().len(),
        Style::CurrencyCodes => words::currency_codes().len(),
        Style::States | Style::Languages => 5,
        _ => return None,
    };
    Some(count as u64)
}
