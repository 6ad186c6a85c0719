//! Quantities as people read them: three digits and a unit, and never more digits than are known.

/// A time: `420 µs`, `12.3 ms`, `3.21 s`, `2 min 05 s`, `1 h 03 min`.
pub(crate) fn duration(ms: f64) -> String {
    let ms = ms.max(0.0);
    // The limits are where rounding would write a whole unit of the next size.
    if ms == 0.0 {
        "0 ms".to_owned()
    } else if ms < 0.9995 {
        format!("{:.0} µs", (ms * 1000.0).max(1.0))
    } else if ms < 999.5 {
        format!("{} ms", three_digits(ms))
    } else if ms < 59_950.0 {
        format!("{} s", three_digits(ms / 1000.0))
    } else if ms < 3_599_500.0 {
        match whole_and_rest((ms / 1000.0).round(), 60.0) {
            (minutes, 0) => format!("{minutes} min"),
            (minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        }
    } else {
        match whole_and_rest((ms / 60_000.0).round(), 60.0) {
            (hours, 0) => format!("{hours} h"),
            (hours, minutes) => format!("{hours} h {minutes:02} min"),
        }
    }
}

/// A time that is `longest_ms` at most and may be `uncertainty_ms` shorter: `3.21 s` where that does not show
/// in its digits, `52 ± 3 ms` where it does, `≤ 5.20 ms` where it is most of it.
pub(crate) fn held(longest_ms: f64, uncertainty_ms: f64) -> String {
    if longest_ms <= 0.0 {
        return duration(longest_ms);
    }
    if uncertainty_ms * 2.0 > longest_ms {
        return format!("≤ {}", duration(longest_ms));
    }
    let half_ms = uncertainty_ms / 2.0;
    if half_ms < last_digit_ms(longest_ms) {
        return duration(longest_ms);
    }
    let middle_ms = longest_ms - half_ms;
    let (unit, unit_ms) = match middle_ms {
        _ if middle_ms < 1.0 => ("µs", 0.001),
        _ if middle_ms < 1000.0 => ("ms", 1.0),
        _ if middle_ms < 60_000.0 => ("s", 1000.0),
        _ => return format!("{} ± {}", duration(middle_ms), duration(half_ms)),
    };
    let half = half_ms / unit_ms;
    let decimals: usize = match half {
        _ if half >= 0.95 => 0,
        _ if half >= 0.095 => 1,
        _ => 2,
    };
    // Rounded up: the doubt is never smaller than it is.
    let step = 10_f64.powi(-i32::try_from(decimals).unwrap_or(0));
    let half = (half / step - 1e-9).ceil() * step;
    format!("{:.decimals$} ± {half:.decimals$} {unit}", middle_ms / unit_ms)
}

/// A size: `17 B`, `86.4 KiB`, `1.20 GiB`.
pub fn bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    for unit in ["KiB", "MiB", "GiB", "TiB"] {
        size /= 1024.0;
        if size < 999.5 {
            return format!("{} {unit}", three_digits(size));
        }
    }
    format!("{} PiB", three_digits(size / 1024.0))
}

/// A count with its thousands set apart: `1,000,000`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A rate with three digits: `512,000 rows/s`.
pub(crate) fn rows_per_second(rate: f64) -> String {
    let rate = rate.max(0.0);
    let last_digit = 10_f64.powf((rate.max(1.0).log10().floor() - 2.0).max(0.0));
    let rounded = ((rate / last_digit).round() * last_digit) as u64;
    format!("{} rows/s", count(rounded))
}

/// `1 table`, `2 tables`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A quantity with the interval it lies in: `1.65 s (1.50–1.71)`; the unit is written once where all three have the same.
pub(crate) fn within(middle: &str, low: &str, high: &str) -> String {
    let parts = [middle, low, high].map(|text| text.split_once(' '));
    match parts {
        [Some((_, unit)), Some((low, of_low)), Some((high, of_high))]
            if unit == of_low && unit == of_high =>
        {
            format!("{middle} ({low}–{high})")
        }
        _ => format!("{middle} ({low}–{high})"),
    }
}

fn three_digits(value: f64) -> String {
    let decimals: usize = match value {
        _ if value < 9.995 => 2,
        _ if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

/// What the last digit that [`duration`] writes is worth.
fn last_digit_ms(ms: f64) -> f64 {
    match ms {
        _ if ms < 0.9995 => 0.001,
        _ if ms < 9.995 => 0.01,
        _ if ms < 99.95 => 0.1,
        _ if ms < 999.5 => 1.0,
        _ if ms < 9_995.0 => 10.0,
        _ if ms < 59_950.0 => 100.0,
        _ if ms < 3_599_500.0 => 1_000.0,
        _ => 60_000.0,
    }
}

fn whole_and_rest(value: f64, unit: f64) -> (u64, u64) {
    ((value / unit).floor() as u64, (value % unit) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_the_unit_that_fits() {
        let cases = [
            (0.0, "0 ms"),
            (0.0004, "1 µs"),
            (0.42, "420 µs"),
            (0.9996, "1.00 ms"),
            (1.234, "1.23 ms"),
            (12.34, "12.3 ms"),
            (123.4, "123 ms"),
            (999.6, "1.00 s"),
            (3_214.1, "3.21 s"),
            (59_949.0, "59.9 s"),
            (59_960.0, "1 min"),
            (125_000.0, "2 min 05 s"),
            (3_599_600.0, "1 h"),
            (3_780_000.0, "1 h 03 min"),
        ];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text, "{ms}");
        }
    }

    #[test]
    fn a_hold_shows_no_more_than_is_known() {
        let cases = [
            (3_214.1, 0.2, "3.21 s"),
            (3_214.1, 5.0, "3.21 s"),
            (3_214.1, 100.0, "3.16 ± 0.05 s"),
            (54.8, 5.0, "52 ± 3 ms"),
            (5.2, 5.1, "≤ 5.20 ms"),
            (0.42, 0.0, "420 µs"),
            (125_000.0, 6_000.0, "2 min 02 s ± 3.00 s"),
            (0.0, 0.0, "0 ms"),
        ];
        for (longest_ms, uncertainty_ms, text) in cases {
            assert_eq!(held(longest_ms, uncertainty_ms), text, "{longest_ms} - {uncertainty_ms}");
        }
    }

    #[test]
    fn an_interval_names_its_unit_once() {
        assert_eq!(within("1.65 s", "1.50 s", "1.71 s"), "1.65 s (1.50–1.71)");
        assert_eq!(within("980 ms", "950 ms", "1.02 s"), "980 ms (950 ms–1.02 s)");
        assert_eq!(within("2 min 05 s", "2 min 01 s", "2 min 07 s"), "2 min 05 s (2 min 01 s–2 min 07 s)");
        assert_eq!(within("none", "0 ms", "1.20 s"), "none (0 ms–1.20 s)");
    }

    #[test]
    fn sizes_counts_and_rates() {
        assert_eq!(bytes(17), "17 B");
        assert_eq!(bytes(88_473), "86.4 KiB");
        assert_eq!(bytes(1_048_575), "1.00 MiB");
        assert_eq!(bytes(90_596_966), "86.4 MiB");
        assert_eq!(bytes(1_288_490_189), "1.20 GiB");
        assert_eq!(bytes(u64::MAX), "16384 PiB");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(rows_per_second(512_345.6), "512,000 rows/s");
        assert_eq!(rows_per_second(7.4), "7 rows/s");
        assert_eq!(plural(1, "table", "tables"), "1 table");
    }
}
