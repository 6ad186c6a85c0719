//! Values as they are written in a profile, read in the type of their column.

mod clock;
mod compound;
mod network;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use self::clock::Interval;
use self::network::Address;
use super::lattice;
pub(super) use crate::dataset::encode::width::with_header as stored_bytes;
use crate::dataset::encode::{self, DAY_US, width};
use crate::dataset::generate::values::{BITS_MAX, Lattice};
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

/// A decimal number: `digits / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) digits: i64,
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
        Lattice::Time => (0, DAY_US),
        Lattice::Timetz => (0, DAY_US - 1),
        // About 8,000 years.
        Lattice::Interval => around(3_000_000 * DAY_US),
        Lattice::Inet | Lattice::Oid => (0, u32::MAX.into()),
        Lattice::Cidr => (0, (1 << 24) - 1),
        Lattice::Macaddr => (0, (1 << 48) - 1),
        Lattice::Money => (i64::MIN, i64::MAX),
        Lattice::Bits(count) => (0, (1 << count.min(BITS_MAX)) - 1),
        Lattice::Range(of) => {
            let ColumnType::Range(element) = kind else { return limits(of.bounds(), kind) };
            let (least, most) = limits(of.bounds(), element);
            (least, most.saturating_sub(of.longest()).max(least))
        }
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
        Lattice::Time => clock::time_us(text)?,
        Lattice::Timetz => {
            let (us, west_s) = clock::timetz(text)?;
            us + i64::from(west_s) * 1_000_000
        }
        Lattice::Interval => clock::interval(text)?.total_us(),
        Lattice::Inet | Lattice::Cidr => {
            let address = Address::parse(text)?;
            if !address.address.is_ipv4() || (lattice == Lattice::Inet && address.bits < 32) {
                return Err(format!("`{text}` is not the IPv4 address of a host"));
            }
            address.rank(if lattice == Lattice::Inet { 0 } else { 8 })
        }
        Lattice::Macaddr => network::macaddr(text)?,
        Lattice::Oid => text.parse::<u32>().map_err(|_| format!("`{text}` is not an oid"))?.into(),
        Lattice::Money => money(text)?,
        Lattice::Bits(count) => bit_units(&network::bits(text)?.1, count),
        Lattice::Range(of) => match kind {
            ColumnType::Range(element) => units(text, of.bounds(), element)?,
            _ => return Err(format!("`{text}` is not a range")),
        },
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

/// `$1,234.50`: in hundredths, as with the locale that the server is given.
fn money(text: &str) -> Result<i64, String> {
    let refuse = || format!("`{text}` is not an amount of money like `12.50`");
    let plain: String = text.chars().filter(|letter| !matches!(letter, '$' | ',')).collect();
    Decimal::parse(&plain).map_err(|_| refuse())?.units(2).ok_or_else(refuse)
}

/// The first bits of a string of bits as a number of `count` bits.
fn bit_units(bytes: &[u8], count: u32) -> i64 {
    let mut head = [0; 8];
    for (head, byte) in head.iter_mut().zip(bytes) {
        *head = *byte;
    }
    (u64::from_be_bytes(head) >> (64 - count.clamp(1, BITS_MAX))) as i64
}

/// Units of a value, rounded where it has more digits than the lattice.
fn units_near(text: &str, lattice: Lattice, kind: &ColumnType) -> Result<i64, String> {
    let Lattice::Numeric { scale, .. } = lattice else { return units(text, lattice, kind) };
    let decimal = Decimal::parse(text)?;
    Ok(decimal.units(scale).unwrap_or_else(|| {
        let digits = i128::from(decimal.digits) * 10i128.pow(scale);
        i64::try_from(digits.div_euclid(10i128.pow(decimal.scale))).unwrap_or(i64::MAX)
    }))
}

/// A value on its own, whatever digits others of its column have.
fn alone(text: &str, kind: &ColumnType) -> Result<Literal, String> {
    let (least, most) = lattice::scales(kind);
    let scale = Decimal::parse(text).map_or(0, |decimal| decimal.scale).clamp(least, most.max(least));
    literal(text, kind, lattice::lattice(kind, scale))
}

/// Rank, key and field of a literal.
type Ordered = (i64, Vec<u8>, Vec<u8>);

/// Values of lattice types that not only their units tell apart: rank, key and field.
fn unusual(text: &str, kind: &ColumnType, lattice: Lattice) -> Result<Option<Ordered>, String> {
    let mut field = Vec::new();
    Ok(Some(match (lattice, kind) {
        (Lattice::Interval, _) => {
            let interval = clock::interval(text)?;
            let Interval { months, days, us } = interval;
            encode::interval(months, days, us, &mut field);
            (interval.total_us(), Vec::new(), field)
        }
        (Lattice::Timetz, _) => {
            let (us, west_s) = clock::timetz(text)?;
            encode::timetz(us, west_s, &mut field);
            (us + i64::from(west_s) * 1_000_000, west_s.wrapping_sub(i32::MIN).to_be_bytes().to_vec(), field)
        }
        (Lattice::Inet | Lattice::Cidr, _) => {
            let address = Address::parse(text)?;
            let cidr = lattice == Lattice::Cidr;
            if cidr && !address.is_network() {
                return Err(format!("`{text}` has bits set to the right of its mask"));
            }
            encode::inet(address.address, address.bits, cidr, &mut field);
            (address.rank(if cidr { 8 } else { 0 }), address.key(), field)
        }
        (Lattice::Bits(count), _) => {
            let (length, bytes) = network::bits(text)?;
            match kind {
                ColumnType::Bit(bits) if *bits != length => {
                    return Err(format!("`{text}` has {length} bits, the column has {bits}"));
                }
                ColumnType::Varbit(Some(limit)) if *limit < length => {
                    return Err(format!("`{text}` has {length} bits, the column allows {limit}"));
                }
                _ => {}
            }
            encode::bits(length, &bytes, &mut field);
            let rank = bit_units(&bytes, count);
            // What is generated has no key.
            let key = if length == count && count <= BITS_MAX {
                Vec::new()
            } else {
                [&bytes, &length.to_be_bytes()[..]].concat()
            };
            (rank, key, field)
        }
        (Lattice::Range(of), ColumnType::Range(element)) => {
            let (rank, field) = compound::range(text, element, of)?;
            (rank, field.clone(), field)
        }
        _ => return Ok(None),
    }))
}

/// A value of any supported type. `lattice` is given where the type has one.
pub(super) fn literal(text: &str, kind: &ColumnType, lattice: Option<Lattice>) -> Result<Literal, String> {
    let mut field = Vec::new();
    if let Some(lattice) = lattice {
        let (rank, key, field) = match unusual(text, kind, lattice)? {
            Some(found) => found,
            None => {
                let rank = units(text, lattice, kind)?;
                lattice.write(rank, &mut field);
                (rank, Vec::new(), field)
            }
        };
        let width_bytes = width::stored_bytes(kind, &field[4..]);
        return Ok(Literal { rank, key, field, width_bytes });
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
        kind if !kind.is_binary() => {
            if text.contains('\0') {
                return Err("PostgreSQL stores no NUL characters".to_owned());
            }
            encode::bytes(text.as_bytes(), &mut field);
            (0, text.as_bytes().to_vec(), stored_bytes(text.len() as u64))
        }
        ColumnType::Array { .. } | ColumnType::Composite(_) | ColumnType::Tsvector => {
            field = match kind {
                ColumnType::Array { element, element_oid } => compound::array(text, element, *element_oid)?,
                ColumnType::Composite(attributes) => compound::composite(text, attributes)?,
                _ => compound::tsvector(text)?,
            };
            let width = width::stored_bytes(kind, &field[4..]);
            (0, field.clone(), width)
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
            let stored = stored_bytes((text.len() + padding) as u64);
            (0, key.as_bytes().to_vec(), kind.fixed_width_bytes().map_or(stored, u64::from))
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
