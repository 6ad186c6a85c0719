//! After the load: counting what is there and reading what ANALYZE found, beside what the plan expects. Nothing is
//! judged here, and nothing of the dataset changes.

mod columns;

use std::time::Instant;

use pgrehearse_reports::event::{
    DependencyVerified, Event, FanOutVerified, Refusal, TableMeasured, TablePlanned, TableVerified,
};
use tokio_postgres::Client;

use super::plan::{ColumnExpectation, TablePlan};
use crate::error::Error;
use crate::events::{Events, micros_since};
use crate::postgres::statistics::{self, Subject};
use crate::postgres::{admin, counts};

/// Rows that ANALYZE samples per unit of the statistics target.
const SAMPLED_PER_TARGET: u64 = 300;

/// Measures a loaded, vacuumed and analysed table and tells what was found. Gives its rows.
///
/// # Errors
/// [`Error::Environment`] where the server cannot be asked at all; a question that it refuses is told with the rest.
pub async fn table(client: &mut Client, plan: &TablePlan, events: &Events) -> Result<u64, Error> {
    let began = Instant::now();
    let subject = statistics::subject(client, plan.oid(), &plan.qualified_name()).await?;
    let expectations = plan.expectations();
    let (rows, columns) = columns::verify(client, &subject, &expectations).await?;
    let planned = planned(plan, &expectations);
    let measured = measured(client, &subject, &planned, rows).await?;
    let mut fan_outs = Vec::new();
    for fan_out in plan.fan_outs() {
        let found = fan_out_of(client, &subject, fan_out).await;
        let (counted, refused) = match found {
            Ok(counted) => (Some(counted), None),
            Err(why) => (None, Some(why)),
        };
        fan_outs.push(FanOutVerified {
            constraint: fan_out.constraint.clone(),
            columns: fan_out.columns.clone(),
            parent: fan_out.parent.clone(),
            planned: fan_out.degrees.clone(),
            counted,
            refused,
        });
    }
    let mut dependencies = Vec::new();
    for expected in &expectations {
        let Some(depends_on) = expected.profile.as_ref().and_then(|profile| profile.depends_on.as_ref())
        else {
            continue;
        };
        let found = counts::decided_rows(client, &subject, &depends_on.column, &expected.name).await;
        dependencies.push(DependencyVerified {
            on: depends_on.column.clone(),
            column: expected.name.clone(),
            degree: depends_on.degree,
            decided_rows: found.as_ref().ok().copied(),
            refused: found.err(),
        });
    }
    events.tell(Event::TableVerified(TableVerified {
        table: plan.full_name(),
        planned,
        measured,
        columns,
        fan_outs,
        dependencies,
        verify_us: micros_since(began),
    }));
    Ok(rows)
}

fn planned(plan: &TablePlan, expectations: &[ColumnExpectation]) -> TablePlanned {
    let declared = plan.declared();
    let toasted: Vec<u64> = expectations
        .iter()
        .filter_map(|expected| {
            let toasted = expected.profile.as_ref()?.toasted.as_ref()?;
            Some((toasted.frac * (plan.rows() - expected.nulls) as f64).round() as u64)
        })
        .collect();
    TablePlanned {
        rows: plan.rows(),
        dead_frac: declared.dead_frac,
        free_frac: declared.free_frac,
        all_visible_frac: declared.all_visible_frac,
        toasted_values: (!toasted.is_empty()).then(|| toasted.iter().sum()),
        row_bytes: plan.estimated_row_bytes(),
    }
}

async fn measured(
    client: &mut Client,
    subject: &Subject,
    planned: &TablePlanned,
    rows: u64,
) -> Result<TableMeasured, Error> {
    let facts = statistics::table(client, subject).await?;
    let mut measured = TableMeasured {
        rows,
        reltuples: facts.reltuples,
        pages: facts.pages,
        pages_all_visible: facts.pages_all_visible,
        partitioned: subject.partitioned,
        sample_rows_max: u64::from(facts.target_max) * SAMPLED_PER_TARGET,
        dead_rows: Some(facts.dead_rows),
        free_bytes: None,
        heap_bytes: facts.heap_bytes,
        toasted_values: None,
        refused: Vec::new(),
    };
    let mut refuse = |metric: &str, why: String| {
        measured.refused.push(Refusal { metric: metric.to_owned(), why });
    };
    let (mut free_bytes, mut toasted_values) = (None, None);
    let mut dead_rows = measured.dead_rows;
    if planned.dead_frac.is_some() || planned.free_frac.is_some() {
        match counts::page_by_page(client, subject).await {
            Ok((dead, free)) => (dead_rows, free_bytes) = (Some(dead), Some(free)),
            // Dead tuples are known from elsewhere, too.
            Err(why) if planned.free_frac.is_some() => refuse("free_frac", why),
            Err(_) => {}
        }
    }
    if planned.toasted_values.is_some() {
        match counts::toasted_values(client, subject).await {
            Ok(values) => toasted_values = Some(values),
            Err(why) => refuse("toasted", why),
        }
    }
    Ok(TableMeasured { dead_rows, free_bytes, toasted_values, ..measured })
}

/// Number of children with the number of parents that have so many, the childless among them.
async fn fan_out_of(
    client: &Client,
    subject: &Subject,
    fan_out: &super::plan::FanOutPlan,
) -> Result<Vec<(u64, u64)>, String> {
    let (schema, table) = fan_out.parent.split_once('.').unwrap_or(("public", &fan_out.parent));
    let parent = statistics::named(client, &admin::qualified(schema, table)).await?;
    let (parents, degrees) = counts::fan_out(client, subject, &fan_out.columns, &parent).await?;
    let with_children: u64 = degrees.iter().map(|degree| degree.1).sum();
    let childless = parents.saturating_sub(with_children);
    Ok([(0, childless)].into_iter().filter(|degree| degree.1 > 0).chain(degrees).collect())
}
