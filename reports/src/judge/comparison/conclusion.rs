//! What came of the comparison, in a sentence.

use super::pairs_of;
use crate::model::comparison::{ComparisonRow, EndState, EndStatus, Measure, Pair};
use crate::model::strategy::Verdict;
use crate::units;

/// The sentence; none where fewer than two strategies were rehearsed. The best is compared with the next.
pub(super) fn conclusion(rows: &[ComparisonRow], pairs: &[Pair], end_state: &EndState) -> Option<String> {
    let rehearsed: Vec<&ComparisonRow> = rows.iter().filter(|row| row.repetitions > 0).collect();
    let [best, next, ..] = rehearsed.as_slice() else { return None };
    let pair = pairs.iter().find(|pair| pairs_of(pair, &best.strategy, &next.strategy))?;
    let mut sentence = format!("{}; {}", verdicts(&rehearsed), difference(pair, &rehearsed));
    if let Some(end) = end_state.pairs.iter().find(|pair| pair.status == EndStatus::Different) {
        let they =
            if rehearsed.len() == 2 { "they".to_owned() } else { format!("{} and {}", end.one, end.other) };
        sentence.push_str(&format!(", but {they} do not end alike: {}", end.in_brief()));
    }
    for row in
        rehearsed.iter().filter(|row| row.failed_repetitions > 0 && row.failed_repetitions < row.repetitions)
    {
        sentence.push_str(&format!(
            "; {} of {} of {} did not complete",
            row.failed_repetitions,
            units::plural(u64::from(row.repetitions), "repetition", "repetitions"),
            row.strategy,
        ));
    }
    Some(sentence)
}

/// Which of them are within budget.
fn verdicts(rows: &[&ComparisonRow]) -> String {
    let of = |verdict: Verdict| {
        let names = rows.iter().filter(|row| row.verdict == verdict).map(|row| row.strategy.as_str());
        names.collect::<Vec<_>>()
    };
    let are = |names: &[&str]| if names.len() == 1 { "is" } else { "are" };
    let (within, beyond, unknown) = (of(Verdict::Pass), of(Verdict::Fail), of(Verdict::Error));
    let told = match (within.as_slice(), beyond.as_slice()) {
        ([], []) => None,
        (within, []) => Some(format!("{} {} within budget", listed(within), are(within))),
        ([], [only]) => Some(format!("{only} is not within budget")),
        ([], [one, other]) => Some(format!("neither {one} nor {other} is within budget")),
        ([], beyond) => Some(format!("none of {} is within budget", listed(beyond))),
        (within, beyond) => Some(format!(
            "{} {} within budget and {} {} not",
            listed(within),
            are(within),
            listed(beyond),
            are(beyond)
        )),
    };
    let unknown = (!unknown.is_empty()).then(|| format!("of {} nobody can tell", listed(&unknown)));
    told.into_iter().chain(unknown).collect::<Vec<_>>().join("; ")
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

fn difference(pair: &Pair, rows: &[&ComparisonRow]) -> String {
    if let Some(too_few) = &pair.too_few {
        return too_few.clone();
    }
    let words = |measures: &[Measure]| -> Vec<&str> {
        let told = pair.measures.iter().filter(|measured| measures.contains(&measured.measure));
        told.filter_map(|measured| measured.words.as_deref()).collect()
    };
    // What a lock blocks says less than what of that was felt, and what is stored is told where nothing else is.
    let felt = words(match pair.pain {
        Measure::BlockingLock => &[Measure::Duration, Measure::BlockingLock],
        _ => &[Measure::Duration, Measure::WriteStall, Measure::ReadStall],
    });
    let all = if felt.is_empty() { words(&Measure::ALL) } else { felt };
    if all.is_empty() {
        return format!("the data shows no difference between {} and {}", pair.one, pair.other);
    }
    // Where the sentence began with one strategy alone, "it" is that one.
    let is_it =
        matches!(rows, [one, other] if one.verdict == Verdict::Pass && other.verdict == Verdict::Fail);
    let subject = if is_it { "it".to_owned() } else { format!("against {}, {}", pair.other, pair.one) };
    format!("{subject} {}", listed(&all))
}
