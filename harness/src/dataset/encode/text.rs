//! The text format: what was encoded for COPY BINARY, written the way the server reads values, for tables with a column
//! whose type has no binary encoding here.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::compound::{
    RANGE_EMPTY, RANGE_LOWER_INCLUSIVE, RANGE_LOWER_INFINITE, RANGE_UPPER_INCLUSIVE, RANGE_UPPER_INFINITE,
    Reader,
};
use super::{DAY_US, EPOCH_DAYS};
use crate::postgres::shape::ColumnType;

/// Appends one row of COPY in the text format: `fields` is the row as [`super::row_start`] and fields make it, `kinds` the
/// types of its columns. `scratch` is memory to be used again.
pub(crate) fn row(fields: &[u8], kinds: &[ColumnType], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    let mut reader = Reader(fields);
    reader.take(2);
    for (at, kind) in kinds.iter().enumerate() {
        if at > 0 {
            out.push(b'\t');
        }
        match reader.field() {
            None => out.extend_from_slice(b"\\N"),
            Some(field) => {
                scratch.clear();
                value(kind, field, scratch);
                escape(scratch, out);
            }
        }
    }
    out.push(b'\n');
}

/// What stands for itself nowhere in COPY's text format is written with a backslash.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte => out.push(byte),
        }
    }
}

macro_rules! put {
    ($out:expr, $($part:tt)*) => {
        // A vector takes whatever is written.
        let _ = write!($out, $($part)*);
    };
}

/// Appends a value as text, from its field without the length.
pub(crate) fn value(kind: &ColumnType, field: &[u8], out: &mut Vec<u8>) {
    let mut reader = Reader(field);
    match kind {
        ColumnType::Bool => out.push(if field.first() == Some(&1) { b't' } else { b'f' }),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => {
            put!(out, "{}", reader.number(field.len()));
        }
        ColumnType::Oid => {
            put!(out, "{}", reader.number(4) as u32);
        }
        ColumnType::Float4 => {
            put!(out, "{}", f32::from_bits(reader.number(4) as u32));
        }
        ColumnType::Float8 => {
            put!(out, "{}", f64::from_bits(reader.number(8) as u64));
        }
        ColumnType::Numeric { .. } => numeric(reader, out),
        ColumnType::Money => {
            let cents = reader.number(8);
            let sign = if cents < 0 { "-" } else { "" };
            put!(out, "{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
        }
        ColumnType::Date => date(reader.number(4), out),
        ColumnType::Timestamp | ColumnType::Timestamptz => {
            let us = reader.number(8);
            date(us.div_euclid(DAY_US), out);
            out.push(b' ');
            clock(us.rem_euclid(DAY_US), out);
            if *kind == ColumnType::Timestamptz {
                out.extend_from_slice(b"+00");
            }
        }
        ColumnType::Time => clock(reader.number(8), out),
        ColumnType::Timetz => {
            clock(reader.number(8), out);
            let west_s = reader.number(4);
            let (sign, s) = (if west_s > 0 { '-' } else { '+' }, west_s.unsigned_abs());
            put!(out, "{sign}{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60);
        }
        ColumnType::Interval => {
            let (us, days, months) = (reader.number(8), reader.number(4), reader.number(4));
            put!(out, "{months} mons {days} days {}", if us < 0 { "-" } else { "" });
            clock(us.saturating_abs(), out);
        }
        ColumnType::Uuid => hex(field, out),
        ColumnType::Bytea => {
            out.extend_from_slice(b"\\x");
            hex(field, out);
        }
        ColumnType::Jsonb => out.extend_from_slice(field.get(1..).unwrap_or_default()),
        ColumnType::Inet | ColumnType::Cidr => {
            let (family, bits) = (reader.number(1), reader.number(1) as u8);
            reader.take(2);
            if family == 2 {
                put!(out, "{}/{bits}", Ipv4Addr::from(reader.number(4) as u32));
            } else {
                let (high, low) = (reader.number(8) as u64, reader.number(8) as u64);
                put!(out, "{}/{bits}", Ipv6Addr::from(u128::from(high) << 64 | u128::from(low)));
            }
        }
        ColumnType::Macaddr => hex(field, out),
        ColumnType::Bit(_) | ColumnType::Varbit(_) => {
            let count = reader.number(4).max(0) as usize;
            let bits = reader.0.iter().flat_map(|byte| (0..8).rev().map(move |bit| b'0' + (byte >> bit & 1)));
            out.extend(bits.take(count));
        }
        ColumnType::Tsvector => tsvector(reader, out),
        ColumnType::Range(element) => range(element, reader, out),
        ColumnType::Array { element, .. } => array(element, reader, out),
        ColumnType::Composite(attributes) => {
            reader.take(4);
            out.push(b'(');
            for (at, attribute) in attributes.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                reader.take(4);
                if let Some(field) = reader.field() {
                    quoted(&attribute.kind, field, out);
                }
            }
            out.push(b')');
        }
        _ => out.extend_from_slice(field),
    }
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        put!(out, "{byte:02x}");
    }
}

fn numeric(mut reader: Reader<'_>, out: &mut Vec<u8>) {
    let (count, weight) = (reader.number(2), reader.number(2));
    let (sign, scale) = (reader.number(2), reader.number(2).max(0));
    let groups: Vec<i64> = (0..count).map(|_| reader.number(2)).collect();
    let group = |exponent: i64| {
        usize::try_from(weight - exponent).ok().and_then(|at| groups.get(at)).copied().unwrap_or(0)
    };
    if sign == 0x4000 {
        out.push(b'-');
    }
    for exponent in (0..=weight.max(0)).rev() {
        put!(out, "{:04}", group(exponent));
    }
    if scale > 0 {
        out.push(b'.');
        let end = out.len() + scale as usize;
        for at in 1..=(scale + 3) / 4 {
            put!(out, "{:04}", group(-at));
        }
        out.truncate(end);
    }
}

/// A day, counted from 2000-01-01.
fn date(days: i64, out: &mut Vec<u8>) {
    // Days since 0000-03-01, in cycles of 400 years; years begin in March, so that the leap day is their last.
    let days = days + EPOCH_DAYS + 719_468;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    put!(out, "{:04}-{month:02}-{day:02}", year + cycle * 400 + next);
}

fn clock(us: i64, out: &mut Vec<u8>) {
    let (s, us) = (us / 1_000_000, us % 1_000_000);
    put!(out, "{:02}:{:02}:{:02}.{us:06}", s / 3_600, s / 60 % 60, s % 60);
}

fn tsvector(mut reader: Reader<'_>, out: &mut Vec<u8>) {
    for at in 0..reader.number(4) {
        let end = reader.0.iter().position(|&byte| byte == 0).unwrap_or(reader.0.len());
        if at > 0 {
            out.push(b' ');
        }
        out.push(b'\'');
        for &byte in reader.take(end) {
            if matches!(byte, b'\'' | b'\\') {
                out.push(byte);
            }
            out.push(byte);
        }
        out.push(b'\'');
        reader.take(1);
        for at in 0..reader.number(2) {
            let position = reader.number(2) as u16;
            out.push(if at == 0 { b':' } else { b',' });
            put!(out, "{}", position & 0x3FFF);
            out.push(b"DCBA"[usize::from(position >> 14)]);
        }
    }
}

fn range(element: &ColumnType, mut reader: Reader<'_>, out: &mut Vec<u8>) {
    let flags = reader.number(1) as u8;
    let has = |flag| flags & flag != 0;
    if has(RANGE_EMPTY) {
        out.extend_from_slice(b"empty");
        return;
    }
    out.push(if has(RANGE_LOWER_INCLUSIVE) { b'[' } else { b'(' });
    for (at, infinite) in [RANGE_LOWER_INFINITE, RANGE_UPPER_INFINITE].into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if !has(infinite)
            && let Some(field) = reader.field()
        {
            quoted(element, field, out);
        }
    }
    out.push(if has(RANGE_UPPER_INCLUSIVE) { b']' } else { b')' });
}

fn array(element: &ColumnType, mut reader: Reader<'_>, out: &mut Vec<u8>) {
    let dimensions = reader.number(4).clamp(0, 6);
    reader.take(8);
    let lengths: Vec<i64> = (0..dimensions)
        .map(|_| {
            let length = reader.number(4);
            reader.take(4);
            length
        })
        .collect();
    if lengths.is_empty() {
        out.extend_from_slice(b"{}");
        return;
    }
    level(element, &lengths, &mut reader, out);
}

fn level(element: &ColumnType, lengths: &[i64], reader: &mut Reader<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    for at in 0..lengths[0] {
        if at > 0 {
            out.push(b',');
        }
        if lengths.len() > 1 {
            level(element, &lengths[1..], reader, out);
        } else {
            match reader.field() {
                Some(field) => quoted(element, field, out),
                None => out.extend_from_slice(b"NULL"),
            }
        }
    }
    out.push(b'}');
}

/// A value inside another, in quotes.
fn quoted(kind: &ColumnType, field: &[u8], out: &mut Vec<u8>) {
    let mut text = Vec::new();
    value(kind, field, &mut text);
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}
