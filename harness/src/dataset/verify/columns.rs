//! The columns of a table: counted in one scan, then as ANALYZE has them.

use std::collections::BTreeMap;

use pgrehearse_reports::event::{
    ColumnCounted, ColumnPlanned, ColumnStatistics, ColumnVerified, Refusal, Share,
};
use pgrehearse_scenarios::profile::ColumnProfile;
use tokio_postgres::Client;

use crate::dataset::plan::{Axis, ColumnExpectation, ShareExpectation};
use crate::error::Error;
use crate::postgres::counts::{self, Counted, Wanted};
use crate::postgres::statistics::{self, AsNumber, ColumnFacts, Field, Subject};

/// Most frequent values of a column whose rows are counted.
const COUNTED_VALUES: usize = 20;
/// Most frequent values of a column that are looked for among the most common ones.
const COMPARED_VALUES: usize = 200;
/// Longest value that is sent to be compared, bytes; longer ones are not among the most common.
const COMPARED_BYTES: usize = 1_000;
/// Different values up to which they are counted by the server, where the profile says how many there are.
const DISTINCT_COUNTED: u64 = 100_000;
/// Characters of a value that are shown.
const SHOWN_CHARACTERS: usize = 60;

/// Measures all columns. Gives the table's rows, too.
pub(super) async fn verify(
    client: &Client,
    subject: &Subject,
    expectations: &[ColumnExpectation],
) -> Result<(u64, Vec<ColumnVerified>), Error> {
    let facts = statistics::columns(client, subject).await?;
    let facts: BTreeMap<&str, &ColumnFacts> =
        facts.iter().map(|facts| (facts.column.as_str(), facts)).collect();
    let mut columns: Vec<Work<'_>> = expectations
        .iter()
        .map(|expected| Work::new(expected, facts.get(expected.name.as_str()).copied()))
        .collect();
    let rows = count(client, subject, &mut columns).await?;
    for column in &mut columns {
        column.count_distinct(client, subject).await;
        column.read_statistics(client, subject).await;
    }
    Ok((rows, columns.into_iter().map(Work::finish).collect()))
}

/// Counts everything in one scan; where the server refuses to compare a value, only rows and NULLs.
async fn count(client: &Client, subject: &Subject, columns: &mut [Work<'_>]) -> Result<u64, Error> {
    let wanted: Vec<Wanted> = columns.iter().map(Work::wanted).collect();
    let plainly = |wanted: &Wanted| Wanted { column: wanted.column.clone(), values: Vec::new(), ends: None };
    let (rows, counted) = match counts::count(client, subject, &wanted).await {
        Ok(counted) => counted,
        Err(why) => {
            for column in columns.iter_mut().filter(|column| !column.values.is_empty()) {
                column.refuse("count", why.clone());
            }
            let plain: Vec<Wanted> = wanted.iter().map(plainly).collect();
            counts::count(client, subject, &plain).await.map_err(Error::Environment)?
        }
    };
    for (column, counted) in columns.iter_mut().zip(counted) {
        column.counted(counted);
    }
    Ok(rows)
}

/// A column on its way.
struct Work<'a> {
    expected: &'a ColumnExpectation,
    facts: Option<&'a ColumnFacts>,
    /// The most frequent single values: their places among the shares.
    values: Vec<usize>,
    shares: Vec<Share>,
    counted: ColumnCounted,
    statistics: Option<ColumnStatistics>,
    refused: Vec<Refusal>,
}

impl<'a> Work<'a> {
    fn new(expected: &'a ColumnExpectation, facts: Option<&'a ColumnFacts>) -> Self {
        // Without an equality there is nothing to compare with; arrays come apart when they are unlisted.
        let comparable = facts.is_some_and(|facts| facts.n_distinct != 0.0 && !facts.array);
        let mut values: Vec<usize> = Vec::new();
        if comparable {
            let single = |share: &ShareExpectation| {
                share.field.as_ref().is_some_and(|field| field.len() <= COMPARED_BYTES)
            };
            values = (0..expected.shares.len()).filter(|&at| single(&expected.shares[at])).collect();
            values.sort_by_key(|&at| std::cmp::Reverse(expected.shares[at].rows));
            values.truncate(COMPARED_VALUES);
        }
        let shares = expected.shares.iter().map(|share| Share {
            rows: share.rows,
            distinct: share.distinct,
            first: share.ends.map(|ends| ends.0),
            last: share.ends.map(|ends| ends.1),
            value: None,
            counted: None,
            frequency: None,
        });
        Self {
            expected,
            facts,
            values,
            shares: shares.collect(),
            counted: ColumnCounted::default(),
            statistics: None,
            refused: Vec::new(),
        }
    }

    fn refuse(&mut self, metric: &str, why: String) {
        self.refused.push(Refusal { metric: metric.to_owned(), why });
    }

    fn fields(&self, most: usize) -> Vec<Field> {
        let field = |&at: &usize| self.expected.shares[at].field.clone().map(Field);
        self.values.iter().take(most).filter_map(field).collect()
    }

    fn number(&self) -> Option<AsNumber> {
        Some(match self.expected.axis? {
            Axis::Number => AsNumber::Plain,
            Axis::Date => AsNumber::Days,
            Axis::Timestamp => AsNumber::Micros,
        })
    }

    fn wanted(&self) -> Wanted {
        let everywhere = self.shares.iter().all(|share| share.first.is_some());
        Wanted {
            column: self.expected.name.clone(),
            values: self.fields(COUNTED_VALUES),
            ends: self.number().filter(|_| everywhere),
        }
    }

    fn counted(&mut self, counted: Counted) {
        for (&at, rows) in self.values.iter().zip(counted.values) {
            self.shares[at].counted = Some(rows);
        }
        self.counted.filled = Some(counted.filled);
        (self.counted.least, self.counted.greatest) = (counted.least, counted.greatest);
    }

    /// Counts different values where the profile says how many there are and counting them is cheap.
    async fn count_distinct(&mut self, client: &Client, subject: &Subject) {
        let declared = self.expected.profile.as_ref().is_some_and(|profile| profile.n_distinct.is_some());
        let comparable = self.facts.is_some_and(|facts| facts.n_distinct != 0.0);
        if !declared || !comparable || self.expected.distinct > DISTINCT_COUNTED {
            return;
        }
        match counts::distinct(client, subject, &self.expected.name).await {
            Ok(distinct) => self.counted.distinct = Some(distinct),
            Err(why) => self.refuse("distinct", why),
        }
    }

    async fn read_statistics(&mut self, client: &Client, subject: &Subject) {
        let Some(facts) = self.facts else { return };
        let mut statistics = ColumnStatistics {
            null_frac: facts.null_frac,
            n_distinct: facts.n_distinct,
            correlation: facts.correlation,
            avg_width: facts.avg_width,
            target: facts.target,
            own_typanalyze: facts.own_typanalyze,
            compared: false,
            most_common: Vec::new(),
            most_common_sum: facts.most_common_sum,
            histogram_bounds: Vec::new(),
            elem_count_histogram: facts.elem_count_histogram.clone(),
        };
        if !self.values.is_empty() {
            let fields = self.fields(usize::MAX);
            match statistics::frequencies(client, subject, facts, &fields).await {
                Ok(found) => {
                    statistics.compared = true;
                    for (&at, (value, frequency)) in self.values.iter().zip(found) {
                        self.shares[at].value = Some(value.chars().take(SHOWN_CHARACTERS).collect());
                        self.shares[at].frequency = frequency;
                    }
                }
                Err(why) => self.refuse("most_common_freqs", why),
            }
        }
        if let Some(number) = self.number() {
            match statistics::places(client, subject, facts, number).await {
                Ok((most_common, bounds)) => {
                    statistics.most_common = most_common;
                    statistics.histogram_bounds = bounds;
                }
                Err(why) => self.refuse("histogram_bounds", why),
            }
        }
        self.statistics = Some(statistics);
    }

    fn finish(self) -> ColumnVerified {
        let expected = self.expected;
        let profile = expected.profile.as_ref();
        let toasted = profile.is_some_and(|profile| profile.toasted.is_some());
        let width = profile.and_then(|profile| profile.avg_width).unwrap_or(expected.width_bytes);
        ColumnVerified {
            name: expected.name.clone(),
            declared: profile.map(declared).unwrap_or_default(),
            planned: ColumnPlanned {
                nulls: expected.nulls,
                distinct: expected.distinct,
                shares: self.shares,
                follows: expected.follows.map(str::to_owned),
                correlation: expected.correlation,
                // What is left of a value in its row is no matter of the plan.
                width_bytes: Some(width).filter(|width| !toasted && width.is_finite()),
                width_deviation: expected.width_deviation,
                elem_count_histogram: profile
                    .map(|profile| profile.elem_count_histogram.clone())
                    .unwrap_or_default(),
            },
            counted: self.counted,
            statistics: self.statistics,
            refused: self.refused,
        }
    }
}

/// The keys that the profile has of a column.
fn declared(profile: &ColumnProfile) -> Vec<String> {
    let keys = [
        ("null_frac", profile.null_frac.is_some()),
        ("n_distinct", profile.n_distinct.is_some()),
        ("most_common", !profile.most_common.is_empty()),
        ("most_common_freqs", !profile.most_common_freqs.is_empty()),
        ("histogram_bounds", !profile.histogram_bounds.is_empty()),
        ("correlation", profile.correlation.is_some()),
        ("avg_width", profile.avg_width.is_some()),
        ("toasted", profile.toasted.is_some()),
        ("elem_count_histogram", !profile.elem_count_histogram.is_empty()),
        ("fan_out", profile.fan_out.is_some()),
        ("depends_on", profile.depends_on.is_some()),
    ];
    keys.into_iter().filter(|key| key.1).map(|key| key.0.to_owned()).collect()
}
