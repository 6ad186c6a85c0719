//! `pgrehearse init`

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pgrehearse::error::{Error, exit_code};
use pgrehearse::learn;
use pgrehearse::server::WorkDir;
use pgrehearse::server::discover::{self, Places};
use pgrehearse_scenarios::migrations;
use pgrehearse_scenarios::starter::{self, ROWS, Starter};
use pgrehearse_scenarios::{Diagnostic, Folder, catalog, load};

use super::interruption::Interruption;
use super::{InitArgs, output, runtime};

/// Where a scenario goes that has no name yet.
const INTO: &str = "rehearsal";

/// Writes a scenario to start from: all of it, or nothing.
pub(super) fn init(args: &InitArgs) -> Result<u8, Error> {
    let into = args.into.clone().unwrap_or_else(|| PathBuf::from(args.from.as_deref().unwrap_or(INTO)));
    refuse_taken(&into)?;
    let starter = match (&args.from, &args.schema) {
        (Some(id), _) => Starter::from_bundled(bundled(id)?),
        (None, Some(schema)) => started(args, schema, &into)?,
        (None, None) => {
            return Err(Error::Usage("name a schema or a folder of migrations, or --from ID".to_owned()));
        }
    };
    let draft = Draft::write(&into, &starter)?;
    draft.finish()?;
    let mut text = format!("wrote {}\n", into.display());
    for (file, _) in &starter.files {
        text.push_str(&format!("  {file}\n"));
    }
    text.push_str(&format!(
        "next: pgrehearse check {0}, then pgrehearse run {0} --scale 0.01\n",
        into.display()
    ));
    output::result(&text)?;
    Ok(exit_code::OK)
}

fn bundled(id: &str) -> Result<&'static catalog::Bundled, Error> {
    catalog::find(id).ok_or_else(|| {
        let ids: Vec<&str> = catalog::BUNDLED.iter().map(|bundled| bundled.id).collect();
        Error::Usage(format!("--from {id}: no such bundled scenario; there are {}", ids.join(", ")))
    })
}

/// The scenario of a schema file or a folder of migrations, with a profile of the tables that it makes.
fn started(args: &InitArgs, schema: &Path, into: &Path) -> Result<Starter, Error> {
    let unreadable =
        |path: &Path, error: &io::Error| Error::Usage(format!("cannot read {}: {error}", path.display()));
    let shown = schema.display().to_string();
    let is_folder = schema.is_dir();
    let mut starter = if is_folder {
        let (found, warnings) = migrations::open(schema, args.tool).map_err(Error::Scenario)?;
        output::diagnostics(&warnings);
        let read = |file: &str| {
            let path = schema.join(file);
            fs::read(&path).map_err(|error| unreadable(&path, &error))
        };
        Starter::from_migrations(&found, read)?
    } else {
        let bytes = fs::read(schema).map_err(|error| unreadable(schema, &error))?;
        Starter::from_schema(&shown, &bytes).map_err(Error::Scenario)?
    };
    // What is wrong with a copy is told of the original.
    let draft = Draft::write(into, &starter)?;
    let copy = draft.path.join(if is_folder { "migrations" } else { "schema.sql" }).display().to_string();
    let original = |problems: Vec<Diagnostic>| Error::Scenario(starter::renamed(problems, &copy, &shown));
    let loaded = load(&Folder::OnDisk(draft.path.clone())).map_err(original)?;
    match discover::choose(&Places::of_this_machine(args.server.pg_bin.as_deref()), args.server.pg_version) {
        Ok(binaries) => {
            let work_dir = WorkDir::choose(args.server.work_dir.as_deref());
            let runtime = runtime()?;
            // Before anything is there that a signal would leave behind.
            let mut interruption = {
                let _within = runtime.enter();
                Interruption::listen()?
            };
            let learning = learn::tables(&loaded.scenario, ROWS, binaries, &work_dir, interruption.came());
            let learned = runtime.block_on(learning).map_err(|error| match error {
                Error::Scenario(problems) => original(problems),
                other => other,
            })?;
            if !learned.tables.is_empty() {
                starter.set_profile(&starter::profile(&learned.tables, ROWS));
            }
            if !learned.problems.is_empty() {
                output::diagnostics(&learned.problems);
                output::note("the profile has tables whose rows have to be written by hand: see above");
            }
        }
        Err(error) => output::note(&format!(
            "the profile has no tables yet, because no server could be asked what the schema makes: {error}"
        )),
    }
    Ok(starter)
}

/// What is there already is never written over.
fn refuse_taken(into: &Path) -> Result<(), Error> {
    let taken = match fs::read_dir(into) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(_) => true,
    };
    if taken {
        return Err(Error::Usage(format!(
            "{} is there already, and is left as it is: name another folder with --into DIR",
            into.display()
        )));
    }
    Ok(())
}

/// A scenario on its way, in a folder beside the one that it will be. Where it is not finished, it is removed.
struct Draft {
    path: PathBuf,
    into: PathBuf,
}

impl Draft {
    fn write(into: &Path, starter: &Starter) -> Result<Self, Error> {
        let cannot = |error: io::Error| Error::Record(format!("cannot write {}: {error}", into.display()));
        let name = into
            .file_name()
            .ok_or_else(|| Error::Usage(format!("--into {}: name the folder to write", into.display())))?;
        let parent = into.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(cannot)?;
        let path = parent.join(format!(".{}.{}.new", name.to_string_lossy(), std::process::id()));
        fs::create_dir(&path).map_err(cannot)?;
        let draft = Self { path, into: into.to_owned() };
        for (file, bytes) in &starter.files {
            let path = draft.path.join(file);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(cannot)?;
            }
            fs::write(&path, bytes).map_err(cannot)?;
        }
        Ok(draft)
    }

    /// Gives it its name; an empty folder of that name makes room.
    fn finish(self) -> Result<(), Error> {
        fs::rename(&self.path, &self.into)
            .map_err(|error| Error::Record(format!("cannot write {}: {error}", self.into.display())))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already where it was finished.
        drop(fs::remove_dir_all(&self.path));
    }
}
