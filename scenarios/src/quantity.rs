//! Quantities as people write them: durations, byte sizes and row counts.
//!
//! All are one decimal number and one unit, read without floating point, so that `0.1s` is exactly 100 ms
//! and nothing overflows silently.

use std::fmt;
use std::time::Duration;

/// Why a text is not the quantity asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadQuantity {
    /// What is wrong, in one line.
    pub message: String,
    /// How it is written.
    pub help: String,
}

impl fmt::Display for BadQuantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; {}", self.message, self.help)
    }
}

/// Unit names with their factor to the smallest unit, smallest first.
type Units = &'static [(&'static str, u64)];

const DURATIONS: Units = &[
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
];
const DURATION_HELP: &str = "write one number and one of us, ms, s, min, h: \"500ms\", \"3s\", \"1.5h\"";

const BYTES: Units = &[
    ("B", 1),
    ("kB", 1 << 10),
    ("KiB", 1 << 10),
    ("MB", 1 << 20),
    ("MiB", 1 << 20),
    ("GB", 1 << 30),
    ("GiB", 1 << 30),
    ("TB", 1 << 40),
    ("TiB", 1 << 40),
];
const BYTES_HELP: &str = "write one number and one of B, kB, MB, GB, TB (steps of 1024, as PostgreSQL reads them) \
                          or KiB, MiB, GiB, TiB: \"512MB\", \"10GiB\"";

const ROWS: Units = &[("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];
const ROWS_HELP: &str = "write a whole number, or one with k, M or G: 5_000_000, \"250k\", \"5M\"";

/// Reads `500ms`, `3s`, `30min`, `1.5h`. The longest is `u64::MAX` nanoseconds, about 584 years.
pub fn parse_duration(text: &str) -> Result<Duration, BadQuantity> {
    parse(text, "duration", DURATIONS, None, DURATION_HELP).map(Duration::from_nanos)
}

/// Reads `512MB`, `10GiB`, `1048576` as bytes. `kB`, `MB`, `GB` and `TB` are steps of 1024, as in
/// `postgresql.conf`, so that `512MB` means the same in `[budget]` as in `[server.settings]`.
pub fn parse_bytes(text: &str) -> Result<u64, BadQuantity> {
    parse(text, "byte size", BYTES, Some(1), BYTES_HELP)
}

/// Reads `5M`, `250k`, `1.5M`, `5_000_000` as a number of rows.
pub fn parse_rows(text: &str) -> Result<u64, BadQuantity> {
    parse(text, "number of rows", ROWS, Some(1), ROWS_HELP)
}

/// The text with the largest whole unit that [`parse_duration`] reads back as the same duration. Parts of a
/// microsecond are cut off.
pub fn format_duration(duration: Duration) -> String {
    match u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX) / 1_000 * 1_000 {
        0 => "0s".to_owned(),
        nanos => format_quantity(nanos, DURATIONS),
    }
}

/// The text with the largest whole unit that [`parse_bytes`] reads back as the same size.
pub fn format_bytes(bytes: u64) -> String {
    format_quantity(bytes, BYTES)
}

/// The text with the largest whole unit that [`parse_rows`] reads back as the same count.
pub fn format_rows(rows: u64) -> String {
    format_quantity(rows, ROWS)
}

fn format_quantity(quantity: u64, units: Units) -> String {
    let largest =
        units.iter().rev().find(|(_, factor)| quantity >= *factor && quantity.is_multiple_of(*factor));
    largest.map_or_else(|| quantity.to_string(), |(unit, factor)| format!("{}{unit}", quantity / factor))
}

/// `bare` is the factor of a number without a unit; none where a unit is needed.
fn parse(text: &str, what: &str, units: Units, bare: Option<u64>, help: &str) -> Result<u64, BadQuantity> {
    let bad = |message: String| BadQuantity { message, help: help.to_owned() };
    let trimmed = text.trim();
    let split =
        trimmed.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(trimmed.len());
    let (number, unit) = (&trimmed[..split], trimmed[split..].trim_start());
    if trimmed.starts_with('-') {
        return Err(bad(format!("a {what} cannot be negative, as `{trimmed}` is")));
    }
    let factor = if unit.is_empty() {
        bare.ok_or_else(|| bad(format!("`{trimmed}` has no unit")))?
    } else {
        let known = units.iter().find(|(name, _)| *name == unit);
        known.map(|(_, factor)| *factor).ok_or_else(|| {
            if number.is_empty() {
                bad(format!("`{trimmed}` is not a {what}"))
            } else {
                let same = units.iter().filter(|(name, _)| name.eq_ignore_ascii_case(unit));
                match same.map(|(name, _)| *name).next_back() {
                    Some(name) => bad(format!("unknown unit `{unit}` (did you mean `{name}`?)")),
                    None => bad(format!("unknown unit `{unit}`")),
                }
            }
        })?
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.replace('_', "");
    let (whole, fraction) = (digits(whole), digits(fraction).trim_end_matches('0').to_owned());
    let shaped = number.starts_with(|c: char| c.is_ascii_digit())
        && number.ends_with(|c: char| c.is_ascii_digit())
        && number.bytes().filter(|&byte| byte == b'.').count() <= 1;
    if !shaped {
        return Err(bad(format!("`{trimmed}` is not a {what}")));
    }
    let too_large = || bad(format!("`{trimmed}` is too large"));
    let too_fine = || bad(format!("`{trimmed}` is not a whole number of the smallest unit"));
    // 20 decimals are more than any factor can make whole.
    if fraction.len() > 20 {
        return Err(too_fine());
    }
    let scale = 10_u128.pow(fraction.len() as u32);
    let parts = fraction.parse::<u128>().unwrap_or(0) * u128::from(factor);
    if !parts.is_multiple_of(scale) {
        return Err(too_fine());
    }
    let whole: u128 = whole.parse().map_err(|_| too_large())?;
    let total = whole.checked_mul(u128::from(factor)).and_then(|units| units.checked_add(parts / scale));
    total.and_then(|total| u64::try_from(total).ok()).ok_or_else(too_large)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration(" 1.5 h "), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse_duration("0.1s"), Ok(Duration::from_millis(100)));
        assert_eq!(parse_duration("30min"), Ok(Duration::from_secs(1_800)));
        assert_eq!(parse_bytes("512MB"), Ok(512 << 20));
        assert_eq!(parse_bytes("10GiB"), Ok(10 << 30));
        assert_eq!(parse_bytes("1_048_576"), Ok(1 << 20));
        assert_eq!(parse_rows("5M"), Ok(5_000_000));
        assert_eq!(parse_rows("1.25k"), Ok(1_250));
        assert_eq!(parse_rows("5_000_000"), Ok(5_000_000));
    }

    #[test]
    fn says_what_is_wrong() {
        let message = |bad: BadQuantity| bad.message;
        let duration = |text| parse_duration(text).map_err(message).unwrap_err();
        assert_eq!(duration("3"), "`3` has no unit");
        assert_eq!(duration("3m"), "unknown unit `m`");
        assert_eq!(duration("3S"), "unknown unit `S` (did you mean `s`?)");
        assert_eq!(duration("soon"), "`soon` is not a duration");
        assert_eq!(duration(""), "`` has no unit");
        assert_eq!(duration("-3s"), "a duration cannot be negative, as `-3s` is");
        assert_eq!(duration("1.2.3s"), "`1.2.3s` is not a duration");
        assert_eq!(duration(".5s"), "`.5s` is not a duration");
        assert_eq!(duration("0.00000000001s"), "`0.00000000001s` is not a whole number of the smallest unit");
        assert_eq!(duration("99999999999h"), "`99999999999h` is too large");
        assert_eq!(
            parse_rows("1.5").map_err(message).unwrap_err(),
            "`1.5` is not a whole number of the smallest unit"
        );
        assert_eq!(parse_rows("5m").map_err(message).unwrap_err(), "unknown unit `m` (did you mean `M`?)");
        assert_eq!(parse_bytes("").map_err(message).unwrap_err(), "`` is not a byte size");
    }

    #[test]
    fn formats_with_the_largest_whole_unit() {
        assert_eq!(format_duration(Duration::ZERO), "0s");
        assert_eq!(format_duration(Duration::from_secs(1_800)), "30min");
        assert_eq!(format_duration(Duration::from_millis(1_500)), "1500ms");
        assert_eq!(format_bytes(0), "0");
        assert_eq!(format_bytes(10 << 30), "10GiB");
        assert_eq!(format_rows(250_000), "250k");
        assert_eq!(format_rows(1_001), "1001");
    }

    proptest! {
        #[test]
        fn durations_round_trip(micros in 0..u64::MAX / 1_000) {
            let duration = Duration::from_micros(micros);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }

        #[test]
        fn sizes_and_counts_round_trip(number: u64, shift in 0_u32..64) {
            let number = number >> shift;
            prop_assert_eq!(parse_bytes(&format_bytes(number)), Ok(number));
            prop_assert_eq!(parse_rows(&format_rows(number)), Ok(number));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}", digits in "[0-9._]{0,60}(us|ms|s|min|h|kB|GiB|M|k)?") {
            for text in [text, digits] {
                let _ = (parse_duration(&text), parse_bytes(&text), parse_rows(&text));
            }
        }
    }
}
