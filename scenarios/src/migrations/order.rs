//! The order in which migrations run, and what is wrong with it.

use std::cmp::Ordering;

use super::folder::Listing;
use super::{Migration, Tool};
use crate::diagnostic::Diagnostic;

/// Times written as numbers, `20260101120000` say, are far apart by nature.
const NUMBER_MAX: u64 = 1_000_000;

/// Puts them into the order in which the tool runs them; those that are run whenever they change come last, by name.
pub(super) fn sort(tool: Tool, list: &mut [Migration]) {
    list.sort_by(|one, other| {
        one.repeatable.cmp(&other.repeatable).then_with(|| match one.repeatable {
            true => one.name.cmp(&other.name),
            false => compare(tool, one, other),
        })
    });
}

/// Which of two versions the tool runs first.
pub(super) fn compare(tool: Tool, one: &Migration, other: &Migration) -> Ordering {
    if tool.sorts_by_number() {
        one.key.cmp(&other.key).then_with(|| one.file.cmp(&other.file))
    } else {
        one.file.cmp(&other.file)
    }
}

/// Versions that are there twice, and numbers that are left out.
pub(super) fn check(tool: Tool, listing: &Listing, list: &[Migration]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut known: Vec<&Migration> = Vec::new();
    for migration in list {
        let same = |other: &&&Migration| {
            if migration.repeatable || other.repeatable {
                migration.repeatable && other.repeatable && migration.name == other.name
            } else {
                migration.key == other.key
            }
        };
        if let Some(other) = known.iter().find(same) {
            let message = if migration.repeatable {
                format!("`{}` and `{}` have one name", other.file, migration.file)
            } else {
                format!("`{}` and `{}` are both version {}", other.file, migration.file, migration.version)
            };
            problems.push(
                Diagnostic::error(listing.top_of(&migration.file), message)
                    .help("give the later one a version of its own, if it is not deployed yet"),
            );
        }
        known.push(migration);
    }
    problems.extend(gaps(tool, listing, list));
    problems
}

/// Numbers that are left out, where the others follow each other one by one.
fn gaps(tool: Tool, listing: &Listing, list: &[Migration]) -> Vec<Diagnostic> {
    if matches!(tool, Tool::Dbmate | Tool::Diesel | Tool::Prisma) {
        return Vec::new();
    }
    let of_number = |migration: &&Migration| matches!(migration.key[..], [number] if number <= NUMBER_MAX);
    let versioned = list.iter().filter(|migration| !migration.repeatable);
    let numbers: Vec<&Migration> = versioned.clone().filter(of_number).collect();
    if numbers.len() < versioned.count() {
        return Vec::new();
    }
    let steps = || numbers.windows(2).map(|pair| (pair[0], pair[1], pair[1].key[0] - pair[0].key[0]));
    let of_one = steps().filter(|(_, _, step)| *step <= 1).count();
    let extent =
        numbers.last().map_or(0, |last| last.key[0]) - numbers.first().map_or(0, |first| first.key[0]);
    let dense = of_one * 2 > steps().count() || extent < numbers.len() as u64 * 2;
    if !dense {
        return Vec::new();
    }
    let missing = |(before, after, step): (&Migration, &Migration, u64)| {
        let width = after.version.len();
        let first = format!("{:0width$}", before.key[0] + 1);
        let what = match step {
            2 => format!("no migration {first}"),
            _ => format!("no migrations {first} to {:0width$}", after.key[0] - 1),
        };
        let message = format!("{what} between `{}` and `{}`", before.file, after.file);
        Diagnostic::error(listing.top_of(&after.file), message).help(
            "put the missing file back, or number the later ones without a gap; if it was taken out for good, let a \
             migration of that number do nothing",
        )
    };
    steps().filter(|(_, _, step)| *step > 1).map(missing).collect()
}
