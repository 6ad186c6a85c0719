//! The comments by which dbmate and goose divide a file, and the one by which sqlx does without a transaction.

use std::ops::Range;
use std::sync::Arc;

use super::tool::Rule;
use crate::diagnostic::Diagnostic;
use crate::source::{Place, Source};

/// What a file with both directions in it holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// Bytes of the part that makes the change, and how it runs.
    pub(super) up: (Range<usize>, Rule),
    /// Those of the part that undoes it.
    pub(super) down: Option<(Range<usize>, Rule)>,
    /// What goose sends in one call, between StatementBegin and StatementEnd.
    pub(super) blocks: Vec<Range<usize>>,
}

/// A line with its bytes, without its end.
fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        let bare = line.trim_end_matches(['\n', '\r']);
        (at..at + bare.len(), bare)
    })
}

/// What follows `-- migrate:up` or the like on its line, where a line is such a marker.
fn dbmate_marker<'a>(line: &'a str, direction: &str) -> Option<&'a str> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?.strip_prefix(direction)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest.trim())
}

/// The annotation of goose on a line, in capitals: `UP`, `STATEMENTBEGIN`, `NO TRANSACTION`.
fn goose_annotation(line: &str) -> Option<String> {
    let rest = line.strip_prefix("--")?.trim_start().strip_prefix("+goose")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    (rest.starts_with(char::is_whitespace)).then(|| words.join(" ").to_ascii_uppercase())
}

/// Whether a file has a marker of dbmate.
pub(super) fn is_dbmate(text: &str) -> bool {
    let marker = |line| dbmate_marker(line, "up").or(dbmate_marker(line, "down")).is_some();
    lines(text).any(|(_, line)| marker(line))
}

/// Whether a file has an annotation of goose.
pub(super) fn is_goose(text: &str) -> bool {
    lines(text).any(|(_, line)| goose_annotation(line).is_some())
}

/// Whether a file asks sqlx for no transaction: by its very first characters.
pub(super) fn is_without_transaction(text: &str) -> bool {
    text.starts_with("-- no-transaction")
}

/// Cuts a file as dbmate does (`pkg/dbmate/migration.go`).
pub(super) fn dbmate(source: &Arc<Source>) -> Result<Parts, Diagnostic> {
    let text = &source.text;
    let first = |direction| {
        lines(text).find_map(|(span, line)| dbmate_marker(line, direction).map(|options| (span, options)))
    };
    let rule = |options: &str| {
        let without = options.split_whitespace().any(|option| option == "transaction:false");
        if without { Rule::OneCall } else { Rule::Transaction }
    };
    let Some((up, up_options)) = first("up") else { return Err(no_up(source, "-- migrate:up")) };
    let down = first("down");
    if let Some((down, _)) = down.as_ref().filter(|(down, _)| down.start < up.start) {
        return Err(Diagnostic::error(
            Place::new(source, down.clone()),
            "`-- migrate:down` stands above `-- migrate:up`",
        )
        .help("dbmate wants the part up first"));
    }
    let before = |(span, line): &(Range<usize>, &str)| {
        span.start < up.start && !line.trim().is_empty() && !line.trim_start().starts_with("--")
    };
    if let Some((stray, _)) = lines(text).find(before) {
        return Err(Diagnostic::error(Place::new(source, stray), "a statement above `-- migrate:up`")
            .help("move it below the marker: dbmate refuses it here"));
    }
    let end = down.as_ref().map_or(text.len(), |(down, _)| down.start);
    Ok(Parts {
        up: (up.start..end, rule(up_options)),
        down: down.map(|(down, options)| (down.start..text.len(), rule(options))),
        blocks: Vec::new(),
    })
}

/// Cuts a file as goose does (`internal/sqlparser/parser.go`).
pub(super) fn goose(source: &Arc<Source>) -> Result<Parts, Diagnostic> {
    let text = &source.text;
    let wrong = |span: &Range<usize>, message: &str, help: &str| {
        Err(Diagnostic::error(Place::new(source, span.clone()), message).help(help))
    };
    let mut rule = Rule::Transaction;
    let (mut up, mut down, mut begun): (Option<usize>, Option<usize>, Option<Range<usize>>) =
        (None, None, None);
    let mut blocks = Vec::new();
    for (span, line) in lines(text) {
        let Some(annotation) = goose_annotation(line) else { continue };
        match annotation.as_str() {
            "UP" if up.is_some() => {
                return wrong(&span, "a second `-- +goose Up`", "a file has one part up and one part down");
            }
            "UP" => up = Some(span.start),
            "DOWN" if up.is_none() => {
                return wrong(
                    &span,
                    "`-- +goose Down` stands above `-- +goose Up`",
                    "goose wants the part up first",
                );
            }
            "DOWN" if down.is_some() => {
                return wrong(&span, "a second `-- +goose Down`", "a file has one part up and one part down");
            }
            "DOWN" => down = Some(span.start),
            "STATEMENTBEGIN" => begun = Some(span),
            "STATEMENTEND" => match begun.take() {
                Some(begin) => blocks.push(begin.end..span.start),
                None => {
                    return wrong(
                        &span,
                        "`-- +goose StatementEnd` without `-- +goose StatementBegin`",
                        "put `-- +goose StatementBegin` above the statement",
                    );
                }
            },
            "NO TRANSACTION" => rule = Rule::Statements,
            "ENVSUB ON" | "ENVSUBST ON" => {
                return wrong(
                    &span,
                    "goose puts environment variables into what follows, which is not done here",
                    "write the values into the migration",
                );
            }
            "ENVSUB OFF" | "ENVSUBST OFF" => {}
            _ => {
                return wrong(
                    &span,
                    "goose has no such annotation",
                    "it knows Up, Down, StatementBegin, StatementEnd and NO TRANSACTION",
                );
            }
        }
    }
    if let Some(begin) = begun {
        let help = "put `-- +goose StatementEnd` below the statement";
        return wrong(&begin, "`-- +goose StatementBegin` is never closed", help);
    }
    let Some(up) = up else { return Err(no_up(source, "-- +goose Up")) };
    let down_part = down.map(|down| (down..text.len(), rule));
    Ok(Parts { up: (up..down.unwrap_or(text.len()), rule), down: down_part, blocks })
}

fn no_up(source: &Arc<Source>, marker: &str) -> Diagnostic {
    let first_line = source.text.lines().next().map_or(0, str::len);
    Diagnostic::error(Place::new(source, 0..first_line), format!("no `{marker}` in this migration")).help(
        format!("write `{marker}`, at the beginning of a line, above the statements that make the change"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Source::new("1_x.sql", text)
    }

    #[test]
    fn dbmate_cuts_at_its_markers() {
        let text = "-- about\n\n-- migrate:up transaction:false\r\nA;\n-- migrate:down\nB;\n";
        let parts = dbmate(&source(text)).unwrap();
        assert_eq!(&text[parts.up.0], "-- migrate:up transaction:false\r\nA;\n");
        assert_eq!(parts.up.1, Rule::OneCall);
        let (down, rule) = parts.down.unwrap();
        assert_eq!((&text[down], rule), ("-- migrate:down\nB;\n", Rule::Transaction));
        assert_eq!(dbmate(&source("--migrate:up\nA;")).unwrap().down, None);
        let refused = |text| dbmate(&source(text)).unwrap_err().message;
        assert_eq!(refused("A;\n-- migrate:up"), "a statement above `-- migrate:up`");
        assert_eq!(refused("-- migrate:upwards"), "no `-- migrate:up` in this migration");
        assert_eq!(
            refused("-- migrate:down\n-- migrate:up"),
            "`-- migrate:down` stands above `-- migrate:up`"
        );
    }

    #[test]
    fn goose_cuts_at_its_annotations() {
        let text = "-- +goose NO TRANSACTION\n-- +goose up\n-- +goose StatementBegin\nA; B;\n-- +goose StatementEnd\n\
                    -- +goose Down\nC;\n";
        let parts = goose(&source(text)).unwrap();
        assert!(text[parts.up.0.clone()].contains("A;") && !text[parts.up.0].contains("C;"));
        assert_eq!(parts.up.1, Rule::Statements);
        assert_eq!(text[parts.blocks[0].clone()].trim(), "A; B;");
        assert!(text[parts.down.unwrap().0].contains("C;"));
        let refused = |text| goose(&source(text)).unwrap_err().message;
        assert_eq!(refused("-- +goose Down\n"), "`-- +goose Down` stands above `-- +goose Up`");
        assert_eq!(refused("-- +goose NO TRANSACTION\nA;"), "no `-- +goose Up` in this migration");
        assert_eq!(
            refused("-- +goose Up\n-- +goose StatementBegin\n"),
            "`-- +goose StatementBegin` is never closed"
        );
        assert_eq!(refused("-- +goose Up\n-- +goose Upp\n"), "goose has no such annotation");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(-- (migrate:(up|down)|\\+goose (Up|Down|StatementBegin|StatementEnd))|A;|é|\r?\n| ){0,20}") {
            for parts in [dbmate(&source(&text)), goose(&source(&text))].into_iter().flatten() {
                prop_assert!(text.get(parts.up.0).is_some());
                prop_assert!(parts.down.is_none_or(|(down, _)| text.get(down).is_some()));
            }
        }
    }
}
