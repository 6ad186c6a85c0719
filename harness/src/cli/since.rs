//! `pgrehearse run --migrations DIR --since REV`

use std::path::Path;

use pgrehearse::error::Error;
use pgrehearse::git::{self, Compared};
use pgrehearse_scenarios::migrations::{self, Tool, Wanted};
use pgrehearse_scenarios::{Profile, Scenario, load_profile};

use super::{output, runtime};

/// Rows of every table where nobody says how many.
const ROWS: u64 = 1_000_000;
/// Names of folders that say nothing of what is in them.
const COMMON_NAMES: &[&str] = &["migrations", "migration", "migrate", "db", "sql", "schema", "database"];

/// The tool of that word.
pub(super) fn tool(word: &str) -> Result<Tool, String> {
    let known = Tool::ALL.iter().find(|(known, _)| *known == word).map(|(_, tool)| *tool);
    known.ok_or_else(|| {
        let words: Vec<&str> = Tool::ALL.iter().map(|(known, _)| *known).collect();
        format!("it is one of {}", words.join(", "))
    })
}

/// What a branch adds to a folder of migrations, as a scenario.
pub(super) fn scenario(
    folder: &Path,
    revision: &str,
    tool: Option<Tool>,
    profile: Option<&Path>,
) -> Result<Scenario, Error> {
    let profile = match profile {
        Some(path) => {
            let (profile, warnings) = load_profile(path).map_err(Error::Scenario)?;
            output::diagnostics(&warnings);
            Profile { rows: profile.rows.or(Some(ROWS)), ..profile }
        }
        None => Profile { rows: Some(ROWS), ..Profile::default() },
    };
    let Compared { base, branch, repository } = runtime()?.block_on(git::compare(folder, revision))?;
    let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let own = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = if COMMON_NAMES.contains(&own.as_str()) || own.is_empty() { repository } else { own };
    // Slashes of a branch's name would make folders of it in places where it names a file.
    let strategy = branch.unwrap_or_else(|| format!("since-{revision}")).replace('/', "-");
    let wanted = Wanted { folder, tool, base: &base, name: &name, strategy: &strategy, profile: &profile };
    let loaded = migrations::rehearse(&wanted).map_err(Error::Scenario)?;
    output::diagnostics(&loaded.warnings);
    Ok(loaded.scenario)
}
