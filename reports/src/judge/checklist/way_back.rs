//! The items that ask for the way back.

use super::Answer;
use crate::event::StrategyDeclared;
use crate::model::rehearsal::Rehearsal;
use crate::model::rollback::Rollback;
use crate::model::strategy::CheckStatus;
use crate::units;

/// Said where no down is missing, because nothing would be in it.
const NOTHING_TO_UNDO: &str = "nothing has to be undone: every phase says so";

pub(super) fn way_back(declared: &StrategyDeclared) -> Answer {
    match (&declared.irreversible, declared.down.as_slice()) {
        (_, [_, ..]) => (CheckStatus::Pass, format!("down: {}", declared.down.join(", "))),
        (Some(why), []) => (CheckStatus::Pass, format!("marked irreversible: {why}")),
        (None, []) if declared.nothing_to_undo => (CheckStatus::Pass, NOTHING_TO_UNDO.to_owned()),
        (None, []) => (CheckStatus::Fail, "there is no down, and it is not marked irreversible".to_owned()),
    }
}

pub(super) fn rollback_plan(declared: &StrategyDeclared, rehearsals: &[Rehearsal]) -> Answer {
    match (&declared.irreversible, declared.down.as_slice()) {
        (Some(why), []) => {
            return (CheckStatus::Pass, format!("there is none, and why is written down: {why}"));
        }
        (None, []) if declared.nothing_to_undo => return (CheckStatus::Pass, NOTHING_TO_UNDO.to_owned()),
        (None, []) => return (CheckStatus::Fail, "there is none".to_owned()),
        _ => {}
    }
    let down = declared.down.join(", ");
    let told: Vec<&Rollback> =
        rehearsals.iter().filter_map(|rehearsal| rehearsal.rollback.as_ref()).collect();
    let tried: Vec<&Rollback> = told.iter().copied().filter(|rollback| rollback.was_tried()).collect();
    if let Some(broken) = tried.iter().find(|rollback| rollback.is_broken()) {
        return (CheckStatus::Fail, format!("{down} {}", what_is_broken(broken)));
    }
    let why = tried.iter().find_map(|rollback| rollback.why_unknown());
    match (tried.first(), why) {
        (_, Some(why)) => (CheckStatus::NotMeasured, format!("{down} was rehearsed, but {why}")),
        (Some(first), None) => (CheckStatus::Pass, format!("{down} {}", what_it_does(first))),
        (None, None) => {
            let why = told.iter().find_map(|rollback| rollback.skipped.as_ref());
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            (CheckStatus::NotMeasured, format!("{down} is there, but was not rehearsed{why}"))
        }
    }
}

/// Of a way back that leads back.
fn what_it_does(rollback: &Rollback) -> String {
    let took = rollback.duration_ms.map_or_else(String::new, |ms| format!(" in {}", units::duration(ms)));
    let losses: Vec<&str> = rollback.losses.iter().map(|loss| loss.words.as_str()).collect();
    let since = rollback.lost(true).map(|loss| format!("; {}", loss.words)).collect::<String>();
    let data = match (rollback.data_equal, losses.as_slice()) {
        (Some(true), []) => " and the data".to_owned(),
        (Some(true), losses) => format!(" and what the rows held before; {}", losses.join("; ")),
        (Some(false), _) => {
            format!(", but not the data: {}{since}", rollback.not_brought_back().join("; "))
        }
        (None, losses) => {
            let why: Vec<&str> =
                losses.iter().copied().chain(rollback.not_compared.iter().map(String::as_str)).collect();
            format!("; whether the data is as before is not known: {}", why.join("; "))
        }
    };
    format!("restores the schema{took}{data}; the migration can be applied again")
}

fn what_is_broken(rollback: &Rollback) -> String {
    let error = |error: &Option<String>| error.clone().unwrap_or_else(|| "nothing says why".to_owned());
    if !rollback.ran {
        return format!("does not run: {}", error(&rollback.error));
    }
    if rollback.schema_equal == Some(false) {
        return format!("does not restore the schema: {}", rollback.schema_differences.join("; "));
    }
    let again = rollback.reapply.as_ref();
    let why = match again {
        Some(again) if !again.ran => error(&again.error),
        Some(again) => format!("it leads to another schema: {}", again.differences.join("; ")),
        None => "nothing says why".to_owned(),
    };
    format!("restores the schema, but the migration cannot be applied again: {why}")
}
