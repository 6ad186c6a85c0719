//! The strategies beside each other.

use super::write::{self, Markdown, code};
use crate::model::Report;
use crate::render::words;

/// Differences of what strategies lead to that are told one by one.
const DIFFERENCES_SHOWN: usize = 50;
/// Characters of a definition that are shown.
const DEFINITION_SHOWN: usize = 400;

/// What came of it, the tables, and whether they end alike.
pub(super) fn comparison(page: &mut Markdown, report: &Report) {
    let comparison = &report.comparison;
    page.heading(2, "Comparison");
    if let Some(conclusion) = &comparison.conclusion {
        page.paragraph(&format!("**{}.**", write::escape(conclusion)));
    }
    let (heads, rows) = words::comparison_table(&comparison.rows, code, words::NOT_MEASURED, false);
    page.table(&heads, rows.into_iter());
    let repeated = comparison.rows.iter().any(|row| row.repetitions > 1);
    let medians = if repeated { format!("{} ", words::MEDIANS) } else { String::new() };
    let blocked = if repeated { "Longest block" } else { "Blocked" };
    page.paragraph(&format!(
        "Best first. {medians}*Stall*: the longest wait of a write, or read, of the application from the moment it was due, \
         what others did left out. \
         *{blocked}*: the longest hold of a lock that keeps writes, or reads, from a table that was there before."
    ));
    if repeated {
        pairs(page, report);
    }
    for section in words::end_sections(&comparison.end_state, DIFFERENCES_SHOWN, DEFINITION_SHOWN) {
        let title = write::escape(&section.title);
        page.paragraph(&if section.bad { format!("**{title}**") } else { title });
        page.list(section.items.iter().map(|item| write::escape(item)));
    }
}

/// Each against each.
fn pairs(page: &mut Markdown, report: &Report) {
    let pairs = &report.comparison.pairs;
    if pairs.is_empty() {
        return;
    }
    page.heading(3, "Differences");
    let (heads, rows) = words::pair_table(pairs, code, write::escape);
    let is_told = !rows.is_empty();
    page.table(&heads, rows.into_iter());
    if is_told {
        page.paragraph(
            "*Ratio*: the one's median divided by the other's, with the interval that holds the true one in about 9 of \
             10 cases. *p*: how likely numbers as different are where nothing differs (exact permutation test on ranks, \
             two-sided, within each run); *corrected* after Holm for all measures of the pair. A difference is supported \
             from 0.05 down.",
        );
    }
    let too_few = pairs.iter().filter_map(|pair| {
        let why = pair.too_few.as_ref()?;
        Some(format!("{} and {}: {}", code(&pair.one), code(&pair.other), write::escape(why)))
    });
    page.list(too_few);
}
