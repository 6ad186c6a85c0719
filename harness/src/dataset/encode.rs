//! COPY BINARY, appended to a buffer that the caller reuses.
//!
//! A stream is [`header`], then rows, then [`trailer`]. A row is [`row_start`] and one field per column: a
//! length of four bytes and that many bytes, or [`null`]. The server trusts the bytes: a field of the right
//! length and the wrong type is silently garbage, so types come from the catalog, never from a guess.

pub(crate) mod compound;
mod moments;
mod network;
mod numeric;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod width;

pub use compound::{array, composite, range, tsvector};
pub use moments::{interval, time, timetz};
pub use network::{bits, inet, macaddr};
pub use numeric::numeric;

/// Days from 1970-01-01 to PostgreSQL's own epoch, 2000-01-01.
pub const EPOCH_DAYS: i64 = 10_957;

/// Microseconds in a day.
pub const DAY_US: i64 = 86_400_000_000;

/// The 19 bytes a stream begins with.
pub fn header(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
    out.extend_from_slice(&[0; 8]);
}

/// The two bytes a stream ends with.
pub fn trailer(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1i16).to_be_bytes());
}

/// Begins a row of `columns` fields.
#[inline]
pub fn row_start(columns: i16, out: &mut Vec<u8>) {
    out.extend_from_slice(&columns.to_be_bytes());
}

/// A NULL.
#[inline]
pub fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1i32).to_be_bytes());
}

/// A field of bytes as they are: text, varchar, char(n), enum labels, json, xml, bytea, uuid.
#[inline]
pub fn bytes(value: &[u8], out: &mut Vec<u8>) {
    let length = i32::try_from(value.len()).expect("a field is far shorter than 2 GiB");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
}

/// `jsonb`: a version byte, then the text.
pub fn jsonb(text: &[u8], out: &mut Vec<u8>) {
    field(out, |out| {
        out.push(1);
        out.extend_from_slice(text);
    });
}

/// A field whose bytes `write` appends; its length is filled in afterwards.
#[inline]
pub fn field(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = i32::try_from(out.len() - at - 4).expect("a field is far shorter than 2 GiB");
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

#[inline]
fn fixed<const WIDTH: usize, const FIELD: usize>(value: [u8; WIDTH], out: &mut Vec<u8>) {
    let mut bytes = [0; FIELD];
    bytes[3] = WIDTH as u8;
    bytes[4..].copy_from_slice(&value);
    out.extend_from_slice(&bytes);
}

/// `boolean`
#[inline]
pub fn bool(value: bool, out: &mut Vec<u8>) {
    fixed::<1, 5>([u8::from(value)], out);
}

/// `smallint`
#[inline]
pub fn int2(value: i16, out: &mut Vec<u8>) {
    fixed::<2, 6>(value.to_be_bytes(), out);
}

/// `integer`
#[inline]
pub fn int4(value: i32, out: &mut Vec<u8>) {
    fixed::<4, 8>(value.to_be_bytes(), out);
}

/// `bigint`
#[inline]
pub fn int8(value: i64, out: &mut Vec<u8>) {
    fixed::<8, 12>(value.to_be_bytes(), out);
}

/// `real`
#[inline]
pub fn float4(value: f32, out: &mut Vec<u8>) {
    fixed::<4, 8>(value.to_be_bytes(), out);
}

/// `double precision`
#[inline]
pub fn float8(value: f64, out: &mut Vec<u8>) {
    fixed::<8, 12>(value.to_be_bytes(), out);
}

/// `date`, as days since 1970-01-01.
#[inline]
pub fn date(unix_days: i64, out: &mut Vec<u8>) {
    int4((unix_days - EPOCH_DAYS) as i32, out);
}

/// `timestamp` or `timestamptz`, as microseconds since 1970-01-01 00:00 (UTC for the latter).
#[inline]
pub fn timestamp(unix_us: i64, out: &mut Vec<u8>) {
    int8(unix_us - EPOCH_DAYS * DAY_US, out);
}

/// `uuid`
#[inline]
pub fn uuid(value: u128, out: &mut Vec<u8>) {
    fixed::<16, 20>(value.to_be_bytes(), out);
}
