use proptest::prelude::*;

use super::*;

fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
    tokens(text, true)
        .map(|token| (token.kind, &text[token.span]))
        .filter(|(kind, _)| *kind != TokenKind::Space)
        .collect()
}

fn only(text: &str) -> TokenKind {
    let tokens: Vec<_> = tokens(text, true).collect();
    assert_eq!(tokens.len(), 1, "{text:?}: {tokens:?}");
    tokens[0].kind
}

#[test]
fn whole_tokens() {
    let plain = TokenKind::String { escapes: false, closed: true };
    let escaped = TokenKind::String { escapes: true, closed: true };
    let cases = [
        ("'a;b'", plain),
        ("'it''s'", plain),
        ("'\\'", plain),
        ("'a' \n 'b;'", plain),
        ("'a' -- c'\n -- d'\n'b;'", plain),
        ("e'\\';'", escaped),
        ("E'a\\\\'", escaped),
        ("E'a' \n '\\';'", escaped),
        ("B'01'", plain),
        ("x'1F'", plain),
        ("N'a'", plain),
        ("u&'d\\0061;'", plain),
        ("U&\"a;\"", TokenKind::QuotedName { closed: true }),
        ("\"a\"\";\"", TokenKind::QuotedName { closed: true }),
        ("$$;$a$;$$", TokenKind::DollarString { delimiter_len: 2, closed: true }),
        ("$a$ $$ $b$ $a $A$ $a$", TokenKind::DollarString { delimiter_len: 3, closed: true }),
        ("$ä_1$;$ä_1$", TokenKind::DollarString { delimiter_len: 6, closed: true }),
        ("-- a;", TokenKind::Comment { closed: true }),
        ("/* a; /* b; */ c; */", TokenKind::Comment { closed: true }),
        ("/*/ * / */", TokenKind::Comment { closed: true }),
        ("/***/", TokenKind::Comment { closed: true }),
        ("/* /* */", TokenKind::Comment { closed: false }),
        ("'a''", TokenKind::String { escapes: false, closed: false }),
        ("E'a\\", TokenKind::String { escapes: true, closed: false }),
        ("$a$ $a $", TokenKind::DollarString { delimiter_len: 3, closed: false }),
        ("\"a", TokenKind::QuotedName { closed: false }),
        ("a$$b$", TokenKind::Word),
        ("größe", TokenKind::Word),
        ("$12", TokenKind::Parameter),
        ("1.5e-10", TokenKind::Number),
        (".5", TokenKind::Number),
        ("0x1F", TokenKind::Number),
        ("1_000", TokenKind::Number),
        ("::", TokenKind::CastOrAssign),
    ];
    for (text, expected) in cases {
        assert_eq!(only(text), expected, "{text}");
    }
}

#[test]
fn sequences() {
    use TokenKind::{Comment, Number, Parameter, Symbol, Word};
    let plain = TokenKind::String { escapes: false, closed: true };
    let cases = [
        // Not a string of its own kind: the word is longer.
        ("some'a'", vec![(Word, "some"), (plain, "'a'")]),
        // On one line, two strings stay two.
        ("'a' '\\'", vec![(plain, "'a'"), (plain, "'\\'")]),
        ("1..10", vec![(Number, "1"), (Symbol(b'.'), "."), (Number, ".10")]),
        ("$1$a", vec![(Parameter, "$1"), (Symbol(b'$'), "$"), (Word, "a")]),
        ("+--;", vec![(Symbol(b'+'), "+"), (Comment { closed: true }, "--;")]),
        ("*/*;*/", vec![(Symbol(b'*'), "*"), (Comment { closed: true }, "/*;*/")]),
        ("--a\rb", vec![(Comment { closed: true }, "--a"), (Word, "b")]),
        ("u&a", vec![(Word, "u"), (Symbol(b'&'), "&"), (Word, "a")]),
    ];
    for (text, expected) in cases {
        assert_eq!(kinds(text), expected, "{text}");
    }
}

#[test]
fn backslashes_escape_everywhere_without_standard_strings() {
    let text = "'\\';' N'\\';' B'\\'";
    let spans: Vec<_> =
        tokens(text, false).map(|token| &text[token.span]).filter(|token| *token != " ").collect();
    assert_eq!(spans, ["'\\';'", "N'\\';'", "B'\\'"]);
}

proptest! {
    #[test]
    fn every_byte_is_in_exactly_one_token(text in "(?s)(.|['\"$;*/\\\\:eEuUnN&\\-\n\r ]){0,60}", standard: bool) {
        let mut end = 0;
        for token in tokens(&text, standard) {
            prop_assert_eq!(token.span.start, end);
            prop_assert!(token.span.end > end);
            prop_assert!(text.get(token.span.clone()).is_some());
            end = token.span.end;
        }
        prop_assert_eq!(end, text.len());
    }
}
