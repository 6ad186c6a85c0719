//! Whether strategies lead to the same database.

use serde::{Deserialize, Serialize};

/// Whether the strategies lead to the same database: the schema as the server writes it, and digests of the rows, after
/// the first repetition of each that completed and was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndState {
    /// `same` where all pairs are; else the first of `different`, `not_compared` and `not_seen` that one is.
    pub status: EndStatus,
    /// Each against each.
    pub pairs: Vec<EndPair>,
    /// Strategies of which two repetitions do not end alike.
    pub repetitions: Vec<EndRepetitions>,
}

/// How a comparison of two databases came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndStatus {
    /// Nothing differs.
    Same,
    /// Something differs.
    Different,
    /// What was compared is the same, and something could not be compared.
    NotCompared,
    /// At least one was never looked at.
    #[default]
    NotSeen,
}

/// How two strategies end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndPair {
    /// The better one, going by `order`.
    pub one: String,
    /// The other.
    pub other: String,
    /// Of schema and rows together.
    pub status: EndStatus,
    /// Of the schema alone.
    pub schema: EndStatus,
    /// Of the rows alone.
    pub data: EndStatus,
    /// What was not compared or not seen, and why.
    pub why: Vec<String>,
    /// What differs, the schema first. What belongs to a table that only one of them has is not told besides.
    pub differences: Vec<EndDifference>,
}

/// Two repetitions of a strategy that do not end alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndRepetitions {
    /// The strategy.
    pub strategy: String,
    /// The repetition that others are compared with.
    pub one: u32,
    /// The one that differs.
    pub other: u32,
    /// What differs.
    pub differences: Vec<EndDifference>,
}

/// Something that is in one database otherwise than in the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EndDifference {
    /// How it differs.
    pub how: HowDifferent,
    /// `table`, `column`, `index`, … as the schema has it; of rows `table`, of values `column`.
    pub kind: String,
    /// `schema.table`, or `schema.table: name` of what belongs to one.
    pub name: String,
    /// What it is in the one: a definition, a number of rows, a number of values that are not NULL; null where it is not.
    pub one: Option<String>,
    /// What it is in the other.
    pub other: Option<String>,
}

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HowDifferent {
    /// Only the one has it.
    OnlyInOne,
    /// Only the other has it.
    OnlyInOther,
    /// Both have it, and it is not the same.
    DefinedDifferently,
    /// It has more rows in one than in the other.
    Rows,
    /// Other values are in it.
    Values,
}

impl EndPair {
    /// What differs first, and how much more: `only plain leads to index public.i, and 3 more`.
    pub(crate) fn in_brief(&self) -> String {
        let first =
            self.differences.first().map_or_else(String::new, |first| first.in_brief(&self.one, &self.other));
        match self.differences.len() {
            0 | 1 => first,
            all => format!("{first}, and {} more", all - 1),
        }
    }
}

impl EndRepetitions {
    /// Both repetitions as what they are called.
    pub(crate) fn names(&self) -> (String, String) {
        (format!("repetition {}", self.one), format!("repetition {}", self.other))
    }
}

impl EndDifference {
    /// Whether only one of the two has it.
    pub(crate) fn is_of_one_alone(&self) -> bool {
        matches!(self.how, HowDifferent::OnlyInOne | HowDifferent::OnlyInOther)
    }

    /// What differs, without definitions; `one` and `other` are what the two are called.
    pub(crate) fn in_brief(&self, one: &str, other: &str) -> String {
        let Self { kind, name, .. } = self;
        let count = |of: &Option<String>| of.clone().unwrap_or_else(|| "none".to_owned());
        match self.how {
            HowDifferent::OnlyInOne => format!("only {one} leads to {kind} {name}"),
            HowDifferent::OnlyInOther => format!("only {other} leads to {kind} {name}"),
            HowDifferent::DefinedDifferently => format!("{kind} {name} is defined differently"),
            HowDifferent::Rows => {
                format!(
                    "{name} has {} rows after {one} and {} after {other}",
                    count(&self.one),
                    count(&self.other)
                )
            }
            HowDifferent::Values if self.one == self.other => format!("the values of {name} differ"),
            HowDifferent::Values => format!(
                "the values of {name} differ: {} are not NULL after {one} and {} after {other}",
                count(&self.one),
                count(&self.other)
            ),
        }
    }

    /// What became of it, with definitions, where the one is earlier than the other.
    pub(crate) fn as_change(&self) -> String {
        let Self { kind, name, .. } = self;
        let quoted = |definition: &Option<String>| {
            let words = definition.iter().flat_map(|text| text.split_whitespace()).collect::<Vec<_>>();
            format!("`{}`", words.join(" ").replace('`', "'"))
        };
        let count = |of: &Option<String>| of.clone().unwrap_or_else(|| "none".to_owned());
        match self.how {
            HowDifferent::OnlyInOne => format!("{kind} {name} is gone"),
            HowDifferent::OnlyInOther => format!("{kind} {name} is there and was not"),
            HowDifferent::DefinedDifferently => {
                format!("{kind} {name} was {} and is {}", quoted(&self.one), quoted(&self.other))
            }
            HowDifferent::Rows => {
                format!("{name} had {} rows and has {}", count(&self.one), count(&self.other))
            }
            HowDifferent::Values if self.one == self.other => format!("{name} has other values"),
            HowDifferent::Values => {
                format!("{name} had {} values and has {}", count(&self.one), count(&self.other))
            }
        }
    }
}
