//! Names of tables as they are compared.

/// A name without its quotes. Some of a record's names are as SQL writes them (`public."Users"`), some are not
/// (`public.Users`): these are one.
pub(crate) fn unquoted(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        if letter != '"' {
            plain.push(letter);
        } else if quoted && letters.next_if_eq(&'"').is_some() {
            plain.push('"');
        } else {
            quoted = !quoted;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn quotes_make_no_other_name() {
        for (name, plain) in [
            ("public.users", "public.users"),
            ("public.\"Users\"", "public.Users"),
            ("\"My App\".\"a\"\"b\"", "My App.a\"b"),
            ("", ""),
        ] {
            assert_eq!(unquoted(name), plain);
        }
    }
}
