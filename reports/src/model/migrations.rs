//! The migrations that made the schema.

use serde::{Deserialize, Serialize};

use crate::event::{FileChecksum, MigrationsDeployed};

/// Migrations that were deployed before what is rehearsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Migrations {
    /// The tool that they were written for: `dbmate`, `flyway`, …
    pub tool: String,
    /// Their folder.
    pub folder: String,
    /// How many they are.
    pub count: u64,
    /// File of the last one, relative to the folder; null where there is none yet.
    pub last: Option<String>,
    /// All their files with their checksums, in the order in which they were applied.
    pub files: Vec<FileChecksum>,
}

impl Migrations {
    pub(crate) fn of(deployed: &MigrationsDeployed) -> Self {
        let MigrationsDeployed { tool, folder, count, last, files } = deployed.clone();
        Self { tool, folder, count, last, files }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::render::{self, Format, Style, render};
    use crate::sample::{Sample, budget, strategy};

    #[test]
    fn every_report_says_what_made_the_schema() {
        let mut sample = Sample::new(vec![strategy("plain")], budget());
        let checksum = |path: &str| FileChecksum { path: path.to_owned(), sha256: "0f".repeat(32) };
        let deployed = MigrationsDeployed {
            tool: "dbmate".to_owned(),
            folder: "shop/migrations".to_owned(),
            count: 2,
            last: Some("20260101120000_users.sql".to_owned()),
            files: vec![checksum("20250101120000_a.sql"), checksum("20260101120000_users.sql")],
        };
        for entry in &mut sample.entries {
            if let Event::RunStarted(run) = &mut entry.event {
                run.migrations = Some(deployed.clone());
            }
        }
        let report = sample.report();
        assert_eq!(report.scenario.migrations, Some(Migrations::of(&deployed)));
        let line = "2 migrations (dbmate), the last 20260101120000_users.sql";
        assert!(render::text(&report, Style::default()).contains(&format!("Schema    {line}")));
        let markdown = render(&report, Format::Markdown).replace('\\', "");
        assert!(markdown.contains(&format!("Schema: {line}")), "{markdown}");
        let read: crate::Report = serde_json::from_str(&render(&report, Format::Json)).unwrap();
        assert_eq!(read.scenario, report.scenario);
    }
}
