//! Which tool a folder of migrations is for.

use std::collections::BTreeMap;

use super::folder::Listing;
use super::markers;
use super::names::{self, Direction, Family, Named};
use super::tool::Tool;
use crate::diagnostic::Diagnostic;

/// A version as long as this is a time: `20260101120000`.
const TIMESTAMP_DIGITS: usize = 12;

/// The tool, and what is left aside.
///
/// # Errors
/// Where no tool names its files so, or several do.
pub(super) fn recognise(
    listing: &Listing,
    wanted: Option<Tool>,
) -> Result<(Tool, Vec<Diagnostic>), Diagnostic> {
    let named: BTreeMap<&str, Named> = listing
        .files
        .keys()
        .filter_map(|path| names::named(path).map(|named| (path.as_str(), named)))
        .collect();
    if let Some(code) = listing.paths.iter().find(|path| names::is_code(path)) {
        let message = format!("`{}/{code}` is a migration that is not written in SQL", listing.shown);
        return Err(Diagnostic::error(listing.place.clone(), message)
            .help("only SQL can be rehearsed: write what it does as SQL in its place"));
    }
    let mut families: BTreeMap<Family, &str> = BTreeMap::new();
    for (path, named) in &named {
        families.entry(named.family).or_insert(path);
    }
    // A file that undoes another may have `.down` in its name although the other has no `.up`.
    if families.contains_key(&Family::Single) && named.values().all(|named| !is_up_of_two(named)) {
        families.remove(&Family::UpDown);
    }
    let mut kinds: Vec<(Family, &str)> = families.into_iter().collect();
    let family = match kinds.as_slice() {
        [] => return Err(none(listing, wanted)),
        [(family, _)] => *family,
        _ => return Err(mixed(listing, kinds.drain(..).map(|(_, path)| path.to_owned()).collect())),
    };
    let tool = match family {
        Family::Single | Family::UpDown => of_numbered(listing, &named, family)?,
        Family::Flyway => of_flyway(&named),
        Family::Diesel => Tool::Diesel,
        Family::Prisma => Tool::Prisma,
    };
    let tool = match wanted {
        Some(wanted) if !may_be(family, wanted) => {
            let example = named.keys().next().copied().unwrap_or_default();
            let message =
                format!("`{}/{example}` is not how {} names its migrations", listing.shown, wanted.word());
            return Err(Diagnostic::error(listing.place.clone(), message).help(format!(
                "they would be called like {}; this looks like {}",
                wanted.example(),
                tool.word()
            )));
        }
        // Both parts of each file would be run as one.
        Some(wanted) if wanted != tool && matches!(tool, Tool::Dbmate | Tool::Goose) => {
            let message = format!("`{}` has migrations with the comments of {}", listing.shown, tool.word());
            let help =
                format!("leave the tool out, or name {}: {} does not read them", tool.word(), wanted.word());
            return Err(Diagnostic::error(listing.place.clone(), message).help(help));
        }
        Some(wanted) => wanted,
        None => tool,
    };
    let left_aside =
        listing.files.keys().filter(|path| path.ends_with(".sql") && !named.contains_key(path.as_str()));
    let warnings = left_aside.map(|path| {
        let message = format!("`{}/{path}` is left aside: it is not named as a migration", listing.shown);
        Diagnostic::warning(listing.top_of(path), message).help(format!(
            "with {} they are called like {}",
            tool.word(),
            tool.example()
        ))
    });
    Ok((tool, warnings.collect()))
}

fn is_up_of_two(named: &Named) -> bool {
    named.family == Family::UpDown && named.direction == Direction::Up
}

/// Whether a tool names its files as this family does.
fn may_be(family: Family, tool: Tool) -> bool {
    match family {
        Family::Single => matches!(tool, Tool::Numbered | Tool::Sqlx | Tool::Dbmate | Tool::Goose),
        Family::UpDown => matches!(tool, Tool::Numbered | Tool::Sqlx | Tool::GolangMigrate),
        Family::Flyway => matches!(tool, Tool::Flyway | Tool::Refinery),
        Family::Diesel => tool == Tool::Diesel,
        Family::Prisma => tool == Tool::Prisma,
    }
}

/// Numbered files are told apart by their comments, and by whether the numbers are times.
fn of_numbered(listing: &Listing, named: &BTreeMap<&str, Named>, family: Family) -> Result<Tool, Diagnostic> {
    let marked = |is: fn(&str) -> bool| {
        named.keys().find(|path| listing.files.get(**path).is_some_and(|file| is(&file.source.text)))
    };
    let found = [
        (Tool::Dbmate, marked(markers::is_dbmate)),
        (Tool::Goose, marked(markers::is_goose)),
        (Tool::Sqlx, marked(markers::is_without_transaction)),
    ];
    let found: Vec<(Tool, &str)> =
        found.into_iter().filter_map(|(tool, path)| Some((tool, *path?))).collect();
    match found.as_slice() {
        [] if family == Family::UpDown => Ok(Tool::GolangMigrate),
        [] if named.values().any(|named| named.version.len() >= TIMESTAMP_DIGITS) => Ok(Tool::Sqlx),
        [] => Ok(Tool::Numbered),
        [(Tool::Dbmate | Tool::Goose, path)] if family == Family::UpDown => {
            let other = named.iter().find(|(_, named)| named.family == Family::UpDown);
            Err(mixed(
                listing,
                vec![(*path).to_owned(), other.map_or(String::new(), |(path, _)| (*path).to_owned())],
            ))
        }
        [(tool, _)] => Ok(*tool),
        several => {
            let shown = |(tool, path): &(Tool, &str)| format!("{path} (a comment of {})", tool.word());
            Err(mixed(listing, several.iter().map(shown).collect()))
        }
    }
}

/// refinery has no undo: a `U` that has no `V` beside it is a migration of its own. Everything else that it does, Flyway
/// does too.
fn of_flyway(named: &BTreeMap<&str, Named>) -> Tool {
    let again = named.values().any(|named| named.direction == Direction::Again);
    let of = |is_u: bool| named.values().filter(move |named| named.is_u == is_u);
    let orphan = of(true).any(|u| of(false).all(|v| v.key != u.key));
    if orphan && !again { Tool::Refinery } else { Tool::Flyway }
}

fn none(listing: &Listing, wanted: Option<Tool>) -> Diagnostic {
    let shown = &listing.shown;
    if listing.paths.is_empty() {
        return Diagnostic::error(listing.place.clone(), format!("`{shown}` has no file in it"))
            .help("name the folder that has the migrations, or write the first one");
    }
    let mut seen: Vec<&str> = listing.paths.iter().take(5).map(String::as_str).collect();
    let more = format!("and {} more", listing.paths.len() - seen.len());
    if listing.paths.len() > seen.len() {
        seen.push(&more);
    }
    let tools: Vec<String> = match wanted {
        Some(tool) => vec![tool.example().to_owned()],
        None => Tool::ALL.iter().map(|(word, tool)| format!("{} ({word})", tool.example())).collect(),
    };
    let message = format!("no migration in `{shown}`: it has {}", seen.join(", "));
    Diagnostic::error(listing.place.clone(), message)
        .help(format!("migrations are called like {}", tools.join("; ")))
}

fn mixed(listing: &Listing, seen: Vec<String>) -> Diagnostic {
    let message = format!("`{}` mixes migrations of several tools: {}", listing.shown, seen.join(", "));
    Diagnostic::error(listing.place.clone(), message)
        .help("keep those of one tool in a folder, and move the others out of it")
}
