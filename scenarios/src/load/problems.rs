//! Where problems are gathered while reading goes on, so that all of them are reported at once.

use std::cell::RefCell;

use crate::diagnostic::{Diagnostic, Severity};

/// Diagnostics found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: RefCell<Vec<Diagnostic>>,
}

impl Problems {
    /// Keeps one more.
    pub(crate) fn push(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// Keeps some more.
    pub(crate) fn extend(&self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.found.borrow_mut().extend(diagnostics);
    }

    /// True if one of them stops the rehearsal.
    pub(crate) fn any_error(&self) -> bool {
        self.found.borrow().iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All of them, file by file in the order of `paths`, each file from top to bottom, no two the same
    /// (a file that two strategies share is checked for each of them).
    pub(crate) fn into_sorted(self, paths: &[String]) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|diagnostic| {
            let path = diagnostic.place.source.as_ref().map(|source| &source.path);
            let file = path.map(|path| paths.iter().position(|known| known == path).unwrap_or(paths.len()));
            (file, diagnostic.place.span.start)
        });
        found.dedup();
        found
    }
}
