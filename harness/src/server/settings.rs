//! Settings of the disposable server: fast ones to load with, production-like ones to rehearse with.

use std::collections::BTreeMap;
use std::path::Path;

use pgrehearse_reports::event::ServerPurpose;

use crate::error::Error;

const MIB: u64 = 1 << 20;

/// What the server has to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Processors that this process may use.
    pub cpus: u32,
    /// Memory, bytes.
    pub memory_bytes: u64,
}

impl Machine {
    /// The machine that this runs on, or the part of it that its container may use.
    pub fn here() -> Self {
        let cpus =
            std::thread::available_parallelism().map_or(1, |cpus| u32::try_from(cpus.get()).unwrap_or(1));
        Self { cpus, memory_bytes: memory_bytes() }
    }
}

/// Total memory, or the limit of the control group where that is lower; 4 GiB where neither can be read.
fn memory_bytes() -> u64 {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    let total = meminfo.map_or(4_096 * MIB, |kib| kib * 1_024);
    // "max" does not parse: no limit.
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    limit.and_then(|text| text.trim().parse().ok()).map_or(total, |limit: u64| limit.min(total))
}

/// Counts what the migration's session changes.
pub(super) const COUNTING_LIBRARY: &str = "pg_stat_statements";

/// Settings that say where the server lives and who may reach it; a scenario cannot change them.
const OURS: &[&str] = &[
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "logging_collector",
    "port",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
];

/// Refuses settings that would change where the server lives or who may reach it.
///
/// # Errors
/// [`Error::Usage`] with the setting's name.
pub fn check_wished(wished: &BTreeMap<String, String>) -> Result<(), Error> {
    let ours = wished.keys().find(|name| OURS.contains(&name.to_ascii_lowercase().as_str()));
    ours.map_or(Ok(()), |name| {
        Err(Error::Usage(format!(
            "[server] settings: `{name}` cannot be set: the disposable server keeps its files and its log in a directory of its \
             own and listens on a Unix socket there only; remove it from the scenario"
        )))
    })
}

/// A folder as a setting that is a list of folders has it: a comma, a quote or a space in its name means nothing.
pub(super) fn in_list(folder: &str) -> String {
    format!("\"{}\"", folder.replace('"', "\"\""))
}

/// The settings for `purpose`, in the order in which they are given to the server (a later one wins).
/// `wished` are the scenario's, in force while rehearsing; `counts_changes` says whether the library is there that does.
pub(super) fn of(
    purpose: ServerPurpose,
    machine: Machine,
    wished: &BTreeMap<String, String>,
    counts_changes: bool,
    socket_dir: &Path,
    port: u16,
) -> Vec<(String, String)> {
    let megabytes = |bytes: u64| format!("{}MB", bytes / MIB);
    let shared_buffers = (machine.memory_bytes / 4).clamp(64 * MIB, 1_024 * MIB);
    let mut settings: Vec<(&str, String)> = vec![
        ("TimeZone", "UTC".into()),
        ("lc_messages", "C".into()),
        ("shared_buffers", megabytes(shared_buffers)),
    ];
    match purpose {
        ServerPurpose::Load => settings.extend([
            ("autovacuum", "off".into()),
            ("bgwriter_lru_maxpages", "0".into()),
            ("checkpoint_timeout", "1d".into()),
            ("fsync", "off".into()),
            ("full_page_writes", "off".into()),
            ("jit", "off".into()),
            ("maintenance_work_mem", megabytes((machine.memory_bytes / 8).clamp(64 * MIB, 1_024 * MIB))),
            ("max_parallel_maintenance_workers", machine.cpus.min(8).to_string()),
            // No WAL senders are what lets wal_level go down to minimal, which lets COPY into a table that
            // was truncated in the same transaction skip the WAL.
            ("max_wal_senders", "0".into()),
            ("max_wal_size", "16GB".into()),
            // Two segments: what is kept ready for reuse would be copied with the dataset.
            ("min_wal_size", "32MB".into()),
            ("synchronous_commit", "off".into()),
            ("wal_level", "minimal".into()),
        ]),
        ServerPurpose::Rehearse => settings.extend([
            ("autovacuum", "on".into()),
            ("fsync", "on".into()),
            ("full_page_writes", "on".into()),
            ("max_wal_size", "4GB".into()),
            ("synchronous_commit", "on".into()),
            ("wal_level", "replica".into()),
        ]),
    }
    let mut settings: Vec<(String, String)> =
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if purpose == ServerPurpose::Rehearse {
        if counts_changes {
            // For nobody, until it is for the migration's session.
            settings.extend([
                ("pg_stat_statements.track".to_owned(), "none".to_owned()),
                ("pg_stat_statements.save".to_owned(), "off".to_owned()),
            ]);
        }
        settings.extend(wished.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    if purpose == ServerPurpose::Rehearse && counts_changes {
        const PRELOADED: &str = "shared_preload_libraries";
        let theirs = wished.iter().find(|(name, _)| name.eq_ignore_ascii_case(PRELOADED));
        let theirs = theirs.map_or("", |(_, libraries)| libraries.as_str()).trim();
        let all = match theirs {
            "" => COUNTING_LIBRARY.to_owned(),
            theirs if theirs.contains(COUNTING_LIBRARY) => theirs.to_owned(),
            theirs => format!("{theirs}, {COUNTING_LIBRARY}"),
        };
        settings.push((PRELOADED.to_owned(), all));
    }
    settings.extend([
        ("listen_addresses".to_owned(), String::new()),
        ("port".to_owned(), port.to_string()),
        ("unix_socket_directories".to_owned(), in_list(&socket_dir.display().to_string())),
        ("unix_socket_permissions".to_owned(), "0700".to_owned()),
    ]);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(settings: &[(String, String)], name: &str) -> Option<String> {
        settings.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn rehearsing_is_durable_and_follows_the_scenario_loading_does_not() {
        let machine = Machine { cpus: 2, memory_bytes: 2_048 * MIB };
        let wished = BTreeMap::from([("shared_buffers".to_owned(), "300MB".to_owned())]);
        let rehearse = of(ServerPurpose::Rehearse, machine, &wished, false, Path::new("/x"), 5_432);
        assert_eq!(setting(&rehearse, "fsync").as_deref(), Some("on"));
        assert_eq!(setting(&rehearse, "wal_level").as_deref(), Some("replica"));
        assert_eq!(setting(&rehearse, "shared_buffers").as_deref(), Some("300MB"));
        let load = of(ServerPurpose::Load, machine, &wished, false, Path::new("/x"), 5_432);
        assert_eq!(setting(&load, "shared_buffers").as_deref(), Some("512MB"));
        assert_eq!(setting(&load, "fsync").as_deref(), Some("off"));
    }

    #[test]
    fn what_counts_changes_is_loaded_beside_what_the_scenario_loads() {
        let machine = Machine { cpus: 2, memory_bytes: 2_048 * MIB };
        let loaded = |wished: &str, counts: bool, purpose| {
            let wished = BTreeMap::from([("shared_preload_libraries".to_owned(), wished.to_owned())]);
            setting(&of(purpose, machine, &wished, counts, Path::new("/x"), 1), "shared_preload_libraries")
        };
        let loaded_while_rehearsing =
            |wished, counts| loaded(wished, counts, ServerPurpose::Rehearse).unwrap();
        assert_eq!(loaded_while_rehearsing("", true), "pg_stat_statements");
        assert_eq!(loaded_while_rehearsing("auto_explain", true), "auto_explain, pg_stat_statements");
        assert_eq!(loaded_while_rehearsing("pg_stat_statements", true), "pg_stat_statements");
        assert_eq!(loaded_while_rehearsing("auto_explain", false), "auto_explain");
        assert_eq!(loaded("auto_explain", true, ServerPurpose::Load), None);
    }

    #[test]
    fn the_server_never_listens_on_the_network() {
        let wished = BTreeMap::from([("Listen_Addresses".to_owned(), "*".to_owned())]);
        assert!(check_wished(&wished).unwrap_err().to_string().contains("Listen_Addresses"));
        let machine = Machine { cpus: 1, memory_bytes: 0 };
        for purpose in [ServerPurpose::Load, ServerPurpose::Rehearse] {
            let settings = of(purpose, machine, &wished, false, Path::new("/x"), 1);
            assert_eq!(setting(&settings, "listen_addresses").as_deref(), Some(""));
        }
    }
}
