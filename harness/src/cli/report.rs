//! `pgrehearse report`

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use pgrehearse::error::{Error, exit_code};
use pgrehearse_reports::{Report, record, render};

use super::{Format, output};

/// Rebuilds a report from a record and prints it.
pub(super) fn report(path: &Path, format: Format) -> Result<u8, Error> {
    let report = read(path)?;
    output::result(&rendered(&report, format))?;
    Ok(exit_code::OK)
}

/// Reads a record and works the report out.
pub(super) fn read(path: &Path) -> Result<Report, Error> {
    let file =
        File::open(path).map_err(|error| Error::Usage(format!("cannot read {}: {error}", path.display())))?;
    let wrong = |error| Error::Usage(format!("{}: {error}", path.display()));
    let entries = record::read(BufReader::new(file)).map_err(wrong)?;
    Report::from_entries(&entries).map_err(wrong)
}

fn rendered(report: &Report, format: Format) -> String {
    match format {
        Format::Text => render::text(report, output::text_style()),
        Format::Json => render::json(report),
        Format::Markdown => render::markdown(report),
    }
}
