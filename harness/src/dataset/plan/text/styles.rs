//! Which drafts may do for each style of text.

use pgrehearse_scenarios::profile::Generator;

use super::combined::{as_strs, coded, pool, prefixed, product};
use super::numbered::{decimal, hex, ip, letters, prose};
use super::{Draft, Style, Wish};
use crate::dataset::generate::words;

/// What may do, the most natural first.
pub(super) fn drafts(wish: &Wish<'_>) -> Vec<Option<Draft>> {
    let first = || words::first_names();
    let last = || words::last_names();
    let lower = |list: Vec<&str>| -> Vec<String> { list.into_iter().map(str::to_ascii_lowercase).collect() };
    let list = |entries: &[&str]| pool(wish, entries);
    let mut drafts = match wish.style {
        Style::Like(Generator::Email) => {
            let domains = ["@example.com", "@example.org", "@example.net"];
            vec![
                coded(wish, &lower(first()), &lower(last()), ".", "", &domains),
                coded(wish, &lower(first()), &lower(last()), ".", "", &["@x.test"]),
            ]
        }
        Style::Like(Generator::Username) => {
            vec![coded(wish, &lower(first()), &lower(last()), "_", "", &[""])]
        }
        Style::Like(Generator::Url) => {
            let words = words::words();
            vec![
                prefixed("https://www.example.com/", wish, |wish| {
                    coded(wish, &words, &words, "/", "-", &[""])
                }),
                prefixed("https://x.test/", wish, |wish| coded(wish, &words, &words, "/", "-", &[""])),
            ]
        }
        Style::Like(Generator::Name) => {
            let initials: Vec<String> = ('A'..='Z').map(|letter| format!("{letter}. ")).collect();
            vec![
                product(wish, &[&first(), &[" "], &last()]),
                product(wish, &[&first(), &[" "], &as_strs(&initials), &last()]),
                coded(wish, &first(), &last(), " ", " ", &[""]),
            ]
        }
        Style::Like(Generator::FirstName) => {
            vec![list(&first()), coded(wish, &first(), &first(), " ", " ", &[""])]
        }
        Style::Like(Generator::LastName) => {
            vec![list(&last()), coded(wish, &last(), &last(), "-", " ", &[""])]
        }
        Style::Like(Generator::City) => {
            let cities = words::cities();
            vec![list(&as_strs(&cities)), coded(wish, &cities, &cities, " ", " ", &[""])]
        }
        Style::Like(Generator::Country) => {
            let countries = words::countries();
            vec![list(&countries), coded(wish, &countries, &countries, " ", " ", &[""])]
        }
        Style::Like(Generator::Street) => {
            let numbers: Vec<String> = (1..1000).map(|number| format!("{number} ")).collect();
            let (first, suffixes) = (first(), words::street_suffixes());
            vec![
                product(wish, &[&as_strs(&numbers), &first, &[" "], &suffixes]),
                coded(wish, &first, &suffixes, " ", " ", &[""]),
            ]
        }
        Style::Like(Generator::Company) => {
            let (last, suffixes) = (last(), words::company_suffixes());
            vec![
                product(wish, &[&last, &[" "], &suffixes]),
                product(wish, &[&last, &[" "], &words::industries(), &[" "], &suffixes]),
                coded(wish, &last, &last, " & ", " ", &[""]),
            ]
        }
        Style::Like(Generator::Word) => {
            let words = words::words();
            let mut drafts = vec![list(&words)];
            for count in 2..=4 {
                let mut factors: Vec<&[&str]> = vec![&words];
                for _ in 1..count {
                    factors.extend([&["-"][..], &words[..]]);
                }
                drafts.push(product(wish, &factors));
            }
            drafts.push(coded(wish, &words, &words, "-", "-", &[""]));
            drafts
        }
        Style::Like(Generator::Sentence) => {
            let words = words::words();
            vec![prose(wish), coded(wish, &words, &words, " ", " ", &[""])]
        }
        Style::Like(Generator::Phone) => vec![decimal(wish)],
        Style::Like(Generator::Ip) => vec![ip(wish)],
        Style::Like(Generator::Hex) => vec![hex(wish)],
        Style::States => {
            let states =
                ["active", "pending", "completed", "cancelled", "failed", "draft", "archived", "new"];
            vec![list(&states), coded(wish, &states, &states, "-", "-", &[""])]
        }
        Style::CountryCodes => vec![list(&words::country_codes())],
        Style::CurrencyCodes => vec![list(&words::currency_codes())],
        Style::Languages => {
            vec![list(&[
                "en", "es", "fr", "de", "pt", "it", "nl", "ja", "zh", "ko", "pl", "tr", "sv", "da", "fi",
            ])]
        }
    };
    // Where a limit leaves no room for anything that can be read. What a profile names is never replaced by this.
    if wish.limit.is_some_and(|limit| limit < 8)
        && !matches!(
            wish.style,
            Style::Like(Generator::Email | Generator::Phone | Generator::Ip | Generator::Url)
        )
    {
        drafts.push(letters(wish));
    }
    drafts
}
