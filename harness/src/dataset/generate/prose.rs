//! Running text of a given average width, copied from one page of words.

use std::sync::{Arc, LazyLock};

use super::rng::{Stream, mix, scale};
use super::words;

const PAGE_BYTES: usize = 1 << 16;
/// The longest stretch copied at once; longer texts are several.
const STRETCH_BYTES: usize = 1 << 12;

/// A page of words with its word borders.
#[derive(Debug)]
struct Page {
    text: Vec<u8>,
    /// Where words begin from which a whole stretch can be copied.
    starts: Vec<u32>,
    /// For each byte, how far the nearest end of a word is.
    nearest_end: Vec<i8>,
}

static PAGE: LazyLock<Arc<Page>> = LazyLock::new(|| Arc::new(Page::new()));

impl Page {
    fn new() -> Self {
        let stream = Stream::new(0, "", "", "prose");
        let list = words::words();
        let (mut text, mut starts, mut sentence) = (Vec::with_capacity(PAGE_BYTES + 64), Vec::new(), 0);
        let mut at = 0;
        while text.len() < PAGE_BYTES {
            if text.len() + STRETCH_BYTES < PAGE_BYTES {
                starts.push(text.len() as u32);
            }
            let word = list[stream.below(at, list.len() as u64) as usize].as_bytes();
            at += 1;
            text.extend_from_slice(word);
            sentence += 1;
            if sentence > 5 && stream.below(at, 8) == 0 {
                sentence = 0;
                text.push(b'.');
            }
            text.push(b' ');
        }
        let ends: Vec<usize> = (0..text.len()).filter(|&at| text[at] == b' ').collect();
        let nearest_end = (0..text.len())
            .map(|at| {
                let next = ends.partition_point(|&end| end < at);
                let ahead = ends.get(next).map_or(usize::MAX, |end| end - at);
                let behind = next.checked_sub(1).map_or(usize::MAX, |before| at - ends[before]);
                // Ties go either way in turn, so that rounding to a border does not lengthen texts on average.
                let forward = ahead < behind || (ahead == behind && at % 2 == 0);
                let distance = ahead.min(behind).min(60) as i8;
                if forward { distance } else { -distance }
            })
            .collect();
        Self { text, starts, nearest_end }
    }
}

/// Lengths in bytes, spread evenly around a mean that need not be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lengths {
    least: u64,
    /// How many lengths there are, times 2^32.
    span: u64,
}

/// The longest value that is stored with a header of one byte.
const SHORT_BYTES: f64 = 126.0;
const ONE: u64 = 1 << 32;

impl Lengths {
    /// Lengths whose values, with `extra` bytes around each and the header that PostgreSQL stores before it, have a mean
    /// of `width_bytes`; none shorter than `least` or longer than `most`. The nearest possible where that cannot be.
    pub(crate) fn with_mean_width(width_bytes: f64, extra: f64, least: u64, most: u64) -> Self {
        let header = if width_bytes - 1.0 > SHORT_BYTES { 4.0 } else { 1.0 };
        let mean = (width_bytes - header - extra).clamp(least as f64, most as f64);
        let half = (mean / 2.0).min(mean - least as f64).min(most as f64 - mean).floor();
        let low = (mean - half).floor() as u64;
        let (mut below, mut above) = (ONE, (most - low + 1).min(4 * half as u64 + 16) * ONE);
        while above - below > 1 {
            let span = below + (above - below) / 2;
            if (Self { least: low, span }).mean_width_bytes(extra) < width_bytes {
                below = span;
            } else {
                above = span;
            }
        }
        Self { least: low, span: below }
    }

    /// One length only.
    pub(crate) fn fixed(bytes: u64) -> Self {
        Self { least: bytes, span: ONE }
    }

    /// Mean of the stored widths, with `extra` bytes around each value, headers included.
    pub(crate) fn mean_width_bytes(self, extra: f64) -> f64 {
        let span = self.span as f64 / ONE as f64;
        let whole = span.floor();
        let mean = self.least as f64 + (whole * (whole - 1.0) / 2.0 + whole * (span - whole)) / span;
        let short = (SHORT_BYTES + 1.0 - extra - self.least as f64).ceil().clamp(0.0, span) / span;
        mean + extra + 4.0 - 3.0 * short
    }

    /// The longest length, in bytes.
    pub(crate) fn most_bytes(self) -> u64 {
        self.least + (self.span - 1) / ONE
    }

    /// A length for a random number.
    #[inline]
    pub(crate) fn pick(self, random: u64) -> u64 {
        self.least + (scale(random, self.span) >> 32)
    }
}

/// Running text.
#[derive(Debug, Clone)]
pub(crate) struct Prose {
    page: Arc<Page>,
    lengths: Lengths,
}

impl Prose {
    /// Texts of these lengths.
    pub(crate) fn new(lengths: Lengths) -> Self {
        Self { page: Arc::clone(&PAGE), lengths }
    }

    /// Continues the text that began at `start` up to a length that `random` chooses.
    #[inline]
    pub(crate) fn write(&self, random: u64, start: usize, out: &mut Vec<u8>) {
        let length = self.lengths.pick(random) as usize;
        let end = start + length;
        let longest = start + self.lengths.most_bytes() as usize;
        let mut random = mix(random);
        // A space, a letter and a full stop: less room is left as it is.
        while out.len() + 3 <= end {
            let page = &*self.page;
            let from = page.starts[scale(random, page.starts.len() as u64) as usize] as usize;
            let room = end - out.len() - 2;
            let stretch = if room < STRETCH_BYTES {
                let distance = isize::from(page.nearest_end[from + room]);
                match room.checked_add_signed(distance) {
                    Some(snapped) if snapped > 0 && out.len() + 2 + snapped <= longest => snapped,
                    _ => room,
                }
            } else {
                STRETCH_BYTES
            };
            out.push(b' ');
            out.extend_from_slice(&page.text[from..from + stretch]);
            out.push(b'.');
            if stretch >= room || room - stretch < 64 {
                break;
            }
            random = mix(random);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_width_is_met() {
        for width in [24.0, 60.5, 120.0, 126.0, 130.0, 133.7, 240.0, 2000.0, 9000.0] {
            let lengths = Lengths::with_mean_width(width, 0.0, 8, 1 << 20);
            let prose = Prose::new(lengths);
            let stream = Stream::new(5, "t", "c", "prose");
            let mut sum = 0;
            let mut out = Vec::new();
            for row in 0..20_000 {
                out.clear();
                out.extend_from_slice(b"Words");
                prose.write(stream.at(row), 0, &mut out);
                assert!(out.len() as u64 <= lengths.most_bytes());
                assert!(std::str::from_utf8(&out).is_ok_and(|text| text.ends_with('.') || text == "Words"));
                sum += out.len() + if out.len() > 126 { 4 } else { 1 };
            }
            let mean = sum as f64 / 20_000.0;
            assert!((mean / width - 1.0).abs() < 0.01, "{mean} instead of {width}");
        }
    }

    #[test]
    fn lengths_keep_their_limits() {
        let lengths = Lengths::with_mean_width(39.0, 0.0, 8, 40);
        assert!(lengths.most_bytes() <= 40 && lengths.least >= 8);
        assert!((lengths.mean_width_bytes(0.0) - 39.0).abs() < 0.01);
        assert_eq!(Lengths::with_mean_width(100.0, 0.0, 8, 40).most_bytes(), 40);
        assert_eq!(Lengths::with_mean_width(41.0, 0.0, 40, 40), Lengths::fixed(40));
    }
}
