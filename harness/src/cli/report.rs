//! `pgrehearse report`

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use pgrehearse::error::{Error, exit_code};
use pgrehearse_reports::event::Entry;
use pgrehearse_reports::{Report, record, render};

use super::{Format, output};

/// Rebuilds a report from records and prints it.
pub(super) fn report(paths: &[PathBuf], format: Format) -> Result<u8, Error> {
    let report = match paths {
        [path] => read(path)?,
        paths => {
            let records = paths.iter().map(|path| entries(path)).collect::<Result<Vec<_>, _>>()?;
            Report::from_records(&records).map_err(|error| {
                let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
                Error::Usage(format!("{}: {error}", names.join(", ")))
            })?
        }
    };
    output::result(&rendered(&report, format))?;
    Ok(exit_code::OK)
}

/// Reads a record and works the report out.
pub(super) fn read(path: &Path) -> Result<Report, Error> {
    let wrong = |error| Error::Usage(format!("{}: {error}", path.display()));
    Report::from_entries(&entries(path)?).map_err(wrong)
}

fn entries(path: &Path) -> Result<Vec<Entry>, Error> {
    let file =
        File::open(path).map_err(|error| Error::Usage(format!("cannot read {}: {error}", path.display())))?;
    record::read(BufReader::new(file)).map_err(|error| Error::Usage(format!("{}: {error}", path.display())))
}

fn rendered(report: &Report, format: Format) -> String {
    match format {
        Format::Text => render::text(report, output::text_style()),
        Format::Json => render::json(report),
        Format::Markdown => render::markdown(report),
    }
}
