//! Values so wide that PostgreSQL stores them out of line, which compress as much as asked.

use super::prose::Lengths;
use super::rng::{Stream, mix};

/// Random bytes and repeated ones take turns in blocks of so many bytes, less than the compressor looks back.
const BLOCK_BYTES: usize = 1_024;
/// What is repeated.
const REPEATED: &[u8; 64] = b"the quick brown fox jumps over the lazy dog and runs off again. ";
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Bytes that pglz makes of one random byte: itself, and its bit in a control byte.
const RANDOM_COST: f64 = 1.125;
/// Bytes that pglz makes of one repeated byte: three for each 273, and their bit.
const REPEATED_COST: f64 = 0.0125;

/// Wide values.
#[derive(Debug, Clone)]
pub(crate) struct Wide {
    /// What stands before each.
    before: &'static [u8],
    /// What stands after each.
    after: &'static [u8],
    /// Whether any byte may stand in it, or letters only.
    binary: bool,
    lengths: Lengths,
    /// Random bytes of each block.
    random_bytes: usize,
    stream: Stream,
}

impl Wide {
    /// Values of `raw_width` bytes on average, of which compression takes `compressibility` away.
    pub(crate) fn new(
        (before, after): (&'static [u8], &'static [u8]),
        binary: bool,
        raw_width: f64,
        compressibility: f64,
        stream: Stream,
    ) -> Self {
        let around = (before.len() + after.len()) as f64;
        let mean = (raw_width - around).max(64.0);
        // Within a tenth of the mean, so that every value is as wide as it must be.
        let lengths =
            Lengths::with_mean_width(mean + 4.0, 0.0, (mean * 0.9) as u64, (mean * 1.1).ceil() as u64);
        let random =
            ((1.0 - compressibility - REPEATED_COST) / (RANDOM_COST - REPEATED_COST)).clamp(0.0, 1.0);
        let random = if compressibility == 0.0 { 1.0 } else { random };
        // The number itself is random enough to stand in it.
        let random_bytes = ((random * BLOCK_BYTES as f64).round() as usize).max(8);
        Self { before, after, binary, lengths, random_bytes, stream }
    }

    /// Appends the value of `number`.
    pub(crate) fn write(&self, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(self.before);
        let length = self.lengths.pick(self.stream.even(number)) as usize;
        let end = out.len() + length;
        let mut random = self.stream.at(number);
        // A bijection of the number: so no two values are equal.
        let mut word = mix(number ^ self.stream.at(u64::MAX));
        let mut first = true;
        while out.len() < end {
            let block = (end - out.len()).min(BLOCK_BYTES);
            let stop = out.len() + block.min(self.random_bytes);
            if first {
                for at in 0..11 {
                    out.push(LETTERS[(word & 63) as usize]);
                    word >>= if at < 10 { 6 } else { 0 };
                }
                first = false;
            }
            while out.len() < stop {
                random = mix(random.wrapping_add(0x9E37_79B9_7F4A_7C15));
                let bytes = random.to_le_bytes();
                let take = (stop - out.len()).min(8);
                if self.binary {
                    out.extend_from_slice(&bytes[..take]);
                } else {
                    out.extend(bytes[..take].iter().map(|&byte| LETTERS[usize::from(byte & 63)]));
                }
            }
            let mut left = (stop + block.saturating_sub(self.random_bytes)).saturating_sub(out.len());
            while left > 0 {
                let take = left.min(REPEATED.len());
                out.extend_from_slice(&REPEATED[..take]);
                left -= take;
            }
        }
        out.extend_from_slice(self.after);
    }
}
