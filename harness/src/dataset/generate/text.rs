//! Text from parts: the number of a value goes in, a string that no other number gives comes out.
//!
//! Parts that carry the number ([`Part::Digit`], [`Part::Code`], …) take their share of it as digits of a mixed radix;
//! the others are chosen by a hash of it. Which combinations can be read back, and so give each number its own text, is
//! the business of whoever puts the parts together (`plan::text`), where it is tested.

use super::divide::Divider;
use super::permutation::Permutation;
use super::pool::Pool;
use super::prose::{Lengths, Prose};
use super::rng::{Stream, mix, scale};

/// One part of a text.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Always the same.
    Fixed(Box<[u8]>),
    /// An entry chosen by hash; the pool has at most 2^16.
    Any(Pool),
    /// Writes nothing, but sends the number elsewhere below a bound, so that later parts see all of theirs: times a factor
    /// that has no divisor in common with the bound.
    Spread(u64, Divider),
    /// An entry chosen by the number, which is divided by the pool's length.
    Digit(Pool, Divider),
    /// The number in as few characters as it needs: a digit, then digits and letters.
    Code,
    /// The number after a permutation, as so many capital letters.
    Letters(Permutation, u32),
    /// The number after a permutation, added to a first number, in decimal digits.
    Decimal(Permutation, u64),
    /// The number after a permutation, as an IPv4 address.
    Ip(Permutation),
    /// The number after a permutation in so many hexadecimal digits, then random ones up to a length.
    Hex(Permutation, u32, Lengths),
    /// Running text up to a length.
    Prose(Prose),
}

impl Part {
    /// A part that spreads numbers over `0..bound`.
    pub(crate) fn spread(bound: u64) -> Self {
        // The golden section keeps neighbours apart; numbers and factors below 2^32 keep their product in 64 bits.
        let mut factor = ((bound.min(1 << 32) as f64 * 0.618_033_988_75) as u64).max(1);
        while common_divisor(factor, bound) > 1 {
            factor += 1;
        }
        Self::Spread(factor, Divider::new(bound))
    }

    /// A part that takes a digit of the number.
    pub(crate) fn digit(pool: Pool) -> Self {
        let divider = Divider::new(pool.len());
        Self::Digit(pool, divider)
    }
}

/// The number after those that are left out, which ascend.
#[inline]
fn past(skip: &[u64], mut number: u64) -> u64 {
    for &skipped in skip {
        number += u64::from(number >= skipped);
    }
    number
}

fn common_divisor(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// A recipe for texts.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    parts: Vec<Part>,
    /// Numbers that are left out because their texts stand for something else, ascending.
    skip: Vec<u64>,
    stream: Stream,
}

const CODE: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const HEX: &[u8; 16] = b"0123456789abcdef";

impl Text {
    /// Texts from `parts`; hashes come from `stream`.
    pub(crate) fn new(parts: Vec<Part>, stream: Stream) -> Self {
        Self { parts, skip: Vec::new(), stream }
    }

    /// The same without the texts of some numbers.
    pub(crate) fn skipping(mut self, mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        self.skip = numbers;
        self
    }

    /// Appends the text of `number`.
    #[inline]
    pub(crate) fn write(&self, number: u64, out: &mut Vec<u8>) {
        let start = out.len();
        let mut number = past(&self.skip, number);
        // Lengths and heads are dealt out evenly over the numbers, not by chance: so the mean width comes out.
        let even = self.stream.even(number);
        let mut hash = even;
        for part in &self.parts {
            match part {
                Part::Fixed(bytes) => out.extend_from_slice(bytes),
                Part::Any(pool) => {
                    out.extend_from_slice(pool.get(scale(hash, pool.len()) as usize));
                    hash = mix(hash);
                }
                Part::Spread(factor, divider) => number = divider.divide(number * factor).1,
                Part::Digit(pool, divider) => {
                    let (rest, digit) = divider.divide(number);
                    out.extend_from_slice(pool.get(digit as usize));
                    number = rest;
                }
                Part::Code => code(number, out),
                Part::Letters(permutation, count) => letters(permutation.apply(number), *count, out),
                Part::Decimal(permutation, from) => decimal(from + permutation.apply(number), out),
                Part::Ip(permutation) => ip(permutation.apply(number) as u32, out),
                Part::Hex(permutation, digits, lengths) => {
                    hex(permutation.apply(number), *digits, lengths.pick(even), mix(even), out);
                }
                Part::Prose(prose) => prose.write(even, start, out),
            }
        }
    }
}

/// The value of bits 0 to 2 as a digit, then the rest in base 32, lowest first.
#[inline]
fn code(number: u64, out: &mut Vec<u8>) {
    let mut text = [0; 16];
    text[0] = b'0' + (number & 7) as u8;
    let mut rest = number >> 3;
    let mut length = 1;
    while rest > 0 {
        text[length] = CODE[(rest & 31) as usize];
        rest >>= 5;
        length += 1;
    }
    out.extend_from_slice(&text[..length]);
}

/// Mean and greatest length of the codes of the numbers below `count`.
pub(crate) fn code_lengths(count: u64) -> (f64, usize) {
    let (mut sum, mut below, mut length) = (0.0, 0, 1);
    let mut end = 8u64;
    loop {
        let here = count.min(end) - below;
        sum += (here * length) as f64;
        if count <= end {
            return (sum / count.max(1) as f64, length as usize);
        }
        below = end;
        end = end.saturating_mul(32);
        length += 1;
    }
}

fn letters(mut number: u64, count: u32, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + count as usize, b'A');
    for letter in out[start..].iter_mut().rev() {
        *letter = b'A' + (number % 26) as u8;
        number /= 26;
    }
}

fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut text = [0; 20];
    let mut first = text.len();
    loop {
        first -= 1;
        text[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[first..]);
}

fn ip(address: u32, out: &mut Vec<u8>) {
    for (at, byte) in address.to_be_bytes().into_iter().enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        decimal(u64::from(byte), out);
    }
}

fn hex(number: u64, digits: u32, length: u64, mut random: u64, out: &mut Vec<u8>) {
    for at in (0..digits).rev() {
        out.push(HEX[(number >> (4 * at) & 15) as usize]);
    }
    let mut left = length.saturating_sub(u64::from(digits)) as usize;
    while left > 0 {
        let mut text = [0; 16];
        for (at, byte) in text.iter_mut().enumerate() {
            *byte = HEX[(random >> (4 * at) & 15) as usize];
        }
        let take = left.min(16);
        out.extend_from_slice(&text[..take]);
        left -= take;
        random = mix(random.wrapping_add(1));
    }
}

/// A random blob: the number's own bytes first, then random ones up to a length.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    /// Permutes the number within as many bytes as carry it.
    pub(crate) permutation: Permutation,
    /// Bytes that carry the number.
    pub(crate) number_bytes: usize,
    /// Lengths in bytes.
    pub(crate) lengths: Lengths,
    /// Numbers that are left out, ascending.
    pub(crate) skip: Vec<u64>,
    /// Where randomness comes from.
    pub(crate) stream: Stream,
}

impl Blob {
    /// Appends the bytes of `number`.
    #[inline]
    pub(crate) fn write(&self, number: u64, out: &mut Vec<u8>) {
        let number = past(&self.skip, number);
        let mut random = self.stream.even(number);
        let length = self.lengths.pick(random) as usize;
        let end = out.len() + length;
        out.extend_from_slice(&self.permutation.apply(number).to_le_bytes()[..self.number_bytes]);
        while out.len() < end {
            random = mix(random.wrapping_add(1));
            let take = (end - out.len()).min(8);
            out.extend_from_slice(&random.to_le_bytes()[..take]);
        }
    }
}

/// The number as a version 4 UUID: its 62 free low bits are a bijection of the number, so no two are equal.
#[inline]
pub(crate) fn uuid(number: u64, stream: Stream) -> u128 {
    const LOW: u64 = (1 << 62) - 1;
    let mut low = number.wrapping_add(stream.at(u64::MAX)) & LOW;
    low = (low ^ (low >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9) & LOW;
    low = (low ^ (low >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB) & LOW;
    low ^= low >> 31;
    let high = stream.at(number) & !0xF000 | 0x4000;
    u128::from(high) << 64 | u128::from(low | 1 << 63)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn stream() -> Stream {
        Stream::new(9, "t", "c", "text")
    }

    fn render(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn parts_are_written_as_they_should() {
        assert_eq!(render(|out| letters(0, 3, out)), "AAA");
        assert_eq!(render(|out| letters(26 * 26 * 26 - 1, 3, out)), "ZZZ");
        assert_eq!(render(|out| decimal(0, out)), "0");
        assert_eq!(render(|out| decimal(u64::MAX, out)), u64::MAX.to_string());
        assert_eq!(render(|out| ip(0x0A00_FF01, out)), "10.0.255.1");
        assert_eq!(render(|out| hex(0xABC, 4, 4, 7, out)), "0abc");
        assert_eq!(render(|out| hex(0xABC, 4, 41, 7, out)).len(), 41);
    }

    #[test]
    fn code_lengths_are_those_of_the_codes() {
        for count in [1, 7, 8, 9, 256, 257, 5000, 20_000] {
            let lengths: Vec<usize> =
                (0..count).map(|number| render(|out| code(number, out)).len()).collect();
            let mean = lengths.iter().sum::<usize>() as f64 / count as f64;
            let (expected, most) = code_lengths(count);
            assert!((mean - expected).abs() < 1e-9 && lengths.iter().max() == Some(&most), "{count}");
        }
    }

    #[test]
    fn skipped_numbers_never_show() {
        let text = Text::new(vec![Part::Code], stream()).skipping(vec![3, 0, 4]);
        let seen: BTreeSet<String> = (0..20).map(|number| render(|out| text.write(number, out))).collect();
        assert_eq!(seen.len(), 20);
        assert!(["0", "3", "4"].iter().all(|skipped| !seen.contains(*skipped)));
    }

    proptest! {
        #[test]
        fn codes_can_be_read_back(one in 0u64..1 << 33, other in 0u64..1 << 33) {
            let (first, second) = (render(|out| code(one, out)), render(|out| code(other, out)));
            prop_assert_eq!(one == other, first == second);
            prop_assert!(first.starts_with(|digit: char| digit.is_ascii_digit()));
        }

        #[test]
        fn uuids_are_version_4_and_different(one in 0u64..1 << 32, other in 0u64..1 << 32) {
            let (first, second) = (uuid(one, stream()), uuid(other, stream()));
            prop_assert_eq!(one == other, first == second);
            prop_assert_eq!(first >> 76 & 15, 4);
            prop_assert_eq!(first >> 62 & 3, 2);
        }

        #[test]
        fn blobs_differ_and_have_their_length(one in 0u64..65_000, other in 0u64..65_000, length in 2u64..60) {
            let blob = Blob {
                permutation: Permutation::new(1 << 16, stream()),
                number_bytes: 2,
                lengths: Lengths::fixed(length),
                skip: vec![1, 5],
                stream: stream(),
            };
            let render = |number| { let mut out = Vec::new(); blob.write(number, &mut out); out };
            prop_assert_eq!(render(one).len() as u64, length);
            prop_assert_eq!(one == other, render(one) == render(other));
        }
    }
}
