//! Lists of words and names, from `fake`'s English data, each entry once.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use fake::locales::{Data, EN};

use super::rng::Stream;

fn unique<'a>(entries: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    entries.into_iter().filter(|entry| seen.insert(*entry)).collect()
}

fn is_plain(entry: &&str) -> bool {
    entry.bytes().all(|byte| byte.is_ascii_alphabetic())
}

static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let lists =
        [EN::LOREM_WORD, EN::PATH_SEGMENTS, EN::COMPANY_BS_VERBS, EN::COMPANY_BS_ADJ, EN::COMPANY_BS_NOUNS];
    let words: Vec<String> =
        lists.concat().into_iter().filter(is_plain).map(str::to_ascii_lowercase).collect();
    unique(words.iter().map(String::as_str)).into_iter().map(str::to_owned).collect()
});

/// Words in small letters, no other characters.
pub(crate) fn words() -> Vec<&'static str> {
    WORDS.iter().map(String::as_str).collect()
}

/// Given names, letters only.
pub(crate) fn first_names() -> Vec<&'static str> {
    unique(EN::NAME_FIRST_NAME.iter().copied().filter(is_plain))
}

/// Family names, letters only.
pub(crate) fn last_names() -> Vec<&'static str> {
    unique(EN::NAME_LAST_NAME.iter().copied().filter(is_plain))
}

/// Countries.
pub(crate) fn countries() -> Vec<&'static str> {
    unique(EN::ADDRESS_COUNTRY.iter().copied())
}

/// ISO 3166 codes of two letters.
pub(crate) fn country_codes() -> Vec<&'static str> {
    unique(EN::ADDRESS_COUNTRY_CODE.iter().copied().filter(|code| code.len() == 2))
}

/// ISO 4217 codes of three letters, metals and test codes left out.
pub(crate) fn currency_codes() -> Vec<&'static str> {
    let codes = EN::CURRENCY_CODE.iter().copied().filter(|code| code.len() == 3 && !code.starts_with('X'));
    unique(codes.filter(is_plain))
}

/// `Avenue`, `Road`, …
pub(crate) fn street_suffixes() -> Vec<&'static str> {
    unique(EN::ADDRESS_STREET_SUFFIX.iter().copied().filter(is_plain))
}

/// Names of trades.
pub(crate) fn industries() -> Vec<&'static str> {
    unique(EN::COMPANY_INDUSTRY.iter().copied().filter(is_plain))
}

/// `Group`, `Inc`, …
pub(crate) fn company_suffixes() -> Vec<&'static str> {
    unique(EN::COMPANY_SUFFIX.iter().copied())
}

/// A few thousand names of cities, the way `fake` puts them together.
pub(crate) fn cities() -> Vec<String> {
    let stream = Stream::new(0, "", "", "cities");
    let (prefixes, suffixes) = (EN::ADDRESS_CITY_PREFIX, EN::ADDRESS_CITY_SUFFIX);
    let names = first_names();
    let cities: Vec<String> = (0..8000)
        .map(|at| {
            let stream = stream.child(at);
            let name = names[stream.below(0, names.len() as u64) as usize];
            let suffix = suffixes[stream.below(1, suffixes.len() as u64) as usize];
            match stream.below(2, 3) {
                0 => format!("{} {name}{suffix}", prefixes[stream.below(3, prefixes.len() as u64) as usize]),
                _ => format!("{name}{suffix}"),
            }
        })
        .filter(|city| city.len() <= 16)
        .collect();
    unique(cities.iter().map(String::as_str)).into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_long_enough_and_clean() {
        assert!(
            words().len() >= 256
                && words().iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
        );
        assert!(first_names().len() > 2000 && last_names().len() > 400);
        assert!(cities().len() > 2000 && countries().len() > 200 && country_codes().len() > 200);
        assert!(street_suffixes().len() > 100 && currency_codes().len() > 100 && industries().len() > 20);
        assert_eq!(company_suffixes().len(), 4);
    }
}
