//! Facts of the run itself: the server, the machine, the data.

use std::collections::BTreeMap;

use crate::event::{DatasetReady, Entry, Event, ServerPurpose, ServerStarted, TableLoaded, TableVerified};
use crate::fidelity;
use crate::model::dataset::{Dataset, Table};
use crate::model::environment::Environment;
use crate::window::ms;

/// The server that was rehearsed on, or, where it never came to that, the one that was loaded on.
pub(super) fn environment(entries: &[Entry]) -> Option<Environment> {
    let of = |purpose: ServerPurpose| {
        entries.iter().find_map(|entry| match &entry.event {
            Event::ServerStarted(started) if started.purpose == purpose => Some(started),
            _ => None,
        })
    };
    let (rehearse, load) = (of(ServerPurpose::Rehearse), of(ServerPurpose::Load));
    let server: &ServerStarted = rehearse.or(load)?;
    Some(Environment {
        server_version: server.server_version.clone(),
        server_version_num: server.server_version_num,
        provider: server.provider.clone(),
        settings: rehearse.map(|server| server.settings.clone()),
        settings_load: load.map(|server| server.settings.clone()),
        cpus: server.cpus,
        memory_bytes: server.memory_bytes,
    })
}

/// The data; none where not a single table was loaded.
pub(super) fn dataset(entries: &[Entry]) -> Option<Dataset> {
    let loaded: BTreeMap<&str, &TableLoaded> = entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::TableLoaded(loaded) => Some((loaded.table.as_str(), loaded)),
            _ => None,
        })
        .collect();
    let ready = entries.iter().find_map(|entry| match &entry.event {
        Event::DatasetReady(ready) => Some(ready),
        _ => None,
    });
    let verified: BTreeMap<&str, &TableVerified> = entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::TableVerified(verified) => Some((verified.table.as_str(), verified)),
            _ => None,
        })
        .collect();
    let mut dataset = match ready {
        Some(ready) => whole(ready, &loaded),
        None if loaded.is_empty() => return None,
        None => Dataset {
            fingerprint: None,
            source: None,
            load_ms: None,
            rows: None,
            bytes: None,
            state: None,
            tables: loaded
                .values()
                .map(|loaded| table(&loaded.table, loaded.rows, None, Some(loaded)))
                .collect(),
            fidelity_ok: None,
            fidelity: None,
        },
    };
    judge(&mut dataset, &verified);
    Some(dataset)
}

/// Adds what was declared against what was loaded.
fn judge(dataset: &mut Dataset, verified: &BTreeMap<&str, &TableVerified>) {
    let mut complete = true;
    for table in &mut dataset.tables {
        let Some(verified) = verified.get(table.name.as_str()) else {
            complete = false;
            continue;
        };
        let judged = fidelity::judge(verified);
        table.columns = judged.columns;
        table.checks = judged.checks;
        table.not_measured = judged.not_measured;
        table.score = judged.score;
    }
    let verify_us = verified.values().fold(0_u64, |sum, table| sum.saturating_add(table.verify_us));
    dataset.fidelity = fidelity::sum_up(dataset, ms(verify_us));
    dataset.fidelity_ok = match &dataset.fidelity {
        Some(fidelity) if fidelity.failed > 0 => Some(false),
        Some(_) if complete => Some(true),
        _ => None,
    };
}

fn whole(ready: &DatasetReady, loaded: &BTreeMap<&str, &TableLoaded>) -> Dataset {
    let tables = ready.tables.iter().map(|sized| {
        table(&sized.table, sized.rows, Some(sized.bytes), loaded.get(sized.table.as_str()).copied())
    });
    Dataset {
        fingerprint: Some(ready.fingerprint.clone()),
        source: Some(ready.source.clone()),
        load_ms: Some(ms(ready.load_us)),
        rows: Some(ready.rows),
        bytes: Some(ready.bytes),
        state: Some(ready.state.clone()),
        tables: tables.collect(),
        fidelity_ok: None,
        fidelity: None,
    }
}

fn table(name: &str, rows: u64, bytes: Option<u64>, loaded: Option<&TableLoaded>) -> Table {
    let copied = loaded.filter(|loaded| loaded.copy_us > 0);
    Table {
        name: name.to_owned(),
        rows,
        bytes,
        load_ms: loaded.map(|loaded| ms(loaded.copy_us.saturating_add(loaded.index_us))),
        rows_per_second: copied.map(|loaded| (loaded.rows as f64 / (loaded.copy_us as f64 / 1e6)).round()),
        columns: Vec::new(),
        checks: Vec::new(),
        not_measured: Vec::new(),
        score: None,
    }
}
