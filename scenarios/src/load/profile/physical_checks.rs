//! Dead tuples, free space and visibility that no heap could have at once.

use super::sum::{DUST, shown};
use crate::diagnostic::Diagnostic;
use crate::profile::TableProfile;
use crate::source::Place;

/// What cannot be true at once of a heap with that many live rows.
pub(super) fn check(table: &TableProfile, rows: Option<u64>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let dead = table.dead_frac.unwrap_or(0.0);
    let free = table.free_frac.unwrap_or(0.0);
    let place = |place: &Option<Place>| place.clone().unwrap_or_else(|| table.place.clone());

    if rows == Some(0) {
        for (key, frac, at) in
            [("dead_frac", dead, &table.dead_frac_place), ("free_frac", free, &table.free_frac_place)]
        {
            if frac > 0.0 {
                let message = format!("a table without rows cannot have a `{key}` of {frac}");
                let help = "it is a fraction of what is there: take it out, or give the table rows";
                found.push(Diagnostic::error(place(at), message).help(help));
            }
        }
        return found;
    }
    // With a fraction that could not be read, what follows would mislead.
    if table.free_frac.is_none() && table.free_frac_place.is_some() {
        return found;
    }
    // Of the room for tuples, dead ones fill this much; they cannot be on pages that are all-visible.
    let filled = dead * (1.0 - free);
    let visible = table.all_visible_frac.unwrap_or(0.0);
    if filled > 1.0 - visible + DUST {
        let most = shown((1.0 - filled).max(0.0));
        let message = if visible == 1.0 {
            "no tuple is dead where all pages are all-visible".to_owned()
        } else {
            format!(
                "{} of the pages are not all-visible, too few for {} of the tuples to be dead",
                shown(1.0 - visible),
                shown(dead)
            )
        };
        let way = if visible == 1.0 { "take out" } else { "lower" };
        let help = format!(
            "a page with a dead tuple is not all-visible: {way} `dead_frac`, or write all_visible_frac = {most} or less"
        );
        found.push(Diagnostic::error(place(&table.all_visible_frac_place), message).help(help));
    }
    found
}
