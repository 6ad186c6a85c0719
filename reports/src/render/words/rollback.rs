//! The way back.

use super::duration;
use crate::model::rollback::{Reapply, Rollback};
use crate::units;

/// The way back in words.
#[derive(Debug)]
pub(in crate::render) struct WayBack {
    /// How it came out, in one sentence.
    pub(in crate::render) summary: String,
    /// Whether it leads back and the migration can be applied again; none where that is not known.
    pub(in crate::render) good: Option<bool>,
    /// What differs, what is lost, and what was not compared.
    pub(in crate::render) items: Vec<String>,
}

/// What there is to say of it.
pub(in crate::render) fn way_back(rollback: &Rollback) -> WayBack {
    let good =
        if rollback.is_broken() { Some(false) } else { rollback.why_unknown().is_none().then_some(true) };
    if let Some(why) = &rollback.skipped {
        return WayBack { summary: format!("not rehearsed: {why}"), good: None, items: Vec::new() };
    }
    let mut items = rollback.differences.clone();
    items.extend(rollback.losses.iter().map(|loss| loss.words.clone()));
    items.extend(rollback.not_compared.iter().map(|why| format!("not compared: {why}")));
    items.extend(
        rollback.reapply.iter().flat_map(|again| {
            again.differences.iter().map(|difference| format!("applied again: {difference}"))
        }),
    );
    if !rollback.ran {
        let error = rollback.error.as_deref().unwrap_or("its end was not told");
        return WayBack { summary: format!("it did not run through: {error}"), good, items };
    }
    let schema = match rollback.schema_equal {
        Some(true) => "the schema is as before",
        Some(false) => "the schema is not as before",
        None => "the schema was not measured",
    };
    let data = match rollback.data_equal {
        Some(true) => "the data is as before",
        Some(false) => "the data is not as before",
        None => "whether the data is as before was not measured",
    };
    let again = rollback.reapply.as_ref().map_or_else(|| "it was not applied again".to_owned(), again);
    let summary = format!("ran in {}; {schema}, {data}; {again}", duration(rollback.duration_ms));
    WayBack { summary, good, items }
}

fn again(reapply: &Reapply) -> String {
    match (reapply.ran, reapply.schema_equal) {
        (false, _) => {
            let error = reapply.error.as_deref().unwrap_or("its end was not told");
            format!("applied again, it did not run through: {error}")
        }
        (true, Some(false)) => "applied again, it leads to another schema".to_owned(),
        (true, _) => {
            let took =
                reapply.duration_ms.map_or_else(String::new, |ms| format!(" in {}", units::duration(ms)));
            format!("applied again{took}")
        }
    }
}
