//! Scenarios that are part of the program.

use crate::folder::Folder;
use crate::load::load;

/// A scenario whose files are embedded.
#[derive(Debug, PartialEq, Eq)]
pub struct Bundled {
    /// Its folder's name under `scenarios/catalog/`.
    pub id: &'static str,
    /// Its files, by their path in the folder.
    pub files: &'static [(&'static str, &'static str)],
}

/// What a list of scenarios shows of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What `run` takes.
    pub id: &'static str,
    /// One line.
    pub title: String,
    /// A few sentences.
    pub about: Option<String>,
    /// Names of its strategies, in the order written.
    pub strategies: Vec<String>,
}

// Written by build.rs.
include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// The bundled scenario of that id.
pub fn find(id: &str) -> Option<&'static Bundled> {
    BUNDLED.iter().find(|bundled| bundled.id == id)
}

/// What there is, sorted by id.
pub fn list() -> Vec<Summary> {
    BUNDLED.iter().map(summary).collect()
}

fn summary(bundled: &'static Bundled) -> Summary {
    let loaded = load(&Folder::Bundled(bundled)).expect("a test loads every bundled scenario");
    let scenario = loaded.scenario;
    Summary {
        id: bundled.id,
        title: scenario.title,
        about: scenario.about,
        strategies: scenario.strategies.into_iter().map(|strategy| strategy.name).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::diagnostic::render;

    #[test]
    fn every_file_of_the_catalog_folder_is_embedded() {
        let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
        let mut on_disk = BTreeSet::new();
        for folder in fs::read_dir(&catalog).unwrap() {
            let folder = folder.unwrap();
            let id = folder.file_name().into_string().unwrap();
            on_disk
                .extend(Folder::OnDisk(folder.path()).list().into_iter().map(|file| format!("{id}/{file}")));
        }
        let embedded: BTreeSet<_> = BUNDLED
            .iter()
            .flat_map(|bundled| bundled.files.iter().map(|(file, _)| format!("{}/{file}", bundled.id)))
            .collect();
        assert_eq!(on_disk, embedded);
        assert!(BUNDLED.is_sorted_by_key(|bundled| bundled.id));
    }

    #[test]
    fn every_bundled_scenario_loads_alike_from_disk() {
        for bundled in BUNDLED {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog").join(bundled.id);
            let loaded = |folder| load(&folder).unwrap_or_else(|found| panic!("{}", render(&found, false)));
            let (embedded, on_disk) = (loaded(Folder::Bundled(bundled)), loaded(Folder::OnDisk(folder)));
            assert!(embedded.warnings.is_empty(), "{}", render(&embedded.warnings, false));
            assert_eq!(embedded.scenario.name, bundled.id);
            assert_eq!(embedded.scenario.fingerprint, on_disk.scenario.fingerprint);
        }
    }

    #[test]
    fn the_list_shows_what_can_be_run() {
        let list = list();
        assert_eq!(list.len(), BUNDLED.len());
        let first = list.iter().find(|summary| summary.id == "index-without-downtime").unwrap();
        assert_eq!(first.strategies, ["plain", "concurrently"]);
        assert!(first.about.is_some());
    }
}
