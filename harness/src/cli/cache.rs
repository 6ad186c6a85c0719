//! `pgrehearse cache`

use std::fmt::Write;

use jiff::Timestamp;
use pgrehearse::cache::{Cache, Removed};
use pgrehearse::error::{Error, exit_code};
use pgrehearse_reports::units;
use pgrehearse_scenarios::quantity;

use super::{CacheCommand, output};

/// Characters of a name that are shown; nobody has so many datasets that they do not tell them apart.
const NAME_SHOWN: usize = 12;

/// A size on the command line.
pub(super) fn size(text: &str) -> Result<u64, String> {
    quantity::parse_bytes(text).map_err(|error| error.to_string())
}

/// Lists or removes datasets.
pub(super) fn cache(command: &CacheCommand) -> Result<u8, Error> {
    let cache = Cache::choose()?.ok_or_else(|| {
        Error::Environment(
            "there is no folder for datasets: set HOME, or name one with PGREHEARSE_CACHE".to_owned(),
        )
    })?;
    let text = match command {
        CacheCommand::List => list(&cache)?,
        CacheCommand::Prune { max_size } => removed(cache.prune(*max_size)?),
        CacheCommand::Clear => removed(cache.prune(Some(0))?),
    };
    output::result(&text)?;
    Ok(exit_code::OK)
}

fn list(cache: &Cache) -> Result<String, Error> {
    let all = cache.list()?;
    let mut text = String::new();
    for listed in all.iter().rev() {
        let used = Timestamp::from_second(i64::try_from(listed.used_unix_s).unwrap_or(0)).unwrap_or_default();
        let name: String = listed.key.to_string().chars().take(NAME_SHOWN).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{name}  {}  {}, {}, PostgreSQL {}, used {used}",
            listed.scenario,
            units::plural(listed.rows, "row", "rows"),
            units::bytes(listed.bytes),
            listed.server_version,
        );
    }
    let bytes = all.iter().map(|listed| listed.bytes).sum();
    let datasets = units::plural(all.len() as u64, "dataset", "datasets");
    let _ = writeln!(text, "{datasets}, {} in {}", units::bytes(bytes), cache.dir().display());
    Ok(text)
}

fn removed(removed: Removed) -> String {
    let mut text = format!(
        "removed {}, {}\n",
        units::plural(removed.entries, "dataset", "datasets"),
        units::bytes(removed.bytes)
    );
    if removed.in_use > 0 {
        let _ = writeln!(text, "{} in use", units::plural(removed.in_use, "dataset is", "datasets are"));
    }
    text
}
