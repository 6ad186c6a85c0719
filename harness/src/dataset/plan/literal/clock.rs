//! Times of day and intervals, as they are written.

use super::Decimal;
use crate::dataset::encode::DAY_US;

const SECOND_US: i64 = 1_000_000;
const HOUR_US: i64 = 3_600 * SECOND_US;
/// Days of a month, where intervals are compared.
const MONTH_DAYS: i64 = 30;
/// More days than anybody means, and few enough for every sum of them.
const DAYS_MAX: i64 = 20_000_000;

/// An interval as the server stores it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) months: i32,
    pub(super) days: i32,
    pub(super) us: i64,
}

impl Interval {
    /// What intervals are compared by.
    pub(super) fn total_us(self) -> i64 {
        (i64::from(self.months) * MONTH_DAYS + i64::from(self.days)) * DAY_US + self.us
    }
}

/// Microseconds of `10:30`, `10:30:00.5`; hours may be any number.
fn clock_us(text: &str) -> Option<i64> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':').unwrap_or((rest, "0"));
    let part = |text: &str| {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<i64>().ok())
    };
    let (hours, minutes) = (part(hours)??, part(minutes)??);
    let seconds = Decimal::parse(seconds).ok().filter(|_| !seconds.starts_with(['-', '+']))?.units(6)?;
    let sound = minutes < 60 && (0..=60 * SECOND_US).contains(&seconds) && hours < DAYS_MAX * 24;
    sound.then(|| hours * HOUR_US + minutes * 60 * SECOND_US + seconds)
}

/// Microseconds since midnight.
pub(super) fn time_us(text: &str) -> Result<i64, String> {
    clock_us(text.trim())
        .filter(|us| (0..=DAY_US).contains(us))
        .ok_or_else(|| format!("`{text}` is not a time of day like `10:30:00`"))
}

/// Microseconds since midnight and seconds west of Greenwich; without an offset, in UTC.
pub(super) fn timetz(text: &str) -> Result<(i64, i32), String> {
    let text = text.trim();
    let refuse = || format!("`{text}` is not a time of day with an offset like `10:30:00+02`");
    let Some(at) = text.find(['+', '-', 'Z', 'z']) else { return Ok((time_us(text)?, 0)) };
    let (time, offset) = text.split_at(at);
    let us = time_us(time)?;
    if offset.eq_ignore_ascii_case("z") {
        return Ok((us, 0));
    }
    let clock = if offset.contains(':') { offset[1..].to_owned() } else { format!("{}:00", &offset[1..]) };
    let east_us = clock_us(&clock).filter(|&us| us < 16 * HOUR_US).ok_or_else(refuse)?;
    let east_s = (east_us / SECOND_US) as i32;
    Ok((us, if offset.starts_with('-') { east_s } else { -east_s }))
}

/// Reads `1 day 02:03:04`, `90 minutes`, `1 year 2 mons`, `P1DT2H`.
pub(super) fn interval(text: &str) -> Result<Interval, String> {
    let refuse = || format!("`{text}` is not an interval like `1 day 02:30:00` or `90 minutes`");
    let lower = text.trim().to_ascii_lowercase();
    let pairs = match lower.strip_prefix('p') {
        Some(iso) => iso_pairs(iso),
        None => worded_pairs(&lower),
    };
    let (mut months, mut days, mut us) = (0i64, 0i64, 0i64);
    for (number, unit) in pairs.filter(|pairs| !pairs.is_empty()).ok_or_else(refuse)? {
        if unit == "clock" {
            let negative = number.starts_with('-');
            let clock = clock_us(number.trim_start_matches(['-', '+'])).ok_or_else(refuse)?;
            us = us.saturating_add(if negative { -clock } else { clock });
            continue;
        }
        let number = Decimal::parse(&number).map_err(|_| refuse())?;
        let times = |unit: i64| {
            let millionths = number.units(6).ok_or_else(refuse)?;
            Ok::<i64, String>(
                i64::try_from(i128::from(millionths) * i128::from(unit) / 1_000_000).unwrap_or(i64::MAX),
            )
        };
        // Fractions of what the next smaller field holds whole are not passed on: nobody writes half months.
        let whole = |unit: i64| if number.scale == 0 { times(unit) } else { Err(refuse()) };
        match unit.as_str() {
            "year" => months = months.saturating_add(whole(12)?),
            "month" => months = months.saturating_add(whole(1)?),
            "week" => days = days.saturating_add(whole(7)?),
            "day" => days = days.saturating_add(whole(1)?),
            "hour" => us = us.saturating_add(times(HOUR_US)?),
            "minute" => us = us.saturating_add(times(60 * SECOND_US)?),
            "second" => us = us.saturating_add(times(SECOND_US)?),
            _ => us = us.saturating_add(times(1_000)?),
        }
    }
    let within =
        |number: i64, unit: i64| number.checked_abs().is_some_and(|number| number / unit <= DAYS_MAX);
    if !(within(months, 1) && within(months * MONTH_DAYS, 1) && within(days, 1) && within(us, DAY_US)) {
        return Err(format!("`{text}` is out of range"));
    }
    Ok(Interval { months: months as i32, days: days as i32, us })
}

type Pairs = Option<Vec<(String, String)>>;

fn worded_pairs(text: &str) -> Pairs {
    let mut pairs = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if word.contains(':') {
            pairs.push((word.to_owned(), "clock".to_owned()));
            continue;
        }
        // `2 hours` and `2hours`.
        let at = word.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(word.len());
        let (number, unit) = match word.split_at(at) {
            (number, "") => (number, words.next()?),
            pair => pair,
        };
        pairs.push((number.to_owned(), unit_of(unit)?.to_owned()));
    }
    Some(pairs)
}

fn unit_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "y" | "yr" | "yrs" | "year" | "years" => "year",
        "mon" | "mons" | "month" | "months" => "month",
        "w" | "week" | "weeks" => "week",
        "d" | "day" | "days" => "day",
        "h" | "hr" | "hrs" | "hour" | "hours" => "hour",
        "m" | "min" | "mins" | "minute" | "minutes" => "minute",
        "s" | "sec" | "secs" | "second" | "seconds" => "second",
        "ms" | "msec" | "millisecond" | "milliseconds" => "millisecond",
        _ => return None,
    })
}

fn iso_pairs(text: &str) -> Pairs {
    let (mut pairs, mut number, mut in_time) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        let unit = match (letter, in_time) {
            ('t', false) if number.is_empty() => {
                in_time = true;
                continue;
            }
            ('y', false) => "year",
            ('m', false) => "month",
            ('w', false) => "week",
            ('d', false) => "day",
            ('h', true) => "hour",
            ('m', true) => "minute",
            ('s', true) => "second",
            _ => {
                number.push(letter);
                continue;
            }
        };
        pairs.push((std::mem::take(&mut number), unit.to_owned()));
    }
    number.is_empty().then_some(pairs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_and_intervals() {
        assert_eq!(time_us("10:30"), Ok(10 * HOUR_US + HOUR_US / 2));
        assert_eq!(time_us("24:00:00"), Ok(DAY_US));
        assert!(time_us("25:00").is_err() && time_us("10").is_err() && time_us("10:-3").is_err());
        assert_eq!(timetz("10:00:00+02"), Ok((10 * HOUR_US, -7_200)));
        assert_eq!(timetz("10:00-05:30"), Ok((10 * HOUR_US, 19_800)));
        let read = |text| interval(text).map(|found| (found.months, found.days, found.us));
        assert_eq!(read("1 day 02:00:00"), Ok((0, 1, 2 * HOUR_US)));
        assert_eq!(read("1 year 2 mons -3 days"), Ok((14, -3, 0)));
        assert_eq!(read("1.5 hours"), Ok((0, 0, HOUR_US + HOUR_US / 2)));
        assert_eq!(read("P1Y2M3DT4H"), Ok((14, 3, 4 * HOUR_US)));
        assert_eq!(read("-00:00:01"), Ok((0, 0, -SECOND_US)));
        for bad in ["", "soon", "1", "1 fortnight", "P", "P1", "1.5 days", "99999999999 years"] {
            assert!(interval(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String, near in "[-+0-9:. hdaysPYMDTHS]{0,24}") {
            for text in [&text, &near] {
                let _ = (time_us(text), timetz(text), interval(text).map(Interval::total_us));
            }
        }
    }
}
