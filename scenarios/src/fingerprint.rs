//! One name for the content of many files.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// SHA-256 over names and contents in hexadecimal, independent of the order given. Lengths are hashed too, so
/// that text cannot move from one file to the next unseen.
pub(crate) fn fingerprint<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_unstable();
    let mut hash = Sha256::new();
    for (name, bytes) in files {
        for part in [name.as_bytes(), bytes] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hexadecimal(&hash.finalize())
}

/// SHA-256 of a file's bytes in hexadecimal, as `sha256sum` prints it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_contents_and_borders_count_but_not_order() {
        let base = fingerprint([("a", b"12".as_slice()), ("b", b"3")]);
        assert_eq!(base.len(), 64);
        assert_eq!(base, fingerprint([("b", b"3".as_slice()), ("a", b"12")]));
        assert_ne!(base, fingerprint([("a", b"1".as_slice()), ("b", b"23")]));
        assert_ne!(base, fingerprint([("a", b"12".as_slice()), ("c", b"3")]));
        assert_ne!(base, fingerprint([("a", b"12".as_slice())]));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(fingerprint([]), empty, "the SHA-256 of nothing");
    }
}
