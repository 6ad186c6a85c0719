//! `numeric`: a sign, a decimal scale and digits in base 10,000, most significant first.

const POSITIVE: u16 = 0;
const NEGATIVE: u16 = 0x4000;
/// 19 decimal digits before the point make five groups, 18 after it another five.
const GROUPS_MAX: usize = 10;

/// `mantissa / 10^scale`, shown with `scale` digits after the point.
///
/// `scale` is at most 18.
pub fn numeric(mantissa: i64, scale: u32, out: &mut Vec<u8>) {
    debug_assert!(scale <= 18, "an i64 has no more digits than that");
    let unit = 10u64.pow(scale);
    let magnitude = mantissa.unsigned_abs();
    let (mut whole, fraction) = (magnitude / unit, magnitude % unit);

    // Groups are filled around a fixed point: `GROUPS_MAX / 2` before it, as many after.
    let mut groups = [0u16; GROUPS_MAX];
    let point = GROUPS_MAX / 2;
    let mut first = point;
    while whole > 0 {
        first -= 1;
        groups[first] = (whole % 10_000) as u16;
        whole /= 10_000;
    }
    let fraction_groups = scale.div_ceil(4);
    // Below 10^18, so padded to a multiple of four digits it is below 10^20: more than a u64 holds.
    let mut padded = u128::from(fraction) * 10u128.pow(fraction_groups * 4 - scale);
    let mut last = point + fraction_groups as usize;
    for at in (point..last).rev() {
        groups[at] = (padded % 10_000) as u16;
        padded /= 10_000;
    }

    // PostgreSQL keeps no zero groups at either end.
    while first < last && groups[first] == 0 {
        first += 1;
    }
    while last > first && groups[last - 1] == 0 {
        last -= 1;
    }
    let count = last - first;
    let weight = if count == 0 { 0 } else { point as i16 - 1 - first as i16 };
    let sign = if mantissa < 0 { NEGATIVE } else { POSITIVE };

    let mut field = [0u8; 12 + GROUPS_MAX * 2];
    field[..4].copy_from_slice(&(8 + 2 * count as i32).to_be_bytes());
    field[4..6].copy_from_slice(&(count as i16).to_be_bytes());
    field[6..8].copy_from_slice(&weight.to_be_bytes());
    field[8..10].copy_from_slice(&sign.to_be_bytes());
    field[10..12].copy_from_slice(&(scale as u16).to_be_bytes());
    for (group, bytes) in groups[first..last].iter().zip(field[12..].chunks_exact_mut(2)) {
        bytes.copy_from_slice(&group.to_be_bytes());
    }
    out.extend_from_slice(&field[..12 + 2 * count]);
}
