//! Drafts of texts that spell a number: running text by its first words, others by their digits.

use super::combined::{as_strs, free};
use super::{Draft, Wish};
use crate::dataset::generate::permutation::Permutation;
use crate::dataset::generate::pool::Pool;
use crate::dataset::generate::prose::{Lengths, Prose};
use crate::dataset::generate::text::Part;
use crate::dataset::generate::words;

/// Width of running text where nobody says.
const PROSE_WIDTH: f64 = 64.0;
/// Words that carry a number in running text.
const PROSE_WORDS: usize = 256;

/// Running text: the first words spell the number, the rest fills the width.
pub(super) fn prose(wish: &Wish<'_>) -> Option<Draft> {
    let mut list = words::words();
    list.sort_by_key(|word| (word.len(), *word));
    list.truncate(PROSE_WORDS);
    let capital: Vec<String> = list.iter().map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect();
    let capital = free(wish, &as_strs(&capital));
    if capital.is_empty() {
        return None;
    }
    let first = Pool::new(&capital);
    let (mut numbers, mut longest) = (first.len(), first.longest_bytes() as u64);
    let mut parts = vec![Part::digit(first)];
    while numbers < wish.distinct {
        let next = Pool::new(list.iter().map(|word| format!(" {word}")));
        numbers = numbers.saturating_mul(next.len());
        longest += next.longest_bytes() as u64;
        parts.push(Part::digit(next));
    }
    parts.insert(0, Part::spread(numbers));
    const PAGE: u64 = 1 << 20;
    let most = wish.limit.unwrap_or(PAGE).min(PAGE);
    if longest > most {
        return None;
    }
    let width = wish.width_bytes.unwrap_or(PROSE_WIDTH.min(most as f64 * 0.6 + 1.0));
    let lengths = Lengths::with_mean_width(width, wish.extra_bytes, longest, most);
    parts.push(Part::Prose(Prose::new(lengths)));
    Some(Draft::new(parts, lengths.most_bytes()))
}

/// Numbers that a permutation of 0..`domain` leaves out so that none gives one of `images`.
fn skipping(permutation: &Permutation, domain: u64, images: impl Iterator<Item = u64>) -> Vec<u64> {
    images.filter(|&image| image < domain).map(|image| permutation.invert(image)).collect()
}

/// `None` where `domain` has too few numbers.
fn permuted(
    wish: &Wish<'_>,
    domain: u64,
    image: impl Fn(&str) -> Option<u64>,
) -> Option<(Permutation, Vec<u64>)> {
    let domain = domain.min(1 << 32);
    let permutation = Permutation::new(domain, wish.stream.child(9));
    let taken = wish.taken.iter().filter_map(|taken| std::str::from_utf8(taken).ok());
    let skip = skipping(&permutation, domain, taken.filter_map(image));
    (wish.distinct + skip.len() as u64 <= domain).then_some((permutation, skip))
}

pub(super) fn decimal(wish: &Wish<'_>) -> Option<Draft> {
    const FIRST: u64 = 2_000_000_000;
    let (permutation, skip) = permuted(wish, 4_000_000_000, |taken| {
        taken.strip_prefix("+1")?.parse::<u64>().ok()?.checked_sub(FIRST)
    })?;
    let parts = vec![Part::Fixed((*b"+1").into()), Part::Decimal(permutation, FIRST)];
    Some(Draft { skip, ..Draft::new(parts, 12) })
}

pub(super) fn ip(wish: &Wish<'_>) -> Option<Draft> {
    let (permutation, skip) = permuted(wish, 1 << 32, |taken| {
        taken.parse::<std::net::Ipv4Addr>().ok().map(|ip| u32::from(ip).into())
    })?;
    Some(Draft { skip, ..Draft::new(vec![Part::Ip(permutation)], 15) })
}

pub(super) fn hex(wish: &Wish<'_>) -> Option<Draft> {
    let most = wish.limit.unwrap_or(u64::from(u16::MAX));
    let length = match wish.payload_bytes() {
        Some(wanted) if wanted >= 1.0 => wanted.round() as u64,
        Some(_) => return None,
        None => 64.min(most),
    };
    let digits = length.min(8);
    let (permutation, skip) = permuted(wish, 16u64.checked_pow(digits as u32)?, |taken| {
        u64::from_str_radix(taken.get(..digits as usize)?, 16).ok()
    })?;
    let part = Part::Hex(permutation, digits as u32, Lengths::fixed(length));
    Some(Draft { skip, ..Draft::new(vec![part], length) })
}

pub(super) fn letters(wish: &Wish<'_>) -> Option<Draft> {
    let count = wish.limit? as u32;
    let (permutation, skip) = permuted(wish, 26u64.checked_pow(count)?, |taken| {
        let plain = taken.len() == count as usize && taken.bytes().all(|letter| letter.is_ascii_uppercase());
        plain.then(|| taken.bytes().fold(0, |number, letter| number * 26 + u64::from(letter - b'A')))
    })?;
    let length = u64::from(count);
    Some(Draft { skip, ..Draft::new(vec![Part::Letters(permutation, count)], length) })
}
