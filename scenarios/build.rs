//! Lists the files of `catalog/`, so that every scenario there is part of the program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let variable = |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name));
    let catalog = variable("CARGO_MANIFEST_DIR")?.join("catalog");
    println!("cargo::rerun-if-changed={}", catalog.display());
    let mut code =
        String::from("/// Every bundled scenario, sorted by id.\npub const BUNDLED: &[Bundled] = &[\n");
    for id in sorted(&catalog)? {
        let folder = catalog.join(&id);
        let mut files = Vec::new();
        list(&folder, "", &mut files)?;
        let _ = writeln!(code, "    Bundled {{ id: {id:?}, files: &[");
        for file in files {
            let _ = writeln!(code, "        ({file:?}, include_str!({:?})),", folder.join(&file));
        }
        code.push_str("    ] },\n");
    }
    code.push_str("];\n");
    fs::write(variable("OUT_DIR")?.join("bundled.rs"), code)
}

/// Names in a folder, hidden ones left out.
fn sorted(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    Ok(names)
}

/// Paths of the files below a folder, `/` between their parts.
fn list(folder: &Path, prefix: &str, files: &mut Vec<String>) -> io::Result<()> {
    for name in sorted(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            list(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            files.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
