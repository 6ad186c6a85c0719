//! `pgrehearse doctor`

use std::fmt::Write;

use pgrehearse::error::{Error, exit_code};
use pgrehearse::server::discover::{self, Places};
use pgrehearse::server::{Machine, WorkDir, account};

use super::{ServerArgs, output};

/// Says what a run would find on this machine. Fails where it would find no server.
pub(super) fn doctor(args: &ServerArgs) -> Result<u8, Error> {
    let places = Places::of_this_machine(args.pg_bin.as_deref());
    let found = discover::find(&places)?;
    let chosen = discover::choose(&places, args.pg_version);
    let mut text = String::from("servers (provider local)\n");
    // Writing to a string cannot fail.
    for binaries in &found {
        let mark = if chosen.as_ref().is_ok_and(|chosen| chosen == binaries) { "*" } else { " " };
        let _ = writeln!(
            text,
            "  {mark} {:<40} {}  ({})",
            binaries.version,
            binaries.dir.display(),
            binaries.found_by
        );
    }
    match &chosen {
        Ok(_) => {
            text.push_str("  * is the one that `run` takes; another with --pg-version N or --pg-bin DIR\n");
        }
        Err(error) => {
            let _ = writeln!(text, "  {error}");
        }
    }
    let machine = Machine::here();
    let _ = writeln!(
        text,
        "machine\n    {} processors, {:.1} GiB of memory",
        machine.cpus,
        machine.memory_bytes as f64 / 1_073_741_824.0
    );
    match account() {
        Ok(name) => {
            let _ = writeln!(text, "    the server runs as {name}");
        }
        Err(error) => {
            let _ = writeln!(text, "    no account to run the server as: {error}");
        }
    }
    let work_dir = WorkDir::choose(args.work_dir.as_deref());
    match work_dir.free_bytes() {
        Ok(free) => {
            let gib = free as f64 / 1_073_741_824.0;
            let _ = writeln!(text, "    {gib:.1} GiB free in {} (--work-dir DIR)", work_dir.path().display());
        }
        Err(error) => {
            let _ = writeln!(text, "    {error}");
        }
    }
    output::result(&text)?;
    Ok(if chosen.is_ok() { exit_code::OK } else { exit_code::ENVIRONMENT })
}
