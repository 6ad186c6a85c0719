//! Problems found in what was declared, each with file, line, column, snippet and a way to mend it.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::source::Place;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The scenario cannot be rehearsed.
    Error,
    /// It can, but the reader should know.
    Warning,
}

/// One problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line without a final full stop.
    pub message: String,
    /// Where; a place without a source is shown without a snippet.
    pub place: Place,
    /// How to mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), place, help: None }
    }

    /// A warning at a place.
    pub fn warning(place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, message) }
    }

    /// The same, with a way to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Renders diagnostics for people, one paragraph each, in the order given: message, `file:line:column`,
/// the snippet, and how to mend it. With `styled`, ANSI colours are added and nothing else changes.
pub fn render(diagnostics: &[Diagnostic], styled: bool) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&[paragraph(diagnostic)]));
        text.push('\n');
    }
    text
}

fn paragraph(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message));
    if let Some(source) = &diagnostic.place.source {
        // Only the first line of the span: the renderer indexes all the text that it is given, and a schema can
        // be long; a statement of twenty lines is found by its first.
        let start = source.text.floor_char_boundary(diagnostic.place.span.start);
        let first = source.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line = source.text[first..].lines().next().unwrap_or_default();
        let last = (first + line.len()).max(start);
        let end = source.text.ceil_char_boundary(diagnostic.place.span.end).clamp(start, last);
        let snippet = Snippet::source(&source.text[first..last])
            .line_start(source.line_column(start).0)
            .path(source.path.as_str())
            .annotation(AnnotationKind::Primary.span(start - first..end - first));
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::source::Source;

    fn sample() -> Vec<Diagnostic> {
        let source = Source::new("demo/scenario.toml", "title = \"Grüße\"\r\nseeed = 4\r\n");
        let seeed = source.text.find("seeed").expect("it is there");
        vec![
            Diagnostic::error(Place::new(&source, seeed..seeed + 5), "unknown key `seeed`")
                .help("did you mean `seed`?"),
            Diagnostic::warning(Place::new(&source, 8..17), "a title in German"),
            Diagnostic::error(Place::default(), "no such folder"),
        ]
    }

    #[test]
    fn reads_like_a_compiler() {
        assert_snapshot!(render(&sample(), false));
    }

    #[test]
    fn style_adds_colour_only() {
        let styled = render(&sample(), true);
        let mut plain = String::new();
        let mut rest = styled.as_str();
        while let Some(escape) = rest.find('\u{1b}') {
            plain.push_str(&rest[..escape]);
            rest = rest[escape..].split_once('m').expect("an escape sequence ends with m").1;
        }
        plain.push_str(rest);
        assert!(styled.contains('\u{1b}'));
        assert_eq!(plain, render(&sample(), false));
    }

    proptest! {
        #[test]
        fn any_span_in_any_text_renders(text in "(?s).{0,80}", start in 0_usize..100, length in 0_usize..100) {
            let source = Source::new("x", text);
            let rendered = render(&[Diagnostic::error(Place::new(&source, start..start + length), "m").help("h")], false);
            let (line, column) = source.line_column(start);
            prop_assert!(rendered.contains(&format!("x:{line}:{column}")), "{}", rendered);
        }
    }
}
