//! The name of an entry.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::dataset::fingerprint;
use crate::dataset::prepare::Recipe;
use crate::server::discover::Binaries;

/// The name of an entry: a digest of everything that shapes the dataset and the files that it is kept in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// Of the dataset of a recipe in the files of that server. Another build of the server may lay its files out
    /// differently, another version of this program may make other files, and the libraries of another release of the
    /// system may sort differently.
    pub fn of(recipe: &Recipe, binaries: &Binaries) -> Self {
        let parts = [
            fingerprint::of(recipe, binaries.major),
            binaries.version.clone(),
            std::env::consts::ARCH.to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
            system(),
        ];
        let digest = Sha256::digest(parts.join("\n"));
        Self(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }

    /// That of an entry, whole or half made, by its name in the folder; none where it is no entry.
    pub(super) fn of_entry(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".new").unwrap_or(name);
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (stem.len() == 32 && stem.bytes().all(is_digit)).then(|| Self(stem.to_owned()))
    }
}

/// The release of the operating system, as it names itself; nothing where it does not.
fn system() -> String {
    std::fs::read_to_string("/etc/os-release").unwrap_or_default()
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_have_a_key() {
        let name = "0123456789abcdef0123456789abcdef";
        for of in [name.to_owned(), format!("{name}.new")] {
            assert_eq!(Key::of_entry(&of).map(|key| key.to_string()).as_deref(), Some(name));
        }
        let others =
            [format!("{name}.lock"), format!("{name}.x.new"), format!("x{name}"), name.to_uppercase()];
        for other in others.iter().map(String::as_str).chain(["", "lost+found", "0123"]) {
            assert_eq!(Key::of_entry(other), None, "{other}");
        }
    }
}
