//! The predicates of partial indexes and the members of expression indexes, as far as they are understood.

/// The column that must be true, or false (`true` beside it), for a predicate to hold: `is_current`,
/// `(NOT is_deleted)`, `(is_current = true)`, `(is_current IS TRUE)`.
pub(super) fn boolean(predicate: &str) -> Option<(String, bool)> {
    let text = bare(predicate);
    let negated = text.strip_prefix("NOT ").map(bare);
    if let Some(name) = negated.and_then(identifier) {
        return Some((name, true));
    }
    for (ending, negated) in [
        (" = true", false),
        (" IS TRUE", false),
        (" IS NOT FALSE", false),
        (" = false", true),
        (" IS FALSE", true),
        (" IS NOT TRUE", true),
    ] {
        if let Some(name) = text.strip_suffix(ending).map(bare).and_then(identifier) {
            return Some((name, negated));
        }
    }
    identifier(text).map(|name| (name, false))
}

/// Whether an expression is `lower(column)` and nothing else.
pub(super) fn is_lower(expression: &str, column: &str) -> bool {
    let inside = expression.trim().strip_prefix("lower(").and_then(|rest| rest.strip_suffix(')'));
    let Some(inside) = inside else { return false };
    let inside = inside.strip_suffix("::text").unwrap_or(inside);
    identifier(bare(inside)).is_some_and(|name| name == column)
}

/// Without the parentheses around everything.
fn bare(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inside) if !inside.contains(['(', ')']) => bare(inside),
        _ => text,
    }
}

/// The name that an identifier stands for, if the text is one.
fn identifier(text: &str) -> Option<String> {
    if let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let name = quoted.replace("\"\"", "\u{0}");
        return (!name.contains('"')).then(|| name.replace('\u{0}', "\""));
    }
    let plain = !text.is_empty()
        && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$')
        && !text.starts_with(|letter: char| letter.is_ascii_digit());
    plain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicates_of_one_boolean_are_understood() {
        for (text, wanted) in [
            ("is_current", Some(("is_current", false))),
            ("(NOT is_deleted)", Some(("is_deleted", true))),
            ("(is_current = true)", Some(("is_current", false))),
            ("(is_current IS NOT TRUE)", Some(("is_current", true))),
            ("\"isCurrent\"", Some(("isCurrent", false))),
            ("(is_current AND is_deleted)", None),
            ("(deleted_at IS NULL)", None),
            ("((status)::text = 'active'::text)", None),
            ("f(is_current)", None),
        ] {
            assert_eq!(boolean(text), wanted.map(|(name, negated)| (name.to_owned(), negated)), "{text}");
        }
    }

    #[test]
    fn lower_is_recognised() {
        assert!(is_lower("lower(email)", "email"));
        assert!(is_lower("lower((email)::text)", "email"));
        assert!(!is_lower("lower(email)", "name"));
        assert!(!is_lower("lower((email || name))", "email"));
        assert!(!is_lower("upper(email)", "email"));
    }
}
