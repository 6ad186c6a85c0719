//! Every style makes as many different texts as asked, none that is taken, within limit and width.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::dataset::plan::literal::stored_bytes;

const STYLES: &[Style] = &[Style::States, Style::CountryCodes, Style::CurrencyCodes, Style::Languages];

fn styles() -> impl Iterator<Item = Style> {
    Generator::ALL.iter().map(|&(_, generator)| Style::Like(generator)).chain(STYLES.iter().copied())
}

fn wish(style: Style, distinct: u64) -> Wish<'static> {
    Wish {
        style,
        distinct,
        limit: None,
        width_bytes: None,
        extra_bytes: 0.0,
        taken: &[],
        stream: Stream::new(1, "t", "c", "text"),
    }
}

fn texts(recipe: &Recipe, count: u64) -> Vec<String> {
    let render = |number| {
        let mut out = Vec::new();
        recipe.text.write(number, &mut out);
        String::from_utf8(out).expect("UTF-8")
    };
    (0..count).map(render).collect()
}

fn check(wish: &Wish<'_>, recipe: &Recipe) {
    let count = wish.distinct.min(20_000);
    let texts = texts(recipe, count);
    let stored: u64 = texts.iter().map(|text| stored_bytes(text.len() as u64)).sum();
    let mean = stored as f64 / count as f64 + wish.extra_bytes;
    if count == wish.distinct && count > 500 && mean < 120.0 {
        let close = (mean - recipe.width_bytes).abs() <= (recipe.width_bytes * 0.03).max(0.5);
        assert!(close, "{wish:?}: {mean} instead of {}", recipe.width_bytes);
    }
    for text in &texts {
        assert!(wish.limit.is_none_or(|limit| text.len() as u64 <= limit), "{text} is too long");
        assert!(!wish.taken.contains(&text.as_bytes().to_vec()), "{text} is taken");
        assert!(!text.is_empty() && text.trim() == text, "`{text}`");
    }
    let different: HashSet<&String> = texts.iter().collect();
    assert_eq!(different.len() as u64, count, "{wish:?}");
}

#[test]
fn every_style_makes_few_and_many() {
    for style in styles() {
        for distinct in [1, 10, 1000, 20_000, 100_000_000] {
            let wish = wish(style, distinct);
            let fixed = matches!(style, Style::CountryCodes | Style::CurrencyCodes | Style::Languages);
            match recipe(&wish) {
                Ok(recipe) => check(&wish, &recipe),
                Err(_) => assert!(fixed && distinct > 10, "{style:?} {distinct}"),
            }
        }
    }
}

#[test]
fn texts_look_like_what_they_are() {
    let first = |style, distinct| texts(&recipe(&wish(style, distinct)).expect("possible"), 778).remove(777);
    insta::assert_debug_snapshot!(
        Generator::ALL
            .iter()
            .map(|&(name, generator)| {
                (name, first(Style::Like(generator), 1000), first(Style::Like(generator), 5_000_000))
            })
            .collect::<Vec<_>>()
    );
}

#[test]
fn taken_texts_are_left_out() {
    for style in styles() {
        let plain = recipe(&wish(style, 12)).expect("possible");
        let mut taken: Vec<Vec<u8>> = texts(&plain, 3).into_iter().map(String::into_bytes).collect();
        taken.push(b"active".to_vec());
        let wish = Wish { taken: &taken, ..wish(style, 7) };
        check(&wish, &recipe(&wish).expect("possible"));
        let wish = Wish { distinct: 20_000, ..wish };
        if let Ok(recipe) = recipe(&wish) {
            check(&wish, &recipe);
        }
    }
}

#[test]
fn letters_fill_what_a_short_limit_allows() {
    let taken = [b"AAA".to_vec(), b"QQQ".to_vec()];
    let all = 26 * 26 * 26;
    let word = Style::Like(Generator::Word);
    let wish = Wish { limit: Some(3), taken: &taken, ..wish(word, all - 2) };
    check(&wish, &recipe(&wish).expect("possible"));
    assert!(recipe(&Wish { distinct: all - 1, ..wish }).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn widths_and_limits_are_kept_or_refused(
        style in proptest::sample::select(styles().collect::<Vec<_>>()),
        distinct in 1u64..5000,
        limit in proptest::option::of(1u64..80),
        width in proptest::option::of(1.0f64..200.0),
    ) {
        let wish = Wish { limit, width_bytes: width, ..wish(style, distinct) };
        if let Ok(recipe) = recipe(&wish) {
            check(&wish, &recipe);
            prop_assert!(width.is_none_or(|width| close_width(recipe.width_bytes, width)));
        }
    }

    #[test]
    fn usual_widths_are_possible(
        style in proptest::sample::select(vec![Generator::Email, Generator::Username, Generator::Name, Generator::Sentence]),
        distinct in 1000u64..2_000_000,
        width in 22.0f64..60.0,
    ) {
        let wish = Wish { width_bytes: Some(width), ..wish(Style::Like(style), distinct) };
        check(&wish, &recipe(&wish).expect("possible"));
    }
}
