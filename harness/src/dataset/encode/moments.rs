//! Times of day and intervals.

use super::fixed;

/// `time`, as microseconds since midnight.
#[inline]
pub fn time(us: i64, out: &mut Vec<u8>) {
    fixed::<8, 12>(us.to_be_bytes(), out);
}

/// `timetz`: a local time in microseconds since midnight, and seconds west of Greenwich.
pub fn timetz(us: i64, west_s: i32, out: &mut Vec<u8>) {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&us.to_be_bytes());
    bytes[8..].copy_from_slice(&west_s.to_be_bytes());
    fixed::<12, 16>(bytes, out);
}

/// `interval`
pub fn interval(months: i32, days: i32, us: i64, out: &mut Vec<u8>) {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&us.to_be_bytes());
    bytes[8..12].copy_from_slice(&days.to_be_bytes());
    bytes[12..].copy_from_slice(&months.to_be_bytes());
    fixed::<16, 20>(bytes, out);
}
