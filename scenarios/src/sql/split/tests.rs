use proptest::prelude::*;

use super::*;
use crate::sql::{StatementKind, roles_named};

const DUMP: &str = include_str!("dump.sql");

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { path: "a.sql".to_owned(), text: text.to_owned() })
}

/// The statements of a script, and the errors in it as `message @ text`.
fn cut(text: &str) -> (Vec<String>, Vec<String>) {
    let (statements, diagnostics) = split(&source(text));
    let errors = diagnostics.into_iter().filter(|found| found.severity == Severity::Error);
    (
        statements.into_iter().map(|statement| statement.text).collect(),
        errors.map(|found| format!("{} @ {}", found.message, &text[found.place.span])).collect(),
    )
}

fn pieces(text: &str) -> Vec<String> {
    let (pieces, errors) = cut(text);
    assert_eq!(errors, [""; 0], "{text}");
    pieces
}

fn errors(text: &str) -> Vec<String> {
    cut(text).1
}

#[test]
fn statements_end_at_their_semicolon() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        (" ;; ; -- a;\n/* b; */ ;", &[]),
        ("SELECT 1", &["SELECT 1"]),
        ("SELECT 1;SELECT 2;", &["SELECT 1", "SELECT 2"]),
        ("SELECT 1;\r\nSELECT 2\r\n;\r\n", &["SELECT 1", "SELECT 2"]),
        ("-- a;\nSELECT /* b; */ 1 -- c;\n ; -- d", &["SELECT /* b; */ 1"]),
        (
            "SELECT ';', \";\", $$;$$, E'\\';', U&';' /* ; /* ; */ ; */ + 1;",
            &["SELECT ';', \";\", $$;$$, E'\\';', U&';' /* ; /* ; */ ; */ + 1"],
        ),
        ("SELECT 'a;'\n  'b;'; SELECT 2", &["SELECT 'a;'\n  'b;'", "SELECT 2"]),
        ("SELECT E'a' -- x;\n '\\';'; SELECT 2", &["SELECT E'a' -- x;\n '\\';'", "SELECT 2"]),
        ("SELECT 'größe;日本'; SELECT \"é;\"", &["SELECT 'größe;日本'", "SELECT \"é;\""]),
        ("SELECT a$$, b$$; SELECT 1", &["SELECT a$$, b$$", "SELECT 1"]),
        ("SELECT $1; EXECUTE q($1, $2)", &["SELECT $1", "EXECUTE q($1, $2)"]),
        (
            "DO $a$ BEGIN; $b$;$b$ $$;$$ END; $a$; SELECT 1",
            &["DO $a$ BEGIN; $b$;$b$ $$;$$ END; $a$", "SELECT 1"],
        ),
        (
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT (2); ); SELECT 3",
            &["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT (2); )", "SELECT 3"],
        ),
        ("SELECT 1); SELECT 2;", &["SELECT 1)", "SELECT 2"]),
        ("BEGIN; SELECT 1; END; SELECT 2;", &["BEGIN", "SELECT 1", "END", "SELECT 2"]),
        ("SELECT 1 --;\n;SELECT 2--", &["SELECT 1", "SELECT 2"]),
        ("SELECT 2--1;\n;", &["SELECT 2"]),
        ("SELECT 1 */*;*/ 2;", &["SELECT 1 */*;*/ 2"]),
        ("SELECT 1 ?| 2; SELECT @-@ '1'; SELECT !=-1;", &["SELECT 1 ?| 2", "SELECT @-@ '1'", "SELECT !=-1"]),
    ];
    for (text, expected) in cases {
        assert_eq!(pieces(text), *expected, "{text}");
    }
}

#[test]
fn bodies_of_sql_are_one_statement() {
    for body in [
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
        "create or replace procedure p(a int) language sql begin /* x */ atomic insert into t values (1); end",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN CASE b WHEN 1 THEN 2 END ELSE 3 END; SELECT 4; END",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT (CASE WHEN a THEN 1 END); SELECT 2 AS end, t.case, 3 AS \"end\"; END",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC END",
        "CREATE FUNCTION f(begin int, atomic int) RETURNS int RETURN begin + atomic",
        "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$",
        "CREATE FUNCTION f() RETURNS int AS 'BEGIN ATOMIC;' LANGUAGE sql",
    ] {
        let text = format!("{body}; SELECT 'after';");
        assert_eq!(pieces(&text), [body, "SELECT 'after'"]);
    }
}

#[test]
fn bodies_are_looked_for_in_functions_alone() {
    assert_eq!(pieces("CREATE TABLE begin (atomic int); SELECT 1;").len(), 2);
    assert_eq!(pieces("SELECT begin atomic; SELECT 1;").len(), 2);
    assert_eq!(pieces("CREATE TRIGGER f BEFORE INSERT ON t EXECUTE FUNCTION begin(); SELECT 1;").len(), 2);
}

#[test]
fn copies_take_their_rows_along() {
    let text = "COPY t (a, \"b;\") FROM stdin WITH (FORMAT csv); -- rows:\n1,';\n\\.x\n\\.\r\nSELECT 1;\ncopy u from STDIN;\n\\.\nSELECT 2;";
    let (statements, diagnostics) = split(&source(text));
    assert_eq!(diagnostics, []);
    let found: Vec<_> =
        statements.iter().map(|one| (one.line, one.tag.as_str(), one.copy_data.as_deref())).collect();
    assert_eq!(
        found,
        [(1, "COPY", Some("1,';\n\\.x\n")), (5, "SELECT", None), (6, "COPY", Some("")), (8, "SELECT", None)]
    );
}

#[test]
fn copies_without_an_end_are_errors() {
    assert_eq!(
        errors("SELECT 1;\nCOPY t\nFROM stdin;\n1\n"),
        ["the rows of this COPY are never ended @ COPY t"]
    );
    assert_eq!(errors("COPY t FROM stdin"), ["the rows of this COPY are never ended @ COPY t FROM stdin"]);
    assert_eq!(
        errors("COPY t FROM stdin; SELECT 1;\n1\n\\.\n"),
        ["this stands between COPY … FROM stdin and its rows @ SELECT"]
    );
    assert_eq!(errors("SELECT 1;\n\\.\n").len(), 1);
}

#[test]
fn what_is_never_closed_is_an_error_at_its_opening() {
    let cases = [
        ("SELECT 1; SELECT 'a;\nSELECT 2;", "this string is never closed @ '"),
        ("SELECT e'a\\';", "this string is never closed @ e'"),
        ("SELECT U&\"a;", "this quoted name is never closed @ U&\""),
        ("SELECT \"a;", "this quoted name is never closed @ \""),
        ("/* a /* b */;", "this comment is never closed @ /*"),
        ("DO $body$ BEGIN END; $Body$;", "this dollar-quoted string is never closed @ $body$"),
        (
            "CREATE TABLE t (a int, (b); SELECT 1;",
            "this parenthesis is never closed, so the statement reaches to the end of the file @ (",
        ),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1; END; SELECT 1;",
            "this BEGIN ATOMIC is never closed, so the statement reaches to the end of the file @ BEGIN ATOMIC",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(errors(text), [expected], "{text}");
    }
}

#[test]
fn harmless_meta_commands_are_skipped() {
    let text = "\\restrict abc\n\\set ON_ERROR_STOP on\n\\echo 'a;\n\\timing \\\\ SELECT 1;\nSELECT 2 \\g\n\\pset null '\\\\'\nSELECT 3;\n\\dt\n\\unrestrict abc\n\\q\n";
    assert_eq!(pieces(text), ["SELECT 1", "SELECT 2", "SELECT 3"]);
    assert_eq!(pieces("SELECT 1 \\g /dev/null\nSELECT 2 \\gx"), ["SELECT 1", "SELECT 2"]);
    assert_eq!(pieces("SELECT '\\i a', \"\\i\", $$\\i$$; -- \\i\n").len(), 1);
}

#[test]
fn meta_commands_that_matter_are_errors_where_they_stand() {
    let cases = [
        (
            "SELECT 1;\n\\i other.sql\nSELECT 2;",
            "psql's \\i runs another file, which is not read here @ \\i other.sql",
        ),
        ("\\connect shop", "psql's \\connect connects to another database @ \\connect shop"),
        ("SELECT 'x' \\gexec\n", "psql's \\gexec runs what the query returns as statements @ \\gexec"),
        ("SELECT 1 \\; SELECT 2;", "psql's \\; sends several statements as one @ \\;"),
        (
            "\\copy t from stdin\n1\n\\.\n",
            "psql's \\copy copies from or to a file on the client's side @ \\copy t from stdin",
        ),
        (
            "\\if :x\nSELECT 1;\n\\else\nSELECT 2;\n\\endif",
            "psql's \\if makes statements conditional @ \\if :x",
        ),
        ("\\q\nSELECT 1;", "psql's \\q ends the script here @ \\q"),
        ("SELECT 1;\n\\g\n", "psql's \\g would run the statement above a second time @ \\g"),
        ("SELECT 1,\n\\echo x\n2;", "psql's \\echo stands in the middle of a statement @ \\echo x"),
        ("\\foo bar", "\\foo is no command of psql, and a backslash has no other meaning here @ \\foo bar"),
    ];
    for (text, expected) in cases {
        assert_eq!(errors(text), [expected], "{text}");
    }
}

#[test]
fn every_error_says_how_to_mend_it() {
    let text = "\\i a\nSELECT 1 \\; COPY t FROM stdin; x\n'";
    let (_, diagnostics) = split(&source(text));
    assert!(diagnostics.len() >= 3);
    assert!(diagnostics.iter().all(|found| found.help.is_some()), "{diagnostics:?}");
}

#[test]
fn an_error_that_psql_would_go_on_after_is_a_warning() {
    let (_, diagnostics) = split(&source("\\set ON_ERROR_STOP off\nSELECT 1;"));
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].severity, Severity::Warning);
}

#[test]
fn backslashes_follow_standard_conforming_strings() {
    let text = "SET standard_conforming_strings = off;\nSELECT '\\';';\nSET standard_conforming_strings TO 'on';\nSELECT '\\'; SELECT 1;";
    let (statements, diagnostics) = split(&source(text));
    assert_eq!(diagnostics, []);
    let found: Vec<_> = statements.iter().map(|one| (one.text.as_str(), one.standard_strings)).collect();
    assert_eq!(found[1], ("SELECT '\\';'", false));
    assert_eq!(found[3..], [("SELECT '\\'", true), ("SELECT 1", true)]);
}

#[test]
fn lines_count_from_one() {
    let text = "\n-- a\nSELECT\n1;\r\n\r\nSELECT 2; SELECT 3;\nDO $$\n\n$$;\nSELECT 4";
    let lines: Vec<_> = split(&source(text)).0.into_iter().map(|statement| statement.line).collect();
    assert_eq!(lines, [3, 6, 6, 7, 10]);
}

#[test]
fn a_dump_is_cut_as_psql_cuts_it() {
    let (statements, diagnostics) = split(&source(DUMP));
    assert_eq!(diagnostics, []);
    assert!(statements.iter().all(|statement| statement.kind == StatementKind::Transactional));
    // What a server received when psql ran this file.
    assert_eq!(statements.len(), 91);
    let copies: Vec<_> = statements.iter().filter_map(|statement| statement.copy_data.as_deref()).collect();
    assert_eq!(copies.len(), 4);
    assert!(copies.iter().any(|rows| rows.contains("Zoë\\tTab; \\\\. end")));
    insta::assert_snapshot!(
        statements.iter().map(|one| format!("{:>4} {}\n", one.line, one.tag)).collect::<String>()
    );
    assert_eq!(
        roles_named(&statements).into_iter().collect::<Vec<_>>(),
        ["Shop Reader", "boss", "shop_app", "shop_owner"]
    );
}

/// Text that is likely to be nasty: pieces of SQL in any order.
fn script() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "'",
            "\"",
            "$$",
            "$a$",
            "$",
            ";",
            "(",
            ")",
            "[",
            "]",
            "/*",
            "*/",
            "--",
            "\n",
            "\r\n",
            "\\",
            "\\.\n",
            "\\i x",
            "\\g",
            "\\set a b",
            ":a",
            ":'a'",
            "E'",
            "U&\"",
            "begin atomic ",
            "case ",
            "end ",
            "create function ",
            "or replace ",
            "COPY t FROM stdin",
            "commit",
            "do ",
            "grant ",
            " to ",
            " on ",
            "owner to ",
            "x",
            ",",
            "é",
            "日本",
            "\u{feff}",
            "\0",
            "set standard_conforming_strings = off",
            "select ",
            " ",
            "1.5e",
            ".",
            "alter ",
            "table ",
            "detach partition ",
        ]),
        prop::sample::select(vec![
            "\\echo 'a",
            "SELECT 1",
            "policy ",
            "user mapping for ",
            "with (",
            "subscription "
        ]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn statements_are_stretches_of_the_text(text in prop_oneof![script(), any::<String>()]) {
        let source = source(&text);
        let (statements, diagnostics) = split(&source);
        let mut end = 0;
        for statement in &statements {
            prop_assert!(statement.offset >= end);
            end = statement.offset + statement.text.len();
            prop_assert_eq!(&text[statement.offset..end], &statement.text);
            prop_assert!(!statement.text.trim_ascii().is_empty());
            prop_assert_eq!(statement.line, 1 + text[..statement.offset].matches('\n').count());
            prop_assert!(!statement.tag.is_empty());
        }
        for diagnostic in diagnostics {
            prop_assert!(text.get(diagnostic.place.span).is_some());
        }
        let _ = roles_named(&statements);
    }

    #[test]
    fn a_statement_splits_into_itself(text in script()) {
        let (statements, diagnostics) = split(&source(&text));
        let sound = diagnostics.iter().all(|found| found.severity == Severity::Warning);
        for statement in statements.iter().filter(|one| sound && one.standard_strings && one.copy_data.is_none()) {
            let (again, _) = split(&source(&statement.text));
            prop_assert_eq!(again.len(), 1);
            prop_assert_eq!(&again[0].text, &statement.text);
            prop_assert_eq!(again[0].kind, statement.kind);
        }
    }
}
