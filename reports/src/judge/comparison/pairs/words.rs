//! A difference between two strategies in words.

use super::super::numbers::quantity;
use super::middle;
use crate::event::SLOW_US;
use crate::model::Quantity;
use crate::model::comparison::Measure;
use crate::statistics::{Stratum, median};
use crate::units;
use crate::window::ms as ms_of;

/// What the one does that the other does not, or does less: `stalls writes 60× less (50–70)`. A stall shorter than 10 ms is
/// what requests take anyway: against a longer one it is none, and where both are as short there is nothing to say.
pub(super) fn difference(
    measure: Measure,
    strata: &[Stratum],
    ratio: Option<f64>,
    interval: Option<(f64, f64)>,
    other: &str,
) -> Option<String> {
    let is_stall = matches!(measure, Measure::WriteStall | Measure::ReadStall);
    let felt =
        |values: &Vec<f64>| values.iter().map(|ms| if *ms < ms_of(SLOW_US) { 0.0 } else { *ms }).collect();
    let felt = |stratum: &Stratum| Stratum { one: felt(&stratum.one), other: felt(&stratum.other) };
    let felt: Vec<Stratum> = if is_stall { strata.iter().map(felt).collect() } else { strata.to_vec() };
    let medians = [middle(&felt, |stratum| &stratum.one), middle(&felt, |stratum| &stratum.other)];
    match medians {
        [0.0, 0.0] if is_stall && strata != felt => None,
        [one, ours] if one > 0.0 && ours > 0.0 => Some(by_ratio(measure, &felt, ratio, interval, other)),
        _ => Some(without_a_ratio(measure, &felt, other)),
    }
}

fn by_ratio(
    measure: Measure,
    strata: &[Stratum],
    ratio: Option<f64>,
    interval: Option<(f64, f64)>,
    other: &str,
) -> String {
    let Some(ratio) = ratio else { return without_a_ratio(measure, strata, other) };
    let (longer, shorter) = match measure {
        Measure::Duration => ("takes {} as long", "takes {} less time"),
        Measure::WriteStall => ("stalls writes {} as long", "stalls writes {} less"),
        Measure::ReadStall => ("stalls reads {} as long", "stalls reads {} less"),
        Measure::BlockingLock => ("blocks others {} as long", "blocks others {} less"),
        Measure::Wal => ("writes {} as much WAL", "writes {} less WAL"),
        Measure::DiskGrowth => ("needs {} as much disk", "needs {} less disk"),
    };
    let (pattern, ratio, interval) = if ratio < 1.0 {
        (shorter, 1.0 / ratio, interval.map(|(low, high)| (1.0 / high, 1.0 / low)))
    } else {
        (longer, ratio, interval)
    };
    let is_little = |ratio: f64| ratio < 1.01;
    if (ratio - 1.0).abs() < 1e-9 {
        return format!("has the same median, but not the same {}", of_what(measure));
    }
    if is_little(ratio) && interval.is_none_or(|(low, high)| low > 0.99 && is_little(high)) {
        let less = if pattern == shorter { "less" } else { "more" };
        return format!("{}, by less than 1%", shorter.replace("{} less", less));
    }
    let decimals = decimals(ratio, interval);
    let range = interval.map_or_else(String::new, |(low, high)| {
        format!(" ({}–{})", factor(low, decimals), factor(high, decimals))
    });
    format!("{}{range}", pattern.replace("{}", &format!("{}×", factor(ratio, decimals))))
}

/// What is measured, in words.
fn of_what(measure: Measure) -> &'static str {
    match measure {
        Measure::Duration => "durations",
        Measure::WriteStall => "write stalls",
        Measure::ReadStall => "read stalls",
        Measure::BlockingLock => "blocking locks",
        Measure::Wal => "WAL",
        Measure::DiskGrowth => "disk growth",
    }
}

/// One more where the ends of the interval would not be told apart.
fn decimals(ratio: f64, interval: Option<(f64, f64)>) -> usize {
    let few = match ratio {
        _ if ratio < 1.095 => 2,
        _ if ratio < 9.95 => 1,
        _ => 0,
    };
    let is_too_few = interval.is_some_and(|(low, high)| low != high && factor(low, few) == factor(high, few));
    few + usize::from(is_too_few)
}

fn factor(ratio: f64, decimals: usize) -> String {
    if ratio < 1_000.0 { format!("{ratio:.decimals$}") } else { units::count(ratio.round() as u64) }
}

/// Where the median of either is 0.
fn without_a_ratio(measure: Measure, strata: &[Stratum], other: &str) -> String {
    let ones: Vec<f64> = strata.iter().flat_map(|stratum| stratum.one.clone()).collect();
    let others: Vec<f64> = strata.iter().flat_map(|stratum| stratum.other.clone()).collect();
    let middle = |values: &[f64]| median(values).unwrap_or(0.0);
    let (some, none) = match measure {
        Measure::Duration => ("takes {}", "takes no time"),
        Measure::WriteStall => ("stalls writes for {}", "stalls no writes"),
        Measure::ReadStall => ("stalls reads for {}", "stalls no reads"),
        Measure::BlockingLock => ("blocks others for {}", "blocks nobody"),
        Measure::Wal => ("writes {} of WAL", "writes no WAL"),
        Measure::DiskGrowth => ("needs {} more disk", "needs no more disk"),
    };
    let so_much = |value: f64| {
        let amount = match quantity(measure, value) {
            Quantity::Whole(bytes) => units::bytes(bytes),
            Quantity::Fraction(ms) => units::duration(ms),
        };
        some.replace("{}", &amount)
    };
    let never = |values: &[f64]| values.iter().all(|value| *value == 0.0);
    match (middle(&ones), middle(&others)) {
        (one, 0.0) if one > 0.0 => {
            let not = if never(&others) { "not at all" } else { "mostly not" };
            format!("{}, and {other} {not}", so_much(one))
        }
        (0.0, value) if value > 0.0 => {
            let mostly = if never(&ones) { "" } else { "mostly " };
            format!("{mostly}{none}, where {other} {}", so_much(value))
        }
        _ => {
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let less = if mean(&ones) < mean(&others) { "less" } else { "more" };
            format!("mostly has no {}, like {other}, but {less} of them in all", of_what(measure))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(measure: Measure, one: &[f64], other: &[f64]) -> String {
        let strata = [Stratum { one: one.to_vec(), other: other.to_vec() }];
        difference(measure, &strata, crate::statistics::ratio(&strata), None, "plain")
            .unwrap_or_else(|| "nothing to say".to_owned())
    }

    #[test]
    fn ratios_are_told_the_way_they_are_read() {
        let told = |ratio: f64, low: f64, high: f64| {
            by_ratio(Measure::WriteStall, &[], Some(ratio), Some((low, high)), "plain")
        };
        assert_eq!(told(1.0 / 60.0, 1.0 / 70.0, 1.0 / 50.0), "stalls writes 60× less (50–70)");
        assert_eq!(told(1.1, 1.0, 1.2), "stalls writes 1.1× as long (1.0–1.2)");
        assert_eq!(told(1.03, 1.02, 1.04), "stalls writes 1.03× as long (1.02–1.04)");
        assert_eq!(told(12_345.6, 12_000.0, 13_000.0), "stalls writes 12,346× as long (12,000–13,000)");
        assert_eq!(told(1.12, 1.08, 1.14), "stalls writes 1.12× as long (1.08–1.14)");
        assert_eq!(said(Measure::Wal, &[10.0], &[20.0]), "writes 2.0× less WAL");
        assert_eq!(said(Measure::Wal, &[998.0], &[1_000.0]), "writes less WAL, by less than 1%");
    }

    #[test]
    fn nothing_against_something_is_no_ratio() {
        use Measure::{DiskGrowth, WriteStall};
        let (none, some) = ([0.0; 3], [1_600.0; 3]);
        assert_eq!(said(WriteStall, &some, &none), "stalls writes for 1.60 s, and plain not at all");
        assert_eq!(said(WriteStall, &none, &some), "stalls no writes, where plain stalls writes for 1.60 s");
        let rare = [0.0, 0.0, 90.0];
        assert_eq!(said(WriteStall, &some, &rare), "stalls writes for 1.60 s, and plain mostly not");
        assert_eq!(
            said(WriteStall, &rare, &some),
            "mostly stalls no writes, where plain stalls writes for 1.60 s"
        );
        assert_eq!(
            said(WriteStall, &none, &rare),
            "mostly has no write stalls, like plain, but less of them in all"
        );
        let unfelt = [1.0, 2.0, 3.0];
        assert_eq!(
            said(WriteStall, &unfelt, &some),
            "stalls no writes, where plain stalls writes for 1.60 s"
        );
        assert_eq!(said(WriteStall, &unfelt, &none), "nothing to say");
        assert_eq!(said(DiskGrowth, &[2048.0], &[0.0]), "needs 2.00 KiB more disk, and plain not at all");
        assert_eq!(
            said(DiskGrowth, &[0.0], &[2048.0]),
            "needs no more disk, where plain needs 2.00 KiB more disk"
        );
    }
}
