//! Arrays, composites and text search vectors from a number: no two numbers make the same value.

use std::sync::Arc;

use super::pool::Pool;
use super::rng::{Stream, mix, scale};
use super::segments::Slot;
use super::values::Values;
use crate::dataset::encode;

/// The most elements that carry the number; the others are chosen by a hash of it.
pub(crate) const DIGITS_MAX: usize = 8;

/// Takes a digit off a number. What is above it shifts the digit, so that neighbours do not look alike; as it is known once
/// all digits above are, the number can be read back.
#[inline]
fn digit(number: &mut u64, radix: u64, place: usize, stream: Stream) -> u64 {
    let (above, digit) = (*number / radix, *number % radix);
    *number = above;
    (digit + stream.below(above ^ (place as u64) << 56, radix)) % radix
}

/// Arrays of different elements.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    /// Elements to choose from, all different.
    pub(crate) elements: Arc<Values>,
    pub(crate) element_oid: u32,
    /// For each segment of the column: elements per array, and how many of them carry the number.
    pub(crate) counts: Vec<(u32, usize)>,
    /// Has no divisor in common with the number of elements to choose from.
    pub(crate) stride: u64,
    pub(crate) stream: Stream,
}

impl Array {
    /// Appends the field of a value.
    pub(crate) fn write(&self, slot: Slot, out: &mut Vec<u8>) {
        let (count, digits) = self.counts[slot.segment()];
        let choice = self.elements.segments.positions();
        encode::array(self.element_oid, count, out, |out| {
            let mut used = [0; DIGITS_MAX];
            let mut rest = slot.index();
            for place in 0..digits {
                let mut element = digit(&mut rest, choice - place as u64, place, self.stream);
                // The so-and-so-many-th of those that are not there yet.
                for &earlier in &used[..place] {
                    element += u64::from(element >= earlier);
                }
                let at = used[..place].partition_point(|&earlier| earlier < element);
                used[at..=place].rotate_right(1);
                used[at] = element;
                self.elements.write_at(element, out);
            }
            let used = &used[..digits];
            let mut element = self.stream.below(!slot.index(), choice);
            for _ in digits..count as usize {
                while used.contains(&element) {
                    element = (element + self.stride) % choice;
                }
                self.elements.write_at(element, out);
                element = (element + self.stride) % choice;
            }
        });
    }
}

/// Values of a composite type.
#[derive(Debug, Clone)]
pub(crate) struct Composite {
    /// Each attribute's type and values.
    pub(crate) attributes: Vec<(u32, Arc<Values>)>,
    /// So many of the first carry the number.
    pub(crate) digits: usize,
    pub(crate) stream: Stream,
}

impl Composite {
    /// Appends the field of a value.
    pub(crate) fn write(&self, number: u64, out: &mut Vec<u8>) {
        encode::composite(self.attributes.len() as u32, out, |out| {
            let mut rest = number;
            let mut hash = self.stream.at(number);
            for (place, (oid, values)) in self.attributes.iter().enumerate() {
                out.extend_from_slice(&oid.to_be_bytes());
                let choice = values.segments.positions();
                let at = if place < self.digits {
                    digit(&mut rest, choice, place, self.stream)
                } else {
                    scale(hash, choice)
                };
                hash = mix(hash);
                values.write_at(at, out);
            }
        });
    }
}

/// The greatest position of a lexeme.
const POSITION_MAX: u64 = 16_383;

/// Text search vectors.
#[derive(Debug, Clone)]
pub(crate) struct Tsvector {
    /// Lexemes to choose from, sorted.
    pub(crate) lexemes: Pool,
    /// Lexemes of a value on average, at least [`Self::LEAST`].
    pub(crate) count: f64,
    pub(crate) stream: Stream,
}

impl Tsvector {
    /// Positions of so many lexemes carry the number.
    pub(crate) const LEAST: u64 = 3;

    /// Appends the field of a value.
    pub(crate) fn write(&self, number: u64, out: &mut Vec<u8>) {
        let even = (self.stream.even(number) >> 11) as f64 / (1u64 << 53) as f64;
        let choice = self.lexemes.len();
        let count = ((self.count + even) as u64).clamp(Self::LEAST, choice);
        let hash = self.stream.at(number);
        // Evenly spread over the alphabet, beginning anywhere.
        let first = scale(hash, choice / count);
        let mut rest = number;
        let mut hash = mix(hash);
        let positions: Vec<u16> = (0..count)
            .map(|place| {
                hash = mix(hash.wrapping_add(place));
                let position = if place < Self::LEAST {
                    let position = rest % POSITION_MAX;
                    rest /= POSITION_MAX;
                    position
                } else {
                    scale(hash, (count * 2).min(POSITION_MAX))
                };
                position as u16 + 1
            })
            .collect();
        let lexemes = (0..count as usize).map(|at| {
            let lexeme = (first + at as u64 * choice / count).min(choice - 1);
            (self.lexemes.get(lexeme as usize), &positions[at..=at])
        });
        encode::tsvector(lexemes, out);
    }
}
