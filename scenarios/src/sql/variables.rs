//! psql variables: what a script sets, and where `:name` would be replaced.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::lexer;
use crate::diagnostic::Diagnostic;
use crate::source::{Place, Source};

/// The variables that a script sets and refers to.
#[derive(Debug, Default)]
pub(super) struct Variables {
    set: BTreeMap<String, Range<usize>>,
    references: Vec<Reference>,
}

#[derive(Debug)]
struct Reference {
    name: String,
    span: Range<usize>,
    may_be_sql: bool,
}

impl Variables {
    /// Notes a `\set name value`; `span` is the command's.
    pub(super) fn set(&mut self, name: &str, span: Range<usize>) {
        self.set.entry(name.to_owned()).or_insert(span);
    }

    /// Notes what begins with the colon at byte `at`, if psql would take it for a variable.
    ///
    /// `may_be_sql` says that a colon has a meaning of its own there: in slices, and in the constructors of JSON.
    pub(super) fn refer(&mut self, text: &str, at: usize, may_be_sql: bool) {
        if let Some((name, span)) = reference_at(text, at) {
            self.references.push(Reference { name: name.to_owned(), span, may_be_sql });
        }
    }

    /// Variables that are both set and used are errors, as nothing is replaced here; what only looks like a
    /// variable is a warning.
    pub(super) fn diagnostics(&self, source: &Arc<Source>) -> Vec<Diagnostic> {
        let is_used = |name: &str| self.references.iter().any(|reference| reference.name == name);
        let set = self.set.iter().filter(|(name, _)| is_used(name)).map(|(name, span)| {
            Diagnostic::error(
                Place::new(source, span.clone()),
                format!(
                    "psql would put the value of :{name} into the statements below, which is not done here"
                ),
            )
            .help(format!("write the value where :{name} is used"))
        });
        let loose = self
            .references
            .iter()
            .filter(|reference| !reference.may_be_sql && !self.set.contains_key(&reference.name));
        let loose = loose.map(|reference| {
            Diagnostic::warning(
                Place::new(source, reference.span.clone()),
                format!(
                    "this looks like the psql variable :{}, and goes to the server as it stands",
                    reference.name
                ),
            )
            .help("write its value here")
        });
        set.chain(loose).collect()
    }
}

/// `:name`, `:'name'`, `:"name"` or `:{?name}` at byte `at`.
fn reference_at(text: &str, at: usize) -> Option<(&str, Range<usize>)> {
    let rest = text.get(at + 1..)?;
    let (open, close) = match rest.as_bytes().first()? {
        b'\'' => (1, "'"),
        b'"' => (1, "\""),
        b'{' if rest.starts_with("{?") => (2, "}"),
        _ => (0, ""),
    };
    let name = &rest[open..];
    let in_name = |byte: u8| lexer::starts_word(byte) || byte.is_ascii_digit();
    let name_len = name.bytes().position(|byte| !in_name(byte)).unwrap_or(name.len());
    let name = &name[..name_len];
    let is_reference = !name.is_empty() && rest[open + name_len..].starts_with(close);
    is_reference.then(|| (name, at..at + 1 + open + name_len + close.len()))
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Severity;
    use crate::source::Source;
    use crate::sql::split;
    use std::sync::Arc;

    fn places(text: &str) -> Vec<(Severity, String)> {
        let source = Arc::new(Source { path: "a.sql".to_owned(), text: text.to_owned() });
        let diagnostics = split(&source).1;
        diagnostics.into_iter().map(|found| (found.severity, text[found.place.span].to_owned())).collect()
    }

    #[test]
    fn a_variable_that_is_set_and_used_is_an_error_at_its_set() {
        assert_eq!(
            places("\\set app 'my app'\n\\set other 1\nSELECT :'app', :app, arr[1:other] FROM t;"),
            [
                (Severity::Error, "\\set app 'my app'".to_owned()),
                (Severity::Error, "\\set other 1".to_owned())
            ]
        );
        assert_eq!(places("\\set app x\nSELECT ':app', 1::app, $$:app$$; -- :app"), []);
    }

    #[test]
    fn what_looks_like_a_variable_is_a_warning() {
        for (text, expected) in [
            ("CREATE TABLE :schema.t ();", ":schema"),
            ("SELECT :'x';", ":'x'"),
            ("SELECT * FROM :\"t\";", ":\"t\""),
            ("SELECT :{?x};", ":{?x}"),
        ] {
            assert_eq!(places(text), [(Severity::Warning, expected.to_owned())], "{text}");
        }
    }

    #[test]
    fn colons_of_sql_are_left_alone() {
        for text in [
            "SELECT a[1:n], a[:n], a[n:], a[b[1:n]:n];",
            "SELECT JSON_OBJECT('a': b), json_object (k : v), JSON_OBJECTAGG(k: v), JSON_OBJECT('a':f(1), 'b':c);",
            "SELECT f(a := b), 1::int;",
            "SELECT ': a', \":a\";",
        ] {
            assert_eq!(places(text), [], "{text}");
        }
    }
}
