//! The strategies beside each other.

use super::{NOT_MEASURED, quantity, verdict, waited};
use crate::model::Quantity;
use crate::model::comparison::{ComparisonRow, Hold, Measure, Measured, Pair, PairMeasure};
use crate::units;

/// Heads and rows of a table.
pub(in crate::render) type Cells = (Vec<&'static str>, Vec<Vec<String>>);

/// A column: its head, and what it says of a row; none where that was not measured.
type Column = (&'static str, Box<dyn Fn(&ComparisonRow) -> Option<String>>);

/// Heads and rows of the comparison's table; `name` writes the name of a strategy, `unknown` stands where nothing was
/// measured. How long locks blocked is left out of a `brief` one where it is known what the application felt of them,
/// and the other way round. Where any strategy was rehearsed more than once, the numbers are medians.
pub(in crate::render) fn comparison_table(
    rows: &[ComparisonRow],
    name: fn(&str) -> String,
    unknown: &str,
    brief: bool,
) -> Cells {
    let columns =
        if rows.iter().any(|row| row.repetitions > 1) { medians(rows, brief) } else { once(rows, brief) };
    let cells = |row: &ComparisonRow| {
        let cells = columns.iter().map(|(_, cell)| cell(row).unwrap_or_else(|| unknown.to_owned()));
        [name(&row.strategy)].into_iter().chain(cells).collect()
    };
    let table = rows.iter().map(cells).collect();
    (["strategy"].into_iter().chain(columns.iter().map(|(head, _)| *head)).collect(), table)
}

fn is_felt(rows: &[ComparisonRow]) -> bool {
    rows.iter().any(|row| row.write_stall_ms.or(row.read_stall_ms).is_some())
}

fn verdict_column() -> Column {
    let cell = |row: &ComparisonRow| {
        let ends = if row.ends_differently { ", ends differently" } else { "" };
        Some(format!("{}{ends}", verdict(row.verdict)))
    };
    ("verdict", Box::new(cell))
}

/// Of one rehearsal each.
fn once(rows: &[ComparisonRow], brief: bool) -> Vec<Column> {
    let felt = is_felt(rows);
    let stalls: [Column; 2] = [
        ("write stall", Box::new(|row| row.write_stall_ms.map(|ms| waited(Some(ms))))),
        ("read stall", Box::new(|row| row.read_stall_ms.map(|ms| waited(Some(ms))))),
    ];
    let holds: [Column; 2] = [
        ("writes blocked", Box::new(|row| compared_hold(row.writes_blocked))),
        ("reads blocked", Box::new(|row| compared_hold(row.reads_blocked))),
    ];
    let mut columns: Vec<Column> =
        vec![verdict_column(), ("duration", Box::new(|row| row.duration_ms.map(units::duration)))];
    columns.extend(stalls.into_iter().filter(|_| felt || !brief));
    columns.extend(holds.into_iter().filter(|_| !felt || !brief));
    columns.push(("WAL", Box::new(|row| row.wal_bytes.map(units::bytes))));
    columns.push(("growth at peak", Box::new(|row| row.growth_bytes_peak.map(units::bytes))));
    columns
}

/// Of several: medians with their intervals, and how many completed.
fn medians(rows: &[ComparisonRow], brief: bool) -> Vec<Column> {
    let felt = is_felt(rows);
    let completed: Column = (
        "completed",
        Box::new(|row| {
            let completed = row.repetitions.saturating_sub(row.failed_repetitions);
            Some(format!("{completed} of {}", row.repetitions))
        }),
    );
    let all_completed = rows.iter().all(|row| row.failed_repetitions == 0);
    let mut columns = vec![verdict_column()];
    columns.extend(Some(completed).filter(|_| !brief || !all_completed));
    let is_shown = |measure: &Measure| match measure {
        Measure::WriteStall | Measure::ReadStall => felt || !brief,
        Measure::BlockingLock => !felt || !brief,
        // Hardly ever what decides, and a terminal is not wide.
        Measure::DiskGrowth => !brief,
        _ => true,
    };
    columns.extend(Measure::ALL.into_iter().filter(is_shown).map(|measure| -> Column {
        (self::measure(measure), Box::new(move |row| median(row.measured(measure)?)))
    }));
    columns
}

/// What a measure is called.
pub(in crate::render) fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Duration => "duration",
        Measure::WriteStall => "write stall",
        Measure::ReadStall => "read stall",
        Measure::BlockingLock => "longest block",
        Measure::Wal => "WAL",
        Measure::DiskGrowth => "growth at peak",
    }
}

/// A quantity of a measure; a stall or a block of 0 is none.
pub(in crate::render) fn measured(of: Measure, value: Quantity) -> String {
    match of {
        Measure::WriteStall | Measure::ReadStall | Measure::BlockingLock if value.as_f64() == 0.0 => {
            "none".to_owned()
        }
        _ => quantity(value, of.unit()),
    }
}

/// A median with its interval; none where it was never measured.
fn median(of: &Measured) -> Option<String> {
    let middle = measured(of.measure, of.median?);
    let Some(interval) = of.interval else { return Some(middle) };
    let [low, high] = [interval.low, interval.high].map(|end| quantity(end, of.measure.unit()));
    Some(if low == high { middle } else { units::within(&middle, &low, &high) })
}

/// A hold of the comparison; none where it is not known.
fn compared_hold(hold: Option<Hold>) -> Option<String> {
    Some(match hold? {
        Hold { hold_ms: 0.0, .. } => "none".to_owned(),
        hold => units::held(hold.hold_ms, hold.hold_uncertainty_ms),
    })
}

/// Heads and rows of a table of the pairs of which something can be told; `name` writes the name of a strategy, `text`
/// anything else.
pub(in crate::render) fn pair_table(
    pairs: &[Pair],
    name: fn(&str) -> String,
    text: fn(&str) -> String,
) -> Cells {
    let row = |pair: &Pair, of: &PairMeasure| {
        vec![
            name(&pair.one),
            name(&pair.other),
            measure(of.measure).to_owned(),
            ratio(of),
            of.p.map_or_else(|| "–".to_owned(), |p| text(&probability(p))),
            of.p_adjusted.map_or_else(|| "–".to_owned(), |p| text(&probability(p))),
            match &of.words {
                Some(words) => text(words),
                None if of.different => "too short to be felt".to_owned(),
                None => "none supported".to_owned(),
            },
        ]
    };
    let told = pairs.iter().filter(|pair| pair.too_few.is_none());
    let rows = told.flat_map(|pair| pair.measures.iter().map(move |of| row(pair, of))).collect();
    (vec!["one", "other", "measure", "ratio", "p", "p, corrected", "difference"], rows)
}

fn ratio(of: &PairMeasure) -> String {
    let three = |value: f64| match value {
        _ if value >= 99.95 => format!("{value:.0}"),
        _ if value >= 9.995 => format!("{value:.1}"),
        _ if value >= 0.09995 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    };
    match (of.ratio, of.interval) {
        (None, _) => "–".to_owned(),
        (Some(ratio), None) => three(ratio),
        (Some(ratio), Some(interval)) => {
            format!("{} ({}–{})", three(ratio), three(interval.low.as_f64()), three(interval.high.as_f64()))
        }
    }
}

fn probability(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

/// A measure of a repetition; in words where there is none.
pub(in crate::render) fn measured_or_not(of: Measure, value: Option<&Quantity>) -> String {
    value.map_or_else(|| NOT_MEASURED.to_owned(), |value| measured(of, *value))
}
