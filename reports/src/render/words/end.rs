//! Whether strategies lead to the same database.

use super::cut;
use crate::model::comparison::{EndDifference, EndState, EndStatus, HowDifferent};

/// Something to be said of what strategies lead to, with what it is made of.
#[derive(Debug)]
pub(in crate::render) struct EndSection {
    /// A sentence.
    pub(in crate::render) title: String,
    pub(in crate::render) items: Vec<String>,
    /// Whether it is something that the reader must not miss.
    pub(in crate::render) bad: bool,
}

/// What there is to say: of the pairs, and of repetitions of one strategy. At most `shown` differences are told of each,
/// definitions with at most `room` characters. Nothing where there is no pair.
pub(in crate::render) fn end_sections(state: &EndState, shown: usize, room: usize) -> Vec<EndSection> {
    let mut sections = Vec::new();
    let plain = |title: &str| EndSection { title: title.to_owned(), items: Vec::new(), bad: false };
    if state.pairs.is_empty() {
        return sections;
    }
    match state.status {
        EndStatus::Same => sections.push(plain("They lead to the same schema and rows.")),
        EndStatus::NotSeen if state.pairs.iter().all(|pair| pair.status == EndStatus::NotSeen) => {
            sections.push(plain("Whether they lead to the same schema and rows was not measured."));
        }
        _ => {
            for pair in &state.pairs {
                let (one, other) = (&pair.one, &pair.other);
                let alike = match pair.status {
                    EndStatus::Same => "lead to the same schema and rows.",
                    EndStatus::Different => "do not end alike:",
                    EndStatus::NotCompared => "end alike as far as they were compared:",
                    EndStatus::NotSeen => "were not compared by what they lead to:",
                };
                let mut items = listed(&pair.differences, one, other, shown, room);
                items.extend(pair.why.iter().cloned());
                let bad = pair.status == EndStatus::Different;
                sections.push(EndSection { title: format!("{one} and {other} {alike}"), items, bad });
            }
        }
    }
    for of in &state.repetitions {
        let (one, other) = of.names();
        sections.push(EndSection {
            title: format!("Of {}, {one} and {other} do not end alike:", of.strategy),
            items: listed(&of.differences, &one, &other, shown, room),
            bad: true,
        });
    }
    sections
}

fn listed(all: &[EndDifference], one: &str, other: &str, shown: usize, room: usize) -> Vec<String> {
    let mut listed: Vec<String> =
        all.iter().take(shown).map(|difference| in_full(difference, one, other, room)).collect();
    if all.len() > shown {
        listed.push(format!("and {} more", all.len() - shown));
    }
    listed
}

/// What differs, with the definitions.
fn in_full(difference: &EndDifference, one: &str, other: &str, room: usize) -> String {
    let brief = difference.in_brief(one, other);
    let quoted = |definition: &Option<String>| {
        let words = definition.iter().flat_map(|text| text.split_whitespace()).collect::<Vec<_>>();
        format!("`{}`", cut(&words.join(" "), room).replace('`', "'"))
    };
    match difference.how {
        HowDifferent::OnlyInOne => format!("{brief}: {}", quoted(&difference.one)),
        HowDifferent::OnlyInOther => format!("{brief}: {}", quoted(&difference.other)),
        HowDifferent::DefinedDifferently => format!(
            "{brief}: {} after {one}, {} after {other}",
            quoted(&difference.one),
            quoted(&difference.other)
        ),
        HowDifferent::Rows | HowDifferent::Values => brief,
    }
}
