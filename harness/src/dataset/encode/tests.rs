//! What is encoded decodes to the same value, by `tokio-postgres`' own decoders where it has them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use tokio_postgres::types::{FromSql, Type};

use super::{bool as encode_bool, *};

/// The one field in `stream`.
fn payload(stream: &[u8]) -> &[u8] {
    let length = i32::from_be_bytes(stream[..4].try_into().expect("four bytes"));
    assert_eq!(length as usize, stream.len() - 4);
    &stream[4..]
}

fn decode<T: for<'a> FromSql<'a>>(ty: &Type, write: impl FnOnce(&mut Vec<u8>)) -> T {
    let mut out = Vec::new();
    write(&mut out);
    T::from_sql(ty, payload(&out)).expect("it decodes")
}

/// `numeric` as text, the way `numeric_out` writes it.
fn numeric_text(payload: &[u8]) -> String {
    let word = |at: usize| u16::from_be_bytes([payload[at], payload[at + 1]]);
    let (count, weight) = (word(0) as usize, word(2) as i16);
    let (sign, scale) = (word(4), word(6) as usize);
    assert_eq!(payload.len(), 8 + 2 * count);
    let groups: Vec<u16> = (0..count).map(|at| word(8 + 2 * at)).collect();
    assert!(groups.iter().all(|&group| group < 10_000));
    assert!(groups.first() != Some(&0) && groups.last() != Some(&0), "zero groups at an end");
    let group = |exponent: i32| {
        usize::try_from(i32::from(weight) - exponent).ok().and_then(|at| groups.get(at)).copied().unwrap_or(0)
    };
    let whole: String = (0..=i32::from(weight).max(0)).rev().map(|at| format!("{:04}", group(at))).collect();
    let fraction: String = (1..=scale.div_ceil(4) as i32).map(|at| format!("{:04}", group(-at))).collect();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if sign == 0x4000 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{}", &fraction[..scale]) }
}

fn numeric_expected(mantissa: i64, scale: u32) -> String {
    let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    let sign = if mantissa < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

proptest! {
    #[test]
    fn integers(small: i16, medium: i32, large: i64) {
        prop_assert_eq!(decode::<i16>(&Type::INT2, |out| int2(small, out)), small);
        prop_assert_eq!(decode::<i32>(&Type::INT4, |out| int4(medium, out)), medium);
        prop_assert_eq!(decode::<i64>(&Type::INT8, |out| int8(large, out)), large);
    }

    #[test]
    fn floats_and_booleans(single: f32, double: f64, flag: bool) {
        prop_assert_eq!(decode::<f32>(&Type::FLOAT4, |out| float4(single, out)).to_bits(), single.to_bits());
        prop_assert_eq!(decode::<f64>(&Type::FLOAT8, |out| float8(double, out)).to_bits(), double.to_bits());
        prop_assert_eq!(decode::<bool>(&Type::BOOL, |out| encode_bool(flag, out)), flag);
    }

    #[test]
    fn bytes_and_texts(text: String, blob: Vec<u8>) {
        prop_assert_eq!(decode::<String>(&Type::TEXT, |out| bytes(text.as_bytes(), out)), text.clone());
        prop_assert_eq!(decode::<Vec<u8>>(&Type::BYTEA, |out| bytes(&blob, out)), blob);
        let mut out = Vec::new();
        jsonb(text.as_bytes(), &mut out);
        prop_assert_eq!(payload(&out), [&[1], text.as_bytes()].concat());
    }

    #[test]
    fn moments(unix_us in -200_000_000_000_000_000i64..200_000_000_000_000_000) {
        let decoded: SystemTime = decode(&Type::TIMESTAMPTZ, |out| timestamp(unix_us, out));
        let distance = Duration::from_micros(unix_us.unsigned_abs());
        let expected = if unix_us < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
        prop_assert_eq!(decoded, expected);
    }

    #[test]
    fn dates(unix_days in -2_000_000i64..2_000_000) {
        // A date is days since 2000-01-01, which is day 10,957 of the Unix epoch.
        let decoded: i32 = decode(&Type::INT4, |out| date(unix_days, out));
        prop_assert_eq!(i64::from(decoded) + 10_957, unix_days);
    }

    #[test]
    fn numerics(mantissa: i64, scale in 0u32..=18, shift in 0u32..64) {
        for mantissa in [mantissa, mantissa >> shift] {
            let mut out = Vec::new();
            numeric(mantissa, scale, &mut out);
            prop_assert_eq!(numeric_text(payload(&out)), numeric_expected(mantissa, scale));
        }
    }

    #[test]
    fn numerics_that_end_in_zeros(digits in -9999i64..9999, zeros in 0u32..14, scale in 0u32..=18) {
        let mantissa = digits * 10i64.pow(zeros);
        let mut out = Vec::new();
        numeric(mantissa, scale, &mut out);
        prop_assert_eq!(numeric_text(payload(&out)), numeric_expected(mantissa, scale));
    }

    #[test]
    fn uuids(value: u128) {
        let mut out = Vec::new();
        uuid(value, &mut out);
        prop_assert_eq!(payload(&out), value.to_be_bytes());
    }
}

#[test]
fn a_stream_is_framed() {
    let mut out = Vec::new();
    header(&mut out);
    assert_eq!(out.len(), 19);
    row_start(2, &mut out);
    null(&mut out);
    int4(7, &mut out);
    trailer(&mut out);
    let expected = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x02\xff\xff\xff\xff\0\0\0\x04\0\0\0\x07\xff\xff";
    assert_eq!(out, expected);
}
