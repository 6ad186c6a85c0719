//! Values as they are written in a profile, read in the type of their column.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::dataset::encode::{self, DAY_US, numeric_width_bytes};
use crate::dataset::generate::values::Lattice;
use crate::postgres::shape::ColumnType;

/// A value, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Literal {
    /// What orders values of one column: units of its lattice, places of its labels, or 0.
    pub(super) rank: i64,
    /// What orders values where ranks are equal, and tells them apart.
    pub(super) key: Vec<u8>,
    /// Its COPY BINARY field.
    pub(super) field: Vec<u8>,
    /// Stored bytes with the header, before compression.
    pub(super) width_bytes: u64,
}

/// Bytes of a variable-length value with its header.
pub(super) fn stored_bytes(payload: u64) -> u64 {
    payload + if payload > 126 { 4 } else { 1 }
}

/// A decimal number: `digits / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i64,
    /// Digits after the point, trailing zeros left out.
    pub(super) scale: u32,
}

impl Decimal {
    /// Reads `12`, `-0.5`, `1e3`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refuse = || format!("`{text}` is not a number");
        let (plain, exponent) = match text.split_once(['e', 'E']) {
            Some((plain, exponent)) => (plain, exponent.parse::<i32>().map_err(|_| refuse())?),
            None => (text, 0),
        };
        let (negative, plain) = match plain.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, plain.strip_prefix('+').unwrap_or(plain)),
        };
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(refuse());
        }
        let significant = digits.trim_end_matches('0');
        let scale = fraction.len() as i64 - i64::from(exponent) - (digits.len() - significant.len()) as i64;
        let significant = significant.trim_start_matches('0');
        if significant.is_empty() {
            return Ok(Self { digits: 0, scale: 0 });
        }
        let too_long = || format!("`{text}` has more digits than can be generated (18)");
        let zeros = u32::try_from((-scale).max(0)).map_err(|_| too_long())?;
        let scale = u32::try_from(scale.max(0)).map_err(|_| too_long())?;
        if significant.len() + zeros as usize > 18 || scale > 18 {
            return Err(too_long());
        }
        let digits = significant.parse::<i64>().map_err(|_| too_long())? * 10i64.pow(zeros);
        Ok(Self { digits: if negative { -digits } else { digits }, scale })
    }

    /// The number in units of 10^-scale, where it is a whole number of them that fits.
    fn units(self, scale: u32) -> Option<i64> {
        10i64.checked_pow(scale.checked_sub(self.scale)?)?.checked_mul(self.digits)
    }
}

/// Whole numbers that a type can hold, in units of its lattice, both ends included.
pub(super) fn limits(lattice: Lattice, kind: &ColumnType) -> (i64, i64) {
    let around = |most: i64| (-most, most);
    match lattice {
        Lattice::Int2 => (i16::MIN.into(), i16::MAX.into()),
        Lattice::Int4 => (i32::MIN.into(), i32::MAX.into()),
        Lattice::Int8 => (i64::MIN, i64::MAX),
        // Beyond these, neighbouring units would be the same floating-point number.
        Lattice::Float4(_) => around(1 << 24),
        Lattice::Float8(_) => around(1 << 53),
        Lattice::Numeric { scale, .. } => {
            const MOST: i64 = 4_000_000_000_000_000_000;
            let ColumnType::Numeric { precision: Some(precision), scale: declared } = kind else {
                return around(MOST);
            };
            // Digits before the point, and those after it that the lattice uses.
            let digits = i64::from(*precision) - i64::from(declared.unwrap_or(0)) + i64::from(scale);
            let digits = if declared.is_some_and(|scale| scale < 0) { i64::from(*precision) } else { digits };
            let most = u32::try_from(digits).ok().and_then(|digits| 10i64.checked_pow(digits));
            around(most.map_or(MOST, |most| (most - 1).min(MOST)))
        }
        // Years 1 to 9999.
        Lattice::Date => (-719_162, 2_932_896),
        Lattice::Timestamp => (-719_162 * DAY_US, 2_932_897 * DAY_US - 1),
    }
}

/// A value of a lattice type, in its units.
pub(super) fn units(text: &str, lattice: Lattice, kind: &ColumnType) -> Result<i64, String> {
    let text = text.trim();
    let units = match lattice {
        Lattice::Int2 | Lattice::Int4 | Lattice::Int8 => match text.parse::<i64>() {
            Ok(units) => units,
            Err(_)
                if !text.is_empty() && text.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) =>
            {
                return Err(format!("`{text}` is out of range"));
            }
            Err(_) => return Err(format!("`{text}` is not a whole number")),
        },
        Lattice::Float4(scale) | Lattice::Float8(scale) => decimal_units(text, scale, 1)?,
        Lattice::Numeric { scale, times } => decimal_units(text, scale, times)?,
        Lattice::Date => moment(text)?.div_euclid(DAY_US),
        Lattice::Timestamp => moment(text)?,
    };
    let (least, most) = limits(lattice, kind);
    if (least..=most).contains(&units) { Ok(units) } else { Err(format!("`{text}` is out of range")) }
}

fn decimal_units(text: &str, scale: u32, times: i64) -> Result<i64, String> {
    let decimal = Decimal::parse(text)?;
    if decimal.scale > scale {
        return Err(format!("`{text}` has more than {scale} digits after the point"));
    }
    let units =
        decimal.units(scale).ok_or_else(|| format!("`{text}` has more digits than can be generated"))?;
    if units % times == 0 { Ok(units / times) } else { Err(format!("`{text}` is not a multiple of {times}")) }
}

/// Microseconds since 1970-01-01 00:00 UTC; a moment without an offset is in UTC.
fn moment(text: &str) -> Result<i64, String> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.as_microsecond());
    }
    let refuse = |_| format!("`{text}` is not a date or time like `2024-06-15` or `2024-06-15 10:30:00+00`");
    let moment: DateTime = text.parse().map_err(refuse)?;
    let zoned = moment.to_zoned(TimeZone::UTC).map_err(refuse)?;
    Ok(zoned.timestamp().as_microsecond())
}

/// A value of any supported type. `lattice` is given where the type has one.
pub(super) fn literal(text: &str, kind: &ColumnType, lattice: Option<Lattice>) -> Result<Literal, String> {
    let mut field = Vec::new();
    if let Some(lattice) = lattice {
        let rank = units(text, lattice, kind)?;
        lattice.write(rank, &mut field);
        let width = match lattice {
            Lattice::Numeric { scale, times } => numeric_width_bytes(rank * times, scale),
            _ => kind.fixed_width_bytes().expect("only numerics vary"),
        };
        return Ok(Literal { rank, key: Vec::new(), field, width_bytes: width.into() });
    }
    let (rank, key, width_bytes) = match kind {
        ColumnType::Bool => {
            let value = boolean(text).ok_or_else(|| format!("`{text}` is not true or false"))?;
            encode::bool(value, &mut field);
            (i64::from(value), Vec::new(), 1)
        }
        ColumnType::Enum(labels) => {
            let place = labels.iter().position(|label| label == text);
            let place = place.ok_or_else(|| format!("`{text}` is none of {}", labels.join(", ")))?;
            encode::bytes(text.as_bytes(), &mut field);
            (place as i64, Vec::new(), 4)
        }
        ColumnType::Uuid => {
            let value = parse_uuid(text).ok_or_else(|| format!("`{text}` is not a uuid"))?;
            encode::uuid(value, &mut field);
            (0, value.to_be_bytes().to_vec(), 16)
        }
        ColumnType::Bytea => {
            let value =
                parse_bytea(text).ok_or_else(|| format!("`{text}` is not bytea like `\\xdeadbeef`"))?;
            encode::bytes(&value, &mut field);
            let width = stored_bytes(value.len() as u64);
            (0, value, width)
        }
        ColumnType::Json | ColumnType::Jsonb => {
            let value: serde_json::Value =
                serde_json::from_str(text).map_err(|error| format!("`{text}` is not JSON: {error}"))?;
            if *kind == ColumnType::Json {
                encode::bytes(text.as_bytes(), &mut field);
            } else {
                encode::jsonb(text.as_bytes(), &mut field);
            }
            (0, value.to_string().into_bytes(), stored_bytes(text.len() as u64))
        }
        _ => {
            let limit = kind.char_limit().map(|limit| limit as usize);
            let length = text.chars().count();
            if let Some(limit) = limit.filter(|&limit| length > limit) {
                return Err(format!("`{text}` has {length} characters, the column allows {limit}"));
            }
            if text.contains('\0') {
                return Err("PostgreSQL stores no NUL characters".to_owned());
            }
            encode::bytes(text.as_bytes(), &mut field);
            let (key, padding) = match kind {
                ColumnType::Char(limit) => (text.trim_end_matches(' '), *limit as usize - length),
                _ => (text, 0),
            };
            (0, key.as_bytes().to_vec(), stored_bytes((text.len() + padding) as u64))
        }
    };
    Ok(Literal { rank, key, field, width_bytes })
}

fn boolean(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn parse_uuid(text: &str) -> Option<u128> {
    let digits: String =
        text.trim().trim_matches(['{', '}']).chars().filter(|&letter| letter != '-').collect();
    if digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        u128::from_str_radix(&digits, 16).ok()
    } else {
        None
    }
}

fn parse_bytea(text: &str) -> Option<Vec<u8>> {
    let Some(digits) = text.strip_prefix("\\x") else {
        return (!text.contains('\\')).then(|| text.as_bytes().to_vec());
    };
    let nibbles: Vec<u8> =
        digits.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let pairs = nibbles.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals() {
        let parse = |text| Decimal::parse(text).map(|decimal| (decimal.digits, decimal.scale));
        assert_eq!(parse("12.50"), Ok((125, 1)));
        assert_eq!(parse("-0.005"), Ok((-5, 3)));
        assert_eq!(parse("1e3"), Ok((1000, 0)));
        assert_eq!(parse("1.5e-2"), Ok((15, 3)));
        assert_eq!(parse("000.0"), Ok((0, 0)));
        assert_eq!(parse(".5"), Ok((5, 1)));
        for bad in ["", ".", "-", "NaN", "1,5", "0x10", "1e", "1e99", "1234567890123456789", "Infinity"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn moments_with_and_without_offsets() {
        let hour = 3_600_000_000;
        for (text, expected) in [
            ("1970-01-02", DAY_US),
            ("1970-01-01 10:00", 10 * hour),
            ("1970-01-01 10:00:00.5", 10 * hour + 500_000),
            ("1970-01-01T10:00:00Z", 10 * hour),
            ("1970-01-01 10:00:00+00", 10 * hour),
            ("1970-01-01 10:00:00-04", 14 * hour),
            ("1970-01-01 10:00:00.25+05:30", 4 * hour + hour / 2 + 250_000),
            ("1969-12-31", -DAY_US),
        ] {
            assert_eq!(moment(text), Ok(expected), "{text}");
        }
        for bad in ["", "yesterday", "2024-13-01", "2024-02-30", "infinity", "12:00"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numeric_limits_follow_the_type() {
        let kind = ColumnType::Numeric { precision: Some(5), scale: Some(2) };
        let lattice = Lattice::Numeric { scale: 2, times: 1 };
        assert_eq!(units("999.99", lattice, &kind), Ok(99_999));
        assert!(units("1000", lattice, &kind).is_err());
        assert!(units("1.005", lattice, &kind).is_err());
        let kind = ColumnType::Numeric { precision: Some(3), scale: Some(-2) };
        let lattice = Lattice::Numeric { scale: 0, times: 100 };
        assert_eq!(units("99900", lattice, &kind), Ok(999));
        assert!(units("99950", lattice, &kind).is_err() && units("100000", lattice, &kind).is_err());
    }

    #[test]
    fn other_types() {
        let field =
            |text, kind: &ColumnType| literal(text, kind, None).map(|literal| literal.field[4..].to_vec());
        assert_eq!(field("on", &ColumnType::Bool), Ok(vec![1]));
        assert_eq!(field("\\x00ff", &ColumnType::Bytea), Ok(vec![0, 255]));
        assert_eq!(field("{\"a\": 1}", &ColumnType::Jsonb), Ok(b"\x01{\"a\": 1}".to_vec()));
        let labels = ColumnType::Enum(vec!["new".into(), "old".into()]);
        assert_eq!(literal("old", &labels, None).map(|literal| literal.rank), Ok(1));
        assert!(field("mid", &labels).is_err() && field("2", &ColumnType::Bool).is_err());
        assert!(field("{", &ColumnType::Json).is_err() && field("\\x0", &ColumnType::Bytea).is_err());
        assert!(
            field("abcd", &ColumnType::Varchar(Some(3))).is_err() && field("a\0", &ColumnType::Text).is_err()
        );
        let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        assert_eq!(field(uuid, &ColumnType::Uuid).map(|bytes| bytes[0]), Ok(0xa0));
        assert!(field("a0eebc99", &ColumnType::Uuid).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String) {
            for kind in [ColumnType::Bool, ColumnType::Uuid, ColumnType::Bytea, ColumnType::Jsonb, ColumnType::Char(3)] {
                let _ = literal(&text, &kind, None);
            }
            for lattice in [Lattice::Int2, Lattice::Float8(3), Lattice::Date, Lattice::Timestamp] {
                let _ = units(&text, lattice, &ColumnType::Int2);
            }
        }

        #[test]
        fn doubles_are_the_ones_that_the_text_means(digits in -(1i64 << 53)..1 << 53, scale in 0u32..15) {
            let mut field = Vec::new();
            Lattice::Float8(scale).write(digits, &mut field);
            let value = f64::from_be_bytes(field[4..].try_into().expect("eight bytes"));
            let text = format!("{digits}e-{scale}");
            prop_assert_eq!(value, text.parse::<f64>().expect("a number"));
        }
    }
}
